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
from functools import lru_cache
from math import sqrt
from typing import Final, NamedTuple, TypeAlias

from connector.triage.tokens import MAX_CHARS, STOP, plain_words_of

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

REMEMBERED: Final = 32_768
"""So many words are kept with what is known about them."""

REACH: Final = 3
"""A negation marks so many words behind it within its clause."""

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


class Features(NamedTuple):
    """What the model sees of one text."""

    words: list[str]
    """The different words, marked where they are negated, in their order."""
    others: list[str]
    """All other features, those of the phrase lists too."""
    figures: list[float]
    """In the order of FIGURES."""


class _Word(NamedTuple):
    """What does not change about a marked word."""

    name: str
    """The word as a feature: numbers as zeros, marked where it is negated."""
    stem: str
    """Its beginning as a feature; empty for a short word."""
    kind: str
    """Its class: N, I, +, -, n+, n- or nothing."""
    bare: str
    """Without the mark of a negation."""
    value: float
    """How it feels by itself: positive is kind."""
    negates: bool
    """Marks the words behind it."""
    but: bool


class Reader:
    """Finds features; made once for one list of feeling, used by any thread."""

    def __init__(self, feeling: Feeling) -> None:
        """Take the words and how they feel."""
        self._feeling = feeling
        self._plain = lru_cache(maxsize=REMEMBERED)(self._word)
        self._turned = lru_cache(maxsize=REMEMBERED)(self._negated_word)

    def features(
        self, text: str, labels: Iterable[str] = (), tokens: Sequence[str] | None = None
    ) -> Features:
        """Give the different features of a text and its figures; never fails.

        `labels` are what the phrase lists found in it (`connector.triage.reading`). `tokens` are
        the text's own, where somebody has cut it before; only used for ASCII, where no face or
        hand stands for a word.
        """
        words: dict[str, None] = {}
        others: dict[str, None] = {}
        sums = _Sums()
        plain, turned = self._plain, self._turned
        before, was, count, left = "<", "", 0, 0
        for token in _tokens(text, tokens):
            if token == STOP:
                sums.end_clause(count)
                before, was, left = _STOP, "", 0
                continue
            count += 1
            left -= 1
            word, stem, kind, bare, value, negates, but = (turned if left >= 0 else plain)(token)
            words[word] = None
            if stem:
                others[stem] = None
            if before != _STOP:
                others[f"{before} {word}"] = None
            if was or value:
                _beside(others, before, was, kind, bare)
                if value:
                    sums.feel(value, turned=left >= 0)
            if negates:
                left = REACH
            if but:
                sums.but = True
            before, was = word, kind
        if before not in "<.":
            others[f"{before} >"] = None
        sums.end_clause(count)
        return Features(list(words), [*others, *[LABEL + one for one in labels]], sums.figures())

    def _word(self, token: str, *, turned: bool = False) -> _Word:
        bare = token if token.isalpha() else _DIGITS.sub("0", token)
        mark = _NOT if turned else ""
        stem = f"{mark}{bare[:_STEM]}*" if len(bare) > _STEM else ""
        negates, but = bare in _NEGATIONS, bare in _BUT and not turned
        if negates or bare in _VERY:
            return _Word(mark + bare, stem, "N" if negates else "I", bare, 0.0, negates, but)
        value = self._feeling.get(bare, 0.0)
        kind = ("n" if turned else "") + ("+" if value > 0 else "-") if value else ""
        return _Word(mark + bare, stem, kind, bare, value, negates, but)

    def _negated_word(self, token: str) -> _Word:
        return self._word(token, turned=True)


def says_something(text: str) -> bool:
    """Say whether there is a word or a sign in a text, not only punctuation."""
    return any(char.isalnum() or ord(char) in _SIGNS for char in text[:MAX_CHARS])


def _spoken(text: str) -> str:
    """Put words for the faces and hands that people write instead of them."""
    return text if text.isascii() else text[:MAX_CHARS].translate(_SIGNS)


def _tokens(text: str, tokens: Sequence[str] | None) -> Sequence[str]:
    if tokens is not None and text.isascii():
        return tokens
    return plain_words_of(_spoken(text))


def _beside(others: dict[str, None], before: str, was: str, kind: str, bare: str) -> None:
    """Add what a word's class makes of its neighbour's."""
    if was and kind:
        others[f"@{was}{kind}"] = None
    elif was == "N":
        others[f"@N {bare}"] = None
    if kind and kind not in "NI" and before not in "<.":
        others[f"{before} @{kind}"] = None


class _Sums:
    """What is added up while a text is walked through."""

    __slots__ = ("_clause", "after", "but", "clauses", "felt", "words")

    def __init__(self) -> None:
        self.felt = [0.0, 0.0, 0.0, 0.0]
        """Kind, unkind, kind but turned, unkind but turned."""
        self.after = [0.0, 0.0]
        """Kind and unkind, as they are meant, behind a but."""
        self.but = False
        self.words = 0
        self.clauses: list[float] = []
        self._clause = 0.0

    def feel(self, value: float, *, turned: bool) -> None:
        """Take a word and how it feels."""
        self._clause += -_TURNED * value if turned else value
        strength = abs(value)
        self.felt[(2 if turned else 0) + (value < 0)] += strength
        if self.but:
            self.after[(value < 0) != turned] += strength

    def end_clause(self, words: int) -> None:
        """Close a clause after so many words of the text; one without words is none."""
        if words > self.words:
            self.clauses.append(_squashed(self._clause, _CLAUSE_SCALE))
            self._clause, self.words = 0.0, words

    def figures(self) -> list[float]:
        """Work out the figures, in the order of FIGURES."""
        kind, unkind, kind_turned, unkind_turned = self.felt
        length = sqrt(self.words + 1)
        clauses = self.clauses or [0.0]
        count = len(clauses)
        return [
            kind / length,
            unkind / length,
            kind_turned / length,
            unkind_turned / length,
            sqrt(kind),
            sqrt(unkind),
            sqrt(kind_turned),
            sqrt(unkind_turned),
            sqrt(self.after[0]),
            sqrt(self.after[1]),
            1.0 if self.but else 0.0,
            sqrt(min(self.words, _LONG)),
            _squashed(kind - unkind - kind_turned + _DOUBLE * unkind_turned, _TEXT_SCALE),
            0.0 if kind or unkind or kind_turned or unkind_turned else 1.0,
            clauses[0],
            clauses[-1],
            min(clauses),
            max(clauses),
            sum(clauses) / count,
            len([value for value in clauses if value < -_CLEAR]) / count,
            len([value for value in clauses if value > _CLEAR]) / count,
        ]


def _squashed(value: float, scale: float) -> float:
    """Bring any sum between -1 and 1."""
    return value / sqrt(value * value + scale)
