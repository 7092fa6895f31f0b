"""Guesses what the columns of an export are, from their names and a sample; for inspection.

Rather nothing than wrong: a role is guessed only from questions that mean it in exports known
(`survey_questions.toml`), and a scale only where question and answers agree. What a guess says
about the direction of numbers is what is usual, for a person to confirm.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, TypeAlias

from connector.parsing.recipes import Finder, compiled
from connector.parsing.survey_columns import MANY, Column, Role
from connector.parsing.survey_mapping import Mapped, Polarity
from connector.parsing.survey_scores import MISSING, SCALES, Direction, ScoreKind, fold
from connector.parsing.survey_words import yes_or_no
from connector.parsing.tables import MAX_COLUMNS

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
_WHOLE = re.compile(r"\d{1,3}(?=$|\s*[-(:=]\s*\D)", re.ASCII)
_RANGE = re.compile(
    r"\b(\d{1,2})\s*(?:-|\u2013|to|bis|\u00e0|a|al|at\u00e9|tot|=[^0-9]{1,40}?)\s*(\d{1,3})\b(?!\s*(?:minut|hour|day|week|month|%))"
)
_DATED = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}|\b\d{4}\b|^\d{9,13}$")
_LABEL = re.compile(r"\[([^\[\]]{1,200})\]\s*$")
_TEST = re.compile("(?:is[ _]?)?(?:test|preview)(?:[ _](?:data|response|entry))?")
_AGREED = re.compile("i (?:do not |don't )?(?:agree|consent|accept)|(?:dis)?agree|accept|declin")
_REFUSED = re.compile("i (?:do not|don't|decline)|disagree|declin|nicht|no\\b|nein|non\\b")
_TICKED = frozenset({"checked", "unchecked", "selected", "not selected", "x", "yes", "no"})
_CAMEL = re.compile("([a-z0-9])([A-Z])")
_ONE_WORD = str.maketrans("_.-", "   ")
_DONE = re.compile("complet|finish|submitted|done")
_USUAL_ENDS = frozenset({(1, 5), (1, 7)})
_SEVEN, _TEN = 7, 10
MAX_HIGHEST = 100
"""A scale of one's own has no higher end in a guess."""
_FIGURE = re.compile(r"\d{1,9}(?:[.,]\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Questions:
    """The patterns of `survey_questions.toml`."""

    roles: Sequence[tuple[Role, Polarity, Finder]]
    kinds: Sequence[tuple[ScoreKind, Finder]]
    derived: Finder
    choices: Finder
    agreement: Finder
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
        choices=_one_of(tables["choices"]),
        agreement=_one_of(tables["agreement"]),
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
    for column in open_columns:
        agreed = _agreement(column, seen.get(column.index, []))
        if agreed is not None:
            found[column.index] = (column, agreed)
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
    """Say whether a pattern fits the column, also where its name is written as one word."""
    return any(
        pattern.search(alias)
        for alias in (*column.aliases, _in_words(column.name), *_last_words(column.name))
        if len(alias) <= MAX_NAME_CHARS
    )


@lru_cache(maxsize=MAX_COLUMNS)
def _in_words(name: str) -> str:
    """Take a name like `PATIENT_PHONE`, `RcvDate` or `contact.email` apart."""
    if " " in name or len(name) > MAX_NAME_CHARS:
        return fold(name[:MAX_NAME_CHARS])
    return fold(_CAMEL.sub(r"\1 \2", name).translate(_ONE_WORD))


def _last_words(name: str) -> Sequence[str]:
    """Give the last part of a name of JSON, such as `answers.why_comment`."""
    _, dot, last = name.rpartition(".")
    return (_in_words(last),) if dot and last and " " not in name else ()


def _answers(values: Sequence[str]) -> list[str]:
    """Give the answers of a sample, folded; what means no answer is left out."""
    folded = (fold(value) for value in values)
    return [value for value in folded if value and value not in MISSING]


def _mapped(
    column: Column, role: Role, polarity: Polarity, answers: Sequence[str]
) -> Mapped | None:
    """Say what a column of this role is, when its answers do not speak against it."""
    if role is Role.SCORE:
        return _score(column, answers)
    if role is Role.COMMENT:
        return Mapped(role=role, polarity=polarity) if _invites(column, answers) else None
    if role is Role.STATUS:
        return _status(column, answers)
    if role is Role.WANTS_CONTACT and answers and set(answers) <= {"1", "2"}:
        return Mapped(role=role, yes=("1",), no=("2",))
    against = _AGAINST.get(role)
    return None if answers and against is not None and against(answers) else Mapped(role=role)


def _all_yes_or_no(answers: Sequence[str]) -> bool:
    return all(yes_or_no(answer) is not None for answer in answers)


_AGAINST: Final[Mapping[Role, Callable[[Sequence[str]], bool]]] = {
    Role.ID: lambda answers: len(set(answers)) < len(answers),
    Role.PHONE: lambda answers: not any(map(_PHONE.search, answers)),
    Role.EMAIL: lambda answers: (
        not any(answer == "anonymous" or _ADDRESS.fullmatch(answer) for answer in answers)
    ),
    Role.WANTS_CONTACT: lambda answers: (
        not any(yes_or_no(answer) is not None for answer in answers)
    ),
    Role.SUBMITTED_AT: lambda answers: not any(map(_DATED.search, answers)),
    Role.LOCATION: lambda answers: _named_by_figures(answers) or _all_yes_or_no(answers),
    Role.PROVIDER: _all_yes_or_no,
    Role.DEPARTMENT: _all_yes_or_no,
}
"""By role: which answers speak against it."""


def _named_by_figures(answers: Sequence[str]) -> bool:
    """Say whether the answers are coordinates or the like."""
    return all("." in answer and _FIGURE.fullmatch(answer.lstrip("-")) for answer in answers)


def _invites(column: Column, answers: Sequence[str]) -> bool:
    """Say whether a question invites words: no figures, no boxes that were ticked."""
    if _asks(column, _questions().choices):
        return False
    if not answers:
        return True
    if all(map(_FIGURE.fullmatch, answers)) or all(one in _TICKED for one in answers):
        return False
    distinct = set(answers)
    label = _LABEL.search(column.name)
    ticked = label is not None and distinct == {fold(label[1])}
    return not ticked and _worded(distinct) not in _SURE_BY_WORDS


def _agreement(column: Column, answers: Sequence[str]) -> Mapped | None:
    """Say which answers mean that somebody does not take part."""
    if not answers or not _asks(column, _questions().agreement):
        return None
    if not all(yes_or_no(answer) is not None or _AGREED.match(answer) for answer in answers):
        return None
    refused = {one for one in answers if _REFUSED.match(one) or yes_or_no(one) is False}
    return Mapped(role=Role.STATUS, no_consent=tuple(sorted({"no", *refused})))


def _status(column: Column, answers: Sequence[str]) -> Mapped | None:
    """Say which status each answer is; nothing where one of them is unknown."""
    if not answers:
        return None
    name = column.aliases
    if any(_TEST.fullmatch(alias) for alias in name):
        field = "preview" if any("preview" in alias for alias in name) else "test"
        yes = tuple(word for word in ("true", "yes", "1") if word in answers)
        return Mapped.model_validate({"role": Role.STATUS, field: yes}) if yes else None
    if _all_yes_or_no(answers):
        return Mapped(role=Role.COMPLETE) if any(map(_DONE.search, name)) else None
    found: dict[str, set[str]] = {}
    for answer in answers:
        status = next((one for one, words in _STATUSES.items() if answer in words), None)
        if status is None:
            return None
        found.setdefault(status, set()).add(answer)
    whole = {name: tuple(sorted(words)) for name, words in found.items()}
    return Mapped.model_validate({"role": Role.STATUS, **whole})


_STATUSES: Final[Mapping[str, frozenset[str]]] = {
    "complete": frozenset(
        {"complete", "completed", "submitted", "finished", "completed survey", "done", "closed"}
        | {"full", "vollst\u00e4ndig", "abgeschlossen", "complet", "termin\u00e9", "completa"}
        | {"completo", "completada", "conclu\u00edda", "voltooid", "responded"}
    ),
    "partial": frozenset(
        {"partial", "partially complete", "partially completed", "incomplete", "started"}
        | {"in progress", "not completed", "abandoned", "partial response", "unfinished", "draft"}
        | {"screened out", "disqualified", "terminated", "over quota", "unvollst\u00e4ndig"}
        | {"teilweise", "incomplet", "parcial", "incompleta", "onvolledig", "break-off"}
    ),
    "unanswered": frozenset({"sent", "opened", "delivered", "not started", "no response"}),
    "test": frozenset({"test", "test data", "testing", "survey test"}),
    "preview": frozenset({"preview", "survey preview"}),
    "spam": frozenset({"spam", "flagged as spam", "deleted", "trash"}),
}
"""Words of tools for how far a response came."""


def _score(column: Column, answers: Sequence[str]) -> Mapped | None:
    distinct = set(answers)
    ends = _ends(column, distinct)
    if ends is not None:
        return Mapped(
            role=Role.SCORE,
            kind=ScoreKind.CUSTOM,
            lowest=ends[0],
            highest=ends[1],
            direction=_direction(column, ScoreKind.CUSTOM),
        )
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


def _ends(column: Column, distinct: set[str]) -> tuple[int, int] | None:
    """Give the ends of a scale of its own, where question and answers agree on them."""
    if not distinct or not all(map(_WHOLE.match, distinct)):
        return None
    given = [int(answer) for answer in _numbers_of(distinct)]
    low, high = min(given), max(given)
    stated = [
        (int(match[1]), int(match[2]))
        for alias in column.aliases
        if len(alias) <= MAX_NAME_CHARS and (match := _RANGE.search(alias))
    ]
    nps = any(kind is ScoreKind.NPS and _asks(column, one) for kind, one in _questions().kinds)
    for first, last in stated:
        if (first, last) in _USUAL_ENDS or (nps and (first, last) == (0, 10)):
            return None
        if first < last <= MAX_HIGHEST and first <= low and high <= last:
            return first, last
    if any(_asks(column, kind) for kind in _ten_asked()) or nps or not _FIVE < high <= _TEN:
        return None
    return (min(low, 1), _TEN) if high > _SEVEN else None


def _ten_asked() -> Sequence[Finder]:
    """Give the questions whose scale has another end by itself."""
    return [one for kind, one in _questions().kinds if kind in {ScoreKind.CAHPS4, ScoreKind.CES7}]


def _numbers_of(distinct: set[str]) -> Sequence[str]:
    return [match[0] for match in map(_WHOLE.match, distinct) if match]


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
