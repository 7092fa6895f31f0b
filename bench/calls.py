"""A channel event log beside `csv.reader` on the very same file: from bytes to failures.

The stream is made up: a practice whose patients call again, one call in four kept waiting, one
in thirteen passed around. Reading, putting together, judging and the second pass over all calls
of a number are measured as one, as `amends inspect --calls` does it.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from servers.asterisk import Pbx

from bench.figures import Figure, rate
from bench.measure import child, peak_mb, tell
from bench.sizes import Sizes
from connector.domain.practice import Practice
from connector.report.calls import CallJudge
from connector.sources.asterisk_cel import AsteriskCelSettings
from connector.triage.settings import TriageSettings

PRACTICE = Practice(tenant="bench", name="Bench", zone=ZoneInfo("America/Denver"))
NUMBERS = 1_500
"""Patients who call."""
LEAST_SPEED = 0.35
MOST_GROWTH_MB = 20


def run(sizes: Sizes) -> list[Figure]:
    """Read a log; in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        found = child("bench.calls", f"{folder}/Master.csv", str(sizes.events))
    share = found["reader"] / found["ours"]
    growth = found["peak_mb"] - found["imports_mb"]
    lines = round(found["lines"])
    return [
        Figure(
            name=f"phone log, {lines:,} events to failures",
            ours=rate(lines, found["ours"]),
            beside=f"csv.reader {rate(lines, found['reader'])}",
            ratio=f"{share:.2f}",
            target=f"at least {LEAST_SPEED}",
            met=share >= LEAST_SPEED,
        ),
        Figure(
            name="memory for it beyond the imports",
            ours=f"{growth:.0f} MB",
            beside=f"imports {found['imports_mb']:.0f} MB",
            ratio=f"{growth:.0f} MB",
            target=f"at most {MOST_GROWTH_MB} MB",
            met=growth <= MOST_GROWTH_MB,
        ),
    ]


def make(path: Path, events: int) -> int:
    """Write a log of about so many events; gives how many there are."""
    pbx, written, turn = Pbx(), 0, 0
    with path.open("wb") as log:
        while written < events:
            turn += 1
            numbers = [f"720555{(turn * step) % NUMBERS:04d}" for step in (1, 7, 3, 11)]
            pbx.talk(numbers[0])
            pbx.abandons(numbers[1])
            pbx.voicemail(numbers[2])
            if turn % 4 == 0:
                pbx.maze(numbers[3], ["2001", "2002", "2003", "2004"])
            pbx.wait(20)
            written += len(pbx.cel)
            log.write(pbx.cel_bytes())
            pbx.cel.clear()
            pbx.queue.clear()
    return written


def main() -> None:
    """Make the log, read it with `csv.reader`, then with ours."""
    path, events = Path(sys.argv[1]), int(sys.argv[2])
    lines = make(path, events)
    reader = min(_peer(path) for _ in range(3))
    imports = peak_mb()
    began = time.perf_counter()
    source = AsteriskCelSettings(name="bench", path=path).open(PRACTICE)
    failed = sum(
        bool(getattr(judged, "failures", ()))
        for judged in CallJudge(TriageSettings()).judge(source.calls())
    )
    tell(
        lines=lines,
        reader=reader,
        ours=time.perf_counter() - began,
        imports_mb=imports,
        peak_mb=peak_mb(),
        failed=failed,
    )


def _peer(path: Path) -> float:
    began = time.perf_counter()
    with path.open(newline="", encoding="utf-8") as log:
        for _ in csv.reader(log):
            pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
