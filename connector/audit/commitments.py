"""Words against the commitments in the ledger: intact, altered, erased on record, or gone.

An entry mentions a content as a pair of keys: `x` holds the commitment (64 hex digits),
`x_id` the content row (`raw`, `change`, `body`, `evidence`, `reason` ...). A row that is no
longer there was erased properly when a `content.erased` entry covers its number. That entry
names the erased numbers exactly, as `ranges` of first and last, and how many rows went.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.audit.reading import as_it_is
from connector.domain.ledger import LedgerEntry, Plain, commitment
from connector.store.schema import content

ERASED_ACTION = "content.erased"
_CONTENT = sa.select(as_it_is(content.c.salt), as_it_is(content.c.body)).where(
    content.c.id == sa.bindparam("number")
)
"""Made once: it runs for every commitment there is."""
_MAX_ID = 2**63 - 1
_COMMITMENT = re.compile(r"[0-9a-f]{64}")


class Held(StrEnum):
    """What became of words that the ledger committed to."""

    INTACT = "intact"
    ALTERED = "altered"
    """The row is there, but these are not the bytes that were committed to."""
    ERASED = "erased"
    """Gone, and an erasure is on record."""
    GONE = "gone"
    """Gone without a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One content that an entry committed to."""

    what: str
    """`raw`, `change`, `body`, `evidence`, `reason` ..."""
    content_id: int
    commitment: str


def mentions(body: Mapping[str, Plain]) -> Iterator[Mention]:
    """Find the contents that an entry's body commits to, by key."""
    for key, value in body.items():
        number = body.get(f"{key}_id")
        if not isinstance(value, str) or not _COMMITMENT.fullmatch(value):
            continue
        if type(number) is int and 0 < number <= _MAX_ID:
            yield Mention(what=key, content_id=number, commitment=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """What was erased on record."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    """Ranges of content numbers, disjoint and rising, both ends included."""
    rows: int
    """How many rows went in all."""

    @classmethod
    def of(cls, entries: Iterable[LedgerEntry]) -> Erasures:
        """Gather the `content.erased` entries."""
        ranges: list[tuple[int, int]] = []
        rows = 0
        for entry in entries:
            count = entry.body.get("rows")
            rows += count if type(count) is int else 0
            ranges += _ranges(entry.body)
        merged: list[list[int]] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + 1:
                merged[-1][1] = max(merged[-1][1], last)
            else:
                merged.append([first, last])
        return cls(
            starts=tuple(start for start, _ in merged),
            ends=tuple(end for _, end in merged),
            rows=rows,
        )

    def cover(self, content_id: int) -> bool:
        """Say whether an erasure on record may have taken this content."""
        place = bisect_right(self.starts, content_id) - 1
        return place >= 0 and content_id <= self.ends[place]


def _ranges(body: Mapping[str, Plain]) -> Iterator[tuple[int, int]]:
    """Read the ranges of an entry, whatever it holds; `first` and `last` alone are one range."""
    given = body.get("ranges", [[body.get("first"), body.get("last")]])
    for one in given if isinstance(given, list) else ():
        match one:
            case [int(first), int(last)]:
                yield first, last


def held(connection: Connection, mention: Mention, erasures: Erasures) -> Held:
    """Compare one mention with what is stored."""
    row = connection.execute(_CONTENT, {"number": mention.content_id}).first()
    if row is None:
        return Held.ERASED if erasures.cover(mention.content_id) else Held.GONE
    salt, body = row
    if not (isinstance(salt, bytes) and isinstance(body, bytes)):
        return Held.ALTERED
    proof = commitment(salt, body).hex()
    return Held.INTACT if proof == mention.commitment else Held.ALTERED
