"""Fits the safety model: grave or not, of which group, and which words are worth a closer look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from connector.triage.lexicon import lexicon
from connector.triage.reading import signs_of
from connector.triage.safety.features import Reader, classes
from connector.triage.safety.judge import Judge
from connector.triage.safety.passages import passages
from connector.triage.safety.weights import WEIGHT_SCALE, Weights
from connector.triage.settings import TriageSettings
from connector.triage.tokens import words_of
from tools.safety.corpus import FOLDS, GROUPS, ORDINARY, Phrase

MAX_FEATURES: Final = 15_000
"""The features that weigh most are kept."""
GROUP_FEATURES: Final = 500
"""For each group."""
LEAST: Final = 3
"""A feature stands in so many passages at least."""
STRENGTH: Final = 8.0
"""Inverse strength of the ridge."""
SUSPECT: Final = -1.0
"""A public comment about a failure that gets such odds may tell of something grave: left out."""
RATES: Final = MappingProxyType({"fine": 0.015, "kind": 0.02, "ordinary": 0.02, "complaint": 0.035})
"""So many of each sort of ordinary text may alarm by passages in which no list has a sign.

The threshold obeys the strictest. Lower rates would leave more of what is grave to the second look.
"""
NOTICED: Final = MappingProxyType({"fine": 0.02, "kind": 0.08, "ordinary": 0.05, "complaint": 0.16})
"""So many of each may be shown to a person; a complaint mostly is anyway."""
UNSEEN: Final = 0.003
"""So many grave phrases may be left out by the first look at single words."""

Matrix = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A passage with its features."""

    group: str
    fold: int
    weight: float
    own: bool
    """Ours, not a public comment."""
    tokens: tuple[str, ...]
    signs: tuple[str, ...]
    names: list[str]


class Passages:
    """Reads texts into passages."""

    def __init__(self) -> None:
        """Take the lists and classes in force."""
        self._lists = lexicon(TriageSettings())
        self._reader = Reader(classes())

    def phrases(self, phrases: Sequence[Phrase]) -> list[Read]:
        """Read ours: each is one passage, however many sentences it has."""
        found = []
        for phrase in phrases:
            words = words_of(phrase.text)
            tokens = tuple(token for token in words.tokens if token)
            groups = tuple(sign.group for sign in signs_of(words, self._lists))
            found.append(
                self._read(phrase.group, phrase.fold, phrase.weight, tokens, groups, own=True)
            )
        return found

    def comments(
        self,
        texts: Sequence[tuple[str, int]],
        *,
        weight: float = 1.0,
        own: bool = False,
        group: str = ORDINARY,
    ) -> list[list[Read]]:
        """Read comments with their folds, as the daemon reads them; mostly ordinary ones."""
        found = []
        for text, fold in texts:
            words = words_of(text)
            signs = signs_of(words, self._lists)
            found.append(
                [
                    self._read(
                        group,
                        fold,
                        weight,
                        one.tokens,
                        tuple(
                            sign.group
                            for sign in signs
                            if one.first <= sign.first and sign.last <= one.last
                        ),
                        own=own,
                    )
                    for one in passages(words)
                ]
            )
        return found

    def _read(
        self,
        group: str,
        fold: int,
        weight: float,
        tokens: tuple[str, ...],
        signs: tuple[str, ...],
        *,
        own: bool,
    ) -> Read:
        return Read(
            group=group,
            fold=fold,
            weight=weight,
            own=own,
            tokens=tokens,
            signs=signs,
            names=self._reader.features(tokens, signs),
        )


