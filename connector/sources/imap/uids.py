"""Sets of UIDs as few ranges: which messages of a folder are known already.

Servers may show a message late under a lower number than one already read, although the standard
forbids it; a set with holes notices that, a highest number does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""(first, last) pairs, both inclusive, ascending, never touching one another."""

MAX_UID = 4_294_967_295
"""RFC 9051: 32 bits."""


def add(ranges: Ranges, uids: Iterable[int]) -> Ranges:
    """Give the ranges with these UIDs in them."""
    return _merged([*ranges, *((uid, uid) for uid in uids)])


def unknown(uids: Sequence[int], ranges: Ranges) -> list[int]:
    """Give those of ascending `uids` that no range covers, in one pass."""
    found = []
    places = iter(ranges)
    first, last = next(places, (MAX_UID + 1, MAX_UID + 1))
    for uid in uids:
        while uid > last:
            first, last = next(places, (MAX_UID + 1, MAX_UID + 1))
        if uid < first:
            found.append(uid)
    return found


def bounded(ranges: Ranges, most: int) -> Ranges:
    """Give at most so many ranges: among the oldest, holes count as known."""
    if len(ranges) <= most:
        return ranges
    kept = ranges[len(ranges) - most + 1 :] if most > 1 else ()
    return ((1, ranges[len(ranges) - len(kept) - 1][1]), *kept)


def to_text(ranges: Ranges) -> str:
    """Print as IMAP does: `1:5,7`."""
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in ranges)


def from_text(text: str) -> Ranges:
    """Read what `to_text` printed; ValueError for anything else."""
    pairs = []
    for part in text.split(",") if text else ():
        first, _, last = part.partition(":")
        pair = (int(first), int(last or first))
        if not 0 < pair[0] <= pair[1] <= MAX_UID:
            raise ValueError("no range of UIDs")
        pairs.append(pair)
    return _merged(pairs)


def _merged(pairs: list[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)
