"""One daemon per state directory: an flock on a file that is never deleted."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import TextIO

from connector.domain.errors import StateError, StateLocked

LOCK = "lock"


def take(state_dir: Path) -> TextIO:
    """Hold the lock until the returned file is closed (or the process ends, however).

    Raises StateLocked naming the holder.
    """
    path = state_dir / LOCK
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
    except OSError as error:
        raise StateError(f"{path}: cannot be opened ({error.strerror}); is it ours?") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = file.readline().strip() or "an unknown process"
        file.close()
        raise StateLocked(f"{path}: held by {holder}; only one daemon may use a state") from None
    file.seek(0)
    file.truncate()
    file.write(f"pid {os.getpid()} on host {socket.gethostname()}\n")
    file.flush()
    return file


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
