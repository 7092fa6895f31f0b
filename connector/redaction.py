"""What may stand in the log: known keys, plain values, no address, no number.

These are the processors behind `connector.logs`, free of any set-up.
"""

from __future__ import annotations

import ipaddress
import math
import re
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from connector.domain.errors import AmendsError

KEYS = frozenset(
    {
        # what speaks and what about: ids of ours and of the helpdesk, configured names
        "action", "case", "chain", "change", "helpdesk", "key", "lane", "op", "request_id", "room",
        "run", "severity", "signal", "source", "step", "target", "tenant", "ticket", "worker",
        # how it went: codes, states, sentences of ours
        "bucket", "code", "component", "cure", "error", "exc_type",
        "from_state", "kind", "level", "logger",
        "outcome", "place", "problem", "reason", "result", "signum", "state", "status", "to_state",
        # how many, how long, when
        "age_s", "attempt", "backlog", "bytes", "bytes_free", "bytes_max", "cases", "count",
        "delay_s", "due_at", "duration_ms", "duration_s", "duplicates", "held", "items", "lag_s",
        "limit", "new", "parked", "pending", "pid", "port", "repeated", "retry_after_s", "rows",
        "seq", "since", "total", "unreadable", "until", "wait_s",
        # what runs
        "config", "file_count", "host", "lines", "listen", "path", "python", "schema", "sources",
        "state_dir", "version", "warnings",
    }
)  # fmt: skip
"""Keys that pass. None of them may be given a patient's words, names, numbers or addresses."""

VOLATILE = frozenset(
    {"age_s", "attempt", "backlog", "count", "delay_s", "duration_ms", "duration_s", "lag_s",
     "pending", "repeated", "request_id", "retry_after_s", "since", "until", "wait_s"}
)  # fmt: skip
"""Keys that differ each time the same trouble comes again: folding looks past them."""

MAX_TEXT = 300
"""A text is cut to so many characters."""

MAX_LIST = 20
"""A list is cut to so many entries."""

MAX_FOLDED = 1_000
"""So many different troubles are remembered for folding; the oldest is forgotten."""

MAX_CAUSES = 5
"""A chain of causes is told to this depth."""

MASKED_ADDRESS = "[address]"
MASKED_NUMBER = "[number]"

_EVENT = re.compile(r"[a-z][a-z0-9_.]{0,59}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:\[\]]{1,64}(?:@|%40|\(at\))[^\s@<>\"'(),;:\[\]]{1,255}")
_NUMBER = re.compile(r"(?<![\w-])\+?\(?\d(?:[\s().\-/\u2010-\u2015\u00a0]*\d){6,}(?![\w-])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d)?")


def allow(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Let known keys pass with plain, masked values; name what is withheld."""
    passed: EventDict = {}
    withheld: list[str] = []
    for key, value in event.items():
        if key == "event":
            passed[key] = value if _is_code(value) else "unnamed_event"
        elif key in KEYS:
            passed[key] = plain(value)
        else:
            withheld.append(key if _KEY.fullmatch(str(key)) else "?")
    if withheld:
        passed["withheld"] = sorted(set(withheld))[:MAX_LIST]
    return passed


def plain(value: Any) -> Any:
    """Reduce a value to what JSON and people can read; anything else is told by its type."""
    if isinstance(value, list | tuple):
        return [_scalar(entry) for entry in value[:MAX_LIST]]
    if isinstance(value, set | frozenset):
        return [_scalar(entry) for entry in sorted(value, key=str)[:MAX_LIST]]
    return _scalar(value)


def _scalar(value: Any) -> str | int | float | None:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, str | PurePath):
        return mask(str(value))
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return f"[{type(value).__name__}]"


def mask(text: str) -> str:
    """Mask mail addresses and phone numbers, and cut; times, IP addresses and ids stay."""
    cut = text[: MAX_TEXT * 4]  # masking works on a bounded text
    cut = _NUMBER.sub(_number, _ADDRESS.sub(MASKED_ADDRESS, cut))
    return cut if len(cut) <= MAX_TEXT else cut[: MAX_TEXT - 3] + "..."


def tell_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by type and place; only our own errors may say their sentence."""
    error = _exception(event.pop("exc_info", None))
    event.pop("exception", None)
    event.pop("stack_info", None)
    if error is None:
        return event
    event["error"] = kinds(error)
    event["place"] = place(error)
    if isinstance(error, AmendsError):
        event.setdefault("problem", str(error))
    return event


def kinds(error: BaseException) -> str:
    """Name the type of an exception and of what caused it: `Unavailable < TimeoutError`."""
    names: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(names) < MAX_CAUSES:
        seen.add(id(current))
        names.append(type(current).__name__)
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return " < ".join(names)


def place(error: BaseException) -> str:
    """Say where an exception was raised, and where our own code was then; no values."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    ours = [frame for frame in frames if "/connector/" in frame.filename]
    told = [frames[-1]] if not ours or ours[-1] is frames[-1] else [ours[-1], frames[-1]]
    return " > ".join(f"{_module(frame.filename)}:{frame.lineno}" for frame in told)


class Fold:
    """Writes the same warning or error once in a window, then with how often it was left out."""

    def __init__(self, *, window_s: int, clock: Callable[[], float]) -> None:
        """`clock` gives monotonic seconds; a window of 0 lets everything pass."""
        self._window_s = window_s
        self._clock = clock
        self._seen: OrderedDict[object, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Pass the event on or raise structlog.DropEvent."""
        if self._window_s == 0 or event.get("level") not in {"warning", "error", "critical"}:
            return event
        identity = _identity(event)
        with self._lock:
            now = self._clock()
            last, left_out = self._seen.get(identity, (None, 0))
            if last is not None and now - last < self._window_s:
                self._seen[identity] = (last, left_out + 1)
                raise structlog.DropEvent
            self._seen[identity] = (now, 0)
            self._seen.move_to_end(identity)
            if len(self._seen) > MAX_FOLDED:
                self._seen.popitem(last=False)
        return {**event, "repeated": left_out} if left_out else event


def _identity(event: Mapping[str, Any]) -> object:
    return tuple(sorted((key, str(value)) for key, value in event.items() if key not in VOLATILE))


def _is_code(value: object) -> bool:
    return isinstance(value, str) and _EVENT.fullmatch(value) is not None


def _number(found: re.Match[str]) -> str:
    text = found[0]
    if _DAY.fullmatch(text):
        return text
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return MASKED_NUMBER
    return text


def _exception(info: Any) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return info[1] if len(info) > 1 and isinstance(info[1], BaseException) else None
    if info:
        return sys.exc_info()[1]
    return None


def _module(filename: str) -> str:
    parts = PurePath(filename).parts
    if "connector" in parts:
        at = len(parts) - 1 - parts[::-1].index("connector")
        return "/".join(parts[at:])
    return "/".join(parts[-2:])
