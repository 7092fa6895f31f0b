"""A call told in plain words, line by line, for whoever calls back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from connector.domain.call import Call, Direction, HangUp, Outcome, Step, StepKind, TransferKind
from connector.domain.plain import one_line
from connector.parsing.call_words import duration_words

MAX_LINES = 40
"""A longer timeline is cut in the middle."""
MAX_NAME_CHARS = 80

_SUFFIXES: Final = {1: "st", 2: "nd", 3: "rd"}
_TEEN: Final = range(11, 14)

_OUTCOMES: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        Outcome.ANSWERED: "Somebody spoke with the caller.",
        Outcome.ABANDONED: "The caller hung up while waiting and reached nobody.",
        Outcome.ABANDONED_ON_HOLD: "The caller was put on hold and hung up there.",
        Outcome.LOST_AFTER_TRANSFER: "The caller was passed on to where nobody answered.",
        Outcome.TIMEOUT: "Nobody answered in the time the queue allows.",
        Outcome.EMPTY: "Nobody was on duty in the queue any more.",
        Outcome.REFUSED: "The queue did not let the caller in.",
        Outcome.KEY: "The caller pressed a key to stop waiting, and nobody answered.",
        Outcome.WITHDRAWN: "The phone system took the caller out of the queue "
        "(for a callback, for example).",
        Outcome.MISSED: "Nobody answered.",
        Outcome.BUSY: "The line was busy.",
        Outcome.FAILED: "The phones could not be reached.",
        Outcome.VOICEMAIL: "The caller left a voicemail.",
        Outcome.VOICEMAIL_NO_MESSAGE: "The caller reached the voicemail and left no message.",
        Outcome.VOICEMAIL_UNCLEAR: "The caller reached the voicemail; the log does not tell "
        "whether a message was left.",
        Outcome.MENU: "The caller hung up in the menu before reaching anyone.",
        Outcome.MENU_DEAD_END: "The menu ended the call before the caller reached anyone.",
        Outcome.UNKNOWN: "The phone system did not record how the call ended.",
    }
)
_LEAVING: Final[Mapping[str, str]] = MappingProxyType(
    {
        Outcome.ABANDONED.value: "hung up while waiting",
        Outcome.TIMEOUT.value: "was sent on because nobody answered",
        Outcome.EMPTY.value: "was sent on because nobody was on duty",
        Outcome.REFUSED.value: "was not let in",
        Outcome.KEY.value: "pressed a key to leave",
        Outcome.WITHDRAWN.value: "was taken out of the queue",
        Outcome.FAILED.value: "was lost while being put through",
    }
)
_ENDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        HangUp.CALLER.value: "the caller hung up",
        HangUp.STAFF.value: "our side hung up",
        HangUp.SYSTEM.value: "the phone system ended the call",
        HangUp.UNKNOWN.value: "the call ended",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How the team calls what the phone system numbers."""

    queues: Mapping[str, str] = field(default_factory=dict)
    staff: Mapping[str, str] = field(default_factory=dict)
    recordings: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)

    def of(self, known: Mapping[str, str], key: str, otherwise: str) -> str:
        """Give `Front desk (101)` for a known key, else the key itself."""
        name = known.get(key)
        if name:
            return f"{one_line(name, MAX_NAME_CHARS)} ({one_line(key, MAX_NAME_CHARS)})"
        return one_line(key, MAX_NAME_CHARS) or otherwise


def ordinal(number: int) -> str:
    """Give `1st`, `2nd`, `11th`."""
    suffix = "th" if number % 100 in _TEEN else _SUFFIXES.get(number % 10, "th")
    return f"{number}{suffix}"


