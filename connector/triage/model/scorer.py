"""A comment to the probability that it tells of a failure, with the words that say so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import exp, sqrt
from operator import mul
from typing import Final, NamedTuple

from connector.triage.model.features import Reader
from connector.triage.model.questions import Asks, asks
from connector.triage.model.weights import (
    FIGURE_SCALE,
    WEIGHT_SCALE,
    Topic,
    Way,
    Weights,
    shipped,
)

TOPIC_POWER: Final = 0.35
"""Longer texts have more topics: features weigh by this power of their number, not its root."""

MAX_TERMS: Final = 6
"""An explanation names so many features at most."""

_SURE: Final = 30.0
"""Log odds beyond this are as good as certain; `exp` stays in its range."""
_HALF: Final = 500
_UNLIKELY: Final = -0.1
"""Log odds below this are no even odds, however they are rounded."""
_LANE_BITS: Final = 40
"""Room for the sum of one topic: a text has at most some 50,000 features, a weight far under a
million."""
_LANE_HALF: Final = 1 << _LANE_BITS - 1
_LANE_MASK: Final = (1 << _LANE_BITS) - 1


class Term(NamedTuple):
    """One feature that spoke for or against a failure."""

    name: str
    """As the model knows it; see `connector.triage.model.features`. Words of a patient."""
    millilogit: int
    """Thousandths of log odds; above zero it speaks for a failure."""


class Score(NamedTuple):
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
        self._reader = Reader(weights.feeling)
        self._about = _packed(weights.topics)

    def score(self, text: str, question: str = "", labels: Iterable[str] = ()) -> Score:
        """Score a comment and explain it."""
        return self.judged(text, question, labels)[0]

    def judged(
        self,
        text: str,
        question: str = "",
        labels: Iterable[str] = (),
        tokens: Sequence[str] | None = None,
    ) -> tuple[Score, list[str]]:
        """Score a comment and explain it; give its features too, for `likely`.

        `tokens` are the text's own, where somebody has cut it before.
        """
        words, others, figures = self._reader.features(text, labels, tokens)
        names = words + others
        found = list(map(self.weights.features.get, names))
        way = self.weights.ways[asks(question)]
        known = [weight for weight in found if weight is not None]
        root = sqrt(len(known)) or 1.0
        odds = (way.slope * _raw(known, root, figures, way) + way.offset) / WEIGHT_SCALE
        score = Score(
            permille=permille_of(odds),
            terms=_terms(names, found, known, way.slope / (root * WEIGHT_SCALE)),
            known_permille=_share(found[: len(words)]),
        )
        return score, names

    def weigh(self, text: str, question: str = "", labels: Iterable[str] = ()) -> float:
        """Give the log odds before calibration."""
        words, others, figures = self._reader.features(text, labels)
        return self.weighed([*words, *others], figures, question)

    def weighed(self, names: Sequence[str], figures: Sequence[float], question: str) -> float:
        """Likewise, for features that were found before."""
        weights = self.weights.features
        known = [weights[name] for name in names if name in weights]
        root = sqrt(len(known)) or 1.0
        return _raw(known, root, figures, self.weights.ways[asks(question)])

    def topics(self, text: str, labels: Iterable[str] = ()) -> tuple[tuple[Topic, int], ...]:
        """Give what a comment is about, with permille, likeliest first; only likely ones."""
        words, others, _ = self._reader.features(text, labels)
        return self.likely([*words, *others], Asks.ANYTHING)

    def likely(self, names: Sequence[str], way: Asks) -> tuple[tuple[Topic, int], ...]:
        """Give the topics of features that were found before, and of what was asked."""
        names = topical(names, way)
        scale = float(len(names) ** TOPIC_POWER) * WEIGHT_SCALE
        together = sum(filter(None, map(self._about.get, names)))
        found = []
        for topic in self.weights.topics:
            # the lowest lane as a signed number; what is taken out leaves the next one exact
            total = ((together + _LANE_HALF) & _LANE_MASK) - _LANE_HALF
            together = (together - total) >> _LANE_BITS
            odds = total / scale + topic.bias / WEIGHT_SCALE
            if odds > _UNLIKELY and (permille := permille_of(odds)) >= _HALF:
                found.append((topic, permille))
        return tuple(sorted(found, key=_likeliest_first))


def topical(names: Iterable[str], way: Asks) -> list[str]:
    """Give the features that tell topics: a negation changes none, what was asked may."""
    plain = [name.replace("not_", "") if "not_" in name else name for name in names]
    plain.append(f"?{way}")
    return plain


def _packed(topics: Sequence[Topic]) -> dict[str, int]:
    """Put a feature's weights for all topics into one number, so that one sum adds them all."""
    packed: dict[str, int] = {}
    for place, topic in enumerate(topics):
        for name, weight in topic.weights.items():
            packed[name] = packed.get(name, 0) + (weight << place * _LANE_BITS)
    return packed


def _raw(known: Sequence[int], root: float, figures: Sequence[float], way: Way) -> float:
    words = sum(known) / (root * WEIGHT_SCALE)
    felt: float = sum(map(mul, way.figures, figures))
    return words + (felt + way.bias) / FIGURE_SCALE


def _likeliest_first(one: tuple[Topic, int]) -> tuple[int, str]:
    return -one[1], one[0].name


def permille_of(odds: float) -> int:
    """Give the probability of log odds, in thousandths."""
    bounded = min(max(odds, -_SURE), _SURE)
    return round(1_000 / (1.0 + exp(-bounded)))


def _terms(
    names: Sequence[str], found: Sequence[int | None], known: list[int], factor: float
) -> tuple[Term, ...]:
    """Give the strongest: after sorting plain numbers they stand at the two ends."""
    known.sort()
    ends = known if len(known) <= 2 * MAX_TERMS else known[:MAX_TERMS] + known[-MAX_TERMS:]
    terms: list[Term] = []
    after: dict[int, int] = {}
    for weight in sorted(ends, key=abs)[: -MAX_TERMS - 1 : -1]:
        place = found.index(weight, after.get(weight, 0))
        after[weight] = place + 1
        terms.append(Term(names[place], round(weight * factor)))
    return tuple(terms)


def _share(found: Sequence[int | None]) -> int:
    known = len(found) - found.count(None)
    return round(1_000 * known / len(found)) if found else 0


@lru_cache(maxsize=1)
def scorer() -> Scorer:
    """Give the scorer of the shipped model; made once."""
    return Scorer(shipped())
