"""Blocks find themselves again, and end only where rows end."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing import blocks
from connector.parsing.blocks import Kept, blocks_of


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(blocks, "ENDS_ONE_IN", 3)


def printed(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def parted(data, header_rows=1):
    return blocks_of(io.BytesIO(data), header_rows)


HEADER = ("id", "why", "score")
WORDS = st.text(st.sampled_from('ab ,"\n;'), max_size=8)
ROWS = st.lists(st.tuples(st.integers(10, 99).map(str), WORDS, WORDS), max_size=30)


@given(ROWS)
def test_all_blocks_together_are_the_file(rows):
    data = printed([HEADER, *rows])
    found = parted(data)
    assert found is not None
    assert [0, *(one.end for one in found)] == [*(one.start for one in found), len(data)]
    assert sum(one.rows for one in found) == len(rows) + 1


@given(ROWS, ROWS, ROWS, st.integers(0, 30))
def test_what_changed_and_what_is_known_make_the_file(rows, front, behind, place):
    before = parted(printed([HEADER, *rows]))
    changed = [*front, *rows, *behind]
    if changed:
        at = place % len(changed)
        changed[at] = (changed[at][0], "edited", "1")
    data = printed([HEADER, *changed])
    after = parted(data)
    known = {one.digest for one in before[1:]}
    ranges = [(one.start, one.end) for one in after if one.digest not in known]
    kept = io.BufferedReader(Kept(io.BytesIO(data), ranges)).read().decode()
    read = [tuple(row) for row in csv.reader(io.StringIO(kept, newline=""), strict=True)][1:]
    skipped = [one for one in after if one.digest in known]
    assert len(read) + sum(one.rows for one in skipped) == len(changed)
    missing = list(changed)
    for row in read:
        missing.remove(row)
    assert all(row in rows for row in missing), "what is left out was there before"


@pytest.mark.parametrize(
    "row",
    [
        b'1,5" nail,2\n2,"open\nclosed",3\n',
        b'1,x"y,"open\nclosed"\n',
        b'1,"cut\n',
        b'1,2\n3,4,5\n1,"a",2,3\n',
        b"1,a\rb,3\n",
        b"1,\0,3\n",
    ],
)
def test_what_is_no_row_for_certain_makes_the_file_unfit(row):
    assert parted(b"id,why,score\n" + row + b'9,"z",9\n') is None


def test_a_hint_for_excel_makes_the_file_unfit():
    assert parted(b"sep=,\nid,why\n1,2\n") is None
