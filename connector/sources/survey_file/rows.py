"""One export to rows: who each response is and what it says; its signal when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo

from connector.domain.practice import Practice
from connector.domain.response import FORM_BYTES, Entry, ExportRow
from connector.domain.response import Row as Outcome
from connector.domain.signal import Channel, Fact, Signal, Unreadable
from connector.parsing import survey_recipes
from connector.parsing.survey_columns import MAX_HEADER_ROWS
from connector.parsing.survey_identity import form_of, speaks
from connector.parsing.survey_layout import Refusal, Wishes, lay_out
from connector.parsing.survey_mapping import Status
from connector.parsing.survey_times import DateOrder
from connector.parsing.surveys import Layout, Rated, Response, ResponseReader
from connector.parsing.tables import BadRow, Examined, Row, fit, read_rows
from connector.parsing.tables import Entry as Line
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


_PASSED = {
    Status.PARTIAL: Outcome.PARTIAL,
    Status.UNANSWERED: Outcome.UNANSWERED,
    Status.SPAM: Outcome.SPAM,
    Status.TEST: Outcome.PREVIEW,
    Status.PREVIEW: Outcome.PREVIEW,
}
"""Rows that nobody has to judge, unless they hold words."""


class ExportRows:
    """The items of one export, in its order."""

    def __init__(
        self,
        options: SurveyOptions,
        practice: Practice,
        path: Path,
        examined: Examined,
        written_s: int,
    ) -> None:
        """Take the file as it was examined and when it was written, epoch seconds."""
        self.form = bytes(FORM_BYTES)
        """Once read: how its columns are read."""
        self._options = options
        self._written_s = written_s
        self._practice = practice
        self.path = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
        self._examined = examined
        self._reader: ResponseReader | None = None
        self._start = options.starts_at(practice.zone)

    def entries(self, file: BinaryIO) -> Iterator[Entry]:
        """Read the file from its start. Raises OSError."""
        file.seek(0)
        other = _other_format(file.read(16))
        file.seek(0)
        if other:
            yield self._refuse(f"The file is {other}, which is not read yet: export it as CSV.")
            return
        lines = read_rows(file, self._examined.encoding, self._options.delimiter)
        head = list(islice(lines, MAX_HEADER_ROWS + 1))
        if head and isinstance(head[0], Row) and head[0].cells[0].casefold() == "sep=":
            del head[0]  # a hint for Excel in front of the header
        if not head:
            return
        rows = [line.cells for line in head[:MAX_HEADER_ROWS] if isinstance(line, Row)]
        layout = lay_out(rows, self._wishes())
        if isinstance(layout, Refusal):
            yield self._refuse(layout.problem)
            return
        if not all(isinstance(line, Row) for line in head[: layout.header_rows]):
            yield self._refuse("The header is no CSV. Nothing of the file was read.")
            return
        self._reader = reader = ResponseReader(layout)
        self.form = form_of(layout)
        identities = Identities(reader)
        for line in chain(head[layout.header_rows :], lines):
            if identities.full:
                yield self._refuse(
                    f"More than {MAX_REMEMBERED} responses have no id: map the column of the id."
                )
                return
            yield self._entry(line, reader, identities)

    def _wishes(self) -> Wishes:
        region = self._practice.region
        return Wishes(
            recipes=tuple(survey_recipes.shipped().values()),
            vendor=self._options.vendor,
            columns=self._options.mapped(),
            guess=self._options.guess and not self._options.map,
            header_rows=self._options.header_rows,
            zone=ZoneInfo(self._options.zone) if self._options.zone else self._practice.zone,
            date_order=self._options.date_order,
            usual_order=_date_order(region),
            region=region,
        )

    def _entry(self, line: Line, reader: ResponseReader, identities: Identities) -> Entry:
        layout = reader.layout
        wide = fit(line, len(layout.columns), layout.needed) if isinstance(line, Row) else line
        if isinstance(wide, BadRow):
            return self._bad(wide)
        content = reader.content_of(wide.cells)
        return ExportRow(
            identities.key(wide.cells, content),
            content,
            self._passed(wide.cells, reader),
            self._written_s,
            identities.traces(wide.cells),
            wide,
        )

    def _passed(self, cells: Sequence[str], reader: ResponseReader) -> Outcome | None:
        """Say why nobody has to judge a row, if so."""
        passed = _PASSED.get(reader.status_of(cells))
        if passed in {Outcome.PREVIEW, Outcome.UNANSWERED}:
            return passed
        if self._options.start_from is not None:
            when, _ = reader.submitted_of(cells)
            if when is not None and when < self._start:
                return Outcome.BACKFILL
        return None if passed is None or speaks(reader.layout, cells) else passed

    def make(self, row: ExportRow) -> Signal:
        """Make the signal of a response."""
        wide, reader = cast("Row", row.origin), cast("ResponseReader", self._reader)
        return self._signal(
            wide, row.key, reader.response_of(wide.number, wide.cells), reader.layout
        )

    def clash(self, row: ExportRow) -> Unreadable:
        """Show a row that has the id of another response."""
        wide = cast("Row", row.origin)
        problem = (
            "The row has the id of another row and other content: is more than one column the id?"
        )
        return self._bad(BadRow(number=wide.number, problem=problem, text=wide.text))

    def _bad(self, row: BadRow) -> Unreadable:
        return Unreadable(
            tenant=self._practice.tenant,
            source=self._options.name,
            locator=f"{self.path}#{row.number}",
            problem=f"Row {row.number}: {row.problem}",
            raw=row.text.encode("utf-8", "replace"),
        )

    def _refuse(self, problem: str) -> Unreadable:
        """Show the file as a whole; its content is its identity."""
        return Unreadable(
            tenant=self._practice.tenant,
            source=self._options.name,
            locator=f"{self.path}#file-{self._examined.sha256[:12]}",
            problem=f"{self.path}: {problem}",
        )

    def _signal(self, row: Row, key: str, response: Response, layout: Layout) -> Signal:
        return Signal(
            tenant=self._practice.tenant,
            source=self._options.name,
            natural_key=key,
            locator=f"{self.path}#{row.number}",
            channel=Channel.SURVEY,
            event_time=response.submitted_at,
            contact=response.contact,
            text=response.text,
            reply_text=response.words,
            facts=facts_of(response, layout, guessed=self._examined.guessed),
            raw=row.text.encode("utf-8", "replace"),
        )


def facts_of(response: Response, layout: Layout, *, guessed: bool) -> dict[str, Fact]:
    """Name what is known; what was not asked or not answered is left out.

    The first score has plain names (`score`, `score_kind` ...), the second `score_2` and so on.
    `guessed`: the encoding of the file is a guess.
    """
    status = None if response.status is Status.UNKNOWN else response.status.value
    facts: dict[str, Fact | None] = {
        "content_hash": response.content.hex(),
        "survey_tool": layout.recipe,
        "survey_status": status,
        "wants_contact": response.wants_contact,
        "consent_no": True if response.wants_contact is False else None,
        "contact_answer_unclear": response.wants_contact_unclear or None,
        "submitted_at_unclear": response.submitted_at_unclear or None,
        "encoding_guessed": guessed or None,
        **response.labels,
    }
    for place, rated in enumerate(response.scores, start=1):
        suffix = f"_{place}" if place > 1 else ""
        facts |= {f"{name}{suffix}": fact for name, fact in _score_facts(rated).items()}
    return {name: fact for name, fact in facts.items() if fact is not None}


def _score_facts(rated: Rated) -> dict[str, Fact | None]:
    score, scale = rated.score, rated.scale
    known = score.value is not None
    return {
        "question": rated.column.question,
        "score": score.given or score.value,
        "score_kind": scale.kind.value,
        "score_problem": score.problem or None,
        "score_min": scale.worst if known else None,
        "score_max": scale.best if known else None,
        "score_low_at_most": rated.low_at_most if known else None,
    }


def _date_order(region: str) -> DateOrder:
    month_first = region.upper() in MONTH_FIRST_REGIONS
    return DateOrder.MONTH_FIRST if month_first else DateOrder.DAY_FIRST


def _other_format(first: bytes) -> str:
    begin = first.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r")
    return next((name for mark, name in _OTHER_FORMATS if begin.startswith(mark)), "")
