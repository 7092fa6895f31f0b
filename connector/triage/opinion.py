"""What one judge says about a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connector.domain.assessment import Lane, Reason
from connector.domain.taxonomy import TAXONOMY

STRENGTH: Final = (Lane.COUNT, Lane.REVIEW, Lane.TICKET)
"""Lanes in the order in which they prevail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A lane and the reasons for it."""

    lane: Lane
    reasons: tuple[Reason, ...]


def plain(rule: str, evidence: str = "", *, severity: int = 0) -> Reason:
    """Make a reason that says nothing about the category."""
    return Reason(rule=rule, category="", severity=severity, evidence=evidence)


def about(rule: str, category: str, evidence: str, *, severity: int = 0) -> Reason:
    """Make a reason for a category; it asks for the category's floor at least."""
    least = max(severity, TAXONOMY[category].floor)
    return Reason(rule=rule, category=category, severity=least, evidence=evidence)
