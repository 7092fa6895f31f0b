"""What was heard: signals, unreadable items, batches.

A signal is identified by its natural key (what the world calls it: Message-ID
and content, call id, response id), never by the place where it was found, so
reading it twice, from elsewhere or after a renumbering is harmless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Cursor: TypeAlias = str
"""Where a source goes on: opaque text made and understood by that source only."""

Fact: TypeAlias = str | int | bool | tuple[str, ...]
"""A finding of a parser that the rules may use (`automatic`, `score`, `transfers` ...)."""


class Channel(StrEnum):
    """The way by which the patient was heard."""

    MAIL = "mail"
    PHONE = "phone"
    SURVEY = "survey"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who can be reached about a signal; every part may be empty."""

    name: str = ""
    """As the person or the system wrote it, white space folded."""
    email: str = ""
    """Address only, domain in lower case; empty when it is no address."""
    phone: str = ""
    """E.164 where the number is possible, else empty (never an extension)."""

    @property
    def anonymous(self) -> bool:
        """True when there is no way to reach or recognise the person."""
        return not (self.email or self.phone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a signal or goes with a note; never opened by us."""

    name: str
    """Base name only, control characters removed, at most 150 characters."""
    media_type: str
    """As declared, lower case; nothing depends on its truth."""
    content: bytes
    """The decoded bytes; empty when `withheld` says why they were not kept."""
    withheld: str = ""
    """Empty, or the reason why the content is not here (`oversize` ...)."""

    @property
    def sha256(self) -> str:
        """Hex digest of the content."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that was heard from one person through one channel."""

    tenant: str
    """The practice; part of every key."""
    source: str
    """Configured name of the source that heard it."""
    natural_key: str
    """What the world calls it; stable over re-reading, renaming and renumbering."""
    locator: str
    """Where it was found this time (folder and UID, file and line); evidence only."""
    channel: Channel
    event_time: datetime | None
    """When it happened, UTC; None when the world did not say."""
    contact: Contact
    subject: str = ""
    text: str = ""
    """All the words, as plain text."""
    reply_text: str = ""
    """What the person wrote now, without quotes and signature; a view, never the record."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """Findings of the parser. Reserved: `automatic` (bounce, auto_reply, list, loop, own:
    park it), `message_id` and `references` (thread), `score`, `score_kind`, `wants_contact`,
    `doubt` and `sender_proof` (docs/notifications.md), `reporter` (staff who told of it),
    `edit_of` (identity of the signal whose answers were changed, or whose call was corrected, in
    hex), `revises` (natural key of the earlier version of a call; stored as `edit_of`)."""
    attachments: tuple[Attachment, ...] = ()
    raw: bytes = b""
    """The original bytes (whole mail, log lines, row), for the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something that could not be understood; it flows on and is shown to a human."""

    tenant: str
    source: str
    locator: str
    problem: str
    """A short English sentence: what is wrong and where; without the item's words."""
    raw: bytes = b""
    """The bytes as found, cut at the source's limit; also the item's identity."""


Item: TypeAlias = Signal | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Items in the order in which the source has them, and where to go on afterwards."""

    items: Sequence[Item]
    """A tuple, or `Responses`, which makes its items when they are asked for."""
    cursor: Cursor
    """Committed together with the items; reading goes on from here."""


def signal_id(secret: bytes, item: Item) -> bytes:
    """Give the 16-byte identity of an item: a keyed hash of tenant, source and natural key.

    `secret` is the installation's own key, so that identifiers in the ledger cannot be
    guessed back (a plain hash of a phone number is reversed in seconds).
    """
    hasher = hashlib.blake2b(key=secret, digest_size=16)
    if isinstance(item, Signal):
        parts = (b"signal", item.natural_key.encode("utf-8", "surrogatepass"))
    else:
        # a locator may hold half characters: file names need not be text
        place = item.locator.encode("utf-8", "surrogatepass")
        parts = (b"unreadable", hashlib.sha256(item.raw or place).digest())
    for part in (item.tenant.encode(), item.source.encode(), *parts):
        hasher.update(len(part).to_bytes(4, "big"))
        hasher.update(part)
    return hasher.digest()
