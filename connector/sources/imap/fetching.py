"""Fetches messages in batches, and isolates one that the server or we choke on.

Sizes are asked first. A batch that fails is fetched one by one after the reconnection; a
message that fails alone is tried smaller and smaller (whole, first megabyte, header), and
in the end shown as Unreadable, so that the cursor goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from connector.domain.errors import RateLimited, Unavailable
from connector.domain.signal import Item
from connector.parsing.mail_signal import OVERSIZE_BYTES, MailReader
from connector.sources.imap.client import Mailbox
from connector.sources.imap.place import Place
from connector.sources.imap.settings import MailboxSettings

BATCH = 50
"""Messages per FETCH."""
BATCH_BYTES = 33_554_432
"""Bytes per FETCH, unless one message alone is larger."""
WHOLE, BEGINNING, HEADER, GIVEN_UP = range(4)
_STEPS = (WHOLE, WHOLE, BEGINNING, HEADER, GIVEN_UP)
"""What is asked for at the first, second ... attempt at one message."""
_LITERAL8 = re.compile(rb"~\{\d{1,12}\+?\}")
_Key: TypeAlias = tuple[str, int, int]
"""Folder, UIDVALIDITY, UID."""
_ASKED = {
    WHOLE: "BODY.PEEK[]",
    BEGINNING: f"BODY.PEEK[]<0.{OVERSIZE_BYTES}>",
    HEADER: "BODY.PEEK[HEADER]",
}


class Fetcher:
    """Remembers which messages made trouble, across connections."""

    def __init__(self, reader: MailReader, settings: MailboxSettings) -> None:
        """Take the reader that makes items of bytes."""
        self.vanished = 0
        self._reader = reader
        self._settings = settings
        self._attempts: dict[_Key, int] = {}
        """Message -> failed attempts."""

    def batches(
        self, mailbox: Mailbox, uids: Sequence[int], earliest: datetime | None = None
    ) -> Iterator[tuple[list[Item], list[int]]]:
        """Yield (items, UIDs that are dealt with), in the order of the UIDs.

        What arrived before `earliest` is left out.
        """
        for start in range(0, len(uids), BATCH):
            some = list(uids[start : start + BATCH])
            told = mailbox.fetch(some, ["RFC822.SIZE", "INTERNALDATE"])
            if earliest is not None:
                old = [uid for uid in some if _before(told.get(uid), earliest)]
                some = [uid for uid in some if uid not in old]
                if old:
                    yield [], old
            for group in self._groups(mailbox, some, told):
                yield self._group(mailbox, group, told), group

    def _groups(
        self, mailbox: Mailbox, uids: Sequence[int], told: dict[int, dict[bytes, Any]]
    ) -> Iterator[list[int]]:
        """Divide: suspects and oversized ones alone, others together within the byte limit."""
        group: list[int] = []
        total = 0
        for uid in uids:
            size = _size(told.get(uid))
            alone = self._suspect(mailbox, uid) or size > self._settings.mail.max_message_bytes
            if group and (alone or total + size > BATCH_BYTES):
                yield group
                group, total = [], 0
            group.append(uid)
            total += size
            if alone:
                yield group
                group, total = [], 0
        if group:
            yield group

    def _suspect(self, mailbox: Mailbox, uid: int) -> bool:
        return _key(mailbox, uid) in self._attempts

    def _group(
        self, mailbox: Mailbox, uids: list[int], told: dict[int, dict[bytes, Any]]
    ) -> list[Item]:
        """Fetch a group; a failure makes all of it suspect and is raised, for the next reading."""
        oversize = _size(told.get(uids[0])) > self._settings.mail.max_message_bytes
        tried = max(self._attempts.get(_key(mailbox, uid), 0) for uid in uids)
        step = _STEPS[min(tried, len(_STEPS) - 1)]
        if oversize and step == WHOLE:
            step = BEGINNING
        if step == GIVEN_UP:
            return [self._given_up(mailbox, uids[0])]
        try:
            answers = mailbox.fetch(uids, [_ASKED[step]])
            self._complete(mailbox, uids, told, answers)
        except RateLimited:
            raise  # no fault of a message
        except Unavailable:
            for uid in uids:
                key = _key(mailbox, uid)
                self._attempts[key] = self._attempts.get(key, 0) + 1
            raise
        items = [self._item(mailbox, uid, answers.get(uid), told.get(uid), step) for uid in uids]
        for uid in uids:
            self._attempts.pop(_key(mailbox, uid), None)
        return [item for item in items if item is not None]

    def _complete(
        self,
        mailbox: Mailbox,
        uids: Sequence[int],
        told: dict[int, dict[bytes, Any]],
        answers: dict[int, dict[bytes, Any]],
    ) -> None:
        """Make sure that only what a person removed is missing. Raises Unavailable.

        Some servers say OK and leave out, or send empty, what they could not get hold of.
        """
        lacking = [uid for uid in uids if _lacking(answers.get(uid), told.get(uid))]
        if lacking and mailbox.still_there(lacking):
            problem = "the server leaves out messages that it has"
            raise Unavailable(self._settings.name, problem)

    def _item(
        self,
        mailbox: Mailbox,
        uid: int,
        answer: dict[bytes, Any] | None,
        told: dict[bytes, Any] | None,
        step: int,
    ) -> Item | None:
        """Make the item of one answer; None for a message that a person removed meanwhile."""
        raw = _body(answer)
        if raw is None:
            self.vanished += 1
            return None
        locator = self._locator(mailbox, uid)
        if not isinstance(raw, bytes) or _LITERAL8.fullmatch(raw):
            problem = "The server sends this message in a form that cannot be read."
            return self._reader.unreadable(locator, problem, raw if isinstance(raw, bytes) else b"")
        if step == HEADER:
            problem = "The server does not deliver this message; only its header could be read."
            return self._reader.unreadable(locator, problem, raw)
        size = max(_size(told), len(raw)) if step == BEGINNING else None
        return self._reader.item(raw, locator, size_bytes=size, received=_received(told))

    def _given_up(self, mailbox: Mailbox, uid: int) -> Item:
        self._attempts.pop(_key(mailbox, uid), None)
        problem = "The server fails whenever it is asked for this message; look at it there."
        return self._reader.unreadable(self._locator(mailbox, uid), problem, b"")

    def _locator(self, mailbox: Mailbox, uid: int) -> str:
        place = Place(folder=mailbox.folder, uidvalidity=mailbox.uidvalidity, uid=uid)
        return place.locator()


def _lacking(answer: dict[bytes, Any] | None, told: dict[bytes, Any] | None) -> bool:
    """Say whether there is no message in an answer, or nothing in it though it has a size."""
    raw = _body(answer)
    if isinstance(raw, bytes) and not _LITERAL8.fullmatch(raw):
        return not raw and _size(told) > 0
    return True


def _key(mailbox: Mailbox, uid: int) -> _Key:
    return (mailbox.folder, mailbox.uidvalidity, uid)


def _before(told: dict[bytes, Any] | None, earliest: datetime) -> bool:
    received = _received(told)
    return received is not None and received < earliest


def _size(told: dict[bytes, Any] | None) -> int:
    size = (told or {}).get(b"RFC822.SIZE", 0)
    return size if isinstance(size, int) else 0


def _body(answer: dict[bytes, Any] | None) -> Any:
    """Find the BODY[...] item, however the server names the part; None when there is none."""
    for name, value in (answer or {}).items():
        if name.startswith(b"BODY["):
            return value
    return None


def _received(told: dict[bytes, Any] | None) -> datetime | None:
    """Give INTERNALDATE in UTC; IMAPClient hands it out in local time without a zone."""
    moment = (told or {}).get(b"INTERNALDATE")
    if not isinstance(moment, datetime):
        return None
    try:
        return moment.astimezone(UTC)
    except (OverflowError, OSError, ValueError):
        return None
