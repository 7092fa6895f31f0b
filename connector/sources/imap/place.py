"""Where in a mailbox: the cursor behind what was read, and the locator of one message."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connector.domain.signal import Cursor
from connector.sources.base import Comparison
from connector.sources.imap import uids
from connector.sources.imap.uids import Ranges

MOST_RANGES = 2_000
"""A cursor remembers so many ranges of known UIDs for all folders together."""
FEWEST_RANGES = 20
"""And at least so many for each."""
GONE_S = 30 * 86_400
"""A folder that was last compared so long ago and is not there any more is forgotten."""
_VERSION = 2
_LOCATOR = re.compile(r"imap:(.{1,1000});UIDVALIDITY=(\d{1,10});UID=(\d{1,10})", re.DOTALL)
_DAY_CHARS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A message in a folder."""

    folder: str
    uidvalidity: int
    uid: int

    def locator(self) -> str:
        """Give the words by which `settle` finds the message again."""
        return f"imap:{self.folder};UIDVALIDITY={self.uidvalidity};UID={self.uid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one folder was read."""

    uidvalidity: int
    uid: int = 0
    """The highest UID read; 0: none."""
    known: Ranges = ()
    """All UIDs that were read or lie before the start."""
    compared: int = 0
    """When all UIDs of the server were last compared with `known`, seconds since 1970."""
    count: int = 0
    """How many messages the server had then."""
    missed: int = 0
    """How many of them had been passed over before."""
    recovered: int = 0
    """How many of those were read then."""
    pending: int = 0
    """Messages that had been passed over and were read by a comparison that is not over."""

    gone: bool = False
    """True while the mailbox has no such folder, or none that is meant; kept for some days."""

    def past(self, read: Sequence[int]) -> Progress:
        """Go on behind these UIDs."""
        known = uids.bounded(uids.add(self.known, read), MOST_RANGES)
        return replace(self, uid=max([self.uid, *read]), known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a mailbox was read."""

    since: str = ""
    """Mail that arrived before is left out: a day, an instant (RFC 3339), or empty."""
    folders: Mapping[str, Progress] = field(default_factory=dict)

    def with_folder(self, name: str, progress: Progress) -> Position:
        """Give the position with another progress of one folder."""
        return replace(self, folders={**self.folders, name: progress})

    def meaning(self, names: Sequence[str], now: int) -> Position:
        """Mark the folders that are not among the names; forget those that are gone for long."""
        folders = {
            name: replace(one, gone=name not in names)
            for name, one in self.folders.items()
            if name in names or now - one.compared < GONE_S
        }
        return replace(self, folders=folders)

    def search_day(self) -> date | None:
        """Give the day from which messages are searched, early enough for every time zone."""
        if not self.since:
            return None
        day = date.fromisoformat(self.since[:_DAY_CHARS])
        return day if len(self.since) == _DAY_CHARS else day - timedelta(days=1)

    def earliest(self) -> datetime | None:
        """Give the instant before which a message is left out; None where the day decides."""
        if len(self.since) <= _DAY_CHARS:
            return None
        return datetime.fromisoformat(self.since).astimezone(UTC)

    def compared(self) -> Comparison | None:
        """Sum up what the last comparisons of all folders found; None before the first."""
        folders = [one for one in self.folders.values() if not one.gone]
        if not folders:
            return None
        oldest = min(one.compared for one in folders)
        missing = sum(one.missed for one in folders)
        on_server = sum(one.count for one in folders)
        return Comparison(
            at=datetime.fromtimestamp(oldest, UTC) if oldest > 0 else None,
            folders=len(folders),
            on_server=on_server,
            known=on_server - missing,
            missing=missing,
            recovered=sum(one.recovered for one in folders),
        )

    def cursor(self) -> Cursor:
        """Give the cursor that goes on from here."""
        most = max(FEWEST_RANGES, MOST_RANGES // max(1, len(self.folders)))
        return json.dumps(
            {
                "version": _VERSION,
                "since": self.since,
                "folders": {
                    name: {
                        "uidvalidity": one.uidvalidity,
                        "uid": one.uid,
                        "known": uids.to_text(uids.bounded(one.known, most)),
                        "compared": one.compared,
                        "count": one.count,
                        "missed": one.missed,
                        "recovered": one.recovered,
                        "pending": one.pending,
                        "gone": one.gone,
                    }
                    for name, one in self.folders.items()
                },
            }
        )


def read_cursor(cursor: Cursor | None) -> Position | None:
    """Read a cursor of ours; None for none or a foreign one: everything is read again.

    That is safe, because the store knows messages by their natural keys.
    """
    try:
        data = json.loads(cursor or "null")
        if not isinstance(data, dict):
            return None
        if data.get("version") == 1:
            return _first_version(data)
        if data.get("version") != _VERSION:
            return None
        position = Position(
            since=str(data["since"]),
            folders={str(name): _progress(one) for name, one in data["folders"].items()},
        )
        position.search_day()
        position.earliest()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    else:
        return position


def _progress(data: Mapping[str, Any]) -> Progress:
    return Progress(
        uidvalidity=int(data["uidvalidity"]),
        uid=int(data["uid"]),
        known=uids.from_text(str(data["known"])),
        compared=int(data["compared"]),
        count=int(data["count"]),
        missed=int(data["missed"]),
        recovered=int(data.get("recovered", data["missed"])),
        pending=int(data.get("pending", 0)),
        gone=bool(data.get("gone", False)),
    )


def _first_version(data: Mapping[str, Any]) -> Position:
    """Read what knew one folder and its highest UID only: all below counts as known."""
    uid = int(data["uid"])
    known = ((1, uid),) if uid else ()
    progress = Progress(uidvalidity=int(data["uidvalidity"]), uid=uid, known=known)
    return Position(folders={str(data["folder"]): progress})


def read_locator(locator: str) -> Place | None:
    """Read a locator of ours, or None."""
    match = _LOCATOR.fullmatch(locator)
    if match is None:
        return None
    return Place(folder=match[1], uidvalidity=int(match[2]), uid=int(match[3]))
