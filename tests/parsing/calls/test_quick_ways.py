"""What is read in blocks, in the order of the file and by the interpreter's own loops tells the
same as what is looked at line by line: only the time differs."""

from __future__ import annotations

import csv
import io
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.asterisk import Pbx

from connector.domain.practice import Practice
from connector.parsing.calls import cel_groups
from connector.parsing.calls.cel_groups import CelGroups
from connector.parsing.calls.cel_rows import COLUMNS, MAX_FIELD_CHARS, CelRows
from connector.parsing.calls.cel_teller import CelTeller
from connector.parsing.calls.found import Found, Heard
from connector.parsing.calls.times import Clock
from connector.sources.asterisk_cel import AsteriskCelSettings

PRACTICE = Practice(tenant="t", name="", zone=ZoneInfo("America/Denver"))
DENVER = Clock(PRACTICE.zone)


def day() -> list[bytes]:
    """A short day with every kind of call, as the phone system writes it."""
    pbx = Pbx(caller_name='Jo "Jay" O\'Neil, MD')
    pbx.talk("7205550101")
    pbx.abandons("7205550102")
    pbx.voicemail("7205550103")
    pbx.maze("7205550104", ["2001", "2002", "2003", "2004"])
    pbx.calls_out("7205550103")
    pbx.misses("anonymous")
    return pbx.cel_bytes().split(b"\n")[:-1]


DAY = day()

spoilers = st.sampled_from(
    [
        lambda line: line,
        lambda line: line,
        lambda line: line,
        lambda line: line[: len(line) // 2],
        lambda line: line + b"\r",
        lambda line: line[:0],
        lambda line: line.replace(b"3035550140", b'"",""'),
        lambda line: line.replace(b"pstn-in", b"caf\xe9"),
        lambda line: line.replace(b"Dial", b"D" * (MAX_FIELD_CHARS + 1)),
        lambda line: line.replace(b'"3",', b"3,"),
        lambda line: b'"NEW_EVENT",' + line.partition(b",")[2],
        lambda line: line.replace(b"191234", b"1e9"),
        lambda line: line.replace(b"191234", b"nan"),
        lambda line: line.rpartition(b",")[0],
        lambda line: line[:0] + b'{"eventtype": "ANSWER"}',
        lambda line: line.replace(b'"SIP/', b'"'),
        lambda line: line.replace(b"1912345600.0", b""),
    ]
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_block_of_lines_gives_the_rows_that_each_line_gives(data):
    lines = list(DAY[:12])
    for at in data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=3)):
        lines[at] = data.draw(spoilers)(lines[at])
    rows = CelRows().block(b"".join(line + b"\n" for line in lines))
    each, bad = CelRows().read(lines)
    assert rows is None or (rows == each and not bad)


def test_an_ordinary_block_is_read_at_once():
    rows = CelRows().block(b"".join(line + b"\n" for line in DAY))
    assert rows is not None
    assert len(rows) == len(DAY)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_events_in_order_are_told_like_those_that_have_to_be_put_in_order(data, quick_and_careful):
    lines = list(DAY)
    for _ in range(data.draw(st.integers(0, 4))):
        at, to = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        how = data.draw(st.sampled_from(["twice", "away", "elsewhere", "spoilt"]))
        line = lines[at] if how in {"twice", "spoilt"} else lines.pop(at)
        if how == "spoilt":
            lines[at] = data.draw(spoilers)(line)
        elif how != "away":
            lines.insert(to, line)
    quick, careful = quick_and_careful(b"".join(line + b"\n" for line in lines))
    assert sorted(map(repr, quick)) == sorted(map(repr, careful))


@pytest.fixture(scope="module")
def quick_and_careful(tmp_path_factory):
    """Give what a log holds, read as always and without any of the quick ways."""
    log = tmp_path_factory.mktemp("log") / "Master.csv"

    def read() -> list[Found]:
        found = AsteriskCelSettings(name="phones", path=log).open(PRACTICE).calls()
        return [one.call if isinstance(one, Heard) else one for one in found]

    def both(data: bytes) -> tuple[list[Found], list[Found]]:
        log.write_bytes(data)
        quick = read()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(CelRows, "block", lambda *_: None)
            patch.setattr(CelTeller, "_in_order", lambda *_: [])
            return quick, read()

    return both


def test_every_call_of_a_day_is_told_in_both_ways(quick_and_careful):
    quick, careful = quick_and_careful(b"".join(line + b"\n" for line in DAY))
    assert quick == careful
    assert len(quick) == 6
    assert [call.steps for call in quick] == [tuple(call.steps) for call in careful]


def rows_of(unique: str, count: int) -> list[list[str]]:
    row = dict.fromkeys(COLUMNS, "")
    row |= {"eventtype": "APP_START", "channame": "SIP/x-00000001"}
    row |= {"uniqueid": unique, "linkedid": unique}
    return [
        list((row | {"eventtime": f"{1_912_345_600 + at / 1_000:.6f}"}).values())
        for at in range(count)
    ]


def test_the_longest_call_is_closed_when_open_calls_hold_too_many_events(monkeypatch):
    monkeypatch.setattr(cel_groups, "MAX_OPEN_ROWS", 100)
    groups = CelGroups(DENVER)
    short = groups.feed(rows_of("1912345600.1", 20))
    done = groups.feed(rows_of("1912345600.2", 90))
    assert (short, [group.links for group in done]) == ([], [["1912345600.2"]])
    assert done[0].truncated
    assert len(groups) == 1


def test_a_call_whose_channels_never_end_does_not_grow_for_ever(monkeypatch):
    monkeypatch.setattr(cel_groups, "MAX_ROWS", 10)
    groups = CelGroups(DENVER)
    rows = rows_of("1912345600.1", 60)
    for number, row in enumerate(rows):
        row[14] = f"1912345600.{number}"
    (done,) = groups.feed(rows)
    assert done.truncated
    assert len(done.rows) == 10


def test_ids_that_count_on_close_nothing_and_ids_that_begin_anew_close_what_was_open():
    groups = CelGroups(DENVER)
    assert groups.feed(rows_of("1912345600.7", 1)) == []
    assert groups.feed(rows_of("1912345601.9", 1)) == []
    assert groups.feed(rows_of("1912345601.8", 1)) == []  # of the same second: out of order
    done = groups.feed(rows_of("1912345700.0", 1))
    assert sorted(group.links[0] for group in done) == [
        "1912345600.7",
        "1912345601.8",
        "1912345601.9",
    ]
    assert groups.feed(rows_of("1912345701.1", 1)) == []
    assert len(groups) == 2


def test_the_last_row_of_a_call_that_is_too_long_is_its_end():
    rows = rows_of("1912345600.1", cel_groups.MAX_ROWS + 5)
    for row in rows[-2:]:
        row[0] = "HANGUP"
    groups = CelGroups(DENVER)
    groups.feed(rows)
    (group,) = groups.flush()
    assert len(group.rows) == cel_groups.MAX_ROWS
    assert (group.rows[-1][0], group.dropped) == ("HANGUP", 3)


@pytest.mark.parametrize(
    "time", ["notime", "17951B3400.0", "", "12", "1e300", "9999999999", "2026-02-31 10:00:00"]
)
def test_an_event_without_a_time_is_shown_and_not_passed_over(time):
    fields = next(csv.reader([DAY[0].decode()]))
    fields[COLUMNS.index("eventtime")] = time
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(fields)
    line = text.getvalue().encode()
    rows, [bad] = CelRows().read([line])
    assert rows == []
    assert "time" in bad.problem
    assert CelRows().block(line + b"\n") is None
