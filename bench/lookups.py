"""Is this item known? Among ten million identities, one at a time."""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
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
    tell(
        ours=_ours(store, wanted),
        raw=_raw(folder, wanted),
        bytes_a_key=(folder / DATABASE).stat().st_size / keys,
    )
    store.close()


def _ours(store: Store, wanted: list[bytes]) -> list[float]:
    times = []
    with store.read() as connection:
        for one in wanted:
            began = time.perf_counter()
            signals.known(connection, [one])
            times.append(time.perf_counter() - began)
    return times


def _raw(folder: Path, wanted: list[bytes]) -> list[float]:
    times = []
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        for one in wanted:
            began = time.perf_counter()
            connection.execute("SELECT id FROM seen WHERE id = ?", (one,)).fetchone()
            times.append(time.perf_counter() - began)
    return times


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
