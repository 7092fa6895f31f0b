"""Following a log: every whole line once, through rotation, copying, cutting and restarts."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.errors import Unavailable
from connector.parsing import tail
from connector.parsing.tail import Gap, Line, Position, follow


class Reader:
    """Reads like a daemon: remembers the position as JSON between turns."""

    def __init__(self, path, **limits):
        self.path, self.limits = path, limits
        self.stored = "null"
        self.items = []

    def turn(self):
        position = Position.from_plain(json.loads(self.stored))
        new = []
        for chunk in follow(self.path, position, edge="phones", **self.limits):
            new.extend(chunk.items)
            self.stored = json.dumps(chunk.position.plain())
        self.items.extend(new)
        return [item.data if isinstance(item, Line) else "gap" for item in new]


@pytest.fixture
def log(tmp_path):
    return tmp_path / "queue_log"


def lines(start, stop):
    return b"".join(b"17951864%04d|line\n" % number for number in range(start, stop))


def datas(start, stop):
    return lines(start, stop).splitlines()


def append(path, data):
    with path.open("ab") as file:
        file.write(data)


def age(path, seconds):
    """Make it older, as if it had been written before the others."""
    os.utime(path, (1_795_000_000 - seconds,) * 2)


def test_lines_that_are_appended_are_read_once(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    assert reader.turn() == datas(0, 3)
    assert reader.turn() == []
    append(log, lines(3, 5))
    assert reader.turn() == datas(3, 5)
    assert [item.number for item in reader.items] == [1, 2, 3, 4, 5]
    assert reader.items[4].locator == f"{log}:5"


def test_a_line_that_is_written_byte_by_byte_is_read_when_its_newline_comes(log):
    log.write_bytes(b"")
    reader = Reader(log)
    for byte in b"1795186471|one|two":
        append(log, bytes([byte]))
        assert reader.turn() == []
    append(log, b"\n")
    assert reader.turn() == [b"1795186471|one|two"]


def test_an_empty_line_is_a_line(log):
    log.write_bytes(b"a\n\nb\n")
    assert Reader(log).turn() == [b"a", b"", b"b"]


def test_a_log_that_is_not_there_yet_is_unavailable_and_later_read_from_its_start(log):
    reader = Reader(log)
    with pytest.raises(Unavailable, match="does not exist"):
        reader.turn()
    log.write_bytes(lines(0, 2))
    assert reader.turn() == datas(0, 2)


def test_after_rename_and_create_the_rest_of_the_old_file_comes_first(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    append(log, lines(3, 5))
    log.rename(log.with_name("queue_log.0"))
    log.write_bytes(lines(5, 7))
    assert reader.turn() == datas(3, 7)
    assert reader.items[3].locator == f"{log}.0:4"
    assert reader.items[5].locator == f"{log}:1"


def test_a_writer_that_still_has_the_renamed_file_open_is_followed(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    old = log.with_name("queue_log-20261120")
    log.rename(old)
    append(old, lines(3, 4))
    assert reader.turn() == datas(3, 4)
    log.write_bytes(b"")  # logrotate's create; the writer has not been told yet
    append(old, lines(4, 5))
    assert reader.turn() == datas(4, 5)
    append(log, lines(5, 6))
    assert reader.turn() == datas(5, 6)


def test_several_rotations_while_nobody_read_are_read_in_order_of_age(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    append(log, lines(3, 4))
    shutil.move(log, log.with_name("queue_log.2"))
    age(log.with_name("queue_log.2"), 200)
    log.with_name("queue_log.1").write_bytes(lines(4, 6))
    age(log.with_name("queue_log.1"), 100)
    log.write_bytes(lines(6, 7))
    assert reader.turn() == datas(3, 7)


@pytest.mark.parametrize(
    ("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_a_part_that_was_packed_meanwhile_is_read_on(log, ending, pack):
    log.write_bytes(lines(0, 300))
    reader = Reader(log)
    reader.turn()
    log.with_name(f"queue_log.1.{ending}").write_bytes(pack(lines(0, 305)))
    log.write_bytes(lines(305, 306))
    assert reader.turn() == datas(300, 306)


def test_a_damaged_packed_part_is_read_up_to_the_damage_and_leaves_a_gap(log):
    log.write_bytes(lines(0, 300))
    reader = Reader(log)
    reader.turn()
    log.with_name("queue_log.1.gz").write_bytes(gzip.compress(lines(0, 305))[:-30])
    log.write_bytes(lines(305, 306))
    heard = reader.turn()
    gap = heard.index("gap")
    assert heard == [*datas(300, 300 + gap), "gap", *datas(305, 306)]
    assert reader.turn() == []


def test_copytruncate_regrown_past_the_old_offset_is_noticed_by_content(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    append(log, lines(3, 4))
    shutil.copyfile(log, log.with_name("queue_log.1"))
    inode = log.stat().st_ino
    with log.open("r+b") as file:
        file.truncate(0)
    append(log, lines(10, 30))
    assert log.stat().st_ino == inode
    assert reader.turn() == datas(3, 4) + datas(10, 30)


def test_copytruncate_of_a_log_that_was_read_to_its_end_is_no_gap(log):
    log.write_bytes(lines(0, 30))
    reader = Reader(log)
    shutil.copyfile(log, log.with_name("queue_log.1"))
    append(log, lines(30, 31))  # between the copy and the cut; read in time
    reader.turn()
    log.write_bytes(lines(31, 32))
    assert reader.turn() == datas(31, 32)


def test_a_log_that_was_cut_without_a_copy_is_a_gap_with_a_byte_count(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    log.write_bytes(lines(5, 6))
    assert reader.turn() == ["gap", *datas(5, 6)]
    gap = next(item for item in reader.items if isinstance(item, Gap))
    assert f"byte {len(lines(0, 3))}" in gap.problem
    assert gap.locator.startswith(f"{log}:gap-{len(lines(0, 3))}-")
    assert reader.turn() == []


def test_a_log_that_was_deleted_and_made_anew_is_a_gap_also_when_the_inode_is_reused(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    stored = json.loads(reader.stored)
    log.unlink()
    log.write_bytes(lines(7, 12))
    reader.stored = json.dumps({**stored, "inode": log.stat().st_ino})
    assert reader.turn() == ["gap", *datas(7, 12)]


@pytest.mark.parametrize("same", ["head", "tail"])
def test_a_file_that_is_alike_at_one_end_only_is_another_one(log, same):
    log.write_bytes(lines(0, 100))
    reader = Reader(log)
    reader.turn()
    alike = lines(0, 20) + lines(200, 320) if same == "head" else lines(200, 220) + lines(20, 120)
    log.write_bytes(alike)
    assert reader.turn() == ["gap", *alike.splitlines()]


def test_a_log_that_was_deleted_and_not_made_again_is_unavailable(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    log.unlink()
    with pytest.raises(Unavailable, match="does not exist"):
        reader.turn()


def test_a_symlink_that_moves_to_the_next_dated_file_is_followed(log):
    first, second = log.with_name("queue_log-20261120"), log.with_name("queue_log-20261121")
    first.write_bytes(lines(0, 3))
    log.symlink_to(first)
    reader = Reader(log)
    reader.turn()
    append(first, lines(3, 4))
    age(first, 100)
    second.write_bytes(lines(4, 6))
    log.unlink()
    log.symlink_to(second)
    assert reader.turn() == datas(3, 6)


def test_foreign_files_with_a_similar_name_are_left_alone(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    append(log, lines(3, 4))
    log.rename(log.with_name("queue_log.1"))
    age(log.with_name("queue_log.1"), 100)
    log.with_name("queue_log_errors").write_bytes(b"foreign\n")
    log.with_name("queue_log.1.swp").write_bytes(b"foreign\n")
    log.with_name("full").write_bytes(b"foreign\n")
    log.write_bytes(lines(4, 5))
    assert reader.turn() == datas(3, 5)


def test_the_unfinished_last_line_of_a_rotated_log_is_shown_as_cut(log):
    log.write_bytes(lines(0, 1) + b"1795186471|hal")
    reader = Reader(log)
    assert reader.turn() == datas(0, 1)
    log.rename(log.with_name("queue_log.0"))
    log.write_bytes(lines(1, 2))
    assert reader.turn() == [b"1795186471|hal", *datas(1, 2)]
    assert "never finished" in reader.items[1].problem


@pytest.mark.parametrize("newline_comes_at_once", [True, False])
def test_a_line_beyond_the_limit_is_cut_marked_and_passed_over(log, newline_comes_at_once):
    long = b"x" * 200_000
    log.write_bytes(b"a\n" + long)
    reader = Reader(log, max_line_bytes=100)
    if not newline_comes_at_once:
        assert reader.turn() == [b"a", b"x" * 100]
        append(log, long)
        assert reader.turn() == []
    append(log, b"\nb\n")
    reader.turn()
    assert [item.data for item in reader.items] == [b"a", b"x" * 100, b"b"]
    assert [item.number for item in reader.items] == [1, 2, 3]
    assert "longer than 100 bytes" in reader.items[1].problem


def test_the_position_stays_small_whatever_the_line(log):
    log.write_bytes(b"x" * 5_000_000)
    reader = Reader(log)
    reader.turn()
    assert len(reader.stored) < 400


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_unavailable_and_never_hangs(log, make):
    make(log)
    with pytest.raises(Unavailable, match="not a file"):
        Reader(log).turn()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_log_without_the_right_to_read_is_unavailable(log):
    log.write_bytes(b"a\n")
    log.chmod(0)
    with pytest.raises(Unavailable, match="may not be read"):
        Reader(log).turn()


@pytest.mark.parametrize(
    "stored", ["1", "[]", "{}", '{"inode": "x"}', '{"inode": -1, "offset": 0, "line": 0}', "null"]
)
def test_a_position_that_is_none_begins_at_the_beginning(stored):
    assert Position.from_plain(json.loads(stored)) is None


def test_logs_that_begin_with_the_same_header_are_told_apart(log):
    header = b"time,caller,queue\n"
    log.write_bytes(header)
    reader = Reader(log)
    reader.turn()
    append(log, lines(0, 3))  # written and rotated while nobody read
    log.rename(log.with_name("queue_log.1"))
    log.write_bytes(header + lines(3, 4))
    assert [line for line in reader.turn() if line != header.strip()] == datas(0, 4)
    assert reader.turn() == []


def test_a_second_writer_that_was_not_told_of_the_rotation_is_still_heard(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    old = log.with_name("queue_log.1")
    log.rename(old)
    log.write_bytes(lines(3, 4))
    reader.turn()
    append(old, lines(4, 5))
    assert reader.turn() == datas(4, 5)
    append(log, lines(5, 6))
    assert reader.turn() == datas(5, 6)


def test_a_line_that_copytruncate_cut_in_two_is_one_line(log):
    log.write_bytes(lines(0, 2) + b"1795186471|ha")
    reader = Reader(log)
    reader.turn()
    shutil.copyfile(log, log.with_name("queue_log.1"))
    os.truncate(log, 0)
    append(log, b"lf")
    assert reader.turn() == []
    append(log, b"|line\nnext\n")
    assert reader.turn() == [b"1795186471|half|line", b"next"]
    assert not any(item.problem for item in reader.items)


def test_parts_are_found_behind_the_name_and_before_its_ending(tmp_path):
    log = tmp_path / "Master.csv"
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    append(log, lines(3, 4))
    log.rename(tmp_path / "Master-20261120.csv")  # logrotate: dateext with `extension .csv`
    log.write_bytes(lines(4, 5))
    assert reader.turn() == datas(3, 5)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_gap_names_parts_that_may_not_be_read(log):
    log.write_bytes(lines(0, 3))
    reader = Reader(log)
    reader.turn()
    part = log.with_name("queue_log.1")
    log.rename(part)
    part.chmod(0)
    log.write_bytes(lines(4, 5))
    assert reader.turn() == ["gap", *datas(4, 5)]
    assert "1 rotated parts may not be read" in next(
        item.problem for item in reader.items if isinstance(item, Gap)
    )


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 60)),
        st.sampled_from([("read", 0), ("rename", 0), ("copytruncate", 0), ("pack", 0)]),
    ),
    max_size=25,
)


class Weather:
    """A log with a writer and a rotating admin; counts what was written."""

    def __init__(self, log):
        self.log, self.parts, self.clock = log, 0, 0
        self.bytes = lines(0, 60)
        self.written = 0
        log.write_bytes(b"")
        self.dated(log)

    def write(self, count):
        append(self.log, self.bytes[self.written : self.written + count])
        self.written = min(self.written + count, len(self.bytes))
        self.dated(self.log)

    def part(self):
        self.parts += 1
        return self.log.with_name(f"queue_log.{1_795_000_000 + self.parts}")

    def finish_line(self):
        """Rotate between lines, as a writer of whole lines leaves a file."""
        end = self.bytes.find(b"\n", max(self.written - 1, 0)) + 1
        if self.written and end > self.written:
            self.write(end - self.written)

    def dated(self, part):
        self.clock += 1
        os.utime(part, (1_795_000_000 + self.clock,) * 2)

    def rename(self):
        self.finish_line()
        if self.log.stat().st_size:
            part = self.part()
            self.log.rename(part)
            self.dated(part)
            self.log.write_bytes(b"")
            self.dated(self.log)

    def copytruncate(self):
        self.finish_line()
        if self.log.stat().st_size:
            part = self.part()
            shutil.copyfile(self.log, part)
            self.dated(part)
            with self.log.open("r+b") as file:
                file.truncate(0)
            self.dated(self.log)

    def pack(self):
        for part in self.log.parent.glob("queue_log.*"):
            if part.suffix != ".gz":
                status = part.stat()
                packed = part.with_name(part.name + ".gz")
                packed.write_bytes(gzip.compress(part.read_bytes()))
                os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
                part.unlink()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions=ACTIONS, chunk=st.integers(1, 5), block=st.integers(1, 64))
def test_in_any_weather_every_line_is_read_once_and_in_order(
    tmp_path_factory, actions, chunk, block
):
    log = tmp_path_factory.mktemp("weather") / "queue_log"
    weather, reader = Weather(log), Reader(log)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "CHUNK_LINES", chunk)
        patch.setattr(tail, "BLOCK_BYTES", block)
        reader.turn()
        for action, count in actions:
            if action == "write":
                weather.write(count)
            elif action == "read":
                reader.turn()
            else:
                getattr(weather, action)()
        weather.finish_line()
        reader.turn()
    assert [getattr(item, "data", "gap") for item in reader.items] == (
        weather.bytes[: weather.written].splitlines()
    )
