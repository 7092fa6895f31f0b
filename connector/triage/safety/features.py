"""What the safety model sees of a passage: words, pairs, classes, and who does what to whom.

Training and judging read passages with this one class, so that they cannot drift apart.

A feature is a string:

| form | example | means |
|---|---|---|
| word | `suicidal` | a word, as it is meant (`su1cidal`, `suicidalll`) |
| two words | `my life` | neighbours; `<` begins, `>` ends the passage |
| `~` between | `take~life` | the second within four words behind the first |
| `*` at the end | `suici*` | the first five letters of a longer word: another ending, a slip |
| `@` | `@kin` | a word of a class (`words/safety/classes.toml`) |
| `@` and a word | `@weapon at` | a class beside a word |
| `@` and `@` | `@hit @kin` | a class up to eight words behind another |
| `#` and a group | `#abuse`, `#any` | a listed phrase or pattern of that group stands in it |
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Final, NamedTuple

from connector.triage.spelling import LARGE_NUMBER, variants

NEAR: Final = 4
"""Words so far apart make a pair with `~`."""
CLASS_REACH: Final = 8
"""Classes so far apart make a pair."""
REMEMBERED: Final = 32_768
"""So many words are kept with what is known about them."""
SIGN: Final = "#"
"""Stands before what the lists found."""
ANY_SIGN: Final = "#any"

_STEM: Final = 5
_NUMBER: Final = "0"


class Known(NamedTuple):
    """What does not change about a word."""

    word: str
    """As it is meant."""
    stem: str
    """Its beginning as a feature; empty for a short word."""
    classes: tuple[str, ...]
    """Names of its classes, with `@`."""


class Reader:
    """Finds features; made once for one set of classes, used by any thread."""

    def __init__(self, classes: Mapping[str, Iterable[str]]) -> None:
        """Take words and stems (with `*`) by the name of their class."""
        self._exact: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        for name in sorted(classes):
            for word in classes[name]:
                table = self._stems if word.endswith("*") else self._exact
                table.setdefault(word.removesuffix("*"), []).append(f"@{name}")
        self._lengths = sorted({len(stem) for stem in self._stems})
        self.known = lru_cache(maxsize=REMEMBERED)(self._look_up)

    def features(self, tokens: Sequence[str], signs: Iterable[str] = ()) -> list[str]:
        """Give the different features of a passage; `signs` are groups, as lists saw them."""
        found: dict[str, None] = {}
        known = list(map(self.known, tokens))
        words = [one.word for one in known]
        for first, second in pairwise(("<", *words, ">")):
            found[f"{first} {second}"] = None
        for at, one in enumerate(known):
            found[one.word] = None
            if one.stem:
                found[one.stem] = None
            for other in words[at + 2 : at + 1 + NEAR]:
                found[f"{one.word}~{other}"] = None
            for name in one.classes:
                _of_class(found, name, known, at)
        for group in signs:
            found[ANY_SIGN] = found[SIGN + group] = None
        return list(found)

    def _look_up(self, token: str) -> Known:
        meant = variants(token)
        word = meant[-1]
        if token.isdigit() and word != LARGE_NUMBER:
            word = _NUMBER
        found: set[str] = set()
        for one in meant:
            found.update(self._exact.get(one, ()))
            for length in self._lengths:
                if length > len(one):
                    break
                found.update(self._stems.get(one[:length], ()))
        stem = f"{word[:_STEM]}*" if len(word) > _STEM else ""
        return Known(word, stem, tuple(sorted(found)))


def _of_class(found: dict[str, None], name: str, known: Sequence[Known], at: int) -> None:
    """Add what a class says about its neighbours and the classes behind it."""
    found[name] = None
    if at:
        found[f"{known[at - 1].word} {name}"] = None
    following = known[at + 1 : at + 1 + CLASS_REACH]
    if following:
        found[f"{name} {following[0].word}"] = None
    for other in following:
        for second in other.classes:
            found[f"{name} {second}"] = None


@lru_cache(maxsize=1)
def classes() -> dict[str, tuple[str, ...]]:
    """Read the classes of words that come with amends."""
    source = files("connector.triage").joinpath("words", "safety", "classes.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    return {name: tuple(words.split()) for part in table.values() for name, words in part.items()}


def readable(name: str) -> str:
    """Put a feature in words; empty for one that says nothing to a person."""
    shown = name.replace("~", " ... ").replace("*", "...")
    parts = [part for part in shown.split(" ") if part not in {"<", ">"}]
    return " ".join(f"({part[1:]})" if part.startswith("@") else part for part in parts)
