"""Follow a log that grows, rotates, is copied and cut: every whole line once, in order.

Where reading goes on is a `Position`: an offset, and hashes of the first bytes of the file and
of the bytes right before the offset. The content decides whether a file is the one that was
read; the inode is a hint only, for it is reused. So all of these come out right::

    rename + create     the rest of the old file, then the new one
    rename, no create   the old file goes on (its writer has it open) until the new one has bytes
    late writers        lines that a second writer still adds to a renamed file, as they come
    copytruncate        the rest of the copy, then the file from its start, also regrown past
                        the old offset; a line that was cut in two is put together
    compress            gzip, bzip2 and xz copies are looked into
    several rotations   all files between, by age, also where all begin with the same header

What cannot be closed is a `Gap`, shown to a human. What no reader can see, because it never was
in a file at two moments: bytes written between copytruncate's copy and its cut, and files that
were written, rotated and deleted while nobody looked. In doubt (a part that was packed before it
was read to its end) lines come twice rather than never. A last line without its newline is left for
the next reading. Memory is bounded by one block and one line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from connector.parsing import logfiles
from connector.parsing.log_plan import Plan, Stage, planned
from connector.parsing.log_position import MAX_LEFT, Chunk, Gap, Line, Position, Run
from connector.parsing.logfiles import HEAD_BYTES, TAIL_BYTES

__all__ = ["Chunk", "Gap", "Line", "Position", "Run", "follow"]

BLOCK_BYTES = 32_768
"""Read at once."""
MAX_LINE_BYTES = 65_536
"""A longer line is cut to this and marked; the rest of it is passed over."""
CHUNK_LINES = 400
"""A chunk is handed on as soon as it has so many lines (one block may bring more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Half:
    """The beginning of a line whose rest is in the next file."""

    data: bytes = b""
    skipping: bool = False


def follow(
    path: Path, after: Position | None, *, edge: str, max_line_bytes: int = MAX_LINE_BYTES
) -> Iterator[Chunk]:
    """Yield what the log has behind the position, up to its present end.

    `edge` is the source's name for the error: Unavailable when the log is missing (with
    nothing left to read in rotated parts), is no regular file, or may not be read.
    """
    with logfiles.Opened(path, edge=edge) as files, logfiles.read_faults(edge, path):
        plan = planned(files, after)
        left = after.left if after else ()
        if after is not None and (left or plan.beside):
            for chunk in _late(files, after, plan, max_line_bytes):
                left = chunk.position.left
                yield chunk
        half = _Half()
        for number, stage in enumerate(plan.stages):
            arriving = number > 0 or bool(plan.beside)
            reader = _Reader(stage, max_line_bytes, half, left, arriving=arriving)
            if plan.lost and number == 0 and after is not None:
                gap = Gap(path=str(path), after=replace(after, left=()), shut=files.shut)
                yield Chunk(parts=(gap,), position=reader.position())
            yield from _sound(reader, stage)
            half = reader.half
            end = replace(reader.position(), inode=stage.file.inode, left=())
            if stage.finished and not stage.file.packed and end.offset:
                left = (*left, end)[-MAX_LEFT:]


def _sound(reader: _Reader, stage: Stage) -> Iterator[Chunk]:
    """Read a stage; a packed part that is damaged ends with a gap, and does not stop the rest."""
    try:
        yield from reader.chunks()
    except logfiles.DAMAGED:
        if not stage.file.packed:
            raise
        end = reader.position()
        gap = Gap(path=stage.file.path, after=replace(end, left=()))
        yield Chunk(parts=(*reader.taken(), gap), position=end)


def _late(
    files: logfiles.Opened, after: Position, plan: Plan, max_line_bytes: int
) -> Iterator[Chunk]:
    """Read what was added to files that were left already; the place in the log stays."""
    left = list(after.left)
    if plan.beside:
        after = replace(after, inode=plan.stages[0].file.inode)
    for stage in [*_grown(files, after, plan), *plan.beside]:
        reader = _Reader(stage, max_line_bytes, _Half(), ())
        end = next((one for one in left if stage.after is one), None)
        index = len(left) if end is None else left.index(end)
        for chunk in _sound(reader, stage):
            left[index:] = [chunk.position, *left[index + 1 :]]
            yield replace(chunk, position=replace(after, left=tuple(left[-MAX_LEFT:])))
        if stage.file.packed:
            left[index:] = [replace(reader.position(), done=True), *left[index + 1 :]]
            yield Chunk(parts=(), position=replace(after, left=tuple(left[-MAX_LEFT:])))


def _grown(files: logfiles.Opened, after: Position, plan: Plan) -> Iterator[Stage]:
    """Find the files that were left and have more bytes now."""
    busy = {stage.file.inode for stage in (*plan.stages, *plan.beside)} | {after.inode}
    wanted = {end.inode for end in after.left} - busy
    found = {file.inode: file for file in files.rotated(inodes=wanted)} if wanted else {}
    for end in after.left:
        file = found.get(end.inode)
        if file is None or end.done or (not file.packed and file.size <= end.offset):
            continue
        if file.holds(end.offset, end.head, end.tail):
            yield Stage(file=file, after=end)


class _Reader:
    """Reads one stage into chunks."""

    def __init__(
        self,
        stage: Stage,
        max_line_bytes: int,
        half: _Half,
        left: tuple[Position, ...],
        *,
        arriving: bool = False,
    ) -> None:
        """Begin where the stage says, in the middle of a line if the file before ended there.

        `arriving` from another file, the position has to say so although nothing new is here.
        """
        after = stage.after
        self._stage = stage
        self._max = max_line_bytes
        self._offset = after.offset if after else 0
        self._number = after.line if after else 0
        self._skipping = after.skipping if after else half.skipping
        self._head, self._tail = stage.file.seek(self._offset)
        self._parts: list[Run | Line | Gap] = []
        self._whole: list[bytes] = []
        self._open_lines = 0
        self._handed = self._number
        self._before = half.data
        self._left = left
        self._arriving = arriving
        self.half = _Half()
        """What stands behind the last newline of a copy, once it is read."""

    def position(self) -> Position:
        """Give where reading goes on now."""
        file, log = self._stage.file, self._stage.copied_from
        return Position(
            inode=file.inode if log is None else log,
            mtime_ns=min(file.mtime_ns, self._stage.before_ns or file.mtime_ns),
            offset=self._offset,
            line=self._number,
            head=hashlib.sha256(self._head).hexdigest(),
            tail=hashlib.sha256(self._tail).hexdigest(),
            skipping=self._skipping,
            left=self._left,
        )

    def chunks(self) -> Iterator[Chunk]:
        """Read to the end the file has now."""
        start, joining = self._offset, bool(self._before)
        pending = self._before
        for block in self._stage.file.blocks(BLOCK_BYTES):
            data = pending + block
            cut = data.rfind(b"\n") + 1
            whole, pending = data[:cut], data[cut:]
            self._take(whole)
            if len(pending) > self._max:
                self._begin_long_line(pending)
                pending = b""
            if self._number - self._handed >= CHUNK_LINES:
                yield self._chunk()
        if self._stage.finished and self._stage.copied_from is not None:
            self.half = _Half(data=pending, skipping=self._skipping)
        elif self._stage.finished and pending:
            self._take_cut_line(pending)
        arrived = (start == 0 or self._arriving) and not joining
        if self._parts or self._whole or self._offset != start or arrived:
            yield self._chunk()

    def taken(self) -> tuple[Run | Line | Gap, ...]:
        """Give what was read and not handed on yet."""
        self._close_run()
        parts, self._parts = tuple(self._parts), []
        return parts

    def _close_run(self) -> None:
        """Put together what was read behind the last part."""
        data, self._whole = b"".join(self._whole), []
        count, self._open_lines = self._open_lines, 0
        if data:
            first = self._number + 1 - count
            self._parts.append(Run(path=self._stage.file.path, first=first, data=data))

    def _chunk(self) -> Chunk:
        self._handed = self._number
        return Chunk(parts=self.taken(), position=self.position())

    def _take(self, whole: bytes) -> None:
        """Take bytes that end with a newline."""
        if not whole:
            return
        lines = whole
        if self._skipping:
            lines = whole[whole.index(b"\n") + 1 :]
            self._skipping = False
        if len(lines) > self._max:
            self._take_one_by_one(lines)
        elif lines:
            self._whole.append(lines)
            count = lines.count(b"\n")
            self._number += count
            self._open_lines += count
        self._pass(whole)

    def _take_one_by_one(self, whole: bytes) -> None:
        """Take lines of which one may be too long."""
        lines = whole.split(b"\n")
        lines.pop()
        for data in lines:
            self._number += 1
            if len(data) > self._max:
                self._add(data[: self._max], self._too_long())
            else:
                self._whole.append(data + b"\n")
                self._open_lines += 1

    def _begin_long_line(self, pending: bytes) -> None:
        if not self._skipping:
            self._number += 1
            self._add(pending[: self._max], self._too_long())
            self._skipping = True
        self._pass(pending)

    def _take_cut_line(self, pending: bytes) -> None:
        if not self._skipping:
            self._number += 1
            self._add(pending, "The last line of a rotated log was never finished.")
        self._pass(pending)

    def _too_long(self) -> str:
        return f"The line is longer than {self._max} bytes; the rest of it is not kept."

    def _add(self, data: bytes, problem: str) -> None:
        """Take a line with a problem, which was counted already."""
        self._number -= 1
        self._close_run()
        self._number += 1
        path = self._stage.file.path
        self._parts.append(Line(path=path, number=self._number, data=data, problem=problem))

    def _pass(self, data: bytes) -> None:
        """Go on behind these bytes; what the file before began with is not of this one."""
        data = data[len(self._before) :]
        self._before = b""
        self._offset += len(data)
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + data)[:HEAD_BYTES]
        self._tail = (self._tail + data)[-TAIL_BYTES:]
