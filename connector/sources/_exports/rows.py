"""One export to rows: who each response is and what it says; its signal when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice, repeat
from pathlib import Path
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo

from connector.domain.practice import Practice
from connector.domain.response import FORM_BYTES, Entry, ExportRow
from connector.domain.signal import Channel, Signal, Unreadable
from connector.parsing.survey_files import Broken, NotRead, Part, parts_of
from connector.parsing.survey_identity import form_of, updated_of
from connector.parsing.survey_meaning import Refusal, Wishes, understand
from connector.parsing.survey_proposal import Proposal, propose
from connector.parsing.survey_times import DateOrder
from connector.parsing.surveys import ResponseReader
from connector.parsing.tables import BadRow, Examined, Row, fit
from connector.parsing.tables import Entry as Line
from connector.sources._exports.facts import facts_of
from connector.sources._exports.heading import date_doubts, read_heading
from connector.sources._exports.identity import MAX_REMEMBERED, Identities
from connector.sources._exports.passing import Passing
from connector.sources._exports.runs import (
    RUN_ROWS,
    Origin,
    Table,
    fitted,
    kept,
    take,
    until_misfits,
)
from connector.sources._exports.settings import ExportOptions
from connector.sources._exports.skipping import Numbers

SAMPLE_ROWS = 2_000
"""Rows that a proposed map is made from."""
MONTH_FIRST_REGIONS = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "PH", "CA"})
"""Where 03/04/2025 is the fourth of March; survey tools follow the account's country."""

MAX_MISFITS = 1_000
"""After so many lines one behind the other that are no rows the file is no table."""
_SHORTENED = re.compile(r"[a-z]+:(?:.*\|)?\d[.,]?\d*E\+\d{1,2}(?:\|.*)?", re.DOTALL)


