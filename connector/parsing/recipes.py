"""Recipes: how the notification mails of one service are recognised and read; data, not code.

A recipe is a TOML file (docs/notifications.md). The shipped ones lie in `connector/recipes/mail`;
an admin adds a folder or writes further ones into the configuration. Patterns are RE2: no
back-references, no looking around, and time linear in the text for whatever pattern.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, Self, TypeAlias

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from connector.domain.errors import ConfigError
from connector.parsing.recipe_faults import about_pattern, told
from connector.parsing.survey_scores import SCALES, Direction, Scale, ScoreKind, fold

MAX_RECIPE_BYTES = 65_536
"""A longer file is no recipe."""
MAX_RECIPES = 500
"""A folder with more files is refused."""
MAX_PATTERN_MEMORY_BYTES = 4_194_304
"""RE2 compiles no pattern that needs more."""
ANYBODY = "*"
"""The sender pattern of a recipe for systems that each practice runs under its own address."""


class Match(Protocol):
    """What a pattern found."""

    def group(self, number: int, /) -> str | None:
        """Give what a group caught."""

    def start(self, number: int = 0, /) -> int:
        """Say where it begins."""

    def end(self, number: int = 0, /) -> int:
        """Say where it ends."""


class Finder(Protocol):
    """A compiled pattern."""

    groups: int

    def search(self, text: str, /) -> Match | None:
        """Find the first place, in linear time."""


@lru_cache(maxsize=4_096)
def compiled(pattern: str) -> Finder:
    """Compile a pattern for lines (`^` and `$` match at each); ValueError says what is wrong."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PATTERN_MEMORY_BYTES
    options.case_sensitive = False
    try:
        found: Finder = re2.compile(f"(?m:{pattern})", options)
    except re2.error as fault:
        why = fault.args[0] if fault.args else b""
        words = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        raise ValueError(about_pattern(words)) from None
    return found


def _sound(pattern: str) -> str:
    compiled(pattern)
    return pattern


def _catching(pattern: str) -> str:
    if compiled(pattern).groups != 1:
        message = "the pattern needs exactly one group (...) around what is read"
        raise ValueError(message)
    return pattern


Pattern: TypeAlias = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_sound)]
Catching: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=1_000), AfterValidator(_catching)
]
Label: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Kind(StrEnum):
    """How the patient was heard."""

    REVIEW = "review"
    """A public review."""
    SURVEY = "survey"
    """An answer to a survey."""
    WEB_FORM = "web_form"
    """A form of a website."""
    VOICEMAIL = "voicemail"
    """A message on an answering machine."""
    MISSED_CALL = "missed_call"
    """A call that nobody took."""


class Role(StrEnum):
    """What a field of a notification means."""

    RATING = "rating"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    TEXT = "text"
    """The person's own words; of a voicemail the transcript."""
    TITLE = "title"
    """A heading that the person gave."""
    DATE = "date"
    LINK = "link"
    """Where to see it at the service; shown as text, never fetched."""
    LOCATION = "location"
    WANTS_CONTACT = "wants_contact"
    DURATION = "duration"
    """Of a voicemail, in seconds or minutes:seconds."""
    MAILBOX = "mailbox"
    """Which mailbox of the phone system."""
    FORM = "form"
    """Name of the form or survey."""


