"""Call records by presets: rows and documents as phone systems write them, calls out."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.domain.call import Direction, HangUp, Outcome
from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Signal
from connector.parsing import tail
from connector.parsing.calls import leg_groups, table_reader
from connector.parsing.calls.found import Broken, Heard
from connector.parsing.calls.presets import shipped
from connector.sources.call_table import CallTableSettings
from connector.testing.source import SourceContract, drain

PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("America/New_York"))
CORPUS = Path(__file__).parents[3] / "shared/corpora/phone"


# Rows as IP Office sends them: lost, answered, answered and passed on to the voicemail.
def smdr(start, talk, ring, caller, called, call, more, *parties):
    """A row of SMDR with its thirty fields."""
    before = f"2026/11/20 {start},{talk},{ring},{caller},I,{called},{called},,0,{call},{more}"
    return ",".join([before, *parties, *[""] * 14]) + "\n"


JOE = ("E4324", "Joe", "T9161", "LINE 5.1")
AVAYA = "".join(
    [
        smdr("09:28:41", "00:00:00", 9, 9175550106, 4324, 1000014155, 0, *JOE, "0", "0"),
        smdr("09:29:10", "00:02:05", 12, 9175550107, 4324, 1000014156, 0, *JOE, "30", "0"),
        smdr(
            *("09:30:57", "00:00:13", 7, 9175550108, 299999, 1000014160, 1),
            *("E4750", "Jo", "T9002", "LINE 1.2", "11", "0"),
        ),
        smdr(
            *("09:30:57", "00:00:21", 0, 9175550108, 299999, 1000014160, 0),
            *("V9502", "VM Channel 2", "T9002", "LINE 1.2", "0", "0"),
        ),
    ]
)


def open_source(path, **more):
    more.setdefault("settle_seconds", 0)
    return CallTableSettings(name="phones", path=path, **more).open(PRACTICE)


def found(path, **more):
    return [*open_source(path, **more).calls()]


def calls(path, **more):
    return [one.call for one in found(path, **more) if isinstance(one, Heard)]


def append(path, text):
    with path.open("a") as file:
        file.write(text)


class LogWorld:
    """A log of Avaya rows that grows."""

    def __init__(self, folder):
        self.path = folder / "smdr.log"
        self.path.write_text("")

    def open(self):
        return open_source(self.path, preset="avaya_ip_office")

    def put_good(self, number):
        row = AVAYA.splitlines()[0].replace("1000014155", f"1{number:06}")
        append(self.path, row + "\n")

    def put_broken(self, number):
        append(self.path, f"broken row {number}\n")

    def fingerprint(self):
        return self.path.read_bytes(), self.path.stat().st_mtime_ns


class FolderWorld:
    """A folder into which JSON documents are put."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def open(self):
        return open_source(self.folder, preset="ringcentral", late_seconds=0)

    def put(self, text):
        self.count += 1
        path = self.folder / f"{self.count:03}.json"
        path.write_text(text)
        os.utime(path, (1_763_000_000 + self.count,) * 2)

    def put_good(self, number):
        record = ringcentral(f"s{number}")
        self.put(json.dumps({"records": [record]}))

    def put_broken(self, number):
        self.put(f'{{"records": [{number}')

    def fingerprint(self):
        return tuple((p.name, p.stat().st_mtime_ns) for p in sorted(self.folder.iterdir()))


class TestALogOfRows(SourceContract):
    @pytest.fixture
    def world(self, tmp_path, monkeypatch):
        monkeypatch.setattr(table_reader, "BATCH_CALLS", 1)
        monkeypatch.setattr(tail, "BLOCK_BYTES", 40)
        monkeypatch.setattr(tail, "CHUNK_LINES", 1)
        return LogWorld(tmp_path)


class TestAFolderOfDocuments(SourceContract):
    @pytest.fixture
    def world(self, tmp_path, monkeypatch):
        monkeypatch.setattr(table_reader, "BATCH_CALLS", 1)
        return FolderWorld(tmp_path)


