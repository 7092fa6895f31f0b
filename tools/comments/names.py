"""Keeps people and places out of the model: words that are mostly written as names are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from connector.triage.tokens import STOP, words_of
from tools.comments.corpus import Comment

_SENTENCE: Final = re.compile(r"[.!?\n]+\s*")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")

# Written large by everybody and nobody's name.
_GENERAL: Final = frozenset(
    (
        "i", "im", "ive", "id", "ill", "dr", "drs", "gp", "gps", "nhs", "covid", "ot", "ots",
        "tv", "tvs", "asap", "adhd", "ptsd", "copd", "uk", "mri", "ct", "er", "pet", "ecg",
        "wow", "english", "interpreter", "black", "mindfulness", "interesting", "bipolar",
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january",
        "february", "march", "april", "june", "july", "august", "september", "october",
        "november", "december", "christmas", "medicare", "medicaid", "xray", "np", "pa", "pcp",
    )
)  # fmt: skip


def names_in(comments: Iterable[Comment]) -> frozenset[str]:
    """Give the words that stand large more often than small, beginnings of sentences left out."""
    large: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for comment in comments:
        if comment.source == "invented":
            continue
        for sentence in _SENTENCE.split(comment.text):
            if sentence.isupper():
                continue
            for raw in _WORD.findall(sentence)[1:]:
                for word in words_of(raw).tokens:
                    (large if raw[0].isupper() else small)[word] += 1
    return frozenset(word for word in large if large[word] > small[word]) - _GENERAL - {STOP}


class Nameless:
    """Tells the features in which no name stands."""

    def __init__(self, comments: Iterable[Comment]) -> None:
        """Find the names; words of the invented sentences are none."""
        known = list(comments)
        invented = {
            word
            for comment in known
            if comment.source == "invented"
            for word in words_of(comment.text).tokens
        }
        self._names = names_in(known) - invented
        others = {
            word[:5]
            for comment in known
            for word in words_of(comment.text).tokens
            if word not in self._names
        }
        self._stems = {word[:5] for word in self._names} - others

    def __call__(self, feature: str) -> bool:
        """Say whether a feature holds no name."""
        for part in feature.split(" "):
            word = part.removeprefix("not_")
            if word in self._names or (word.endswith("*") and word[:-1] in self._stems):
                return False
        return True