def fit(rows: Sequence[Read], *, grave_only: bool = False) -> Weights:
    """Fit everything but the threshold; `grave_only`: neither groups nor the first look."""
    vocabulary = _vocabulary(rows)
    grave = np.array([row.group != ORDINARY for row in rows], dtype=int)
    weight = np.array([row.weight for row in rows])
    first = _matrix(rows, vocabulary)
    common = np.sqrt(np.asarray((first > 0).sum(0)).ravel())
    heavy = np.abs(_model().fit(first, grave, sample_weight=weight).coef_[0]) * common
    kept = _strongest(vocabulary, heavy, MAX_FEATURES)
    final = _model().fit(_matrix(rows, kept), grave, sample_weight=weight)
    weights = Weights(
        alarms={},
        alarmed=_ALL,
        features=_whole(kept, final.coef_[0]),
        bias=round(float(final.intercept_[0]) * WEIGHT_SCALE),
        threshold=0,
        notice=0,
        groups={},
        group_bias={},
    )
    if grave_only:
        return weights
    alarms, alarmed = _alarms(rows, grave, weight)
    groups, bias = _groups(rows, vocabulary)
    return replace(weights, alarms=alarms, alarmed=alarmed, groups=groups, group_bias=bias)


_ALL: Final = -1_000_000
"""Every passage is worth a look."""


def _model(strength: float = STRENGTH) -> LogisticRegression:
    return LogisticRegression(
        C=strength, solver="liblinear", tol=1e-2, max_iter=100, random_state=0
    )


def _vocabulary(rows: Sequence[Read]) -> list[str]:
    """Give what stands in phrases of ours: no name of a public comment can be among it."""
    counted = Counter(name for row in rows for name in row.names)
    ours = {name for row in rows if row.own for name in row.names}
    return sorted(name for name in ours if counted[name] >= LEAST)


def _matrix(rows: Sequence[Read], vocabulary: Sequence[str], *, whole: bool = False) -> Matrix:
    places = {name: place for place, name in enumerate(vocabulary)}
    data: list[float] = []
    columns: list[int] = []
    starts = [0]
    for row in rows:
        known = [places[name] for name in row.names if name in places]
        columns += known
        data += [1 / max(len(row.names if whole else known), 1) ** 0.5] * len(known)
        starts.append(len(columns))
    return sparse.csr_matrix((data, columns, starts), shape=(len(rows), len(vocabulary)))


def _strongest(vocabulary: Sequence[str], heavy: Any, count: int) -> list[str]:
    order = np.lexsort((np.arange(len(vocabulary)), -np.round(heavy, 6)))[:count]
    return [vocabulary[place] for place in sorted(order)]


def _whole(names: Sequence[str], values: Any) -> dict[str, int]:
    whole = {
        name: round(float(value) * WEIGHT_SCALE) for name, value in zip(names, values, strict=True)
    }
    return {name: value for name, value in whole.items() if value}


def _alarms(rows: Sequence[Read], grave: Any, weight: Any) -> tuple[dict[str, int], int]:
    """Fit the first look: words, stems and classes alone, added up without any scale."""
    reader = Reader(classes())
    counted: Counter[str] = Counter()
    found = []
    for row in rows:
        names: Counter[str] = Counter()
        for token in row.tokens:
            word, stem, of = reader.known(token)
            names.update(name for name in (word, stem, *of) if name)
        found.append(names)
        if row.own:
            counted.update(names.keys())
    kept = sorted(name for name, count in counted.items() if count >= LEAST)
    places = {name: place for place, name in enumerate(kept)}
    data: list[int] = []
    columns: list[int] = []
    starts = [0]
    for names in found:
        for name, count in names.items():
            if name in places:
                columns.append(places[name])
                data.append(count)
        starts.append(len(columns))
    matrix = sparse.csr_matrix((data, columns, starts), shape=(len(rows), len(kept)))
    model = _model(0.3).fit(matrix, grave, sample_weight=weight)
    alarms = _whole(kept, model.coef_[0])
    sums = matrix @ np.array([alarms.get(name, 0) for name in kept])
    return alarms, int(np.quantile(sums[grave == 1], UNSEEN))