def test_avaya_rows_with_the_continuation_flag_are_one_call(tmp_path):
    path = tmp_path / "smdr.log"
    path.write_text(AVAYA)
    lost, reached, passed = calls(path)
    assert (lost.outcome, lost.wait_s, lost.ended_by) == (Outcome.MISSED, 9, HangUp.CALLER)
    assert lost.caller_e164 == "+19175550106"
    assert (reached.outcome, reached.wait_s, reached.talk_s) == (Outcome.ANSWERED, 12, 155)
    assert (reached.staff, reached.hold_s_max) == (("4324",), 30)
    assert passed.outcome is Outcome.VOICEMAIL_UNCLEAR
    assert [(t.by, t.to) for t in passed.transfers] == [("4750", "9502")]
    assert passed.started_at == datetime(2026, 11, 20, 14, 30, 57, tzinfo=UTC)


def test_an_open_call_outlives_a_restart_and_a_rotation(tmp_path, monkeypatch):
    soon = datetime(2026, 11, 20, 14, 40, tzinfo=UTC).timestamp()
    monkeypatch.setattr("connector.sources.call_table.time.time", lambda: soon)
    path = tmp_path / "smdr.log"
    rows = AVAYA.splitlines(keepends=True)
    path.write_text(rows[2])
    items, cursor = drain(open_source(path, preset="avaya_ip_office"))
    assert items == []
    path.rename(tmp_path / "smdr.log-20261120T150000")
    path.write_text(rows[3])
    items, cursor = drain(open_source(path, preset="avaya_ip_office"), cursor)
    assert [item.facts["transfers"] for item in items] == [1]
    assert items[0].raw.count(b"1000014160") == 2


def test_the_rows_that_avaya_published_are_understood():
    path = CORPUS / "avaya/smdr_examples.csv"
    if not path.exists():
        pytest.skip("no corpus of SMDR rows here")
    assert len(calls(path)) == len(found(path)) == 9


def test_freeswitch_rows_are_recognised_without_a_header(tmp_path):
    path = tmp_path / "Master.csv"
    path.write_text(
        '"JANE","9175550106","400","public","2026-11-20 09:00:00","2026-11-20 09:00:07",'
        '"2026-11-20 09:01:07","67","60","NORMAL_CLEARING","a5c9f6c0-e752-11e3-8bfb-65b6c3cdac7d",'
        '"","","PCMU","PCMU"\n'
        '"JANE", "9175550106", "400", "public", "2026-11-20 09:05:00", "", "2026-11-20 09:05:20",'
        ' "20", "0", "ORIGINATOR_CANCEL", "a5c9f6c0-e752-11e3-8bfb-65b6c3cdac7e", "", "", "", ""\n'
    )
    one, two = calls(path)
    assert (one.outcome, one.wait_s, one.talk_s) == (Outcome.ANSWERED, 7, 60)
    assert (two.outcome, two.wait_s, two.caller_name) == (Outcome.MISSED, 20, "JANE")


def ringcentral(session, **more):
    return {
        "id": f"id-{session}",
        "sessionId": session,
        "telephonySessionId": f"t-{session}",
        "startTime": "2026-11-20T14:00:00.000Z",
        "duration": 95,
        "type": "Voice",
        "direction": "Inbound",
        "action": "Phone Call",
        "result": "Missed",
        "from": {"phoneNumber": "+19175550106", "name": "DOE JANE"},
        "to": {"phoneNumber": "+12125550100"},
        "lastModifiedTime": "2026-11-20T14:02:00.000Z",
        **more,
    }


def leg(start, seconds, result, **more):
    return {
        "startTime": f"2026-11-20T14:{start}.000Z",
        "duration": seconds,
        "direction": "Inbound",
        "action": "VoIP Call",
        "result": result,
        "legType": "Accept",
        **more,
    }


def test_legs_of_ringcentral_tell_queue_members_and_transfers(tmp_path):
    legs = [
        leg("00:00", 95, "Accepted", master=True, legType="Accept"),
        leg("00:05", 20, "Missed", to={"extensionNumber": "101", "extensionId": "1"}),
        leg("00:05", 30, "Accepted", to={"extensionNumber": "102", "extensionId": "2"}),
        leg("00:35", 60, "Accepted", action="Transfer", to={"extensionNumber": "103"}),
    ]
    record = ringcentral("1", result="Accepted", legs=legs)
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"records": [record], "paging": {"page": 1}}))
    (call,) = calls(path)
    assert call.outcome is Outcome.ANSWERED
    assert call.staff == ("102", "103")
    assert [(t.kind.value, t.to) for t in call.transfers] == [("blind", "103")]
    assert (call.dialled, call.caller_name) == ("+12125550100", "DOE JANE")


