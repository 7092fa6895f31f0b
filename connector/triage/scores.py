"""Survey scores: every scale turned so that high is good, then judged by its limits.

`score_min` is the worst answer of the scale and `score_max` the best, so a
scale on which 1 is best comes with `score_min` 5 and `score_max` 1. A survey
may bring its own limit as `score_low_at_most`, and `score_problem` when its
parser could not make sense of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from connector.domain.assessment import Lane
from connector.domain.plain import one_line
from connector.domain.signal import Fact
from connector.triage.opinion import STRENGTH, Opinion, plain
from connector.triage.settings import ScoreLimits
from connector.triage.tokens import words_of

_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "nps": "nps",
        "csat": "csat",
        "csat5": "csat",
        "stars": "stars",
        "stars5": "stars",
        "star": "stars",
        "fft": "fft",
        "ces": "ces",
        "ces7": "ces",
        "ces5": "ces",
        "cahps4": "cahps",
        "cahps10": "rating",
        "yes_no": "yes_no",
        "thumbs": "thumbs",
        "faces": "faces",
    }
)
_SCALES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "nps": (0, 10),
        "csat": (1, 5),
        "stars": (1, 5),
        "fft": (1, 5),
        "ces": (1, 7),
        "cahps": (1, 4),
        "rating": (0, 10),
        "faces": (1, 5),
        "yes_no": (0, 1),
        "thumbs": (0, 1),
    }
)
"""Worst and best of the scale on which the limits of a kind are given."""

_FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {"csat": "five", "stars": "five", "fft": "five", "faces": "five", "rating": "nps"}
)
"""Kinds that share the limits of another name."""
_TWO: Final = frozenset({"yes_no", "thumbs"})
"""Kinds with two answers: the bad one is a failure, and none is a strong one."""
MAX_SCORES: Final = 50
"""So many scores of one response are judged."""
_NAMES: Final = (
    "score",
    "score_kind",
    "score_min",
    "score_max",
    "score_low_at_most",
    "score_problem",
    "question",
)
_PERCENT: Final = (0, 100)

# Answers in words, on a scale of five. NHS England's two wordings of the friends-and-family
# question, the usual satisfaction scale, thumbs, and stars as some interfaces spell them.
_ANSWERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "very good": 5,
        "good": 4,
        "neither good nor poor": 3,
        "poor": 2,
        "very poor": 1,
        "extremely likely": 5,
        "likely": 4,
        "neither likely nor unlikely": 3,
        "unlikely": 2,
        "extremely unlikely": 1,
        "excellent": 5,
        "very satisfied": 5,
        "satisfied": 4,
        "neither satisfied nor dissatisfied": 3,
        "neutral": 3,
        "dissatisfied": 2,
        "very dissatisfied": 1,
        "up": 5,
        "thumbs up": 5,
        "happy": 5,
        "down": 1,
        "thumbs down": 1,
        "sad": 1,
        "five": 5,
        "four": 4,
        "three": 3,
        "two": 2,
        "one": 1,
    }
)
_NO_ANSWER: Final = frozenset({"", "dont know", "do not know", "n a", "na", "not applicable"})
_NUMBER: Final = re.compile(r"\s{0,9}(-?\d{1,6}(?:[.,]\d{1,6})?)(?![\d.,])")

_LANES: Final[Mapping[str, Lane]] = MappingProxyType(
    {"strong": Lane.TICKET, "low": Lane.TICKET, "neutral": Lane.COUNT, "good": Lane.COUNT}
)
_STRONG_SEVERITY: Final = 2
"""A very bad score asks for one person who answers."""


def judge_score(facts: Mapping[str, Fact], limits: ScoreLimits) -> Opinion | None:
    """Judge all scores among the facts; None when there is none or the person knew none.

    The first has plain names, the others a number behind (`score_2`, `score_kind_2` ...). The
    gravest decides; good answers beside a bad one are no reasons.
    """
    several = "score_2" in facts
    if (
        not several
        and "score" not in facts
        and not any(name.startswith("score_") for name in facts)
    ):
        return None
    judged = [
        one
        for number in range(1, MAX_SCORES + 1)
        if (number == 1 or f"score_{number}" in facts)
        and (one := _judge_one(_numbered(facts, number), limits, named=several)) is not None
    ]
    if not judged:
        return None
    gravest = max(judged, key=_gravity)
    telling = [one for one in judged if not one.reasons[0].rule.endswith("_good")]
    reasons = sorted((one.reasons[0] for one in telling or judged[:1]), key=lambda r: -r.severity)
    return Opinion(lane=gravest.lane, reasons=tuple(reasons))


def _gravity(opinion: Opinion) -> tuple[int, int]:
    return STRENGTH.index(opinion.lane), opinion.reasons[0].severity


def _numbered(facts: Mapping[str, Fact], number: int) -> Mapping[str, Fact]:
    """Give the facts of one score under their plain names."""
    if number == 1:
        return facts
    names = {name: f"{name}_{number}" for name in _NAMES}
    return {name: facts[numbered] for name, numbered in names.items() if numbered in facts}


def _judge_one(facts: Mapping[str, Fact], limits: ScoreLimits, *, named: bool) -> Opinion | None:
    score = facts.get("score")
    if score is None or _said_nothing(score):
        return None
    kind = _KINDS.get(str(facts.get("score_kind", "")).strip().lower(), "other")
    shown = _shown(score, facts)
    if named and facts.get("question"):
        shown = f"{one_line(str(facts['question']), 80)}: {shown}"
    value = None if facts.get("score_problem") else _on_scale(score, kind, facts)
    if value is None:
        return Opinion(lane=Lane.REVIEW, reasons=(plain("score.not_understood", shown),))
    level = _own_level(value, kind, facts) or _level(kind, value, limits)
    severity = {"strong": _STRONG_SEVERITY, "low": 1}.get(level, 0)
    reason = plain(f"score.{kind}_{level}", shown, severity=severity)
    return Opinion(lane=_LANES[level], reasons=(reason,))


def _said_nothing(score: Fact) -> bool:
    return isinstance(score, str) and _folded(score) in _NO_ANSWER


def _folded(text: str) -> str:
    return " ".join(word for word in words_of(text[:80]).tokens if word)


def _shown(score: Fact, facts: Mapping[str, Fact]) -> str:
    best = facts.get("score_max")
    worst = facts.get("score_min")
    said = one_line(str(score), 40)
    if isinstance(best, int) and isinstance(worst, int):
        return f"{said} on a scale from {worst} (worst) to {best} (best)"
    return said


def _on_scale(score: Fact, kind: str, facts: Mapping[str, Fact]) -> Fraction | None:
    """Give the answer on the scale of the kind's limits; None when it cannot be placed."""
    low, high = _SCALES.get(kind, _PERCENT)
    label = _ANSWERS.get(_folded(score)) if isinstance(score, str) else None
    if label is not None:
        return low + Fraction(label - 1, 4) * (high - low)
    number = _number(score)
    scale = _scale(kind, facts)
    if number is None or scale is None:
        return None
    worst, best = scale
    part = (number - worst) / (best - worst)
    if not 0 <= part <= 1:
        return None
    return low + part * (high - low)


