"""Exports whose known blocks are left out: what is read, counted and numbered all the same."""

from __future__ import annotations

import json
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.domain.practice import Practice
from connector.domain.signal import Unreadable
from connector.parsing import blocks
from connector.sources._exports import skipping
from connector.sources._exports import source as exports
from connector.sources.survey_file import SurveyFile, SurveyFileSettings

PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("UTC"))
HEADER = "Response ID,NPS,Why?\n"
MAP = {"Response ID": "id", "NPS": "score", "Why?": "comment"}
COUNT = 60


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "ENDS_ONE_IN", 4)
    monkeypatch.setattr(skipping, "FROM_BYTES", 0)


class Export:
    """One file, and what a source remembers of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "export.csv"
        self.cursor: str | None = None
        self.written = 1_772_000_000

    def read(self, text: str, **settings: str) -> list[exports.Batch]:
        self.path.write_text(text)
        self.written += 60
        os.utime(self.path, (self.written,) * 2)
        options = {"map": MAP, "score_kind": "nps", **settings}
        config = SurveyFileSettings(name="nps", path=self.path, settle_seconds=0, **options)
        found = list(SurveyFile(config, PRACTICE).read(self.cursor))
        self.cursor = found[-1].cursor
        return found

    def rows(self, text: str, **settings: str) -> tuple[int, int]:
        """Give how many rows were read, and how many were left out."""
        found = self.read(text, **settings)
        return (
            sum(len(batch.items) for batch in found),
            sum(batch.items.passed_blocks for batch in found),
        )


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path)


def rows(*numbers: int) -> str:
    return "".join(f'r{number},{number % 11},"Fine, thanks {number}"\n' for number in numbers)


def test_most_of_a_known_export_is_left_out_and_counted(export: Export) -> None:
    whole = rows(*range(COUNT))
    assert export.rows(HEADER + whole) == (COUNT, 0)
    read, left_out = export.rows(HEADER + rows(100, 101) + whole + rows(102))
    assert read + left_out == COUNT + 3
    assert left_out > COUNT // 2
    again, left_out = export.rows(HEADER + rows(100, 101) + whole + rows(102, 103))
    assert again + left_out == COUNT + 4


def test_rows_have_the_numbers_of_the_whole_file(export: Export) -> None:
    export.read(HEADER + rows(*range(COUNT)))
    found = export.read(HEADER + rows(*range(COUNT)) + "cut\n")
    (bad,) = [one for batch in found for one in batch.items if isinstance(one, Unreadable)]
    assert bad.locator.endswith(f"#{COUNT + 2}")
    for batch in found:
        for item in batch.items:
            if not isinstance(item, Unreadable):
                number = int(item.natural_key.removeprefix("id:r"))
                assert item.locator.endswith(f"#{number + 2}")


@pytest.mark.parametrize("change", ["header", "options"])
def test_another_header_or_map_leaves_nothing_out(export: Export, change: str) -> None:
    export.read(HEADER + rows(*range(COUNT)))
    if change == "header":
        assert export.rows('"Response ID",NPS,Why?\n' + rows(*range(COUNT))) == (COUNT, 0)
    else:
        again = HEADER + rows(*range(COUNT)) + rows(100)
        assert export.rows(again, zone="Europe/Berlin") == (COUNT + 1, 0)


def test_a_file_with_a_problem_is_read_as_a_whole_the_next_time(export: Export) -> None:
    export.read(HEADER + rows(*range(COUNT)) + "cut\n")
    assert json.loads(export.cursor or "")["pool"] is None


def test_responses_without_an_id_are_always_read(export: Export) -> None:
    no_ids = {"NPS": "score", "Why?": "comment"}
    for _ in range(2):
        assert export.rows(HEADER + rows(*range(COUNT)), map=no_ids)[1] == 0
        export.read(HEADER, map=no_ids)


def test_a_reading_that_was_cut_short_goes_on_where_it_was(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    export.read(HEADER + rows(*range(COUNT)))
    monkeypatch.setattr(exports, "BATCH_KNOWN", 2)
    text = HEADER + rows(*range(100, 110)) + rows(*range(COUNT))
    whole = export.read(text)
    counted = [len(batch.items) + batch.items.passed_blocks for batch in whole]
    assert sum(counted) == COUNT + 10
    for place, batch in enumerate(whole[:-1]):
        export.cursor = batch.cursor
        rest = list(
            SurveyFile(
                SurveyFileSettings(
                    name="nps", path=export.path, settle_seconds=0, map=MAP, score_kind="nps"
                ),
                PRACTICE,
            ).read(export.cursor)
        )
        found = [len(one.items) + one.items.passed_blocks for one in rest]
        assert sum(found) == sum(counted[place + 1 :])


def test_a_damaged_memory_of_blocks_is_no_memory(export: Export) -> None:
    export.read(HEADER + rows(*range(COUNT)))
    plain = json.loads(export.cursor or "")
    plain["pool"]["digests"] = "AAAA"
    export.cursor = json.dumps(plain)
    assert export.rows(HEADER + rows(*range(COUNT)) + rows(100)) == (COUNT + 1, 0)
