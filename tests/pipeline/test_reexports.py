"""The same export with a few changes, in every tool's shape, with deaths between any commits."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers.desk import Killed
from servers.exports import SHAPES, Said, Shape

from connector import crash
from connector.domain.practice import Practice
from connector.parsing import blocks
from connector.pipeline.casework import Casework
from connector.pipeline.intake import Intake
from connector.pipeline.reconcile import account
from connector.sources._exports import skipping
from connector.sources._exports import source as exports
from connector.sources.survey_file import SurveyFile, SurveyFileSettings
from connector.store import response_rows
from connector.store.store import Store
from connector.testing.builders import Clock, a_store, some_rules

POINTS = ("intake.fetched", "intake.committed", "casework.decided", "casework.committed")
BASE = [
    Said(number=n, score=1 if n % 9 == 4 else 9, words="Nobody called back" if n % 9 == 4 else "")
    for n in range(20)
]
MOST_DEATHS = 60
"""A run that dies more often does not come forward."""


@contextmanager
def dying(after: list[int]) -> Iterator[None]:
    """Let the process die at points between commits: after so many of them each time."""
    left = [after[0]] if after else []

    def die(name: str) -> None:
        if name not in POINTS or not left:
            return
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    before = crash.point
    crash.point = die
    try:
        yield
    finally:
        crash.point = before


class Place:
    """A state and a folder of exports; every life begins with nothing but these."""

    def __init__(self, home: Path, shape: Shape, founded: Path) -> None:
        self.shape, self.folder, self.state = shape, home / "exports", home / "state"
        self.folder.mkdir()
        shutil.copytree(founded, self.state)
        self.clock = Clock()
        self.written = 1_772_000_000
        self.renamed = ""
        """Every further export has this once more in front of its name."""
        self.front = ""

    def put(self, said: list[Said]) -> None:
        in_order = sorted(said, key=lambda one: one.number, reverse=self.shape.newest_first)
        path = self.folder / f"{self.front}{self.shape.file}"
        self.front += self.renamed
        path.write_bytes(self.shape.printed(in_order))
        self.written += 60
        os.utime(path, (self.written, self.written))

    def live(self) -> dict[str, int]:
        """Read and decide all there is; gives cases, notes, and the ends of the rows."""
        store = a_store(self.state, self.clock)
        try:
            options = SurveyFileSettings(
                name="nps", path=self.folder, settle_seconds=0, **self.shape.settings
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
            casework = Casework(store, some_rules())
            while casework.step():
                pass
            return self._found(store)
        finally:
            store.close()

    def _found(self, store: Store) -> dict[str, int]:
        assert account(store).imbalance == 0
        with store.read() as connection:
            (ends,) = response_rows.counts(connection).values()
            changes = connection.exec_driver_sql("SELECT op, count(*) FROM outbox GROUP BY op")
            return {**ends, **{str(op): int(count) for op, count in changes}}

    def survive(self, deaths: list[int]) -> dict[str, int]:
        """Live on until nothing is left to do, whatever happens on the way."""
        for _ in range(MOST_DEATHS):
            try:
                with dying(deaths):
                    return self.live()
            except Killed:
                deaths = deaths[1:]
        raise AssertionError("it never comes forward")


def expected(edited: Said) -> dict[str, int]:
    """What 5 responses in front, 10 behind and one edit must come to."""
    return {
        "new": len(BASE) + 15,
        "edited": 1,
        "open": sum(one.score < 7 for one in BASE),
        "note": int(edited.score < 7),
    }


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty state once: its migrations take longer than a test."""
    state = tmp_path_factory.mktemp("founded") / "state"
    a_store(state, Clock()).close()
    return state


def come_again(clinic: Place, edited: Said, deaths: tuple[list[int], list[int]]) -> None:
    """Put an export there, then the same with a few changes, and see what is heard."""
    before = next(one for one in BASE if one.number == edited.number)
    clinic.put(BASE)
    clinic.survive(deaths[0])
    front = [Said(number=-n, score=9, words="") for n in range(1, 6)]
    behind = [Said(number=n, score=10, words="") for n in range(100, 110)]
    clinic.put([*front, *(edited if one is before else one for one in BASE), *behind])
    found = clinic.survive(deaths[1])
    wanted = expected(edited)
    assert {name: found.get(name, 0) for name in wanted} == wanted
    again = clinic.live()
    assert {name: again.get(name, 0) for name in wanted} == wanted


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_changes_are_heard_once_and_nothing_else_is(
    shape: Shape, founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(shape.name)
    if shape.file.endswith("xlsx"):
        pytest.importorskip("python_calamine", reason="workbooks are not read here")
    monkeypatch.setattr(exports, "BATCH_ITEMS", 12)
    monkeypatch.setattr(skipping, "FROM_BYTES", chance.choice((0, 1_000_000)))
    monkeypatch.setattr(blocks, "ENDS_ONE_IN", 3)
    words = chance.choice(("Very kind, thank you", "Fine by now"))
    edited = replace(chance.choice(BASE), words=words)
    clinic = Place(tmp_path, shape, founded)
    clinic.renamed = chance.choice(("", "again-"))
    come_again(clinic, edited, ([], []))


@pytest.mark.parametrize("name", ["csv", "google_forms", "zip"])
@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    place=st.integers(0, len(BASE) - 1),
    better=st.booleans(),
    first=st.lists(st.integers(0, 9), max_size=3),
    second=st.lists(st.integers(0, 9), max_size=3),
)
def test_deaths_between_any_commits_change_nothing(
    name: str,
    place: int,
    better: bool,
    first: list[int],
    second: list[int],
    founded: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = next(one for one in SHAPES if one.name == name)
    monkeypatch.setattr(exports, "BATCH_ITEMS", 6)
    monkeypatch.setattr(exports, "BATCH_KNOWN", 6)
    monkeypatch.setattr(skipping, "FROM_BYTES", 0 if better else 1_000_000)
    monkeypatch.setattr(blocks, "ENDS_ONE_IN", 3)
    edited = replace(BASE[place], words="Very kind, thank you" if better else "Fine by now")
    with tempfile.TemporaryDirectory() as home:
        come_again(Place(Path(home), shape, founded), edited, (first, second))
