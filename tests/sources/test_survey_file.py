"""Exports of survey tools in a file or folder: settled, re-exported, grown, cut, misnamed."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from servers.workbooks import packed, sheet, workbook
from structlog.testing import capture_logs

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Channel, Signal, Unreadable
from connector.parsing import survey_files
from connector.sources.survey_file import SurveyFile, SurveyFileSettings
from connector.testing.source import SourceContract, drain, identities

PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("America/New_York"))
BATCH = "connector.sources._exports.source.BATCH_ITEMS"

MAP = {
    "Response ID": "id",
    "Submitted": "submitted_at",
    "NPS": "score",
    "Why?": "comment",
    "Email": "email",
    "May we contact you?": "wants_contact",
}
HEADER = "Response ID,Submitted,NPS,Why?,Email,May we contact you?\n"
ONE = 'r1,2025-03-04 09:12:05,2,"Waited an hour,\nnobody cared",jane@example.org,Yes\n'
TWO = "r2,2025-03-04 10:00:00,10,,,\n"
THREE = "r3,2025-03-04 11:00:00,0,Rude,,No\n"


class Clock:
    """A clock that stands beside the file system's and can be moved."""

    def __init__(self):
        self.ahead_s = 0.0

    def __call__(self):
        return time.time() + self.ahead_s


def configured(path, **more):
    return SurveyFileSettings(
        **{
            "name": "survey",
            "path": path,
            "map": MAP,
            "score_kind": "nps",
            "settle_seconds": 0,
            **more,
        }
    )


def open_source(path, *, clock=time.time, **more):
    return SurveyFile(configured(path, **more), PRACTICE, clock=clock)


def keys(items):
    return [item.natural_key for item in items if isinstance(item, Signal)]


def read_until_fault(source, cursor=None):
    """Give what a reading yields before it fails, why it fails, and where to go on."""
    items = []
    try:
        for batch in source.read(cursor):
            items.extend(batch.items)
            cursor = batch.cursor
    except Unavailable as fault:
        return items, fault.problem, cursor
    pytest.fail("the reading did not fail")


def heard_before_fault(source):
    items, problem, _ = read_until_fault(source)
    return items, problem