def summary(call: Call, names: Names) -> str:
    """Tell the call in one or two sentences."""
    line = names.of(names.lines, call.dialled, "")
    called = f"Called {line}. " if line and call.direction is Direction.INBOUND else ""
    waited = ""
    if call.wait_s is not None and call.queues:
        waited = f"Waited {duration_words(call.wait_s)} in queue. "
    passed = f"Passed on {_times(len(call.transfers))}. " if call.transfers else ""
    if call.truncated:
        return f"{called}{waited}{passed}The log ends before the call does."
    return f"{called}{waited}{passed}{_OUTCOMES[call.outcome]}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def timeline(call: Call, zone: ZoneInfo, names: Names) -> list[str]:
    """Tell the call step by step, local time in front; at most MAX_LINES lines."""
    start = _clock(call.started_at, zone)
    line = names.of(names.lines, call.dialled, "an unknown number")
    told = [f"{start} called {line}"]
    told += [f"{_clock(step.at, zone)} {_WORDS[step.kind](step, names)}" for step in call.steps]
    if call.truncated:
        told.append(f"{_clock(call.ended_at, zone)} the log ends before the call does")
    if len(told) > MAX_LINES:
        left_out = len(told) - MAX_LINES + 1
        half = MAX_LINES // 2
        return [*told[:half], f"... {left_out} steps left out ...", *told[half + left_out :]]
    return told


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%H:%M:%S")


def _after(step: Step, word: str = "after") -> str:
    return "" if step.seconds is None else f" {word} {duration_words(step.seconds)}"


def _answered(step: Step, names: Names) -> str:
    return f"answered by {names.of(names.staff, step.who, 'somebody')}{_after(step)}"


def _rang(step: Step, names: Names) -> str:
    who = names.of(names.staff, step.who, "a phone")
    if step.detail == Outcome.BUSY.value:
        return f"{who} was busy"
    return f"{who} rang{_after(step, 'for')} without an answer"


def _queued(step: Step, names: Names) -> str:
    return f"entered queue {names.of(names.queues, step.what, '(no name)')}"


def _left(step: Step, names: Names) -> str:
    how = _LEAVING.get(step.detail, "left")
    return f"{how}{_after(step)} (queue {names.of(names.queues, step.what, '(no name)')})"


def _transferred(step: Step, names: Names) -> str:
    to = names.of({**names.queues, **names.staff}, step.what, "somebody")
    by = f" by {names.of(names.staff, step.who, '')}" if step.who else ""
    asked = " after asking there" if step.detail == TransferKind.ATTENDED.value else ""
    return f"transferred to {to}{by}{asked}"


def _held(step: Step, names: Names) -> str:
    del names
    return f"put on hold{_after(step, 'for')}"


def _parked(step: Step, names: Names) -> str:
    back = f", taken back by {names.of(names.staff, step.who, '')}" if step.who else ""
    return f"parked{_after(step, 'for')}{back}"


def _heard(step: Step, names: Names) -> str:
    name = names.recordings.get(step.what) or step.what
    return f'recording "{one_line(name, MAX_NAME_CHARS)}" for the {ordinal(step.seconds or 1)} time'


def _voicemail(step: Step, names: Names) -> str:
    return f"voicemail {names.of(names.staff, step.what, '')}".rstrip() + " took the call"


def _message(step: Step, names: Names) -> str:
    del names
    length = "" if step.seconds is None else f" of {duration_words(step.seconds)}"
    return f"left a message{length}"


def _hung_up(step: Step, names: Names) -> str:
    del names
    return _ENDERS.get(step.detail, _ENDERS[""])


_WORDS: Final[Mapping[StepKind, Callable[[Step, Names], str]]] = MappingProxyType(
    {
        StepKind.RANG: _rang,
        StepKind.ANSWERED: _answered,
        StepKind.QUEUED: _queued,
        StepKind.LEFT_QUEUE: _left,
        StepKind.TRANSFERRED: _transferred,
        StepKind.HELD: _held,
        StepKind.PARKED: _parked,
        StepKind.HEARD: _heard,
        StepKind.VOICEMAIL: _voicemail,
        StepKind.MESSAGE: _message,
        StepKind.HUNG_UP: _hung_up,
    }
)
