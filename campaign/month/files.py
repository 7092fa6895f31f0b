"""What the second computation writes down: files, rounds, rungs, and what people did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaign.month.world import Heard


@dataclass(kw_only=True)
class Climbed:
    """A rung, as it was climbed."""

    clock: str
    percent: int
    due: datetime
    at: datetime
    below: tuple[int, ...]
    overtaken: bool = False
    """Its note was still on the way when the next rung was climbed, which names it."""


@dataclass(kw_only=True)
class Round:
    """From an opening to a close."""

    number: int
    start: datetime
    acted: datetime | None = None
    contact: datetime | None = None
    fired: dict[str, int] = field(default_factory=lambda: {"contact": 0, "resolution": 0})
    climbed: list[Climbed] = field(default_factory=list)
    shown: str = "running"
    silence: bool = False
    critical: bool = False
    held_since: datetime | None = None
    held: timedelta = timedelta(0)
    held_open: int = 0
    ended: datetime | None = None
    why: str = ""
    lacking: tuple[str, ...] | None = None
    rungs: dict[str, tuple[object, list[tuple[int, datetime]]]] = field(default_factory=dict)
    """By clock: for which due time and rests the instants of its rungs were computed, and they."""


@dataclass(kw_only=True)
class File:
    """A case as the clerk keeps it."""

    founder: Heard
    group: str
    severity: int
    categories: tuple[str, ...]
    second_look: bool
    opened: datetime
    contact_due: datetime | None = None
    resolution_due: datetime | None = None
    clocks_from: datetime | None = None
    id: str = ""
    ticket: str = ""
    tickets: list[str] = field(default_factory=list)
    guest: bool = False
    open: bool = True
    closed: datetime | None = None
    reason: str = ""
    rounds: list[Round] = field(default_factory=list)
    evidence: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    priority: int = 1
    joined: list[datetime | None] = field(default_factory=list)
    """When the note of each further complaint stood on the ticket."""
    tries: list[tuple[datetime, str]] = field(default_factory=list)
    """Attempts that agents stated by the field of the first contact, as they were seen."""
    looked: datetime | None = None
    reopening: bool = False
    incomplete: bool = False

    @property
    def round(self) -> Round | None:
        """The one that runs."""
        last = self.rounds[-1] if self.rounds else None
        return last if last is not None and last.ended is None else None


@dataclass(kw_only=True)
class Truth:
    """What people did on a ticket."""

    words: list[tuple[datetime, str]] = field(default_factory=list)
    """When, and `note`, `public_reply`, `call`, `assign` or `priority`."""
    fields: dict[str, str] = field(default_factory=dict)
    ended_at: datetime | None = None
    wrong: bool = False
    right: bool = False
    gone: str = ""
    into: str = ""
    theirs: bool = False
    """An agent set the priority."""
    priority: int = 0
    untagged: set[str] = field(default_factory=set)
    """Tags that an agent took away; `amends_cat` stands for all that begin so."""
    tries: list[tuple[datetime, str]] = field(default_factory=list)
    """When somebody tried to reach the person, and by which way."""

    def did(self, at: datetime, act: str, values: dict[str, str]) -> None:
        """Write down what an agent did."""
        if act in {"note", "assign", "priority", "reply", "call", "tried", "untag"}:
            self.words.append((at, "public_reply" if act == "reply" else act))
        if act == "tried":
            self.tries.append((at, values["way"]))
        if act == "untag":
            self.untagged.add(values["tag"])
        if act == "priority":
            self.theirs, self.priority = True, int(values["severity"])
        self.fields |= values if act == "fill" else {}
        if act in {"close", "reopen"}:
            self.ended_at = at if act == "close" else None
        self.wrong |= act == "wrong"
        self.right |= act == "right"
        self.gone = "deleted" if act == "delete" else self.gone
