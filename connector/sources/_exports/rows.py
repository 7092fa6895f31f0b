"""One export to rows: who each response is and what it says; its signal when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from zoneinfo import ZoneInfo

from connector.domain.practice import Practice
from connector.domain.response import FORM_BYTES, Entry, ExportRow
from connector.domain.response import Row as Outcome
from connector.domain.signal import Channel, Signal, Unreadable
from connector.parsing.survey_files import Broken, NotRead, Part, parts_of
from connector.parsing.survey_identity import form_of, speaks, updated_of
from connector.parsing.survey_mapping import Status
from connector.parsing.survey_meaning import Refusal, Wishes, understand
from connector.parsing.survey_proposal import Proposal, propose
from connector.parsing.survey_times import DateOrder
from connector.parsing.surveys import ResponseReader
from connector.parsing.tables import BadRow, Examined, Row, fit
from connector.parsing.tables import Entry as Line
from connector.sources._exports.facts import facts_of
from connector.sources._exports.heading import date_doubts, read_heading
from connector.sources._exports.identity import MAX_REMEMBERED, Identities
from connector.sources._exports.settings import ExportOptions
from connector.sources._exports.skipping import Numbers

SAMPLE_ROWS = 2_000
"""Rows that a proposed map is made from."""
MONTH_FIRST_REGIONS = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "PH", "CA"})
"""Where 03/04/2025 is the fourth of March; survey tools follow the account's country."""

MAX_MISFITS = 1_000
"""After so many lines one behind the other that are no rows the file is no table."""
MAX_DAYS = 20_000
"""So many days before `start_from` are remembered."""
_DAY_CHARS = len("2025-03-04")
_ANY_ZONE = timedelta(days=2)
_SHORTENED = re.compile(r"[a-z]+:(?:.*\|)?\d[.,]?\d*E\+\d{1,2}(?:\|.*)?", re.DOTALL)

_PASSED = {
    Status.PARTIAL: Outcome.PARTIAL,
    Status.UNANSWERED: Outcome.UNANSWERED,
    Status.SPAM: Outcome.SPAM,
    Status.TEST: Outcome.PREVIEW,
    Status.PREVIEW: Outcome.PREVIEW,
    Status.NO_CONSENT: Outcome.NO_CONSENT,
}
"""Rows that nobody has to judge, unless they hold words."""
_UNREAD = frozenset({Outcome.PREVIEW, Outcome.UNANSWERED, Outcome.NO_CONSENT})
"""Rows that nobody has to judge, whatever they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of an export, as its rows are read."""

    place: str
    """Path, and name within a ZIP: the front of its rows' locators."""
    guessed: bool
    """True when its encoding is a guess."""
    reader: ResponseReader