def test_a_call_that_is_exported_twice_and_updated_is_one_signal(tmp_path):
    first = ringcentral("1", result="In Progress", lastModifiedTime="2026-11-20T14:00:30.000Z")
    second = ringcentral("1", result="Voicemail", lastModifiedTime="2026-11-20T14:02:00.000Z")
    lines = "\n".join(json.dumps(one) for one in (second, first, second, ringcentral("2")))
    (tmp_path / "a.jsonl").write_text(lines + "\n")
    items, cursor = drain(open_source(tmp_path, preset="ringcentral"))
    assert [item.facts["call_end"] for item in items] == ["voicemail", "missed"]
    (tmp_path / "b.jsonl").write_text(lines + "\n")
    again = drain(open_source(tmp_path, preset="ringcentral"), cursor)[0]
    assert all(isinstance(item, Signal) for item in again)
    assert {item.natural_key for item in again} <= {item.natural_key for item in items}


def test_amazon_connect_records_are_delivered_twice_and_the_newest_counts(tmp_path):
    base = {
        "ContactId": "c1",
        "InitialContactId": None,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": "2026-11-20T14:00:00Z",
        "DisconnectTimestamp": "2026-11-20T14:03:00Z",
        "CustomerEndpoint": {"Address": "+19175550106"},
        "SystemEndpoint": {"Address": "+12125550100"},
        "Queue": {
            "Name": "Front",
            "EnqueueTimestamp": "2026-11-20T14:00:30Z",
            "Duration": 150,
        },
        "Agent": None,
    }
    rows = [
        {**base, "LastUpdateTimestamp": "2026-11-20T14:03:05Z"},
        {
            **base,
            "LastUpdateTimestamp": "2026-11-20T14:04:05Z",
            "DisconnectReason": "CUSTOMER_DISCONNECT",
        },
        {**base, "LastUpdateTimestamp": "2026-11-20T14:03:05Z"},
        {**base, "ContactId": "chat", "Channel": "CHAT"},
    ]
    path = tmp_path / "ctr.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (call,) = calls(path)
    assert (call.outcome, call.wait_s, call.ended_by) == (
        Outcome.ABANDONED,
        150,
        HangUp.CALLER,
    )
    assert [stay.queue for stay in call.queues] == ["Front"]


def test_a_twilio_call_that_only_heard_a_menu_reached_nobody(tmp_path):
    def row(sid, parent, direction, status, seconds):
        return {
            "sid": sid,
            "parent_call_sid": parent,
            "direction": direction,
            "status": status,
            "duration": seconds,
            "from": "+19175550106",
            "to": "+12125550100",
            "start_time": "Fri, 20 Nov 2026 14:00:00 +0000",
            "end_time": "Fri, 20 Nov 2026 14:01:00 +0000",
        }

    listing = [
        row("CA1", None, "inbound", "completed", "60"),
        row("CA2", None, "inbound", "completed", "60"),
        row("CA3", "CA2", "outbound-dial", "no-answer", "0"),
        row("CA4", None, "inbound", "completed", "60"),
        row("CA5", "CA4", "outbound-dial", "completed", "50"),
    ]
    path = tmp_path / "calls.json"
    path.write_text(json.dumps({"calls": listing, "page": 0}))
    ends = {call.key: call.outcome for call in calls(path)}
    assert ends["CA1"] is Outcome.MENU
    assert ends["CA4"] is Outcome.ANSWERED
    assert ends["CA2"] in {Outcome.MENU, Outcome.MISSED}
    assert {call.direction for call in calls(path)} == {Direction.INBOUND}


def test_a_table_of_freepbx_has_a_header_and_local_times(tmp_path):
    path = tmp_path / "cdr.csv"
    path.write_text(
        "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,"
        "disposition,amaflags,accountcode,uniqueid,userfield,did,cnum,cnam\n"
        '2026-07-20 09:00:00,"""JANE"" <9175550106>",9175550106,400,from-trunk,PJSIP/t-1,'
        "PJSIP/101-2,Dial,x,30,0,NO ANSWER,3,,1784553600.1,,2125550100,9175550106,JANE\n"
    )
    (call,) = calls(path)
    assert (call.outcome, call.direction) == (Outcome.MISSED, Direction.INBOUND)
    assert call.started_at == datetime(2026, 7, 20, 13, 0, tzinfo=UTC)
    assert call.dialled_e164 == "+12125550100"


