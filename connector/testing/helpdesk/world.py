"""What the contract asks of a test, and what its parts share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import pytest

from connector.domain.blueprint import PlannedStep
from connector.domain.errors import AmendsError
from connector.domain.ticket import OpenTicket, TicketEvent, TicketRef
from connector.helpdesks.base import Helpdesk
from connector.testing.changes import a_note, a_ticket, an_update

MAX_WRITES: Final = 8
"""No change takes more requests than this."""

PATIENCE_S: Final = 60
"""Bound for joining threads; reached only by a failing plugin."""

_NUMBERS: Final = itertools.count(10, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenNote:
    """A note as the product shows it to agents, read without the plugin."""

    text: str
    """As stored; escaping may still be in it."""
    private: bool
    files: dict[str, str] = field(default_factory=dict)
    """Name to sha256 of the content."""


class HelpdeskWorld(Protocol):
    """What the contract asks of a test: arrange and examine the product."""

    def open(self) -> Helpdesk:
        """Make a fresh helpdesk on this world, as after a restart."""
        ...

    def open_locked_out(self) -> Helpdesk:
        """Make one whose credentials are refused."""
        ...

    def lose_request(self, nth: int) -> AbstractContextManager[None]:
        """Lose the nth write from now before the product hears of it."""
        ...

    def lose_answer(self, nth: int) -> AbstractContextManager[None]:
        """Lose the answer to the nth write from now, after it was applied."""
        ...

    def refuse_reads(self) -> AbstractContextManager[None]:
        """Let every read be refused."""
        ...

    def down(self) -> AbstractContextManager[None]:
        """Let nothing answer."""
        ...

    def mails(self) -> Sequence[str]:
        """Give all mails that the product sent."""
        ...

    def count(self, key: str) -> int:
        """Count the tickets that carry the key."""
        ...

    def notes(self, ref: TicketRef) -> Sequence[SeenNote]:
        """Read what stands on a ticket beside its first text, oldest first."""
        ...

    def tag_by_hand(self, ref: TicketRef, tag: str) -> None:
        """Add a tag as an agent would."""
        ...

    def comment_by_hand(self, ref: TicketRef, text: str) -> None:
        """Write a private comment as an agent would."""
        ...

    def delete(self, ref: TicketRef) -> None:
        """Delete a ticket for good."""
        ...

    def merge(self, ref: TicketRef, into: TicketRef) -> None:
        """Merge a ticket into another."""
        ...

    def secrets(self) -> Sequence[str]:
        """Give what must never be printed."""
        ...


class MoreOfAWorld(Protocol):
    """What a world may offer in addition; a test that needs what is not there is skipped.

    Each can be written when the plugin is; none is needed to begin with.
    """

    def open_bare(self) -> Helpdesk:
        """Make a helpdesk on an account that has nothing of what `provision` sets up."""
        ...

    def setup(self) -> Mapping[str, str]:
        """Tell all fields, views and service levels of the account: id to title."""
        ...

    def set_up_by_hand(self) -> None:
        """Add a field and a view of others, one of them titled `Recovery: my own`."""
        ...

    def rename_by_hand(self, step: PlannedStep, title: str) -> None:
        """Give what `step` made (its `id` is the product's) another title."""
        ...

    def answering(
        self, status: int, headers: Mapping[str, str], body: bytes, *, reads: bool = True
    ) -> AbstractContextManager[None]:
        """Answer every write so, and with `reads` every read, before the product hears of it."""
        ...

    def interject(self, act: Callable[[], object]) -> AbstractContextManager[None]:
        """Let somebody act once, just before our next write reaches the product."""
        ...

    def close_for_good(self, ref: TicketRef) -> None:
        """Close a ticket so that it stays closed, as the product does after some days."""
        ...

    def colleagues(self) -> tuple[str, str]:
        """Give two accounts to which tickets can be given, as the settings would have them."""
        ...

    def mark_spam(self, ref: TicketRef) -> None:
        """Mark a ticket as spam."""
        ...

    def open_auditor(self) -> Helpdesk:
        """Make a helpdesk whose account may read everything and write nothing."""
        ...

    cannot: Mapping[str, str]
    """Why something of this is not offered: what the product has no counterpart of."""

    history_page: int
    """How many events the product tells at once; three pages and more are tried."""


def offered(world: HelpdeskWorld, name: str) -> Callable[..., Any]:
    """Give a method that a world may offer in addition; without it the test is skipped."""
    method: Callable[..., Any] | None = getattr(world, name, None)
    if method is None:
        reasons: Mapping[str, str] = getattr(world, "cannot", {})
        pytest.skip(reasons.get(name, f"its test world offers no {name}"))
    return method


def long_ago() -> datetime:
    """Give a time before everything that a test does."""
    return datetime.now(UTC) - timedelta(days=1)


def prepared(helpdesk: Helpdesk, ticket: OpenTicket) -> OpenTicket:
    """Freeze a ticket's body, as the outbox does."""
    return replace(ticket, body=helpdesk.prepare(ticket))


class Base:
    """What all parts of the contract share."""

    @pytest.fixture
    def world(self) -> HelpdeskWorld:
        """Override: the product under test; keys of earlier tests may still be in it."""
        raise NotImplementedError

    @pytest.fixture
    def helpdesk(self, world: HelpdeskWorld) -> Iterator[Helpdesk]:
        """Open a helpdesk on the world; it is closed after the test."""
        helpdesk = world.open()
        yield helpdesk
        helpdesk.close()

    @pytest.fixture
    def number(self) -> int:
        """Give a number whose keys no other test uses; ten after it are free too."""
        return next(_NUMBERS)

    @pytest.fixture
    def ref(self, helpdesk: Helpdesk, number: int) -> TicketRef:
        """Open a plain ticket."""
        return helpdesk.open(prepared(helpdesk, a_ticket(number)))


def calls_of(
    helpdesk: Helpdesk, ticket: OpenTicket | None, ref: TicketRef
) -> list[Callable[[], object]]:
    """Give one call of each kind on a ticket; `ticket` adds those that open and find."""
    calls: list[Callable[[], object]] = [
        lambda: helpdesk.snapshot(ref),
        lambda: helpdesk.note(ref, a_note(5)),
        lambda: helpdesk.update(ref, an_update(5)),
        lambda: list(helpdesk.history(ref)),
    ]
    if ticket is not None:
        calls += [
            lambda: helpdesk.open(ticket),
            lambda: helpdesk.find(ticket.key, long_ago()),
        ]
    return calls


def complaints(calls: Sequence[Callable[[], object]]) -> list[str]:
    """Make the calls; give everything that their errors say."""
    said: list[str] = []
    for call in calls:
        try:
            call()
        except AmendsError as error:
            said += [str(error), repr(error), repr(error.__cause__)]
    return said


def ours(helpdesk: Helpdesk, ref: TicketRef, key: str) -> list[TicketEvent]:
    """Give the events that carry the key of a note or update."""
    return [event for event in helpdesk.history(ref) if event.data.get("note_key") == key]


def files_of(world: HelpdeskWorld, ref: TicketRef) -> dict[str, str]:
    """Give all files on a ticket; a name that comes twice fails."""
    files = [item for note in world.notes(ref) for item in note.files.items()]
    assert len(dict(files)) == len(files)
    return dict(files)
