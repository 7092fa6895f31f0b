"""Exports of a survey tool, beside `csv.reader` on the very same file.

The file is a Qualtrics export of twenty columns and three header rows, about 250 bytes a row.
First everything is older than `start_from`, so that nothing is judged: reading, telling apart
and the durable table of responses are what is measured. Then the same file comes again with
five rows in front, one edited and ten behind. Last, new responses are judged: all of the way
from file to decision, beside `assess` alone on the same signals.
"""

from __future__ import annotations

import csv
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.figures import Figure, rate
from bench.measure import child, peak_mb, tell
from bench.sizes import Sizes
from connector import garbage
from connector.domain.practice import Practice
from connector.domain.signal import Signal
from connector.pipeline.casework import Casework
from connector.pipeline.intake import Intake
from connector.sources.survey_file import SurveyFile, SurveyFileSettings
from connector.store import response_rows
from connector.store.store import Store
from connector.testing.builders import some_rules
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

PRACTICE = Practice(tenant="bench", name="Bench", zone=ZoneInfo("America/Denver"))
NAMES = [
    *("StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)"),
    *("Finished", "RecordedDate", "ResponseId", "RecipientLastName", "RecipientFirstName"),
    *("RecipientEmail", "ExternalReference", "LocationLatitude", "LocationLongitude"),
    *("DistributionChannel", "UserLanguage", "Q1_NPS", "Q2", "Q3"),
]
MAP = {
    "ResponseId": "id",
    "RecordedDate": "submitted_at",
    "RecipientFirstName": "name",
    "RecipientLastName": "name",
    "RecipientEmail": "email",
    "Finished": "complete",
    "Q1_NPS": "score",
    "Q2": "comment",
    "Q3": "wants_contact",
}
GOOD = ("the staff", "were kind", "and helpful", "everything was explained", "very well", "again")
BAD = ("I waited long", "nobody called me back", "about my bill", "the front desk", "was rude")
BAD_PART = 0.05
"""So many of all answers tell of a failure."""
LEAST_SPEED, LEAST_JUDGED, MOST_AGAIN = 0.1, 0.5, 1 / 3
MOST_GROWTH_MB = 16
READINGS = 5
JUDGED_PART = 50
"""One row in so many is judged in the last part: triage is slow, and its rate is constant."""


def run(sizes: Sizes) -> list[Figure]:
    """Import, import again, judge; each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        small = child("bench.surveys", "archive", f"{folder}/small", str(sizes.rows // 10))
        found = child("bench.surveys", "archive", f"{folder}/large", str(sizes.rows))
        judged = child("bench.surveys", "judge", folder, str(max(sizes.rows // JUDGED_PART, 200)))
    speed = found["reader"] / found["first"]
    again = found["again"] / found["first"]
    share = judged["alone"] / judged["whole"]
    growth = found["peak_mb"] - small["peak_mb"]
    return [
        Figure(
            name=f"survey export, {sizes.rows:,} rows nobody has to judge",
            ours=rate(sizes.rows, found["first"]),
            beside=f"csv.reader {rate(sizes.rows, found['reader'])}",
            ratio=f"{speed:.2f}",
            target=f"at least {LEAST_SPEED}",
            met=speed >= LEAST_SPEED,
        ),
        Figure(
            name="the same export with 16 changes",
            ours=f"{found['again']:.2f} s",
            beside=f"first import {found['first']:.2f} s",
            ratio=f"{again:.2f}",
            target=f"at most {MOST_AGAIN:.2f}",
            met=again <= MOST_AGAIN,
        ),
        Figure(
            name="new responses from file to decision",
            ours=rate(judged["count"], judged["whole"]),
            beside=f"triage alone {rate(judged['count'], judged['alone'])}",
            ratio=f"{share:.2f}",
            target=f"at least {LEAST_JUDGED}",
            met=share >= LEAST_JUDGED,
        ),
        Figure(
            name="memory for ten times the rows",
            ours=f"{found['peak_mb']:.0f} MB",
            beside=f"a tenth {small['peak_mb']:.0f} MB",
            ratio=f"+{growth:.0f} MB",
            target=f"at most +{MOST_GROWTH_MB} MB",
            met=growth <= MOST_GROWTH_MB,
        ),
    ]


def rows(count: int, *, first: int = 0) -> Iterator[list[str]]:
    """Make responses, each the same for the same number."""
    for number in range(first, first + count):
        chance = random.Random(number)  # noqa: S311 - the same file again
        at = f"2025-{1 + number % 12:02}-{1 + number % 28:02} {number % 24:02}:{number % 60:02}:07"
        bad = chance.random() < BAD_PART
        words = " ".join(chance.choices(BAD if bad else GOOD, k=chance.choice((0, 0, 2, 5, 12))))
        yield [
            at,
            at,
            "0",
            f"10.{number % 256}.{number // 256 % 256}.7",
            "100",
            str(60 + number % 900),
            "1",
            at,
            f"R_{number:015x}",
            "Roe",
            f"Jane{number}",
            f"patient{number}@mail.example",
            "",
            "40.760",
            "-111.89",
            "email",
            "EN",
            str(chance.choice((0, 3, 6) if bad else (8, 9, 10, 10))),
            words,
            chance.choice(("", "", "No")),
        ]


def write(path: Path, lines: Iterator[list[str]]) -> None:
    """Write an export with Qualtrics' three header rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(NAMES)
        writer.writerow([f"{name}?" for name in NAMES])
        writer.writerow([f'{{"ImportId":"{name}"}}' for name in NAMES])
        writer.writerows(lines)


