"""The queue_log of Asterisk: real lines in a real file, signals out."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Channel, Signal, Unreadable
from connector.parsing import tail
from connector.sources.asterisk_queue_log import AsteriskQueueLogSettings
from connector.testing.source import SourceContract, drain, identities

PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("America/New_York"))
CORPUS = Path(__file__).parents[3] / "shared/corpora/phone/asterisk-22"

LOG = b"""\
1795186372|NONE|NONE|NONE|QUEUESTART|
1795186471|1795186471.22|scheduling|NONE|ENTERQUEUE||19175550106|1
1795186476|1795186471.22|scheduling|Sam Scheduler|RINGNOANSWER|5000
1795186485|1795186471.22|scheduling|NONE|ABANDON|1|1|14
this is no line
1795186525|1795186525.32|scheduling|NONE|ENTERQUEUE||19175550109|1|JANE DOE
1795186544|1795186525.32|scheduling|Sam Scheduler|CONNECT|19|1795186543.36|1
1795186550|1795186550.40|billing|NONE|ENTERQUEUE||anonymous|1
1795186554|1795186525.32|scheduling|Sam Scheduler|COMPLETECALLER|19|10|1
1795186558|1795186550.40|billing|NONE|ABANDON|1|1|8
"""


def open_source(path, **more):
    return AsteriskQueueLogSettings(name="phones", path=path, **more).open(PRACTICE)


def stay(number):
    at = 1795186471 + number * 10
    return (
        f"{at}|{at}.{number}|front|NONE|ENTERQUEUE||19175550106|1\n"
        f"{at + 7}|{at}.{number}|front|NONE|ABANDON|1|1|7\n"
    ).encode()


def append(path, data):
    with path.open("ab") as file:
        file.write(data)


class LogWorld:
    def __init__(self, folder):
        self.path = folder / "queue_log"
        self.path.write_bytes(b"1795186372|NONE|NONE|NONE|QUEUESTART|\n")

    def open(self):
        return open_source(self.path)

    def put_good(self, number):
        append(self.path, stay(number))

    def put_broken(self, number):
        append(self.path, b"broken line %d\n" % number)

    def fingerprint(self):
        return self.path.read_bytes(), self.path.stat().st_mtime_ns


class TestAsteriskQueueLog(SourceContract):
    @pytest.fixture
    def world(self, tmp_path, monkeypatch):
        monkeypatch.setattr("connector.parsing.calls.queue_system.BATCH_CALLS", 2)
        monkeypatch.setattr(tail, "BLOCK_BYTES", 40)
        monkeypatch.setattr(tail, "CHUNK_LINES", 1)
        return LogWorld(tmp_path)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "queue_log"
    path.write_bytes(LOG)
    return path


def test_an_abandoned_call_becomes_a_signal_that_an_agent_understands(log):
    signal = drain(open_source(log, queues={"scheduling": "Front desk"}))[0][0]
    assert isinstance(signal, Signal)
    told = signal.text.split("\n")
    assert told[0] == "Waited 14 s in queue. The caller hung up while waiting and reached nobody."
    assert "entered queue Front desk (scheduling)" in told[2]
    assert signal.channel is Channel.PHONE
    assert signal.contact.phone == "+19175550106"
    assert signal.event_time == datetime(2026, 11, 20, 14, 54, 45, tzinfo=UTC)
    assert signal.facts == {
        "call_end": "abandoned",
        "direction": "inbound",
        "call_start": 1795186471,
        "call_stop": 1795186485,
        "answered": False,
        "queue": "scheduling",
        "queues": ("scheduling",),
        "callid": "1795186471.22",
        "wait_s": 14,
        "ended_by": "caller",
    }
    assert signal.locator == f"{log}:4"
    assert signal.raw.count(b"\n") == 3


def test_answered_calls_are_signals_too_and_names_are_kept_where_logged(log):
    answered = drain(open_source(log))[0][2]
    assert (answered.facts["call_end"], answered.facts["call_s"]) == ("answered", 10)
    assert answered.facts["staff"] == ("Sam Scheduler",)
    assert answered.contact.name == "JANE DOE"


def test_a_caller_who_withholds_the_number_is_anonymous(log):
    assert drain(open_source(log))[0][3].contact.anonymous


def test_a_line_that_is_none_is_shown_with_its_place(log):
    unreadable = drain(open_source(log))[0][1]
    assert isinstance(unreadable, Unreadable)
    assert (unreadable.locator, unreadable.raw) == (f"{log}:5", b"this is no line")


def test_a_line_beyond_the_limit_is_shown_and_passed(log):
    append(log, b"y" * 200_000 + b"\n" + stay(100))
    items = drain(open_source(log))[0]
    assert isinstance(items[-2], Unreadable)
    assert len(items[-2].raw) == tail.MAX_LINE_BYTES
    assert isinstance(items[-1], Signal)


def test_a_number_in_place_of_a_name_is_no_name(log):
    log.write_bytes(
        b"1795186471|1.2|front|NONE|ENTERQUEUE||19175550106|1|19175550106\n"
        b"1795186485|1.2|front|NONE|ABANDON|1|1|14\n"
    )
    assert drain(open_source(log))[0][0].contact.name == ""


def test_a_log_that_does_not_exist_is_unavailable_and_named(tmp_path):
    source = open_source(tmp_path / "queue_log")
    with pytest.raises(Unavailable, match="does not exist"):
        drain(source)
    assert source.probe() == [
        f"{tmp_path}/queue_log does not exist (yet). Is the path right, is it written?"
    ]


def test_a_directory_in_place_of_the_log_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="is a directory, not a file"):
        drain(open_source(tmp_path))
    assert len(open_source(tmp_path).probe()) == 1


def test_a_call_that_spans_a_rotation_is_one_stay(tmp_path):
    log = tmp_path / "queue_log"
    log.write_bytes(b"1795187019|1795187018.127|scheduling|NONE|ENTERQUEUE||19175550106|1\n")
    items, cursor = drain(open_source(log))
    assert items == []
    log.rename(tmp_path / "queue_log.0")
    log.write_bytes(
        b"1795187024|NONE|NONE|NONE|CONFIGRELOAD|\n"
        b"1795187032|1795187018.127|scheduling|NONE|ABANDON|1|1|13\n"
    )
    (signal,), _ = drain(open_source(log), cursor)
    assert signal.contact.phone == "+19175550106"
    assert len(signal.raw.splitlines()) == 2


def test_a_gap_in_the_log_is_shown_once(log):
    _, cursor = drain(open_source(log))
    log.write_bytes(stay(500))
    items, cursor = drain(open_source(log), cursor)
    assert [type(item) for item in items] == [Unreadable, Signal]
    assert "may be missing" in items[0].problem
    assert drain(open_source(log), cursor)[0] == []


def test_an_idle_log_gives_no_batches(log):
    source = open_source(log)
    _, cursor = drain(source)
    assert list(source.read(cursor)) == []


def test_waiting_ends_when_the_log_grows(log):
    source = open_source(log)
    drain(source)
    writer = threading.Thread(target=append, args=(log, stay(1)))
    writer.start()
    assert source.wait(60)
    writer.join()


def test_waiting_without_news_ends_in_vain_and_at_once_when_closed(log):
    source = open_source(log)
    drain(source)
    assert not source.wait(0)
    source.close()
    assert not source.wait(3_600)


def test_a_name_that_is_not_utf8_is_printable(tmp_path):
    path = tmp_path / "queue_log\udcff"
    path.write_bytes(b"no line\n")
    items, cursor = drain(open_source(path))
    items[0].locator.encode("utf-8")
    assert drain(open_source(path), cursor)[0] == []


def test_inspection_reads_a_path_without_configuration(log):
    source = AsteriskQueueLogSettings.for_inspection(log).open(PRACTICE)
    assert len(drain(source)[0]) == 4


class Writer:
    """Writes a log in pieces and rotates it, as a phone system and its admin do."""

    def __init__(self, folder):
        self.log = folder / "queue_log"
        self.log.write_bytes(b"")
        self.parts = 0

    def rotate(self, *, copy):
        if not self.log.stat().st_size:
            return
        self.parts += 1
        part = self.log.with_name(f"queue_log.{1_795_000_000 + self.parts}")
        if copy:
            shutil.copyfile(self.log, part)
            self.log.write_bytes(b"")
        else:
            self.log.rename(part)
            self.log.write_bytes(b"")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cuts=st.lists(st.integers(0, len(LOG)), max_size=12),
    deeds=st.lists(st.sampled_from(["read", "restart", "rename", "copytruncate"]), max_size=12),
)
def test_any_split_and_any_restart_give_the_same_signals(tmp_path_factory, cuts, deeds):
    folder = tmp_path_factory.mktemp("phones")
    whole = folder / "whole"
    whole.write_bytes(LOG)
    expected = identities(drain(open_source(whole))[0])
    writer, cursor, heard, done = Writer(folder), None, [], 0
    source = open_source(writer.log)
    for cut, deed in zip(sorted(cuts), deeds, strict=False):
        append(writer.log, LOG[done:cut])
        done = max(done, cut)
        if deed == "restart":
            source = open_source(writer.log)
        elif deed != "read" and LOG[:done].endswith(b"\n"):
            items, cursor = drain(source, cursor)
            heard.extend(items)
            writer.rotate(copy=deed == "copytruncate")
        items, cursor = drain(source, cursor)
        heard.extend(items)
    append(writer.log, LOG[done:])
    items, cursor = drain(source, cursor)
    heard.extend(items)
    # A part that was rotated within one tick of the file system's clock may be read again.
    assert list(dict.fromkeys(identities(heard))) == expected


needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real logs is not here")

TRUTHS = {
    "abandoned": {"abandoned"},
    "timeout": {"timeout"},
    "exitempty": {"empty"},
    "exitwithkey": {"key"},
    "withdraw": {"withdrawn"},
}


@needs_corpus
def test_real_logs_agree_with_what_the_callers_did(tmp_path):
    log = tmp_path / "queue_log"
    shutil.copyfile(CORPUS / "main/queue_log.0", log)
    items, cursor = drain(open_source(log))
    log.rename(tmp_path / "queue_log.0")
    shutil.copyfile(CORPUS / "main/queue_log", log)
    more, _ = drain(open_source(log), cursor)
    heard = {signal.facts["callid"]: signal for signal in [*items, *more]}
    checked = 0
    for line in (CORPUS / "scenario_key.jsonl").read_text().splitlines():
        scenario = json.loads(line)
        found = [heard[linked] for linked in scenario["linkedids"] if linked in heard]
        if not found or scenario["id"].startswith("D"):
            continue
        checked += 1
        last = found[-1]
        for truth, end in TRUTHS.items():
            if scenario["truth"].get(truth):
                assert last.facts["call_end"] in end, scenario["id"]
        if scenario["truth"].get("answered") and not scenario["truth"].get("exitwithkey"):
            assert last.facts["call_end"] == "answered", scenario["id"]
        number = scenario["caller"]
        assert last.contact.phone == ("" if number == "anonymous" else f"+{number}")
        if "wait" in scenario["truth"]:
            assert abs(last.facts["wait_s"] - scenario["truth"]["wait"]) <= 2
    assert (len(heard), checked) == (19, 19)


OVERFLOW = b"""\
1795186600|1795186600.5|front|NONE|ENTERQUEUE||17205550160|1
1795186660|1795186600.5|front|NONE|EXITWITHTIMEOUT|1|1|60
1795186672|1795186600.5|overflow|NONE|ENTERQUEUE||17205550160|1
1795186702|1795186600.5|overflow|NONE|ABANDON|1|1|30
"""


def test_a_caller_who_overflows_into_the_next_queue_is_one_call(log):
    log.write_bytes(OVERFLOW)
    (signal,) = drain(open_source(log))[0]
    assert signal.facts["queues"] == ("front", "overflow")
    assert (signal.facts["call_end"], signal.facts["wait_s"]) == ("abandoned", 90)
    assert signal.raw == OVERFLOW


def test_the_call_is_told_the_same_when_it_is_read_queue_by_queue(log):
    log.write_bytes(OVERFLOW)
    (whole,) = drain(open_source(log))[0]
    log.write_bytes(b"")
    source, cursor = open_source(log), None
    object.__setattr__(source._watched, "now", lambda: 1795186702.0)
    heard = []
    for line in OVERFLOW.splitlines(keepends=True):
        append(log, line)
        items, cursor = drain(source, cursor)
        heard += items
    assert heard == [whole]


def test_whoever_left_a_queue_and_came_to_no_other_is_told_by_the_clock(log):
    log.write_bytes(OVERFLOW[: OVERFLOW.index(b"1795186672|")])
    source = open_source(log)
    object.__setattr__(source._watched, "now", lambda: 1795186660.0 + 60)
    assert drain(source)[0] == []
    object.__setattr__(source._watched, "now", lambda: 1795186660.0 + 500)
    (signal,) = drain(source)[0]
    assert signal.facts["call_end"] == "timeout"


def test_who_comes_back_into_a_queue_after_a_long_talk_is_no_call_that_is_lost(log):
    back = b"""\
