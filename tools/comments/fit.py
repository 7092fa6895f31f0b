"""Fits the comment model: sparse logistic regressions, made whole numbers, calibrated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from connector.triage.heard import labels_of
from connector.triage.lexicon import lexicon
from connector.triage.model.features import FIGURES, Feeling, Reader
from connector.triage.model.questions import Asks, asks
from connector.triage.model.scorer import TOPIC_POWER, Scorer, topical
from connector.triage.model.weights import (
    FIGURE_SCALE,
    WEIGHT_SCALE,
    Topic,
    Way,
    Weights,
)
from connector.triage.reading import read as look
from connector.triage.settings import TriageSettings
from tools.comments.corpus import FOLDS, THEMES, Comment
from tools.comments.names import Nameless

MAX_FEATURES: Final = 14_000
"""The features that weigh most are kept; more make the file larger and hardly better."""
LEAST: Final = 3
"""A feature stands in so many comments at least."""
STRENGTH: Final = 6.0
"""Inverse strength of the ridge."""
FIGURE_SHARE: Final = 0.3
"""Figures are scaled to this spread, which lets words speak first."""
UNASKED: Final = 0.15
"""Each comment also counts so much as if its question were not known."""
TOPIC_FEATURES: Final = 850
TOPIC_STRENGTH: Final = 2.0
TOPIC_THRESHOLD: Final = 0.29
"""Where a topic's F1 is best; its bias is moved so that this becomes even odds."""
TOLERANCE: Final = 1e-4
_OWN_WAYS: Final = (Asks.FAILURE, Asks.PRAISE)

