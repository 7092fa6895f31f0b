"""A row of a survey export becomes an answer: score, words, contact, consent, time, identity."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.domain.signal import Contact
from connector.parsing.people import clean_name, email_address, phone_e164
from connector.parsing.survey_columns import Column, Role
from connector.parsing.survey_scores import Scale, Score, fold, score_of
from connector.parsing.survey_times import DateOrder, time_of

YES_WORDS = frozenset(
    {"yes", "y", "true", "1", "x", "checked", "ja", "oui", "si", "s\u00ed", "sim"}
)
"""Folded answers that mean yes, also with more words behind (`Yes, please call`)."""
NO_WORDS = frozenset({"no", "n", "false", "0", "nein", "non", "n\u00e3o", "unchecked"})
"""Folded answers that mean no."""
COMPLETE_WORDS = frozenset({"1", "2", "true", "yes", "completed", "complete", "finished", "100"})
"""Folded values that say that a response is finished (Qualtrics 1, REDCap 2, Typeform)."""

_FIRST_NAME = re.compile("first|given|vorname")
# Who the form tool says was anonymous, in place of an address.
_NO_NAME = frozenset({"anonymous", "anonym", "n/a", "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the rows of one file are read."""

    columns: Mapping[Role, tuple[Column, ...]]
    """The columns of each role that is mapped."""
    scale: Scale | None
    """Of the score column; None without one."""
    zone: ZoneInfo
    """For times without a zone."""
    date_order: DateOrder
    region: str
    """ISO 3166 code for numbers without a country."""
    yes_words: frozenset[str] = YES_WORDS
    no_words: frozenset[str] = NO_WORDS
    complete_words: frozenset[str] = COMPLETE_WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One person's response."""

    vendor_id: str
    """As the survey tool gives it, several columns joined by `|`; empty without one."""
    content_hash: str
    """Hex digest over everything that is mapped; an edited response has another one."""
    score: Score
    question: str
    """The question of the score, or empty."""
    comments: tuple[tuple[str, str], ...]
    """Question and answer, in the order of the file; blank answers are left out."""
    contact: Contact
    wants_contact: bool | None
    """True or False where the person said so; None when blank, unclear or not asked."""
    wants_contact_unclear: bool
    """True when there is an answer that is neither yes nor no."""
    submitted_at: datetime | None
    """UTC."""
    submitted_at_unclear: bool
    """True when there is a text that is no time."""
    complete: bool | None
    """None when no column tells."""
    labels: Mapping[str, str]
    """Location, department and provider, as far as they are mapped and filled."""

    @property
    def text(self) -> str:
        """All comments, each under its question."""
        return "\n\n".join(f"{question}\n{words}" for question, words in self.comments)

    @property
    def words(self) -> str:
        """The comments alone."""
        return "\n\n".join(words for _, words in self.comments)


def answer_of(cells: tuple[str, ...], reading: Reading) -> Answer:
    """Read one row as wide as the header."""
    values = {
        role: tuple(cells[column.index].strip() for column in columns)
        for role, columns in reading.columns.items()
    }
    wanted = _first(values, Role.WANTS_CONTACT)
    wants_contact = yes_or_no(wanted, reading)
    when = _first(values, Role.SUBMITTED_AT)
    submitted_at = _time(when, reading)
    score_columns = reading.columns.get(Role.SCORE, ())
    return Answer(
        vendor_id="|".join(values.get(Role.ID, ())).strip("|"),
        content_hash=_digest(values),
        score=score_of(_first(values, Role.SCORE), reading.scale) if reading.scale else Score(),
        question=score_columns[0].question if score_columns else "",
        comments=_comments(values, reading),
        contact=_contact(values, reading),
        wants_contact=wants_contact,
        wants_contact_unclear=bool(wanted) and wants_contact is None,
        submitted_at=submitted_at,
        submitted_at_unclear=bool(when) and submitted_at is None,
        complete=_complete(values, reading),
        labels={
            role.value: _first(values, role)
            for role in (Role.LOCATION, Role.DEPARTMENT, Role.PROVIDER)
            if _first(values, role)
        },
    )


def yes_or_no(text: str, reading: Reading) -> bool | None:
    """Read consent: a known word, or a known word in front of more; blank is neither."""
    folded = fold(text)
    first = folded.replace(",", " ").replace(".", " ").split(" ", 1)[0]
    for candidate in (folded, first):
        if candidate in reading.no_words:
            return False
        if candidate in reading.yes_words:
            return True
    return None


def _first(values: Mapping[Role, tuple[str, ...]], role: Role) -> str:
    return values[role][0] if role in values else ""


def _digest(values: Mapping[Role, tuple[str, ...]]) -> str:
    """Hash the mapped values by role: names and places of columns do not count."""
    kept = {role.value: cells for role, cells in values.items() if role is not Role.IGNORE}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _comments(
    values: Mapping[Role, tuple[str, ...]], reading: Reading
) -> tuple[tuple[str, str], ...]:
    columns = reading.columns.get(Role.COMMENT, ())
    cells = values.get(Role.COMMENT, ())
    return tuple(
        (column.question, words) for column, words in zip(columns, cells, strict=True) if words
    )


def _contact(values: Mapping[Role, tuple[str, ...]], reading: Reading) -> Contact:
    named = zip(reading.columns.get(Role.NAME, ()), values.get(Role.NAME, ()), strict=True)
    in_order = sorted(named, key=lambda pair: not _FIRST_NAME.search(fold(pair[0].name)))
    name = clean_name(" ".join(part for _, part in in_order))
    return Contact(
        name="" if fold(name) in _NO_NAME else name,
        email=email_address(_first(values, Role.EMAIL)),
        phone=phone_e164(_first(values, Role.PHONE), reading.region),
    )


def _time(text: str, reading: Reading) -> datetime | None:
    columns = reading.columns.get(Role.SUBMITTED_AT, ())
    zone = reading.zone
    if columns and columns[0].zone:
        try:
            zone = ZoneInfo(columns[0].zone)
        except (ValueError, OSError, KeyError):
            return None  # the header names a zone that nobody knows
    return time_of(text, zone, reading.date_order)


def _complete(values: Mapping[Role, tuple[str, ...]], reading: Reading) -> bool | None:
    if Role.COMPLETE not in values:
        return None
    return fold(_first(values, Role.COMPLETE)) in reading.complete_words
