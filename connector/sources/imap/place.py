"""Where in a mailbox: the cursor behind the last message read, and the locator of one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from connector.domain.signal import Cursor

_VERSION = 1
_LOCATOR = re.compile(r"imap:(.{1,1000});UIDVALIDITY=(\d{1,10});UID=(\d{1,10})", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A message in a folder, or the position right behind it."""

    folder: str
    uidvalidity: int
    uid: int
    """0: before the first message."""

    def cursor(self) -> Cursor:
        """Give the cursor that goes on behind this message."""
        return json.dumps(
            {
                "version": _VERSION,
                "folder": self.folder,
                "uidvalidity": self.uidvalidity,
                "uid": self.uid,
            }
        )

    def locator(self) -> str:
        """Give the words by which `settle` finds the message again."""
        return f"imap:{self.folder};UIDVALIDITY={self.uidvalidity};UID={self.uid}"


def read_cursor(cursor: Cursor | None) -> Place | None:
    """Read a cursor of ours; None for none or a foreign one: everything is read again.

    That is safe, because the store knows messages by their natural keys.
    """
    try:
        data = json.loads(cursor or "null")
        if not isinstance(data, dict) or data.get("version") != _VERSION:
            return None
        return Place(
            folder=str(data["folder"]),
            uidvalidity=int(data["uidvalidity"]),
            uid=int(data["uid"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def read_locator(locator: str) -> Place | None:
    """Read a locator of ours, or None."""
    match = _LOCATOR.fullmatch(locator)
    if match is None:
        return None
    return Place(folder=match[1], uidvalidity=int(match[2]), uid=int(match[3]))