Matrix = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A comment with its features, found once for all fits."""

    comment: Comment
    names: list[str]
    """Features, those of the phrase lists too and those with a name in them not."""
    figures: list[float]
    way: Asks


def read(comments: Sequence[Comment], feeling: Feeling) -> list[Read]:
    """Find the features of all comments."""
    found = []
    words, reader = lexicon(TriageSettings()), Reader(feeling)
    nameless = lru_cache(maxsize=None)(Nameless(comments))
    for comment in comments:
        labels = labels_of(look("", comment.text, words).found)
        words_found, others, figures = reader.features(comment.text, labels)
        found.append(
            Read(
                comment=comment,
                names=[name for name in (*words_found, *others) if nameless(name)],
                figures=figures,
                way=asks(comment.question),
            )
        )
    return found


def fit(rows: Sequence[Read], feeling: Feeling, *, topics: bool = True) -> Weights:
    """Fit a model without calibration."""
    usable = [row for row in rows if row.comment.failure is not None]
    counted = Counter(name for row in rows for name in row.names)
    vocabulary = sorted(name for name, count in counted.items() if count >= LEAST)
    first = _Failures(usable, vocabulary)
    weight = np.abs(first.words) * np.sqrt([counted[name] for name in vocabulary])
    order = np.lexsort((np.arange(len(vocabulary)), -np.round(weight, 6)))[:MAX_FEATURES]
    kept = [vocabulary[place] for place in sorted(order)]
    final = _Failures(usable, kept) if len(kept) < len(vocabulary) else first
    return Weights(
        ways=final.ways(),
        feeling=feeling,
        features={
            name: round(float(value) * WEIGHT_SCALE)
            for name, value in zip(kept, final.words, strict=True)
        },
        topics=_topics(rows) if topics else (),
    )


def _matrix(rows: Sequence[Read], vocabulary: Sequence[str], power: float | None = None) -> Matrix:
    """Give each row its known features, each as one over the root of their number.

    With `power`: over that power of the number of all its features, known or not.
    """
    places = {name: place for place, name in enumerate(vocabulary)}
    data, columns, starts = [], [], [0]
    for row in rows:
        known = [places[name] for name in row.names if name in places]
        columns += known
        size = len(known) ** 0.5 if power is None else len(row.names) ** power
        data += [1 / max(size, 1.0)] * len(known)
        starts.append(len(columns))
    return sparse.csr_matrix((data, columns, starts), shape=(len(rows), len(vocabulary)))


class _Failures:
    """The regression that tells failures from fine comments."""

    def __init__(self, rows: Sequence[Read], vocabulary: Sequence[str]) -> None:
        figures = np.array([row.figures for row in rows])
        self._middle, spread = figures.mean(0), figures.std(0)
        self._scale = FIGURE_SHARE / np.where(spread > 0, spread, 1.0)
        dense = sparse.csr_matrix((figures - self._middle) * self._scale)
        words = _matrix(rows, vocabulary)
        own = _with_way(words, dense, [row.way for row in rows])
        unasked = _with_way(words, dense, [Asks.ANYTHING] * len(rows))
        asked = np.array([row.way is not Asks.ANYTHING for row in rows])
        target = np.array([bool(row.comment.failure) for row in rows], dtype=int)
        weight = np.array([row.comment.weight for row in rows])
        model = LogisticRegression(
            C=STRENGTH, solver="liblinear", tol=TOLERANCE, max_iter=500, random_state=0
        )
        model.fit(
            sparse.vstack([own, unasked[asked]]),
            np.concatenate([target, target[asked]]),
            sample_weight=np.concatenate(
                [np.where(asked, 1 - UNASKED, 1.0) * weight, UNASKED * weight[asked]]
            ),
        )
        coefficients = model.coef_[0]
        count = len(vocabulary)
        self.words = coefficients[:count]
        self._bias = float(model.intercept_[0])
        self._dense = coefficients[count:].reshape(len(_OWN_WAYS) + 1, len(FIGURES) + 1)

    def ways(self) -> dict[Asks, Way]:
        """Give bias and figures for each way of asking, for figures as they are read."""
        ways = {}
        for way in Asks:
            row = self._dense[0] + (
                self._dense[1 + _OWN_WAYS.index(way)] if way in _OWN_WAYS else 0.0
            )
            figures = row[:-1] * self._scale
            bias = self._bias + row[-1] - float(figures @ self._middle)
            ways[way] = Way(
                bias=round(bias * FIGURE_SCALE),
                figures=tuple(round(float(one) * FIGURE_SCALE) for one in figures),
                slope=WEIGHT_SCALE,
                offset=0,
            )
        return ways


def _with_way(words: Matrix, dense: Matrix, ways: Sequence[Asks]) -> Matrix:
    """Put figures and a constant beside the words: for all, and once more for each own way."""
    plain = sparse.hstack([dense, np.ones((dense.shape[0], 1))])
    parts = [words, plain]
    parts += [sparse.diags([float(way is own) for way in ways]) @ plain for own in _OWN_WAYS]
    return sparse.hstack(parts).tocsr()


def _topics(rows: Sequence[Read]) -> tuple[Topic, ...]:
    """Fit a regression for each topic, on comments of sources that name topics.

    Rare features are held back less (their scale is the usual inverse frequency).
    """
    told = [row for row in rows if _names_topics(row.comment)]
    counted = Counter(topic for row in told for topic in row.comment.topics)
    told = [replace(row, names=topical(row.names, row.way)) for row in told]
    held = Counter(name for row in told for name in row.names if "@" not in name)
    vocabulary = sorted(name for name, count in held.items() if count >= LEAST)
    scale = np.array([_rarity(held[name], len(told)) for name in vocabulary])
    words = _matrix(told, vocabulary, power=TOPIC_POWER) @ sparse.diags(scale)
    weight = np.array([1.0 if row.comment.source == "nhs_p2" else _INVENTED for row in told])
    topics = []
    for name in sorted(topic for topic, count in counted.items() if count >= _LEAST_TOLD):
        target = np.array([name in row.comment.topics for row in told], dtype=int)
        first = _topic_model().fit(words, target, sample_weight=weight)
        common = np.abs(first.coef_[0] * scale) * np.sqrt([held[one] for one in vocabulary])
        kept = np.sort(
            np.lexsort((np.arange(len(common)), -common))[
                : min(TOPIC_FEATURES, _PER_EXAMPLE * counted[name])
            ]
        )
        model = _topic_model().fit(words[:, kept], target, sample_weight=weight)
        values = np.round(model.coef_[0] * scale[kept] * WEIGHT_SCALE).astype(int)
        shift = float(np.log((1 - TOPIC_THRESHOLD) / TOPIC_THRESHOLD))
        topics.append(
            Topic(
                name=name,
                category=THEMES.get(name, name),
                bias=round((float(model.intercept_[0]) + shift) * WEIGHT_SCALE),
                weights={
                    vocabulary[at]: int(value)
                    for at, value in zip(kept, values, strict=True)
                    if value
                },
            )
        )
    return tuple(topics)


def _topic_model() -> LogisticRegression:
    return LogisticRegression(
        C=TOPIC_STRENGTH, solver="liblinear", tol=TOLERANCE, max_iter=500, random_state=0
    )


def _names_topics(comment: Comment) -> bool:
    """Tell whose topics were named; of our own comments only failures have them."""
    return comment.source == "nhs_p2" or (
        comment.source in {"invented", "written"} and bool(comment.failure)
    )


def _rarity(count: int, among: int) -> float:
    return (float(np.log(among / max(count, 1))) + 1) / _RARITY_SCALE


_RARITY_SCALE: Final = 4.0
_INVENTED: Final = 0.12
"""Weight of a comment of our own for topics."""
_PER_EXAMPLE: Final = 2
"""A topic with few examples gets no more features than so many for each."""
_LEAST_TOLD: Final = 8
_OWN_CALIBRATION: Final = 0.2
"""Weight of a comment of our own for probabilities: half of them are failures, as nowhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A comment and what a model that never saw its respondent says about it."""

    row: Read
    raw: float
    """Log odds before calibration, with its own question."""
    unasked: float
    """Likewise, as if the question were not known."""
    topics: frozenset[str]


def cross_validate(
    rows: Sequence[Read], feeling: Feeling, told: Callable[[str], None] = lambda _: None
) -> list[Judged]:
    """Score every public comment with a model fitted on the other folds."""
    judged: list[Judged] = []
    for fold in range(FOLDS):
        told(f"fold {fold + 1} of {FOLDS}")
        model = Scorer(fit([row for row in rows if row.comment.fold != fold], feeling))
        kept = [
            row for row in rows if row.comment.fold == fold and row.comment.source != "invented"
        ]
        judged += judge(kept, model)
    return judged


def judge(rows: Sequence[Read], model: Scorer) -> list[Judged]:
    """Score comments in plain Python, as the daemon does."""
    return [
        Judged(
            row=row,
            raw=model.weighed(row.names, row.figures, row.comment.question),
            unasked=model.weighed(row.names, row.figures, ""),
            topics=frozenset(topic.name for topic, _ in model.likely(row.names, row.way)),
        )
        for row in rows
    ]


def calibrated(weights: Weights, judged: Sequence[Judged]) -> Weights:
    """Turn log odds into probabilities that hold on comments which the model never saw."""
    ways: dict[Asks, Way] = {}
    for way in Asks:
        seen = [one for one in judged if one.row.comment.failure is not None and one.row.way is way]
        odds = np.array([[one.raw] for one in seen])
        target = [int(bool(one.row.comment.failure)) for one in seen]
        weight = [_OWN_CALIBRATION if one.row.comment.source == "written" else 1.0 for one in seen]
        model = LogisticRegression(C=1e6, solver="lbfgs").fit(odds, target, sample_weight=weight)
        ways[way] = replace(
            weights.ways[way],
            slope=round(float(model.coef_[0][0]) * WEIGHT_SCALE),
            offset=round(float(model.intercept_[0]) * WEIGHT_SCALE),
        )
    return replace(weights, ways=ways)


def described(weights: Weights, about: Mapping[str, object]) -> Weights:
    """Add what people want to know."""
    return replace(weights, about=about)
