"""Asterisk's queue_log: pasted lines in, stays of callers out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing import queue_log
from connector.parsing.call_words import duration_words
from connector.parsing.queue_events import Malformed, QueueEvent, parse_line
from connector.parsing.queue_log import Stays


def stays_of(log, stays=None):
    """Feed pasted lines; give all stays that ended."""
    stays = stays or Stays()
    ended = []
    for line in log.strip().encode().splitlines():
        event = parse_line(line.strip())
        assert isinstance(event, QueueEvent)
        ended.extend(stays.feed(event, line.strip()))
    return ended


ENTER = "1795186471|1795186471.22|scheduling|NONE|ENTERQUEUE||19175550106|1\n"


def test_a_caller_who_hangs_up_while_waiting():
    (stay,) = stays_of("""
        1795186471|1795186471.22|scheduling|NONE|ENTERQUEUE||19175550106|1
        1795186476|1795186471.22|scheduling|Sam Scheduler|RINGNOANSWER|5000
        1795186485|1795186471.22|scheduling|Sam Scheduler|RINGCANCELED|1495
        1795186485|1795186471.22|scheduling|NONE|ABANDON|1|1|14
    """)
    assert (stay.end, stay.wait_s, stay.position, stay.original_position) == ("abandoned", 14, 1, 1)
    assert (stay.caller, stay.queue, stay.ended_at) == ("19175550106", "scheduling", 1795186485)
    assert stay.key == "1795186471.22|scheduling|1795186471|1"
    assert len(stay.lines) == 4


@pytest.mark.parametrize(
    ("line", "end", "wait_s", "call_s"),
    [
        ("EXITWITHTIMEOUT|2|3|12", "timeout", 12, None),
        ("EXITEMPTY|1|1|9", "empty", 9, None),
        ("EXITWITHKEY|0|1|1|6", "key", 6, None),
        ("WITHDRAW|1|1|6|moved to callback", "withdrawn", 6, None),
        ("SYSCOMPAT|", "incompatible", 60, None),
        ("AGENTDUMP|", "dropped", 60, None),
        ("COMPLETEAGENT|19|10|1", "answered", 19, 10),
        ("COMPLETECALLER|19|65|1", "answered", 19, 65),
        ("BLINDTRANSFER|102|departments|1|3|1", "transferred", 1, 3),
        ("ATTENDEDTRANSFER|BRIDGE|ac6d|1|7|1", "transferred", 1, 7),
        ("ATTENDEDTRANSFER|LINK|SIP/1|SIP/2|1|7|1", "transferred", 1, 7),
        ("TRANSFER|102|departments|4|8", "transferred", 4, 8),
        ("TRANSFER|102|departments|4|8|1", "transferred", 4, 8),
        ("ABANDON|1|1|", "abandoned", 60, None),
        ("ABANDON", "abandoned", 60, None),
        ("ABANDON|x|-1|99999999999999999999", "abandoned", 60, None),
    ],
)
def test_every_way_in_which_a_stay_ends(line, end, wait_s, call_s):
    (stay,) = stays_of(f"{ENTER}1795186531|1795186471.22|scheduling|Sam Scheduler|{line}")
    assert (stay.end, stay.wait_s, stay.call_s) == (end, wait_s, call_s)


def test_the_wait_of_an_answered_call_ends_with_the_answer():
    (stay,) = stays_of(
        f"{ENTER}1795186480|1795186471.22|scheduling|Sam|CONNECT|9|1795186479.30|2\n"
        "1795186531|1795186471.22|scheduling|Sam|COMPLETECALLER||51|1"
    )
    assert stay.wait_s == 9


def test_a_call_that_overflows_to_another_queue_is_two_stays():
    first, second = stays_of("""
        1795186857|1795186857.92|scheduling|NONE|ENTERQUEUE||19175550132|1
        1795186863|1795186857.92|scheduling|NONE|EXITWITHTIMEOUT|1|1|6
        1795186863|1795186857.92|billing|NONE|ENTERQUEUE||19175550132|1
        1795186869|1795186857.92|billing|NONE|ABANDON|1|1|6
    """)
    assert (first.queue, first.end) == ("scheduling", "timeout")
    assert (second.queue, second.end) == ("billing", "abandoned")
    assert first.key != second.key


def test_the_next_stay_may_be_written_before_the_transfer_that_ended_the_one_before():
    stays = stays_of("""
        1795186961|1795186957.117|scheduling|NONE|ENTERQUEUE||19175550140|1
        1795186962|1795186957.117|scheduling|Sam Scheduler|CONNECT|1|1795186961.119|1
        1795186964|1795186957.117|scheduling|NONE|ENTERQUEUE||19175550140|1
        1795186964|1795186957.117|scheduling|Sam Scheduler|BLINDTRANSFER|120|departments|1|2|1
        1795186969|1795186957.117|scheduling|Sam Scheduler|RINGNOANSWER|5000
        1795186971|1795186957.117|scheduling|NONE|ABANDON|1|1|7
    """)
    assert [(stay.end, stay.entered_at, len(stay.lines)) for stay in stays] == [
        ("transferred", 1795186961, 3),
        ("abandoned", 1795186964, 3),
    ]


def test_an_end_without_a_conversation_belongs_to_the_newest_stay_that_waits():
    (stay,) = stays_of("""
        1795186961|1795186957.117|front|NONE|ENTERQUEUE||19175550140|1
        1795186970|1795186957.117|front|NONE|ENTERQUEUE||19175550140|1
        1795186975|1795186957.117|front|NONE|ABANDON|1|1|5
    """)
    assert stay.entered_at == 1795186970


def test_an_end_of_a_conversation_belongs_to_the_oldest_one():
    stays = stays_of("""
        1795186961|1795186957.117|front|NONE|ENTERQUEUE||19175550140|1
        1795186962|1795186957.117|front|Sam|CONNECT|1|1795186961.119|1
        1795186963|1795186957.117|front|NONE|ENTERQUEUE||19175550140|1
        1795186963|1795186957.117|front|Ann|CONNECT|0|1795186961.120|1
        1795186963|1795186957.117|front|Sam|BLINDTRANSFER|120|departments|1|1|1
        1795186999|1795186957.117|front|Ann|COMPLETECALLER|0|36|1
    """)
    assert [(stay.entered_at, stay.end) for stay in stays] == [
        (1795186961, "transferred"),
        (1795186963, "answered"),
    ]


def test_two_stays_of_one_call_in_one_second_have_different_keys():
    one = "1795186857|1795186857.92|front|NONE|ENTERQUEUE||19175550132|1\n"
    out = "1795186857|1795186857.92|front|NONE|EXITWITHTIMEOUT|1|1|0\n"
    first, second = stays_of(one + out + one + out)
    assert first.key != second.key
    halfway = Stays()
    stays_of(one + out, halfway)
    (again,) = stays_of(one + out, Stays(json.loads(json.dumps(halfway.plain()))))
    assert again.key == second.key


def test_a_restart_of_the_phone_system_ends_open_stays():
    waiting, talking = stays_of(
        ENTER + "1795186472|1795186472.9|billing|NONE|ENTERQUEUE||19175550107|1\n"
        "1795186475|1795186472.9|billing|Bea|CONNECT|3|1795186473.1|1\n"
        "1795186500|NONE|NONE|NONE|QUEUESTART|"
    )
    assert (waiting.end, waiting.wait_s, waiting.ended_at) == ("unknown", None, 1795186500)
    assert (talking.end, talking.wait_s, talking.call_s) == ("answered", 3, None)


def test_an_end_that_was_never_logged_is_closed_by_log_time():
    late = 1795186471 + queue_log.MAX_STAY_S + 1
    (stay,) = stays_of(f"{ENTER}{late}|NONE|NONE|NONE|CONFIGRELOAD|")
    assert (stay.end, stay.ended_at) == ("unknown", late)


def test_the_number_of_open_stays_is_bounded():
    enter = "{0}|{0}.1|front|NONE|ENTERQUEUE||19175550132|1\n"
    log = "".join(enter.format(1795186471 + n) for n in range(queue_log.MAX_OPEN_STAYS + 2))
    assert [stay.entered_at for stay in stays_of(log)] == [1795186471, 1795186472]


def test_the_lines_kept_of_one_stay_are_bounded():
    ring = "1795186476|1795186471.22|scheduling|Sam Scheduler|RINGNOANSWER|5000\n"
    end = "1795186500|1795186471.22|scheduling|NONE|ABANDON|1|1|29"
    (stay,) = stays_of(ENTER + ring * 100 + end)
    assert len(stay.lines) == queue_log.MAX_STAY_LINES
    assert stay.lines_dropped == 102 - queue_log.MAX_STAY_LINES
    assert (stay.lines[0], stay.lines[-1]) == (ENTER.strip().encode(), end.encode())


def test_a_log_that_begins_in_the_middle_of_a_call_still_counts_it():
    (stay,) = stays_of("1795187032|1795187018.127|scheduling|NONE|ABANDON|1|1|13")
    assert (stay.end, stay.wait_s, stay.caller, stay.entered_at) == ("abandoned", 13, "", None)


@pytest.mark.parametrize(
    "line",
    [
        "1795187024|NONE|NONE|NONE|CONFIGRELOAD|",
        "1795186833|NONE|nurses|Nina Nurse|PAUSE|lunch",
        "1795186833|MANAGER|nurses|Nina Nurse|ADDMEMBER|",
        "1795186833|1795186471.22|scheduling|NONE|DID|12125550102",
        "1795186833|1795186471.22|scheduling|NONE|my own event|a|b|c",
        "1795186833|1795186471.22|other queue|NONE|RINGNOANSWER|1000",
    ],
)
def test_events_that_end_nothing_are_ignored(line):
    stays = Stays()
    assert stays_of(ENTER + line, stays) == []


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"1795186471|1795186471.22|scheduling|NONE",
        b"yesterday|1795186471.22|scheduling|NONE|ABANDON|1|1|14",
        b"1795186471|NONE|scheduling|NONE|ABANDON|1|1|14",
        b"1795186471|1795186471.22|scheduling|NONE|",
        b"1795186471|17951\x0086471.22|scheduling|NONE|ABANDON|1|1|14",
        b"\0\0\0\0",
        b"1795186471|" + b"9" * 300 + b"|scheduling|NONE|ABANDON|1|1|14",
        b"99999999999999999999|1795186471.22|scheduling|NONE|ABANDON|1|1|14",
        "\u0661795186471|1|2|3|ABANDON".encode(),
    ],
)
def test_a_line_that_is_none_says_why_without_its_words(line):
    event = parse_line(line)
    assert isinstance(event, Malformed)
    assert "scheduling" not in event.problem


@pytest.mark.parametrize("line", [b"", b"  ", b"\r"])
def test_a_blank_line_is_nothing(line):
    assert parse_line(line) is None


def test_windows_line_ends_and_old_encodings_are_read():
    event = parse_line(b"1795186471|1.2|front|NONE|ENTERQUEUE||19175550106|1|Jos\xe9\r")
    assert isinstance(event, QueueEvent)
    assert event.params[-1] == "Jos\u00e9"


@given(st.binary(max_size=200))
def test_no_line_raises(data):
    assert isinstance(parse_line(data), QueueEvent | Malformed | None)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["1.1", "1.2"]),
            st.sampled_from(["a", "b"]),
            st.sampled_from(
                [
                    "ENTERQUEUE||19175550106|1",
                    "CONNECT|1|2.2|1",
                    "COMPLETECALLER|1|2|1",
                    "ABANDON|1|1|3",
                    "BLINDTRANSFER|1|d|1|2|1",
                    "RINGNOANSWER|1000",
                ]
            ),
        ),
        max_size=30,
    ),
    st.data(),
)
def test_a_restart_at_any_event_changes_nothing(events, data):
    at, lines = 1795186471, []
    for step, callid, queue, rest in events:
        at += step
        lines.append(f"{at}|{callid}|{queue}|NONE|{rest}")
    whole = stays_of("\n".join(lines))
    cut = data.draw(st.integers(0, len(lines)))
    before = Stays()
    ended = stays_of("\n".join(lines[:cut]), before)
    after = Stays(json.loads(json.dumps(before.plain())))
    assert ended + stays_of("\n".join(lines[cut:]), after) == whole
    enters = sum("ENTERQUEUE" in line for line in lines)
    assert len([stay for stay in whole if stay.entered_at]) + len(after.plain()["open"]) == enters


@pytest.mark.parametrize(
    "plain",
    [
        [],
        {},
        {"open": [{}], "second": 0, "entered": {}},
        {"open": 1, "second": 0, "entered": {}},
        {"open": [], "second": "x", "entered": {}},
        "null",
    ],
)
def test_a_damaged_state_is_an_empty_one(plain):
    assert Stays(plain).plain()["open"] == []


def test_a_state_of_other_types_is_an_empty_one():
    stays = Stays()
    stays_of(ENTER, stays)
    plain = json.loads(json.dumps(stays.plain()))
    plain["open"][0]["entered_at"] = "soon"
    assert Stays(plain).plain()["open"] == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
    ],
)
def test_durations_are_written_as_people_do(seconds, words):
    assert duration_words(seconds) == words
