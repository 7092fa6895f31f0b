"""What the comment model sees of a text: words, pairs, word beginnings, feeling and negation.

Training and scoring read texts with this one function, so that they cannot drift apart.

A feature is a string:

| form | example | means |
|---|---|---|
| word | `rude`, `not_helpful` | a word; marked where a negation stands up to three words before |
| two words | `no one`, `< waited` | a pair within a clause; `<` begins, `>` ends the text |
| `*` at the end | `recep*` | the first five letters of a longer word: another ending, a slip |
| `@` and classes | `@N-`, `@I+` | neighbours: N negation, I very, + kind, - unkind |
| `@N` and a word | `@N wait` | a word right behind a negation |
| word and `@` | `was @-` | a word in front of a kind or an unkind one |
| `#` and a label | `#complaint:visit.wait` | what the phrase lists found |

Beside these there are twenty-one figures about feeling (`FIGURES`), from a list of words with
their feeling (`Feeling`), as a whole and clause by clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Final, TypeAlias

from connector.triage.tokens import MAX_CHARS, STOP, words_of

Feeling: TypeAlias = Mapping[str, float]
"""Words and how they feel, from -4 (worst) to 4."""

FIGURES: Final = (
    "kind_share",
    "unkind_share",
    "kind_turned_share",
    "unkind_turned_share",
    "kind",
    "unkind",
    "kind_turned",
    "unkind_turned",
    "kind_after_but",
    "unkind_after_but",
    "but",
    "length",
    "balance",
    "no_feeling",
    "first_clause",
    "last_clause",
    "worst_clause",
    "best_clause",
    "mean_clause",
    "unkind_clauses",
    "kind_clauses",
)
"""Names of the figures, in their order."""

LABEL: Final = "#"
"""Stands before what the phrase lists found."""

REACH: Final = 3
"""A negation marks so many words behind it within its clause."""

_MARKS: Final = frozenset("@#")
_STEM: Final = 5
_NOT: Final = "not_"
_STOP: Final = "."
_DIGITS: Final = re.compile(r"\d+")
_NEGATIONS: Final = frozenset(
    (
        "not", "no", "never", "nothing", "none", "nobody", "nor", "neither", "without",
        "cannot", "cant", "wont", "dont", "didnt", "doesnt", "isnt", "wasnt", "werent", "arent",
        "couldnt", "shouldnt", "wouldnt", "hasnt", "havent", "hadnt", "aint", "nowhere",
        "hardly", "barely", "lack", "lacking",
    )
)  # fmt: skip
_VERY: Final = frozenset(
    (
        "very", "so", "extremely", "really", "too", "absolutely", "totally", "completely",
        "always", "super",
    )
)  # fmt: skip
_BUT: Final = frozenset(["but", "however", "although", "though", "except", "unfortunately"])
_SIGNS: Final = str.maketrans(
    {
        sign: f" {word} "
        for word, signs in {
            "good": "\U0001f44d\U0001f44c\u2705\u2714",
            "thanks": "\U0001f64f\U0001f44f\U0001f490",
            "happy": "\U0001f600\U0001f601\U0001f603\U0001f604\U0001f60a\U0001f642\u263a\U0001f60c",
            "love": "\u2764\U0001f60d\U0001f970\U0001f618\U0001f495\U0001f496\U0001f49c\U0001f499",
            "excellent": "\U0001f31f\u2b50\U0001f929\U0001f4af\U0001f3c6",
            "bad": "\U0001f44e\u274c",
            "angry": "\U0001f620\U0001f621\U0001f92c\U0001f624",
            "terrible": "\U0001f4a9\U0001f922\U0001f92e",
            "disappointed": "\U0001f61e\U0001f614\U0001f641\u2639\U0001f61f\U0001f626",
            "sad": "\U0001f622\U0001f62d",
            "useless": "\U0001f644\U0001f612\U0001f926",
        }.items()
        for sign in signs
    }
)
_TURNED: Final = 0.6
"""A turned word feels the other way, less strongly."""
_DOUBLE: Final = 0.3
_CLAUSE_SCALE: Final = 8.0
_TEXT_SCALE: Final = 15.0
_CLEAR: Final = 0.3
"""From so far off zero a clause counts as kind or unkind."""
_LONG: Final = 400
"""Longer texts count as so many words long."""


def features_of(
    text: str, feeling: Feeling, labels: Iterable[str] = ()
) -> tuple[list[str], list[float]]:
    """Give the different features of a text, in order, and its figures; never fails.

    `labels` are what the phrase lists found in it (`connector.triage.reading`).
    """
    tokens = _marked(words_of(_spoken(text)).tokens)
    kinds = [_kind(token, feeling) for token in tokens]
    found: dict[str, None] = {}
    before, kind_before = "<", ""
    for token, kind in zip(tokens, kinds, strict=True):
        if token != _STOP:
            found[token] = None
            if (stem := _stem(token)) is not None:
                found[stem] = None
            if before != _STOP:
                found[f"{before} {token}"] = None
            _classes(found, before, kind_before, token, kind)
        before, kind_before = token, kind
    if before not in {_STOP, "<"}:
        found[f"{before} >"] = None
    return [*found, *(LABEL + label for label in labels)], _figures(tokens, feeling)


def says_something(text: str) -> bool:
    """Say whether there is a word or a sign in a text, not only punctuation."""
    return any(char.isalnum() or ord(char) in _SIGNS for char in text[:MAX_CHARS])


def is_word(name: str) -> bool:
    """Say whether a feature is a single word, marked or not."""
    return " " not in name and name[-1] != "*" and name[0] not in _MARKS


def _spoken(text: str) -> str:
    """Put words for the faces and hands that people write instead of them."""
    return text if text.isascii() else text.translate(_SIGNS)


def _marked(tokens: Iterable[str]) -> list[str]:
    """Mark what is negated, put `.` for clause ends and 0 for numbers."""
    marked: list[str] = []
    left = 0
    for token in tokens:
        if token == STOP:
            marked.append(_STOP)
            left = 0
            continue
        word = token if token.isalpha() else _DIGITS.sub("0", token)
        marked.append(_NOT + word if left > 0 else word)
        left = REACH if word in _NEGATIONS else left - 1
    return marked


def _stem(token: str) -> str | None:
    if token.startswith(_NOT):
        return f"{token[: len(_NOT) + _STEM]}*" if len(token) > len(_NOT) + _STEM else None
    return f"{token[:_STEM]}*" if len(token) > _STEM else None


def _kind(token: str, feeling: Feeling) -> str:
    """Give the class of a token: N, I, +, -, n+, n- or nothing."""
    turned = token.startswith(_NOT)
    word = token[len(_NOT) :] if turned else token
    if word in _NEGATIONS:
        return "N"
    if word in _VERY:
        return "I"
    value = feeling.get(word, 0.0)
    if not value:
        return ""
    return ("n" if turned else "") + ("+" if value > 0 else "-")


def _classes(found: dict[str, None], before: str, was: str, token: str, kind: str) -> None:
    if was and kind:
        found[f"@{was}{kind}"] = None
    elif was == "N":
        found[f"@N {token.removeprefix(_NOT)}"] = None
    if kind and kind not in "NI" and before not in {_STOP, "<"}:
        found[f"{before} @{kind}"] = None


class _Sums:
    """What is added up while a text is walked through."""

    def __init__(self) -> None:
        self.kind = self.unkind = self.kind_turned = self.unkind_turned = 0.0
        self.kind_after = self.unkind_after = 0.0
        self.but = False
        self.count = 0
        self.clauses: list[float] = []
        self._clause = 0.0
        self._words = 0

    def add(self, token: str, value: float, *, turned: bool) -> None:
        """Take the next token and how its word feels."""
        self.count += 1
        self._words += 1
        self.but = self.but or token in _BUT
        if not value:
            return
        self._clause += -_TURNED * value if turned else value
        strength = abs(value)
        if turned and value > 0:
            self.kind_turned += strength
        elif turned:
            self.unkind_turned += strength
        elif value > 0:
            self.kind += strength
        else:
            self.unkind += strength
        if self.but and (value > 0) != turned:
            self.kind_after += strength
        elif self.but:
            self.unkind_after += strength

    def end_clause(self) -> None:
        """Close a clause; an empty one is none."""
        if self._words:
            self.clauses.append(_squashed(self._clause, _CLAUSE_SCALE))
        self._clause, self._words = 0.0, 0


def _squashed(value: float, scale: float) -> float:
    """Bring any sum between -1 and 1."""
    return value / sqrt(value * value + scale)


def _figures(tokens: Sequence[str], feeling: Feeling) -> list[float]:
    sums = _Sums()
    for token in tokens:
        if token == _STOP:
            sums.end_clause()
            continue
        turned = token.startswith(_NOT)
        sums.add(token, feeling.get(token[len(_NOT) :] if turned else token, 0.0), turned=turned)
    sums.end_clause()
    felt = (sums.kind, sums.unkind, sums.kind_turned, sums.unkind_turned)
    length = sqrt(sums.count + 1)
    clauses = sums.clauses or [0.0]
    return [
        *(value / length for value in felt),
        *(sqrt(value) for value in felt),
        sqrt(sums.kind_after),
        sqrt(sums.unkind_after),
        float(sums.but),
        sqrt(min(sums.count, _LONG)),
        _squashed(
            sums.kind - sums.unkind - sums.kind_turned + _DOUBLE * sums.unkind_turned, _TEXT_SCALE
        ),
        float(not any(felt)),
        clauses[0],
        clauses[-1],
        min(clauses),
        max(clauses),
        sum(clauses) / len(clauses),
        sum(value < -_CLEAR for value in clauses) / len(clauses),
        sum(value > _CLEAR for value in clauses) / len(clauses),
    ]