def _scale(kind: str, facts: Mapping[str, Fact]) -> tuple[Fraction, Fraction] | None:
    worst, best = _number(facts.get("score_min", "")), _number(facts.get("score_max", ""))
    if worst is not None and best is not None:
        return (worst, best) if worst != best else None
    if kind in {"fft", "other", "yes_no"}:  # without a scale nobody knows which end is the good one
        return None
    low, high = _SCALES[kind]
    return Fraction(low), Fraction(high)


def _number(value: Fact) -> Fraction | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value)
    if not isinstance(value, str):
        return None
    found = _NUMBER.match(value)
    return Fraction(found.group(1).replace(",", ".")) if found else None


def _own_level(value: Fraction, kind: str, facts: Mapping[str, Fact]) -> str:
    """Judge by the survey's own limit, which is on the survey's own scale; empty without one."""
    limit = _on_scale(facts.get("score_low_at_most", ""), kind, facts)
    if limit is None:
        return ""
    low, _ = _SCALES.get(kind, _PERCENT)
    if value > limit:
        return "good"
    return "strong" if value == low else "low"


def _level(kind: str, value: Fraction, limits: ScoreLimits) -> str:
    if kind in _TWO:
        return "low" if value < Fraction(1, 2) else "good"
    for level in ("strong", "fail", "neutral"):
        if value <= _limit(kind, level, limits):
            return {"fail": "low"}.get(level, level)
    return "good"


def _limit(kind: str, level: str, limits: ScoreLimits) -> int:
    family = _FAMILIES.get(kind, kind)
    name = f"other_{level}_percent" if family == "other" else f"{family}_{level}"
    return int(getattr(limits, name))
