"""Which way a survey's question asks: "How could we improve?" gets wishes, "What was good?" praise.

A short answer means little without it: "Communication" is a complaint to the one question and
praise to the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from connector.triage.tokens import words_of

MAX_QUESTION_CHARS: Final = 1_000
"""Of a question so much is read."""

_REMEMBERED: Final = 256


class Asks(StrEnum):
    """What a question asks for."""

    FAILURE = "failure"
    """What went wrong, what could be better."""
    PRAISE = "praise"
    """What went well."""
    ANYTHING = "anything"
    """Both, neither, or no question at all: a review, "any comments?"."""


_FAILURE: Final = frozenset(
    (
        "improve", "improved", "improvement", "improvements", "better", "dissatisfied",
        "dissatisfying", "disappointed", "disappointing", "wrong", "worse", "worst", "poorly",
        "badly", "change", "changed", "differently", "dislike", "disliked", "complaint",
        "complaints", "concern", "concerns", "problem", "problems", "issue", "issues",
        "frustrating", "frustrated", "unhappy", "suggestion", "suggestions", "fix", "fell",
        "missing", "mejorar", "besser", "verbessern", "ameliorer", "melhorar",
    )
)  # fmt: skip
_PRAISE: Final = frozenset(
    (
        "good", "well", "like", "liked", "best", "enjoy", "enjoyed", "satisfied", "pleased",
        "great", "positive", "excellent", "praise", "compliment", "compliments", "favorite",
        "favourite", "exceeded", "happy", "love", "loved", "impressed",
    )
)  # fmt: skip
_TURNS: Final = frozenset(
    ["not", "least", "didnt", "did_not", "wasnt", "dont", "isnt", "less", "werent", "doesnt"]
)

# Questions of the public training data whose wording its publishers took away; which way they
# ask is plain from the answers.
_NAMED: Final[Mapping[str, Asks]] = MappingProxyType(
    {
        "trust a - q1": Asks.FAILURE,
        "trust a - q2": Asks.PRAISE,
        "trust b - q1": Asks.FAILURE,
        "trust c - q1": Asks.PRAISE,
        "trust c - q2": Asks.FAILURE,
    }
)


@lru_cache(maxsize=_REMEMBERED)
def asks(question: str) -> Asks:
    """Tell which way a question asks; any text, an empty one too."""
    question = question[:MAX_QUESTION_CHARS].strip()
    if (named := _NAMED.get(question.lower())) is not None:
        return named
    words = words_of(question).tokens
    turned = not _TURNS.isdisjoint(words)
    failure = not _FAILURE.isdisjoint(words)
    praise = not _PRAISE.isdisjoint(words)
    if turned and praise and not failure:
        return Asks.FAILURE
    if failure == praise:
        return Asks.ANYTHING
    return Asks.FAILURE if failure else Asks.PRAISE
