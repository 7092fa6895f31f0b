"""Public reviews in files: what Google lists, and CSV of any other site or collector.

Read as exports of surveys are; a review is known by its id, edited when its time of change says
so, and less urgent once the practice has answered it in public.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal, Self, cast

from pydantic import Field

from connector.domain.practice import Practice
from connector.domain.response import CONTENT_BYTES, ExportRow
from connector.domain.signal import Channel, Fact, Signal
from connector.parsing.survey_identity import updated_of
from connector.parsing.survey_scores import fold
from connector.parsing.surveys import ResponseReader
from connector.sources._exports.identity import Identities
from connector.sources._exports.rows import ExportRows
from connector.sources._exports.runs import Origin
from connector.sources._exports.settings import ExportOptions
from connector.sources._exports.source import ExportSource

MACHINE = "(Translated by Google)"
"""Stands in front of a translation in the text of a review."""
ORIGINAL = "(Original)"
"""Stands in front of what the person wrote, where the translation comes first."""
MAX_FOLDER_DEPTH = 8
"""Folders of a Takeout: account, location; below this depth nothing is looked for."""
REPLIES = (
    "reviewReply.comment",
    "Owner Response",
    "Business Response",
    "Provider Response",
    "Company Reply",
    "Owner Comment",
    "Owner Reply",
    "Response",
    "Reply",
)
"""Columns in which the practice's public answer may stand."""
REPLIED_AT = (
    "reviewReply.updateTime",
    "Company Reply Date (UTC)",
    "Response Date",
    "Reply Date",
    "Replied At",
)
"""Columns that say when."""


class ReviewFileSettings(ExportOptions):
    """Reviews of one site, in a file or a folder."""

    recipe_folder: ClassVar[str] = "reviews"
    folder_depth: ClassVar[int] = MAX_FOLDER_DEPTH

    kind: Literal["review_file"] = "review_file"
    reply: tuple[str, ...] = Field(
        default=REPLIES,
        description="Columns in which the practice's public answer may stand; the first that is "
        "there counts.",
    )
    replied_at: tuple[str, ...] = Field(
        default=REPLIED_AT, description="Columns that say when the practice answered."
    )

    def open(self, practice: Practice) -> ExportSource:
        """Make the source; nothing is opened yet."""
        return ExportSource(self, practice, rows=ReviewRows)

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Read one export, or a folder of them, at once, guessing what the columns mean."""
        return cls(kind="review_file", name=name, path=path, guess=True, settle_seconds=0)


class ReviewIdentities(Identities):
    """Keys of reviews."""

    def part(self, vendor_id: str) -> str:
        """Leave out account and location: the API names a review with them and without."""
        return vendor_id.rpartition("/")[2]


class ReviewRows(ExportRows):
    """The reviews of one file."""

    channel = Channel.REVIEW
    identities = ReviewIdentities

    def _compared(self, rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
        """Leave out translations: they come and go, and nobody wrote them."""
        return [
            [original_of(cell) for cell in cells] if any(MACHINE in one for one in cells) else cells
            for cells in rows
        ]

    def _told(
        self, rows: Sequence[Sequence[str]], contents: list[bytes], reader: ResponseReader
    ) -> tuple[list[bytes], list[int]]:
        """Let the time of change decide, where there is one: translations come and go."""
        told, stamps = super()._told(rows, contents, reader)
        updated = [updated_of(reader.layout, cells) for cells in rows]
        digests = [
            told[place] if when is None else _digest_of(when) for place, when in enumerate(updated)
        ]
        return digests, stamps

    def make(self, row: ExportRow) -> Signal:
        """Make the signal of a review."""
        signal = super().make(row)
        origin = cast("Origin", row.origin)
        facts: dict[str, Fact] = dict(signal.facts)
        if self._answered(origin.row.cells, origin.table.reader):
            facts["answered"] = True
        text, reply_text = unmarked(signal.text), unmarked(signal.reply_text)
        return replace(signal, facts=facts, text=text, reply_text=reply_text)

    def _answered(self, cells: Sequence[str], reader: ResponseReader) -> bool:
        """Say whether the practice answered what the review says now."""
        settings = cast("ReviewFileSettings", self._options)
        reply = _index(reader, settings.reply)
        if reply < 0 or not cells[reply].strip():
            return False
        layout = reader.layout
        columns = (layout.updated, *layout.submitted)
        known = next((one for one in columns if one is not None), None)
        index = _index(reader, settings.replied_at)
        if known is None or index < 0:
            return True
        answered = replace(known, index=index).read(cells)
        changed = updated_of(reader.layout, cells)
        return answered is None or changed is None or answered >= changed


def original_of(text: str) -> str:
    """Give what the person wrote of a review that Google shows in two languages.

    The translation stands in front of the original, which is marked then, or behind it.
    """
    before, mark, behind = text.partition(MACHINE)
    if not mark:
        return text
    _, marked, original = behind.partition(ORIGINAL)
    return original.strip() if marked else before.strip()


def unmarked(text: str) -> str:
    """Take a product's marks of translations out of a text: they are nobody's words."""
    if MACHINE not in text:
        return text
    return text.replace(MACHINE, "").replace(ORIGINAL, "").strip()


def _digest_of(when: datetime) -> bytes:
    return hashlib.blake2b(when.isoformat().encode(), digest_size=CONTENT_BYTES).digest()


def _index(reader: ResponseReader, names: Sequence[str]) -> int:
    """Give the first of these columns that the file has, or -1."""
    for name in names:
        for column in reader.layout.columns:
            if fold(name) in column.aliases:
                return column.index
    return -1
