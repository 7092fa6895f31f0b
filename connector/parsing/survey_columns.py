"""Headers of survey exports: how many rows they take, what the columns are called, who is who.

One header row is the rule; some tools write two or three (`HeaderStyle`). Which style a file has
is told by the recipe that recognised it. A column may be named in the configuration by its name,
its question or its ImportId; where names are equal, the second is `Other#2`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from connector.parsing.survey_scores import fold
from connector.parsing.tables import unique_names

MAX_HEADER_ROWS = 3
"""No known export has more."""

MAX_QUESTION_CHARS = 1_000
"""Of a longer question only the beginning is shown."""

_IMPORT_ID = "ImportId"
_PLAIN_LABELS = frozenset({"", "response", "open-ended response"})
_CODE = re.compile(r"([^\s.]{1,200})\.\s+(.*)", re.DOTALL)


class HeaderStyle(StrEnum):
    """How names, questions and ids stand in the header."""

    PLAIN = "plain"
    """One row of names."""
    IMPORT_IDS = "import_ids"
    """Qualtrics: names, questions, `{"ImportId": ...}`."""
    NAMES_QUESTIONS = "names_questions"
    """Names, then questions."""
    BLOCKS = "blocks"
    """SurveyMonkey: a question over the first of its columns, then a label for each."""
    CODE_AND_TEXT = "code_and_text"
    """LimeSurvey: `NPS. How likely are you ...` in one row."""

    @property
    def rows(self) -> int:
        """How many rows it takes."""
        return _ROWS.get(self, 1)


_ROWS: Final[Mapping[HeaderStyle, int]] = {
    HeaderStyle.IMPORT_IDS: 3,
    HeaderStyle.NAMES_QUESTIONS: 2,
    HeaderStyle.BLOCKS: 2,
}


class Role(StrEnum):
    """What a column of an export means."""

    ID = "id"
    """The vendor's id of the response; several columns together are one id."""
    SCORE = "score"
    COMMENT = "comment"
    NAME = "name"
    """Several columns (first, last) are joined in the order of the file."""
    EMAIL = "email"
    PHONE = "phone"
    WANTS_CONTACT = "wants_contact"
    """May we contact you?"""
    SUBMITTED_AT = "submitted_at"
    """When it was handed in; of several columns the first that holds a time."""
    UPDATED_AT = "updated_at"
    """When it was changed last; never part of what was answered."""
    LOCATION = "location"
    DEPARTMENT = "department"
    PROVIDER = "provider"
    VISIT_DATE = "visit_date"
    """As written: many tools give month and year only."""
    LANGUAGE = "language"
    PREFERS = "prefers"
    """How they like to be reached: phone, e-mail, text, letter."""
    SMS_CONSENT = "sms_consent"
    """May we send text messages? Yes counts, anything else does not."""
    PATIENT_REF = "patient_ref"
    """The practice's own number of the patient or visit."""
    TAG = "tag"
    """Whatever else people should see beside the ticket."""
    STATUS = "status"
    """Finished, partial, preview, test: values by which a response is told apart."""
    COMPLETE = "complete"
    """Says whether the response was finished: a status with the usual words."""
    IGNORE = "ignore"
    """Nothing; says that the column was considered."""


LABELS: Final = (
    Role.LOCATION,
    Role.DEPARTMENT,
    Role.PROVIDER,
    Role.VISIT_DATE,
    Role.LANGUAGE,
    Role.PREFERS,
    Role.SMS_CONSENT,
    Role.PATIENT_REF,
)
"""Roles that only describe; one column each."""

MANY: Final = frozenset(
    {
        Role.ID,
        Role.SCORE,
        Role.COMMENT,
        Role.NAME,
        Role.SUBMITTED_AT,
        Role.STATUS,
        Role.COMPLETE,
        Role.TAG,
        Role.IGNORE,
    }
)
"""Roles that several columns may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an export."""

    index: int
    """From 0."""
    name: str
    """Unique within the file: a second `Other` is `Other#2`."""
    question: str
    """What the patient was asked, as far as the header tells; else the name."""
    aliases: frozenset[str]
    """Folded names by which it may be meant."""
    code: str = ""
    """Qualtrics' ImportId or LimeSurvey's code: stays when the question is worded anew."""
    zone: str = ""
    """Time zone that the header gives for its times, or empty."""
    blank: bool = False
    """True when the header has no words here; the name is made up then."""


def columns_of(
    header: Sequence[Sequence[str]], style: HeaderStyle = HeaderStyle.PLAIN
) -> tuple[Column, ...]:
    """Make the columns of the header's rows, as many as its widest row has cells."""
    width = max((len(row) for row in header), default=0)
    rows = [tuple(row) + ("",) * (width - len(row)) for row in header]
    blank = ("",) * width
    if style is HeaderStyle.BLOCKS:
        names = _blocks(rows[0], rows[1])
        return _columns(names, names, blank)
    if style is HeaderStyle.CODE_AND_TEXT:
        pairs = [_CODE.fullmatch(name.strip()) for name in rows[0]]
        codes = tuple(pair[1] if pair else "" for pair in pairs)
        texts = tuple(pair[2] if pair else name for pair, name in zip(pairs, rows[0], strict=True))
        return _columns(rows[0], texts, codes)
    questions = rows[1] if len(rows) > 1 else rows[0]
    return _columns(rows[0], questions, rows[-1] if style is HeaderStyle.IMPORT_IDS else blank)


def _blocks(questions: tuple[str, ...], labels: tuple[str, ...]) -> tuple[str, ...]:
    """Join a question that stands over several columns with the label of each."""
    names, current = [], ""
    for question, label in zip(questions, labels, strict=True):
        current = question or current
        names.append(current if fold(label) in _PLAIN_LABELS else f"{current} [{label}]")
    return tuple(names)


def _columns(
    names: tuple[str, ...], questions: tuple[str, ...], imports: tuple[str, ...]
) -> tuple[Column, ...]:
    columns = []
    for index, name in enumerate(unique_names(names)):
        given = _import_id(imports[index])
        import_id, zone = given.get(_IMPORT_ID, ""), given.get("timeZone", "")
        asked = " ".join(questions[index].split()) or name
        aliases = {fold(name), fold(asked), fold(import_id)} - {""}
        columns.append(
            Column(
                index=index,
                name=name,
                question=asked[:MAX_QUESTION_CHARS],
                aliases=frozenset(aliases),
                zone="UTC" if "(utc)" in fold(name) else zone,
                code=import_id,
                blank=not names[index].strip(),
            )
        )
    return tuple(columns)


def _import_id(cell: str) -> dict[str, str]:
    """Read Qualtrics' JSON, or take a bare code as the id."""
    if not cell.lstrip().startswith("{"):
        return {_IMPORT_ID: cell}
    try:
        given = json.loads(cell)
    except (ValueError, RecursionError):
        return {}
    return {key: value for key, value in given.items() if isinstance(value, str)}


def find(wanted: str, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Find the columns that a name means: exactly, or by a folded alias."""
    exact = tuple(column for column in columns if column.name == wanted)
    folded = fold(wanted)
    return exact or tuple(column for column in columns if folded in column.aliases)


def missing_columns(absent: Sequence[str], unclear: Sequence[str]) -> str:
    """Say which columns of the map the file has not, or has more than once."""
    parts = []
    if absent:
        parts.append(f"has no column {_quoted(absent)}")
    if unclear:
        parts.append(f"has more than one column {_quoted(unclear)}")
    return (
        f"The file {' and '.join(parts)} (map of the source). Was the survey edited? "
        "Nothing of the file was read."
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
