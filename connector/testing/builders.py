"""Builders for tests of everything behind the plugins: time, chance, stores, rules, opinions."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connector.domain.assessment import Assessment, Lane, Reason
from connector.domain.practice import Practice
from connector.domain.signal import Signal
from connector.domain.ticket import Change
from connector.pipeline.rules import Rules
from connector.pipeline.settings import PipelineSettings
from connector.recovery.settings import RecoverySettings
from connector.store import codec
from connector.store.store import Role, Store
from connector.triage.settings import TriageSettings

MONDAY_MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the tests' clock begins: within business hours, in winter time."""


class Clock:
    """A wall clock that moves only when it is told to."""

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        """Begin at `now`, an aware time."""
        self.now = now

    def __call__(self) -> datetime:
        """Read the clock."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass, or step back by a negative number."""
        self.now += timedelta(seconds=seconds)


def entropy(seed: int = 1) -> Callable[[int], bytes]:
    """Make a source of salts and keys that gives the same bytes for the same seed."""
    return random.Random(seed).randbytes  # noqa: S311 - repeatable on purpose


def a_store(
    state_dir: Path, clock: Callable[[], datetime], *, role: Role = "daemon", seed: int = 1
) -> Store:
    """Open a state with injected time and chance; equal seeds give equal secrets."""
    return Store(state_dir, role=role, actor=role, clock=clock, entropy=entropy(seed))


def a_practice() -> Practice:
    """Make a plausible practice in Berlin."""
    return Practice(
        tenant="practice",
        name="Practice at the Park",
        zone=ZoneInfo("Europe/Berlin"),
        region="DE",
        phone="+493012345678",
    )


def some_rules(
    prepare: Callable[[Change], bytes] = codec.change_bytes,
    *,
    pipeline: PipelineSettings | None = None,
) -> Rules:
    """Put the default rules in force, for a practice in Berlin."""
    return Rules(
        practice=a_practice(),
        triage=TriageSettings(),
        recovery=RecoverySettings(),
        pipeline=pipeline or PipelineSettings(),
        prepare=prepare,
        version="0" * 16,
    )


def opinion_of_facts(signal: Signal, settings: TriageSettings) -> Assessment:
    """Assess a signal as its own facts say: `lane`, `severity`, `categories`.

    For tests of what follows a decision, which should not depend on how it was found.
    """
    del settings
    lane = Lane(str(signal.facts.get("lane", "ticket")))
    owed = lane in {Lane.TICKET, Lane.REVIEW}
    severity = int(signal.facts.get("severity", 2)) if owed else 0  # type: ignore[arg-type]  # an int
    found = signal.facts.get("categories", ("visit.wait",))
    categories = found if isinstance(found, tuple) and owed else ()
    reason = Reason(rule="words.visit.wait", category="visit.wait", severity=0, evidence="")
    return Assessment(lane=lane, severity=severity, categories=categories, reasons=(reason,))
