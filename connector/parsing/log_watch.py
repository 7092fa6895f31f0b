"""Wait until a log or a folder changed, by looking at it: a `stat` twice a second.

No inotify: it says nothing of changes that another host makes on a network file system, misses
what happens before the watch is set, and looking costs about 2 microseconds a time.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TypeAlias

LOOK_EVERY_S = 0.5
"""How often the path is looked at."""

_Signature: TypeAlias = tuple[int, int, int] | None


class LogWatch:
    """Knows what a path looked like when it was read last; `close` comes from any thread."""

    def __init__(self, path: Path) -> None:
        """Watch one path, which need not exist."""
        self._path = path
        self._seen: _Signature = None
        self._closing = threading.Event()

    @property
    def closing(self) -> bool:
        """True once `close` was called, until the next reading begins."""
        return self._closing.is_set()

    def begin(self) -> None:
        """Note what the path looks like; to be called before reading, never after."""
        self._closing.clear()
        self._seen = self._signature()

    def close(self) -> None:
        """End a waiting at once."""
        self._closing.set()

    def wait(self, seconds: float) -> bool:
        """Return True as soon as the path differs from what `begin` saw, False after a while."""
        looks = max(1, round(seconds / LOOK_EVERY_S))
        for _ in range(looks):
            if self._signature() != self._seen:
                return True
            if self._closing.wait(min(seconds, LOOK_EVERY_S)):
                return False
        return self._signature() != self._seen

    def _signature(self) -> _Signature:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns
