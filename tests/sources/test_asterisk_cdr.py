"""Asterisk's call detail records in all their widths, and what they cannot show."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.domain.practice import Practice
from connector.domain.signal import Signal, Unreadable
from connector.parsing import tail
from connector.sources.asterisk_cdr import AsteriskCdr, AsteriskCdrSettings
from connector.testing.source import SourceContract

PRACTICE = Practice(tenant="clinic", name="Clinic", zone=ZoneInfo("America/Denver"))

ONE = (
    '"","7205550111","3035550140","pstn-in","""Pat Doe"" <7205550111>","SIP/denver-0000a1",'
    '"SIP/2001-0000a2","Dial","SIP/2001,20","2030-08-07 09:00:00","2030-08-07 09:00:05",'
    '"2030-08-07 09:01:05",65,60,"ANSWERED","DOCUMENTATION"'
)
UNIQUE, REST = '"1912345200.7"', '"","1912345200.7",41'
MAZE = [
    ("SIP/2001-00000001", "09:00:00", "09:00:20", 15, "ANSWERED"),
    ("SIP/2002-00000002", "09:00:20", "09:00:50", 27, "ANSWERED"),
    ("SIP/2003-00000003", "09:00:50", "09:01:20", 27, "ANSWERED"),
    ("SIP/2004-00000004", "09:01:20", "09:02:20", 57, "ANSWERED"),
]


def heard(path: Path, data: bytes | str, **more: object) -> list:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    source = AsteriskCdrSettings(name="phones", path=path, **more).open(PRACTICE)
    object.__setattr__(source._watched, "now", lambda: 4e9)
    return [item for batch in source.read(None) for item in batch.items]


@pytest.fixture
def log(tmp_path):
    return tmp_path / "Master.csv"


@pytest.mark.parametrize(
    "more",
    [
        [],
        [UNIQUE],
        ['"a field of the user"'],
        [UNIQUE, '""'],
        [REST],
        [UNIQUE, REST],
        [UNIQUE, '"note"', REST],
    ],
    ids=["16", "17 unique", "17 user", "18", "19", "20", "21"],
)
def test_every_width_is_read(log, more):
    (signal,) = heard(log, ",".join([ONE, *more]) + "\n")
    assert isinstance(signal, Signal)
    assert signal.contact.phone == "+17205550111"
    assert signal.contact.name == "Pat Doe"
    facts = signal.facts
    assert (facts["call_end"], facts["staff"], facts["line"]) == (
        "answered",
        ("2001",),
        "3035550140",
    )
    assert signal.event_time.isoformat() == "2030-08-07T15:01:05+00:00"


def test_the_samples_own_order_is_read(log):
    line = (
        '"""Pat Doe"" <7205550111>","7205550111","3035550140","pstn-in","SIP/denver-1",'
        '"SIP/2001-2","Dial","SIP/2001,20","2030-08-07 09:00:00","2030-08-07 09:00:05",'
        '"2030-08-07 09:01:05","65","60","ANSWERED","3","","1912345200.7","","0"\n'
    )
    (signal,) = heard(log, line)
    assert signal.facts["call_end"] == "answered"


def test_an_export_with_a_header_is_read(log):
    head = (
        "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,"
        "disposition,amaflags,accountcode,uniqueid,userfield,did,cnum,cnam,outbound_cnum,"
        "outbound_cnam,dst_cnam,recordingfile,linkedid,peeraccount,sequence\n"
    )
    line = (
        '2030-08-07 09:00:00,"""Pat"" <7205550111>",7205550111,2001,ext-local,PJSIP/voip-1,'
        "PJSIP/2001-2,Dial,PJSIP/2001,20,0,NO ANSWER,3,,1912345200.7,,3035550140,7205550111,"
        "Pat Doe,,,,,1912345200.7,,9\n"
    )
    (signal,) = heard(log, head + line)
    assert (signal.facts["call_end"], signal.facts["line"]) == ("missed", "3035550140")


def maze() -> str:
    text = io.StringIO()
    for number, (leg, start, end, talk, disposition) in enumerate(MAZE):
        row = ["", "7205550111", "3035550140", "pstn-in", '"Pat" <7205550111>', "SIP/denver-9"]
        row += [leg, "Dial", "x", f"2030-08-07 {start}", f"2030-08-07 {start}"]
        row += [f"2030-08-07 {end}", str(talk + 3), str(talk), disposition, "DOCUMENTATION"]
        row += ["1912345200.7", "", "", "1912345200.7", str(number)]
        csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()


