"""Rows of an export before they are signals: most of them were read yesterday.

A survey tool writes its whole archive every day. Who a response is and what it says is told
here; the signal with its words is made only when somebody has to judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias, overload

from connector.domain.signal import Item, Unreadable

CONTENT_BYTES = 16
"""Length of the digest of what a response says."""
ANSWER_BYTES = 11
"""So many of them are about the answers; then come those about what describes the response
(location, department ...), and one that says which of those stand as codes."""
VERSION_BYTES = 8
"""Length of what tells one version of a file from another."""
FORM_BYTES = 4
"""Length of the digest of how its columns were read."""


def same_answers(one: bytes, other: bytes) -> bool:
    """Say whether two contents tell the same, perhaps once in codes and once in words.

    A choice by which a response is described is `2` in an export of numbers and `North` in one
    of texts: where the answers are equal, that is no edit. Takes the last CONTENT_BYTES.
    """
    one, other = one[-CONTENT_BYTES:], other[-CONTENT_BYTES:]
    if one == other:
        return True
    return one[:ANSWER_BYTES] == other[:ANSWER_BYTES] and one[-1] != other[-1]


class Row(StrEnum):
    """What became of one row of an export; every row ends in exactly one."""

    NEW = "new"
    """A response that was not known: it is a signal now."""
    EDITED = "edited"
    """A known response whose answers changed: the change is a signal."""
    SEEN = "seen"
    """Known, and nothing changed."""
    STALE = "stale"
    """Other answers than those known, but older: an old export was put there again."""
    BACKFILL = "backfill"
    """Older than `start_from`: known from now on, and judged by nobody."""
    PARTIAL = "partial"
    """Not finished, and without a word that somebody should read."""
    UNANSWERED = "unanswered"
    """An invitation without an answer."""
    SPAM = "spam"
    """Taken for a machine's by the survey tool, and without a word that somebody should read."""
    PREVIEW = "preview"
    """A test of the survey's makers."""
    NO_CONSENT = "no_consent"
    """The person did not agree that the answers are used."""
    PARSE_ERROR = "parse_error"
    """Not understood; shown to a human with its position."""


PASSED_OVER = (
    Row.BACKFILL,
    Row.PARTIAL,
    Row.UNANSWERED,
    Row.SPAM,
    Row.PREVIEW,
    Row.NO_CONSENT,
)
"""What a source may say of a row that nobody has to judge."""


class ExportRow(NamedTuple):
    """One response as it stands in an export; a tuple, because a file may hold a million."""

    key: str
    """Its natural key: the vendor's id, or its content and the how-manieth of equal ones."""
    content: bytes
    """Digest of what it says (CONTENT_BYTES), whatever the columns are called."""
    passed: Row | None
    """Why nobody has to judge it, or None."""
    stamp: int
    """When what it says was written, epoch seconds: its last change, else the file's."""
    traces: tuple[str, ...]
    """Without an id: what an edited version has in common with it (time, address)."""
    origin: object
    """What its source needs to make the signal."""


Entry: TypeAlias = ExportRow | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The file from which rows come."""

    path: str
    """As it stands at the front of the locators of its rows."""
    form: bytes
    """Digest of how its columns are read (FORM_BYTES): contents under another are no edits."""
    version: bytes
    """First VERSION_BYTES of the digest of its bytes: the same response twice in one version of
    a file, with other answers, is no edit."""
    read_keys: Callable[[], Iterable[str]]
    """Reads the keys of all its responses, from beginning to end. Raises OSError."""


class Responses(Sequence[Item]):
    """Rows in their order; as items, each is made when it is asked for."""

    def __init__(
        self,
        entries: Sequence[Entry],
        export: Export,
        make: Callable[[ExportRow], Item],
        *,
        clash: Callable[[ExportRow], Unreadable],
        passed_blocks: int = 0,
        last: bool = False,
    ) -> None:
        """`make` gives a response's signal; `clash` shows one whose id is another's."""
        self.entries = entries
        self.export = export
        self.make = make
        self.clash = clash
        self.passed_blocks = passed_blocks
        """Rows in front that were recognised as known without being read."""
        self.last = last
        """True when the file ends here."""

    def __len__(self) -> int:
        """How many items there are."""
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        """Make one item, or several."""
        if isinstance(index, slice):
            return [self._item(entry) for entry in self.entries[index]]
        return self._item(self.entries[index])

    def _item(self, entry: Entry) -> Item:
        return entry if isinstance(entry, Unreadable) else self.make(entry)
