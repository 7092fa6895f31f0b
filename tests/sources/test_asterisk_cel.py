"""Asterisk's channel log and queue_log as one source, followed while they are written."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from servers.asterisk import LINE, Pbx

from connector.domain.practice import Practice
from connector.domain.signal import Signal, Unreadable
from connector.parsing import tail
from connector.sources.asterisk_cel import AsteriskCel, AsteriskCelSettings
from connector.testing.source import SourceContract
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

PRACTICE = Practice(tenant="clinic", name="Clinic", zone=ZoneInfo("America/Denver"))


class Place:
    """A phone system's log folder."""

    def __init__(self, folder: Path) -> None:
        self.cel, self.queue = folder / "Master.csv", folder / "queue_log"
        self.cel.touch()
        self.queue.touch()

    def write(self, pbx: Pbx) -> None:
        self.cel.write_bytes(pbx.cel_bytes())
        self.queue.write_bytes(pbx.queue_bytes())

    def source(self, now: float = 4e9, **more: object) -> AsteriskCel:
        made = AsteriskCelSettings(name="phones", path=self.cel, queue_log=self.queue, **more).open(
            PRACTICE
        )
        object.__setattr__(made._watched, "now", lambda: now)
        return made

    def heard(self, now: float = 4e9, **more: object) -> list[Signal]:
        return [
            item
            for batch in self.source(now, **more).read(None)
            for item in batch.items
            if isinstance(item, Signal)
        ]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def busy_day() -> Pbx:
    """Calls of many kinds, several at once."""
    pbx = Pbx()
    pbx.talk("7205550111")
    pbx.maze("7205550112", ["2001", "2002", "2003", "2004"])
    pbx.abandons("7205550113")
    pbx.misses("7205550114")
    pbx.voicemail("7205550115")
    pbx.calls_out("17205550115")
    pbx.abandons("7205550116", wait=3)
    return pbx


def test_the_call_of_the_source_story_is_heard_whole(place):
    pbx = Pbx()
    pbx.maze("7205550112", ["2001", "2002", "2003", "2004"])
    place.write(pbx)
    (signal,) = place.heard()
    assert signal.contact.phone == "+17205550112"
    facts = signal.facts
    assert (facts["transfers"], facts["recording_repeats"], facts["line"]) == (3, 3, LINE)
    assert facts["ended_by"] == "caller"
    assessment = assess(signal, TriageSettings())
    assert assessment.categories == ("access.phone_maze",)
    assert assessment.severity == 2
    rules = {reason.rule for reason in assessment.reasons}
    assert {"phone.transfers", "phone.recording", "phone.lost_prospect"} <= rules


def test_the_timeline_tells_the_call_in_plain_words(place):
    pbx = Pbx()
    pbx.maze("7205550112", ["2001", "2002"])
    place.write(pbx)
    calls = {
        "staff": {"2001": "front desk"},
        "recordings": {"custom/if-this-is-an-emergency": "911"},
    }
    (signal,) = place.heard(calls=calls)
    told = signal.text.split("\n")
    assert told[2].endswith("answered by front desk (2001) after 9 s")
    assert told[3].endswith("transferred to 2002 by front desk (2001)")
    assert told[4].endswith('recording "911" for the 1st time')
    assert told[-1].endswith("the caller hung up")


def test_the_queue_log_knows_better_how_a_wait_ended(place):
    pbx = Pbx()
    pbx.abandons("7205550113", wait=45)
    place.write(pbx)
    text = place.queue.read_text().replace("ABANDON|1|1|45", "EXITEMPTY|1|1|45")
    place.queue.write_text(text)
    (signal,) = place.heard()
    assert (signal.facts["call_end"], signal.facts["wait_s"]) == ("empty", 45)


def test_a_call_that_only_the_queue_log_knows_is_heard_too(place):
    pbx = Pbx()
    pbx.abandons("7205550113", wait=45)
    place.write(pbx)
    place.cel.write_bytes(b"")
    (signal,) = place.heard()
    assert signal.facts["call_end"] == "abandoned"
    assert signal.contact.phone == "+17205550113"


def test_a_missing_queue_log_stops_nothing(place):
    pbx = Pbx()
    pbx.abandons("7205550113", wait=45)
    place.write(pbx)
    place.queue.unlink()
    (signal,) = place.heard()
    assert (signal.facts["call_end"], signal.facts["wait_s"]) == ("abandoned", 45)


