"""A row of a survey export becomes a response: answers, contact, consent, status, time, identity.

`ResponseReader` reads rows by a `Layout` (made once a file by `survey_layout`). What tells a known
response from a new or an edited one, `keys_of` and `contents_of`, is read of many rows together,
column by column at the speed of C; everything else is read by `response_of` for the rows that
are new.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import itemgetter
from zoneinfo import ZoneInfo

from connector.domain.response import ANSWER_BYTES
from connector.domain.signal import Contact
from connector.parsing.people import clean_name, email_address, phone_e164
from connector.parsing.remembered import Remembered
from connector.parsing.survey_cells import UNDESCRIBED, described, digests, getter, stripped
from connector.parsing.survey_columns import Column
from connector.parsing.survey_mapping import ANY_FILLED, RANKS, Polarity, Status
from connector.parsing.survey_scores import Scale, Score, fold, score_of
from connector.parsing.survey_times import DateOrder, as_written, mark_of, time_of
from connector.parsing.survey_words import NO_WORDS, YES_WORDS, code_of, yes_or_no

_counting = itemgetter(1)

_FIRST_NAME = re.compile("first|given|vorname|pr\u00e9nom|nombre de pila")
# Who the form tool says was anonymous, in place of an address.
_NO_NAME = frozenset({"anonymous", "anonym", "anonyme", "an\u00f3nimo", "anonimo", "n/a", "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A score column."""

    column: Column
    scale: Scale | None
    """None: only `scales` are known."""
    low_at_most: int | None = None
    """The survey's own limit: failures from the worst score to here."""
    kind_index: int = -1
    """Column that says which of the `scales` an answer is on, or -1."""
    scales: Mapping[str, Scale] = field(default_factory=dict)
    """By folded value of that column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented:
    """A column of free text."""

    column: Column
    polarity: Polarity = Polarity.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The column of "may we contact you?"."""

    index: int
    yes: frozenset[str] = YES_WORDS
    """Folded."""
    no: frozenset[str] = NO_WORDS
    missing: frozenset[str] = frozenset()
    """Folded answers that are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeColumn:
    """A column of times."""

    index: int
    zone: ZoneInfo | None
    """For values that name none; None: the header names one that nobody knows."""
    order: DateOrder
    missing: frozenset[str] = frozenset()
    """Folded values that are no time and no fault."""

    def read(self, cells: Sequence[str]) -> datetime | None:
        """Read it from a row, UTC; None when it is no time, or in a zone that nobody knows."""
        return time_of(cells[self.index], self.zone, self.order) if self.zone else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the rows of one file are read; made from its header, a recipe and the admin's map."""

    recipe: str
    """Name of the recipe that recognised the file; `generic` when none did."""
    shape: str
    """Which of the recipe's layouts, for people."""
    header_rows: int
    columns: tuple[Column, ...]
    needed: int
    """A row has at least so many cells; blank ones of the header's end may be missing."""
    key: tuple[int, ...] = ()
    """Columns of the vendor's key, in the order of its parts; -1 for a part the file has not."""
    key_codes: tuple[str, ...] = ()
    """What the parts of the key are in codes, see `survey_identity.code_of`; as many as parts."""
    added: int = 0
    """So many blank columns stand at the end that the file has not: they are optional."""
    status: tuple[tuple[int, Mapping[str, Status]], ...] = ()
    """Column and the status by folded value; `*` stands for any other filled one."""
    scores: tuple[Asked, ...] = ()
    comments: tuple[Commented, ...] = ()
    wants_contact: Consent | None = None
    names: tuple[Column, ...] = ()
    email: int = -1
    """Column, or -1."""
    phone: int = -1
    region: str = ""
    """ISO 3166 code for numbers without a country."""
    submitted: tuple[TimeColumn, ...] = ()
    """The first one that holds a time counts."""
    updated: TimeColumn | None = None
    labels: tuple[tuple[str, int], ...] = ()
    """Name of a describing role (`location`, `tag` ...) and its column."""
    unmapped: tuple[Column, ...] = ()
    """Columns that nobody said anything about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """One answer on a scale."""

    column: Column
    """What was asked."""
    scale: Scale
    score: Score
    low_at_most: int | None
    """As of `Asked`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One answer in words; never blank."""

    question: str
    words: str
    polarity: Polarity


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One person's response, as far as its row tells."""

    number: int
    """Row of the file, from 1 over everything that is not blank, headers too."""
    key: tuple[str, ...]
    """The vendor's key, part by part; empty when the tool or this row gives none."""
    content: bytes
    """16-byte digest of what was answered; see `ResponseReader.content_of`."""
    status: Status
    submitted_at: datetime | None
    """UTC."""
    submitted_text: str
    """The time as it is written; for identities of responses without a key."""
    submitted_at_unclear: bool
    """True when there is a text that is no time."""
    updated_at: datetime | None
    """UTC; None when it is not told."""
    scores: tuple[Rated, ...]
    """In the order of the columns; blank answers are left out."""
    comments: tuple[Comment, ...]
    """In the order of the columns."""
    contact: Contact
    wants_contact: bool | None
    """True or False where the person said so; None when blank, unclear or not asked."""
    wants_contact_unclear: bool
    """True when there is an answer that is neither yes nor no."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Location, department, provider, visit date, language ..., as far as filled."""

    @property
    def text(self) -> str:
        """All comments, each under its question."""
        return "\n\n".join(f"{one.question}\n{one.words}" for one in self.comments)

    @property
    def words(self) -> str:
        """The comments alone."""
        return "\n\n".join(one.words for one in self.comments)


