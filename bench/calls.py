"""Phone logs beside `csv.reader` on the very same file: from bytes to failures.

Reading, putting together, judging and the second pass over all calls of a number are measured as
one, as `amends inspect --calls` does it; both in processor time, so that other programs on this
machine count for neither. Memory is taken at the end of the channel log, which is the longest.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from bench import call_logs
from bench.figures import Figure, rate
from bench.measure import child, peak_mb, tell
from bench.sizes import Sizes
from connector.domain.practice import Practice
from connector.parsing.calls.watching import PhoneSource
from connector.report.calls import CallJudge
from connector.sources.asterisk_cdr import AsteriskCdrSettings
from connector.sources.asterisk_cel import AsteriskCelSettings
from connector.sources.asterisk_queue_log import AsteriskQueueLogSettings
from connector.sources.call_table import CallTableSettings
from connector.triage.settings import TriageSettings

PRACTICE: Final = Practice(tenant="bench", name="Bench", zone=ZoneInfo("America/Denver"))
LEAST_SPEED: Final = 0.35
MOST_GROWTH_MB: Final = 20
LESS: Final = 20
"""Other logs than the channel log are so many times shorter: their memory is bounded alike."""

MAKERS: Final[Mapping[str, Callable[[Path, int], int]]] = MappingProxyType(
    {
        "asterisk_cel": call_logs.make_cel,
        "asterisk_cdr": call_logs.make_records,
        "asterisk_queue_log": call_logs.make_queue_log,
        "call_table": call_logs.make_smdr,
    }
)


def run(sizes: Sizes) -> list[Figure]:
    """Read a log of each kind; each in a process of its own."""
    figures: list[Figure] = []
    for kind in MAKERS:
        lines = sizes.events if kind == "asterisk_cel" else sizes.events // LESS
        with tempfile.TemporaryDirectory() as folder:
            made = child("bench.calls", "make", kind, f"{folder}/log", str(lines), timeout_s=3_600)
            found = child("bench.calls", "read", kind, f"{folder}/log", timeout_s=3_600) | made
        figures += _figures(kind, found)
    return figures


def _figures(kind: str, found: Mapping[str, float]) -> list[Figure]:
    share = found["reader"] / found["ours"]
    growth = found["peak_mb"] - found["imports_mb"]
    lines = round(found["lines"])
    leads = kind == "asterisk_cel"
    return [
        Figure(
            name=f"{kind}, {lines:,} lines to failures",
            ours=rate(lines, found["ours"]),
            beside=f"csv.reader {rate(lines, found['reader'])}",
            ratio=f"{share:.3f}",
            target=f"at least {LEAST_SPEED}" if leads else "",
            met=share >= LEAST_SPEED if leads else None,
        ),
        Figure(
            name=f"{kind}, memory beyond the imports",
            ours=f"{growth:.0f} MB",
            beside=f"imports {found['imports_mb']:.0f} MB",
            ratio=f"{growth:.0f} MB",
            target=f"at most {MOST_GROWTH_MB} MB",
            met=growth <= MOST_GROWTH_MB,
        ),
    ]


def main() -> None:
    """Make a log, or read it: in processes of their own, so that memory is the reading's."""
    step, kind, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if step == "make":
        tell(lines=MAKERS[kind](path, int(sys.argv[4])))
        return
    reader = min(_peer(path, "|" if kind == "asterisk_queue_log" else ",") for _ in range(3))
    imports = peak_mb()
    began = time.process_time()
    judged = CallJudge(TriageSettings()).judge(_source(kind, path).calls())
    failed = sum(bool(getattr(one, "failures", ())) for one in judged)
    ours = time.process_time() - began
    tell(reader=reader, ours=ours, imports_mb=imports, peak_mb=peak_mb(), failed=failed)


def _source(kind: str, path: Path) -> PhoneSource:
    match kind:
        case "asterisk_cel":
            return AsteriskCelSettings(name="bench", path=path).open(PRACTICE)
        case "asterisk_cdr":
            return AsteriskCdrSettings(name="bench", path=path).open(PRACTICE)
        case "asterisk_queue_log":
            return AsteriskQueueLogSettings(name="bench", path=path).open(PRACTICE)
        case _:
            table = CallTableSettings(name="bench", path=path, preset="avaya_ip_office")
            return table.open(PRACTICE)


def _peer(path: Path, delimiter: str) -> float:
    began = time.process_time()
    with path.open(newline="", encoding="utf-8") as log:
        for _ in csv.reader(log, delimiter=delimiter):
            pass
    return time.process_time() - began


if __name__ == "__main__":
    main()
