"""From the header of a file, the recipes and the admin's map to the layout of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from connector.parsing.survey_columns import (
    LABELS,
    MANY,
    Column,
    HeaderStyle,
    Role,
    columns_of,
    find,
    missing_columns,
)
from connector.parsing.survey_guess import guess
from connector.parsing.survey_mapping import ANY_FILLED, Mapped, Status
from connector.parsing.survey_recipes import (
    ANY_TOOL,
    FIRST,
    ColumnRule,
    LayoutRule,
    SurveyRecipe,
    means,
    recognise,
)
from connector.parsing.survey_scores import fold
from connector.parsing.survey_times import DateOrder
from connector.parsing.surveys import (
    COMPLETE_WORDS,
    NO_WORDS,
    YES_WORDS,
    Asked,
    Commented,
    Consent,
    Layout,
    TimeColumn,
)
from connector.parsing.tables import MAX_COLUMNS

AUTO = "auto"
"""Recognise the tool by the header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the admin says about the exports of one survey."""

    recipes: Sequence[SurveyRecipe]
    vendor: str = AUTO
    """Name of a recipe that has to recognise the file, `generic`, or `auto`."""
    columns: Mapping[str, Mapped] = field(default_factory=dict)
    """What columns mean, by name; wins over the recipe."""
    guess: bool = False
    """Guess what nobody said, from names."""
    need_answers: bool = True
    """Refuse a file of which no column is known as a score or a comment."""
    header_rows: int | None = None
    """How many rows the header takes; None: as the recipe says."""
    zone: ZoneInfo
    """For times without a zone, where neither value, header nor recipe names one."""
    date_order: DateOrder | None = None
    """How 03/04/2025 is meant; None: as the recipe, else `usual_order`."""
    usual_order: DateOrder
    """How it is meant where the practice is."""
    region: str = ""
    """ISO 3166 code for numbers without a country."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a file cannot be read as a whole."""

    problem: str
    """One sentence, without words of a patient."""


def lay_out(head: Sequence[Sequence[str]], wishes: Wishes) -> Layout | Refusal:
    """Make the layout from the first rows of a file (three are enough)."""
    known = _recognised(head, wishes)
    if isinstance(known, Refusal):
        return known
    recipe, shape = known
    if recipe.refusal:
        return Refusal(problem=recipe.refusal)
    taken = wishes.header_rows or shape.header.rows
    if len(head) < taken:
        return Refusal(problem="The header is shorter than it should be.")
    style = shape.header if taken == shape.header.rows else _style_of(taken)
    columns = columns_of(head[:taken], style)
    if len(columns) > MAX_COLUMNS:
        return Refusal(problem=f"The header has more than {MAX_COLUMNS} columns.")
    meant = _meanings(columns, recipe, wishes)
    if isinstance(meant, Refusal):
        return meant
    return _Builder(meant, recipe, wishes).layout(columns, taken, shape.name)


def _recognised(
    head: Sequence[Sequence[str]], wishes: Wishes
) -> tuple[SurveyRecipe, LayoutRule] | Refusal:
    recipes = wishes.recipes
    if wishes.vendor != AUTO:
        recipes = [recipe for recipe in recipes if recipe.name == wishes.vendor]
        if not recipes:
            return Refusal(problem=f'There is no recipe "{wishes.vendor}" for surveys.')
    known = recognise(head, recipes)
    if known is None:
        tool = recipes[0].title if len(recipes) == 1 else "any known tool"
        return Refusal(problem=f"The header is not that of an export of {tool}.")
    return known


