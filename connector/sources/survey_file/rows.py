"""One export to items: a signal for each response, a problem for each row that is none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from connector.domain.practice import Practice
from connector.domain.signal import Channel, Fact, Item, Signal, Unreadable
from connector.parsing import survey_recipes
from connector.parsing.survey_columns import MAX_HEADER_ROWS
from connector.parsing.survey_layout import Refusal, Wishes, lay_out
from connector.parsing.survey_mapping import Status
from connector.parsing.survey_times import DateOrder
from connector.parsing.surveys import Layout, Rated, Response, ResponseReader
from connector.parsing.tables import BadRow, Entry, Examined, Row, fit, read_rows
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
        rows = [entry.cells for entry in head[:MAX_HEADER_ROWS] if isinstance(entry, Row)]
        layout = lay_out(rows, self._wishes())
        if isinstance(layout, Refusal):
            yield self._refuse(layout.problem)
            return
        if not all(isinstance(entry, Row) for entry in head[: layout.header_rows]):
            yield self._refuse("The header is no CSV. Nothing of the file was read.")
            return
        reader = ResponseReader(layout)
        for entry in chain(head[layout.header_rows :], entries):
            if self._identities.full:
                yield self._refuse(
                    f"More than {MAX_REMEMBERED} responses have no id: map the column of the id."
                )
                return
            yield self._item(entry, reader)

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

    def _item(self, entry: Entry, reader: ResponseReader) -> Item:
        layout = reader.layout
        wide = fit(entry, len(layout.columns), layout.needed) if isinstance(entry, Row) else entry
        if isinstance(wide, BadRow):
            return self._bad(wide)
        response = reader.response_of(wide.number, wide.cells)
        if self._identities.clashes(response):
            problem = (
                "The row has the id of an earlier row and other content: is more than one column "
                "the id?"
            )
            return self._bad(BadRow(number=wide.number, problem=problem, text=wide.text))
        return self._signal(wide, response, layout)

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

    def _signal(self, row: Row, response: Response, layout: Layout) -> Signal:
        return Signal(
            tenant=self._practice.tenant,
            source=self._options.name,
            natural_key=self._identities.key(response),
            locator=f"{self._path}#{row.number}",
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
