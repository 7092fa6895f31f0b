"""What agents do, in each product by its own hands, and what stands on its tickets at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from connector.domain.ticket import TicketStatus
from connector.testing.memory_desk import MemoryDesk, Weather
from connector.testing.memory_helpdesk import MemoryHelpdesk

WORDS = "We looked into it."
CATEGORY = "amends_cat"


@dataclass(frozen=True, kw_only=True)
class Stands:
    """A ticket as the product has it at the end."""

    tags: frozenset[str]
    severity: int | None
    fields: dict[str, str]


def said(act: str, values: Mapping[str, str]) -> str:
    """Give what an agent writes."""
    return f"tried: {values['way']}" if act == "tried" else WORDS


def taken(tag: str, there: Iterable[str]) -> list[str]:
    """Name the tags that somebody takes away: one, or all of the category."""
    return [one for one in there if one == tag or (tag == CATEGORY and one.startswith(tag))]


class Hands(Protocol):
    """A product with people in it."""

    name: str
    merge_says: str
    """As what amends reads the words that a merge leaves on both tickets; empty: none."""
    pace: Mapping[str, Any]
    """How often amends looks, where that is not the usual."""
    calls: bool
    """The product has calls that agents log; elsewhere they say in a field that they spoke."""
    seen_within: timedelta
    """So soon amends looks at what agents did, turns aside."""

    def plugin(self) -> Any:
        """Give what speaks to it."""

    def away(self, *, away: bool) -> None:
        """Begin or end an outage."""

    def passes(self, now: datetime) -> None:
        """Let the product's clock show this."""

    def act(self, ticket: str, act: str, values: dict[str, str]) -> None:
        """Do one thing as an agent."""

    def merge(self, ticket: str, into: str) -> None:
        """Merge a ticket into another."""

    def stands(self, ticket: str) -> Stands:
        """Read a ticket past the plugin."""

    def close(self) -> None:
        """End it."""


class MemoryHands:
    """The helpdesk in memory, with the feed of its changes."""

    name = "memory"
    merge_says = ""
    pace: Mapping[str, Any] = {}
    calls = True
    seen_within = timedelta(minutes=20)

    def __init__(self, now: Any) -> None:
        """Begin empty; `now` is its clock."""
        self._desk = MemoryDesk(now=now)

    def plugin(self) -> Any:
        """Give the plugin of the same process."""
        return MemoryHelpdesk(self._desk)

    def away(self, *, away: bool) -> None:
        """Refuse all connections, or none."""
        weather = Weather.DOWN if away else Weather.FAIR
        self._desk.standing = self._desk.reading = self._desk.feeding = weather

    def passes(self, now: datetime) -> None:
        """Its clock is the practice's."""

    def act(self, ticket: str, act: str, values: dict[str, str]) -> None:
        """Do it."""
        desk = self._desk
        match act:
            case "note" | "reply" | "tried":
                desk.say(ticket, said(act, values), public=act == "reply")
            case "call":
                desk.call(ticket, WORDS)
            case "assign":
                desk.edit(ticket, assignee="kim")
            case "priority":
                seen = desk.tickets[ticket].snapshot
                desk.edit(ticket, severity=int(values["severity"]) or seen.severity)
            case "fill":
                before = desk.tickets[ticket].snapshot.fields
                desk.edit(ticket, fields={**before, **values})
            case "close" | "reopen":
                status = TicketStatus.RESOLVED if act == "close" else TicketStatus.OPEN
                desk.edit(ticket, status=status)
            case "wrong" | "right":
                desk.retag(ticket, add=[f"amends_{act}"])
            case "untag":
                desk.retag(ticket, remove=taken(values["tag"], desk.tickets[ticket].snapshot.tags))
            case "delete":
                desk.delete(ticket)

    def merge(self, ticket: str, into: str) -> None:
        """Merge."""
        self._desk.merge(ticket, into)

    def stands(self, ticket: str) -> Stands:
        """Read it."""
        seen = self._desk.tickets[ticket].snapshot
        return Stands(tags=seen.tags, severity=seen.severity, fields=dict(seen.fields))

    def close(self) -> None:
        """Nothing is open."""
