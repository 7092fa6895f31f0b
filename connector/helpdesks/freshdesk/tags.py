"""Tags: a set in our eyes, a list that is replaced as a whole in the product's; pure.

The product takes at most 32 characters a tag. One of ours is longer: it is cut, with four
signs that tell it from others that begin alike, and given back whole when it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from connector.helpdesks.freshdesk.tables import Json
from connector.recovery.tags import ALL

MAX_TAG_CHARS: Final = 32
"""The product's limit."""

ROUNDS: Final = 3
"""So often the tags are written when others write them at the same time."""


def theirs(tag: str) -> str:
    """Give a tag as the product takes it."""
    if len(tag) <= MAX_TAG_CHARS:
        return tag
    proof = hashlib.sha256(tag.encode()).hexdigest()[:4]
    return f"{tag[: MAX_TAG_CHARS - len(proof) - 1]}_{proof}"


_WHOLE: Final[Mapping[str, str]] = {theirs(tag): tag for tag in ALL}


def ours(tag: str) -> str:
    """Give a tag as it was before it was cut."""
    return _WHOLE.get(tag, tag)


def on(ticket: Json) -> tuple[str, ...]:
    """Give the tags of a ticket as the product has them; blank ones are null there."""
    return tuple(ticket.get("tags") or ())


def union(standing: Sequence[str], add: Iterable[str], remove: Iterable[str]) -> list[str]:
    """Put ours in and take ours out; everything else stays in its place."""
    gone = set(remove)
    return list(dict.fromkeys([*(tag for tag in standing if tag not in gone), *add]))


def lost(before: Json, written: Json, read: Json, remove: Iterable[str]) -> tuple[str, ...]:
    """Name foreign tags that our own write made vanish: to be put back.

    `written` is the answer to our write, `read` the ticket read after it. When somebody has
    changed the ticket since our write, the tag was taken away by them, and stays away.
    """
    if read.get("updated_at") != written.get("updated_at"):
        return ()
    gone, there = set(remove), set(on(read))
    return tuple(tag for tag in on(before) if tag not in there and tag not in gone)