class ExportRows:
    """The rows of one export, in its order."""

    channel = Channel.SURVEY
    identities = Identities

    def __init__(
        self,
        options: ExportOptions,
        practice: Practice,
        path: Path,
        examined: Examined,
        written_s: int,
        *,
        now_s: int,
        order: DateOrder | None = None,
    ) -> None:
        """Take the file as it was examined and when it was written, epoch seconds.

        `order`: how an earlier file proved that days and months are written; `now_s`: the clock,
        for responses that are waited for.
        """
        self._passing = Passing(
            start=None if options.start_from is None else options.starts_at(practice.zone),
            grace_s=3_600 * (options.partial_grace_h or 0),
            written_s=written_s,
            now_s=now_s,
        )
        self._earlier_order = order
        self.order: DateOrder | None = None
        """Once read: how the file itself proves it."""
        self.form = bytes(FORM_BYTES)
        """Once read: how the columns of the table that was read last are read."""
        self.unmapped: tuple[str, ...] = ()
        """Columns of that table that nobody said anything about."""
        self.refused = ""
        """Once read: why nothing of one of the tables was read; its header does not fit."""
        self._options = options
        self._written_s = written_s
        self._practice = practice
        self.path = printable_path(path)
        self._examined = examined
        self.numbers = Numbers([0], [0])
        """Tells the numbers of rows where blocks in front of them are left out."""
        self.header_rows = 0
        """Once read: of the table that was read last; 0 without an id."""

    @property
    def again_s(self) -> int:
        """Once read: when the first response is no longer waited for, epoch seconds, or 0."""
        return self._passing.again_s

    def entries(self, file: BinaryIO) -> Iterator[Entry]:
        """Read the file from its start, one table after the other. Raises OSError."""
        return chain.from_iterable(self._runs(file))

    def _runs(self, file: BinaryIO) -> Iterator[Sequence[Entry]]:
        """Read entries, several at once: a generator's turn for each would cost too much."""
        for part in self._parts(file):
            place = self._place(part)
            try:
                if isinstance(part, Broken):
                    yield [self._refuse(place, part.problem)]
                else:
                    yield from self._table(place, part)
            except NotRead as fault:
                yield [self._refuse(place, fault.problem)]

    def _table(self, place: str, part: Part) -> Iterator[Sequence[Entry]]:
        heading = read_heading(part.entries, self._wishes())
        if heading is None:
            return
        layout = heading.layout
        if isinstance(layout, Refusal):
            self.refused = self.refused or f"{place}: {layout.problem}"
            yield [self._refuse(place, layout.problem)]
            return
        self.order = heading.orders.proven or self.order
        table = Table(place=place, guessed=part.guessed, reader=ResponseReader(layout))
        self.form = form_of(layout)
        self.header_rows = layout.header_rows if layout.key else 0
        self.unmapped = tuple(column.name for column in layout.unmapped)
        identities = self.identities(table.reader)
        lines = chain(heading.lines[layout.header_rows :], part.entries)
        yield from self._responses(lines, table, identities)

    def _responses(
        self, lines: Iterator[Line], table: Table, identities: Identities
    ) -> Iterator[Sequence[Entry]]:
        """Tell of a table's rows what they are, many together. Raises NotRead behind the last."""
        misfits = 0
        while room := identities.room:
            some: list[Line] = []
            fault = take(lines, min(room, RUN_ROWS), some)
            entries = self._entries(some, table, identities)
            whole, misfits = until_misfits(entries, misfits, MAX_MISFITS)
            yield whole
            if misfits >= MAX_MISFITS:
                problem = f"{MAX_MISFITS} rows in a row are none: the rest of the file is not read."
                yield [self._refuse(table.place, problem)]
                return
            if fault is not None:
                raise fault
            if not some:
                return
        if next(lines, None) is not None:
            problem = f"More than {MAX_REMEMBERED} responses have no id: map the column of the id."
            yield [self._refuse(table.place, problem)]

    def proposals(self, file: BinaryIO) -> Iterator[Proposal | str]:
        """Propose a map for each table, or say why there is none. Raises OSError."""
        for part in self._parts(file):
            place = self._place(part)
            try:
                if isinstance(part, Broken):
                    yield f"{place}: {part.problem}"
                else:
                    yield from self._proposed(place, part)
            except NotRead as fault:
                yield f"{place}: {fault.problem}"

    def faults(self, file: BinaryIO) -> Iterator[str]:
        """Say of each table why it would not be read, from its first rows. Raises OSError."""
        for part in self._parts(file):
            place = self._place(part)
            try:
                if isinstance(part, Broken):
                    yield f"{place}: {part.problem}"
                    continue
                heading = read_heading(part.entries, self._wishes())
                if heading is not None and isinstance(heading.layout, Refusal):
                    yield f"{place}: {heading.layout.problem}"
            except NotRead as fault:
                yield f"{place}: {fault.problem}"

    def doubts(self, file: BinaryIO) -> Iterator[str]:
        """Say of each table which of its dates nobody can be sure of. Raises OSError."""
        for part in self._parts(file):
            with suppress(NotRead):
                heading = (
                    None if isinstance(part, Broken) else read_heading(part.entries, self._wishes())
                )
                if heading is None or isinstance(heading.layout, Refusal):
                    continue
                yield from date_doubts(self._place(part), heading, self._options.date_order)

    def _proposed(self, place: str, part: Part) -> Iterator[Proposal | str]:
        """Propose with what is configured; where that does not fit, say so and begin anew."""
        head = [line for line in islice(part.entries, SAMPLE_ROWS) if isinstance(line, Row)]
        if not head:
            yield f"{place}: The file is empty."
            return
        wishes = replace(self._wishes(), guess=True, need_answers=False)
        understood = understand([line.cells for line in head], wishes)
        if isinstance(understood, Refusal) and wishes.columns:
            yield f"{place}: {understood.problem}"
            understood = understand([line.cells for line in head], replace(wishes, columns={}))
        if isinstance(understood, Refusal):
            yield f"{place}: {understood.problem}"
            return
        wide = len(understood.columns) - understood.added
        fitted = [fit(line, wide) for line in head[understood.header_rows :]]
        blank = ("",) * understood.added
        rows = [row.cells + blank for row in fitted if isinstance(row, Row)]
        usual = self._options.date_order or _date_order(self._practice.region)
        yield propose(place, understood, rows, usual=usual, sparse=part.sparse)

    def _parts(self, file: BinaryIO) -> Iterator[Part | Broken]:
        options = self._options
        return parts_of(
            file,
            self._examined,
            delimiter=options.delimiter,
            sheet=options.sheet,
            encoding=options.encoding,
        )

    def _place(self, part: Part | Broken) -> str:
        return f"{self.path}!{part.name}" if part.name else self.path

    def _wishes(self) -> Wishes:
        region = self._practice.region
        return Wishes(
            recipes=self._options.known_recipes(),
            vendor=self._options.vendor,
            columns=self._options.mapped(),
            guess=self._options.guess and not self._options.map,
            header_rows=self._options.header_rows,
            zone=ZoneInfo(self._options.zone) if self._options.zone else self._practice.zone,
            date_order=self._options.date_order,
            earlier_order=self._earlier_order,
            usual_order=_date_order(region),
            region=region,
        )

    def _entries(self, lines: Sequence[Line], table: Table, identities: Identities) -> list[Entry]:
        """Tell of rows who each is and what it says, in their order."""
        layout = table.reader.layout
        wide, needed = len(layout.columns) - layout.added, layout.needed
        fits = [
            line if type(line) is Row and len(line.cells) == wide else fitted(line, wide, needed)
            for line in lines
        ]
        rows = [line for line in fits if type(line) is Row]
        told = self._told_of(rows, table, identities) if rows else []
        if len(told) == len(fits):
            return told
        following = iter(told)
        return [
            self._bad(table.place, line) if isinstance(line, BadRow) else next(following)
            for line in fits
        ]

    def _told_of(self, rows: Sequence[Row], table: Table, identities: Identities) -> list[Entry]:
        """Tell of rows that are as wide as the header, column by column."""
        reader = table.reader
        numbers, cells, texts = zip(*rows, strict=True)
        if reader.layout.added:
            blank = ("",) * reader.layout.added
            cells = tuple(row + blank for row in cells)
        contents = reader.contents_of(self._compared(cells))
        keys, traces = identities.of(cells, contents)
        passed, contents = self._passing.of(cells, contents, reader)
        told, stamps = self._told(cells, contents, reader)
        origins = map(Origin, numbers, texts, kept(cells, passed), repeat(table))
        entries = map(ExportRow, keys, told, passed, stamps, traces, origins)
        return [self._unless_shortened(one) if "E+" in one.key else one for one in entries]

    def _unless_shortened(self, entry: ExportRow) -> Entry:
        """Refuse a key that a spreadsheet program made of a longer one."""
        if not _SHORTENED.fullmatch(entry.key):
            return entry
        problem = "The id was shortened by a spreadsheet program (1.2E+11): export it anew."
        return self._bad_entry(entry, problem)

    def _compared(self, rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
        """Give the cells without what is no answer of the person."""
        return rows

    def _told(
        self, rows: Sequence[Sequence[str]], contents: list[bytes], reader: ResponseReader
    ) -> tuple[list[bytes], list[int]]:
        """Give the digests that an edit changes, and when each was written, epoch seconds."""
        if reader.layout.updated is None:
            return contents, [self._written_s] * len(rows)
        updated = [updated_of(reader.layout, cells) for cells in rows]
        stamps = [self._written_s if one is None else int(one.timestamp()) for one in updated]
        return contents, stamps

    def make(self, row: ExportRow) -> Signal:
        """Make the signal of a response."""
        origin = cast("Origin", row.origin)
        wide, table = origin.row, origin.table
        response = table.reader.response_of(wide.number, wide.cells)
        facts = facts_of(response, table.reader.layout, guessed=table.guessed)
        if self._passing.is_over(wide.cells, table.reader):
            facts["partial_over"] = True
        return Signal(
            tenant=self._practice.tenant,
            source=self._options.name,
            natural_key=row.key,
            locator=f"{table.place}#{self.numbers.of(wide.number)}",
            channel=self.channel,
            event_time=response.submitted_at,
            contact=response.contact,
            text=response.text,
            reply_text=response.words,
            facts=facts,
            raw=wide.text.encode("utf-8", "replace"),
        )

    def clash(self, row: ExportRow) -> Unreadable:
        """Show a row that has the id of another response."""
        problem = (
            "The row has the id of another row and other content: is more than one column the id?"
        )
        return self._bad_entry(row, problem)

    def _bad_entry(self, entry: ExportRow, problem: str) -> Unreadable:
        origin = cast("Origin", entry.origin)
        row = BadRow(number=origin.number, problem=problem, text=origin.text)
        return self._bad(origin.table.place, row)

    def _bad(self, place: str, row: BadRow) -> Unreadable:
        number = self.numbers.of(row.number)
        return Unreadable(
            tenant=self._practice.tenant,
            source=self._options.name,
            locator=f"{place}#{number}",
            problem=f"Row {number}: {row.problem}",
            raw=row.text.encode("utf-8", "replace"),
        )

    def _refuse(self, place: str, problem: str) -> Unreadable:
        """Show a file as a whole; its content is its identity."""
        return Unreadable(
            tenant=self._practice.tenant,
            source=self._options.name,
            locator=f"{place}#file-{self._examined.sha256[:12]}",
            problem=f"{place}: {problem}",
        )


def _date_order(region: str) -> DateOrder:
    month_first = region.upper() in MONTH_FIRST_REGIONS
    return DateOrder.MONTH_FIRST if month_first else DateOrder.DAY_FIRST


def printable_path(path: Path) -> str:
    """Write a path as text, whatever bytes it is made of."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")
