"""The files behind a log that rotates: find them, open them without harm, recognise them.

Only regular files are opened, without blocking (a pipe would hang the reader), and never more
than MAX_ROTATED rotated parts, the newest. Packed parts are unpacked as a stream.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import re
import stat
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from connector.domain.errors import Unavailable

HEAD_BYTES = 256
"""The first bytes of a file, by which it is recognised."""
TAIL_BYTES = 1_024
"""The bytes right before an offset, by which it is recognised."""
MAX_ROTATED = 64
"""Rotated parts that are looked at, the newest."""
MAX_UNPACKED_BYTES = 4 * 1024**3
"""A packed part is read up to this size; what is behind counts as lost."""

DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading a packed part raises when it is none, or ends in the middle."""

_PACKED = (".gz", ".bz2", ".xz")
_STEP_BYTES = 1_048_576
_ROTATED = r"[.\-_](?:\d[\dT.:\-_]*|old|bak|prev)"
_ROTATED_BEFORE_EXTENSION = r"(?:[.\-_]\d[\dT:\-_]{5,}|\.\d{1,3})"
_PACKED_NAME = r"(?:\.(?:gz|bz2|xz))?"


class Candidate:
    """One open file that may be the log or a rotated part of it."""

    def __init__(self, path: str, handle: int, status: os.stat_result) -> None:
        """Take over the descriptor; `close` gives it back."""
        self.path = path
        self.inode = status.st_ino
        self.mtime_ns = status.st_mtime_ns
        self.ctime_ns = status.st_ctime_ns
        self.packed = path.endswith(_PACKED)
        self.size = status.st_size
        """Bytes when it was opened (packed, if it is): reading ends there."""
        self._raw = open(handle, "rb", buffering=0)  # noqa: SIM115 - a descriptor; kept until close
        self._stream: BinaryIO = _unpacked(path, self._raw) if self.packed else self._raw
        self._at = 0
        self._end = MAX_UNPACKED_BYTES if self.packed else self.size

    def close(self) -> None:
        """Give the descriptor back."""
        self._stream.close()
        self._raw.close()

    def holds(self, offset: int, head: str, tail: str) -> bool:
        """Say whether its first `offset` bytes are those with these digests."""
        if not self.packed and self.size < offset:
            return False
        try:
            first, last = self.seek(offset)
        except DAMAGED:
            return False  # not readable as what it claims to be: not the one
        return self._at == offset and _digest(first) == head and _digest(last) == tail

    def is_beginning_of(self, offset: int, head: str) -> bool:
        """Say whether it is shorter than `offset` and begins with the same bytes."""
        if self.packed or not HEAD_BYTES <= self.size < offset:
            return False
        return _digest(self.seek(0, peek=HEAD_BYTES)[0]) == head

    def begins_like(self, offset: int, head: str) -> bool:
        """Say whether it has the first bytes of a file that was read to the offset."""
        if offset < HEAD_BYTES:
            return False
        try:
            return _digest(self.seek(0, peek=HEAD_BYTES)[0]) == head
        except DAMAGED:
            return False

    def seek(self, offset: int, *, peek: int = 0) -> tuple[bytes, bytes]:
        """Go to the offset; give the first bytes (all before it) and those right before it.

        A file that is shorter than the offset is left at its end. `peek` gives so many first
        bytes although they stand behind the offset.
        """
        self._stream.seek(0)
        head = self._read_fully(min(peek or offset, HEAD_BYTES))
        if self.packed:
            return head, self._roll(offset, head)
        start = max(0, offset - TAIL_BYTES)
        self._stream.seek(start)
        tail = self._read_fully(offset - start)
        self._at = start + len(tail)
        return head, tail

    def peek(self, offset: int, size: int) -> bytes:
        """Give at most so many bytes behind the offset."""
        self.seek(offset)
        return self._read_fully(size) if self._at == offset else b""

    def blocks(self, size: int) -> Iterator[bytes]:
        """Yield blocks from here to the end that the file had when it was opened."""
        while self._at < self._end:
            block = self._some(min(size, self._end - self._at))
            if not block:
                return
            self._at += len(block)
            yield block

    def _roll(self, offset: int, head: bytes) -> bytes:
        """Read forward to the offset, as packed files must; give the last bytes before it."""
        tail, self._at = head, len(head)
        while self._at < offset:
            block = self._some(min(_STEP_BYTES, offset - self._at))
            if not block:
                break
            self._at += len(block)
            tail = (tail + block)[-TAIL_BYTES:]
        return tail

    def _read_fully(self, size: int) -> bytes:
        parts = []
        while size > 0 and (block := self._some(size)):
            parts.append(block)
            size -= len(block)
        return b"".join(parts)

    def _some(self, size: int) -> bytes:
        """Read at most so many bytes; of a damaged packed part what comes before the damage."""
        if isinstance(self._stream, gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile):
            return self._stream.read1(size)
        return self._stream.read(size)


