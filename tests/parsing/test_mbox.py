"""Mboxes as mail programs and archives write them."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.mbox import is_from_line, read_mbox

FROM = b"From jane@example.com Thu Nov 19 10:00:00 2026\n"


def messages(data, limit=1_000_000):
    return [message.raw for message in read_mbox(io.BytesIO(data), limit)]


def test_messages_are_cut_at_separators_behind_blank_lines():
    data = FROM + b"A: 1\n\nfirst\n\n" + FROM + b"A: 2\n\nsecond\n"
    assert messages(data) == [b"A: 1\n\nfirst\n\n", b"A: 2\n\nsecond\n"]


def test_a_sentence_that_begins_with_from_is_no_separator():
    data = FROM + b"A: 1\n\nFrom now on at 10:00 I wait elsewhere\n" + FROM + b"go on\n"
    assert len(messages(FROM + b"A: 1\n\nwords\nFrom me at 10:00\n")) == 1
    assert messages(data)[-1].endswith(b"go on\n")


def test_quoted_from_lines_are_unquoted():
    assert messages(FROM + b"A: 1\n\n>From here\n>>From there\n") == [
        b"A: 1\n\nFrom here\n>From there\n"
    ]


def test_offsets_lead_to_the_next_message():
    data = FROM + b"A: 1\n\nx\n\n" + FROM + b"A: 2\n\ny\n"
    first, second = read_mbox(io.BytesIO(data), 1_000)
    assert (first.start, second.end) == (0, len(data))
    assert first.end == second.start
    again = io.BytesIO(data)
    again.seek(first.end)
    assert [message.raw for message in read_mbox(again, 1_000)] == [second.raw]


def test_a_huge_message_is_cut_and_its_size_told():
    data = FROM + b"A: 1\n\n" + b"x" * 99 + b"\n" + b"y\n" * 10_000
    [message] = read_mbox(io.BytesIO(data), 100)
    assert len(message.raw) < 250
    assert message.size == len(data) - len(FROM)


def test_a_line_without_end_is_read_in_pieces():
    [message] = read_mbox(io.BytesIO(FROM + b"A: 1\n\n" + b"x" * 3_000_000), 1_000)
    assert message.size == 3_000_006


def test_blank_lines_alone_are_no_message():
    assert messages(b"\n\n" + FROM + b"A: 1\n\nx\n") == [b"A: 1\n\nx\n"]
    assert messages(b"") == []


@given(st.binary(max_size=500))
def test_every_byte_outside_of_separators_is_in_some_message(data):
    kept = sum(message.size for message in read_mbox(io.BytesIO(data), 10_000))
    assert kept <= len(data)
    if data.strip() and b"From " not in data:
        assert kept == len(data)


def test_separators_have_a_sender_and_a_time():
    assert is_from_line(FROM)
    assert not is_from_line(b"From here it is far.\n")
