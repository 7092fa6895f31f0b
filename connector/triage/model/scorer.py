"""A comment to the probability that it tells of a failure, with the words that say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from math import exp, sqrt
from typing import Final

from connector.triage.model.features import features_of, is_word
from connector.triage.model.questions import asks
from connector.triage.model.weights import (
    FIGURE_SCALE,
    WEIGHT_SCALE,
    Topic,
    Way,
    Weights,
    shipped,
)

MAX_TERMS: Final = 6
"""An explanation names so many features at most."""

_SURE: Final = 30.0
"""Log odds beyond this are as good as certain; `exp` stays in its range."""
_HALF: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One feature that spoke for or against a failure."""

    name: str
    """As the model knows it; see `connector.triage.model.features`. Words of a patient."""
    millilogit: int
    """Thousandths of log odds; above zero it speaks for a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the model says about one comment."""

    permille: int
    """Calibrated probability of a failure in thousandths."""
    terms: tuple[Term, ...]
    """What weighed most, strongest first."""
    known_permille: int
    """Share of the words that the model knows; low for other languages and for noise."""


class Scorer:
    """Scores comments with one model; any thread may use it.

    All methods take the text, what the person was asked (empty where that is not known) and the
    labels that the phrase lists found (`connector.triage.reading`). Time grows with the length
    that is judged (`connector.triage.tokens.MAX_CHARS`), and nothing fails.
    """

    def __init__(self, weights: Weights) -> None:
        """Take a model."""
        self.weights = weights

    def score(self, text: str, question: str = "", labels: Iterable[str] = ()) -> Score:
        """Score a comment and explain it."""
        names, figures = features_of(text, self.weights.feeling, labels)
        way = self.weights.ways[asks(question)]
        known = self._known(names)
        root = sqrt(len(known)) or 1.0
        raw = self._raw(known, root, figures, way)
        return Score(
            permille=permille_of((way.slope * raw + way.offset) / WEIGHT_SCALE),
            terms=_terms(known, way.slope / (root * WEIGHT_SCALE)),
            known_permille=_share(names, self.weights.features),
        )

    def weigh(self, text: str, question: str = "", labels: Iterable[str] = ()) -> float:
        """Give the log odds before calibration."""
        names, figures = features_of(text, self.weights.feeling, labels)
        return self.weighed(names, figures, question)

    def weighed(self, names: Sequence[str], figures: Sequence[float], question: str) -> float:
        """Likewise, for features that were found before."""
        known = self._known(names)
        root = sqrt(len(known)) or 1.0
        return self._raw(known, root, figures, self.weights.ways[asks(question)])

    def topics(self, text: str, labels: Iterable[str] = ()) -> tuple[tuple[Topic, int], ...]:
        """Give what a comment is about, with permille, likeliest first; only likely ones."""
        return self.likely(features_of(text, self.weights.feeling, labels)[0])

    def likely(self, names: Sequence[str]) -> tuple[tuple[Topic, int], ...]:
        """Give the topics of features that were found before."""
        root = sqrt(len(names)) or 1.0
        found = []
        for topic in self.weights.topics:
            weights = topic.weights
            total = sum(weights[name] for name in names if name in weights)
            permille = permille_of((total / root + topic.bias) / WEIGHT_SCALE)
            if permille >= _HALF:
                found.append((topic, permille))
        return tuple(sorted(found, key=_likeliest_first))

    def _known(self, names: Sequence[str]) -> list[tuple[int, str]]:
        weights = self.weights.features
        return [(weights[name], name) for name in names if name in weights]

    @staticmethod
    def _raw(
        known: Sequence[tuple[int, str]], root: float, figures: Sequence[float], way: Way
    ) -> float:
        words = sum(weight for weight, _ in known) / (root * WEIGHT_SCALE)
        felt = sum(weight * value for weight, value in zip(way.figures, figures, strict=True))
        return words + (felt + way.bias) / FIGURE_SCALE


def _likeliest_first(one: tuple[Topic, int]) -> tuple[int, str]:
    return -one[1], one[0].name


def permille_of(odds: float) -> int:
    """Give the probability of log odds, in thousandths."""
    bounded = min(max(odds, -_SURE), _SURE)
    return round(1_000 / (1.0 + exp(-bounded)))


def _terms(known: Sequence[tuple[int, str]], factor: float) -> tuple[Term, ...]:
    strongest = nlargest(MAX_TERMS, known, key=_by_strength)
    return tuple(Term(name=name, millilogit=round(weight * factor)) for weight, name in strongest)


def _by_strength(one: tuple[int, str]) -> tuple[int, str]:
    return abs(one[0]), one[1]


def _share(names: Sequence[str], weights: Mapping[str, int]) -> int:
    words = [name for name in names if is_word(name)]
    return round(1_000 * sum(word in weights for word in words) / len(words)) if words else 0


@lru_cache(maxsize=1)
def scorer() -> Scorer:
    """Give the scorer of the shipped model; made once."""
    return Scorer(shipped())
