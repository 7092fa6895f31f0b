"""What is remembered of a call while its fate is open: the shape, and how it is read from facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connector.domain.signal import Channel, Fact, Signal

_NOT_REACHED: Final = frozenset({"lost_after_transfer", "abandoned_on_hold", "abandoned"})
_MESSAGES: Final = frozenset({"voicemail", "voicemail_unclear"})


@dataclass(slots=True, kw_only=True)
class Glance:
    """A call at a glance, before anybody judged it; times are epoch seconds.

    Nobody changes it. Not frozen: one is made for each call, in a third of the time.
    """

    started: int
    ended: int
    outbound: bool
    reached: bool
    """A person of the practice and whoever is at the number spoke with each other."""
    message: bool
    """The caller left a message, or may have."""
    line: str
    """What was dialled, or the queue where that is not known; empty for calls that the practice
    made."""


def glance(signal: Signal) -> Glance | None:
    """Give a call at a glance; None for what is no call, or has no times."""
    return glance_of(signal.facts) if signal.channel is Channel.PHONE else None


def glance_of(facts: Mapping[str, Fact]) -> Glance | None:
    """Give a call at a glance by its facts; None for one without times."""
    start, stop = facts.get("call_start"), facts.get("call_stop")
    if type(start) is not int or type(stop) is not int:
        return None
    outbound = facts.get("direction") == "outbound"
    return Glance(
        started=start,
        ended=stop,
        outbound=outbound,
        reached=_reached(facts),
        message=facts.get("call_end") in _MESSAGES,
        line="" if outbound else str(facts.get("line") or facts.get("queue") or ""),
    )


def _reached(facts: Mapping[str, Fact]) -> bool:
    return facts.get("answered") is True and facts.get("call_end") not in _NOT_REACHED