def changed(count: int) -> Iterator[list[str]]:
    """Give the same responses with five in front, one edited and ten behind."""
    yield from rows(5, first=count)
    for number, row in enumerate(rows(count)):
        if number == count // 2:
            row[NAMES.index("Q2")] = "Edited by its writer, who was not heard"
        yield row
    yield from rows(10, first=count + 5)


def _intake(store: Store, folder: Path, **settings: str) -> Intake:
    source = SurveyFile(
        SurveyFileSettings(
            name="bench", path=folder, settle_seconds=0, map=MAP, score_kind="nps", **settings
        ),
        PRACTICE,
    )
    return Intake(
        store,
        source,
        tenant="bench",
        kind="survey_file",
        pause=lambda: "",
        heartbeat=lambda: None,
    )


def _archive(folder: Path, count: int) -> None:
    exports = folder / "exports"
    exports.mkdir(parents=True)
    write(exports / "export.csv", rows(count))
    reader = _read_alone(exports / "export.csv")
    store = Store(folder / "state", role="daemon", actor="daemon")
    intake = _intake(store, exports, start_from="2026-01-01")
    began = time.perf_counter()
    intake.pull()
    first = time.perf_counter() - began
    write(exports / "export.csv", changed(count))
    began = time.perf_counter()
    intake.pull()
    again = time.perf_counter() - began
    with store.read() as connection:
        (ends,) = response_rows.counts(connection).values()
    store.close()
    expected = {"read": 2 * count + 15, "backfill": count + 16, "seen": count - 1}
    if ends != expected:
        raise RuntimeError(f"{ends}, not {expected}")
    tell(reader=reader, first=first, again=again, peak_mb=peak_mb())


def _read_alone(path: Path) -> float:
    """Give the mean of a few readings: a busy machine slows both, not only the longer one."""
    began = time.perf_counter()
    for _ in range(READINGS):
        with path.open(newline="", encoding="utf-8") as file:
            for _row in csv.reader(file):
                pass
    return (time.perf_counter() - began) / READINGS


def _judge(folder: Path, count: int) -> None:
    exports = folder / "judged"
    exports.mkdir()
    write(exports / "export.csv", rows(count))
    store = Store(folder / "state", role="daemon", actor="daemon")
    intake, casework = _intake(store, exports), Casework(store, some_rules())
    began = time.perf_counter()
    intake.pull()
    while casework.step():
        pass
    whole = time.perf_counter() - began
    store.close()
    heard = [item for batch in intake.source.read(None) for item in batch.items]
    settings = TriageSettings()
    began = time.perf_counter()
    for item in heard:
        if isinstance(item, Signal):
            assess(item, settings)
    tell(whole=whole, alone=time.perf_counter() - began, count=len(heard))


if __name__ == "__main__":
    import sys

    garbage.settle()  # as `amends run` does
    {"archive": _archive, "judge": _judge}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
