"""Archives that nobody has to judge: written in bulk, and as if each row had been looked up."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers.desk import Killed

from connector import crash
from connector.domain.practice import Practice
from connector.pipeline.intake import Intake
from connector.pipeline.reconcile import account
from connector.sources._exports import runs
from connector.sources._exports import source as exports
from connector.sources.survey_file import SurveyFile, SurveyFileSettings
from connector.store import response_bulk, response_rows, responses
from connector.store.store import Store
from connector.testing.builders import Clock, a_store

HEADER = "Response ID,Submitted,Finished,NPS,Why?\n"
MAP = {
    "Response ID": "id",
    "Submitted": "submitted_at",
    "Finished": "complete",
    "NPS": "score",
    "Why?": "comment",
}
LINES = st.builds(
    "{},{} 10:00:00,{},{},{}\n".format,
    st.sampled_from(["", "a", "b", "c", "d", "e", "f", "g", "h", "1.2E+11"]),
    st.sampled_from(["2024-05-01", "2024-05-02", "2026-05-01", "soon"]),
    st.sampled_from(["1", "1", "1", "0"]),
    st.sampled_from(["9", "1"]),
    st.sampled_from(["", "Fine", "Nobody called", '"Two\nlines"', "one,too many"]),
)
FILES = st.lists(st.lists(LINES, max_size=9), min_size=1, max_size=3)


class Archive:
    """A folder with one export, and a state into which it is read."""

    def __init__(self, home: Path, founded: Path) -> None:
        self.folder, self.state = home / "exports", home / "state"
        self.folder.mkdir()
        shutil.copytree(founded, self.state)
        self.clock = Clock()
        self.written = 1_772_000_000

    def put(self, lines: list[str]) -> None:
        path = self.folder / "export.csv"
        path.write_text(HEADER + "".join(lines), encoding="utf-8")
        self.written += 60
        os.utime(path, (self.written, self.written))

    def read(self, store: Store) -> None:
        options = SurveyFileSettings(
            name="nps",
            path=self.folder,
            settle_seconds=0,
            map=MAP,
            score_kind="nps",
            start_from="2026-01-01",
        )
        practice = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("UTC"))
        Intake(
            store,
            SurveyFile(options, practice),
            tenant="practice",
            kind="survey_file",
            pause=lambda: "",
            heartbeat=lambda: None,
        ).pull()

    def live(self, files: list[list[str]]) -> list[object]:
        """Read these exports one after the other; gives all that is remembered of their rows."""
        store = a_store(self.state, self.clock)
        try:
            for lines in files:
                self.put(lines)
                self.read(store)
            return self.remembered(store)
        finally:
            store.close()

    def remembered(self, store: Store) -> list[object]:
        assert account(store).imbalance == 0
        with store.read() as connection:
            ends = response_rows.counts(connection)
            assert response_rows.imbalance(ends) == 0
            known = connection.exec_driver_sql("SELECT * FROM response ORDER BY id").fetchall()
            heard = connection.exec_driver_sql("SELECT id FROM signal ORDER BY id").fetchall()
        return [ends, known, heard]


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty state once: its migrations take longer than a test."""
    state = tmp_path_factory.mktemp("founded") / "state"
    a_store(state, Clock()).close()
    return state


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=FILES, looked_at=st.sampled_from([1, 500]), batch=st.sampled_from([2, 5, 50_000]))
def test_rows_in_bulk_end_as_rows_that_are_looked_up_one_by_one(
    files: list[list[str]],
    looked_at: int,
    batch: int,
    founded: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports, "BATCH_ROWS", batch)
    monkeypatch.setattr(response_rows, "AT_ONCE", looked_at)
    monkeypatch.setattr(response_bulk, "WRITTEN_AT_ONCE", 2)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        in_bulk = Archive(Path(one), founded).live(files)
        with monkeypatch.context() as patch:
            patch.setattr(responses, "insert_unknown", lambda *_: None)
            assert in_bulk == Archive(Path(other), founded).live(files)


def test_a_known_row_that_the_sample_missed_is_known_all_the_same(tmp_path, founded, monkeypatch):
    monkeypatch.setattr(response_rows, "AT_ONCE", 1)  # looks at the first row only
    first = ["k,2024-05-01 10:00:00,1,9,Fine\n"]
    more = [f"r{n},2024-05-01 10:00:00,1,9,Fine\n" for n in range(8)]
    archive = Archive(tmp_path, founded)
    ends, known, _ = archive.live([first, [*more[:4], *first, *more[4:]]])
    assert ends["practice/nps"] == {"read": 10, "backfill": 9, "seen": 1}
    assert len(known) == 9


@pytest.mark.parametrize("point", ["intake.fetched", "intake.committed"])
@pytest.mark.parametrize("deaths", [0, 1, 2])
def test_a_death_between_batches_of_an_archive_loses_and_doubles_nothing(
    tmp_path, founded, monkeypatch, point, deaths
):
    monkeypatch.setattr(exports, "BATCH_ROWS", 3)
    monkeypatch.setattr(runs, "RUN_CHARS", 1)
    left = [deaths]

    def die(name: str) -> None:
        left[0] -= name == point
        if left[0] < 0:
            left[0] = 1_000
            raise Killed

    monkeypatch.setattr(crash, "point", die)
    archive = Archive(tmp_path, founded)
    archive.put([f"r{n},2024-05-01 10:00:00,1,9,Fine\n" for n in range(10)])
    for _ in range(2):
        store = a_store(archive.state, archive.clock)
        try:
            archive.read(store)
        except Killed:
            continue
        else:
            ends, known, _ = archive.remembered(store)
        finally:
            store.close()
    assert ends["practice/nps"] == {"read": 10, "backfill": 10}
    assert len(known) == 10
