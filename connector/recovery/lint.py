"""What must never be in words meant for a patient, in English and Spanish.

Every rule has its source in published cases or law: settlements over replies
that confirmed a patient, apology laws that protect sympathy but not fault,
limits on unencrypted messages. The rules are data (`forbidden.toml`). A machine
can find the phrases, not the spirit: a person reads the text all the same.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from connector.domain.plain import printable

MAX_TEXT_CHARS: Final = 20_000
"""Of a longer text only so much is read; no template is so long."""

MAX_PHRASE_CHARS: Final = 80
"""A phrase is told with so many characters."""

_SIGNS: Final = str.maketrans(
    "\u2018\u2019\u201a\u2032\u201c\u201d\u201e\u2033\u2039\u203a", "''''\"\"\"\"\u00ab\u00bb"
)
"""Curly and straight marks of quotation are one."""
_PLACES: Final = frozenset({"always", "clinical", "public", "direct"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that must not be said."""

    kind: str
    """care | admission | promise | conditional | blame | legal | review | marketing |
    quotation | link | placeholder | public."""
    what: str
    """The same for people."""
    phrase: str
    """The words that were found, at most MAX_PHRASE_CHARS."""
    start: int
    """Where they begin in the text."""
    cure: str
    """What to do instead."""

    def __str__(self) -> str:
        """Say it in a sentence."""
        if self.kind == "public":
            return f"lets guess that the writer is a patient: {self.phrase!r}"
        return f"holds {self.what}: {self.phrase!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    kind: str
    what: str
    cure: str
    where: str
    pattern: re.Pattern[str]


def findings(
    text: str, *, clinical: bool = False, public: bool = False, closing: bool = False
) -> Iterator[Finding]:
    """Yield what must not be said, one for each rule that applies, in the rules' order.

    `clinical`: it is said on a matter of care, where no fault may be named. `public`: anybody
    may read it. `closing`: it may have blanks (`____`) for a person to fill.
    """
    shown = printable(text[:MAX_TEXT_CHARS])
    folded, places = _folded(shown)
    asked = {"always", *(("clinical",) if clinical else ()), *(("public",) if public else ())}
    if not closing:
        asked.add("direct")
    for rule in _rules():
        if rule.where not in asked:
            continue
        found = rule.pattern.search(folded)
        if found is not None:
            start, end = places[found.start()], places[max(found.end() - 1, found.start())] + 1
            phrase = " ".join(shown[start:end].split())[:MAX_PHRASE_CHARS]
            yield Finding(
                kind=rule.kind, what=rule.what, phrase=phrase, start=start, cure=rule.cure
            )


def public_faults(text: str) -> Iterator[str]:
    """Yield a sentence for each thing that must not be said in public, to whomever.

    A public answer may not let anybody guess that the writer is a patient (45 CFR 164.508), even
    where the review says so.
    """
    yield from map(str, findings(text, clinical=True, public=True))


def faults(text: str, *, clinical: bool = False) -> Iterator[str]:
    """Yield a sentence for each thing that must not be said; `clinical` forbids fault as well."""
    yield from map(str, findings(text, clinical=clinical))


def kinds() -> tuple[str, ...]:
    """Name every kind of fault."""
    return tuple(dict.fromkeys(rule.kind for rule in _rules()))


def _folded(text: str) -> tuple[str, list[int]]:
    """Give lower-case text without accents and with single spaces, and where each letter was."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text.translate(_SIGNS)):
        plain = " " if letter.isspace() else unicodedata.normalize("NFKD", letter)[:1].lower()
        if unicodedata.combining(letter) or (plain == " " and letters[-1:] == [" "]):
            continue
        letters.append(plain[:1])
        places.append(place)
    return "".join(letters), places


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    table = tomllib.loads(
        files("connector.recovery").joinpath("forbidden.toml").read_text(encoding="utf-8")
    )
    return tuple(_rule(name, row) for name, row in table.items())


def _rule(name: str, row: dict[str, object]) -> _Rule:
    patterns = row["patterns"]
    where = str(row.get("where", "always"))
    if not isinstance(patterns, list) or where not in _PLACES:
        msg = f"forbidden.toml: {name}"
        raise TypeError(msg)
    any_of = "|".join(f"(?:{one})" for one in patterns)
    whole = any_of if row.get("raw") else rf"\b(?:{any_of})(?!\w)"
    return _Rule(
        kind=str(row.get("kind", name)),
        what=str(row["meaning"]),
        cure=str(row["cure"]),
        where=where,
        pattern=re.compile(whole),
    )