class ResponseReader:
    """Reads the rows of one file; remembers what frequent answers mean."""

    def __init__(self, layout: Layout) -> None:
        """Read rows by this layout; every row must have as many cells as it has columns."""
        self.layout = layout
        self._scores = [
            Remembered[tuple[str, str], tuple[Rated | None, str]](partial(_rate, asked))
            for asked in layout.scores
        ]
        self._consents = Remembered[str, tuple[bool | None, str]](self._consent)
        self._statuses = Remembered[tuple[str, ...], Status](self._status)
        self._status_cells = getter([index for index, _ in layout.status])
        self._descriptions = Remembered[tuple[str, ...], bytes](described)
        self._described = getter([index for _, index in layout.labels])
        self._verbatim = [
            *(one.column.index for one in layout.comments),
            *(column.index for column in layout.names),
            *((layout.email,) if layout.email >= 0 else ()),
        ]

    def key_of(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Give the vendor's key, part by part; empty when all parts are blank."""
        parts = tuple(cells[index].strip() if index >= 0 else "" for index in self.layout.key)
        if any(self.layout.key_codes):
            parts = tuple(map(code_of, parts, self.layout.key_codes))
        return parts if any(parts) else ()

    def keys_of(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """Give the parts of each row's key, joined by `|`; blank parts at the ends count not."""
        if any(self.layout.key_codes):
            return ["|".join(self.key_of(cells)).strip("|") for cells in rows]
        blank = [""] * len(rows)
        parts = [stripped(rows, index) if index >= 0 else blank for index in self.layout.key] or [
            blank
        ]
        return [joined.strip("|") for joined in map("|".join, zip(*parts, strict=True))]

    def content_of(self, cells: Sequence[str]) -> bytes:
        """Digest what was answered in one row; as of `contents_of`."""
        return self.contents_of((cells,))[0]

    def contents_of(self, rows: Sequence[Sequence[str]]) -> list[bytes]:
        """Digest what was answered: the same answer gives the same digest in every export.

        Scores and consent count by their meaning (a number or its label), words by themselves
        without the white space around them; times and names and places of columns do not
        count. 16 bytes each; the last ones are about what describes the response, see
        `connector.domain.response.same_answers`.
        """
        layout = self.layout
        columns: list[Iterable[str]] = [self.statuses_of(rows)]
        for meanings, asked in zip(self._scores, layout.scores, strict=True):
            kind = asked.kind_index
            given = map(itemgetter(asked.column.index), rows)
            kinds = map(itemgetter(kind), rows) if kind >= 0 else [""] * len(rows)
            columns.append(
                map(_counting, map(meanings.__getitem__, zip(given, kinds, strict=True)))
            )
        if layout.wants_contact is not None:
            given = map(itemgetter(layout.wants_contact.index), rows)
            columns.append(map(_counting, map(self._consents.__getitem__, given)))
        columns += [stripped(rows, index) for index in self._verbatim]
        if layout.phone >= 0:  # as a number, in a workbook, or with the mark of a text
            phones = stripped(rows, layout.phone)
            columns.append([one.lstrip("'").removesuffix(".0") for one in phones])
        answers = digests(columns, ANSWER_BYTES)
        if not layout.labels:
            return [one + UNDESCRIBED for one in answers]
        about = map(self._descriptions.__getitem__, map(self._described, rows))
        return [one + other for one, other in zip(answers, about, strict=True)]

    def status_of(self, cells: Sequence[str]) -> Status:
        """Say how far the response came; of several columns the gravest counts."""
        return self._statuses[self._status_cells(cells)]

    def statuses_of(self, rows: Sequence[Sequence[str]]) -> list[Status]:
        """Say of each row how far the response came."""
        return list(map(self._statuses.__getitem__, map(self._status_cells, rows)))

    def _status(self, given: tuple[str, ...]) -> Status:
        told = zip(given, self.layout.status, strict=True)
        found = [_status(fold(value), meanings) for value, (_, meanings) in told]
        return max(found, key=RANKS.__getitem__, default=Status.UNKNOWN)

    def submitted_of(self, cells: Sequence[str]) -> tuple[datetime | None, str]:
        """Give the first time of the row in UTC and its text; without any time the first text."""
        first = ""
        for column in self.layout.submitted:
            text = cells[column.index].strip()
            if column.missing and fold(text) in column.missing:
                continue
            if text and (when := column.read(cells)) is not None:
                return when, text
            first = first or text
        return None, first

    def mark_of(self, cells: Sequence[str]) -> str:
        """Name the time of the row as it is written; empty without one."""
        for column in self.layout.submitted:
            text = cells[column.index]
            if column.zone is None or (column.missing and fold(text) in column.missing):
                continue
            if text.strip() and (when := as_written(text, column.zone, column.order)) is not None:
                return mark_of(when)
        return ""

    def response_of(self, number: int, cells: Sequence[str]) -> Response:
        """Read one row that is as wide as the header."""
        layout = self.layout
        wanted = cells[layout.wants_contact.index] if layout.wants_contact else ""
        wants_contact, _ = self._consents[wanted]
        submitted_at, submitted_text = self.submitted_of(cells)
        return Response(
            number=number,
            key=self.key_of(cells),
            content=self.content_of(cells),
            status=self.status_of(cells),
            submitted_at=submitted_at,
            submitted_text=submitted_text,
            submitted_at_unclear=bool(submitted_text) and submitted_at is None,
            updated_at=layout.updated.read(cells) if layout.updated else None,
            scores=self._rated(cells),
            comments=tuple(
                Comment(
                    question=one.column.question,
                    words=cells[one.column.index].strip(),
                    polarity=one.polarity,
                )
                for one in layout.comments
                if cells[one.column.index].strip()
            ),
            contact=_contact(cells, layout),
            wants_contact=wants_contact,
            wants_contact_unclear=bool(self._unclear(wanted)) and wants_contact is None,
            labels=_labels(cells, layout),
        )

    def _rated(self, cells: Sequence[str]) -> tuple[Rated, ...]:
        answers = [
            meanings[cells[asked.column.index], cells[kind] if kind >= 0 else ""][0]
            for meanings, asked in zip(self._scores, self.layout.scores, strict=True)
            for kind in (asked.kind_index,)
        ]
        return tuple(rated for rated in answers if rated is not None)

    def _unclear(self, given: str) -> str:
        """Give what stands in the place of consent, folded; blank when it means nothing."""
        folded, consent = fold(given), self.layout.wants_contact
        return "" if consent is not None and folded in consent.missing else folded

    def _consent(self, given: str) -> tuple[bool | None, str]:
        """Read consent, and how it counts."""
        unclear, consent = self._unclear(given), self.layout.wants_contact
        said = yes_or_no(given, consent.yes, consent.no) if consent and unclear else None
        return said, unclear if said is None else str(said)


def _rate(asked: Asked, answer: tuple[str, str]) -> tuple[Rated | None, str]:
    """Read an answer on a scale and the kind beside it, and how it counts; None: it means none."""
    given, kind = answer
    scale = asked.scales.get(fold(kind), asked.scale)
    score = score_of(given, scale) if scale else None
    if scale is None or score is None or (score.value is None and not score.problem):
        return None, ""
    rated = Rated(column=asked.column, scale=scale, score=score, low_at_most=asked.low_at_most)
    return rated, score.given if score.value is None else str(score.value)


def _status(folded: str, meanings: Mapping[str, Status]) -> Status:
    if folded in meanings:
        return meanings[folded]
    return meanings.get(ANY_FILLED, Status.UNKNOWN) if folded else Status.UNKNOWN


def _contact(cells: Sequence[str], layout: Layout) -> Contact:
    named = [(column, cells[column.index].strip()) for column in layout.names]
    in_order = sorted(named, key=lambda pair: not _FIRST_NAME.search(fold(pair[0].name)))
    name = clean_name(" ".join(part for _, part in in_order if part))
    phone = cells[layout.phone] if layout.phone >= 0 else ""
    return Contact(
        name="" if fold(name) in _NO_NAME else name,
        email=email_address(cells[layout.email]) if layout.email >= 0 else "",
        phone=phone_e164(phone, layout.region) if phone.strip() else "",
    )


def _labels(cells: Sequence[str], layout: Layout) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, index in layout.labels:
        value = " ".join(cells[index].split())
        if value:
            found[name] = f"{found[name]}; {value}" if name in found else value
    return found
