"""One daemon per state directory: an flock on a file that is never deleted."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path
from typing import TextIO

from connector.domain.errors import StateError, StateLocked

LOCK = "lock"
TRIES = 20
NAP_S = 0.05
"""`holder` takes a shared lock for a moment: a start waits a second in all for it to pass."""
_FOUNDED = "this state is in use since its first start"


def take(state_dir: Path) -> TextIO:
    """Hold the lock until the returned file is closed (or the process ends, however).

    Raises StateLocked naming the holder.
    """
    path = state_dir / LOCK
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
    except OSError as error:
        raise StateError(f"{path}: cannot be opened ({error.strerror}); is it ours?") from None
    if not _locked(file):
        holder = file.readline().strip() or "an unknown process"
        file.close()
        raise StateLocked(f"{path}: held by {holder}; only one daemon may use a state")
    mark = f"{_FOUNDED}\n" if founded(state_dir) else ""
    file.seek(0)
    file.write(f"pid {os.getpid()} on host {socket.gethostname()}\n{mark}")
    file.truncate()
    file.flush()
    return file


def found(file: TextIO) -> None:
    """Write beside the holder that the database was made: an empty one is a loss from now on."""
    file.write(f"{_FOUNDED}\n")
    file.flush()


def founded(state_dir: Path) -> bool:
    """Say whether a database was ever made here."""
    try:
        return _FOUNDED in (state_dir / LOCK).read_text(encoding="utf-8")
    except OSError:
        return False


def _locked(file: TextIO) -> bool:
    for attempt in range(TRIES):
        if attempt:
            time.sleep(NAP_S)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        return True
    return False


def holder(state_dir: Path) -> str | None:
    """Who holds the lock now; None when no daemon runs."""
    path = state_dir / LOCK
    try:
        with path.open("r", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return file.readline().strip() or "an unknown process"
    except OSError:
        return None
    return None
