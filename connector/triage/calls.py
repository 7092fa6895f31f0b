"""Calls: judged by what the phone system saw, because nobody wrote a word.

Facts: `call_end` (see `_ENDS`), `wait_s` (seconds until answer or end),
`transfers` (how often the call was passed on), `recording_repeats` (how often
the caller heard the recording heard most).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from connector.domain.assessment import Lane, Reason
from connector.domain.plain import one_line
from connector.domain.signal import Fact, Signal
from connector.triage.opinion import Opinion, about, plain
from connector.triage.settings import PhoneLimits


class _End(Enum):
    ANSWERED = "phone.answered"
    LEFT = "phone.left"
    UNREACHED = "phone.unreached"
    VOICEMAIL = "phone.voicemail"


# How phone systems name the end of a call, as the sources report it.
_ENDS: Final[Mapping[str, _End]] = MappingProxyType(
    {
        "answered": _End.ANSWERED,
        "transferred": _End.ANSWERED,
        "abandoned": _End.UNREACHED,
        "timeout": _End.UNREACHED,
        "empty": _End.UNREACHED,
        "full": _End.UNREACHED,
        "missed": _End.UNREACHED,
        "no_answer": _End.UNREACHED,
        "busy": _End.UNREACHED,
        "failed": _End.UNREACHED,
        "incompatible": _End.UNREACHED,
        "dropped": _End.UNREACHED,
        "voicemail": _End.VOICEMAIL,
        "key": _End.LEFT,
        "withdrawn": _End.LEFT,
    }
)
# Only a caller who gave up by themselves can have dialled wrong.
_GAVE_UP: Final = frozenset({"abandoned"})
_UNREACHED: Final = "access.unreached"
_MAZE: Final = "access.phone_maze"


def judge_call(signal: Signal, limits: PhoneLimits) -> Opinion:
    """Judge one call."""
    facts = signal.facts
    end = str(facts.get("call_end", "")).strip().lower()
    wait_s = _whole(facts.get("wait_s"))
    kind = _ENDS.get(end)
    maze = _maze(facts, wait_s, limits, reached=kind is _End.ANSWERED)
    first = _first(signal, end, wait_s, limits)
    lane = Lane.TICKET if maze else first.lane
    return Opinion(lane=lane, reasons=(*first.reasons, *maze))


def _first(signal: Signal, end: str, wait_s: int | None, limits: PhoneLimits) -> Opinion:
    waited = "" if wait_s is None else f"waited {wait_s} s"
    match _ENDS.get(end):
        case _End.ANSWERED:
            return Opinion(lane=Lane.COUNT, reasons=(plain("phone.answered", waited),))
        case _End.LEFT:
            return Opinion(lane=Lane.COUNT, reasons=(plain("phone.left", waited),))
        case _End.VOICEMAIL:
            reason = about("phone.voicemail", _UNREACHED, waited)
            return Opinion(lane=Lane.TICKET, reasons=(reason,))
        case _End.UNREACHED:
            return _unreached(signal, end, wait_s, waited, limits)
        case None:
            reason = about("phone.unknown_end", _UNREACHED, one_line(end, 40))
            return Opinion(lane=Lane.REVIEW, reasons=(reason,))


def _unreached(
    signal: Signal, end: str, wait_s: int | None, waited: str, limits: PhoneLimits
) -> Opinion:
    if end in _GAVE_UP and wait_s is not None and wait_s < limits.short_abandon_seconds:
        return Opinion(lane=Lane.COUNT, reasons=(plain("phone.short_abandon", waited),))
    reasons = [about("phone.unreached", _UNREACHED, ", ".join(filter(None, (end, waited))))]
    lane = Lane.TICKET
    if signal.contact.anonymous:
        reasons.append(plain("phone.withheld"))
        lane = Lane(limits.withheld_numbers)
    return Opinion(lane=lane, reasons=tuple(reasons))


def _maze(
    facts: Mapping[str, Fact], wait_s: int | None, limits: PhoneLimits, *, reached: bool
) -> list[Reason]:
    reasons: list[Reason] = []
    hold_limit = limits.answered_hold_seconds if reached else limits.long_hold_seconds
    transfers, repeats = _whole(facts.get("transfers")), _whole(facts.get("recording_repeats"))
    if wait_s is not None and wait_s >= hold_limit:
        reasons.append(about("phone.long_hold", _MAZE, f"waited {wait_s} s"))
    if transfers is not None and transfers >= limits.maze_transfers:
        reasons.append(about("phone.transfers", _MAZE, f"{transfers} transfers"))
    if repeats is not None and repeats >= limits.maze_recordings:
        reasons.append(about("phone.recording", _MAZE, f"the same recording {repeats} times"))
    return reasons


def _whole(value: Fact | None) -> int | None:
    """Take a whole number that is not negative; anything else is unknown."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value