def test_a_call_that_the_crash_of_the_phone_system_cut_off_is_truncated(place):
    pbx = Pbx()
    caller = pbx.caller("7205550119")
    pbx.answers(caller, pbx.rings(caller, "2001", 4))
    pbx.wait(30)
    after = Pbx(at=pbx.at + 90)
    after.talk("7205550120")
    place.cel.write_bytes(pbx.cel_bytes() + after.cel_bytes())
    heard = place.heard(now=after.at)
    assert [signal.facts.get("truncated", False) for signal in heard] == [True, False]


def test_what_nobody_can_understand_is_shown_and_stops_nothing(place):
    pbx = Pbx()
    pbx.talk("7205550111")
    lines = pbx.cel_bytes().splitlines(keepends=True)
    bad = b'CHAN_START,too,few\n"BRIDGE_ENTER","no end of quote\n\xff\xfe\x00garbage|||\n{"a":1}\n'
    place.cel.write_bytes(lines[0] + bad + b"".join(lines[1:]))
    items = [item for batch in place.source().read(None) for item in batch.items]
    assert sum(isinstance(item, Unreadable) for item in items) == 4
    assert sum(isinstance(item, Signal) for item in items) == 1


def test_hostile_names_are_names(place):
    pbx = Pbx()
    caller = pbx.caller("7205550111", name='Eve "x", | \x1b[31m\u202e ' + "y" * 80)
    leg = pbx.rings(caller, "2001", 4)
    pbx.finish(pbx.answers(caller, leg), caller, leg)
    place.write(pbx)
    (signal,) = place.heard()
    assert signal.contact.name.startswith('Eve "x", |')
    assert "\x1b" not in signal.contact.name


def test_rows_that_come_twice_or_late_change_nothing(place):
    pbx = busy_day()
    place.write(pbx)
    expected = [signal.facts for signal in place.heard()]
    lines = place.cel.read_bytes().splitlines(keepends=True)
    doubled = b"".join(line * 2 for line in lines) + lines[3] + lines[-20]
    place.cel.write_bytes(doubled)
    assert [signal.facts for signal in place.heard()] == expected


def test_the_cursor_is_json_and_a_foreign_one_begins_anew(place):
    place.write(busy_day())
    source = place.source()
    cursors = [batch.cursor for batch in source.read(None)]
    assert json.loads(cursors[-1])["calls"]["rows"] == []
    for foreign in ("", "{", "[]", '{"version": 99}', '{"version": 1, "calls": 7}'):
        assert len([item for batch in source.read(foreign) for item in batch.items]) == 7


def test_check_says_what_the_log_does_not_show(place):
    pbx = Pbx(events=frozenset({"LINKEDID_END", "STREAM_BEGIN", "STREAM_END"}))
    for last in range(6):
        pbx.talk(f"72055501{last:02d}")
    place.write(pbx)
    problems = place.source().cannot_show()
    assert any("events=ALL" in problem for problem in problems)
    assert any("music on hold" in problem for problem in problems)


class CelWorld:
    """A log that grows by whole calls."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder)
        self.number = 0

    def open(self) -> AsteriskCel:
        return self.place.source()

    def put_good(self, number: int) -> None:
        pbx = Pbx(at=1_912_345_600.0 + number * 1_000, counter=number * 10)
        pbx.talk(f"72055502{number:02d}")
        self._append(pbx.cel_bytes())

    def put_broken(self, number: int) -> None:
        self._append(f"no event {number}\n".encode())

    def fingerprint(self) -> bytes:
        return self.place.cel.read_bytes() + self.place.queue.read_bytes()

    def _append(self, data: bytes) -> None:
        with self.place.cel.open("ab") as log:
            log.write(data)


class TestAsteriskCel(SourceContract):
    """What every source promises."""

    @pytest.fixture
    def world(self, tmp_path, monkeypatch):
        monkeypatch.setattr("connector.parsing.calls.system.BATCH_CALLS", 1)
        monkeypatch.setattr(tail, "BLOCK_BYTES", 400)
        monkeypatch.setattr(tail, "CHUNK_LINES", 1)
        return CelWorld(tmp_path)


# call detail records beside the channel log


def recorded(pbx: Pbx, unique: str, number: str, start: float, *, answered: bool = True) -> bytes:
    """A row of cdr-csv with all 21 columns, as Asterisk writes it."""
    seconds = 60
    when = [
        datetime.fromtimestamp(at, ZoneInfo("America/Denver")).strftime("%Y-%m-%d %H:%M:%S")
        for at in (start, start + 4, start + seconds)
    ]
    answer = f'"{when[1]}"' if answered else ""
    how = "ANSWERED" if answered else "NO ANSWER"
    billed = seconds - 4 if answered else 0
    return (
        f'"","{number}","{LINE}","pstn-in","""Pat"" <{number}>","{pbx.trunk}-0000{unique[-2:]}",'
        f'"SIP/2001-00000099","Dial","SIP/2001,20","{when[0]}",{answer},"{when[2]}",{seconds},'
        f'{billed},"{how}","DOCUMENTATION","{unique}","","","{unique}",7\n'
    ).encode()


