"""Content-defined blocks of a CSV: what was read yesterday is recognised without being read.

A block ends behind a record whose last line has a certain checksum, so blocks find themselves
again whatever stands in front of them: rows that were prepended, appended or edited change the
blocks they are in, and no other. Where a block ends is never guessed: a record that does not
parse as exactly one row of the header's width makes the file unfit, and then it is read as ever.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, BinaryIO, Final

from connector.parsing.tables import delimiter_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ENDS_ONE_IN: Final = 1_024
"""One record in so many ends a block: a change costs about so many rows to read again."""
MAX_BLOCK_BYTES: Final = 16_777_216
"""A block that grows larger makes the file unfit."""
MAX_RECORD_LINES: Final = 10_000
"""A record of more lines is a stray quote."""
DIGEST_BYTES: Final = 16
"""Two blocks with one digest would hide rows: long enough to be impossible by intent, too."""

_RUN_BYTES = 262_144
_QUOTE = b'"'
_BLANK = b' \t\r\n,;|"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some records that follow one another."""

    start: int
    """Offset of its first byte."""
    end: int
    digest: bytes
    rows: int
    """Records that are not blank."""


def blocks_of(file: BinaryIO, header_rows: int, delimiter: str = "") -> list[Block] | None:
    """Part a file into blocks, the header rows alone being the first; None for an unfit one.

    For encodings in which line ends, quotes and delimiters are bytes of their own, as in UTF-8.
    Raises OSError.
    """
    file.seek(0)
    first = file.readline(MAX_BLOCK_BYTES)
    if first.lower().startswith((b"sep=", b"\xef\xbb\xbfsep=")):
        return None
    file.seek(0)
    sign = delimiter or delimiter_of(first.decode("utf-8", "replace"))
    try:
        return list(_blocks(_records(file, sign), header_rows))
    except _UnfitError:
        return None


class _UnfitError(Exception):
    """The file does not part into records for certain."""


def _blocks(runs: Iterable[Sequence[bytes]], header_rows: int) -> Iterator[Block]:
    """Part records, which come several at once, into blocks."""
    start = end = rows = header = 0
    hasher = hashlib.blake2b(digest_size=DIGEST_BYTES)

    for run in runs:
        filled = list(map(bool, map(bytes.strip, run, repeat(_BLANK))))
        behind = -1
        for place in _ends(run, filled, header_rows - header):
            part = b"".join(run[behind + 1 : place + 1])
            hasher.update(part)
            end += len(part)
            rows += sum(filled[behind + 1 : place + 1])
            if end - start > MAX_BLOCK_BYTES:
                raise _UnfitError
            yield Block(start=start, end=end, digest=hasher.digest(), rows=rows)
            start, rows, behind = end, 0, place
            hasher = hashlib.blake2b(digest_size=DIGEST_BYTES)
        rest = b"".join(run[behind + 1 :])
        hasher.update(rest)
        end += len(rest)
        rows += sum(filled[behind + 1 :])
        header = min(header + sum(filled), header_rows)
        if end - start > MAX_BLOCK_BYTES:
            raise _UnfitError
    if end > start:
        yield Block(start=start, end=end, digest=hasher.digest(), rows=rows)


def _ends(run: Sequence[bytes], filled: Sequence[bool], header: int) -> Iterator[int]:
    """Give the places of records that end a block; so many rows of the header are to come."""
    for place, checksum in enumerate(map(zlib.crc32, run)):
        if header > 0:
            header -= filled[place]
            if not header and filled[place]:
                yield place
        elif not checksum % ENDS_ONE_IN:
            yield place


def _records(file: BinaryIO, delimiter: str) -> Iterator[Sequence[bytes]]:
    """Yield the records of a file, several at once. Raises _UnfitError."""
    parting = _Parting(delimiter)
    while lines := file.readlines(_RUN_BYTES):
        run = b"".join(lines)
        if b"\0" in run:
            raise _UnfitError  # none of these encodings
        if run.count(b"\r") != run.count(b"\r\n") and any(b"\r" in line[:-2] for line in lines):
            raise _UnfitError  # a line end of its own
        if parting.begun and _QUOTE not in run:
            yield lines  # every line is a record
        else:
            yield list(parting.records(lines))
    if parting.pending:
        raise _UnfitError


class _Parting:
    """Joins lines to records where quotes make one of several, and compares their widths."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._width = 0
        self.pending: list[bytes] = []
        """Lines of a record whose end was not met yet."""

    @property
    def begun(self) -> bool:
        """True behind the header, between two records."""
        return bool(self._width) and not self.pending

    def records(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the records that end in these lines. Raises _UnfitError."""
        for line in lines:
            if self._width and not self.pending and _QUOTE not in line:
                yield line
                continue
            pending = self.pending
            pending.append(line)
            record = line if len(pending) == 1 else b"".join(pending)
            if record.count(_QUOTE) % 2 == 0 and record.strip():
                cells = _cells(record, self._delimiter)
                self._width = self._width or cells
                if cells != self._width:
                    raise _UnfitError
            elif record.strip() and (
                len(pending) > MAX_RECORD_LINES or len(record) > MAX_BLOCK_BYTES
            ):
                raise _UnfitError
            elif record.strip():
                continue
            yield record
            self.pending = []


def _cells(record: bytes, delimiter: str) -> int:
    """Count the cells of a record that is one row for certain."""
    lines = io.StringIO(record.decode("utf-8", "replace"), newline="")
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        raise _UnfitError from None
    if len(rows) != 1:
        raise _UnfitError
    return len(rows[0])


class Kept(io.RawIOBase):
    """A file without some of its blocks."""

    def __init__(self, file: BinaryIO, ranges: Sequence[tuple[int, int]]) -> None:
        """Read these ranges of the file, in order, one behind the other."""
        super().__init__()
        self._file = file
        self._ranges = ranges
        self._at, self._offset = 0, 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes: to its start."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go back to the start."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only its start can be sought")
        self._at, self._offset = 0, 0
        return 0

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read on; 0 at the end."""
        view = memoryview(buffer).cast("B")
        while self._at < len(self._ranges):
            start, end = self._ranges[self._at]
            left = end - start - self._offset
            if left > 0:
                self._file.seek(start + self._offset)
                data = self._file.read(min(len(view), left))
                if not data:
                    return 0
                view[: len(data)] = data
                self._offset += len(data)
                return len(data)
            self._at, self._offset = self._at + 1, 0
        return 0
