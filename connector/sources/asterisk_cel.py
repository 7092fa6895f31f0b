"""Asterisk's channel event log (CEL), and the queue_log of the same system beside it.

Each call is one Signal as soon as it is over, also an answered one, so that all calls are
counted. What the channel log alone cannot tell (how a stay in a queue ended) is taken from the
queue_log, so that both are one truth. The logs are followed through rotation; the cursor holds
what is open, so a restart in the middle of a call loses nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Cursor
from connector.parsing import logfiles
from connector.parsing.calls.cel_check import shortcomings
from connector.parsing.calls.cel_rows import COLUMNS, column_name, missing
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.phone_home import same_system
from connector.parsing.calls.settings import CallSettings
from connector.parsing.calls.system import PhoneSystem, SystemLogs
from connector.parsing.calls.times import Clock
from connector.parsing.calls.watching import PhoneSource, Watched
from connector.sources.base import SourceSettings


class AsteriskCelSettings(SourceSettings):
    """A channel event log written by Asterisk on this host (`cel_custom`)."""

    kind: Literal["asterisk_cel"] = "asterisk_cel"
    path: Path = Field(
        default=Path("/var/log/asterisk/cel-custom/Master.csv"),
        description="The log; rotated parts are looked for beside it.",
    )
    queue_log: Path | None = Field(
        default=None,
        description="The queue_log of the same system. Do not configure it as a source of its "
        "own too: its calls would be counted twice.",
    )
    cdr: Path | None = Field(
        default=None,
        description="The call detail records of the same system (cdr-csv/Master.csv), for calls "
        "that the channel log lost; no source of their own either.",
    )
    earlier: tuple[Path, ...] = Field(
        default=(),
        description="Older channel logs that are read as a whole before, at the very first time.",
    )
    queue_log_earlier: tuple[Path, ...] = Field(
        default=(), description="The same for older queue_logs."
    )
    cdr_earlier: tuple[Path, ...] = Field(
        default=(), description="The same for older call detail records."
    )
    columns: tuple[str, ...] = Field(
        default=COLUMNS,
        description="The log's columns in their order, as mapped in cel_custom.conf; names that "
        "are not known are passed over.",
    )
    calls: CallSettings = Field(
        default_factory=CallSettings, description="What is known of the phone system."
    )

    @field_validator("columns")
    @classmethod
    def _enough_columns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        absent = missing(value)
        if absent:
            msg = f"without {', '.join(absent)} no call can be put together"
            raise ValueError(msg)
        return tuple(column_name(name) for name in value)

    def open(self, practice: Practice) -> AsteriskCel:
        """Make the source; the files are opened by reading."""
        return AsteriskCel(self, practice)

    def reads_with(self, other: SourceSettings) -> bool:
        """Say whether another source reads these logs, or others of the same phone system."""
        return same_system(self, other)

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Read one log once."""
        return cls(kind="asterisk_cel", name=name, path=path)


class AsteriskCel(PhoneSource):
    """Reads one phone system's channel log."""

    def __init__(self, settings: AsteriskCelSettings, practice: Practice) -> None:
        """Keep the configuration; nothing is opened before `read`."""
        beside = (settings.queue_log, settings.cdr)
        files = (settings.path, *(path for path in beside if path is not None))
        logs = SystemLogs(
            cel=settings.path,
            queue_log=settings.queue_log,
            earlier=settings.earlier,
            queue_earlier=settings.queue_log_earlier,
            cdr=settings.cdr,
            cdr_earlier=settings.cdr_earlier,
            columns=settings.columns,
            edge=settings.name,
            clock=Clock(settings.calls.local(practice.zone)),
            phones=settings.calls.phones(),
            numbers=Numbers(practice.region),
        )

        def opened(cursor: Cursor | None) -> PhoneSystem:
            return PhoneSystem(logs, cursor)

        super().__init__(
            Watched(
                name=settings.name,
                files=files,
                open=opened,
                names=settings.calls.names(),
                practice=practice,
            )
        )
        self._settings = settings

    def probe(self) -> list[str]:
        """Say what keeps the logs from being read."""
        problems: list[str] = []
        for path in self._watched.files:
            try:
                with logfiles.Opened(path, edge=self.name) as files:
                    files.need_live()
            except Unavailable as fault:
                problems.append(fault.problem)
        return problems

    def cannot_show(self) -> list[str]:
        """Say what the log does not show as it is, with the setting to change."""
        try:
            with logfiles.Opened(self._settings.path, edge=self.name) as files:
                found = shortcomings(files.need_live(), self._settings.columns)
        except (Unavailable, OSError):
            return []
        if self._settings.queue_log is None:
            found.append(
                "without the queue_log nobody knows how a stay in a queue ended: name it in "
                "`queue_log`"
            )
        return found