1795188800|1795186600.5|billing|NONE|ENTERQUEUE||17205550160|1
1795188890|1795186600.5|billing|NONE|ABANDON|1|1|90
"""
    log.write_bytes(OVERFLOW + back)
    first, second = drain(open_source(log))[0]
    assert first.natural_key == "call|1795186600.5"
    assert second.natural_key == "call|1795186600.5|1795188800"
    assert second.facts["wait_s"] == 90


def test_a_cursor_of_the_earlier_release_goes_on_where_it_was(log):
    _, cursor = drain(open_source(log))
    plain = json.loads(cursor)
    earlier = {"version": 1, "position": plain["position"], "stays": plain["stays"]}
    for one in earlier["stays"]["open"]:
        del one["agent"]
    append(log, stay(900))
    (signal,) = drain(open_source(log), json.dumps(earlier))[0]
    assert signal.facts["call_end"] == "abandoned"


def test_a_restart_of_the_phone_system_ends_what_was_open(log):
    log.write_bytes(OVERFLOW[: OVERFLOW.rindex(b"1795186702|")])
    append(log, b"1795186690|NONE|NONE|NONE|QUEUESTART|\n")
    (signal,) = drain(open_source(log))[0]
    assert signal.facts["truncated"] is True
    assert signal.facts["queues"] == ("front", "overflow")


def test_check_says_what_the_queue_log_alone_cannot_show(log):
    assert any("queue_log" in told for told in open_source(log).cannot_show())


def test_lines_that_are_read_twice_are_no_second_call(log):
    log.write_bytes(OVERFLOW * 2 + stay(7))
    assert [item.facts["wait_s"] for item in drain(open_source(log))[0]] == [90, 7]