class Origin(NamedTuple):
    """Where a row stands, for its signal."""

    row: Row
    table: Table


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
        self._now_s = now_s
        self.again_s = 0
        """Once read: when the first response is no longer waited for, epoch seconds, or 0."""
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
        self._grace_s = 3_600 * (options.partial_grace_h or 0)
        self._written_s = written_s
        self._practice = practice
        self.path = printable_path(path)
        self._examined = examined
        self._start = options.starts_at(practice.zone)
        self._old_days: set[str] = set()
        self.numbers = Numbers([0], [0])
        """Tells the numbers of rows where blocks in front of them are left out."""
        self.header_rows = 0
        """Once read: of the table that was read last; 0 without an id."""

    def entries(self, file: BinaryIO) -> Iterator[Entry]:
        """Read the file from its start, one table after the other. Raises OSError."""
        for part in self._parts(file):
            place = self._place(part)
            try:
                if isinstance(part, Broken):
                    yield self._refuse(place, part.problem)
                else:
                    yield from self._table(place, part)
            except NotRead as fault:
                yield self._refuse(place, fault.problem)

    def _table(self, place: str, part: Part) -> Iterator[Entry]:
        heading = read_heading(part.entries, self._wishes())
        if heading is None:
            return
        layout = heading.layout
        if isinstance(layout, Refusal):
            self.refused = self.refused or f"{place}: {layout.problem}"
            yield self._refuse(place, layout.problem)
            return
        self.order = heading.orders.proven or self.order
        table = Table(place=place, guessed=part.guessed, reader=ResponseReader(layout))
        self.form = form_of(layout)
        self.header_rows = layout.header_rows if layout.key else 0
        self.unmapped = tuple(column.name for column in layout.unmapped)
        identities = self.identities(table.reader)
        misfits = 0
        for line in chain(heading.lines[layout.header_rows :], part.entries):
            if identities.full:
                problem = (
                    f"More than {MAX_REMEMBERED} responses have no id: map the column of the id."
                )
                yield self._refuse(place, problem)
                return
            entry = self._entry(line, table, identities)
            yield entry
            misfits = misfits + 1 if isinstance(entry, Unreadable) else 0
            if misfits >= MAX_MISFITS:
                problem = f"{MAX_MISFITS} rows in a row are none: the rest of the file is not read."
                yield self._refuse(place, problem)
                return

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

    def _entry(self, line: Line, table: Table, identities: Identities) -> Entry:
        reader = table.reader
        layout = reader.layout
        there = len(layout.columns) - layout.added
        wide = fit(line, there, layout.needed) if isinstance(line, Row) else line
        if isinstance(wide, BadRow):
            return self._bad(table.place, wide)
        if layout.added:
            wide = wide._replace(cells=wide.cells + ("",) * layout.added)
        content = reader.content_of(self._compared(wide.cells))
        key, traces = identities.of(wide.cells, content)
        if "E+" in key and _SHORTENED.fullmatch(key):
            problem = "The id was shortened by a spreadsheet program (1.2E+11): export it anew."
            return self._bad(
                table.place, BadRow(number=wide.number, problem=problem, text=wide.text)
            )
        passed = self._passed(wide.cells, reader)
        if self._grace_s and passed is not Outcome.BACKFILL and self._is_over(wide.cells, reader):
            passed, content = None, _another(content)
        told, stamp = self._told(wide.cells, content, reader)
        return ExportRow(key, told, passed, stamp, traces, Origin(wide, table))

    def _compared(self, cells: Sequence[str]) -> Sequence[str]:
        """Give the cells without what is no answer of the person."""
        return cells

    def _told(
        self, cells: Sequence[str], content: bytes, reader: ResponseReader
    ) -> tuple[bytes, int]:
        """Give the digest that an edit changes, and when it was written, epoch seconds."""
        updated = updated_of(reader.layout, cells)
        return content, self._written_s if updated is None else int(updated.timestamp())

    def _passed(self, cells: Sequence[str], reader: ResponseReader) -> Outcome | None:
        """Say why nobody has to judge a row, if so."""
        passed = _PASSED.get(reader.status_of(cells))
        if passed in _UNREAD:
            return passed
        if self._options.start_from is not None and self._is_old(cells, reader):
            return Outcome.BACKFILL
        return None if passed is None or speaks(reader.layout, cells) else passed

    def _is_over(self, cells: Sequence[str], reader: ResponseReader) -> bool:
        """Say whether a response that was begun is no longer waited for, and holds something."""
        layout = reader.layout
        if reader.status_of(cells) is not Status.PARTIAL:
            return False
        if not (
            any(cells[one.column.index].strip() for one in layout.scores) or speaks(layout, cells)
        ):
            return False
        when, _ = reader.submitted_of(cells)
        ends = self._grace_s + (self._written_s if when is None else int(when.timestamp()))
        if ends > self._now_s:
            self.again_s = min(self.again_s or ends, ends)
        return ends <= self._now_s

    def _is_old(self, cells: Sequence[str], reader: ResponseReader) -> bool:
        """Say whether a response was handed in before those that are judged.

        A day that is certainly before them, whatever the zone, is read once: an archive has many
        responses a day.
        """
        first = reader.layout.submitted[0] if reader.layout.submitted else None
        day = cells[first.index][:_DAY_CHARS] if first else ""
        if day in self._old_days:
            return True
        when, text = reader.submitted_of(cells)
        if when is None or when >= self._start:
            return False
        begins = len(day) == _DAY_CHARS and text.startswith(day) and text[_DAY_CHARS:][:1] in " T"
        if begins and when < self._start - _ANY_ZONE and len(self._old_days) < MAX_DAYS:
            self._old_days.add(day)
        return True

    def make(self, row: ExportRow) -> Signal:
        """Make the signal of a response."""
        wide, table = cast("Origin", row.origin)
        response = table.reader.response_of(wide.number, wide.cells)
        facts = facts_of(response, table.reader.layout, guessed=table.guessed)
        if self._grace_s and self._is_over(wide.cells, table.reader):
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
        wide, table = cast("Origin", row.origin)
        problem = (
            "The row has the id of another row and other content: is more than one column the id?"
        )
        return self._bad(table.place, BadRow(number=wide.number, problem=problem, text=wide.text))

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


def _another(content: bytes) -> bytes:
    """Give the content of a response that is judged although it was never handed in."""
    return bytes([content[0] ^ 1]) + content[1:]


def _date_order(region: str) -> DateOrder:
    month_first = region.upper() in MONTH_FIRST_REGIONS
    return DateOrder.MONTH_FIRST if month_first else DateOrder.DAY_FIRST


def printable_path(path: Path) -> str:
    """Write a path as text, whatever bytes it is made of."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")
