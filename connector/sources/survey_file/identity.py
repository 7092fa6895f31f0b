"""Keys of responses within one file.

A response is its vendor's id. Without one it is its content (all mapped answers with the time),
and the how-manieth of equal ones: two people may write the same words in the same second.
"""

from __future__ import annotations

import hashlib

from connector.parsing.surveys import Response

MAX_REMEMBERED = 500_000
"""Responses of one file that are told apart; about 100 bytes each."""


class Identities:
    """Gives keys to the responses of one file, in their order."""

    def __init__(self) -> None:
        """Begin with an unread file."""
        self._counts: dict[bytes, int] = {}
        self._contents: dict[tuple[str, ...], bytes] = {}

    @property
    def full(self) -> bool:
        """True when no more responses without an id can be told apart."""
        return len(self._counts) >= MAX_REMEMBERED

    def key(self, response: Response) -> str:
        """Give the natural key; stable over re-exports, other columns and other file names."""
        if response.key:
            return f"id:{'|'.join(response.key).strip('|')}"
        plain = response.content + response.submitted_text.encode("utf-8", "replace")
        digest = hashlib.sha256(plain).digest()[:16]
        ordinal = self._counts[digest] = self._counts.get(digest, 0) + 1
        return f"content:{digest.hex()}:{ordinal}"

    def clashes(self, response: Response) -> bool:
        """Say whether another response of the file has the same id and other content."""
        if not response.key:
            return False
        known = self._contents.get(response.key)
        if known is None and len(self._contents) < MAX_REMEMBERED:
            self._contents[response.key] = response.content
        return known is not None and known != response.content
