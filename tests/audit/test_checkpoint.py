"""A checkpoint survives its line, and nothing else passes as one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.audit import checkpoint
from connector.audit.checkpoint import Checkpoint, Head, parse, parse_all
from connector.domain.errors import LedgerError
from connector.testing.builders import MONDAY_MORNING

heads = st.builds(Head, seq=st.integers(1, 2**53), hash=st.binary(min_size=32, max_size=32))
SOME = Checkpoint(
    instance="0123456789abcdef",
    at=MONDAY_MORNING,
    chains={"daemon": Head(seq=3, hash=bytes(range(32)))},
)


@given(st.dictionaries(st.text(max_size=20), heads, max_size=4))
def test_a_line_reads_back(chains):
    taken = Checkpoint(instance="ab12", at=MONDAY_MORNING, chains=chains)
    line = taken.line()
    assert "\n" not in line
    assert parse(line) == taken


def test_the_json_of_a_verification_is_a_checkpoint_too():
    assert parse(json.dumps({"ok": True, "checkpoint": SOME.plain()})) == SOME


def test_a_file_may_hold_many_among_other_lines():
    lines = ["# kept by the compliance officer\n", f"checkpoint {SOME.line()}\n", SOME.line()]
    assert parse_all(lines, where="f") == [SOME, SOME]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "{}",
        "null",
        '{"checkpoint": 5}',
        SOME.line().replace('"seq":3', '"seq":"3"'),
        SOME.line().replace('"seq":3', '"seq":0'),
        SOME.line().replace('"seq":3', '"seq":3,"x":1'),
        SOME.line().replace("0001", "000"),
        SOME.line().replace("2026-03-02", "2026-13-02"),
        SOME.line().replace('"amends_checkpoint":1', '"amends_checkpoint":2'),
        '{"checkpoint":' * 50_000,
        '{"checkpoint":{"amends_checkpoint":1e999}}',
    ],
)
def test_anything_else_is_refused(line):
    with pytest.raises(LedgerError, match="no checkpoint of amends"):
        parse(line)


@given(st.text())
def test_whatever_is_given_there_is_a_checkpoint_or_our_error(text):
    with pytest.raises(LedgerError):
        parse(text)


def test_a_file_without_a_checkpoint_is_refused():
    with pytest.raises(LedgerError, match="there is no checkpoint in it"):
        parse_all(["nothing here\n"], where="f")


def test_a_spoilt_line_names_its_place():
    with pytest.raises(LedgerError, match="f: line 2: this is no checkpoint"):
        parse_all([SOME.line(), "{"], where="f")


def test_a_file_has_limits():
    with pytest.raises(LedgerError, match="line 1 is beyond"):
        parse_all(["x" * (checkpoint.MAX_LINE_CHARS + 1)], where="f")
    with pytest.raises(LedgerError, match="line 100001 is beyond"):
        parse_all([""] * (checkpoint.MAX_LINES + 1), where="f")
