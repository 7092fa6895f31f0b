"""What triage says of one item, as plain values for a JSON line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePath
from typing import TypeAlias

from connector.domain.assessment import Assessment, Lane
from connector.domain.signal import Fact, Item, Signal, Unreadable
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

Value: TypeAlias = str | int | bool | list["Value"] | dict[str, "Value"] | None


def describe(item: Item, *, kind: str, given: str, settings: TriageSettings) -> dict[str, Value]:
    """Judge one item and give all that was found.

    `kind` is told as its source; its locator begins with `given`, the path that was asked for.
    """
    where: dict[str, Value] = {"source": kind, "locator": _locator(item.locator, given)}
    if isinstance(item, Unreadable):
        return {"type": "unreadable", **where, "problem": item.problem}
    judged = assess(item, settings)
    if judged.lane is Lane.PARK:
        reason = str(item.facts.get("automatic") or judged.reasons[0].rule)
        return {"type": "parked", **where, "reason": reason, **_signal(item, judged)}
    return {"type": "signal", **where, **_signal(item, judged)}


def _signal(signal: Signal, judged: Assessment) -> dict[str, Value]:
    contact = signal.contact
    return {
        "channel": signal.channel.value,
        "recipe": str(signal.facts.get("recipe", "")) or None,
        "event_time": _time(signal.event_time),
        "contact": {"name": contact.name, "email": contact.email, "phone": contact.phone},
        "subject": signal.subject,
        "text": signal.text,
        "reply_text": signal.reply_text,
        "attachments": [attachment.name for attachment in signal.attachments],
        "facts": {name: _fact(fact) for name, fact in signal.facts.items()},
        "assessment": _assessment(judged),
    }


def _assessment(judged: Assessment) -> dict[str, Value]:
    return {
        "lane": judged.lane.value,
        "severity": judged.severity,
        "categories": list(judged.categories),
        "score": judged.score_permille,
        "reasons": [
            {
                "rule": reason.rule,
                "category": reason.category,
                "severity": reason.severity,
                "evidence": reason.evidence,
            }
            for reason in judged.reasons
        ],
    }


def _locator(locator: str, given: str) -> str:
    """Let a locator begin with the path as it was written (`./x`, where a source says `x`)."""
    plain = str(PurePath(given))
    if locator.startswith(given):
        return locator
    if locator.startswith(plain):
        return given + locator[len(plain) :]
    return f"{given}:{locator}"


def _fact(fact: Fact) -> Value:
    return list(fact) if isinstance(fact, tuple) else fact


def _time(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
