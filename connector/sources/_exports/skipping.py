"""Blocks of an export that were read before: they are left out the next time."""

from __future__ import annotations

import base64
import hashlib
import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Self, cast

from connector.parsing.blocks import DIGEST_BYTES, Block, Kept, blocks_of
from connector.parsing.tables import Examined

FROM_BYTES: Final = 1_048_576
"""Smaller files are read as a whole: that takes no time."""
MAX_BLOCKS: Final = 8_192
"""So many blocks are remembered, about eight million rows; of a larger file none."""
_ENCODINGS = frozenset({"utf-8", "utf-8-sig"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The blocks of the export that was read last."""

    options: str
    """Digest of the options under which it was read."""
    header_rows: int
    header: bytes
    """Digest of its header rows: under another header blocks mean something else."""
    digests: frozenset[bytes]

    def plain(self) -> dict[str, Any]:
        """Print it for the cursor."""
        packed = base64.b64encode(b"".join(sorted(self.digests))).decode()
        return {
            "options": self.options,
            "header_rows": self.header_rows,
            "header": self.header.hex(),
            "digests": packed,
        }

    @classmethod
    def read(cls, plain: dict[str, Any]) -> Self:
        """Read it from the cursor. Raises ValueError, TypeError or KeyError."""
        packed = base64.b64decode(plain["digests"], validate=True)
        if len(packed) % DIGEST_BYTES:
            raise ValueError("the blocks are damaged")
        steps = range(0, len(packed), DIGEST_BYTES)
        return cls(
            options=str(plain["options"]),
            header_rows=int(plain["header_rows"]),
            header=bytes.fromhex(plain["header"]),
            digests=frozenset(packed[at : at + DIGEST_BYTES] for at in steps),
        )

    def mark(self) -> str:
        """Name it: rows of a reading are counted by what this pool left out."""
        return hashlib.sha256(repr(self.plain()).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What of a file is read."""

    blocks: Sequence[Block] = ()
    """All of the file, or nothing where that is not known."""
    known: frozenset[bytes] = frozenset()
    """Digests of blocks that are left out."""
    mark: str = ""
    """As of the pool; empty when nothing is left out."""

    @property
    def rows(self) -> int:
        """How many rows are left out."""
        return sum(one.rows for one in self.blocks if one.digest in self.known)

    def opened(self, file: BinaryIO) -> BinaryIO:
        """Give what is read of the file."""
        if not self.known:
            return file
        ranges = [(one.start, one.end) for one in self.blocks if one.digest not in self.known]
        return cast("BinaryIO", io.BufferedReader(Kept(file, ranges)))

    def numbers(self) -> Numbers:
        """Give what tells the number of a row in the file from that in what is read."""
        kept, left_out, starts, shifts = 0, 0, [0], [0]
        for one in self.blocks:
            if one.digest in self.known:
                left_out += one.rows
                starts.append(kept)
                shifts.append(left_out)
            else:
                kept += one.rows
        return Numbers(starts, shifts)


class Numbers:
    """Numbers of rows as they stand in the whole file."""

    def __init__(self, starts: Sequence[int], shifts: Sequence[int]) -> None:
        """Behind so many rows that are read (rising), so many are left out."""
        self._starts, self._shifts = starts, shifts

    def of(self, number: int) -> int:
        """Give the number in the file of a row that is read, both from 1."""
        return number + self._shifts[bisect_right(self._starts, number - 1) - 1]


def plan(
    file: BinaryIO, examined: Examined, pool: Pool | None, options: str, delimiter: str
) -> Plan:
    """Say what of a file is read. Raises OSError."""
    if pool is None or pool.options != options or not _fit(file, examined):
        return Plan()
    blocks = blocks_of(file, pool.header_rows, delimiter)
    if not blocks or blocks[0].digest != pool.header:
        return Plan()
    # the first rows are always read: they show how times are written
    always = {one.digest for one in blocks[:2]}
    return Plan(blocks=blocks, known=pool.digests - always, mark=pool.mark())


def pool_of(
    file: BinaryIO,
    examined: Examined,
    done: Plan,
    *,
    header_rows: int,
    options: str,
    delimiter: str,
) -> Pool | None:
    """Make the pool of a file that was read to its end without a problem. Raises OSError."""
    if not _fit(file, examined):
        return None
    blocks = done.blocks or blocks_of(file, header_rows, delimiter)
    if not blocks or len(blocks) > MAX_BLOCKS:
        return None
    digests = frozenset(one.digest for one in blocks[1:])
    return Pool(options=options, header_rows=header_rows, header=blocks[0].digest, digests=digests)


def _fit(file: BinaryIO, examined: Examined) -> bool:
    if examined.size < FROM_BYTES or examined.encoding not in _ENCODINGS:
        return False
    file.seek(0)
    return not file.read(1_024).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[", b"<", b"PK"))


__all__ = ["Numbers", "Plan", "Pool", "plan", "pool_of"]
