"""A source in memory, for tests of everything behind sources; passes `SourceContract`."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from connector.domain.errors import ConfigError, EdgeError
from connector.domain.practice import Practice
from connector.domain.signal import Batch, Channel, Contact, Cursor, Item, Signal, Unreadable
from connector.sources.base import Source, SourceSettings


def a_signal(number: int = 1, **changes: object) -> Signal:
    """Make a plausible mail signal, distinct by number; `changes` replace its fields."""
    signal = Signal(
        tenant="practice",
        source="memory",
        natural_key=f"signal-{number}",
        locator=f"memory:{number}",
        channel=Channel.MAIL,
        event_time=None,
        contact=Contact(name=f"Patient {number}", email=f"patient{number}@example.com"),
        subject="Feedback",
        text="I waited for two hours and nobody told me why.",
        raw=b"raw %d" % number,
    )
    return replace(signal, **changes)  # type: ignore[arg-type]  # the caller names Signal's fields


def an_unreadable(number: int = 1) -> Unreadable:
    """Make an item that could not be understood, distinct by number."""
    return Unreadable(
        tenant="practice",
        source="memory",
        locator=f"memory:{number}",
        problem="This item is broken on purpose.",
        raw=b"broken %d" % number,
    )


class MemorySource:
    """Items in a list; the cursor counts how many were read. Safe for several threads."""

    def __init__(
        self, items: Iterable[Item] = (), *, name: str = "memory", batch_size: int = 2
    ) -> None:
        """Begin with these items; `batch_size` items make a batch."""
        self.name = name
        self.settled: list[str] = []
        self.fault: EdgeError | None = None
        """Raised once by the next reading or waiting: an outage of the place."""
        self._items = list(items)
        self._batch_size = batch_size
        self._seen = 0
        self._news = threading.Condition()

    def put(self, *items: Item) -> None:
        """Add items behind all others and wake whoever waits."""
        with self._news:
            self._items.extend(items)
            self._news.notify_all()

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        """Yield what stands behind the cursor, in batches."""
        done = self._position(after)
        while True:
            with self._news:
                self._raise_fault()
                items = tuple(self._items[done : done + self._batch_size])
                self._seen = done + len(items)
            if not items:
                return
            done += len(items)
            yield Batch(items=items, cursor=str(done))

    def wait(self, seconds: float) -> bool:
        """Wait until something is put that was not read yet."""
        with self._news:
            news = self._news.wait_for(
                lambda: self.fault is not None or len(self._items) > self._seen, timeout=seconds
            )
            self._raise_fault()
            return news

    def settle(self, locators: Sequence[str]) -> None:
        """Remember what was settled, once each."""
        self.settled.extend(locator for locator in locators if locator not in self.settled)

    def close(self) -> None:
        """Wake whoever waits; a memory source can be read again after it."""
        with self._news:
            self._news.notify_all()

    def _position(self, after: Cursor | None) -> int:
        if after is None:
            return 0
        if not after.isdecimal() or int(after) > len(self._items):
            raise ConfigError(["the cursor is not one of this source"], where=self.name)
        return int(after)

    def _raise_fault(self) -> None:
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault


class MemorySourceSettings(SourceSettings):
    """Configuration of a source in memory, for tests of what opens sources."""

    kind: Literal["memory"] = "memory"
    name: str = "memory"

    def open(self, practice: Practice) -> Source:
        """Make an empty source."""
        del practice  # the items bring their own tenant
        return MemorySource(name=self.name)
