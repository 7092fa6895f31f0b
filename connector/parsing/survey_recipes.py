"""Recipes: how the exports of one survey tool are recognised and read; data, not code.

A recipe is a TOML file (docs/sources/survey_file.md). The shipped ones lie in
`connector/recipes/surveys`; an admin may add a folder. A tool is recognised by its header, never
by statistics over the content. Patterns are RE2, linear in the text whatever is written.

Names of columns are compared folded (case, white space and compatibility forms do not count). A
name that begins with `~` is a pattern for the whole folded name; `@first` is the first column.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from connector.domain.errors import ConfigError
from connector.parsing.recipes import MAX_RECIPE_BYTES, MAX_RECIPES, Finder, compiled
from connector.parsing.survey_columns import HeaderStyle, Role
from connector.parsing.survey_mapping import Mapped, Zone
from connector.parsing.survey_scores import fold
from connector.parsing.survey_times import DateOrder

PATTERN: Final = "~"
"""A name that begins with it is a pattern for the whole folded name."""
FIRST: Final = "@first"
"""The first column, whatever it is called."""
ANY_TOOL: Final = "generic"
"""The recipe for exports that no other one knows."""


def _sound(name: str) -> str:
    if name.startswith(PATTERN):
        compiled(name.removeprefix(PATTERN))
    return name


ColumnName: TypeAlias = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_sound)]
Names: TypeAlias = Annotated[tuple[ColumnName, ...], Field(min_length=1, max_length=300)]


class RowOrder(StrEnum):
    """In which order a tool writes its rows."""

    OLDEST_FIRST = "oldest_first"
    NEWEST_FIRST = "newest_first"
    BY_RECORD = "by_record"
    UNKNOWN = "unknown"


class When(BaseModel):
    """A condition on one row of the header; everything that is said has to hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    row: int = Field(default=1, ge=1, le=3, description="Which row of the file, from 1.")
    first: Names | None = Field(default=None, description="The first cell is one of these.")
    all: tuple[Names, ...] = Field(
        default=(), max_length=20, description="For each list: one of its names is in the row."
    )
    some: Names | None = Field(default=None, description="At least `at_least` of these are there.")
    at_least: int = Field(default=1, ge=1, le=50, description="How many of `some`.")
    none: Names | None = Field(default=None, description="None of these is there.")
    blank_first: bool | None = Field(
        default=None, description="Whether the first cell of the row is blank."
    )


class LayoutRule(BaseModel):
    """One shape of a tool's exports."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=60, description="For people.")
    header: HeaderStyle = Field(
        default=HeaderStyle.PLAIN, description="How names, questions and ids stand in the header."
    )
    when: tuple[When, ...] = Field(
        default=(), max_length=10, description="All of these conditions hold."
    )


class ColumnRule(Mapped):
    """What a column of the tool itself means."""

    names: Names = Field(description="Names, questions or ids of the column; the first one wins.")
    part: int = Field(
        default=1, ge=1, le=8, description="Of an id: which part of the key it is, from 1."
    )
    code: Literal["", "name", "event"] = Field(
        default="",
        description="Of an id: labels count as the code that REDCap makes of the name of an "
        "instrument or an event.",
    )
    every: bool = Field(
        default=False, description="All columns that a name means, not only the first one."
    )


class SurveyRecipe(BaseModel):
    """How the exports of one tool are recognised and read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")] = Field(
        description="Its own name; one of the same name replaces a shipped one."
    )
    title: str = Field(min_length=1, max_length=100, description="Name of the tool.")
    rank: int = Field(
        default=50,
        ge=0,
        le=100,
        description="Which recipe is tried first: the lowest. The surest signs come first.",
    )
    refusal: str = Field(
        default="",
        max_length=300,
        description="Why files of this kind are not read, for people; empty: they are.",
    )
    order: RowOrder = Field(default=RowOrder.UNKNOWN, description="Order of the rows.")
    zone: Zone = Field(default="", description="Of times without one; empty: not written.")
    date_order: DateOrder | None = Field(
        default=None, description="How the tool writes 03/04/2025; left out: by the account."
    )
    layouts: tuple[LayoutRule, ...] = Field(
        min_length=1, max_length=20, description="Shapes of its exports; the first that fits."
    )
    columns: tuple[ColumnRule, ...] = Field(
        default=(), max_length=200, description="What the tool's own columns mean."
    )

    @model_validator(mode="after")
    def _parts(self) -> Self:
        parts = sorted({rule.part for rule in self.columns if rule.role is Role.ID})
        if parts != list(range(1, len(parts) + 1)):
            message = "columns: the parts of the key are numbered 1, 2, 3 ..."
            raise ValueError(message)
        return self

    @property
    def key_parts(self) -> int:
        """How many columns make the key; 0 when the tool gives none."""
        return max((rule.part for rule in self.columns if rule.role is Role.ID), default=0)