def _groups(
    rows: Sequence[Read], vocabulary: Sequence[str]
) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    grave = [row for row in rows if row.group != ORDINARY]
    matrix = _matrix(grave, vocabulary, whole=True)
    common = np.sqrt(np.asarray((matrix > 0).sum(0)).ravel())
    groups, bias = {}, {}
    for group in GROUPS:
        target = np.array([row.group == group for row in grave], dtype=int)
        heavy = np.abs(_model().fit(matrix, target).coef_[0]) * common
        kept = _strongest(vocabulary, heavy, GROUP_FEATURES)
        model = _model().fit(_matrix(grave, kept, whole=True), target)
        groups[group] = _whole(kept, model.coef_[0])
        bias[group] = round(float(model.intercept_[0]) * WEIGHT_SCALE)
    return groups, bias


def odds(weights: Weights, rows: Sequence[Read]) -> list[float]:
    """Give the log odds as the daemon works them out; very low where the first look passes by."""
    judge = Judge(weights)
    return [
        judge.odds(row.names)
        if row.signs or not weights.alarms or judge.worth(row.tokens)
        else _PASSED
        for row in rows
    ]


_PASSED: Final = -99.0


def harmless(
    ours: Sequence[Read], fine: Sequence[Sequence[Read]], failed: Sequence[Sequence[Read]]
) -> list[Sequence[Read]]:
    """Give the failures in which a model that saw none of them suspects nothing grave."""
    first = fit([*ours, *flat(fine)], grave_only=True)
    return [text for text in failed if max(odds(first, text), default=0.0) < SUSPECT]


def flat(texts: Sequence[Sequence[Read]]) -> list[Read]:
    """Give the passages of all texts."""
    return [row for text in texts for row in text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What models find that never saw the templates and respondents they are judged on."""

    threshold: int
    """Log odds from which a passage is grave, in 1 / WEIGHT_SCALE."""
    notice: int
    """Log odds from which a person is asked to look, likewise."""
    grave: Mapping[str, int]
    """Permille of texts that alarm, by sort: a group of ours, or a sort of ordinary text."""
    noticed: Mapping[str, int]
    """Permille of texts that alarm or are shown to a person, by sort."""


def validate(rows: Sequence[Read], texts: Mapping[str, Sequence[Sequence[Read]]]) -> Figures:
    """Find both thresholds by cross-validation.

    `rows` are the passages to learn from; `texts` those to judge by, of each sort.
    """
    plain: dict[str, list[float]] = {sort: [] for sort in texts}
    signed: dict[str, list[float]] = {sort: [] for sort in texts}
    for fold in range(FOLDS):
        weights = fit([row for row in rows if row.fold != fold], grave_only=True)
        for sort, many in texts.items():
            for one in many:
                if one and one[0].fold == fold:
                    plain[sort].append(_highest(weights, [row for row in one if not row.signs]))
                    signed[sort].append(_highest(weights, [row for row in one if row.signs]))
    either = {sort: [*map(max, plain[sort], signed[sort])] for sort in texts}
    threshold, notice = _least(plain, RATES), _least(either, NOTICED)
    lift = (threshold - notice) / WEIGHT_SCALE
    sure = {
        sort: [max(one, two + lift) for one, two in zip(plain[sort], signed[sort], strict=True)]
        for sort in texts
    }
    return Figures(
        threshold=threshold,
        notice=notice,
        grave={sort: _share(values, threshold) for sort, values in sure.items()},
        noticed={sort: _share(values, notice) for sort, values in either.items()},
    )


def _highest(weights: Weights, rows: Sequence[Read]) -> float:
    return max(odds(weights, rows), default=_PASSED)


def _least(highest: Mapping[str, Sequence[float]], rates: Mapping[str, float]) -> int:
    found = (np.quantile(highest[sort], 1 - rate) for sort, rate in rates.items())
    return round(max(map(float, found)) * WEIGHT_SCALE)


def _share(values: Sequence[float], threshold: int) -> int:
    least = threshold / WEIGHT_SCALE
    return round(1_000 * sum(value >= least for value in values) / max(len(values), 1))


def finished(weights: Weights, figures: Figures, about: Mapping[str, object]) -> Weights:
    """Add thresholds and description."""
    return replace(weights, threshold=figures.threshold, notice=figures.notice, about=about)
