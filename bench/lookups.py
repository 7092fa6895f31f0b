"""Is this item known? Among ten million identities, one at a time."""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.figures import Figure, percentile, spread
from bench.measure import child, tell
from bench.sizes import Sizes
from connector.store import signals
from connector.store.engine import DATABASE
from connector.store.store import Store

TARGET_MS = 0.5
_PART = 100_000
_RAW = "SELECT id FROM seen WHERE id = ?"


def run(sizes: Sizes) -> list[Figure]:
    """Fill, then look: half of what is looked for is there."""
    with tempfile.TemporaryDirectory() as folder:
        found = child("bench.lookups", folder, str(sizes.keys), str(sizes.lookups))
    p99_ms = percentile(found["ours"], 99) * 1_000
    return [
        Figure(
            name=f"lookups among {sizes.keys:,} known keys ({found['bytes_a_key']:.0f} bytes each)",
            ours=spread(found["ours"]),
            beside=f"sqlite3 {spread(found['raw'])}",
            ratio=f"{sum(found['raw']) / sum(found['ours']):.2f}",
            target=f"p99 at most {TARGET_MS} ms",
            met=p99_ms <= TARGET_MS,
        )
    ]


def _main(folder: Path, keys: int, lookups: int) -> None:
    store = Store(folder, role="daemon", actor="daemon")
    chance = random.Random(1)  # noqa: S311 - chance that can be repeated
    some: list[bytes] = []
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("PRAGMA cache_size=-65536")
        for first in range(0, keys, _PART):
            part = sorted(chance.randbytes(16) for _ in range(min(_PART, keys - first)))
            some += chance.sample(part, min(len(part), 1 + lookups * len(part) // keys))
            with connection:
                connection.executemany("INSERT INTO seen VALUES (?)", [(one,) for one in part])
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    wanted = [*some[: lookups // 2], *(chance.randbytes(16) for _ in range(lookups // 2))]
    chance.shuffle(wanted)
    ours, raw = _both(store, folder, wanted)
    tell(ours=ours, raw=raw, bytes_a_key=(folder / DATABASE).stat().st_size / keys)
    store.close()


def _both(store: Store, folder: Path, wanted: list[bytes]) -> tuple[list[float], list[float]]:
    """Let both look for each key, in turns the one and the other first, who meets a cold page."""
    ours: list[float] = []
    raw: list[float] = []
    with (
        store.read() as connection,
        closing(sqlite3.connect(folder / DATABASE)) as alone,
    ):
        sides: list[tuple[list[float], Callable[[bytes], object]]] = [
            (ours, lambda key: signals.known(connection, [key])),
            (raw, lambda key: alone.execute(_RAW, (key,)).fetchone()),
        ]
        for one in wanted:
            for times, look in sides:
                began = time.perf_counter()
                look(one)
                times.append(time.perf_counter() - began)
            sides.reverse()
    return ours, raw


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
