"""One export to items: a signal for each response, a problem for each row that is none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from connector.domain.practice import Practice
from connector.domain.signal import Channel, Fact, Item, Signal, Unreadable
from connector.parsing.survey_columns import (
    MAX_HEADER_ROWS,
    Column,
    Missing,
    assign,
    columns_of,
    header_rows_of,
)
from connector.parsing.survey_guess import guess
from connector.parsing.survey_scores import Scale
from connector.parsing.survey_times import DateOrder
from connector.parsing.surveys import Answer, Reading, answer_of
from connector.parsing.tables import MAX_COLUMNS, BadRow, Entry, Examined, Row, fit, read_rows
from connector.sources.survey_file.identity import MAX_REMEMBERED, Identities
from connector.sources.survey_file.settings import SurveyOptions

MONTH_FIRST_REGIONS = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "PH", "CA"})
"""Where 03/04/2025 is the fourth of March; survey tools follow the account's country."""

# How files begin that are no table; their names go into a sentence.
_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "an Excel or ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a packed file"),
    (b"{", "JSON"),
    (b"[{", "JSON"),
    (b"[\n", "JSON"),
    (b"<", "XML or HTML"),
)


class ExportRows:
    """The items of one export, in its order."""

    def __init__(
        self, options: SurveyOptions, practice: Practice, path: Path, examined: Examined
    ) -> None:
        """Take the file as it was examined; `items` reads it."""
        self.refused = False
        """True, once read, when the file as a whole was not understood."""
        self._options = options
        self._practice = practice
        self._path = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
        self._examined = examined
        self._identities = Identities()

    def items(self, file: BinaryIO) -> Iterator[Item]:
        """Read the file from its start. Raises OSError."""
        file.seek(0)
        other = _other_format(file.read(16))
        file.seek(0)
        if other:
            yield self._refuse(f"The file is {other}, which is not read yet: export it as CSV.")
            return
        entries = read_rows(file, self._examined.encoding, self._options.delimiter)
        head = list(islice(entries, MAX_HEADER_ROWS + 1))
        if head and isinstance(head[0], Row) and head[0].cells[0].casefold() == "sep=":
            del head[0]  # a hint for Excel in front of the header
        if not head:
            return
        understood = self._header(head)
        if isinstance(understood, str):
            yield self._refuse(understood)
            return
        columns, taken, reading = understood
        for entry in chain(head[taken:], entries):
            if self._identities.full:
                yield self._refuse(
                    f"More than {MAX_REMEMBERED} responses have no id: map the column of the id."
                )
                return
            yield self._item(entry, len(columns), reading)

    def _header(self, head: list[Entry]) -> tuple[tuple[Column, ...], int, Reading] | str:
        """Understand the header: columns, rows it takes, reading; or why it cannot be."""
        rows = [entry.cells for entry in head[:MAX_HEADER_ROWS] if isinstance(entry, Row)]
        taken = self._options.header_rows or header_rows_of(rows)
        if not all(isinstance(entry, Row) for entry in head[:taken]) or len(rows) < taken:
            return "The header is no CSV, or shorter than configured. Nothing of the file was read."
        columns = columns_of(rows[:taken])
        if len(columns) > MAX_COLUMNS:
            return f"The header has more than {MAX_COLUMNS} columns."
        mapping, kind = self._options.map, self._options.score_kind
        if not mapping:
            guessed = guess(columns)
            if not guessed.useful:
                return (
                    "No column was recognised as a score or a comment: name them in the map of "
                    "the source."
                )
            mapping, kind = dict(guessed.roles), kind or guessed.kind
        assigned = assign(mapping, columns)
        if isinstance(assigned, Missing):
            return assigned.problem
        scale = self._options.scale(kind)
        return (
            columns,
            taken,
            Reading(
                columns=assigned,
                scale=scale,
                zone=ZoneInfo(self._options.zone) if self._options.zone else self._practice.zone,
                date_order=self._options.date_order or _date_order(self._practice.region),
                region=self._practice.region,
                yes_words=self._options.words("yes"),
                no_words=self._options.words("no"),
                complete_words=self._options.words("complete"),
            ),
        )

    def _item(self, entry: Entry, width: int, reading: Reading) -> Item:
        fitted = fit(entry, width) if isinstance(entry, Row) else entry
        if isinstance(fitted, BadRow):
            return self._bad(fitted)
        answer = answer_of(fitted.cells, reading)
        if self._identities.clashes(answer):
            problem = (
                "The row has the id of an earlier row and other content: is more than one column "
                "the id?"
            )
            return self._bad(BadRow(number=fitted.number, problem=problem, text=fitted.text))
        return self._signal(fitted, answer, reading.scale)

    def _bad(self, row: BadRow) -> Unreadable:
        return Unreadable(
            tenant=self._practice.tenant,
            source=self._options.name,
            locator=f"{self._path}#{row.number}",
            problem=f"Row {row.number}: {row.problem}",
            raw=row.text.encode("utf-8", "replace"),
        )

    def _refuse(self, problem: str) -> Unreadable:
        """Show the file as a whole; its content is its identity."""
        self.refused = True
        return Unreadable(
            tenant=self._practice.tenant,
            source=self._options.name,
            locator=f"{self._path}#file-{self._examined.sha256[:12]}",
            problem=f"{self._path}: {problem}",
        )

    def _signal(self, row: Row, answer: Answer, scale: Scale | None) -> Signal:
        return Signal(
            tenant=self._practice.tenant,
            source=self._options.name,
            natural_key=self._identities.key(answer),
            locator=f"{self._path}#{row.number}",
            channel=Channel.SURVEY,
            event_time=answer.submitted_at,
            contact=answer.contact,
            text=answer.text,
            reply_text=answer.words,
            facts=self._facts(answer, scale),
            raw=row.text.encode("utf-8", "replace"),
        )

    def _facts(self, answer: Answer, scale: Scale | None) -> dict[str, Fact]:
        """Name what is known; what was not asked or not answered is left out."""
        facts: dict[str, Fact | None] = {
            "content_hash": answer.content_hash[:32],
            "question": answer.question or None,
            "wants_contact": answer.wants_contact,
            "consent_no": True if answer.wants_contact is False else None,
            "contact_answer_unclear": answer.wants_contact_unclear or None,
            "submitted_at_unclear": answer.submitted_at_unclear or None,
            "complete": answer.complete,
            "encoding_guessed": self._examined.guessed or None,
            "score_problem": answer.score.problem or None,
            "score": answer.score.given or answer.score.value,
            **answer.labels,
        }
        if scale is not None and facts["score"] is not None:
            facts["score_kind"] = scale.kind.value
        if scale is not None and answer.score.value is not None:
            facts["score_min"], facts["score_max"] = scale.worst, scale.best
            facts["score_low_at_most"] = self._options.low_at_most
        return {name: fact for name, fact in facts.items() if fact is not None}


def _date_order(region: str) -> DateOrder:
    month_first = region.upper() in MONTH_FIRST_REGIONS
    return DateOrder.MONTH_FIRST if month_first else DateOrder.DAY_FIRST


def _other_format(first: bytes) -> str:
    begin = first.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r")
    return next((name for mark, name in _OTHER_FORMATS if begin.startswith(mark)), "")
