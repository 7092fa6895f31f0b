"""Records of any phone system that writes a table: CSV, TSV, JSON lines or JSON documents.

What the columns mean stands in a preset (`connector/recipes/phone`); a system that has none is
one TOML file away. Each call is one Signal when it is over, also an answered one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from connector.domain.errors import ConfigError, Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Cursor
from connector.parsing import logfiles
from connector.parsing.calls.drop_folder import dropped
from connector.parsing.calls.found import Broken
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.phone_home import same_files
from connector.parsing.calls.presets import MAX_LATE_S, Preset, from_folder, shipped
from connector.parsing.calls.settings import CallSettings
from connector.parsing.calls.table_reader import TableReader, Tables
from connector.parsing.calls.table_rows import PRESET_UNKNOWN
from connector.parsing.calls.watching import PhoneSource, Watched
from connector.parsing.survey_times import DateOrder
from connector.sources.base import SourceSettings

MONTH_FIRST_REGIONS = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "PH", "CA"})
"""Where 03/04/2026 is the fourth of March."""


PROBED_ITEMS = 50
"""So many calls are tried by `amends check`."""


class CallTableSettings(SourceSettings):
    """Call records of a phone system: a log that grows, or exports that are put into a folder."""

    kind: Literal["call_table"] = "call_table"
    path: Path = Field(
        description="The log (or the file of `amends listen`), or the folder into which exports "
        "are put."
    )
    pattern: str = Field(
        default="*",
        min_length=1,
        max_length=200,
        description="Which files of a folder hold records (`calls-*.csv`).",
    )
    preset: str = Field(
        default="",
        max_length=80,
        description="How to read them: a name from docs/sources/call_table.md, or of a file in "
        "`presets`. Empty: recognised by the first line.",
    )
    presets: Path | None = Field(
        default=None, description="Folder with presets of your own (*.toml); they go first."
    )
    columns: tuple[str, ...] = Field(
        default=(),
        max_length=400,
        description="Names of the columns in their order, where no line names them (3CX: the "
        "order that was chosen there).",
    )
    delimiter: Literal["", ",", ";", "\t", "|"] = Field(
        default="", description="What stands between fields; empty: recognised."
    )
    follow: bool | None = Field(
        default=None,
        description="true: the path is a log that grows and rotates; false: a file that is "
        "replaced; empty: as the preset says.",
    )
    date_order: DateOrder | None = Field(
        default=None,
        description="How 03/04/2026 is meant: mdy or dmy; else by the practice's country.",
    )
    late_seconds: int | None = Field(
        default=None,
        ge=0,
        le=MAX_LATE_S,
        description="How long further rows of a call may take; empty: as the preset says.",
    )
    settle_seconds: int = Field(
        default=30,
        ge=0,
        le=86_400,
        description="A file in a folder is read when it did not change for so long.",
    )
    calls: CallSettings = Field(
        default_factory=CallSettings, description="What is known of the phone system."
    )

    @model_validator(mode="after")
    def _known_preset(self) -> Self:
        try:
            known = self.known_presets
        except ConfigError as error:
            raise ValueError(f"presets: {' / '.join(error.faults)}") from None
        if self.preset and self.preset not in known:
            raise ValueError(
                f"preset: there is no {self.preset!r}; there are {', '.join(sorted(known))}"
            )
        if self.columns and not self.preset:
            raise ValueError("preset: needed, because columns are named")
        return self

    @cached_property
    def known_presets(self) -> Mapping[str, Preset]:
        """Give the presets by name, the admin's own before those that are shipped."""
        own = from_folder(self.presets) if self.presets is not None else {}
        return {**shipped(), **own}

    def open(self, practice: Practice) -> CallTable:
        """Make the source; the files are opened by reading."""
        return CallTable(self, practice)

    def reads_with(self, other: SourceSettings) -> bool:
        """Say whether another source reads these records too."""
        return same_files(self, other)

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Read one file or folder once; what it is, is recognised."""
        return cls(kind="call_table", name=name, path=path, settle_seconds=0)


class CallTable(PhoneSource):
    """Reads the records of one phone system."""

    def __init__(self, settings: CallTableSettings, practice: Practice) -> None:
        """Keep the configuration; nothing is opened before `read`."""
        presets = settings.known_presets
        chosen = presets.get(settings.preset)
        zone = settings.calls.local(practice.zone)
        if chosen is not None and chosen.zone and not settings.calls.zone:
            zone = type(zone)(chosen.zone)
        month_first = practice.region.upper() in MONTH_FIRST_REGIONS
        by_country = DateOrder.MONTH_FIRST if month_first else DateOrder.DAY_FIRST
        tables = Tables(
            path=settings.path,
            edge=settings.name,
            presets=presets,
            preset=settings.preset,
            columns=settings.columns,
            delimiter=settings.delimiter,
            pattern=settings.pattern,
            follow=settings.follow,
            zone=zone,
            order=settings.date_order or by_country,
            numbers=Numbers(practice.region),
            settle_s=settings.settle_seconds,
            late_s=settings.late_seconds,
        )

        def opened(cursor: Cursor | None) -> TableReader:
            return TableReader(tables, cursor)

        super().__init__(
            Watched(
                name=settings.name,
                files=(settings.path,),
                open=opened,
                names=settings.calls.names(),
                practice=practice,
                now=time.time,
            )
        )
        self._settings = settings

    def probe(self) -> list[str]:
        """Say what keeps the records from being read, and what they cannot show."""
        settings = self._settings
        try:
            if settings.path.is_dir():
                dropped(settings.path, settings.pattern, edge=self.name)
            else:
                with logfiles.Opened(settings.path, edge=self.name) as files:
                    files.need_live()
        except Unavailable as fault:
            return [fault.problem]
        return self._unrecognised()

    def _unrecognised(self) -> list[str]:
        """Try the first calls: what no preset knows is to be mended before it is read."""
        found = [one for one in islice(self.calls(), PROBED_ITEMS) if isinstance(one, Broken)]
        told = dict.fromkeys(one.problem for one in found if PRESET_UNKNOWN in one.problem)
        return [f"{self._settings.path}: {problem}" for problem in told]

    def cannot_show(self) -> tuple[str, ...]:
        """Say what these records can never show, each with its cure."""
        preset = self._settings.known_presets.get(self._settings.preset)
        return preset.cannot if preset is not None else ()
