"""The messages of an mbox, streamed; bounded in memory whatever the file holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_LINE_BYTES = 1_048_576
"""A longer line is read in pieces."""
_FROM_LINE = re.compile(rb"From [^\n]{0,300}\d{2}:\d{2}[^\n]{0,100}\n?$")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MboxMessage:
    """One message of an mbox."""

    raw: bytes
    """Without its `From ` line and with `>From ` unquoted; cut behind the limit."""
    size: int
    """Whole size in the file, in bytes."""
    start: int
    """Offset of its `From ` line."""
    end: int
    """Offset behind it."""


def is_from_line(line: bytes) -> bool:
    """Say whether a line separates messages: `From`, a sender, a time."""
    return line.startswith(b"From ") and _FROM_LINE.match(line) is not None


def read_mbox(file: BinaryIO, limit: int) -> Iterator[MboxMessage]:
    """Yield the messages from the present position on; at most `limit` bytes of each.

    A separator counts only after a blank line or at the beginning, since unquoted `From ` lines
    stand in many a body. The last message ends with the file, though a writer may go on there.
    """
    start = offset = file.tell()
    kept: list[bytes] = []
    size = held = 0
    blank = fresh = True
    words = False  # blank lines alone (before a separator) are no message
    while line := file.readline(MAX_LINE_BYTES):
        if blank and fresh and is_from_line(line):
            if words:
                yield _message(kept, size, start, offset)
            kept, size, held, start, words = [], 0, 0, offset, False
        else:
            if held < limit:
                kept.append(line)
                held += len(line)
            size += len(line)
            words = words or bool(line.strip())
        offset += len(line)
        blank = not line.strip(b"\r\n") if fresh else False
        fresh = line.endswith(b"\n")
    if words:
        yield _message(kept, size, start, offset)


def _message(kept: list[bytes], size: int, start: int, end: int) -> MboxMessage:
    raw = _QUOTED_FROM.sub(rb"\1", b"".join(kept))
    whole = size == sum(map(len, kept))
    return MboxMessage(raw=raw, size=len(raw) if whole else size, start=start, end=end)
