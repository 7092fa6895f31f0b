"""From the start of the process to READY, with a long past in the state."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from bench.figures import Figure
from bench.ingest import item
from bench.measure import child, daemon, tell
from bench.sizes import Sizes
from campaign.stage import write_config
from connector.domain.signal import Batch
from connector.store import signals
from connector.store.engine import DATABASE
from connector.store.store import Store

_PART = 1_000
ROUNDS = 3


def run(sizes: Sizes) -> list[Figure]:
    """Fill a state by the store's own means, then start the daemon on it and on an empty one."""
    with tempfile.TemporaryDirectory() as name:
        full, empty = Path(name) / "full", Path(name) / "empty"
        for folder in (full, empty):
            folder.mkdir()
            write_config(folder, 9, 9, "token")
        found = child("bench.start", str(full / "state"), str(sizes.stored))
        seconds = [_start(full) for _ in range(ROUNDS)]
        beside = [_start(empty) for _ in range(ROUNDS)]
    return [
        Figure(
            name=f"start to READY with {sizes.stored:,} signals ({found['megabytes']:,.0f} MB)",
            ours=f"{min(seconds):.2f} s",
            beside=f"with an empty state {min(beside):.2f} s",
            ratio="",
            target="",
        )
    ]


def _start(folder: Path) -> float:
    with daemon(folder / "config.toml") as (_, seconds):
        return seconds


def _main(folder: Path, count: int) -> None:
    store = Store(folder, role="daemon", actor="daemon")
    for first in range(0, count, _PART):
        items = tuple(item(number) for number in range(first, min(first + _PART, count)))
        batch = Batch(items=items, cursor=str(first))
        store.write(lambda tx, batch=batch: signals.take(tx, "bench", "mail", "imap", batch))
    store.close()
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute("UPDATE signal SET outcome = 'counted'")
    tell(megabytes=(folder / DATABASE).stat().st_size / 1_048_576)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
