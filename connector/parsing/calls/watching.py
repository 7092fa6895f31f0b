"""A phone system's logs as a source: calls as signals, and waiting for the next line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connector.domain.practice import Practice
from connector.domain.signal import Batch, Cursor, Item, Unreadable
from connector.parsing.calls.found import Broken, Found, Piece
from connector.parsing.calls.signals import signal_of
from connector.parsing.calls.timeline import Names

LOOK_EVERY_S = 0.5
"""How often `wait` looks at the files."""
QUIET_LOOK_S = 15.0
"""Where a call is open, the source is read again after so long although no line came: calls end
by quiet time too."""


class Reader(Protocol):
    """Reads the logs of one phone system from a cursor on."""

    def read(self, now: float, *, flush: bool = False) -> Iterator[Piece]:
        """Yield what is new up to the present end of the logs."""
        ...

    def __len__(self) -> int:
        """Count the calls that are open."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a source of calls is made of."""

    name: str
    files: tuple[Path, ...]
    """The logs, the leading one first."""
    open: Callable[[Cursor | None], Reader]
    names: Names
    practice: Practice
    now: Callable[[], float] = time.time


class PhoneSource:
    """The part that all sources of calls share; used by one thread, except `close`."""

    def __init__(self, watched: Watched) -> None:
        """Keep what is to be read; nothing is opened before `read`."""
        self.name = watched.name
        self._watched = watched
        self._closing = threading.Event()
        self._seen: tuple[tuple[int, int, int] | None, ...] | None = None
        self._open = 0

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        """Yield the calls that ended behind the cursor. Raises Unavailable."""
        self._closing.clear()
        self._seen = self._signature()
        reader = self._watched.open(after)
        last = after
        for piece in reader.read(self._watched.now()):
            items = tuple(self._item(found) for found in piece.found)
            if items or piece.cursor != last:
                last = piece.cursor
                yield Batch(items=items, cursor=piece.cursor)
            if self._closing.is_set():
                return
        self._open = len(reader)

    def calls(self) -> Iterator[Found]:
        """Yield every call that the logs hold, also those that are not over."""
        reader = self._watched.open(None)
        for piece in reader.read(self._watched.now(), flush=True):
            yield from piece.found

    def settle(self, locators: Sequence[str]) -> None:
        """Do nothing: the logs belong to the phone system."""

    def close(self) -> None:
        """End a reading after its present batch, and a waiting at once."""
        self._closing.set()

    def wait(self, seconds: float) -> bool:
        """Return True as soon as a log differs from what the last reading found."""
        limit = min(seconds, QUIET_LOOK_S) if self._open else seconds
        for _ in range(max(1, round(limit / LOOK_EVERY_S))):
            if self._signature() != self._seen:
                return True
            if self._closing.wait(min(limit, LOOK_EVERY_S)):
                return False
        return bool(self._open) or self._signature() != self._seen

    def _signature(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_state(path) for path in self._watched.files)

    def _item(self, found: Found) -> Item:
        practice = self._watched.practice
        if isinstance(found, Broken):
            return Unreadable(
                tenant=practice.tenant,
                source=self.name,
                locator=printable_place(found.locator),
                problem=found.problem,
                raw=found.raw,
            )
        return signal_of(found, self.name, practice, self._watched.names)


def printable_place(locator: str) -> str:
    """Give a path in UTF-8 also when the file system's bytes are none."""
    return locator.encode("utf-8", "backslashreplace").decode("utf-8")


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