class Opened:
    """The log and, when asked for, its rotated parts; all closed at the end of the block."""

    def __init__(self, path: Path, *, edge: str) -> None:
        """Name the log; nothing is opened yet."""
        self.live: Candidate | None = None
        """The log itself, or None while there is none."""
        self.shut = 0
        """Rotated parts that are there and could not be opened, so far."""
        self._path = path
        self._edge = edge
        self._open: list[Candidate] = []

    def __enter__(self) -> Self:
        """Open the log. Raises Unavailable when it is there and cannot be read."""
        try:
            self.live = self._take(self._path)
        except FileNotFoundError:
            self.live = None
        except OSError as fault:
            raise Unavailable(self._edge, plain_fault(self._path, fault)) from fault
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        for candidate in self._open:
            with suppress(OSError):
                candidate.close()

    def need_live(self) -> Candidate:
        """Give the log. Raises Unavailable when there is none."""
        if self.live is None:
            raise Unavailable(
                self._edge, f"{self._path} does not exist (yet). Is the path right, is it written?"
            )
        return self.live

    def rotated(self, *, inodes: Collection[int] = ()) -> list[Candidate]:
        """Open the rotated parts that can be opened, oldest first.

        `inodes`: only those with one of these.
        """
        names = self._names()
        if inodes:
            names = {name: inode for name, inode in names.items() if inode in inodes}
        found = []
        for name in names:
            if name.endswith(_PACKED) and name.rpartition(".")[0] in names:
                continue  # being packed right now: the plain part is still there
            try:
                found.append(self._take(self._path.parent / name))
            except FileNotFoundError:
                continue
            except OSError:
                self.shut += 1
        live = self.live
        others = [one for one in found if live is None or one.inode != live.inode]
        others.sort(key=lambda one: (one.mtime_ns, one.ctime_ns, one.path))
        return others[-MAX_ROTATED:]

    def _names(self) -> dict[str, int]:
        """Give the names of rotated parts with their inodes."""
        pattern = re.compile(_rotated_names(self._path))
        try:
            with os.scandir(self._path.parent) as entries:
                return {one.name: one.inode() for one in entries if pattern.fullmatch(one.name)}
        except OSError:
            return {}  # the directory may be unreadable while the log is not

    def _take(self, path: Path) -> Candidate:
        handle, status = open_regular(path)
        candidate = Candidate(str(path), handle, status)
        self._open.append(candidate)
        return candidate


class NotRegular(OSError):
    """The path names a directory, pipe, socket or device."""


def open_regular(path: Path) -> tuple[int, os.stat_result]:
    """Open a regular file for reading, never blocking. Raises OSError (NotRegular)."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        what = "a directory" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
        raise NotRegular(f"is {what}, not a file")
    return handle, status


def plain_fault(path: Path, fault: OSError) -> str:
    """Say in one sentence why a file cannot be read, and what to do."""
    if isinstance(fault, NotRegular):
        return f"{path} {fault}."
    if isinstance(fault, PermissionError):
        return f"{path} may not be read: give the user of this program the right to read it."
    if isinstance(fault, FileNotFoundError):
        return f"{path} does not exist (any more)."
    return f"{path} cannot be read: {os.strerror(fault.errno) if fault.errno else 'I/O error'}."


@contextmanager
def read_faults(edge: str, path: Path) -> Iterator[None]:
    """Turn faults of reading (I/O, damaged packed files) into Unavailable."""
    try:
        yield
    except OSError as fault:
        raise Unavailable(edge, plain_fault(path, fault)) from fault
    except (EOFError, zlib.error, lzma.LZMAError) as fault:
        raise Unavailable(edge, f"a packed part of {path} is damaged or unfinished.") from fault


def _rotated_names(path: Path) -> str:
    """Give a pattern for names of rotated parts.

    `cdr.csv.1`, `cdr.csv-20261120.gz`, and with logrotate's `extension` `cdr-20261120.csv.gz`.
    """
    behind = re.escape(path.name) + _ROTATED
    if not path.suffix:
        return behind + _PACKED_NAME
    before = re.escape(path.stem) + _ROTATED_BEFORE_EXTENSION + re.escape(path.suffix)
    return f"(?:{behind}|{before}){_PACKED_NAME}"


def _unpacked(path: str, raw: io.FileIO) -> BinaryIO:
    if path.endswith(".gz"):
        return cast("BinaryIO", gzip.GzipFile(fileobj=raw, mode="rb"))
    if path.endswith(".bz2"):
        return cast("BinaryIO", bz2.BZ2File(raw))
    return cast("BinaryIO", lzma.LZMAFile(raw))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
