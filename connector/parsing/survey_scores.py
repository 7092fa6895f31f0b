"""Scores of surveys: scales, their labels, and how an answer becomes a whole number.

A score stays the number that the person gave, and the scale says which end is the worst; 0 is
an answer, a blank is none. Scales whose numbers are written in both directions in the world (the
NHS codes 1 as very good) are read as numbers only when the configuration says which end is good.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType
from typing import Final


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
    CES5 = "ces5"
    """How easy, 1 to 5."""
    CAHPS4 = "cahps4"
    """CAHPS: never, sometimes, usually, always; 1 to 4."""
    CAHPS10 = "cahps10"
    """CAHPS: the worst possible to the best possible, 0 to 10."""
    YES_NO = "yes_no"
    """Yes or no, 1 or 0; the direction says whether yes is good."""
    THUMBS = "thumbs"
    """Thumb up or down, 1 or 0."""
    FACES = "faces"
    """Sad to happy faces, 1 to 5."""
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
        """Give the same scale with its other end good: labels keep their meaning.

        Of yes and no they keep their numbers: that no is good is what the direction says.
        """
        if self.kind is ScoreKind.YES_NO:
            return replace(self, direction=Direction.LOW_IS_GOOD)
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

_ENDS: Final[Mapping[ScoreKind, tuple[int, int]]] = {
    ScoreKind.NPS: (0, 10),
    ScoreKind.CSAT5: (1, 5),
    ScoreKind.STARS5: (1, 5),
    ScoreKind.CES7: (1, 7),
    ScoreKind.CES5: (1, 5),
    ScoreKind.FFT: (1, 5),
    ScoreKind.CAHPS4: (1, 4),
    ScoreKind.CAHPS10: (0, 10),
    ScoreKind.YES_NO: (0, 1),
    ScoreKind.THUMBS: (0, 1),
    ScoreKind.FACES: (1, 5),
}


def fold(text: str) -> str:
    """Make texts comparable: compatibility forms, case and white space do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _scales() -> Mapping[ScoreKind, Scale]:
    file = files("connector.parsing").joinpath("survey_labels.toml")
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            kind: Scale(
                kind=kind,
                lowest=lowest,
                highest=highest,
                # the NHS codes its answers in both directions
                direction=None if kind is ScoreKind.FFT else Direction.HIGH_IS_GOOD,
                labels={
                    fold(label): int(score)
                    for score, labels in tables[kind.value].items()
                    for label in labels
                },
            )
            for kind, (lowest, highest) in _ENDS.items()
        }
    )


SCALES: Final[Mapping[ScoreKind, Scale]] = _scales()
"""The known scales; `custom` has its ends from the configuration."""

# A leading whole number, not part of a fraction or a longer word: `10 - Extremely likely`.
_NUMBER = re.compile(r"'?([+-]?\d{1,4})(?:[.,]0+)?(?![\d.,]*\d)(?=\D|$)", re.ASCII)


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
