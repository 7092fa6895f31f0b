"""The twenty points in which helpdesks fail careless clients; what is promised of each plugin.

The contract of the test kit tries all of them, `amends check --write` those that can be
tried with one marked ticket in a live account.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

POINTS: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "created, then found: exactly one",
        2: "answer lost after it was applied: doubt, found, one",
        3: "request lost before it was applied: one",
        4: "killed between the answer and our commit: one",
        5: "several creates of one key at once: one",
        6: "every field reads back, or is said to be missing",
        7: "tags and edits of people survive",
        8: "the same note twice: one note",
        9: "notes are private, and nobody is mailed",
        10: "creating mails nobody",
        11: "hostile text comes back as it was",
        12: "attachments byte by byte, refused types without half a note",
        13: "a history of many pages is whole",
        14: "closed, merged, deleted, spam: said, and no new ticket",
        15: "a rate limit is a pause of the length that was asked for",
        16: "an error page on a write is doubt",
        17: "wrong credentials, rights and fields are found by check",
        18: "the capabilities are true",
        19: "a read-only account reads everything and writes nothing",
        20: "no secret and no patient in what is printed",
    }
)
"""Number to sentence."""