def test_columns_that_an_admin_chose_are_named_in_their_order(tmp_path):
    path = tmp_path / "cdr.log"
    path.write_text(
        "Call 5,2026/11/20 14:00:00,,2026/11/20 14:00:25,TerminatedBySrc,9175550106,"
        "line,extension\n"
    )
    columns = ["historyid", "time-start", "time-answered", "time-end", "reason-terminated"]
    columns += ["from-no", "from-type", "to-type"]
    (call,) = calls(path, preset="three_cx", columns=columns)
    assert (call.outcome, call.direction) == (Outcome.MISSED, Direction.INBOUND)
    assert call.started_at == datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    assert call.ended_by is HangUp.CALLER


OURS = """\
title = "Ours"
recognise = ["CallRef", "Answered by"]
late_seconds = 60
[fields]
call = "CallRef"
started = "Begin"
talk = "Talk"
caller = "From"
who = "Answered by"
[[outcome]]
is = "answered"
when = { "Talk" = ">0" }
[[outcome]]
is = "missed"
when = { "Talk" = "" }
"""


def test_a_preset_of_ones_own_reads_semicolons_and_american_times(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/ours.toml").write_text(OURS)
    path = tmp_path / "calls.csv"
    path.write_bytes(
        "CallRef;Begin;Talk;From;Answered by\n"
        "1;11/20/2026 9:05:00 PM;PT1M5S;9175550106;Zoë\n"
        "2;11/20/2026 9:06:00 PM;;9175550107;\n".encode("cp1252")
    )
    one, two = calls(path, presets=tmp_path / "presets")
    assert (one.outcome, one.talk_s, one.staff) == (Outcome.ANSWERED, 65, ("Zoë",))
    assert one.started_at == datetime(2026, 11, 21, 2, 5, tzinfo=UTC)
    assert two.outcome is Outcome.MISSED


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace('is = "missed"', 'is = "lost"'), "ours.toml: outcome: 'lost'"),
        (lambda text: text.replace("started =", "begun ="), "ours.toml: fields.begun"),
        (lambda text: text.replace('title = "Ours"', 'title = "Ours'), "ours.toml: no TOML"),
        (lambda text: text + "\n[pick]\nwho = '(a)(b)'\n", "ours.toml: pick.who"),
    ],
)
def test_a_faulty_preset_is_told_by_file_and_key(tmp_path, change, told):
    (tmp_path / "ours.toml").write_text(change(OURS))
    with pytest.raises(ValidationError) as caught:
        open_source(tmp_path / "x.csv", presets=tmp_path, preset="ours")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("written", "zone", "utc"),
    [
        ("2026-11-01 01:30:00", "", "05:30"),  # the clock shows it twice: the first
        ("2026-03-08 02:30:00", "", "07:30"),  # the clock never shows it
        ("2026-07-01 09:00:00", "UTC", "09:00"),
        ("2026-07-01 09:00:00", "Europe/Berlin", "07:00"),
        ("2026-07-01T09:00:00+02:00", "", "07:00"),
        ("1782896400", "UTC", "09:00"),
        ("1782896400000", "", "09:00"),
        ("Wed, 01 Jul 2026 09:00:00 -0000", "", "09:00"),
        ("7/1/2026 9:00 AM", "", "13:00"),
    ],
)
def test_times_are_read_as_they_are_meant(tmp_path, written, zone, utc):
    path = tmp_path / "cdr.csv"
    path.write_text(
        f'calldate,src,dst,disposition,uniqueid\n"{written}",9175550106,400,NO ANSWER,1.1\n'
    )
    (call,) = calls(path, calls={"zone": zone})
    assert call.started_at.strftime("%H:%M") == utc


def test_a_preset_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(ValidationError, match=r"there is no 'avaia'; there are amazon_connect"):
        open_source(tmp_path, preset="avaia")


