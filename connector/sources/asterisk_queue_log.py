"""Asterisk's queue_log: every caller's stay in a queue, as soon as its end is written.

Each ended stay is one Signal, also an answered one, so that all calls are counted. The cursor
holds where the log was read and which stays are still open, so a restart in the middle of a
call loses nothing. The log is followed through rotation (see `connector.parsing.tail`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import (
    Batch,
    Channel,
    Contact,
    Cursor,
    Fact,
    Item,
    Signal,
    Unreadable,
)
from connector.parsing import logfiles
from connector.parsing.call_words import stay_sentence
from connector.parsing.log_watch import LogWatch
from connector.parsing.people import clean_name, fold_space, phone_e164, without_controls
from connector.parsing.queue_events import Malformed, parse_line
from connector.parsing.queue_log import EndedStay, Stays
from connector.parsing.tail import Gap, Line, Position, follow
from connector.sources.base import SourceSettings

BATCH_ITEMS = 200
"""A batch is handed on when it has so many items."""
MAX_QUEUE_NAME_CHARS = 80
"""A queue's name is cut to this in words; its id in the facts is not."""
CURSOR_VERSION = 1


class AsteriskQueueLogSettings(SourceSettings):
    """A queue_log written by Asterisk, FreePBX or Issabel on this host."""

    kind: Literal["asterisk_queue_log"] = "asterisk_queue_log"
    path: Path = Field(
        default=Path("/var/log/asterisk/queue_log"),
        description="The log; rotated parts are looked for beside it.",
    )
    queues: dict[str, str] = Field(
        default_factory=dict,
        description="Names of queues as your team knows them, by the id in the log "
        '(`400 = "Front desk"`); used in tickets.',
    )

    def open(self, practice: Practice) -> AsteriskQueueLog:
        """Make the source; the file is opened by reading."""
        return AsteriskQueueLog(self, practice)

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Read one log once."""
        return cls(kind="asterisk_queue_log", name=name, path=path)


class AsteriskQueueLog:
    """Reads one queue_log; used by one thread, except `close`."""

    def __init__(self, settings: AsteriskQueueLogSettings, practice: Practice) -> None:
        """Keep the configuration; nothing is opened before `read`."""
        self.name = settings.name
        self._path = settings.path
        self._queues: Mapping[str, str] = settings.queues
        self._practice = practice
        self._watch = LogWatch(settings.path)

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        """Yield the stays that ended behind the cursor. Raises Unavailable."""
        position, stays = _resume(after)
        self._watch.begin()
        items: list[Item] = []
        for chunk in follow(self._path, position, edge=self.name):
            for entry in chunk.items:
                items.extend(self._heard(entry, stays))
            position = chunk.position
            if len(items) >= BATCH_ITEMS:
                yield Batch(items=tuple(items), cursor=_cursor(position, stays))
                items = []
            if self._watch.closing:
                return
        if position is None:
            return
        cursor = _cursor(position, stays)
        if items or cursor != after:
            yield Batch(items=tuple(items), cursor=cursor)

    def settle(self, locators: Sequence[str]) -> None:
        """Do nothing: the log belongs to the phone system."""

    def close(self) -> None:
        """End a reading after its present batch, and a waiting at once."""
        self._watch.close()

    def wait(self, seconds: float) -> bool:
        """Return True as soon as the log differs from what the last reading found."""
        return self._watch.wait(seconds)

    def probe(self) -> list[str]:
        """Say what keeps the log from being read."""
        try:
            with logfiles.Opened(self._path, edge=self.name) as files:
                files.need_live()
        except Unavailable as fault:
            return [fault.problem]
        return []

    def _heard(self, entry: Line | Gap, stays: Stays) -> Iterator[Item]:
        """Give what one line of the log tells."""
        if isinstance(entry, Gap):
            yield self._unreadable(entry.locator, entry.problem, b"")
            return
        event = None if entry.problem else parse_line(entry.data)
        if entry.problem or isinstance(event, Malformed):
            problem = event.problem if isinstance(event, Malformed) else entry.problem
            yield self._unreadable(entry.locator, problem, entry.data)
        elif event is not None:
            for stay in stays.feed(event, entry.data):
                yield self._signal(stay, entry.locator)

    def _unreadable(self, locator: str, problem: str, raw: bytes) -> Unreadable:
        return Unreadable(
            tenant=self._practice.tenant,
            source=self.name,
            locator=_printable(locator),
            problem=problem,
            raw=raw,
        )

    def _signal(self, stay: EndedStay, locator: str) -> Signal:
        return Signal(
            tenant=self._practice.tenant,
            source=self.name,
            natural_key=stay.key,
            locator=_printable(locator),
            channel=Channel.PHONE,
            event_time=datetime.fromtimestamp(stay.ended_at, UTC),
            contact=self._contact(stay),
            text=stay_sentence(stay, self._queue_name(stay.queue)),
            facts=_facts(stay),
            raw=b"".join(line + b"\n" for line in stay.lines),
        )

    def _contact(self, stay: EndedStay) -> Contact:
        phone = phone_e164(stay.caller, self._practice.region)
        name = clean_name(stay.caller_name)
        if not any(char.isalpha() for char in name):
            name = ""  # many lines send the number again in place of a name
        return Contact(name=name, phone=phone)

    def _queue_name(self, queue: str) -> str:
        name = self._queues.get(queue) or fold_space(without_controls(queue)) or "(no name)"
        return name[:MAX_QUEUE_NAME_CHARS]


def _facts(stay: EndedStay) -> dict[str, Fact]:
    """Name what is known of a stay; what is not known is left out."""
    facts: dict[str, Fact | None] = {
        "call_end": stay.end.value,
        "queue": stay.queue,
        "callid": stay.callid,
        "wait_s": stay.wait_s,
        "call_s": stay.call_s,
        "position": stay.position,
        "original_position": stay.original_position,
        "lines_dropped": stay.lines_dropped or None,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _printable(locator: str) -> str:
    """Give a path in UTF-8 also when the file system's bytes are none."""
    return locator.encode("utf-8", "backslashreplace").decode("utf-8")


def _cursor(position: Position, stays: Stays) -> Cursor:
    plain = {"version": CURSOR_VERSION, "position": position.plain(), "stays": stays.plain()}
    return json.dumps(plain, separators=(",", ":"))


def _resume(cursor: Cursor | None) -> tuple[Position | None, Stays]:
    """Read a cursor; one that is not ours begins at the beginning, which is harmless."""
    try:
        plain = json.loads(cursor) if cursor else None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict) or plain.get("version") != CURSOR_VERSION:
        return None, Stays()
    position = Position.from_plain(plain.get("position"))
    return position, Stays(plain.get("stays") if position else None)
