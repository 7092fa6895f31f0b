"""Lines on disk: appended whole, synced as asked, rotated by size, old parts removed by age.

One process writes (a lock says so). After a crash or a torn write the file goes on with a new
line, so that one broken line never spoils the next. When the disk is full, what was taken stays
in memory and is tried again; nobody takes more meanwhile (`blocked`).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from connector.domain.errors import StateError, StateLocked

ROTATE_BYTES = 16 * 1024**2
"""The file is rotated when it is larger."""
KEEP_DAYS = 30
"""Rotated parts are removed when nothing was added for so long."""
SYNC_EVERY_S = 1.0
"""How often is synced with `Sync.SECOND`."""
LOCK_TRIES = 20
LOCK_NAP_S = 0.05
"""`amends listen --status` looks at the lock for a moment: a start waits a second in all."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DAY_S = 86_400


class Sync(StrEnum):
    """When lines are forced to the disk."""

    ALWAYS = "always"
    """Before anything more is taken from the network: a power cut loses what was on its way."""
    SECOND = "second"
    """Once a second: a power cut loses at most a second; a crash of the program nothing."""
    NEVER = "never"
    """When the system likes to: a power cut may lose half a minute."""


class Spool:
    """One file that grows; used by one thread."""

    def __init__(
        self,
        path: Path,
        *,
        sync: Sync = Sync.ALWAYS,
        rotate_bytes: int = ROTATE_BYTES,
        keep_days: int = KEEP_DAYS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open or make the file. Raises StateLocked, StateError.

        `clock` gives epoch seconds: for names of parts, their age and the second of syncing.
        """
        self.path = path
        self._sync = sync
        self._rotate_bytes = rotate_bytes
        self._keep_days = keep_days
        self._clock = clock
        self._owed = bytearray()
        self._dirty = False
        self._synced_at = clock()
        self._lock = _locked(path.with_name(path.name + ".lock"))
        try:
            self._file = self._open()
        except OSError as fault:
            os.close(self._lock)
            raise StateError(f"{path}: cannot be opened ({fault.strerror})") from None

    @property
    def blocked(self) -> bool:
        """True while something could not be written: take nothing more."""
        return bool(self._owed)

    def add(self, lines: Sequence[bytes]) -> None:
        """Append lines and sync them, as configured. Raises StateError when the disk fails."""
        for line in lines:
            self._owed += line + b"\n"
        self.flush()

    def flush(self) -> None:
        """Write what is owed as far as there is room, sync and rotate if it is time to."""
        try:
            if self._owed and self._moved():
                self._begin_anew()
            while self._owed:
                written = os.write(self._file, self._owed)
                del self._owed[:written]
                self._dirty = True
        except OSError as fault:
            if fault.errno not in _FULL:
                raise StateError(f"{self.path}: cannot be written ({fault.strerror})") from None
        self._force()
        if not self._owed and os.fstat(self._file).st_size >= self._rotate_bytes:
            self._rotate()

    def close(self) -> None:
        """Write and sync what there is, give file and lock back."""
        with suppress(StateError):
            self.flush()
        with suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)
        os.close(self._lock)

    def _moved(self) -> bool:
        """Say whether somebody else renamed or removed the file."""
        try:
            return self.path.stat().st_ino != os.fstat(self._file).st_ino
        except FileNotFoundError:
            return True

    def _begin_anew(self) -> None:
        new = self._open()
        os.close(self._file)
        self._file = new

    def _force(self) -> None:
        """Sync if it is time to; a disk that fails at it is not to be trusted any more."""
        now = self._clock()
        due = self._sync is Sync.ALWAYS or (
            self._sync is Sync.SECOND and abs(now - self._synced_at) >= SYNC_EVERY_S
        )
        if not (self._dirty and due):
            return
        try:
            os.fdatasync(self._file)
        except OSError as fault:
            raise StateError(f"{self.path}: cannot be synced ({fault.strerror})") from None
        self._dirty, self._synced_at = False, now

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        file = os.open(self.path, flags, 0o640)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            self._owed[:0] = b"\n"
        _sync_folder(self.path.parent)
        return file

    def _rotate(self) -> None:
        """Put the file aside under a name of its time, and begin a new one."""
        stamp = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y%m%dT%H%M%S")
        part = self.path.with_name(f"{self.path.name}-{stamp}")
        count = 0
        while part.exists():
            count += 1
            part = self.path.with_name(f"{self.path.name}-{stamp}.{count}")
        try:
            os.fsync(self._file)
            self.path.rename(part)
            self._begin_anew()
        except OSError:
            return  # no room for another file: this one goes on growing
        self._tidy()

    def _tidy(self) -> None:
        """Remove parts of this spool that are old."""
        ours = re.compile(re.escape(self.path.name) + r"-\d{8}T\d{6}(?:\.\d+)?(?:\.(?:gz|bz2|xz))?")
        oldest = self._clock() - self._keep_days * _DAY_S
        with suppress(OSError):
            for name in os.listdir(self.path.parent):  # noqa: PTH208 - names only
                part = self.path.with_name(name)
                if ours.fullmatch(name) and part.stat().st_mtime < oldest:
                    part.unlink()


def _locked(path: Path) -> int:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as fault:
        raise StateError(f"{path}: cannot be opened ({fault.strerror})") from None
    for attempt in range(LOCK_TRIES):
        if attempt:
            time.sleep(LOCK_NAP_S)
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
    os.close(lock)
    raise StateLocked(f"{path}: another amends listen writes this file")


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
