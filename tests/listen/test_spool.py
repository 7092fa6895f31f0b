"""Lines on disk: whole, once, through crashes, full disks and rotations."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import StateError, StateLocked
from connector.listen import spool as spooling
from connector.listen.lines import MAX_LINE_BYTES, Cutter
from connector.listen.spool import Spool, Sync
from connector.parsing.tail import Position, follow


class Clock:
    def __init__(self):
        self.now = 1_795_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def path(tmp_path):
    return tmp_path / "smdr.log"


def heard(path, position=None):
    """Read the spool as a source does."""
    lines = []
    for chunk in follow(path, position, edge="phones"):
        lines += [item.data for item in chunk.items]
        position = chunk.position
    return lines, position


def test_lines_are_added_behind_what_is_there(path):
    path.write_bytes(b"old\n")
    spool = Spool(path)
    spool.add([b"one", b"two"])
    assert path.read_bytes() == b"old\none\ntwo\n"
    spool.close()


def test_a_torn_line_of_a_crash_does_not_spoil_the_next(path):
    path.write_bytes(b"one\ntw")
    spool = Spool(path)
    spool.add([b"three"])
    assert path.read_bytes() == b"one\ntw\nthree\n"
    spool.close()


def test_two_listeners_never_write_one_file(path, monkeypatch):
    monkeypatch.setattr(spooling, "LOCK_TRIES", 1)
    spool = Spool(path)
    with pytest.raises(StateLocked, match="another amends listen"):
        Spool(path)
    spool.close()
    Spool(path).close()


def test_a_full_disk_blocks_and_later_every_byte_is_there_once(path, monkeypatch):
    spool = Spool(path)
    real, room = os.write, 5

    def full(handle, data):
        nonlocal room
        if room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(handle, bytes(data[:room]))
        room -= written
        return written

    monkeypatch.setattr(os, "write", full)
    spool.add([b"one", b"two"])
    assert spool.blocked
    spool.flush()
    assert spool.blocked
    room = 100
    spool.flush()
    assert not spool.blocked
    monkeypatch.undo()
    assert path.read_bytes() == b"one\ntwo\n"
    spool.close()


@pytest.mark.parametrize("broken", ["write", "fdatasync"])
def test_a_disk_that_fails_ends_the_listener_instead_of_taking_more(path, monkeypatch, broken):
    spool = Spool(path)

    def fails(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, broken, fails)
    with pytest.raises(StateError, match="cannot be"):
        spool.add([b"one"])
    monkeypatch.undo()
    spool.close()


def test_it_is_synced_before_anything_more_is_taken_or_once_a_second(path, monkeypatch):
    synced = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(real(file)))
    clock = Clock()
    for sync, expected in ((Sync.ALWAYS, 3), (Sync.SECOND, 1), (Sync.NEVER, 0)):
        synced.clear()
        spool = Spool(path, sync=sync, clock=clock)
        spool.add([b"one"])
        spool.add([b"two"])
        clock.now += 1
        spool.add([b"three"])
        assert len(synced) == expected
        spool.close()


def test_rotated_parts_are_read_on_and_removed_when_old(path):
    clock = Clock()
    clock.now = path.parent.stat().st_mtime
    spool = Spool(path, rotate_bytes=20, keep_days=2, clock=clock)
    lines, position = heard(path)
    for day in range(3):
        spool.add([b"day %d line 1" % day, b"day %d line 2" % day])
        new, position = heard(path, Position.from_plain(position.plain()))
        lines += new
        clock.now += 80_000
    assert lines == [b"day %d line %d" % (day, n) for day in range(3) for n in (1, 2)]
    assert len(list(path.parent.glob("smdr.log-*"))) == 3
    clock.now += 80_000
    foreign = path.with_name("smdr.log-notes")
    foreign.write_bytes(b"mine")
    spool.add([b"x" * 30])
    assert [part.name for part in path.parent.glob("smdr.log-*")] == ["smdr.log-notes"]
    spool.close()


def test_a_file_that_an_admin_moved_away_is_made_anew(path):
    spool = Spool(path)
    spool.add([b"one"])
    path.rename(path.with_name("smdr.log.1"))
    spool.add([b"two"])
    assert path.read_bytes() == b"two\n"
    spool.close()


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StateError, match="cannot be opened"):
        Spool(tmp_path / "nowhere" / "smdr.log")


@given(
    lines=st.lists(st.binary(min_size=1, max_size=30).filter(lambda b: not {10, 13} & set(b))),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_lines_are_the_same_however_the_network_cuts_them(lines, cuts, end):
    stream = b"".join(line + end for line in lines)
    cutter, found, last = Cutter(), [], 0
    for cut in [*sorted(cuts), len(stream)]:
        found += cutter.feed(stream[last:cut])
        last = max(last, min(cut, len(stream)))
    assert found == lines
    assert cutter.finish() == []


def test_a_line_without_an_end_is_cut_and_costs_no_memory():
    cutter = Cutter()
    found = []
    for _ in range(100):
        found += cutter.feed(b"x" * 10_000)
        assert len(cutter._rest) <= MAX_LINE_BYTES
    found += cutter.feed(b"tail\nnext\n")
    assert [len(line) for line in found] == [MAX_LINE_BYTES, 4]
    assert cutter.cut == 1
