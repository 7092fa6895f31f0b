"""Keeps the witness up to date while the daemon runs, and asks it at the start."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection

from connector.store import head, ledger, restoring
from connector.store.head import Head, HeadFile


def look_back(
    connection: Connection, state_dir: Path, instance: str, *, log: bool, at: datetime
) -> Head:
    """Compare the database with its witness and enter recovery when it is older.

    Gives the head as it is to be written once the transaction is committed; `log` says
    whether the write-ahead log lay beside the database before it was opened.
    """
    before, boot = head.read(state_dir), head.boot_id()
    why = restoring.suspicion(connection, before, log=log, boot=boot)
    if why:
        notes = restoring.begin(connection, why, before, at=at)
        ledger.append(connection, notes, at=at, actor="daemon", chain=ledger.DAEMON_CHAIN)
    recovery = restoring.load(connection)
    return Head(
        instance=instance,
        epoch=recovery.epoch if recovery is not None else 0,
        boot=boot,
        clean=False,
        chains={name: (seq, mark.hex()) for name, (seq, mark) in ledger.heads(connection).items()},
    )


class Witness:
    """The daemon's hand on the file `head`; used by the writer and by one other thread."""

    def __init__(self, state_dir: Path, found: Head) -> None:
        """Write down what was found at the start. Raises StateError."""
        self._file = HeadFile(state_dir, found)
        self._lock = threading.Lock()
        self._expected: dict[str, tuple[int, bytes]] = {}

    def expect(self, chain: str, seq: int, digest: bytes) -> None:
        """Take the head that a chain will have when the running transaction is committed."""
        self._expected[chain] = (seq, digest)

    def ended(self, durable: bool) -> None:  # noqa: FBT001 - the writer's one question
        """Write down what was committed, before anybody can act upon it; forget what was not."""
        expected, self._expected = self._expected, {}
        if durable:
            with self._lock:
                for chain, (seq, digest) in expected.items():
                    self._file.note(chain, seq, digest)

    def flush(self, heads: Mapping[str, tuple[int, bytes]]) -> None:
        """Flush to the disk, with what others (commands) appended meanwhile."""
        with self._lock:
            known = self._file.head.chains
            newer = {
                chain: (seq, digest.hex())
                for chain, (seq, digest) in heads.items()
                if seq > known.get(chain, (0, ""))[0]
            }
            self._file.head = replace(self._file.head, chains={**known, **newer})
            self._file.put(flush=True)

    def close(self, *, clean: bool) -> None:
        """Let go; `clean` writes down that everything was put away in order."""
        with self._lock:
            if clean:
                self._file.head = replace(self._file.head, clean=True)
                self._file.put(flush=True)
            self._file.close()
