"""The book in force: read at the start, read again when a file changes, never a bad one.

At the start a bad text is refused, because an admin is looking. Later it is not worth a stopped
daemon: the last good book stays in force, and it is said so, once for each change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from connector.domain.errors import ConfigError
from connector.recovery.drafts.book import Book, Fault, builtin, fingerprint, read
from connector.recovery.drafts.review import Scope, review

LOOK_EVERY_S: Final = 30.0
"""Files are looked at no more often."""


def examine(folder: Path | None, scopes: Sequence[Scope]) -> tuple[Book, list[Fault]]:
    """Read a folder and say everything that is wrong with it, and with what is ours."""
    book, faults = read(folder)
    return book, [*faults, *review(book, scopes)]


class Shelf:
    """Gives the book in force; may be used by any thread."""

    def __init__(
        self,
        folder: Path | None = None,
        scopes: Sequence[Scope] = (),
        *,
        tell: Callable[[Sequence[Fault]], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the folder. Raises ConfigError for texts that must not be used.

        `tell` is called when a change on disk is not taken (with what is wrong) or is taken
        after such a one (with nothing).
        """
        self._folder, self._scopes = folder, tuple(scopes)
        self._tell, self._clock = tell, clock
        self._lock = threading.Lock()
        self._looked_at = clock()
        self._print = fingerprint(folder)
        self._book = builtin()
        self.faults: tuple[Fault, ...] = ()
        """What keeps the files as they are now from being used."""
        if folder is not None:
            self._book, faults = examine(folder, self._scopes)
            refused(faults)

    def book(self) -> Book:
        """Give the book, after a look at the files if the last one was some time ago."""
        with self._lock:
            now = self._clock()
            if self._folder is not None and now - self._looked_at >= LOOK_EVERY_S:
                self._looked_at = now
                self._look()
            return self._book

    def _look(self) -> None:
        seen = fingerprint(self._folder)
        if seen == self._print:
            return
        self._print = seen
        book, faults = examine(self._folder, self._scopes)
        bad = tuple(fault for fault in faults if fault.level == "problem")
        before, self.faults = self.faults, bad
        if not bad:
            self._book = book
        if bad or before:
            self._tell(bad)


def refused(faults: Sequence[Fault]) -> None:
    """Raise a ConfigError that names file, line, phrase and cure of all that must not be used."""
    bad = [str(fault) for fault in faults if fault.level == "problem"]
    if bad:
        raise ConfigError(bad, where="recovery.drafts.folder")