def test_who_follows_upon_whom_tells_of_transfers(log):
    (signal,) = heard(log, maze())
    assert (signal.facts["transfers"], signal.facts["staff"]) == (
        3,
        ("2001", "2002", "2003", "2004"),
    )
    assert "hold_s" not in signal.facts
    assert "recordings_heard" not in signal.facts


def test_check_says_what_records_cannot_show_and_what_to_change(log, tmp_path):
    log.touch()
    source = AsteriskCdrSettings(name="phones", path=log).open(PRACTICE)
    told = " ".join(source.cannot_show())
    assert all(word in told for word in ("hold time", "recordings", "events=ALL", "queue_log"))
    (tmp_path / "queue_log").touch()
    beside = AsteriskCdrSettings(name="phones", path=log, queue_log=tmp_path / "queue_log")
    assert len(beside.open(PRACTICE).cannot_show()) == 1


def test_the_queue_log_says_how_a_wait_ended(log, tmp_path):
    line = (
        '"","7205550111","3035550140","pstn-in","<7205550111>","SIP/denver-9","","Queue",'
        '"frontline,t","2030-08-07 09:00:00","2030-08-07 09:00:00","2030-08-07 09:00:42",42,42,'
        '"ANSWERED","DOCUMENTATION","1912345200.7","","","1912345200.7",0\n'
    )
    queue = tmp_path / "queue_log"
    queue.write_text(
        "1912345200|1912345200.7|frontline|NONE|ENTERQUEUE||7205550111|1\n"
        "1912345242|1912345200.7|frontline|NONE|EXITEMPTY|1|1|42\n"
    )
    (signal,) = heard(log, line, queue_log=queue)
    assert (signal.facts["call_end"], signal.facts["wait_s"]) == ("empty", 42)


@pytest.mark.parametrize(
    "line",
    [
        b"a,b,c\n",
        b'"no end of quote\n',
        ONE.replace("65,60", "65,x").encode() + b"\n",
        ONE.replace("ANSWERED", "TELEPORTED").encode() + b"\n",
        b"\x00\xff,garbage\n",
        b"," * 30_000 + b"\n",
    ],
)
def test_what_nobody_can_understand_is_shown_and_stops_nothing(log, line):
    items = heard(log, line + ONE.encode() + b"\n")
    assert [type(item) for item in items] == [Unreadable, Signal]


def test_a_negative_duration_is_none(log):
    (signal,) = heard(log, ONE.replace("65,60", "-65,-60") + "\n")
    assert isinstance(signal, Signal)


class CdrWorld:
    """A log that grows by whole calls."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "Master.csv"
        self.log.touch()

    def open(self) -> AsteriskCdr:
        made = AsteriskCdrSettings(name="phones", path=self.log).open(PRACTICE)
        object.__setattr__(made._watched, "now", lambda: 4e9)
        return made

    def put_good(self, number: int) -> None:
        hour, minute = divmod(number, 60)
        at = f"2030-08-07 {10 + hour}:{minute:02d}"
        line = ONE.replace("2030-08-07 09:00", at).replace("2030-08-07 09:01", at)
        self._append(f'{line},"1912349{number:03d}.{number}"\n'.encode())

    def put_broken(self, number: int) -> None:
        self._append(f"no record {number}\n".encode())

    def fingerprint(self) -> bytes:
        return self.log.read_bytes()

    def _append(self, data: bytes) -> None:
        with self.log.open("ab") as log:
            log.write(data)


class TestAsteriskCdr(SourceContract):
    """What every source promises."""

    @pytest.fixture
    def world(self, tmp_path, monkeypatch):
        monkeypatch.setattr("connector.parsing.calls.cdr_system.BATCH_CALLS", 1)
        monkeypatch.setattr(tail, "BLOCK_BYTES", 200)
        monkeypatch.setattr(tail, "CHUNK_LINES", 1)
        return CdrWorld(tmp_path)

    def test_a_broken_item_is_shown_and_stops_none_behind_it(self, world, source):
        """A call is told when the log has gone on, so what nobody understands may come first."""
        world.put_good(1)
        world.put_broken(2)
        world.put_good(3)
        kinds = [type(item).__name__ for batch in source.read(None) for item in batch.items]
        assert sorted(kinds) == ["Signal", "Signal", "Unreadable"]


def test_rows_that_are_read_twice_change_nothing(log):
    row = f"{ONE},{UNIQUE},{REST}\n"
    (once,) = heard(log, row)
    (twice,) = heard(log, row * 2)
    assert twice.facts == once.facts
