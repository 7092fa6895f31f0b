"""Call detail records of Cisco Unified Communications Manager, pushed as files into a folder.

Each call is one Signal when it is over: records are joined by CUCM's global ids and, over
transfers, by the ids of call legs. Files are read when they are at rest and stay where they are.
"""

from __future__ import annotations

import time
from datetime import UTC
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Cursor
from connector.parsing.calls.cucm import CANNOT, PRESET, maker_with, preset
from connector.parsing.calls.drop_folder import dropped
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.phone_home import same_files
from connector.parsing.calls.presets import MAX_LATE_S
from connector.parsing.calls.settings import CallSettings
from connector.parsing.calls.table_reader import TableReader, Tables
from connector.parsing.calls.watching import PhoneSource, Watched
from connector.parsing.survey_times import DateOrder
from connector.sources.base import SourceSettings


class CiscoCucmSettings(SourceSettings):
    """The folder into which CUCM pushes its call detail records (billing server)."""

    kind: Literal["cisco_cucm"] = "cisco_cucm"
    path: Path = Field(description="The folder, or one file.")
    pattern: str = Field(
        default="cdr_*|cdr-*",
        min_length=1,
        max_length=200,
        description="Which files hold records; several with `|`. Those of call quality (cmr_*) "
        "are not needed.",
    )
    voicemail: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Devices and numbers of the voicemail, when its names do not tell "
        '(`"8000"`, `"SIP_UNITY*"`).',
    )
    late_seconds: int = Field(
        default=300,
        ge=0,
        le=MAX_LATE_S,
        description="How long further records of a call may take; after a transfer it is waited "
        "for up to four hours.",
    )
    settle_seconds: int = Field(
        default=10,
        ge=0,
        le=86_400,
        description="A file is read when it did not change for so long.",
    )
    calls: CallSettings = Field(
        default_factory=CallSettings, description="What is known of the phone system."
    )

    def open(self, practice: Practice) -> CiscoCucm:
        """Make the source; the files are opened by reading."""
        return CiscoCucm(self, practice)

    def reads_with(self, other: SourceSettings) -> bool:
        """Say whether another source reads these records too."""
        return same_files(self, other)

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Read one file or folder once."""
        return cls(kind="cisco_cucm", name=name, path=path, settle_seconds=0)


class CiscoCucm(PhoneSource):
    """Reads the records of one cluster."""

    def __init__(self, settings: CiscoCucmSettings, practice: Practice) -> None:
        """Keep the configuration; nothing is opened before `read`."""
        tables = Tables(
            path=settings.path,
            edge=settings.name,
            presets={PRESET: preset()},
            preset=PRESET,
            pattern=settings.pattern,
            zone=UTC,
            order=DateOrder.MONTH_FIRST,
            numbers=Numbers(practice.region),
            settle_s=settings.settle_seconds,
            late_s=settings.late_seconds,
            maker=maker_with(settings.calls.extensions, settings.voicemail),
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
        """Say what keeps the records from being read."""
        try:
            dropped(self._settings.path, self._settings.pattern, edge=self.name)
        except Unavailable as fault:
            return [fault.problem]
        return []

    def cannot_show(self) -> tuple[str, ...]:
        """Say what these records can never show, each with its cure."""
        return CANNOT