def test_a_file_that_no_preset_knows_says_so_in_check(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text("a,b,c\n1,2,3\n")
    (problem,) = open_source(path).probe()
    assert "No preset knows these columns" in problem


def test_check_says_what_the_records_cannot_show(tmp_path):
    source = open_source(tmp_path, preset="avaya_ip_office")
    assert any("Records to Buffer" in one for one in source.cannot_show())


@pytest.mark.parametrize(
    "row",
    [
        "2026/11/20 09:28:41,00:00:00",
        '2026/11/20 09:28:41,"00:00:00,9,1,I,1,1,,0,1,0,E1,a,b,c,0,0',
        "tomorrow,00:00:00,9,1,I,1,1,,0,1,0,E1,a,b,c,0,0",
        "2026/11/20 09:28:41,00:00:00,9,1,I,1,1,,0,,0,E1,a,b,c,0,0",
        "2026/11/20 09:28:41,00:00:00,9\0,1,I,1,1,,0,1,0,E1,a,b,c,0,0",
        "x" * 100_000,
        "," * 5_000,
    ],
)
def test_a_row_that_is_none_is_shown_and_stops_none_behind_it(tmp_path, row):
    path = tmp_path / "smdr.log"
    path.write_text(row + "\n" + AVAYA.splitlines()[1] + "\n")
    items, _ = drain(open_source(path, preset="avaya_ip_office"))
    assert [isinstance(item, Signal) for item in items] == [False, True]


def test_odd_figures_are_unknown_and_hostile_names_harmless(tmp_path):
    path = tmp_path / "smdr.log"
    path.write_text(
        smdr(
            *("09:28:41", "-1:00:00", -9, "=cmd|'/c'", 4324, 7, 0),
            *("E4324", "\x1b[31m", "T1", "L", "-5", "9e99"),
        )
    )
    items, _ = drain(open_source(path, preset="avaya_ip_office"))
    (call,) = items
    assert "\x1b" not in call.text
    assert call.contact.phone == ""


def test_a_packed_export_is_read_and_a_damaged_one_is_shown(tmp_path):
    document = json.dumps({"records": [ringcentral("1")]}).encode()
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(document))
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(document)[:-12])
    one, two = found(tmp_path, preset="ringcentral")
    kinds = {type(one), type(two)}
    assert kinds == {Heard, Broken}


def test_a_packed_bomb_costs_no_more_than_its_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(table_reader, "MAX_DOCUMENT_BYTES", 1_000)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"[" + b" " * 10_000_000))
    (one,) = found(tmp_path, preset="ringcentral")
    assert "too large" in one.problem


def test_a_deep_document_is_shown_as_unreadable(tmp_path):
    (tmp_path / "a.json").write_text("[" * 200_000)
    (one,) = found(tmp_path, preset="ringcentral")
    assert isinstance(one, Broken)


def test_a_table_of_nothing_but_faults_is_left_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(table_reader, "MAX_BROKEN", 5)
    path = tmp_path / "cdr.csv"
    path.write_text("calldate,src,dst,disposition\n" + "x,y,z,w\n" * 50)
    shown = found(path)
    assert len(shown) == 6
    assert "rest is not read" in shown[-1].problem


def test_a_place_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="does not exist"):
        drain(open_source(tmp_path / "nowhere", preset="ringcentral"))


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_said_and_never_hangs(tmp_path, make):
    (tmp_path / "a.json").write_text(json.dumps({"records": [ringcentral("1")]}))
    make(tmp_path / "b.json")
    source = open_source(tmp_path, preset="ringcentral", late_seconds=0)
    heard = []
    with pytest.raises(Unavailable, match="not a file"):
        heard.extend(batch for batch in source.read(None) for batch in batch.items)
    assert drain(open_source(tmp_path / "a.json", preset="ringcentral"))[0]


HEAD = "calldate,src,dst,disposition,uniqueid,linkedid,dstchannel\n"
MISSED = "2026-11-20 09:00:00,9175550106,400,NO ANSWER,1.1,1.1,a\n"
BESIDE = MISSED.replace(",1.1,1.1,a", ",1.2,1.1,b").replace("NO ANSWER", "ANSWERED")


@pytest.fixture
def soon(monkeypatch):
    """An hour after the calls; the test may move it."""
    at = [datetime(2026, 11, 20, 15, 0, tzinfo=UTC).timestamp()]
    monkeypatch.setattr("connector.sources.call_table.time.time", lambda: at[0])
    return at


@pytest.mark.usefixtures("soon")
def test_a_row_that_comes_late_tells_its_call_anew(tmp_path):
    path = tmp_path / "cdr.csv"
    path.write_text(HEAD + MISSED)
    source = open_source(path, follow=True, preset="generic")
    (first,), cursor = drain(source)
    assert first.facts["call_end"] == "missed"
    append(path, MISSED)
    items, cursor = drain(source, cursor)
    assert items == []
    append(path, BESIDE)
    (late,), cursor = drain(source, cursor)
    assert (late.facts["call_end"], late.facts["revises"]) == ("answered", first.natural_key)
    assert late.natural_key.startswith(f"{first.natural_key}|1.")
    append(path, BESIDE)
    assert drain(source, cursor)[0] == []


