"""How a listener goes: a small JSON file beside the spool, and what it means."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

MAX_STATUS_BYTES = 65_536
"""A larger file is none of ours."""


@dataclass(slots=True, kw_only=True)
class Counts:
    """What happened since the listener started; times are epoch seconds, 0 for never."""

    started_at: int = 0
    lines: int = 0
    bytes: int = 0
    last_line_at: int = 0
    connections: int = 0
    """Open now."""
    accepted: int = 0
    """Connections since the start, made by either side."""
    refused: int = 0
    """Connections of peers that are not allowed, or beyond the limit."""
    cut: int = 0
    """Lines that were longer than the limit."""
    unfinished: int = 0
    """Lines that came without an end."""
    blocked: bool = False
    """True while the disk is full: nothing is taken."""
    written_at: int = 0


def status_path(spool: Path) -> Path:
    """Name the file that holds the status of a spool."""
    return spool.with_name(spool.name + ".status")


def write(spool: Path, counts: Counts) -> None:
    """Replace the status; a full disk is no reason to stop."""
    path = status_path(spool)
    new = path.with_name(path.name + ".new")
    with suppress(OSError):
        new.write_text(json.dumps(asdict(counts)), encoding="utf-8")
        new.replace(path)


def read(spool: Path) -> Counts | None:
    """Read the status; None when there is none."""
    try:
        with status_path(spool).open("rb") as file:
            plain = json.loads(file.read(MAX_STATUS_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(plain, dict):
        return None
    known = {field.name for field in fields(Counts)}
    counts = {name: value for name, value in plain.items() if name in known}
    return Counts(**counts) if all(isinstance(v, int) for v in counts.values()) else None


def running(spool: Path) -> bool:
    """Say whether a listener writes this spool now."""
    try:
        lock = os.open(spool.with_name(spool.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