class FolderWorld:
    """Every item comes in a file of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def open(self):
        return open_source(self.folder)

    def _put(self, row):
        self.count += 1
        path = self.folder / f"export{self.count}.csv"
        path.write_text(HEADER + row)
        os.utime(path, (1_741_000_000 + self.count,) * 2)

    def put_good(self, number):
        self._put(f"r{number},2025-03-04 10:00:00,10,,,\n")

    def put_broken(self, number):
        self._put(f'r{number},2025-03-04 10:00:00,10,"cut')

    def fingerprint(self):
        return tuple(
            (path.name, path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(self.folder.iterdir())
        )


class TestFolderOfExports(SourceContract):
    @pytest.fixture
    def world(self, tmp_path):
        return FolderWorld(tmp_path)


class GrowingWorld:
    """Every item is one row more of the same file."""

    def __init__(self, folder):
        self.path = folder / "export.csv"
        self.path.write_text(HEADER)

    def open(self):
        return open_source(self.path)

    def _append(self, row):
        with self.path.open("a") as file:
            file.write(row)

    def put_good(self, number):
        self._append(f"r{number},2025-03-04 10:00:00,10,,,\n")

    def put_broken(self, number):
        self._append(f"r{number},too short\n")

    def fingerprint(self):
        return self.path.read_bytes(), self.path.stat().st_mtime_ns


class TestFileThatGrows(SourceContract):
    @pytest.fixture
    def world(self, tmp_path, monkeypatch):
        monkeypatch.setattr(BATCH, 2)
        return GrowingWorld(tmp_path)


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(HEADER + ONE + TWO + THREE)
    return path


def test_a_response_becomes_a_signal(export):
    signal = drain(open_source(export))[0][0]
    assert isinstance(signal, Signal)
    assert signal.natural_key == "id:r1"
    assert signal.channel is Channel.SURVEY
    assert signal.event_time == datetime(2025, 3, 4, 14, 12, 5, tzinfo=UTC)
    assert signal.text == "Why?\nWaited an hour,\nnobody cared"
    assert signal.reply_text == "Waited an hour,\nnobody cared"
    assert signal.contact.email == "jane@example.org"
    assert signal.locator == f"{export}#2"
    assert signal.raw.decode() == ONE
    facts = dict(signal.facts)
    assert len(facts.pop("content_hash")) == 32
    assert facts.pop("comment_chars") == (str(len(signal.reply_text)),)
    assert facts.pop("comment_asks") == ("open",)
    assert facts == {
        "survey_tool": "generic",
        "score": 2,
        "score_kind": "nps",
        "score_min": 0,
        "score_max": 10,
        "question": "NPS",
        "wants_contact": True,
    }


def test_good_and_refusing_responses_are_signals_too(export):
    _, good, refusing = drain(open_source(export))[0]
    assert "wants_contact" not in good.facts
    assert (refusing.facts["wants_contact"], refusing.facts["consent_no"]) == (False, True)
    assert refusing.facts["score"] == 0


def test_an_answer_that_is_no_score_is_handed_on_as_it_stands(export):
    export.write_text(HEADER + "r1,,eleven,,,\n")
    facts = drain(open_source(export))[0][0].facts
    assert facts["score"] == "eleven"
    assert "score_min" not in facts
    assert facts["score_problem"]


def test_a_scale_on_which_one_is_best_says_so(export):
    facts = drain(open_source(export, score_kind="fft", direction="low_is_good"))[0][0].facts
    assert (facts["score"], facts["score_min"], facts["score_max"]) == (2, 5, 1)


def test_a_custom_scale_has_its_own_ends_and_limit(export):
    more = {"score_min": 0, "score_max": 20, "direction": "high_is_good", "low_at_most": 8}
    facts = drain(open_source(export, score_kind="custom", **more))[0][0].facts
    assert (facts["score_min"], facts["score_max"], facts["score_low_at_most"]) == (0, 20, 8)


def test_a_file_under_another_name_with_all_old_rows_gives_the_same_keys(export):
    first = identities(drain(open_source(export))[0])
    export.rename(export.with_name("export (1).csv"))
    assert identities(drain(open_source(export.with_name("export (1).csv")))[0]) == first


def test_rows_put_in_front_or_edited_are_read_again_with_the_same_keys(export):
    source = open_source(export)
    _, cursor = drain(source)
    export.write_text(HEADER + "r4,,1,new,,\n" + ONE.replace("cared", "came") + TWO + THREE)
    assert keys(drain(source, cursor)[0]) == ["id:r4", "id:r1", "id:r2", "id:r3"]


def test_a_file_that_was_only_touched_is_not_read_again(export):
    source = open_source(export)
    _, cursor = drain(source)
    os.utime(export, (1, 1))
    items, cursor = drain(source, cursor)
    assert items == []
    assert list(source.read(cursor)) == []


@pytest.mark.parametrize(
    "cut",
    [
        "r3,2025-03-04 11:00:00,0,Ru",
        "r3,2025-03-04 11:00:00,0,Rude,,N",
        'r3,2025-03-04 11:00:00,0,"Rude\n',
    ],
    ids=["short", "looks whole", "in quotes behind a line end"],
)
def test_a_last_row_that_was_completed_later_is_read_again(export, cut):
    export.write_text(HEADER + TWO + cut)
    source = open_source(export)
    _, cursor = drain(source)
    rest = ' and late",,No\n' if '"' in cut else THREE.removeprefix(cut)
    export.write_text(HEADER + TWO + cut + rest)
    items, _ = drain(source, cursor)
    assert keys(items)[-1] == "id:r3"
    assert items[-1].facts["wants_contact"] is False


def test_a_row_that_was_appended_while_reading_is_read_again_when_it_is_whole(export, monkeypatch):
    monkeypatch.setattr(BATCH, 1)
    export.write_text(HEADER + "".join(TWO.replace("r2", f"q{n}") for n in range(2_000)))
    source = open_source(export)
    reading = source.read(None)
    batches = [next(reading)]
    with export.open("a") as file:
        file.write("r4,,5,,,N")
    batches.extend(reading)
    with export.open("a") as file:
        file.write("o\n")
    items, _ = drain(source, batches[-1].cursor)
    assert items[-1].natural_key == "id:r4"
    assert items[-1].facts["wants_contact"] is False


def test_without_an_id_the_content_is_the_key_and_equal_rows_stay_apart(tmp_path):
    path = tmp_path / "forms.csv"
    path.write_text("Timestamp,Why?\n" + "2025-03-04 10:00:00,N/A\n" * 2)
    mapping = {"Timestamp": "submitted_at", "Why?": "comment"}
    first = drain(open_source(path, map=mapping, score_kind=None))[0]
    assert len(set(keys(first))) == 2
    path.write_text("Timestamp,New,Why?\n" + "2025-03-04 10:00:00,x,N/A\n" * 2)
    assert keys(drain(open_source(path, map=mapping, score_kind=None))[0]) == keys(first)


def test_responses_without_an_id_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("connector.sources._exports.identity.MAX_REMEMBERED", 2)
    path = tmp_path / "forms.csv"
    path.write_text("Why?\na\nb\nc\nd\n")
    items = drain(open_source(path, map={"Why?": "comment"}, score_kind=None))[0]
    assert [type(item) for item in items] == [Signal, Signal, Unreadable]
    assert "map the column of the id" in items[-1].problem


def test_an_id_that_comes_twice_keeps_its_key_and_tells_its_contents_apart(export):
    export.write_text(HEADER + TWO + TWO + TWO.replace(",10,", ",1,"))
    (batch,) = open_source(export).read(None)
    assert keys(batch.items) == ["id:r2"] * 3
    first, second, third = (row.content for row in batch.items.entries)
    assert first == second != third


def test_a_mapped_column_that_is_gone_stops_the_source_and_names_both(export):
    export.write_text((HEADER + ONE).replace("Why?", "Reason"))
    with capture_logs() as logs:
        (refused,), fault, cursor = read_until_fault(open_source(export))
    assert isinstance(refused, Unreadable)
    for told in (refused.problem, fault):
        assert "export.csv" in told
        assert '"Why?"' in told
    assert [one["event"] for one in logs] == ["export_refused"]
    items, fault, _ = read_until_fault(open_source(export), cursor)
    assert items == []
    assert '"Why?"' in fault


def test_a_stopped_source_goes_on_by_itself_when_a_file_fits_again(tmp_path):
    old, new, newer = (tmp_path / name for name in ("z.csv", "y.csv", "x.csv"))
    for n, (path, text) in enumerate(
        [(old, HEADER + ONE), (new, (HEADER + TWO).replace("Why?", "Reason"))]
    ):
        path.write_text(text)
        os.utime(path, (1_741_000_000 + n,) * 2)
    items, _, cursor = read_until_fault(open_source(tmp_path))
    assert keys(items) == ["id:r1"]
    newer.write_text(HEADER + THREE)
    items, cursor = drain(open_source(tmp_path), cursor)
    assert keys(items) == ["id:r3"]
    assert drain(open_source(tmp_path), cursor)[0] == []


def test_a_stopped_source_goes_on_when_the_misfit_is_taken_away(tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + ONE)
    os.utime(tmp_path / "a.csv", (1_741_000_000,) * 2)
    (tmp_path / "b.csv").write_text("other,columns\n1,2\n")
    _, _, cursor = read_until_fault(open_source(tmp_path))
    (tmp_path / "b.csv").unlink()
    assert drain(open_source(tmp_path), cursor)[0] == []


def test_a_refused_file_is_read_when_the_map_was_mended(export):
    export.write_text((HEADER + ONE).replace("Why?", "Reason"))
    _, _, cursor = read_until_fault(open_source(export))
    mended = {**MAP, "Reason": "comment"}
    del mended["Why?"]
    assert keys(drain(open_source(export, map=mended), cursor)[0]) == ["id:r1"]


def test_a_ragged_row_is_shown_with_its_number_and_stops_none_behind_it(export):
    export.write_text(HEADER + TWO + "r9,one,too,few\n" + THREE)
    items = drain(open_source(export))[0]
    assert [type(item) for item in items] == [Signal, Unreadable, Signal]
    assert items[1].locator == f"{export}#3"
    assert items[1].problem.startswith("Row 3: The row has 4 fields where the header has 6: ")
    assert items[1].raw == b"r9,one,too,few\n"


def test_a_broken_header_refuses_the_file(export):
    export.write_text('Response ID,"oops"x\n' + ONE)
    (refused,), fault, _ = read_until_fault(open_source(export))
    assert "header" in refused.problem
    assert "header" in fault


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"PK\x03\x04abc", "not whole"),
        (b"\xd0\xcf\x11\xe0", "old Excel"),
        (b"%PDF-1.7", "PDF"),
        (b'\xef\xbb\xbf{"reviews": []}', "JSON"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"<monthlydata><header>", "HCAHPS"),
        (b"<html><table>", "web page"),
    ],
)
def test_other_formats_are_refused_by_name(export, first, words):
    export.write_bytes(first)
    (refused,), _ = drain(open_source(export))
    assert words in refused.problem


def test_an_empty_file_is_nothing(export):
    export.write_bytes(b"")
    assert drain(open_source(export))[0] == []


def test_a_hint_for_excel_in_front_of_the_header_is_passed_over(export):
    export.write_text("sep=;\n" + (HEADER + TWO).replace(",", ";"))
    assert keys(drain(open_source(export))[0]) == ["id:r2"]


def test_locks_hidden_and_unfinished_files_are_ignored(tmp_path):
    for name in ("~$a.csv", ".a.csv", "a.csv.part", "a.csv.crdownload", "a.tmp", "a.csv~"):
        (tmp_path / name).write_text(HEADER + ONE)
    (tmp_path / "folder.csv").mkdir()
    assert drain(open_source(tmp_path))[0] == []


def test_only_files_of_the_pattern_are_read(tmp_path):
    (tmp_path / "nps-march.csv").write_text(HEADER + ONE)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert keys(drain(open_source(tmp_path, pattern="nps-*.csv"))[0]) == ["id:r1"]


def test_a_file_is_read_only_when_it_rested(export):
    clock = Clock()
    source = open_source(export, clock=clock, settle_seconds=30)
    items, cursor = drain(source)
    assert items == []
    clock.ahead_s = 31
    assert len(drain(source, cursor)[0]) == 3


def test_an_upload_that_goes_on_starts_the_rest_anew(export):
    clock = Clock()
    clock.ahead_s = -1_000  # the server's clock is ahead of ours: only watching tells
    source = open_source(export, clock=clock, settle_seconds=30)
    drain(source)
    clock.ahead_s += 20
    with export.open("a") as file:
        file.write("r4,,5,,,\n")
    assert drain(source)[0] == []
    clock.ahead_s += 20
    assert drain(source)[0] == []
    clock.ahead_s += 20
    assert len(drain(source)[0]) == 4


def test_a_file_that_changes_while_it_is_read_is_not_done(export, monkeypatch):
    monkeypatch.setattr(BATCH, 1)
    source = open_source(export)
    reading = source.read(None)
    batches = [next(reading)]
    with export.open("a") as file:
        file.write("r4,,5,,,\n")
    batches.extend(reading)
    items, _ = drain(source, batches[-1].cursor)
    heard = keys([item for batch in batches for item in batch.items] + items)
    assert set(heard) == {"id:r1", "id:r2", "id:r3", "id:r4"}


def test_a_place_that_does_not_exist_is_unavailable(tmp_path):
    source = open_source(tmp_path / "gone")
    with pytest.raises(Unavailable, match="does not exist"):
        drain(source)
    assert len(source.probe()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_stops_no_other(tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + ONE)
    (tmp_path / "a.csv").chmod(0)
    (tmp_path / "b.csv").write_text(HEADER + TWO)
    items, fault = heard_before_fault(open_source(tmp_path))
    assert keys(items) == ["id:r2"]
    assert "may not be read" in fault


def test_a_pipe_in_the_folder_never_hangs_and_stops_no_file(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text(HEADER + TWO)
    source = open_source(tmp_path)
    items, fault = heard_before_fault(source)
    assert keys(items) == ["id:r2"]
    assert "not a file" in fault
    assert len(source.probe()) == 1


def test_a_folder_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("connector.sources._exports.folder.MAX_FILES", 1)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(HEADER)
    with pytest.raises(Unavailable, match="move old ones away"):
        drain(open_source(tmp_path))


def test_a_file_that_is_gone_is_forgotten(tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + ONE)
    source = open_source(tmp_path)
    _, cursor = drain(source)
    (tmp_path / "a.csv").unlink()
    items, cursor = drain(source, cursor)
    assert items == []
    assert "a.csv" not in cursor


def test_names_that_are_not_utf8_are_printable(tmp_path):
    (tmp_path / "a\udcff.csv").write_text(HEADER + ONE)
    items, cursor = drain(open_source(tmp_path))
    items[0].locator.encode("utf-8")
    assert drain(open_source(tmp_path), cursor)[0] == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"map": {}}, "guess = true"),
        ({"map": {"a": "id"}}, "name the column of the score or of a comment"),
        ({"score_kind": None}, "score_kind"),
        ({"score_kind": "custom"}, "score_min, score_max and direction"),
        (
            {"score_kind": "custom", "score_min": 5, "score_max": 1, "direction": "low_is_good"},
            "below",
        ),
        ({"map": {**MAP, "b": "email"}}, "only one column can be the email"),
        ({"map": {**MAP, "b": "colour"}}, "map"),
        ({"zone": "Mars/Olympus"}, "time zone"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(tmp_path, changes, fault):
    with pytest.raises(ValidationError, match=fault):
        configured(tmp_path, **changes)


def test_inspection_guesses_what_the_columns_are(export):
    items, _ = drain(SurveyFileSettings.for_inspection(export).open(PRACTICE))
    assert keys(items) == ["id:r1", "id:r2", "id:r3"]
    assert items[0].facts["score_kind"] == "nps"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(st.integers(0, 8), max_size=6),
    restart=st.booleans(),
    ids=st.booleans(),
    batch=st.integers(1, 4),
)
def test_a_growing_file_read_at_any_time_gives_the_same_signals(
    tmp_path_factory, steps, restart, ids, batch
):
    path = tmp_path_factory.mktemp("survey") / "export.csv"
    mapping = MAP if ids else {key: role for key, role in MAP.items() if role != "id"}
    rows = [TWO if n % 3 else f'r{n},,1,"a\nb{n % 2}",,\n' for n in range(sum(steps))]
    path.write_text(HEADER + "".join(rows))
    whole = identities(drain(open_source(path, map=mapping))[0])
    source, cursor, heard, done = open_source(path, map=mapping), None, [], 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BATCH, batch)
        for step in steps:
            done += step
            path.write_text(HEADER + "".join(rows[:done]))
            if restart:
                source = open_source(path, map=mapping)
                first = next(iter(source.read(cursor)), None)
                if first is not None:
                    heard.extend(first.items)
                    cursor = first.cursor
            items, cursor = drain(source, cursor)
            heard.extend(items)
    assert list(dict.fromkeys(identities(heard))) == list(dict.fromkeys(whole))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=300))
def test_no_bytes_raise(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("survey") / "export.csv"
    path.write_bytes(HEADER.encode() + data)
    for item in drain(open_source(path))[0]:
        assert isinstance(item, Signal | Unreadable)


def test_a_path_may_hold_bytes_that_are_no_utf8(tmp_path):
    path = tmp_path / os.fsdecode(b"r\xe9ponses.csv")
    path.write_text(HEADER + ONE, encoding="utf-8")
    assert len(drain(open_source(path))[0]) == 1


def test_check_says_that_the_newest_export_no_longer_fits_its_map(tmp_path):
    old, new = tmp_path / "a.csv", tmp_path / "b.csv"
    old.write_text(HEADER.replace("Why?", "Gone?") + ONE)
    os.utime(old, (1, 1))
    new.write_text(HEADER + ONE)
    assert open_source(tmp_path).probe() == []
    new.write_text(HEADER.replace("Why?", "Why not?") + ONE)
    (problem,) = open_source(tmp_path).probe()
    assert str(new) in problem
    assert 'no column "Why?"' in problem


def test_columns_that_nobody_spoke_of_are_logged_once_without_their_names(export):
    export.write_text(HEADER.rstrip() + ",Secret\n" + ONE.rstrip() + ",x\n")
    source = open_source(export)
    with capture_logs() as logs:
        drain(source)
        export.write_text(HEADER.rstrip() + ",Secret\n" + TWO.rstrip() + ",x\n")
        drain(source)
    (told,) = [one for one in logs if one["event"] == "columns_unmapped"]
    assert told["count"] == 1
    assert "Secret" not in str(told)


def test_an_id_that_a_spreadsheet_shortened_is_no_id(export):
    export.write_text(HEADER + ONE.replace("r1", "1.14222E+11") + TWO.replace("r2", "RE+2"))
    bad, good = drain(open_source(export))[0]
    assert "shortened by a spreadsheet" in bad.problem
    assert good.natural_key == "id:RE+2"


def test_text_that_went_through_the_wrong_encoding_is_marked(export):
    export.write_text(HEADER + "r1,,2,they don\u00e2\u20ac\u2122t call,,\nr2,,2,caf\u00e9,,\n")
    garbled, fine = drain(open_source(export))[0]
    assert garbled.facts["text_garbled"] is True
    assert "text_garbled" not in fine.facts


def test_single_bytes_of_windows_are_read_and_the_file_is_marked(export):
    export.write_bytes((HEADER + "r1,,2,caf\u00e9,,\n").encode() + b"r2,,2,don\x92t,,\n")
    first, second = drain(open_source(export))[0]
    assert (first.reply_text, second.reply_text) == ("caf\u00e9", "don\u2019t")
    assert first.facts["encoding_guessed"] is True


def test_a_configured_encoding_is_used(export):
    export.write_bytes((HEADER + "r1,,2,\u043f\u043b\u043e\u0445\u043e,,\n").encode("cp1251"))
    (only,) = drain(open_source(export, encoding="cp1251"))[0]
    assert only.reply_text == "\u043f\u043b\u043e\u0445\u043e"
    with pytest.raises(ValidationError, match="no such encoding"):
        configured(export, encoding="rot13")


def test_a_folder_where_a_file_should_be_and_a_broken_file_stop_no_other(tmp_path):
    (tmp_path / "a.csv").mkdir()
    (tmp_path / "b.zip").write_bytes(packed({"x.csv": HEADER + ONE, "y.csv": "no header"}))
    (tmp_path / "c.csv").write_text(HEADER + TWO)
    items = drain(open_source(tmp_path))[0]
    assert keys(items) == ["id:r1", "id:r2"]
    (refused,) = [item for item in items if isinstance(item, Unreadable)]
    assert f"{tmp_path / 'b.zip'}!y.csv" in refused.problem


def test_a_zip_that_is_still_being_written_is_waited_for_and_then_shown(tmp_path):
    clock = Clock()
    path = tmp_path / "export.zip"
    whole = packed({"x.csv": HEADER + ONE})
    path.write_bytes(whole[:-30])
    source = open_source(tmp_path, clock=clock, settle_seconds=30)
    clock.ahead_s = 100
    assert drain(source)[0] == []
    clock.ahead_s = 700
    (refused,) = drain(source)[0]
    assert "not whole" in refused.problem
    path.write_bytes(whole)
    clock.ahead_s = 400
    assert keys(drain(source)[0]) == ["id:r1"]


def test_responses_of_a_file_in_a_zip_are_found_by_their_place(tmp_path):
    path = tmp_path / "export.zip"
    path.write_bytes(packed({"in/x.csv": HEADER + ONE}))
    (only,) = drain(open_source(path))[0]
    assert only.locator == f"{path}!in/x.csv#2"


def test_rows_in_front_of_a_fault_of_the_file_are_heard(export, monkeypatch):
    real = survey_files.read_rows

    def cut(*given):
        yield from real(*given)
        raise survey_files.NotRead("The rest is gone.")

    monkeypatch.setattr(survey_files, "read_rows", cut)
    rows = [TWO.replace("r2", f"r{number}") for number in range(130)]
    export.write_text(HEADER + "".join(rows))
    items = drain(open_source(export))[0]
    assert keys(items[:-1]) == [f"id:r{number}" for number in range(130)]
    assert "The rest is gone." in items[-1].problem


def test_long_rows_are_looked_at_a_few_at_a_time(export, monkeypatch):
    monkeypatch.setattr("connector.sources._exports.runs.RUN_CHARS", 40)
    export.write_text(HEADER + ONE + TWO + "cut\n" + THREE)
    items = drain(open_source(export))[0]
    assert keys([items[0], items[1], items[3]]) == ["id:r1", "id:r2", "id:r3"]
    assert isinstance(items[2], Unreadable)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("MAX_MEMBERS", "more than"),
        ("MAX_MEMBER_BYTES", "unpacks to"),
        ("RATIO_FROM_BYTES", "times its size"),
    ],
)
def test_a_zip_that_is_a_bomb_is_refused(tmp_path, monkeypatch, limit, words):
    monkeypatch.setattr(survey_files, limit, 0 if limit != "MAX_MEMBERS" else 1)
    path = tmp_path / "export.zip"
    path.write_bytes(packed({"x.csv": HEADER + "\n" * 3_000_000, "y.csv": ""}))
    first, *_ = drain(open_source(path))[0]
    assert isinstance(first, Unreadable)
    assert words in first.problem


@pytest.mark.parametrize(
    "name", [b"na\xffme.csv", b"two\nlines.csv", b"\xe2\x80\xaetxt.csv", b" .csv"]
)
def test_files_of_odd_names_are_read_once(tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118 - bytes
    with open(path, "w") as file:  # noqa: PTH123 - bytes
        file.write(HEADER + ONE)
    items, cursor = drain(open_source(tmp_path))
    assert keys(items) == ["id:r1"]
    assert items[0].locator.encode()
    assert drain(open_source(tmp_path), cursor)[0] == []


def test_a_workbook_that_spans_too_much_is_refused_and_stops_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr("connector.parsing.sheets.MAX_CELLS", 5)
    (tmp_path / "a.xlsx").write_bytes(workbook(sheet([["Response ID", "Why?"]] * 9)))
    (tmp_path / "b.csv").write_text(HEADER + ONE)
    items = drain(open_source(tmp_path))[0]
    assert keys(items) == ["id:r1"]
    (refused,) = [item for item in items if isinstance(item, Unreadable)]
    assert refused.problem.startswith(f"{tmp_path / 'a.xlsx'}: The sheet spans 9 rows")


def test_a_file_of_nothing_but_misfits_is_given_up_and_one_of_some_is_not(export, monkeypatch):
    monkeypatch.setattr("connector.sources._exports.rows.MAX_MISFITS", 3)
    export.write_text(HEADER + "x\nx\n" + ONE + "x\nx\n" + TWO)
    assert len(drain(open_source(export))[0]) == 6
    export.write_text(HEADER + "x\n" * 9 + ONE)
    items = drain(open_source(export))[0]
    assert len(items) == 4
    assert "the rest of the file is not read" in items[-1].problem


def test_a_folder_of_many_files_is_read_once(tmp_path):
    for number in range(400):
        (tmp_path / f"{number}.csv").write_text(HEADER + ONE.replace("r1", f"r{number}"))
    source = open_source(tmp_path)
    last = None
    count = 0
    for batch in source.read(None):
        count += len(batch.items)
        last = batch.cursor
    assert count == 400
    assert drain(open_source(tmp_path), last)[0] == []
