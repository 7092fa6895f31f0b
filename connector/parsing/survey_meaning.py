"""What the columns of a file mean: by the admin's map, by the recipe of its tool, by a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from connector.parsing.survey_columns import (
    MANY,
    Column,
    HeaderStyle,
    Role,
    columns_of,
    find,
    missing_columns,
)
from connector.parsing.survey_guess import guess
from connector.parsing.survey_mapping import Mapped
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
    proven_order: DateOrder | None = None
    """How 03/04/2025 is meant, proven by the file itself: wins over what anybody says."""
    date_order: DateOrder | None = None
    """How it is meant; None: as an earlier file, else the recipe, else `usual_order`."""
    earlier_order: DateOrder | None = None
    """How it was meant in a file before, which proved it."""
    usual_order: DateOrder
    """How it is meant where the practice is."""
    region: str = ""
    """ISO 3166 code for numbers without a country."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a file cannot be read as a whole."""

    problem: str
    """One sentence, without words of a patient."""


class By(StrEnum):
    """Who says what a column means."""

    MAP = "map"
    RECIPE = "recipe"
    GUESS = "guess"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A column and what it means."""

    column: Column
    mapped: Mapped
    by: By
    part: int = 1
    """Of an id: which part of the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The header of a file."""

    recipe: SurveyRecipe
    shape: str
    """Name of the recipe's layout that fits."""
    header_rows: int
    columns: tuple[Column, ...]
    meanings: tuple[Meaning, ...]
    """Of the columns that mean something, the first in rank first."""
    added: int = 0
    """So many of the columns, the last ones, are optional and not in the file."""


def understand(head: Sequence[Sequence[str]], wishes: Wishes) -> Understood | Refusal:
    """Understand the first rows of a file: three for the header, more for guesses."""
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
    there = len(columns)
    columns += _lacking(columns, wishes.columns)
    meant = _meanings(columns, recipe, wishes, head[taken:])
    if isinstance(meant, Refusal):
        return meant
    return Understood(
        recipe=recipe,
        shape=shape.name,
        header_rows=taken,
        columns=columns,
        meanings=tuple(meant),
        added=len(columns) - there,
    )


def _lacking(columns: tuple[Column, ...], mapping: Mapping[str, Mapped]) -> tuple[Column, ...]:
    """Make blank columns for optional ones that the file has not: all files read alike."""
    lacking = [
        wanted
        for wanted, mapped in mapping.items()
        if mapped.optional and not any(find(name, columns) for name in (wanted, *mapped.also))
    ]
    return tuple(
        Column(
            index=len(columns) + place,
            name=wanted,
            question=wanted,
            aliases=frozenset({fold(wanted)}),
            blank=True,
        )
        for place, wanted in enumerate(lacking)
    )


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


def _meanings(
    columns: Sequence[Column],
    recipe: SurveyRecipe,
    wishes: Wishes,
    sample: Sequence[Sequence[str]],
) -> list[Meaning] | Refusal:
    """Collect what the admin says, then the recipe for roles left open, then guesses."""
    meant = _mapped(columns, wishes.columns)
    if isinstance(meant, Refusal):
        return meant
    meant += _of_recipe(columns, recipe, meant)
    if wishes.guess:
        meant += _guessed(columns, meant, sample)
    answered = any(one.mapped.role in {Role.SCORE, Role.COMMENT} for one in meant)
    if wishes.need_answers and not answered:
        tool = "" if recipe.name == ANY_TOOL else f"The file is an export of {recipe.title}. "
        return Refusal(
            problem=f"{tool}No column is known as a score or a comment: name them in the map of "
            "the source; `amends inspect --map` proposes one."
        )
    return meant


def _mapped(columns: Sequence[Column], mapping: Mapping[str, Mapped]) -> list[Meaning] | Refusal:
    """Find every column that the admin names; one that is not there refuses the file."""
    meant: list[Meaning] = []
    absent: list[str] = []
    unclear: list[str] = []
    part = 0
    for wanted, mapped in mapping.items():
        names = (wanted, *mapped.also)
        found = next((there for name in names if (there := find(name, columns))), ())
        part += mapped.role is Role.ID
        if len(found) == 1:
            meant.append(Meaning(column=found[0], mapped=mapped, by=By.MAP, part=max(part, 1)))
        elif mapped.role is not Role.IGNORE:
            (unclear if found else absent).append(wanted)
    return Refusal(problem=missing_columns(absent, unclear)) if absent or unclear else meant


def _of_recipe(
    columns: Sequence[Column], recipe: SurveyRecipe, meant: Sequence[Meaning]
) -> list[Meaning]:
    """Find the tool's own columns, for roles that the admin gave to none."""
    given = {one.mapped.role for one in meant if not one.mapped.only_agreement}
    if given & {Role.STATUS, Role.COMPLETE}:
        given |= {Role.STATUS, Role.COMPLETE}
    taken = {one.column.index for one in meant}
    found: list[Meaning] = []
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
            found.append(Meaning(column=column, mapped=rule, by=By.RECIPE, part=rule.part))
    return found


def _matching(rule: ColumnRule, columns: Sequence[Column], taken: set[int]) -> Sequence[Column]:
    """Give the columns of a rule: all that it names, or the one whose name is listed first."""
    all_of_them = rule.every or rule.role is Role.IGNORE
    found: list[Column] = []
    for name in rule.names:
        for column in columns:
            if column.index in taken or column in found:
                continue
            if (name == FIRST and column.index == 0) or any(
                means(name, alias) for alias in column.aliases
            ):
                found.append(column)
        if found and not all_of_them:
            return found[:1]
    return found


def _guessed(
    columns: Sequence[Column], meant: Sequence[Meaning], sample: Sequence[Sequence[str]]
) -> list[Meaning]:
    """Guess about columns that nobody spoke of, and about roles that nobody has."""
    taken = {one.column.index for one in meant}
    given = {one.mapped.role for one in meant}
    left = [column for column in columns if column.index not in taken]
    values = {
        column.index: [row[column.index] for row in sample if len(row) > column.index]
        for column in left
    }
    return [
        Meaning(column=column, mapped=mapped, by=By.GUESS)
        for column, mapped in guess(left, values)
        if mapped.role in MANY - {Role.ID} or mapped.role not in given
    ]
