"""A reason as a sentence for people."""

from __future__ import annotations

from typing import Final

from connector.domain.assessment import Reason
from connector.domain.plain import one_line
from connector.domain.rules import meaning

MAX_EVIDENCE: Final = 240
"""Evidence is cut to so many characters."""


def sentence(reason: Reason) -> str:
    """Say what a rule found: its meaning, and the words or figures that matched."""
    evidence = one_line(reason.evidence, MAX_EVIDENCE)
    return f"{meaning(reason.rule)}: {evidence}." if evidence else f"{meaning(reason.rule)}."