def test_a_row_that_is_later_than_days_is_shown(tmp_path, soon):
    path = tmp_path / "cdr.csv"
    path.write_text(HEAD + MISSED)
    soon[0] += 4 * 86_400
    source = open_source(path, follow=True, preset="generic")
    _, cursor = drain(source)
    append(path, BESIDE)
    (late,) = drain(source, cursor)[0]
    assert "told already" in late.problem


def twilio(status, started, *, seconds="0", parent="", sid="CA1", updated="10:00:00"):
    return {
        "sid": sid,
        "parent_call_sid": parent or None,
        "status": status,
        "direction": "outbound-dial" if parent else "inbound",
        "from": "+19175550106",
        "to": "+12125550140",
        "start_time": format_datetime(datetime.fromtimestamp(int(started), UTC)),
        "date_updated": f"Fri, 20 Nov 2026 {updated} +0000",
        "end_time": None,
        "duration": seconds,
    }


def test_a_call_that_was_exported_while_it_went_on_waits_for_its_end(tmp_path, soon):
    source = open_source(tmp_path, preset="twilio")
    started = (tmp_path.stat().st_ctime) - 60
    (tmp_path / "1.json").write_text(json.dumps({"calls": [twilio("in-progress", started)]}))
    soon[0] = started + 1_000  # at rest, and longer than rows of a call may be late
    items, cursor = drain(source)
    assert items == []
    ended = [twilio("completed", started, seconds="40", updated="10:01:00")]
    (tmp_path / "2.json").write_text(json.dumps({"calls": ended}))
    (call,), cursor = drain(source, cursor)
    assert call.facts["call_end"] == "menu"


def test_an_export_that_comes_twice_or_in_other_files_is_no_second_call(tmp_path, soon):
    ended = [twilio("no-answer", tmp_path.stat().st_ctime - 60)]
    (tmp_path / "1.json").write_text(json.dumps({"calls": ended}))
    soon[0] = (tmp_path / "1.json").stat().st_ctime + 100
    source = open_source(tmp_path, preset="twilio", late_seconds=0)
    (call,), cursor = drain(source)
    (tmp_path / "again.json").write_text(json.dumps({"calls": ended}))
    assert drain(source, cursor)[0] == []
    other = open_source(tmp_path, preset="twilio", late_seconds=0)
    assert drain(other)[0][0].natural_key == call.natural_key


def test_the_memory_for_open_calls_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(leg_groups, "MAX_OPEN", 3)
    path = tmp_path / "smdr.log"
    rows = [AVAYA.splitlines()[2].replace("1000014160", f"1{n:06}") for n in range(10)]
    path.write_text("\n".join(rows) + "\n")
    source = open_source(path, preset="avaya_ip_office", late_seconds=10_000)
    reader = source._watched.open(None)
    pieces = list(reader.read(1_795_000_000.0))
    assert len(reader) == 0 or len(reader) == 3
    assert sum(len(piece.found) for piece in pieces) >= 7


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_preset_says_where_its_names_come_from(name):
    text = (Path(table_reader.__file__).parents[2] / f"recipes/phone/{name}.toml").read_text()
    assert text.startswith("# ")
    preset = shipped()[name]
    assert preset.cannot
    assert preset.recognise or preset.shape


@given(
    data=st.binary(max_size=400),
    name=st.sampled_from(["a.csv", "a.json", "a.log", "a.gz"]),
    preset=st.sampled_from(["", "avaya_ip_office", "ringcentral", "generic", "three_cx"]),
)
def test_no_bytes_stop_the_reading(tmp_path_factory, data, name, preset):
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(data)
    for one in found(path, preset=preset, follow=False):
        assert isinstance(one, Heard | Broken)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(shipped())),
    value=VALUES,
    cells=st.dictionaries(st.sampled_from(range(12)), VALUES),
)
def test_no_json_stops_the_reading(tmp_path_factory, name, value, cells):
    preset = shipped()[name]
    keys = [*preset.recognise, *preset.fields.started, *preset.fields.talk, "legs", "result"]
    record = {keys[at % len(keys)]: cell for at, cell in cells.items()}
    path = tmp_path_factory.mktemp("fuzz") / "a.json"
    path.write_text(json.dumps([record, value]))
    for one in found(path, preset=name, follow=False):
        assert isinstance(one, Heard | Broken)
