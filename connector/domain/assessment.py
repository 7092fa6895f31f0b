"""What was decided about a signal, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """Where a signal goes; every signal gets exactly one."""

    TICKET = "ticket"
    """A failure: it belongs to a case."""
    REVIEW = "review"
    """Unsure: one low-priority second-look ticket for a person to decide."""
    PARK = "park"
    """Not a patient speaking (bounce, automatic reply, list, loop): visible, releasable."""
    COUNT = "count"
    """All is well: counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule that matched."""

    rule: str
    """Stable id, `group.name` (`words.billing`, `score.nps_low`, `safety.self_harm`)."""
    category: str
    """Key of the taxonomy, or empty for a rule that says nothing about it."""
    severity: int
    """1 to 4 that the rule asks for at least; 0 when it asks for nothing."""
    evidence: str
    """The words or figures that matched; a patient's words: never logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The decision about one signal: same input and config, same assessment."""

    lane: Lane
    severity: int
    """1 (low) to 4 (critical); 0 in the lanes park and count."""
    categories: tuple[str, ...]
    """Taxonomy keys, the primary one first; empty in the lanes park and count."""
    reasons: tuple[Reason, ...]
    """All rules that matched, not only the first; never empty."""
    score_permille: int | None = None
    """The model's calibrated probability of a failure in thousandths; None without a model."""
    model: str = ""
    """Version of model or rule set that decided."""
