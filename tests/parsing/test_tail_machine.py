"""A log in any weather: writers, rotations, cuts, packing and kills, in any order.

The model knows which lines were written and which of them an admin destroyed. Whatever the
order: each line that was not destroyed is read once, and destruction is told as a gap.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from connector.domain.errors import Unavailable
from connector.parsing import tail
from connector.parsing.tail import Gap, Position, follow

HEADER = b"time,caller,queue\n"
SECOND_NS = 1_000_000_000


class Log(RuleBasedStateMachine):
    """One log, its writer, a second writer, an admin and a reader that dies."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tail-"))
        self.path = self.folder / "smdr.log"
        self.patch = pytest.MonkeyPatch()
        self.clock = 1_795_000_000
        self.count = 0
        self.parts = 0
        self.written: list[bytes] = []
        self.destroyed: set[bytes] = set()
        self.unseen: set[bytes] = set()
        self.half = b""
        self.split = False  # a line stands half in a copy, and was not read yet
        self.late = False  # something of a part was not read yet
        self.rotated = False  # since it was read to its end
        self.old = None  # the file that a writer without news of the rotation has open
        self.items: list[object] = []
        self.stored = "null"

    @initialize(
        header=st.booleans(), chunk=st.integers(1, 4), block=st.sampled_from([7, 64, 32_768])
    )
    def begin(self, header, chunk, block):
        self.header = HEADER if header else b""
        self.patch.setattr(tail, "CHUNK_LINES", chunk)
        self.patch.setattr(tail, "BLOCK_BYTES", block)
        self.touch(self.path, self.header)
        self.read(kill_after=None)

    def teardown(self):
        if hasattr(self, "header"):
            self.finish()
            self.read(kill_after=None)
            self.judge()
        self.patch.undo()
        shutil.rmtree(self.folder)

    def judge(self):
        heard = [item.data for item in self.items if not isinstance(item, Gap)]
        seen = [line for line in heard if line + b"\n" != HEADER]
        assert sorted(seen) == sorted(set(seen)), "a line was read twice"
        missing = set(self.written) - set(seen)
        assert missing <= self.destroyed, "a line was lost"
        told = any(isinstance(item, Gap) for item in self.items)
        assert told or missing <= self.unseen, "a loss was not told"
        assert not set(seen) - set(self.written), "a line was made up"

    def touch(self, path, data):
        """Append as one write, at a time of its own."""
        with path.open("ab") as file:
            file.write(data)
        self.clock += 1
        os.utime(path, ns=(self.clock * SECOND_NS,) * 2)

    def line(self):
        self.count += 1
        text = b"%d,%s,front" % (self.count, b"x" * (self.count * 7 % 40))
        self.written.append(text)
        return text + b"\n"

    @rule(lines=st.integers(1, 6))
    def write(self, lines):
        self.finish()
        for _ in range(lines):
            self.touch(self.path, self.line())

    @rule()
    def write_half_a_line(self):
        self.finish()
        whole = self.line()
        cut = len(whole) // 2
        self.touch(self.path, whole[:cut])
        self.half = whole[cut:]

    @rule()
    def finish(self):
        if self.half:
            self.touch(self.path, self.half)
            self.half = b""

    @precondition(lambda self: not self.split)
    @rule()
    def rename_and_create(self):
        self.finish()
        self.old = self.part()
        self.path.rename(self.old)
        self.touch(self.path, self.header)

    @precondition(
        lambda self: self.old is not None and self.old.exists() and self.old.stat().st_size
    )
    @rule()
    def second_writer_goes_on_in_the_old_file(self):
        self.touch(self.old, self.line())
        self.late = True

    @precondition(lambda self: not self.header and not self.split)
    @rule()
    def copy_and_truncate(self):
        """Also in the middle of a line: its rest then stands at the new beginning.

        Of a file that was never read nobody can tell that its copy is one.
        """
        if Position.from_plain(json.loads(self.stored)).inode != self.path.stat().st_ino:
            self.finish()
        if self.path.stat().st_size:
            self.split = self.split or bool(self.half)
            part = self.part()
            shutil.copyfile(self.path, part)
            self.clock += 1
            os.utime(part, ns=(self.clock * SECOND_NS,) * 2)
            os.truncate(self.path, 0)
            self.touch(self.path, b"")

    @precondition(lambda self: not self.split and not self.late)
    @rule()
    def pack_an_old_part(self):
        """Packed before it was read to its end, a part may be read again from its start."""
        for part in sorted(self.folder.glob("smdr.log.*"))[:1]:
            if part != self.old and part.suffix != ".gz":
                status = part.stat()
                packed = part.with_name(part.name + ".gz")
                packed.write_bytes(gzip.compress(part.read_bytes(), 1))
                os.utime(packed, ns=(status.st_mtime_ns,) * 2)
                part.unlink()

    @precondition(lambda self: not self.split)
    @rule()
    def truncate_without_a_copy(self):
        """Lines that were not read by now are gone; a gap has to say so.

        Unless nothing but a header was ever read of that file: then nobody can know.
        """
        self.finish()
        gone = set(self.path.read_bytes().splitlines())
        self.destroyed |= gone
        position = Position.from_plain(json.loads(self.stored))
        known = position.inode == self.path.stat().st_ino and position.offset > len(self.header)
        if self.rotated or not known:
            self.unseen |= gone
        os.truncate(self.path, 0)
        self.touch(self.path, self.header)

    @rule(kill_after=st.one_of(st.none(), st.integers(0, 3)))
    def read(self, kill_after):
        """Read on from what was committed; a kill loses what came behind the last commit."""
        position = Position.from_plain(json.loads(self.stored))
        try:
            for number, chunk in enumerate(follow(self.path, position, edge="phones")):
                if kill_after is not None and number >= kill_after:
                    self.late = True
                    return  # read, but never committed
                self.items.extend(chunk.items)
                self.stored = json.dumps(chunk.position.plain())
            self.late = False
            self.split = self.split and bool(self.half)
            self.rotated = self.rotated and not self.path.stat().st_size
        except Unavailable:
            assert not self.path.exists()

    def part(self):
        self.parts += 1
        self.rotated = True
        return self.path.with_name(f"smdr.log.{1_795_000_000 + self.parts}")


TestLog = Log.TestCase
TestLog.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


def test_a_part_that_late_lines_made_the_youngest_hides_no_older_one():
    log = Log()
    log.begin(header=False, chunk=1, block=7)
    log.write(lines=1)
    log.rename_and_create()
    log.write(lines=1)
    log.copy_and_truncate()
    log.read(kill_after=1)
    log.second_writer_goes_on_in_the_old_file()
    log.read(kill_after=1)
    log.teardown()


def test_a_packed_part_beside_the_log_is_read_on_after_a_kill():
    log = Log()
    log.begin(header=True, chunk=1, block=7)
    log.write(lines=2)
    log.rename_and_create()
    log.rename_and_create()
    log.pack_an_old_part()
    log.read(kill_after=1)
    log.teardown()


def test_a_part_that_is_packed_in_the_middle_of_reading_loses_nothing():
    log = Log()
    log.begin(header=True, chunk=1, block=7)
    log.write(lines=2)
    log.rename_and_create()
    log.rename_and_create()
    log.read(kill_after=1)
    log.pack_an_old_part()
    log.read(kill_after=None)
    assert set(log.written) <= {item.data for item in log.items}
    log.items = []
    log.written = []
    log.teardown()
