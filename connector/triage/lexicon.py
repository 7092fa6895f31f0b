"""The word lists, read once and made into one finder.

A label is `section:name`: `complaint:visit.wait`, `topic:billing.money`,
`safety:self_harm`, `risk:leaving`, `tone:praise`, `staff:Dr. Chen`. What the safety model weighs
(English phrases, all patterns) has `sign:` for `safety:`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final, TypeAlias

from connector.triage.patterns import PatternFinder, Sets
from connector.triage.phrases import Finder
from connector.triage.settings import TriageSettings
from connector.triage.spelling import variants
from connector.triage.tokens import name_of, words_of

LANGUAGES: Final = ("en", "es", "de", "fr", "pt")
"""Every language that has a list, in the order in which the version is made."""

_PATTERNS: Final = ("safety", "kinds")
_ALWAYS: Final = ("safety:", "harmless:")
_SAFETY: Final = "safety"
_SIGN: Final = "sign"
_WEIGHED: Final = frozenset({"en"})
"""Languages whose safety phrases are signs; in others the model knows too few words."""

Sections: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]
_Extra: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases in force."""

    finder: Finder
    """Phrases of all sections."""
    patterns: PatternFinder
    """Patterns of safety, of what is harmless although it sounds grave, and of kinds."""
    version: str
    """Hash of every phrase and pattern in force; part of an assessment's `model`."""


@lru_cache(maxsize=len(LANGUAGES))
def language(code: str) -> Sections:
    """Read one language's list: section, name, phrases."""
    source = files("connector.triage").joinpath("words", f"{code}.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    return {
        section: {name: tuple(phrases) for name, phrases in names.items()}
        for section, names in table.items()
    }


@lru_cache(maxsize=1)
def listed_patterns() -> tuple[tuple[str, str, str, Sets], ...]:
    """Read the patterns of every language: its code, label, pattern, the sets it may name."""
    found: list[tuple[str, str, str, Sets]] = []
    for code in LANGUAGES:
        for folder in _PATTERNS:
            source = files("connector.triage").joinpath("words", folder, f"{code}.toml")
            if not source.is_file():
                continue
            table = tomllib.loads(source.read_text(encoding="utf-8"))
            sets = table.pop("sets")
            for section, names in table.items():
                for name, patterns in names.items():
                    label = f"{section}:{name}"
                    found += [(code, label, one, sets) for one in patterns]
    return tuple(found)


def _in_force(languages: tuple[str, ...], muted: frozenset[str]) -> list[tuple[str, str, Sets]]:
    """Give the patterns in force: without muted words, and those of safety always whole."""
    found: list[tuple[str, str, Sets]] = []
    for code, label, pattern, sets in listed_patterns():
        if label.startswith(_ALWAYS):
            found.append((_weighed(label), pattern, sets))
        elif code in languages and (left := _without(pattern, muted)):
            found.append((label, left, sets))
    return found


def _weighed(label: str) -> str:
    section, _, name = label.partition(":")
    return f"{_SIGN}:{name}" if section == _SAFETY else label


def _without(pattern: str, muted: frozenset[str]) -> str:
    """Take muted words out of the steps; empty when a step has no other word."""
    if not muted:
        return pattern
    parts: list[str] = []
    for part in pattern.split():
        kept = [one for one in part.split("|") if not _is_muted(one, muted)]
        if not kept:
            return ""
        parts.append("|".join(kept))
    return " ".join(parts)


def _is_muted(alternative: str, muted: frozenset[str]) -> bool:
    word = alternative.removesuffix("?").removesuffix("*")
    return any(one == word or (alternative.endswith("*") and one.startswith(word)) for one in muted)


def lexicon(settings: TriageSettings) -> Lexicon:
    """Give the lexicon for these settings; made once for equal settings."""
    return _lexicon(
        settings.languages,
        tuple(sorted(settings.words.items())),
        tuple(sorted(settings.safety_words.items())),
        settings.ignored_words,
        settings.staff,
    )


@lru_cache(maxsize=8)
def _lexicon(
    languages: tuple[str, ...],
    words: _Extra,
    safety: _Extra,
    ignored: tuple[str, ...],
    staff: tuple[str, ...],
) -> Lexicon:
    muted = frozenset(_spelling(phrase) for phrase in ignored)
    phrases = sorted(
        {
            *_listed(languages, muted),
            *((f"complaint:{key}", phrase) for key, more in words for phrase in more),
            *((f"safety:{group}", phrase) for group, more in safety for phrase in more),
            *((f"staff:{person}", name_of(person)) for person in staff),
        }
    )
    patterns = _in_force(languages, muted)
    listed = [*(f"{label}={phrase}" for label, phrase in phrases), *map(repr, patterns)]
    digest = hashlib.sha256("\n".join(listed).encode())
    return Lexicon(
        finder=Finder(phrases),
        patterns=PatternFinder(patterns, variants),
        version=digest.hexdigest()[:12],
    )


def _listed(languages: tuple[str, ...], muted: frozenset[str]) -> Iterator[tuple[str, str]]:
    for code in LANGUAGES:
        for section, names in language(code).items():
            if code not in languages and section != "safety":
                continue
            for name, phrases in names.items():
                for phrase in phrases:
                    label = f"{section}:{name}"
                    if section == _SAFETY:
                        yield _weighed(label) if code in _WEIGHED else label, phrase
                    elif _spelling(phrase) not in muted:
                        yield label, phrase


def _spelling(phrase: str) -> str:
    return " ".join(words_of(phrase).tokens)
