"""Taking signals in, beside sqlite3 alone that writes the very same rows.

Ours makes identities, commitments, salts and the hash chain, and writes in batches of 100.
Beside it, the `sqlite3` module alone, in the same folder: a database of the same schema
(indexes, triggers, settings of the connection), the rows read back from ours and held
ready, the same 100 signals a commit. It computes nothing: what it does is the limit.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Figure, rate
from bench.measure import child, tell
from bench.sizes import Sizes
from connector.domain.signal import Batch, Channel, Contact, Item, Signal
from connector.store import signals
from connector.store.engine import DATABASE
from connector.store.store import Store

BATCH = 100
TARGET = 0.7
_TABLES = ("content", "seen", "signal", "ledger")
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")


def run(sizes: Sizes) -> list[Figure]:
    """Take in, then write the same rows alone."""
    with tempfile.TemporaryDirectory() as folder:
        found = child("bench.ingest", folder, str(sizes.signals))
    ratio = found["raw"] / found["ours"]
    return [
        Figure(
            name=f"ingest in batches of {BATCH}",
            ours=rate(found["count"], found["ours"]),
            beside=f"sqlite3 writing the same rows {rate(found['count'], found['raw'])}",
            ratio=f"{ratio:.2f}",
            target=f"at least {TARGET}",
            met=ratio >= TARGET,
        )
    ]


def item(number: int) -> Item:
    """One signal with a text and an original of about 700 bytes."""
    text = f"I waited for {number % 90} minutes and nobody told me why. " * 6
    return Signal(
        tenant="bench",
        source="mail",
        natural_key=f"<{number}@patient.example>",
        locator=f"INBOX/1/{number}",
        channel=Channel.MAIL,
        event_time=datetime(2026, 11, 20, 10, tzinfo=UTC),
        contact=Contact(name="Jane Roe", email=f"patient{number}@patient.example"),
        subject="My visit",
        text=text,
        reply_text=text,
        facts={"message_id": f"{number}@patient.example"},
        raw=(text * 2)[:700].encode(),
    )


def _ours(folder: Path, count: int) -> float:
    store = Store(folder, role="daemon", actor="daemon")
    batches = [
        Batch(items=tuple(map(item, range(first, first + BATCH))), cursor=str(first))
        for first in range(0, count, BATCH)
    ]
    began = time.perf_counter()
    for batch in batches:
        store.write(lambda tx, batch=batch: signals.take(tx, "bench", "mail", "imap", batch))
    seconds = time.perf_counter() - began
    store.close()
    return seconds


def _raw(ours: Path, folder: Path) -> float:
    Store(folder, role="daemon", actor="daemon").close()  # the schema
    with closing(sqlite3.connect(ours / DATABASE)) as source:
        rows = {name: list(source.execute(f"SELECT * FROM {name}")) for name in _TABLES}  # noqa: S608 - our own names
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        began = time.perf_counter()
        for first in range(0, len(rows["signal"]), BATCH):
            connection.execute("BEGIN IMMEDIATE")
            for name in _TABLES:
                each = len(rows[name]) // len(rows["signal"]) * BATCH
                start = first // BATCH * each
                _insert(connection, name, rows[name][start : start + each])
            connection.execute("UPDATE meta SET value = value")
            connection.execute("COMMIT")
        return time.perf_counter() - began


def _insert(connection: sqlite3.Connection, name: str, rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608 - our own names


def _main(folder: Path, count: int) -> None:
    ours, raw = folder / "ours", folder / "raw"
    seconds = _ours(ours, count)
    tell(ours=seconds, raw=_raw(ours, raw), count=count)


if __name__ == "__main__":
    import sys

    _main(Path(sys.argv[1]), int(sys.argv[2]))