class Whole(Place):
    """All three logs of one system."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cdr = folder / "Master-cdr.csv"
        self.cdr.touch()

    def source(self, now: float = 4e9, **more: object) -> AsteriskCel:
        return super().source(now, cdr=self.cdr, **more)


@pytest.fixture
def whole(tmp_path):
    return Whole(tmp_path)


def test_three_logs_of_one_system_tell_each_call_once(whole):
    pbx = busy_day()
    whole.write(pbx)
    alone = {signal.natural_key: signal.facts for signal in Place(whole.cel.parent).heard()}
    started = {key: facts["call_start"] for key, facts in alone.items()}
    whole.cdr.write_bytes(
        b"".join(
            recorded(pbx, key.removeprefix("call|"), "7205550111", start)
            for key, start in started.items()
        )
    )
    assert {signal.natural_key: signal.facts for signal in whole.heard()} == alone


def test_a_call_that_only_the_records_know_is_heard_too(whole):
    pbx = busy_day()
    whole.write(pbx)
    before = len(whole.heard())
    lost = f"{int(pbx.at) - 200}.999"
    whole.cdr.write_bytes(recorded(pbx, lost, "7205550199", pbx.at - 200, answered=False))
    heard = whole.heard()
    assert len(heard) == before + 1
    (found,) = [signal for signal in heard if signal.natural_key == f"call|{lost}"]
    assert (found.facts["call_end"], found.contact.phone) == ("missed", "+17205550199")


def test_a_record_waits_for_the_channel_log_before_it_is_a_call_of_its_own(whole):
    pbx = Pbx()
    unique = pbx.talk("7205550111")
    whole.cdr.write_bytes(recorded(pbx, unique, "7205550111", pbx.at - 65))
    source = whole.source(pbx.at + 30)
    batches = list(source.read(None))
    assert [item for batch in batches for item in batch.items] == []
    whole.cel.write_bytes(pbx.cel_bytes())
    (signal,) = [item for batch in source.read(None) for item in batch.items]
    assert signal.facts["staff"] == ("2001",)


def test_the_records_complete_a_call_whose_end_the_channel_log_lost(whole):
    pbx = Pbx()
    unique = pbx.talk("7205550111")
    started = pbx.at - 64
    lines = pbx.cel_bytes().splitlines(keepends=True)
    whole.cel.write_bytes(b"".join(lines[: len(lines) // 2]))
    (cut,) = whole.heard()
    assert cut.facts["truncated"] is True
    whole.cdr.write_bytes(recorded(pbx, unique, "7205550111", started))
    (signal,) = whole.heard()
    assert "truncated" not in signal.facts
    assert (signal.facts["call_end"], signal.facts["call_s"]) == ("answered", 56)


def test_records_without_ids_are_recognised_by_their_channels(whole):
    pbx = Pbx()
    pbx.talk("7205550111")
    whole.cel.write_bytes(pbx.cel_bytes())
    channel = next(line.split('","')[9] for line in pbx.cel_bytes().decode().splitlines())
    row = recorded(pbx, "1.00", "7205550111", pbx.at - 64).decode()
    fields = row.split(",")[:16]
    fields[5] = f'"{channel}"'
    whole.cdr.write_text(",".join(fields) + "\n")
    assert len(whole.heard()) == 1


def test_records_that_are_missing_or_broken_stop_nothing(whole):
    pbx = busy_day()
    whole.write(pbx)
    count = len(whole.heard())
    whole.cdr.write_bytes(b'"no","record"\n"an open quote\n')
    items = [item for batch in whole.source().read(None) for item in batch.items]
    assert sum(isinstance(item, Unreadable) for item in items) == 2
    assert sum(isinstance(item, Signal) for item in items) == count
    whole.cdr.unlink()
    assert len(whole.heard()) == count
