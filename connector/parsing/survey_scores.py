"""Scores of surveys: scales, their labels, and how an answer becomes a whole number.

A score stays the number that the person gave, and the scale says which end is the worst; 0 is
an answer, a blank is none. Scales whose numbers are written in both directions in the world (the
NHS codes 1 as very good) are read as numbers only when the configuration says which end is good.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class ScoreKind(StrEnum):
    """What was asked."""

    NPS = "nps"
    """How likely to recommend, 0 to 10."""
    CSAT5 = "csat5"
    """How satisfied, 1 to 5."""
    STARS5 = "stars5"
    """1 to 5 stars."""
    CES7 = "ces7"
    """How easy, 1 to 7."""
    FFT = "fft"
    """The NHS Friends and Family Test, very poor to very good."""
    TOP_BOX = "top_box"
    """CAHPS: never, sometimes, usually, always; or yes and no."""
    CUSTOM = "custom"
    """A scale of one's own, with its ends configured."""


class Direction(StrEnum):
    """Which end of the numbers is good."""

    HIGH_IS_GOOD = "high_is_good"
    LOW_IS_GOOD = "low_is_good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How answers to one question become numbers."""

    kind: ScoreKind
    lowest: int
    highest: int
    direction: Direction | None
    """None: numbers cannot be read, labels can."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Folded label to the score it means."""
    missing: frozenset[str] = frozenset()
    """Folded answers that mean no answer."""

    @property
    def worst(self) -> int:
        """The worst score."""
        return self.highest if self.direction is Direction.LOW_IS_GOOD else self.lowest

    @property
    def best(self) -> int:
        """The best score."""
        return self.lowest if self.direction is Direction.LOW_IS_GOOD else self.highest

    def turned(self) -> Scale:
        """Give the same scale with its other end good: labels keep their meaning."""
        labels = {label: self.lowest + self.highest - n for label, n in self.labels.items()}
        return replace(self, direction=Direction.LOW_IS_GOOD, labels=labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One answer on a scale."""

    value: int | None = None
    """As it was given; None without an answer or when it is not understood."""
    problem: str = ""
    """Empty, or why an answer is no number on the scale."""
    given: str = ""
    """The answer as it stands in the file when there is a problem, cut at MAX_GIVEN_CHARS."""


MAX_GIVEN_CHARS = 80
"""Kept of an answer that is not understood."""
MISSING = frozenset(
    {
        "", "-", "--", "n/a", "na", "n.a.", "none", "null", "-99", "99", "m", "no answer",
        "don't know", "dont know", "not applicable", "prefer not to say", "[not completed]",
    }
)  # fmt: skip
"""Answers that are none on any scale that does not hold them as a number."""

_FIVE_WORDS = {
    "very satisfied": 5, "satisfied": 4, "neutral": 3, "dissatisfied": 2, "very dissatisfied": 1,
    "neither satisfied nor dissatisfied": 3, "somewhat satisfied": 4, "somewhat dissatisfied": 2,
    "unsatisfied": 2, "very unsatisfied": 1, "extremely satisfied": 5, "extremely dissatisfied": 1,
}  # fmt: skip
_STARS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "\u2605": 1, "\u2605\u2605": 2, "\u2605" * 3: 3, "\u2605" * 4: 4, "\u2605" * 5: 5,
}  # fmt: skip
_FFT = {
    "very good": 5, "good": 4, "neither good nor poor": 3, "poor": 2, "very poor": 1,
    "extremely likely": 5, "likely": 4, "neither likely nor unlikely": 3, "unlikely": 2,
    "extremely unlikely": 1,
}  # fmt: skip
_TOP_BOX = {
    "always": 4, "usually": 3, "sometimes": 2, "never": 1,
    "yes": 4, "no": 1, "yes, definitely": 4, "yes, somewhat": 3,
}  # fmt: skip
_EASE = {
    "very easy": 7, "easy": 6, "somewhat easy": 5, "neutral": 4, "somewhat difficult": 3,
    "difficult": 2, "very difficult": 1, "strongly agree": 7, "strongly disagree": 1,
}  # fmt: skip

_HIGH = Direction.HIGH_IS_GOOD
SCALES: Mapping[ScoreKind, Scale] = {
    ScoreKind.NPS: Scale(
        kind=ScoreKind.NPS,
        lowest=0,
        highest=10,
        direction=_HIGH,
        labels={"extremely likely": 10, "not at all likely": 0},
    ),
    ScoreKind.CSAT5: Scale(
        kind=ScoreKind.CSAT5, lowest=1, highest=5, direction=_HIGH, labels=_FIVE_WORDS
    ),
    ScoreKind.STARS5: Scale(
        kind=ScoreKind.STARS5, lowest=1, highest=5, direction=_HIGH, labels=_STARS
    ),
    ScoreKind.CES7: Scale(kind=ScoreKind.CES7, lowest=1, highest=7, direction=_HIGH, labels=_EASE),
    ScoreKind.FFT: Scale(kind=ScoreKind.FFT, lowest=1, highest=5, direction=None, labels=_FFT),
    ScoreKind.TOP_BOX: Scale(
        kind=ScoreKind.TOP_BOX, lowest=1, highest=4, direction=_HIGH, labels=_TOP_BOX
    ),
}
"""The known scales; `custom` has its ends from the configuration."""

# A leading whole number, not part of a fraction or a longer word: `10 - Extremely likely`.
_NUMBER = re.compile(r"'?([+-]?\d{1,4})(?:[.,]0+)?(?![\d.,]*\d)(?=\D|$)", re.ASCII)


def fold(text: str) -> str:
    """Make texts comparable: compatibility forms, case and white space do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def score_of(text: str, scale: Scale) -> Score:
    """Read one answer: labels first, then answers that are none, then a leading number."""
    folded = fold(text)
    if folded in scale.labels:
        return Score(value=scale.labels[folded])
    match = _NUMBER.match(folded)
    number = int(match[1]) if match else None
    on_scale = number is not None and scale.lowest <= number <= scale.highest
    if folded in scale.missing or (folded in MISSING and not on_scale):
        return Score()
    if not on_scale:
        problem = f"no whole number from {scale.lowest} to {scale.highest} and no known label"
        return Score(problem=f"The score is {problem}.", given=text.strip()[:MAX_GIVEN_CHARS])
    if scale.direction is None:
        problem = "The score is a number, but it is not configured which end is good."
        return Score(problem=problem, given=text.strip()[:MAX_GIVEN_CHARS])
    return Score(value=number)
