"""The whole archive again with 16 changes, as several tools print it: each is heard once.

Five responses in front, one edited and ten behind, in a fifth of the rows of the longest bench
(200,000 in the full run). Only the last days are judged, as in a practice that starts on an
archive; what counts is that 15 are new, one is edited, and no other ticket comes of it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.figures import Figure
from bench.measure import child, tell
from bench.sizes import Sizes
from connector.domain.practice import Practice
from connector.pipeline.casework import Casework
from connector.pipeline.intake import Intake
from connector.sources.survey_file import SurveyFile, SurveyFileSettings
from connector.store import response_rows
from connector.store.store import Store
from connector.testing.builders import some_rules

PRACTICE = Practice(tenant="bench", name="Bench", zone=ZoneInfo("UTC"))
SHAPES = ("qualtrics", "surveymonkey", "without an id", "xlsx", "json", "zip")
PART = 5
"""One row in so many of the longest bench."""
ROUND = 16_800
"""Responses come again at the same minute after so many."""
JUDGED = ROUND - 600
"""Those of the last day of a round are judged."""
START = "2026-02-28"
BAD_EVERY = 397
"""Rare enough for the storm guard."""


def run(sizes: Sizes) -> list[Figure]:
    """Import and import again, a process for each shape."""
    figures = []
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            found = child("bench.reexports", shape, folder, str(sizes.rows // PART))
        heard = [int(found[name]) for name in ("new", "edited", "opened", "note")]
        figures.append(
            Figure(
                name=f"{sizes.rows // PART:,} rows again, {shape}",
                ours="{} new, {} edited, {} tickets, {} note".format(*heard),
                beside=f"first {found['first']:.1f} s, again {found['again']:.1f} s",
                ratio=f"{found['again'] / found['first']:.2f}",
                target="15 new, 1 edited, 0 tickets, 1 note",
                met=heard == [15, 1, 0, 1],
            )
        )
    return figures


def _one(name: str, folder: Path, count: int) -> None:
    from servers.exports import SHAPES as ALL  # test helpers, for whoever benches
    from servers.exports import Said

    shape = next(one for one in ALL if one.name == name)
    said = [
        Said(
            number=n,
            score=1 if n % BAD_EVERY == 0 else 9,
            words="Late" if n % BAD_EVERY == 0 else "",
        )
        for n in range(JUDGED - 300, JUDGED - 300 + count)
    ]
    low = next(one for one in said if one.number % ROUND >= JUDGED and one.score == 1)
    exports = folder / "exports"
    exports.mkdir()
    store = Store(folder / "state", role="daemon", actor="daemon")
    before, first = _import(store, exports, shape, said)
    front = [Said(number=-n, score=9, words="") for n in range(1, 6)]
    behind = [Said(number=ROUND * 99 + JUDGED + n, score=10, words="") for n in range(10)]
    changed = [replace(one, words="Nobody called back") if one is low else one for one in said]
    after, again = _import(store, exports, shape, [*front, *changed, *behind])
    store.close()
    more = {
        key: after.get(key, 0) - before.get(key, 0) for key in ("new", "edited", "open", "note")
    }
    tell(
        new=more["new"],
        edited=more["edited"],
        opened=more["open"],
        note=more["note"],
        first=first,
        again=again,
    )


def _import(
    store: Store, exports: Path, shape: object, said: Sequence[object]
) -> tuple[dict[str, int], float]:
    path = exports / shape.file  # type: ignore[attr-defined]  # of the test helpers
    path.write_bytes(shape.printed(said))  # type: ignore[attr-defined]  # likewise
    os.utime(path, (1_772_400_000 + len(said),) * 2)
    options = SurveyFileSettings(
        name="nps",
        path=exports,
        settle_seconds=0,
        start_from=START,
        **shape.settings,  # type: ignore[attr-defined]  # likewise
    )
    began = time.perf_counter()
    Intake(
        store,
        SurveyFile(options, PRACTICE),
        tenant="bench",
        kind="survey_file",
        pause=lambda: "",
        heartbeat=lambda: None,
    ).pull()
    took = time.perf_counter() - began
    casework = Casework(store, some_rules())
    while casework.step():
        pass
    with store.read() as connection:
        (ends,) = response_rows.counts(connection).values()
        changes = connection.exec_driver_sql("SELECT op, count(*) FROM outbox GROUP BY op")
        return {**ends, **{str(op): int(n) for op, n in changes}}, took


if __name__ == "__main__":
    import sys

    _one(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
