"""Passages to alarms: what is grave in a text, of which group, and the words that say so.

The lists (`words/safety`) give signs, the model weighs them with everything else: a sign alone is
not enough ("the receptionist is a killer at crosswords"), and much that is grave is in no list.
With a sign the lower threshold makes an alarm sure, without one the upper; between them a person
looks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import exp, sqrt
from typing import Final, NamedTuple

from connector.triage.safety.features import REMEMBERED, SIGN, Reader, classes
from connector.triage.safety.passages import Passage, passages
from connector.triage.safety.weights import WEIGHT_SCALE, Weights, shipped
from connector.triage.tokens import Words

MAX_TERMS: Final = 3
"""An alarm names so many features."""

SHORT: Final = 5
"""Of so few words ("What about this") the model knows too little: one of them has to say it."""
SHORT_HINT: Final = 1_000
"""So much they have to hint at something grave, in 1 / WEIGHT_SCALE."""

_NEIGHBOURS: Final = 3
_SURE: Final = 30.0
_BESIDE: Final = 1.0
"""A second group within so many logits of the first one is named too."""


class Sign(NamedTuple):
    """A phrase or pattern of the lists that stands in a text."""

    group: str
    first: int
    """Index of its first token."""
    last: int


class Alarm(NamedTuple):
    """A passage that tells of something grave."""

    group: str
    first: int
    """Index of its first token."""
    last: int
    """Index of its last token, inclusive."""
    permille: int
    """How sure the model is, in thousandths."""
    terms: tuple[str, ...]
    """The features that weighed most, strongest first. Words of a patient."""
    sure: bool
    """False when a person has to say whether it is grave."""


class Judge:
    """Finds what is grave; made once for one model, used by any thread."""

    def __init__(self, weights: Weights, reader: Reader | None = None) -> None:
        """Take a model, and the reader of the classes it was made with."""
        self.weights = weights
        self._reader = reader or Reader(classes())
        self._alarm = lru_cache(maxsize=REMEMBERED)(self._hint)

    def alarms(self, words: Words, signs: Sequence[Sign] = ()) -> list[Alarm]:
        """Give the alarms of a text, the sure ones first; never fails.

        At most one for each group and passage; unsure ones only of groups without a sure one.
        """
        found: list[Alarm] = []
        ordered = sorted(signs, key=_first)
        starts = [one.first for one in ordered]
        for passage in passages(words):
            begun = ordered[bisect_left(starts, passage.first) : bisect_right(starts, passage.last)]
            within = [one.group for one in begun if one.last <= passage.last]
            if within or self.worth(passage.tokens):
                found += self._judged(passage, within)
        grave = _shortest([one for one in found if one.sure])
        named = {one.group for one in grave}
        return grave + _shortest([one for one in found if not one.sure and one.group not in named])

    def worth(self, tokens: Sequence[str]) -> bool:
        """Say whether the single words of a passage hint enough at something grave."""
        least = self.weights.alarmed
        if len(tokens) <= SHORT:
            least = max(least, SHORT_HINT)
        return sum(map(self._alarm, tokens)) >= least

    def odds(self, names: Sequence[str]) -> float:
        """Give the log odds of something grave, for features."""
        table = self.weights.features
        known = [table[name] for name in names if name in table]
        return (sum(known) / (sqrt(len(known)) or 1.0) + self.weights.bias) / WEIGHT_SCALE

    def _hint(self, token: str) -> int:
        word, stem, names = self._reader.known(token)
        table = self.weights.alarms
        return sum(table.get(name, 0) for name in (word, stem, *names))

    def _judged(self, passage: Passage, signs: Sequence[str]) -> Iterator[Alarm]:
        names = self._reader.features(passage.tokens, signs)
        odds = self.odds(names)
        if odds * WEIGHT_SCALE < self.weights.notice:
            return
        sure = bool(signs) or odds * WEIGHT_SCALE >= self.weights.threshold
        terms = self._terms(names)
        permille = round(1_000 / (1.0 + exp(-min(max(odds, -_SURE), _SURE))))
        for group in self._groups(names, signs):
            yield Alarm(group, passage.first, passage.last, permille, terms, sure)

    def _groups(self, names: Sequence[str], signs: Sequence[str]) -> list[str]:
        """Give the likeliest group, those as likely, and those the lists saw."""
        odds = {}
        for group, table in self.weights.groups.items():
            known = [table[name] for name in names if name in table]
            raw = sum(known) / (sqrt(len(names)) or 1.0) + self.weights.group_bias[group]
            odds[group] = raw / WEIGHT_SCALE
        best = max(odds.values())
        return [one for one, value in odds.items() if value >= best - _BESIDE or one in signs]

    def _terms(self, names: Sequence[str]) -> tuple[str, ...]:
        table = self.weights.features
        known = [name for name in names if table.get(name, 0) > 0 and not name.startswith(SIGN)]
        known.sort(key=lambda name: (-table[name], name))
        return tuple(known[:MAX_TERMS])


def _first(sign: Sign) -> int:
    return sign.first


def _shortest(found: Sequence[Alarm]) -> list[Alarm]:
    """Leave out two sentences where one of them says it alone; passages are in order."""
    kept: list[Alarm] = []
    by_group: dict[str, list[Alarm]] = {}
    for one in found:
        by_group.setdefault(one.group, []).append(one)
    for alarms in by_group.values():
        for at, one in enumerate(alarms):
            beside = alarms[max(at - _NEIGHBOURS, 0) : at + 1 + _NEIGHBOURS]
            if not any(_within(other, one) for other in beside):
                kept.append(one)
    return sorted(kept)


def _within(inner: Alarm, outer: Alarm) -> bool:
    same = (inner.first, inner.last) == (outer.first, outer.last)
    return not same and outer.first <= inner.first and inner.last <= outer.last


@lru_cache(maxsize=1)
def judge() -> Judge:
    """Give the judge of the shipped model; made once."""
    return Judge(shipped())
