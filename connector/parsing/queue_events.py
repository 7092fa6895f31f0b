"""Asterisk's queue_log, line by line: what an event says, and which ones end a stay.

A line is `epoch|call id|queue|agent|EVENT|parameters...` in UTC seconds, without quoting.
Events that are not in the tables are valid and mean nothing here: any dialplan may write its
own (`QueueLog()`), and new releases add some. The sheet of parameters is app_queue.c's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

MAX_FIELD_CHARS = 256
"""A longer call id, queue or event name is no queue_log line."""

_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,6})?", re.ASCII)
_NUMBER = re.compile(r"\d{1,7}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NO_CALL = frozenset({"", "NONE", "MANAGER", "REALTIME", "CLI"})
_MIN_FIELDS = 5


class CallEnd(StrEnum):
    """How a stay in a queue ended."""

    ABANDONED = "abandoned"
    """The caller hung up while waiting."""
    TIMEOUT = "timeout"
    """Nobody answered in the time the queue allows."""
    EMPTY = "empty"
    """Nobody was on duty any more."""
    KEY = "key"
    """The caller pressed a key to leave."""
    WITHDRAWN = "withdrawn"
    """The system or a supervisor took the caller out (for a callback, for example)."""
    INCOMPATIBLE = "incompatible"
    """The call was lost by a technical fault when it was put through."""
    DROPPED = "dropped"
    """The agent hung up before the conversation began."""
    ANSWERED = "answered"
    """The caller spoke with somebody."""
    TRANSFERRED = "transferred"
    """The caller spoke with somebody and was passed on."""
    UNKNOWN = "unknown"
    """The log does not tell: the phone system restarted, or the end was never logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEvent:
    """One line of the log."""

    at: int
    """UTC, epoch seconds."""
    callid: str
    """Unique id of the caller's channel; NONE and others for events without a call."""
    queue: str
    agent: str = ""
    """Name or interface of the member; NONE where there is none."""
    name: str
    """ENTERQUEUE, CONNECT ...; any other word is possible."""
    params: tuple[str, ...]
    """What stands behind the event's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A line that is none of queue_log."""

    problem: str
    """One sentence, without the line's words."""


def parse_line(data: bytes) -> QueueEvent | Malformed | None:
    """Read one line without its newline; None for a blank one. Never raises."""
    text = _decoded(data).rstrip("\r")
    if not text.strip():
        return None
    fields = text.split("|")
    problem = _fault(text, fields)
    if problem:
        return Malformed(problem=problem)
    return QueueEvent(
        at=int(fields[0].partition(".")[0]),
        callid=fields[1],
        queue=fields[2],
        agent=fields[3],
        name=fields[4],
        params=tuple(fields[5:]),
    )


def _fault(text: str, fields: list[str]) -> str:
    """Say what is wrong with a line, or nothing."""
    if _CONTROL.search(text):
        return "The line holds control characters."
    if len(fields) < _MIN_FIELDS:
        return f"The line has {len(fields)} fields; a queue_log line has {_MIN_FIELDS} or more."
    if not _EPOCH.fullmatch(fields[0]):
        return "The line does not begin with a time in epoch seconds."
    callid, queue, name = fields[1], fields[2], fields[4]
    if not name or max(len(callid), len(queue), len(name)) > MAX_FIELD_CHARS:
        return "Call id, queue or event are empty or too long."
    if name in _HANDLED and name != "QUEUESTART" and callid in _NO_CALL:
        return "An event of a call has no call id."
    return ""


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a closing line tells."""

    wait_s: int | None = None
    position: int | None = None
    original_position: int | None = None
    call_s: int | None = None


def number(params: tuple[str, ...], index: int) -> int | None:
    """Give the parameter as a number; None when it is missing, empty or none."""
    if not -len(params) <= index < len(params) or not _NUMBER.fullmatch(params[index]):
        return None
    return int(params[index])


def _left(params: tuple[str, ...], shift: int = 0) -> Figures:
    """`position|original position|wait time`."""
    return Figures(
        position=number(params, shift),
        original_position=number(params, shift + 1),
        wait_s=number(params, shift + 2),
    )


def _completed(params: tuple[str, ...]) -> Figures:
    """`hold time|call time|original position`."""
    return Figures(
        wait_s=number(params, 0),
        call_s=number(params, 1),
        original_position=number(params, 2),
    )


def _moved(params: tuple[str, ...]) -> Figures:
    """Any data, then `hold time|call time|original position`: counted from the right."""
    return Figures(
        wait_s=number(params, -3),
        call_s=number(params, -2),
        original_position=number(params, -1),
    )


def _transferred_before_12(params: tuple[str, ...]) -> Figures:
    """`extension|context|hold time|call time`, later with the original position."""
    if len(params) == 4:  # noqa: PLR2004 - the form without the last one
        return Figures(wait_s=number(params, 2), call_s=number(params, 3))
    return _moved(params)


_Read: TypeAlias = Callable[[tuple[str, ...]], Figures]
ENDS: Mapping[str, tuple[CallEnd, _Read]] = {
    "ABANDON": (CallEnd.ABANDONED, _left),
    "EXITWITHTIMEOUT": (CallEnd.TIMEOUT, _left),
    "EXITEMPTY": (CallEnd.EMPTY, _left),
    "EXITWITHKEY": (CallEnd.KEY, lambda params: _left(params, 1)),
    "WITHDRAW": (CallEnd.WITHDRAWN, _left),
    "SYSCOMPAT": (CallEnd.INCOMPATIBLE, lambda _: Figures()),
    "AGENTDUMP": (CallEnd.DROPPED, lambda _: Figures()),
    "COMPLETEAGENT": (CallEnd.ANSWERED, _completed),
    "COMPLETECALLER": (CallEnd.ANSWERED, _completed),
    "BLINDTRANSFER": (CallEnd.TRANSFERRED, _moved),
    "ATTENDEDTRANSFER": (CallEnd.TRANSFERRED, _moved),
    "TRANSFER": (CallEnd.TRANSFERRED, _transferred_before_12),
}
"""Events that end a stay, how, and where their parameters stand."""
SPOKEN = frozenset({CallEnd.ANSWERED, CallEnd.TRANSFERRED})
"""Ends that need a conversation."""
PASSING = frozenset({"CONNECT", "RINGNOANSWER", "RINGCANCELED"})
"""Events within a stay."""

_HANDLED = frozenset(ENDS) | PASSING | {"ENTERQUEUE", "QUEUESTART"}
