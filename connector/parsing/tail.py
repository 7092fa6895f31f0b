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
from dataclasses import dataclass, field, replace
from pathlib import Path

from connector.parsing import logfiles
from connector.parsing.log_position import MAX_LEFT, Chunk, Gap, Line, Position
from connector.parsing.logfiles import HEAD_BYTES, TAIL_BYTES, Candidate

__all__ = ["Chunk", "Gap", "Line", "Position", "follow"]

BLOCK_BYTES = 32_768
"""Read at once."""
MAX_LINE_BYTES = 65_536
"""A longer line is cut to this and marked; the rest of it is passed over."""
CHUNK_LINES = 1_000
"""A chunk is handed on as soon as it has so many lines (one block may bring more)."""
ALIKE_BYTES = 8_192
"""Two files may begin alike up to here (a header): before it, one match is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """One file to read in this turn."""

    file: Candidate
    after: Position | None
    """Where to go on in it; None: from its start."""
    finished: bool = False
    """True when nobody should write to it any more, because a newer file has bytes."""
    copied_from: int | None = None
    """The inode of the log when this part is a copy of it, made before it was cut: a line that
    is half in the copy goes on in the next file."""
    before_ns: int | None = None
    """Earlier than the parts that are to be read behind this one: late lines may have made this
    one the youngest, and those parts must still count as new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What to read in this turn."""

    stages: list[_Stage]
    lost: bool = False
    """True when something between the position and the first stage is gone."""
    beside: list[_Stage] = field(default_factory=list)
    """Rotated parts to read without leaving the place in the log."""


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
        plan = _plan(files, after)
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
                yield Chunk(items=(gap,), position=reader.position())
            yield from _sound(reader, stage)
            half = reader.half
            end = replace(reader.position(), inode=stage.file.inode, left=())
            if stage.finished and not stage.file.packed and end.offset:
                left = (*left, end)[-MAX_LEFT:]


def _sound(reader: _Reader, stage: _Stage) -> Iterator[Chunk]:
    """Read a stage; a packed part that is damaged ends with a gap, and does not stop the rest."""
    try:
        yield from reader.chunks()
    except logfiles.DAMAGED:
        if not stage.file.packed:
            raise
        end = reader.position()
        gap = Gap(path=stage.file.path, after=replace(end, left=()))
        yield Chunk(items=(*reader.taken(), gap), position=end)


def _late(
    files: logfiles.Opened, after: Position, plan: _Plan, max_line_bytes: int
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
            yield Chunk(items=(), position=replace(after, left=tuple(left[-MAX_LEFT:])))


def _grown(files: logfiles.Opened, after: Position, plan: _Plan) -> Iterator[_Stage]:
    """Find the files that were left and have more bytes now."""
    busy = {stage.file.inode for stage in (*plan.stages, *plan.beside)} | {after.inode}
    wanted = {end.inode for end in after.left} - busy
    found = {file.inode: file for file in files.rotated(inodes=wanted)} if wanted else {}
    for end in after.left:
        file = found.get(end.inode)
        if file is None or end.done or (not file.packed and file.size <= end.offset):
            continue
        if file.holds(end.offset, end.head, end.tail):
            yield _Stage(file=file, after=end)


def _plan(files: logfiles.Opened, after: Position | None) -> _Plan:
    """Decide which files to read from where, and whether something in between is lost."""
    if after is None:
        return _Plan(stages=_stages([], files.need_live(), None))
    return _plan_on(files, after)


def _plan_on(files: logfiles.Opened, after: Position) -> _Plan:
    """Decide where to go on."""
    if after.offset == 0:
        newer = [part for part in _parts(files, after) if part.mtime_ns >= after.mtime_ns]
        live = files.live if newer else files.need_live()
        return _Plan(stages=_stages(newer, live, None, log=after.inode))
    live = files.live
    held = live is not None and live.holds(after.offset, after.head, after.tail)
    if held and after.offset > ALIKE_BYTES:
        return _Plan(stages=_stages([], live, after))
    rotated = _parts(files, after)
    if live is not None and held:
        return _Plan(stages=_stages([], live, after), beside=_beside(rotated, live, after))
    for index in sorted(range(len(rotated)), key=lambda at: _likely(rotated[at], after)):
        if rotated[index].holds(after.offset, after.head, after.tail):
            older = [part for part in rotated[:index] if part.mtime_ns > after.mtime_ns]
            parts = [rotated[index], *older, *rotated[index + 1 :]]  # late lines make it young
            return _Plan(stages=_stages(parts, live, after, log=after.inode))
    return _begin_anew(rotated, files.need_live(), after)


def _parts(files: logfiles.Opened, after: Position) -> list[Candidate]:
    """Give the rotated parts that may hold something new."""
    return [part for part in files.rotated() if not _is_left(part, after)]


def _beside(rotated: list[Candidate], live: Candidate, after: Position) -> list[_Stage]:
    """Read every part that was written since, where a common beginning tells nothing."""
    return [
        _Stage(
            file=part,
            after=after if part.holds(after.offset, after.head, after.tail) else None,
            finished=True,
        )
        for part in rotated
        if part.mtime_ns >= after.mtime_ns and not _continues(live, part, after)
    ]


def _is_left(part: Candidate, after: Position) -> bool:
    """Say whether a part was read to its end already and left: late lines move its time on."""
    return part.inode != after.inode and any(
        (part.mtime_ns if part.packed else part.inode)
        == (end.mtime_ns if part.packed else end.inode)
        and part.holds(end.offset, end.head, end.tail)
        and (not part.packed or part.inode == end.inode or not part.peek(end.offset, 1))
        for end in after.left
    )


def _begin_anew(rotated: list[Candidate], live: Candidate, after: Position) -> _Plan:
    """Read the log from its start, and what was written since and rotated meanwhile.

    A copy shorter than what was read proves that nothing is lost.
    """
    for index in reversed(range(len(rotated))):
        if rotated[index].is_beginning_of(after.offset, after.head):
            rest = rotated[index + 1 :]  # a copy made before its last lines were read from the log
            return _Plan(stages=_stages(rest, live, None))
    newer = [
        part
        for part in rotated
        if part.mtime_ns >= after.mtime_ns and not part.begins_like(after.offset, after.head)
    ]  # what begins like it is its damaged rest
    return _Plan(stages=_stages(newer, live, None, log=after.inode), lost=True)


def _continues(live: Candidate, part: Candidate, after: Position) -> bool:
    """Say whether a part takes nothing away from the log, where both may begin alike.

    It has nothing behind the common beginning, or says the same as the log. Any doubt is for
    the part: what is read twice does less harm than what is never read.
    """
    if not part.holds(after.offset, after.head, after.tail):
        return False
    there, here = part.peek(after.offset, TAIL_BYTES), live.peek(after.offset, TAIL_BYTES)
    if not there:
        return True
    if part.inode == after.inode != live.inode:
        return False
    return bool(here) and (here.startswith(there) or there.startswith(here))


def _likely(file: Candidate, after: Position) -> tuple[bool, bool, bool, int]:
    """Sort key: the same inode first, then plain files, then the newest.

    Where many may begin alike, the oldest that was written since.
    """
    other = file.inode != after.inode
    if after.offset <= ALIKE_BYTES:
        return (file.mtime_ns < after.mtime_ns, other, False, file.mtime_ns)
    return (other, False, file.packed, -file.mtime_ns)


def _stages(
    rotated: list[Candidate],
    live: Candidate | None,
    after: Position | None,
    *,
    log: int | None = None,
) -> list[_Stage]:
    """Read the rotated parts and then the log, which counts only once it has bytes.

    `log` is the inode that the log had: when it still has it, the parts are copies.
    """
    parts = list(rotated)
    if live is not None and (live.size > 0 or not parts):
        parts.append(live)
    copied = log if live is not None and live.inode == log else None
    return [
        _Stage(
            file=part,
            after=after if index == 0 else None,
            finished=index < len(parts) - 1,
            copied_from=None if part is live else copied,
            before_ns=min((one.mtime_ns - 1 for one in parts[index + 1 :]), default=None),
        )
        for index, part in enumerate(parts)
    ]


class _Reader:
    """Reads one stage into chunks."""

    def __init__(
        self,
        stage: _Stage,
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
        self._items: list[Line | Gap] = []
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
            if len(self._items) >= CHUNK_LINES:
                yield self._chunk()
        if self._stage.finished and self._stage.copied_from is not None:
            self.half = _Half(data=pending, skipping=self._skipping)
        elif self._stage.finished and pending:
            self._take_cut_line(pending)
        arrived = (start == 0 or self._arriving) and not joining
        if self._items or self._offset != start or arrived:
            yield self._chunk()

    def taken(self) -> tuple[Line | Gap, ...]:
        """Give what was read and not handed on yet."""
        items, self._items = tuple(self._items), []
        return items

    def _chunk(self) -> Chunk:
        return Chunk(items=self.taken(), position=self.position())

    def _take(self, whole: bytes) -> None:
        """Take bytes that end with a newline."""
        if not whole:
            return
        lines = whole.split(b"\n")
        lines.pop()
        if self._skipping:
            del lines[0]
            self._skipping = False
        for data in lines:
            self._number += 1
            if len(data) > self._max:
                self._add(data[: self._max], self._too_long())
            else:
                self._add(data)
        self._pass(whole)

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

    def _add(self, data: bytes, problem: str = "") -> None:
        path = self._stage.file.path
        self._items.append(Line(path=path, number=self._number, data=data, problem=problem))

    def _pass(self, data: bytes) -> None:
        """Go on behind these bytes; what the file before began with is not of this one."""
        data = data[len(self._before) :]
        self._before = b""
        self._offset += len(data)
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + data)[:HEAD_BYTES]
        self._tail = (self._tail + data)[-TAIL_BYTES:]
