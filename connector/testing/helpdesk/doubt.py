"""Whatever is lost on the way: one ticket, one note, and doubt is said."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from connector.domain.errors import (
    EdgeError,
    OutcomeUnknown,
    PartiallyApplied,
    Unavailable,
)
from connector.domain.ticket import TicketRef
from connector.helpdesks.base import Finishes, Helpdesk
from connector.testing.changes import (
    DUE,
    a_file,
    a_note,
    a_ticket,
    an_update,
)
from connector.testing.helpdesk.world import (
    MAX_WRITES,
    PATIENCE_S,
    Base,
    HelpdeskWorld,
    calls_of,
    files_of,
    long_ago,
    ours,
    prepared,
)
from connector.testing.points import point


class DoubtContract(Base):
    """Whatever is lost on the way: one ticket, one note, and doubt is said."""

    @point(2, 3)
    @pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])
    @pytest.mark.parametrize("nth", range(1, MAX_WRITES))
    def test_a_cut_while_opening_leaves_one_ticket(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int, nth: int, loss: str
    ) -> None:
        """Doubt until find has spoken; after that one ticket, whole, whichever request was cut."""
        ticket = prepared(helpdesk, a_ticket(number))
        try:
            with getattr(world, loss)(nth):
                helpdesk.open(ticket)
        except OutcomeUnknown:
            left = helpdesk.find(ticket.key, long_ago())
            if not left:
                assert loss == "lose_request"
                helpdesk.open(ticket)
            elif isinstance(helpdesk, Finishes):
                helpdesk.finish(left[0], ticket)  # as the pipeline does
        except PartiallyApplied:
            pass  # it is there, and what it lacks was said
        found = helpdesk.find(ticket.key, long_ago())
        assert len(found) == 1
        assert world.count(ticket.key) == 1
        assert helpdesk.snapshot(found[0]).text == ticket.text

    @point(2)
    def test_a_lost_answer_is_doubt_and_the_ticket_is_found(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """The first write is the one that makes the ticket."""
        ticket = prepared(helpdesk, a_ticket(number))
        with world.lose_answer(1), pytest.raises(OutcomeUnknown):
            helpdesk.open(ticket)
        assert len(helpdesk.find(ticket.key, long_ago())) == 1

    @point(3)
    def test_a_lost_request_is_doubt_and_no_ticket_is_found(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """The other half: an empty answer is an answer."""
        ticket = prepared(helpdesk, a_ticket(number))
        with world.lose_request(1), pytest.raises(OutcomeUnknown):
            helpdesk.open(ticket)
        assert helpdesk.find(ticket.key, long_ago()) == []

    @point(8, 12)
    @pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])
    @pytest.mark.parametrize("nth", range(1, MAX_WRITES))
    def test_a_cut_while_noting_leaves_one_note(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, nth: int, loss: str
    ) -> None:
        """Repeating after a cut completes the note instead of writing it again."""
        note = a_note(attachments=(a_file(), a_file("second.txt", b"second")))
        note = replace(note, body=helpdesk.prepare(note))
        try:
            with getattr(world, loss)(nth):
                helpdesk.note(ref, note)
        except OutcomeUnknown:
            helpdesk.note(ref, note)
        seen = ours(helpdesk, ref, note.key)
        assert len(seen) == 1
        assert seen[0].text.startswith(note.text)
        assert sorted(files_of(world, ref).values()) == sorted(
            file.sha256 for file in note.attachments
        )

    @point(7)
    @pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])
    @pytest.mark.parametrize("nth", range(1, MAX_WRITES))
    def test_a_cut_while_updating_is_mended_by_repeating(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, nth: int, loss: str
    ) -> None:
        """The change is there, and is told once."""
        change = an_update(due_at=DUE + timedelta(hours=3))
        change = replace(change, body=helpdesk.prepare(change))
        try:
            with getattr(world, loss)(nth):
                helpdesk.update(ref, change)
        except OutcomeUnknown:
            helpdesk.update(ref, change)
        shown = helpdesk.snapshot(ref)
        assert shown.severity == 4
        if helpdesk.capabilities.tags != "none":
            assert shown.tags == {"amends", "amends_repeat"}
        assert len(ours(helpdesk, ref, change.key)) == 1

    @point(2)
    def test_a_refusal_to_answer_find_is_no_answer(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, number: int
    ) -> None:
        """Raised, never an empty list: doubt is lifted by an answer only."""
        with world.refuse_reads(), pytest.raises(EdgeError):
            helpdesk.find(a_ticket(number).key, long_ago())
        assert helpdesk.find(a_ticket(number).key, long_ago()) == [ref]

    def test_when_nothing_answers_nothing_was_sent(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """An outage leaves the work to be done later, without doubt."""
        ticket = prepared(helpdesk, a_ticket(number))
        with world.down():
            for call in calls_of(helpdesk, ticket, TicketRef(id="1")):
                with pytest.raises(Unavailable):
                    call()
            assert helpdesk.check() != []
        assert world.count(ticket.key) == 0

    def test_after_closing_nothing_is_sent(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """Closing comes from another thread and may come twice."""
        ticket = prepared(helpdesk, a_ticket(number))
        closer = threading.Thread(target=helpdesk.close)
        closer.start()
        closer.join(PATIENCE_S)
        helpdesk.close()
        with pytest.raises(EdgeError):
            helpdesk.open(ticket)
        assert world.count(ticket.key) == 0
