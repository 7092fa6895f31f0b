"""Tickets exist once, whole, and nobody is mailed."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from connector.domain.ticket import Change, TicketStatus
from connector.helpdesks.base import Helpdesk
from connector.testing.changes import (
    DUE,
    HOSTILE,
    a_file,
    a_note,
    a_ticket,
    an_update,
    carried,
)
from connector.testing.helpdesk.world import (
    PATIENCE_S,
    Base,
    HelpdeskWorld,
    long_ago,
    prepared,
)
from connector.testing.points import point


class OpeningContract(Base):
    """Tickets exist once, whole, and nobody is mailed."""

    @point(1)
    def test_a_ticket_is_found_once_by_its_key(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """Create, then find exactly one; another key finds nothing."""
        ticket = prepared(helpdesk, a_ticket(number))
        assert helpdesk.find(ticket.key, long_ago()) == []
        ref = helpdesk.open(ticket)
        assert helpdesk.find(ticket.key, long_ago()) == [ref]
        assert helpdesk.find(f"{ticket.key}0", long_ago()) == []
        assert world.count(ticket.key) == 1

    @point(6)
    def test_everything_reads_back(self, helpdesk: Helpdesk, number: int) -> None:
        """What was sent is what the product shows."""
        ticket = a_ticket(number)
        shown = helpdesk.snapshot(helpdesk.open(prepared(helpdesk, ticket)))
        assert shown.key == ticket.key
        assert shown.status is TicketStatus.OPEN
        assert shown.subject == ticket.subject
        assert shown.text == ticket.text
        assert shown.severity == ticket.severity
        assert shown.requester_email == ticket.requester.email
        if helpdesk.capabilities.tags != "none":
            assert shown.tags == set(ticket.tags)
        if helpdesk.capabilities.sla == "due_date":
            assert shown.due_at == ticket.due_at
        assert shown.fields.items() >= ticket.fields.items()

    @point(6)
    @pytest.mark.parametrize("severity", [1, 2, 3, 4])
    def test_every_severity_reads_back(
        self, helpdesk: Helpdesk, number: int, severity: int
    ) -> None:
        """Severity goes through the product's priorities and back."""
        ticket = prepared(helpdesk, a_ticket(number, severity=severity))
        assert helpdesk.snapshot(helpdesk.open(ticket)).severity == severity

    @point(6)
    def test_a_ticket_without_extras_is_opened(self, helpdesk: Helpdesk, number: int) -> None:
        """An anonymous complaint without tags, fields and due time is a ticket too."""
        anonymous = replace(a_ticket().requester, name="", email="")
        ticket = a_ticket(number, requester=anonymous, tags=(), fields={}, due_at=None)
        shown = helpdesk.snapshot(helpdesk.open(prepared(helpdesk, ticket)))
        assert shown.requester_email == ""
        assert shown.tags == set()
        assert shown.due_at is None

    @point(6)
    def test_a_long_subject_is_cut_to_one_line(self, helpdesk: Helpdesk, number: int) -> None:
        """The product's limit holds, whatever the subject is."""
        ticket = a_ticket(number, subject="a subject #1\n" * 100)
        shown = helpdesk.snapshot(helpdesk.open(prepared(helpdesk, ticket)))
        assert shown.subject.startswith("a subject #1 a subject")
        assert "\n" not in shown.subject
        assert len(shown.subject) <= helpdesk.capabilities.max_subject

    @point(11)
    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_words_come_back_as_they_were(
        self, helpdesk: Helpdesk, number: int, text: str
    ) -> None:
        """Nothing in a text is rendered, expanded, linked or lost, in ticket and subject."""
        subject = " ".join(text.split())[:60]
        ticket = a_ticket(number, text=f"{text}\nend", subject=f"s {subject}")
        shown = helpdesk.snapshot(helpdesk.open(prepared(helpdesk, ticket)))
        assert shown.text == carried(f"{text}\nend")
        assert shown.subject == " ".join(carried(f"s {subject}").split())

    @point(9, 10)
    def test_no_mail_is_sent_by_anything_we_do(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """Nothing reaches a patient without a person."""
        before = list(world.mails())
        ref = helpdesk.open(prepared(helpdesk, a_ticket(number)))
        helpdesk.note(ref, a_note(attachments=(a_file(),)))
        helpdesk.update(ref, an_update(status=TicketStatus.RESOLVED))
        helpdesk.note(ref, a_note(2))
        helpdesk.update(ref, an_update(2, status=TicketStatus.CLOSED))
        assert list(world.mails()) == before

    @point(2)
    def test_the_frozen_body_is_what_is_sent(self, helpdesk: Helpdesk, number: int) -> None:
        """A retry sends what was decided, not what would be decided today."""
        ticket = prepared(helpdesk, a_ticket(number))
        ref = helpdesk.open(replace(ticket, text="something else", severity=4))
        shown = helpdesk.snapshot(ref)
        assert (shown.text, shown.severity) == (ticket.text, ticket.severity)

    def test_several_threads_may_open_tickets(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """Every one of them is made once."""
        tickets = [prepared(helpdesk, a_ticket(number + n)) for n in range(6)]
        threads = [threading.Thread(target=helpdesk.open, args=[one]) for one in tickets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert [world.count(ticket.key) for ticket in tickets] == [1] * 6

    def test_preparing_needs_no_connection_and_always_gives_the_same(
        self, world: HelpdeskWorld, helpdesk: Helpdesk
    ) -> None:
        """`prepare` is pure; different changes have different bodies."""
        changes: list[Change] = [
            a_ticket(),
            a_ticket(2),
            a_ticket(text="other"),
            a_note(),
            a_note(text="other"),
            a_note(attachments=(a_file(),)),
            an_update(),
            an_update(due_at=DUE),
            an_update(status=TicketStatus.CLOSED),
        ]
        with world.down():
            bodies = [helpdesk.prepare(change) for change in changes]
            again = [world.open().prepare(change) for change in changes]
        assert bodies == again
        assert len(set(bodies)) == len(changes)
