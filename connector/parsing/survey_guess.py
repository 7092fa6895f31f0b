"""Guesses what the columns of an export are, from their names and a sample; for inspection.

Rather nothing than wrong: a role is guessed only from questions that mean it in exports known
(`survey_questions.toml`), and a scale only where question and answers agree. What a guess says
about the direction of numbers is what is usual, for a person to confirm.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeAlias

from connector.parsing.recipes import Finder, compiled
from connector.parsing.survey_columns import MANY, Column, Role
from connector.parsing.survey_mapping import Mapped, Polarity
from connector.parsing.survey_scores import MISSING, SCALES, Direction, ScoreKind, fold

MAX_NAME_CHARS = 400
"""Nothing is guessed from a longer name."""
MAX_ANSWERS = 12
"""A question with more different answers is no scale."""

Values: TypeAlias = Mapping[int, Sequence[str]]
"""A sample of cells by column."""

_BY_WORDS = (
    ScoreKind.FFT,
    ScoreKind.CSAT5,
    ScoreKind.CAHPS4,
    ScoreKind.CES7,
    ScoreKind.CES5,
    ScoreKind.THUMBS,
    ScoreKind.FACES,
    ScoreKind.STARS5,
)
_SURE_BY_WORDS = frozenset({ScoreKind.FFT, ScoreKind.CSAT5})
_FIVE = 5
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,63}(?:\.[^@\s.]{1,63}){1,8}")
_PHONE = re.compile(r"(?:\d\D{0,3}){6}\d", re.ASCII)
_LEADING = re.compile(r"\d{1,3}(?=\D|$)", re.ASCII)
_FIGURE = re.compile(r"\d{1,9}(?:[.,]\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Questions:
    """The patterns of `survey_questions.toml`."""

    roles: Sequence[tuple[Role, Polarity, Finder]]
    kinds: Sequence[tuple[ScoreKind, Finder]]
    derived: Finder
    low_is_good: Finder


def _one_of(table: Mapping[str, Any]) -> Finder:
    return compiled("^(?:" + "|".join(f"(?:{one})" for one in table["patterns"]) + ")$")


@lru_cache(maxsize=1)
def _questions() -> _Questions:
    file = files("connector.parsing").joinpath("survey_questions.toml")
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return _Questions(
        roles=[
            (Role(one["role"]), Polarity(one.get("polarity", "open")), _one_of(one))
            for one in tables["role"]
        ],
        kinds=[(ScoreKind(one["kind"]), _one_of(one)) for one in tables["kind"]],
        derived=_one_of(tables["derived"]),
        low_is_good=_one_of(tables["low_is_good"]),
    )


def guess(
    columns: Sequence[Column], values: Values | None = None
) -> Sequence[tuple[Column, Mapped]]:
    """Give each role to the first column that fits it best, comments and scores to all that do.

    Columns that nothing is known about are missing, and so is a score whose scale neither
    question nor answers give away.
    """
    seen = {index: _answers(cells) for index, cells in (values or {}).items()}
    known = _questions()
    open_columns = [column for column in columns if not _asks(column, known.derived)]
    found: dict[int, tuple[Column, Mapped]] = {}
    roles: set[Role] = set()
    for role, polarity, pattern in known.roles:
        for column in open_columns:
            one_only = role not in MANY or role is Role.ID
            if column.index in found or (one_only and role in roles):
                continue
            if _asks(column, pattern):
                mapped = _mapped(column, role, polarity, seen.get(column.index, []))
                if mapped is not None:
                    found[column.index] = (column, mapped)
                    roles.add(mapped.role)
    for column in open_columns:
        by_answers = _by_answers(seen.get(column.index, []), roles)
        if column.index not in found and by_answers is not None:
            found[column.index] = (column, by_answers)
            roles.add(by_answers.role)
    return list(found.values())


def _asks(column: Column, pattern: Finder) -> bool:
    return any(pattern.search(alias) for alias in column.aliases if len(alias) <= MAX_NAME_CHARS)


def _answers(values: Sequence[str]) -> list[str]:
    """Give the answers of a sample, folded; what means no answer is left out."""
    folded = (fold(value) for value in values)
    return [value for value in folded if value and value not in MISSING]


def _mapped(  # noqa: PLR0911 - one line for each role that answers can speak against
    column: Column, role: Role, polarity: Polarity, answers: Sequence[str]
) -> Mapped | None:
    """Say what a column of this role is, when its answers do not speak against it."""
    if role is Role.SCORE:
        return _score(column, answers)
    if role is Role.COMMENT:
        figures = bool(answers) and all(map(_FIGURE.fullmatch, answers))
        return None if figures else Mapped(role=role, polarity=polarity)
    if role is Role.ID:
        return Mapped(role=role) if len(set(answers)) == len(answers) else None
    if role is Role.PHONE and answers:
        return Mapped(role=role) if any(map(_PHONE.search, answers)) else None
    if role is Role.WANTS_CONTACT and answers and set(answers) <= {"1", "2"}:
        return Mapped(role=role, yes=("1",), no=("2",))
    if role is Role.EMAIL:
        named = [answer for answer in answers if answer != "anonymous"]
        return None if named and not any(map(_ADDRESS.fullmatch, named)) else Mapped(role=role)
    return Mapped(role=role)


def _score(column: Column, answers: Sequence[str]) -> Mapped | None:
    distinct = set(answers)
    if len(distinct) > MAX_ANSWERS:
        return None
    kinds = (kind for kind, one in _questions().kinds if _asks(column, one))
    asked = next(kinds, ScoreKind.CSAT5)
    worded = _worded(distinct)
    kind: ScoreKind | None = asked
    if (worded is not None and not _numbers(distinct)) or (distinct and not _fits(asked, distinct)):
        kind = worded
    if kind is ScoreKind.CES7 and max(_numbers(distinct), default=9) <= _FIVE:
        kind = ScoreKind.CES5
    if kind is None:
        return None
    return Mapped(role=Role.SCORE, kind=kind, direction=_direction(column, kind))


def _numbers(distinct: set[str]) -> list[int]:
    leading = map(_LEADING.match, distinct)
    return [int(match[0]) for match in leading if match]


def _worded(distinct: set[str]) -> ScoreKind | None:
    """Name the scale whose labels all of the answers in words are."""
    words = {answer for answer in distinct if not _LEADING.match(answer)}
    if not words:
        return None
    return next((kind for kind in _BY_WORDS if words <= set(SCALES[kind].labels)), None)


def _fits(kind: ScoreKind, distinct: set[str]) -> bool:
    """Say whether all answers are on the scale."""
    scale = SCALES[kind]
    return all(
        answer in scale.labels
        or ((match := _LEADING.match(answer)) and scale.lowest <= int(match[0]) <= scale.highest)
        for answer in distinct
    )


def _direction(column: Column, kind: ScoreKind) -> Direction:
    if kind is not ScoreKind.NPS and _asks(column, _questions().low_is_good):
        return Direction.LOW_IS_GOOD
    return Direction.HIGH_IS_GOOD


def _by_answers(answers: Sequence[str], roles: set[Role]) -> Mapped | None:
    """Say what the answers alone tell: an address, or the labels of a scale."""
    if Role.EMAIL not in roles and answers and all(map(_ADDRESS.fullmatch, answers)):
        return Mapped(role=Role.EMAIL)
    distinct = set(answers)
    if not 1 < len(distinct) <= MAX_ANSWERS or _numbers(distinct):
        return None
    kind = _worded(distinct)
    if kind not in _SURE_BY_WORDS:
        return None
    return Mapped(role=Role.SCORE, kind=kind, direction=Direction.HIGH_IS_GOOD)
