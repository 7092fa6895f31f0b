"""Asterisk's queue_log by itself: every call that waited in a queue, as soon as it is over.

Each call is one Signal, also an answered one, so that all calls are counted. The log is followed
through rotation; the cursor holds what is open, so a restart in the middle of a call loses
nothing. Where the channel event log or the records of the same system are there too, they lead
and take the queue_log beside them (`queue_log` of asterisk_cel and asterisk_cdr).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Cursor
from connector.parsing import logfiles
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.phone_home import same_system
from connector.parsing.calls.queue_system import QueueLogs, QueueSystem
from connector.parsing.calls.settings import CallSettings
from connector.parsing.calls.watching import PhoneSource, Watched
from connector.sources.base import SourceSettings

LIMITS = (
    (
        "the queue_log alone shows queues only: calls that ring a phone directly, menus, "
        "voicemail, holds, recordings and most transfers are not in it; switch on the channel "
        "event log (cel.conf, events=ALL) and use kind asterisk_cel, with this log as its "
        "`queue_log`"
    ),
    (
        "the queue_log does not tell which number was dialled, nor callers whom a full or empty "
        "queue refused at once: asterisk_cel does"
    ),
)
"""What is said of a queue_log that is read without the others."""


class AsteriskQueueLogSettings(SourceSettings):
    """A queue_log written by Asterisk, FreePBX or Issabel on this host."""

    kind: Literal["asterisk_queue_log"] = "asterisk_queue_log"
    path: Path = Field(
        default=Path("/var/log/asterisk/queue_log"),
        description="The log; rotated parts are looked for beside it.",
    )
    earlier: tuple[Path, ...] = Field(
        default=(), description="Older logs that are read as a whole before, at the first time."
    )
    queues: dict[str, str] = Field(
        default_factory=dict,
        description="Names of queues as your team knows them, by the id in the log "
        '(`400 = "Front desk"`); used in tickets.',
    )
    calls: CallSettings = Field(
        default_factory=CallSettings, description="What is known of the phone system."
    )

    def open(self, practice: Practice) -> AsteriskQueueLog:
        """Make the source; the file is opened by reading."""
        return AsteriskQueueLog(self, practice)

    def reads_with(self, other: SourceSettings) -> bool:
        """Say whether another source reads this log, or another log of the same phone system."""
        return same_system(self, other)

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Read one log once."""
        return cls(kind="asterisk_queue_log", name=name, path=path)


class AsteriskQueueLog(PhoneSource):
    """Reads one queue_log."""

    def __init__(self, settings: AsteriskQueueLogSettings, practice: Practice) -> None:
        """Keep the configuration; nothing is opened before `read`."""
        logs = QueueLogs(
            queue_log=settings.path,
            earlier=settings.earlier,
            edge=settings.name,
            numbers=Numbers(practice.region),
        )

        def opened(cursor: Cursor | None) -> QueueSystem:
            return QueueSystem(logs, cursor)

        super().__init__(
            Watched(
                name=settings.name,
                files=(settings.path,),
                open=opened,
                names=settings.calls.with_queues(settings.queues).names(),
                practice=practice,
            )
        )

    def probe(self) -> list[str]:
        """Say what keeps the log from being read."""
        try:
            with logfiles.Opened(self._watched.files[0], edge=self.name) as files:
                files.need_live()
        except Unavailable as fault:
            return [fault.problem]
        return []

    def cannot_show(self) -> tuple[str, ...]:
        """Say what this log can never show, with the setting to change on the phone system."""
        return LIMITS
