"""What an admin says about the exports of one survey."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time
from fnmatch import fnmatch
from pathlib import Path
from typing import ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from connector.parsing import survey_recipes
from connector.parsing.survey_columns import MANY, Role
from connector.parsing.survey_mapping import Mapped, Zone
from connector.parsing.survey_meaning import AUTO
from connector.parsing.survey_recipes import SurveyRecipe
from connector.parsing.survey_scores import Direction, ScoreKind
from connector.parsing.survey_times import DateOrder
from connector.sources.base import SourceSettings

ANSWERS = frozenset({Role.SCORE, Role.COMMENT})
"""Roles of columns without which there is nothing to hear."""
READER_VERSION = 3
"""Raised when more formats are understood: files that were refused are looked at again."""


class ExportOptions(SourceSettings):
    """What surveys and reviews in files have in common."""

    recipe_folder: ClassVar[str] = "surveys"
    """Which of the shipped recipes apply."""
    folder_depth: ClassVar[int] = 0
    """How many folders deep files are looked for."""

    path: Path = Field(description="The export, or the folder into which exports are put.")
    pattern: str = Field(
        default="*",
        min_length=1,
        max_length=200,
        description="Which files of a folder are exports of this survey (`nps-*.csv`).",
    )
    vendor: str = Field(
        default=AUTO,
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description="The tool that writes the exports (`qualtrics`, `typeform` ...), `generic`, "
        "or `auto`: recognised by the header. With a name, any other file is refused.",
    )
    map: dict[str, Mapped] = Field(
        default_factory=dict,
        description="What the columns mean: column = role, or column = { role = ..., ... }. Name "
        "a column as in its header, the second of two equal ones as `Other#2`.",
    )
    guess: bool = Field(
        default=False,
        description="Guess what the columns mean from their names; for a first look only.",
    )
    header_rows: int | None = Field(
        default=None, ge=1, le=3, description="How many rows the header takes; else recognised."
    )
    delimiter: Literal["", ",", ";", "\t", "|"] = Field(
        default="", description="What stands between fields; empty: recognised by the header."
    )
    encoding: str = Field(
        default="",
        max_length=40,
        description="How texts are encoded (`cp1251`, `cp1250`, `shift_jis`); empty: UTF-8, UTF-16 "
        "or Windows-1252, recognised by the bytes.",
    )
    sheet: str = Field(
        default="",
        max_length=100,
        description="Which sheet of a workbook; empty: the first visible one with content.",
    )
    recipes: Path | None = Field(
        default=None,
        description="A folder with recipes of your own for survey tools, one TOML file each.",
    )
    score_kind: ScoreKind | None = Field(
        default=None, description="Scale of the score; needed when a column is the score."
    )
    score_min: int | None = Field(
        default=None, ge=-1_000, le=1_000, description="Lowest score of a custom scale."
    )
    score_max: int | None = Field(
        default=None, ge=-1_000, le=1_000, description="Highest score of a custom scale."
    )
    direction: Direction | None = Field(
        default=None,
        description="Which end of the numbers is good; needed for custom and for fft in numbers "
        "(the NHS codes 1 as very good).",
    )
    low_at_most: int | None = Field(
        default=None,
        ge=-1_000,
        le=1_000,
        description="On a custom scale: which scores are failures, from the worst one to here.",
    )
    score_labels: dict[str, int] = Field(
        default_factory=dict,
        description="Texts of answers and the scores they mean, on the survey's own numbers.",
    )
    missing: tuple[str, ...] = Field(
        default=(), description="Further answers that mean no answer (`8`, `keine Angabe`)."
    )
    yes_words: tuple[str, ...] = Field(
        default=(), description="Further answers that mean: yes, contact me."
    )
    no_words: tuple[str, ...] = Field(
        default=(), description="Further answers that mean: no, do not contact me."
    )
    complete_words: tuple[str, ...] = Field(
        default=(), description="Further values that say that a response is finished."
    )
    zone: Zone = Field(
        default="",
        description="Time zone of times without one (`America/Denver`); empty: the practice's.",
    )
    date_order: DateOrder | None = Field(
        default=None,
        description="How 03/04/2025 is meant: mdy or dmy; else by the practice's country.",
    )
    start_from: date | None = Field(
        default=None,
        description="Responses of earlier days are known and counted, but open no tickets; for "
        "the first start on an archive.",
    )
    partial_grace_h: int | None = Field(
        default=None,
        ge=1,
        le=8_760,
        description="Hours after which a response that was begun and never handed in is judged as "
        "it stands; left out: it is only counted. Words of danger and a wish to be called never "
        "wait.",
    )
    settle_seconds: int = Field(
        default=30,
        ge=0,
        le=86_400,
        description="A file is read when it did not change for so long: an upload takes time.",
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        try:
            b"aaaa".decode(encoding or "utf-8", "replace")
        except LookupError as fault:
            msg = "there is no such encoding of texts"
            raise ValueError(msg) from fault
        return encoding

    @model_validator(mode="after")
    def _whole(self) -> Self:
        roles = [mapped.role for mapped in self.map.values()]
        twice = {role.value for role in roles if role not in MANY and roles.count(role) > 1}
        faults = [f"map: only one column can be the {role}" for role in sorted(twice)]
        if not (self.guess or ANSWERS & set(roles) or self._answers_by_recipe()):
            faults.append("map: name the column of the score or of a comment, or set guess = true")
        scores = [mapped for mapped in self.map.values() if mapped.role is Role.SCORE]
        if self.score_kind is None and any(mapped.kind is None for mapped in scores):
            faults.append("score_kind: needed, because map names a score without a kind")
        if self.score_kind is ScoreKind.CUSTOM:
            faults += self._custom_faults()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _answers_by_recipe(self) -> bool:
        """Say whether the named tool's recipe knows by itself where the answers stand."""
        known = survey_recipes.shipped(self.recipe_folder).get(self.vendor)
        if self.recipes is not None or known is None:
            return self.recipes is not None and self.vendor != AUTO  # known when it is read
        return any(rule.role in ANSWERS for rule in known.columns)

    def _custom_faults(self) -> list[str]:
        if self.score_min is None or self.score_max is None or self.direction is None:
            return ["a custom scale needs score_min, score_max and direction"]
        if self.score_min >= self.score_max:
            return ["score_min must be below score_max"]
        return []

    def known_recipes(self) -> tuple[SurveyRecipe, ...]:
        """Give the shipped recipes and one's own, which replace those of the same name.

        Raises ConfigError.
        """
        own = survey_recipes.from_folder(self.recipes) if self.recipes else ()
        shipped = survey_recipes.shipped(self.recipe_folder)
        return tuple({**shipped, **{one.name: one for one in own}}.values())

    def mapped(self) -> dict[str, Mapped]:
        """Give the map, with what is said once for the whole survey at each of its columns."""
        return {name: self._completed(mapped) for name, mapped in self.map.items()}

    def _completed(self, mapped: Mapped) -> Mapped:
        if mapped.role is Role.SCORE and mapped.kind is None:
            return mapped.model_copy(
                update={
                    "kind": self.score_kind,
                    "lowest": self.score_min,
                    "highest": self.score_max,
                    "direction": self.direction,
                    "low_at_most": self.low_at_most,
                    "labels": {**self.score_labels, **mapped.labels},
                    "missing": (*self.missing, *mapped.missing),
                }
            )
        if mapped.role is Role.WANTS_CONTACT:
            yes, no = (*self.yes_words, *mapped.yes), (*self.no_words, *mapped.no)
            return mapped.model_copy(update={"yes": yes, "no": no})
        if mapped.role is Role.COMPLETE:
            return mapped.model_copy(update={"complete": (*self.complete_words, *mapped.complete)})
        return mapped

    def starts_at(self, practice_zone: ZoneInfo) -> datetime:
        """Give the instant from which on responses are judged, UTC."""
        if self.start_from is None:
            return datetime.min.replace(tzinfo=UTC)
        zone = ZoneInfo(self.zone) if self.zone else practice_zone
        return datetime.combine(self.start_from, time(), tzinfo=zone).astimezone(UTC)

    def reads_with(self, other: SourceSettings) -> bool:
        """Say whether a file can be an export of both."""
        if not isinstance(other, ExportOptions):
            return False
        mine, theirs = self.path.resolve(), other.path.resolve()
        if mine == theirs:
            one, two = self.pattern, other.pattern
            return fnmatch(one, two) or fnmatch(two, one)
        return (mine.parent == theirs and fnmatch(mine.name, other.pattern)) or (
            theirs.parent == mine and fnmatch(theirs.name, self.pattern)
        )

    def digest(self) -> str:
        """Name what decides how a file is understood: other options, another digest."""
        plain = f"{READER_VERSION} {self.model_dump_json(exclude={'path'})}"
        return hashlib.sha256(f"{plain} {self.path}".encode(errors="surrogateescape")).hexdigest()[
            :16
        ]
