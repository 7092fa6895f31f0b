"""Keys of responses within one file.

A response is its vendor's id. Without one it is its content with the time, and the how-manieth
of equal ones: two people may write the same words in the same second.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from connector.parsing.survey_identity import email_of
from connector.parsing.surveys import ResponseReader

_FLOAT = re.compile(r"\d{1,15}\.0", re.ASCII)
MAX_REMEMBERED = 500_000
"""Responses of one file without an id that are told apart; about 100 bytes each."""


class Identities:
    """Gives keys to the responses of one file, in their order."""

    def __init__(self, reader: ResponseReader) -> None:
        """Begin with an unread file."""
        self._reader = reader
        self._counts: dict[bytes, int] = {}

    @property
    def room(self) -> int:
        """So many more responses without an id can be told apart."""
        return max(MAX_REMEMBERED - len(self._counts), 0)

    def of(
        self, rows: Sequence[Sequence[str]], contents: Sequence[bytes]
    ) -> tuple[list[str], list[tuple[str, ...]]]:
        """Give natural keys and traces; stable over re-exports, other columns and file names.

        `contents` are those of the rows. A trace is what an edited version has in common with a
        response that has no id.
        """
        joined = self._reader.keys_of(rows)
        keys = [f"id:{self._id(key)}" if key else "" for key in joined]
        traces: list[tuple[str, ...]] = [()] * len(keys)
        if not all(keys):
            for place, key in enumerate(keys):
                if not key:
                    keys[place], traces[place] = self._without(rows[place], contents[place])
        return keys, traces

    def _id(self, key: str) -> str:
        if key.endswith(".0") and _FLOAT.fullmatch(key):
            key = key[:-2]  # a number, as a program of tables writes it
        return self.part(key)

    def _without(self, cells: Sequence[str], content: bytes) -> tuple[str, tuple[str, ...]]:
        """Give key and traces of a row without an id, or whose id is nothing but `|`."""
        if self._reader.key_of(cells):
            return f"id:{self.part('')}", ()
        mark = self._reader.mark_of(cells)
        text = mark or self._reader.submitted_of(cells)[1]
        plain = content + text.encode("utf-8", "replace")
        digest = hashlib.sha256(plain).digest()[:16]
        ordinal = self._counts[digest] = self._counts.get(digest, 0) + 1
        email = email_of(self._reader.layout, cells)
        marks = (f"time:{mark}" if mark else "", f"email:{email}" if email else "")
        return f"content:{digest.hex()}:{ordinal}", tuple(mark for mark in marks if mark)

    def part(self, vendor_id: str) -> str:
        """Give the part of a vendor's id by which a response is known; here all of it."""
        return vendor_id
