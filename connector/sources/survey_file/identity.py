"""Keys of responses within one file.

A response is its vendor's id. Without one it is its content (all mapped answers with the time),
and the how-manieth of equal ones: two people may write the same words in the same second.
"""

from __future__ import annotations

from connector.parsing.surveys import Answer

MAX_REMEMBERED = 500_000
"""Responses of one file that are told apart; about 100 bytes each."""


class Identities:
    """Gives keys to the responses of one file, in their order."""

    def __init__(self) -> None:
        """Begin with an unread file."""
        self._counts: dict[bytes, int] = {}
        self._contents: dict[str, bytes] = {}

    @property
    def full(self) -> bool:
        """True when no more responses without an id can be told apart."""
        return len(self._counts) >= MAX_REMEMBERED

    def key(self, answer: Answer) -> str:
        """Give the natural key; stable over re-exports, other columns and other file names."""
        if answer.vendor_id:
            return f"id:{answer.vendor_id}"
        digest = bytes.fromhex(answer.content_hash)[:12]
        ordinal = self._counts[digest] = self._counts.get(digest, 0) + 1
        return f"content:{answer.content_hash}:{ordinal}"

    def clashes(self, answer: Answer) -> bool:
        """Say whether another response of the file has the same id and other content."""
        if not answer.vendor_id:
            return False
        content = bytes.fromhex(answer.content_hash)[:12]
        known = self._contents.get(answer.vendor_id)
        if known is None and len(self._contents) < MAX_REMEMBERED:
            self._contents[answer.vendor_id] = content
        return known is not None and known != content
