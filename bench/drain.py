"""A backlog behind a helpdesk's rate limit, in simulated time: how much of our share is used.

The delivery, the store and the budget are the real ones; the helpdesk, its limits and the
clocks are simulated (`servers.limits`). Each case owes a ticket, a note and an update, which
take seven requests together.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from bench.figures import Figure
from bench.measure import child, tell
from bench.sizes import Sizes

LIMIT: Final = 400
FAMILIES: Final = {"account": LIMIT, "create": 160, "update": 160}
WEATHER: Final[dict[str, dict[str, Any]]] = {
    "nobody else": {"meters": {"account": LIMIT}},
    "others use a third": {"meters": {"account": LIMIT}, "others": 1 / 3},
    "a limit for each family": {"meters": FAMILIES, "others": 1 / 4},
}
USED, REFUSED_PERMILLE = 0.95, 1.0
CHANGES_EACH: Final = 3


def run(sizes: Sizes) -> list[Figure]:
    """Drain the backlog in each weather."""
    figures = []
    for name in WEATHER:
        with tempfile.TemporaryDirectory() as folder:
            found = child("bench.drain", folder, str(sizes.backlog // CHANGES_EACH), name)
        refused = 1_000 * found["refused"] / found["requests"]
        figures.append(
            Figure(
                name=f"{found['changes']:,} changes drained, {name}",
                ours=f"{found['used']:.1%} of our share, {refused:.2f} in 1,000 refused",
                beside=f"{LIMIT} requests a minute, 60 % ours",
                ratio="",
                target="95 % and below 1 in 1,000",
                met=found["used"] >= USED and refused < REFUSED_PERMILLE,
            )
        )
    return figures


def _main(folder: Path, cases: int, name: str) -> None:
    import structlog
    from servers.limits import Meter, drained

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    weather = WEATHER[name]
    meters = {bucket: Meter(limit=limit) for bucket, limit in weather["meters"].items()}
    done = drained(folder / "state", meters, cases, others=weather.get("others", 0.0))
    tell(changes=done.changes, requests=done.requests, refused=done.refused, used=done.used)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