def _style_of(rows: int) -> HeaderStyle:
    return {2: HeaderStyle.NAMES_QUESTIONS, 3: HeaderStyle.IMPORT_IDS}.get(rows, HeaderStyle.PLAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """A column and what it means."""

    column: Column
    mapped: Mapped
    part: int = 1
    """Of an id: which part of the key."""


def _meanings(
    columns: Sequence[Column], recipe: SurveyRecipe, wishes: Wishes
) -> list[_Meaning] | Refusal:
    """Collect what the admin says, then the recipe for roles left open, then guesses."""
    meant = _mapped(columns, wishes.columns)
    if isinstance(meant, Refusal):
        return meant
    meant += _of_recipe(columns, recipe, meant)
    if wishes.guess:
        meant += _guessed(columns, meant)
    answered = any(one.mapped.role in {Role.SCORE, Role.COMMENT} for one in meant)
    if wishes.need_answers and not answered:
        tool = "" if recipe.name == ANY_TOOL else f"The file is an export of {recipe.title}. "
        return Refusal(
            problem=f"{tool}No column is known as a score or a comment: name them in the map of "
            "the source; `amends inspect --map` proposes one."
        )
    return meant


def _mapped(columns: Sequence[Column], mapping: Mapping[str, Mapped]) -> list[_Meaning] | Refusal:
    """Find every column that the admin names; one that is not there refuses the file."""
    meant: list[_Meaning] = []
    absent: list[str] = []
    unclear: list[str] = []
    part = 0
    for wanted, mapped in mapping.items():
        found = find(wanted, columns)
        if len(found) == 1:
            part += mapped.role is Role.ID
            meant.append(_Meaning(column=found[0], mapped=mapped, part=max(part, 1)))
        elif mapped.role is not Role.IGNORE:
            (unclear if found else absent).append(wanted)
    return Refusal(problem=missing_columns(absent, unclear)) if absent or unclear else meant


def _of_recipe(
    columns: Sequence[Column], recipe: SurveyRecipe, meant: Sequence[_Meaning]
) -> list[_Meaning]:
    """Find the tool's own columns, for roles that the admin gave to none."""
    given = {one.mapped.role for one in meant}
    if given & {Role.STATUS, Role.COMPLETE}:
        given |= {Role.STATUS, Role.COMPLETE}
    if given & {Role.SCORE, Role.COMMENT}:
        given |= {Role.SCORE, Role.COMMENT}
    taken = {one.column.index for one in meant}
    found: list[_Meaning] = []
    parts: set[int] = set()
    for rule in recipe.columns:
        if rule.role in given and rule.role is not Role.IGNORE:
            continue
        if rule.role is Role.ID and rule.part in parts:
            continue
        single = rule.role not in MANY
        if single and any(one.mapped.role is rule.role for one in found):
            continue
        for column in _matching(rule, columns, taken):
            taken.add(column.index)
            parts.add(rule.part if rule.role is Role.ID else 0)
            found.append(_Meaning(column=column, mapped=rule, part=rule.part))
    return found


def _matching(rule: ColumnRule, columns: Sequence[Column], taken: set[int]) -> Sequence[Column]:
    """Give the columns of a rule: the one whose name is listed first, or all that carry nothing."""
    found: list[Column] = []
    for name in rule.names:
        for column in columns:
            if column.index in taken or column in found:
                continue
            if (name == FIRST and column.index == 0) or any(
                means(name, alias) for alias in column.aliases
            ):
                found.append(column)
        if found and rule.role is not Role.IGNORE:
            return found[:1] if not rule.every else found
    return found


def _guessed(columns: Sequence[Column], meant: Sequence[_Meaning]) -> list[_Meaning]:
    taken = {one.column.index for one in meant}
    given = {one.mapped.role for one in meant}
    guessed = guess([column for column in columns if column.index not in taken])
    return [
        _Meaning(column=column, mapped=guessed[column.name])
        for column in columns
        if column.name in guessed
        and column.index not in taken
        and (
            guessed[column.name].role in MANY - {Role.ID} or guessed[column.name].role not in given
        )
    ]


class _Builder:
    """Puts a layout together from meanings."""

    def __init__(self, meant: Sequence[_Meaning], recipe: SurveyRecipe, wishes: Wishes) -> None:
        self._meant = sorted(meant, key=lambda one: one.column.index)
        self._given = meant
        self._recipe = recipe
        self._wishes = wishes

    def layout(self, columns: tuple[Column, ...], header_rows: int, shape: str) -> Layout:
        """Make the layout."""
        told = {one.column.index for one in self._meant}
        filled = [column.index for column in columns if not column.blank]
        consent = self._one(Role.WANTS_CONTACT)
        phone = self._one(Role.PHONE)
        updated = self._one(Role.UPDATED_AT)
        return Layout(
            recipe=self._recipe.name,
            shape=shape,
            header_rows=header_rows,
            columns=columns,
            needed=max(filled, default=-1) + 1,
            key=self._key(),
            status=self._statuses(),
            scores=tuple(_asked(one, columns) for one in self._all(Role.SCORE)),
            comments=tuple(
                Commented(column=one.column, polarity=one.mapped.polarity)
                for one in self._all(Role.COMMENT)
            ),
            wants_contact=_consent(consent) if consent else None,
            names=tuple(one.column for one in self._all(Role.NAME)),
            email=self._index(Role.EMAIL),
            phone=phone.column.index if phone else -1,
            region=(phone.mapped.region if phone else "") or self._wishes.region,
            submitted=tuple(
                self._time(one) for one in self._given if one.mapped.role is Role.SUBMITTED_AT
            ),
            updated=self._time(updated) if updated else None,
            labels=tuple(
                (role.value, one.column.index)
                for role in (*LABELS, Role.TAG)
                for one in self._all(role)
            ),
            unmapped=tuple(
                column for column in columns if column.index not in told and not column.blank
            ),
        )

    def _all(self, role: Role) -> list[_Meaning]:
        return [one for one in self._meant if one.mapped.role is role]

    def _one(self, role: Role) -> _Meaning | None:
        return next(iter(self._all(role)), None)

    def _index(self, role: Role) -> int:
        one = self._one(role)
        return one.column.index if one else -1

    def _key(self) -> tuple[int, ...]:
        """Give a place to every part that the recipe knows, so that keys keep their form."""
        parts = {one.part: one.column.index for one in self._all(Role.ID)}
        if not parts:
            return ()
        rules = any(isinstance(one.mapped, ColumnRule) for one in self._all(Role.ID))
        size = max(self._recipe.key_parts if rules else 0, *parts)
        return tuple(parts.get(part, -1) for part in range(1, size + 1))

    def _statuses(self) -> tuple[tuple[int, Mapping[str, Status]], ...]:
        """Collect every column whose values tell the status, whatever else it is."""
        counted = self._behind()
        found: list[tuple[int, Mapping[str, Status]]] = []
        for one in self._meant:
            meanings = dict(one.mapped.statuses())
            if one.mapped.role is Role.COMPLETE:
                usual = {fold(word): Status.COMPLETE for word in COMPLETE_WORDS}
                rest = {ANY_FILLED: Status.PARTIAL, "": Status.PARTIAL}
                meanings = {**rest, **usual, **meanings}
            if meanings and (not one.mapped.behind or one.column.index in counted):
                found.append((one.column.index, meanings))
        return tuple(found)

    def _behind(self) -> set[int]:
        """Give the columns that stand first behind an answer, where that matters."""
        counted: set[int] = set()
        open_answer = False
        for one in self._meant:
            if one.mapped.role in {Role.SCORE, Role.COMMENT}:
                open_answer = True
            elif one.mapped.behind and open_answer:
                counted.add(one.column.index)
                open_answer = False
        return counted

    def _time(self, one: _Meaning) -> TimeColumn:
        named = one.mapped.zone or one.column.zone or self._recipe.zone
        return TimeColumn(
            index=one.column.index,
            zone=_zone(named) if named else self._wishes.zone,
            order=one.mapped.date_order
            or self._wishes.date_order
            or self._recipe.date_order
            or self._wishes.usual_order,
            missing=frozenset(fold(word) for word in one.mapped.missing),
        )


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def _consent(one: _Meaning) -> Consent:
    """Make the consent column; what the column's own words say goes first."""
    yes = frozenset(fold(word) for word in one.mapped.yes)
    no = frozenset(fold(word) for word in one.mapped.no)
    return Consent(
        index=one.column.index,
        yes=(YES_WORDS - no) | yes,
        no=(NO_WORDS - yes) | no,
        missing=frozenset(fold(word) for word in one.mapped.missing),
    )


def _asked(one: _Meaning, columns: Sequence[Column]) -> Asked:
    """Make a score column; its scale may depend on another column."""
    by = [column for name in one.mapped.kind_from for column in find(name, columns)]
    kinds = one.mapped.kinds if by else {}
    scales = {
        fold(value): scale
        for value, kind in kinds.items()
        if (scale := one.mapped.scale(kind)) is not None
    }
    return Asked(
        column=one.column,
        scale=one.mapped.scale(),
        low_at_most=one.mapped.low_at_most,
        kind_index=by[0].index if by else -1,
        scales=scales,
    )
