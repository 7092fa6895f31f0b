"""Asterisk's call detail records (CDR), and the queue_log of the same system beside them.

Each call is one Signal as soon as its records are there. Records show who spoke with whom and
who was passed on; `amends check` says what they cannot show. FreePBX and Issabel exports with
a header are read too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Cursor
from connector.parsing import logfiles
from connector.parsing.calls.cdr_rows import column_name
from connector.parsing.calls.cdr_system import CdrLogs, CdrSystem
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.phone_home import same_system
from connector.parsing.calls.settings import CallSettings
from connector.parsing.calls.times import Clock
from connector.parsing.calls.watching import PhoneSource, Watched
from connector.sources.base import SourceSettings

LIMITS = (
    (
        "CDR alone cannot show hold time, repeated recordings, who hung up or whether a voicemail "
        "message was left: switch on the channel event log (cel.conf, events=ALL) and use kind "
        "asterisk_cel"
    ),
    (
        "CDR alone cannot tell a caller who gave up in a queue from one whom the queue sent on, "
        "and knows waits only roughly: name the queue_log too"
    ),
)
"""What is said of a log that is read without the others."""


class AsteriskCdrSettings(SourceSettings):
    """Call detail records written by Asterisk, or exported by FreePBX or Issabel."""

    kind: Literal["asterisk_cdr"] = "asterisk_cdr"
    path: Path = Field(
        default=Path("/var/log/asterisk/cdr-csv/Master.csv"),
        description="The records; rotated parts are looked for beside them.",
    )
    queue_log: Path | None = Field(
        default=None,
        description="The queue_log of the same system. Do not configure it as a source of its "
        "own too: its calls would be counted twice.",
    )
    earlier: tuple[Path, ...] = Field(
        default=(),
        description="Older records that are read as a whole before, at the very first time.",
    )
    queue_log_earlier: tuple[Path, ...] = Field(
        default=(), description="The same for older queue_logs."
    )
    columns: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="The columns of a cdr_custom.conf of your own in their order (`src`, `start` "
        "...); empty: told by the rows.",
    )
    calls: CallSettings = Field(
        default_factory=CallSettings, description="What is known of the phone system."
    )

    @field_validator("columns")
    @classmethod
    def _enough_columns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        named = tuple(column_name(name) for name in value)
        absent = [name for name in ("src", "start", "duration", "disposition") if name not in named]
        if value and absent:
            msg = f"without {', '.join(absent)} no call can be told"
            raise ValueError(msg)
        return named

    def open(self, practice: Practice) -> AsteriskCdr:
        """Make the source; the files are opened by reading."""
        return AsteriskCdr(self, practice)

    def reads_with(self, other: SourceSettings) -> bool:
        """Say whether another source reads these logs, or others of the same phone system."""
        return same_system(self, other)

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Read one log once."""
        return cls(kind="asterisk_cdr", name=name, path=path)


class AsteriskCdr(PhoneSource):
    """Reads one phone system's records."""

    def __init__(self, settings: AsteriskCdrSettings, practice: Practice) -> None:
        """Keep the configuration; nothing is opened before `read`."""
        beside = () if settings.queue_log is None else (settings.queue_log,)
        logs = CdrLogs(
            cdr=settings.path,
            queue_log=settings.queue_log,
            earlier=settings.earlier,
            queue_earlier=settings.queue_log_earlier,
            columns=settings.columns,
            edge=settings.name,
            clock=Clock(settings.calls.local(practice.zone)),
            phones=settings.calls.phones(),
            numbers=Numbers(practice.region),
        )

        def opened(cursor: Cursor | None) -> CdrSystem:
            return CdrSystem(logs, cursor)

        super().__init__(
            Watched(
                name=settings.name,
                files=(settings.path, *beside),
                open=opened,
                names=settings.calls.names(),
                practice=practice,
            )
        )
        self._alone = settings.queue_log is None

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
        """Say what records cannot show, with the setting to change on the phone system."""
        return list(LIMITS if self._alone else LIMITS[:1])
