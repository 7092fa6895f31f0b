"""How far the ledger had come: a witness beside the database that does not go back with it.

A database that is put back (yesterday's copy, a log deleted by a "clean-up") looks as whole
as ever. What tells is this file, which names the newest entry of each chain: when the
database does not hold that entry, things were done that it knows nothing about.

It is overwritten in place, in two slots by turns, after every commit and before anybody is
told of it, so it is never ahead of the database and at most one torn slot behind. It is
flushed to the disk at start, stop and every few seconds; after a power cut it may therefore
be a little older than the database, which is why it also names the boot.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from connector.domain.errors import StateError

HEAD = "head"
"""File name inside the state directory."""
SLOT_BYTES = 1_024
"""Two lines of so many bytes; each is less than a sector of any disk of today."""
SLOTS = 2
_SUM_CHARS = 32
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the witness says."""

    instance: str
    """Id of the installation, 16 hex digits."""
    epoch: int
    """How often this state was put back."""
    boot: str
    """Since which start of the machine the daemon runs; empty where that cannot be told."""
    clean: bool
    """True when the daemon ended in order, with everything in the database itself."""
    turn: int = 0
    """Counts the writings; the slot with the higher turn is the newer one."""
    chains: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Number and hash (hex) of the newest entry, by chain."""


class HeadFile:
    """Writes the witness; used by the daemon alone, under the state's lock."""

    def __init__(self, state_dir: Path, head: Head) -> None:
        """Open or make the file and write down `head` for good. Raises StateError."""
        self._path = state_dir / HEAD
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.ftruncate(self._file, SLOT_BYTES * SLOTS)
        except OSError as error:
            told = f"{self._path}: cannot be written ({error.strerror}); check disk and owner"
            raise StateError(told) from None
        self.head = head
        for _ in range(SLOTS):  # in both: whatever an older run left must not come back
            self.put(flush=True)

    def note(self, chain: str, seq: int, digest: bytes) -> None:
        """Remember a newer entry of a chain; survives the process, not yet a power cut."""
        chains = {**self.head.chains, chain: (seq, digest.hex())}
        self.head = replace(self.head, chains=chains)
        self.put()

    def put(self, *, flush: bool = False) -> None:
        """Write into the older slot. A disk that refuses leaves the witness older, no more."""
        self.head = replace(self.head, turn=self.head.turn + 1)
        with suppress(OSError):
            os.pwrite(self._file, _printed(self.head), self.head.turn % SLOTS * SLOT_BYTES)
            if flush:
                os.fdatasync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        with suppress(OSError):
            os.close(self._file)


def read(state_dir: Path) -> Head | None:
    """Read the witness; None when there is none that can be believed."""
    try:
        with (state_dir / HEAD).open("rb") as file:
            slots = [file.read(SLOT_BYTES) for _ in range(SLOTS)]
    except OSError:
        return None
    found = [head for head in map(_parsed, slots) if head is not None]
    return max(found, key=lambda head: head.turn, default=None)


def boot_id() -> str:
    """Name this start of the machine; empty where that cannot be told."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _printed(head: Head) -> bytes:
    body: dict[str, Any] = {
        "amends_head": 1,
        "instance": head.instance,
        "epoch": head.epoch,
        "boot": head.boot,
        "clean": head.clean,
        "turn": head.turn,
        "chains": {name: [seq, digest] for name, (seq, digest) in head.chains.items()},
    }
    line = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    line = _sum(line) + b" " + line
    if len(line) >= SLOT_BYTES:
        raise StateError(f"{HEAD}: too many chains for its slot")
    return line.ljust(SLOT_BYTES - 1) + b"\n"


def _parsed(slot: bytes) -> Head | None:
    digest, _, line = slot.strip().partition(b" ")
    if digest != _sum(line):
        return None  # torn, empty or edited
    try:
        body = json.loads(line)
        return Head(
            instance=body["instance"],
            epoch=body["epoch"],
            boot=body["boot"],
            clean=body["clean"],
            turn=body["turn"],
            chains={name: (int(seq), str(mark)) for name, (seq, mark) in body["chains"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _sum(line: bytes) -> bytes:
    return hashlib.sha256(line).hexdigest()[:_SUM_CHARS].encode()