class FieldRule(BaseModel):
    """Where one field stands: behind a label, or where a pattern catches it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: tuple[Label, ...] = Field(
        default=(),
        max_length=50,
        description="Labels of the line (`Name: Jane`), or of the line above (`Name`, `Jane`).",
    )
    patterns: tuple[Catching, ...] = Field(
        default=(),
        max_length=20,
        description="RE2 patterns with one group each; the first that matches counts. `^` and `$` "
        "stand for the ends of lines, case does not count.",
    )
    where: Annotated[str, Field(pattern=r"^(text|subject|from|header:[A-Za-z0-9-]{1,60})$")] = (
        Field(
            default="text",
            description="Where to look: text, subject, from (the sender's display name) or "
            "header:NAME.",
        )
    )
    until: tuple[Pattern, ...] = Field(
        default=(),
        max_length=20,
        description="The field goes on over several lines until a line matches one of these; "
        "without them it is one line.",
    )
    to_end: bool = Field(
        default=False, description="The field goes on to the end, or to a line of `until`."
    )
    required: bool = Field(
        default=False, description="Without it the mail was not understood: a person looks."
    )
    formats: tuple[Label, ...] = Field(
        default=(), max_length=10, description="For dates: further forms, as for strptime."
    )

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.labels and not self.patterns and self.where == "text":
            message = "name labels or patterns by which the field is found"
            raise ValueError(message)
        return self


class Recipe(BaseModel):
    """How the notifications of one service are recognised and read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="Its own name; one of the same name replaces a shipped one.")
    title: str = Field(min_length=1, max_length=100, description="Name of the service.")
    kind: Kind = Field(description="How the patient was heard.")
    senders: tuple[Annotated[str, Field(min_length=1, max_length=254)], ...] = Field(
        min_length=1,
        max_length=50,
        description="Who sends: addresses or patterns (`*@example.com`). `*` alone: anybody, for "
        "systems that run under the practice's own address; then nothing is vouched for.",
    )
    subjects: tuple[Pattern, ...] = Field(
        min_length=1, max_length=20, description="A notification's subject matches one of these."
    )
    other_subjects: tuple[Pattern, ...] = Field(
        default=(),
        max_length=50,
        description="Subjects of the same sender's other mail (invoices, advice): parked, because "
        "no patient speaks in it.",
    )
    bodies: tuple[Pattern, ...] = Field(
        default=(),
        max_length=20,
        description="The text matches one of these, too; for senders that write other mail.",
    )
    reply_to: Literal["patient", "ignore"] = Field(
        default="ignore", description="Whether Reply-To holds the patient's address."
    )
    score: ScoreKind | None = Field(default=None, description="Scale of the rating.")
    score_min: int | None = Field(default=None, ge=-1_000, le=1_000, description="Custom: lowest.")
    score_max: int | None = Field(default=None, ge=-1_000, le=1_000, description="Custom: highest.")
    direction: Direction | None = Field(default=None, description="Which end is the good one.")
    score_labels: Mapping[str, int] = Field(
        default_factory=dict, description="Words of a rating and the scores they mean."
    )
    zone: str = Field(default="", max_length=64, description="Zone of dates; else the practice's.")
    fields: Mapping[Role, FieldRule] = Field(description="What to read, by role.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if Role.RATING in self.fields and self.score is None:
            message = "score: name the scale of the rating (stars5, nps, csat5 ...)"
            raise ValueError(message)
        ends = (self.score_min, self.score_max, self.direction)
        if self.score is ScoreKind.CUSTOM and None in ends:
            message = "a custom score needs score_min, score_max and direction"
            raise ValueError(message)
        if self.for_anybody and not any(rule.required for rule in self.fields.values()):
            message = "a recipe for any sender needs a required field"
            raise ValueError(message)
        return self

    @property
    def for_anybody(self) -> bool:
        """True when the sender says nothing: a pattern leaves the domain open."""
        return any(_open_domain(pattern) for pattern in self.senders)

    @property
    def scale(self) -> Scale | None:
        """The scale of the rating; None without one."""
        if self.score is None:
            return None
        labels = {fold(label): value for label, value in self.score_labels.items()}
        if self.score is ScoreKind.CUSTOM:
            return Scale(
                kind=self.score,
                lowest=self.score_min or 0,
                highest=self.score_max or 0,
                direction=self.direction,
                labels=labels,
            )
        known = SCALES[self.score]
        return Scale(
            kind=known.kind,
            lowest=known.lowest,
            highest=known.highest,
            direction=self.direction or known.direction,
            labels={**known.labels, **labels},
            missing=known.missing,
        )


def _open_domain(pattern: str) -> bool:
    domain = pattern.rpartition("@")[2].removeprefix("*.")
    return "." not in domain or bool(set("*?[") & set(domain))


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Recipe]:
    """Give the recipes that come with amends, by name."""
    folder = files("connector").joinpath("recipes/mail")
    texts = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.endswith(".toml")}
    return {recipe.name: recipe for recipe in _read(texts, where="connector/recipes/mail")}


def from_folder(folder: Path) -> Sequence[Recipe]:
    """Read an admin's recipes. Raises ConfigError, naming each fault with its file."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
        if len(paths) > MAX_RECIPES:
            raise ConfigError([f"{folder}: more than {MAX_RECIPES} recipes"])
        texts = {path.name: _bytes(path) for path in paths}
    except OSError as fault:
        why = (fault.strerror or type(fault).__name__).lower()
        raise ConfigError([f"{folder}: the recipes cannot be read: {why}"]) from None
    return list(_read(texts, where=str(folder)))


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_RECIPE_BYTES + 1)


def _read(texts: Mapping[str, bytes], *, where: str) -> Iterator[Recipe]:
    found: list[Recipe] = []
    faults: list[str] = []
    for name, text in sorted(texts.items()):
        try:
            found.append(_recipe(name, text))
        except ValidationError as fault:
            faults += [f"{where}/{name}: {line}" for line in told(fault, Recipe, FieldRule)]
        except tomllib.TOMLDecodeError as fault:
            faults.append(f"{where}/{name}: is no TOML: {str(fault).lower()}")
        except UnicodeDecodeError:
            faults.append(f"{where}/{name}: is no text in UTF-8; save it as UTF-8")
        except RecursionError:
            faults.append(f"{where}/{name}: its tables lie too deep in one another")
        except ValueError as fault:
            faults.append(f"{where}/{name}: {fault}")
    if faults:
        raise ConfigError(faults)
    yield from found


def _recipe(name: str, text: bytes) -> Recipe:
    if len(text) > MAX_RECIPE_BYTES:
        message = f"longer than {MAX_RECIPE_BYTES} bytes"
        raise ValueError(message)
    table: dict[str, Any] = tomllib.loads(text.decode("utf-8"))
    return Recipe.model_validate({"name": name.removesuffix(".toml"), **table})
