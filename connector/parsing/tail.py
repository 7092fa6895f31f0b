"""Follow a log that grows, rotates, is copied and cut: every whole line once, in order.

Where reading goes on is a `Position`: an offset, and hashes of the first bytes of the file and
of the bytes right before the offset. The content decides whether a file is the one that was
read; the inode is a hint only, for it is reused. So all of these come out right::

    rename + create     the rest of the old file, then the new one
    rename, no create   the old file goes on (its writer has it open) until the new one has bytes
    copytruncate        the rest of the copy, then the file from its start, also regrown past
                        the old offset
    compress            gzip, bzip2 and xz copies are looked into
    several rotations   all files between, by age

What cannot be closed is a `Gap`, shown to a human. A last line without its newline is left for
the next reading; the position never passes it. Memory is bounded by one block and one line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from connector.parsing import logfiles
from connector.parsing.logfiles import HEAD_BYTES, TAIL_BYTES, Candidate

BLOCK_BYTES = 32_768
"""Read at once."""
MAX_LINE_BYTES = 65_536
"""A longer line is cut to this and marked; the rest of it is passed over."""
CHUNK_LINES = 1_000
"""A chunk is handed on as soon as it has so many lines (one block may bring more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where reading goes on, and how to recognise the file."""

    inode: int
    """Of the file as it was read: tried first, never trusted."""
    mtime_ns: int
    """Of the file before it was read; while nothing of it was passed, this alone tells which
    rotated parts are newer."""
    offset: int
    """Bytes that were passed."""
    line: int
    """Lines that were passed, for locators."""
    head: str
    """Digest of the first bytes, at most HEAD_BYTES, before the offset."""
    tail: str
    """Digest of the last bytes, at most TAIL_BYTES, before the offset."""
    skipping: bool = False
    """True inside a line that was too long: pass over everything to its end."""

    def plain(self) -> dict[str, int | str | bool]:
        """Give it as what JSON can hold."""
        return {
            "inode": self.inode,
            "mtime_ns": self.mtime_ns,
            "offset": self.offset,
            "line": self.line,
            "head": self.head,
            "tail": self.tail,
            "skipping": self.skipping,
        }

    @classmethod
    def from_plain(cls, plain: object) -> Position | None:
        """Read what `plain` gave; None for anything else, which begins at the beginning."""
        if not isinstance(plain, dict):
            return None
        numbers = [plain.get(key) for key in ("inode", "mtime_ns", "offset", "line")]
        texts = [plain.get(key) for key in ("head", "tail")]
        if not all(type(number) is int and number >= 0 for number in numbers):
            return None
        if not all(isinstance(text, str) for text in texts):
            return None
        return cls(
            inode=plain["inode"],
            mtime_ns=plain["mtime_ns"],
            offset=plain["offset"],
            line=plain["line"],
            head=plain["head"],
            tail=plain["tail"],
            skipping=plain.get("skipping") is True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the log."""

    path: str
    """The file in which it stands: the log as given, or a rotated part of it."""
    number: int
    """1, 2, 3 ... within that file."""
    data: bytes
    """Without its newline; cut at the limit when there is a problem."""
    problem: str = ""
    """Empty, or why this is not a whole line."""

    @property
    def locator(self) -> str:
        """`PATH:LINE`."""
        return f"{self.path}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Bytes that may have been written and cannot be found any more."""

    path: str
    """The log as given."""
    after: Position
    """Where reading had stopped."""

    @property
    def locator(self) -> str:
        """`PATH:gap-OFFSET-DIGEST`, the same whenever the same gap is met."""
        return f"{self.path}:gap-{self.after.offset}-{self.after.tail[:12]}"

    @property
    def problem(self) -> str:
        """One sentence for a human."""
        return (
            f"The log was cut or replaced and its earlier content (read up to byte "
            f"{self.after.offset}) is gone: lines behind that byte may be missing. "
            "Keep rotated logs beside the log."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Lines in order and where reading goes on after them."""

    items: tuple[Line | Gap, ...]
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """One file to read in this turn."""

    file: Candidate
    after: Position | None
    """Where to go on in it; None: from its start."""
    finished: bool
    """True when nobody writes to it any more, because a newer file has bytes."""


_Plan: TypeAlias = tuple[list[_Stage], bool]


def follow(
    path: Path, after: Position | None, *, edge: str, max_line_bytes: int = MAX_LINE_BYTES
) -> Iterator[Chunk]:
    """Yield what the log has behind the position, up to its present end.

    `edge` is the source's name for the error: Unavailable when the log is missing (with
    nothing left to read in rotated parts), is no regular file, or may not be read.
    """
    with logfiles.Opened(path, edge=edge) as files, logfiles.read_faults(edge, path):
        stages, gap = _plan(files, after)
        for number, stage in enumerate(stages):
            reader = _Reader(stage, max_line_bytes)
            if gap and number == 0 and after is not None:
                yield Chunk(items=(Gap(path=str(path), after=after),), position=reader.position())
            yield from reader.chunks()


def _plan(files: logfiles.Opened, after: Position | None) -> _Plan:
    """Decide which files to read from where, and whether something in between is lost."""
    if after is None:
        return _stages([], files.need_live(), None), False
    if after.offset == 0:
        newer = [part for part in files.rotated() if part.mtime_ns >= after.mtime_ns]
        return _stages(newer, files.live if newer else files.need_live(), None), False
    live = files.live
    if live is not None and live.holds(after.offset, after.head, after.tail):
        return _stages([], live, after), False
    rotated = files.rotated()
    for index in sorted(range(len(rotated)), key=lambda at: _likely(rotated[at], after)):
        if rotated[index].holds(after.offset, after.head, after.tail):
            return _stages(rotated[index:], live, after), False
    live = files.need_live()
    for index in reversed(range(len(rotated))):
        if rotated[index].is_beginning_of(after.offset, after.head):
            rest = rotated[index + 1 :]  # a copy made before its last lines were read from the log
            return _stages(rest, live, None), False
    return _stages([], live, None), True


def _likely(file: Candidate, after: Position) -> tuple[bool, bool, int]:
    """Sort key: the same inode, then plain files, then the newest."""
    return (file.inode != after.inode, file.packed, -file.mtime_ns)


def _stages(
    rotated: list[Candidate], live: Candidate | None, after: Position | None
) -> list[_Stage]:
    """Read the rotated parts and then the log, which counts only once it has bytes."""
    parts = list(rotated)
    if live is not None and (live.size > 0 or not parts):
        parts.append(live)
    return [
        _Stage(file=part, after=after if index == 0 else None, finished=index < len(parts) - 1)
        for index, part in enumerate(parts)
    ]


class _Reader:
    """Reads one stage into chunks."""

    def __init__(self, stage: _Stage, max_line_bytes: int) -> None:
        """Begin where the stage says."""
        after = stage.after
        self._stage = stage
        self._max = max_line_bytes
        self._offset = after.offset if after else 0
        self._number = after.line if after else 0
        self._skipping = after.skipping if after else False
        self._head, self._tail = stage.file.seek(self._offset)
        self._items: list[Line | Gap] = []

    def position(self) -> Position:
        """Give where reading goes on now."""
        return Position(
            inode=self._stage.file.inode,
            mtime_ns=self._stage.file.mtime_ns,
            offset=self._offset,
            line=self._number,
            head=hashlib.sha256(self._head).hexdigest(),
            tail=hashlib.sha256(self._tail).hexdigest(),
            skipping=self._skipping,
        )

    def chunks(self) -> Iterator[Chunk]:
        """Read to the end the file has now."""
        start = self._offset
        pending = b""
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
        if self._stage.finished and pending:
            self._take_cut_line(pending)
        if self._items or self._offset != start or start == 0:
            yield self._chunk()

    def _chunk(self) -> Chunk:
        items, self._items = tuple(self._items), []
        return Chunk(items=items, position=self.position())

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
        self._offset += len(data)
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + data)[:HEAD_BYTES]
        self._tail = (self._tail + data)[-TAIL_BYTES:]