@lru_cache(maxsize=4_096)
def _finder(name: str) -> Finder:
    return compiled(f"^(?:{name.removeprefix(PATTERN)})$")


def means(name: str, folded: str) -> bool:
    """Say whether a name of a recipe means this folded name of a column."""
    if name.startswith(PATTERN):
        return "\n" not in folded and _finder(name).search(folded) is not None
    return _folded(name) == folded


def holds(condition: When, rows: Sequence[Sequence[str]]) -> bool:
    """Say whether a condition holds for the first rows of a file."""
    if len(rows) < condition.row:
        return False
    cells = [fold(cell) for cell in rows[condition.row - 1]]
    present = frozenset(cells)

    def there(names: Names) -> bool:
        return any(
            name in present
            if not name.startswith(PATTERN)
            else any(means(name, cell) for cell in present)
            for name in map(_folded, names)
        )

    first = cells[0] if cells else ""
    if condition.first is not None and not any(means(name, first) for name in condition.first):
        return False
    if condition.blank_first is not None and condition.blank_first == bool(first):
        return False
    if condition.none is not None and there(condition.none):
        return False
    if condition.some is not None:
        found = sum(there((name,)) for name in condition.some)
        if found < condition.at_least:
            return False
    return all(there(names) for names in condition.all)


@lru_cache(maxsize=8_192)
def _folded(name: str) -> str:
    return name if name.startswith(PATTERN) else fold(name)


def recognise(
    rows: Sequence[Sequence[str]], recipes: Sequence[SurveyRecipe]
) -> tuple[SurveyRecipe, LayoutRule] | None:
    """Find the recipe and the shape that fit the first rows of a file; None when none does."""
    for recipe in sorted(recipes, key=lambda one: (one.rank, one.name)):
        for layout in recipe.layouts:
            if all(holds(condition, rows) for condition in layout.when):
                return recipe, layout
    return None


@lru_cache(maxsize=4)
def shipped(family: str = "surveys") -> Mapping[str, SurveyRecipe]:
    """Give the recipes that come with amends, by name; `family` is `surveys` or `reviews`."""
    folder = files("connector").joinpath("recipes", family)
    texts = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.endswith(".toml")}
    return {recipe.name: recipe for recipe in _read(texts, where=f"connector/recipes/{family}")}


def from_folder(folder: Path) -> Sequence[SurveyRecipe]:
    """Read an admin's recipes. Raises ConfigError, naming each fault with its file."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
        if len(paths) > MAX_RECIPES:
            raise ConfigError([f"{folder}: more than {MAX_RECIPES} recipes"])
        texts = {path.name: _bytes(path) for path in paths}
    except OSError as fault:
        why = (fault.strerror or type(fault).__name__).lower()
        raise ConfigError([f"{folder}: the recipes cannot be read: {why}"]) from None
    return _read(texts, where=str(folder))


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_RECIPE_BYTES + 1)


def _read(texts: Mapping[str, bytes], *, where: str) -> Sequence[SurveyRecipe]:
    found: list[SurveyRecipe] = []
    faults: list[str] = []
    for name, text in sorted(texts.items()):
        try:
            found.append(_recipe(name, text))
        except ValidationError as fault:
            for error in fault.errors(include_url=False, include_input=False):
                path = ".".join(str(part) for part in error["loc"])
                words = error["msg"].removeprefix("Value error, ")
                faults.append(f"{where}/{name}: {path}: {words}")
        except (ValueError, RecursionError) as fault:
            faults.append(f"{where}/{name}: {fault}")
    if faults:
        raise ConfigError(faults)
    return found


def _recipe(name: str, text: bytes) -> SurveyRecipe:
    if len(text) > MAX_RECIPE_BYTES:
        message = f"longer than {MAX_RECIPE_BYTES} bytes"
        raise ValueError(message)
    table: dict[str, Any] = tomllib.loads(text.decode("utf-8"))
    return SurveyRecipe.model_validate({"name": name.removesuffix(".toml"), **table})
