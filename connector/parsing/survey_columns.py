"""Headers of survey exports: how many rows they take, what the columns are called, who is who.

One header row is the rule. Qualtrics writes three (name, question, `{"ImportId": ...}`) or, in
old exports, two; SurveyMonkey two (question over a block of columns, then labels). A column may
be named in the configuration by its name, its question or its ImportId.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.parsing.survey_scores import fold
from connector.parsing.tables import unique_names

MAX_HEADER_ROWS = 3
"""No known export has more."""

_IMPORT_ID = '{"ImportId"'
_PLAIN_LABELS = frozenset({"", "response", "open-ended response"})


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
    LOCATION = "location"
    DEPARTMENT = "department"
    PROVIDER = "provider"
    COMPLETE = "complete"
    """Says whether the response was finished."""
    IGNORE = "ignore"
    """Nothing; says that the column was considered."""


MANY = frozenset({Role.ID, Role.COMMENT, Role.NAME, Role.IGNORE})
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
    zone: str = ""
    """Time zone that the header gives for its times, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Columns that the configuration names and the file does not have."""

    problem: str
    """One sentence that names them."""


def header_rows_of(rows: Sequence[tuple[str, ...]]) -> int:
    """Tell from the first three rows how many of them are header."""
    first = rows[0] if rows else ()
    if len(rows) > 2 and any(cell.startswith(_IMPORT_ID) for cell in rows[2]):  # noqa: PLR2004 - a third row
        return 3
    if len(rows) < 2 or not first:  # noqa: PLR2004 - no second row
        return 1
    second = [fold(cell) for cell in rows[1]]
    if first[0] == "V1" and "responseid" in second:
        return 2
    labels = {"response", "open-ended response"} & set(second)
    if fold(first[0]) in {"respondent id", "respondentid"} and labels and not second[0]:
        return 2
    return 1


def columns_of(header: Sequence[tuple[str, ...]]) -> tuple[Column, ...]:
    """Make the columns of one to three header rows."""
    width = max(len(row) for row in header)
    rows = [tuple(row) + ("",) * (width - len(row)) for row in header]
    if len(rows) == 1:
        return _columns(rows[0], rows[0], ("",) * width)
    imports = rows[2] if len(rows) == MAX_HEADER_ROWS else ("",) * width
    if len(rows) == MAX_HEADER_ROWS or rows[0][0] == "V1":
        return _columns(rows[0], rows[1], imports)
    names = _blocks(rows[0], rows[1])
    return _columns(names, names, imports)


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
        import_id, zone = given.get("ImportId", ""), given.get("timeZone", "")
        asked = " ".join(questions[index].split()) or name
        aliases = {fold(name), fold(asked), fold(import_id)} - {""}
        columns.append(
            Column(
                index=index,
                name=name,
                question=asked,
                aliases=frozenset(aliases),
                zone="UTC" if "(utc)" in fold(name) else zone,
            )
        )
    return tuple(columns)


def _import_id(cell: str) -> dict[str, str]:
    if not cell.startswith(_IMPORT_ID):
        return {}
    try:
        given = json.loads(cell)
    except (ValueError, RecursionError):
        return {}
    return {key: value for key, value in given.items() if isinstance(value, str)}


def assign(
    mapping: Mapping[str, Role], columns: Sequence[Column]
) -> Mapping[Role, tuple[Column, ...]] | Missing:
    """Find every column that the configuration names: exactly, or by a folded alias.

    A column that is not there, or that an alias means twice, is reported: a survey that was
    edited must not turn into silent blanks.
    """
    found: dict[Role, list[Column]] = {}
    absent: list[str] = []
    unclear: list[str] = []
    for wanted, role in mapping.items():
        exact = [column for column in columns if column.name == wanted]
        matches = exact or [column for column in columns if fold(wanted) in column.aliases]
        if len(matches) == 1:
            found.setdefault(role, []).append(matches[0])
        elif role is not Role.IGNORE:
            (unclear if matches else absent).append(wanted)
    if absent or unclear:
        return Missing(problem=_missing(absent, unclear))
    return {role: tuple(sorted(those, key=lambda c: c.index)) for role, those in found.items()}


def _missing(absent: Sequence[str], unclear: Sequence[str]) -> str:
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
