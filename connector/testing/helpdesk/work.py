"""Notes, updates, agents' edits, history and what became of a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from connector.domain.errors import Gone, PartiallyApplied
from connector.domain.ticket import TicketRef, TicketStatus
from connector.helpdesks.base import Assigns, Helpdesk
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
    Base,
    HelpdeskWorld,
    calls_of,
    files_of,
    offered,
    ours,
    prepared,
)
from connector.testing.points import point

HISTORY_PAGE: Final = 36
"""A world whose product tells more events at once says so by `history_page`."""


class WorkContract(Base):
    """Notes, updates, agents' edits, history and what became of a ticket."""

    @point(8, 9)
    def test_a_note_is_private_and_the_same_key_is_one_note(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """Two keys are two notes."""
        before = len(world.notes(ref))
        for note in (a_note(1), a_note(1), a_note(2), a_note(1)):
            helpdesk.note(ref, replace(note, body=helpdesk.prepare(note)))
        seen = world.notes(ref)[before:]
        assert len(seen) == 2
        assert all(note.private for note in seen)
        assert len(ours(helpdesk, ref, "note-1")) == 1
        assert len(ours(helpdesk, ref, "note-2")) == 1

    @point(11)
    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_words_in_a_note_come_back_as_they_were(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, number: int, text: str
    ) -> None:
        """Nothing is rendered, expanded, linked or lost; no other ticket is touched."""
        other = helpdesk.open(prepared(helpdesk, a_ticket(number + 1)))
        before = world.notes(other)
        helpdesk.note(ref, a_note(text=f"{text} {other.id} #{other.id}", key="hostile"))
        found = ours(helpdesk, ref, "hostile")
        assert len(found) == 1
        assert found[0].text.startswith(carried(f"{text} {other.id} #{other.id}"))
        assert world.notes(other) == before
        assert helpdesk.snapshot(ref).subject == a_ticket(number).subject

    @point(12)
    def test_attachments_arrive_byte_by_byte(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """Also of types that the product does not like, twice the same name, and odd names."""
        if not helpdesk.capabilities.max_attachment_bytes:
            pytest.skip("this product takes no attachments")
        files = (
            a_file("scan.pdf"),
            a_file("scan.pdf", b"another of the same name"),
            a_file("page.html", b"<script>alert(1)</script>"),
            a_file("virus.exe", bytes(range(256)) * 40),
            a_file("no ending", b"x"),
            a_file("q\"uo;te's ö 日本 .txt", b"y"),
            a_file("../../etc/passwd", b"z"),
            a_file("." * 50 + "n" * 200 + ".PNG", b"\x89PNG"),
        )
        note = a_note(attachments=files)
        helpdesk.note(ref, replace(note, body=helpdesk.prepare(note)))
        assert sorted(files_of(world, ref).values()) == sorted(file.sha256 for file in files)

    @point(12)
    def test_what_cannot_be_attached_is_said_in_the_note(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """Withheld, empty and too large files leave a word, not a failure."""
        limit = helpdesk.capabilities.max_attachment_bytes
        if not limit:
            pytest.skip("this product takes no attachments")
        note = a_note(
            attachments=(
                replace(a_file("movie.mp4", b""), withheld="oversize"),
                a_file("empty.txt", b""),
                a_file("huge.pdf", b"x" * (limit + 1)),
            )
        )
        helpdesk.note(ref, replace(note, body=helpdesk.prepare(note)))
        found = ours(helpdesk, ref, note.key)
        assert all(name in found[0].text for name in ("movie.mp4", "empty.txt", "huge.pdf"))
        assert files_of(world, ref) == {}

    @point(6)
    def test_an_update_is_applied_and_harmless_when_repeated(
        self, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """Applied twice it is there once."""
        later = DUE + timedelta(days=1)
        change = an_update(due_at=later, fields={"category": "people.courtesy"})
        first = helpdesk.update(ref, change)
        second = helpdesk.update(ref, change)
        assert (first.severity, first.fields["category"]) == (4, "people.courtesy")
        assert helpdesk.capabilities.sla != "due_date" or first.due_at == later
        assert (second.severity, second.tags, second.fields, second.due_at, second.status) == (
            first.severity,
            first.tags,
            first.fields,
            first.due_at,
            first.status,
        )

    @pytest.mark.parametrize("status", list(TicketStatus))
    def test_every_status_can_be_set_and_left(
        self, helpdesk: Helpdesk, ref: TicketRef, status: TicketStatus
    ) -> None:
        """From open to each, and back to open."""
        shown = helpdesk.update(ref, an_update(1, status=status))
        assert shown.status is status
        assert helpdesk.update(ref, an_update(2, status=TicketStatus.OPEN)).status is (
            TicketStatus.OPEN
        )

    @point(7)
    def test_an_update_leaves_alone_what_it_does_not_name(
        self, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """Subject, words, requester and the rest are as they were."""
        before = helpdesk.snapshot(ref)
        nothing = an_update(severity=None, add_tags=("amends_repeat",), remove_tags=())
        after = helpdesk.update(ref, nothing)
        assert replace(after, tags=before.tags, version="") == replace(before, version="")

    @point(7)
    def test_foreign_tags_survive(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """Agents' tags stay, ours come and go."""
        if helpdesk.capabilities.tags == "none":
            pytest.skip("this product has no tags")
        world.tag_by_hand(ref, "vip")
        assert helpdesk.update(ref, an_update(1)).tags == {"amends", "amends_repeat", "vip"}
        change = an_update(2, add_tags=(), remove_tags=("amends", "amends_repeat"))
        assert helpdesk.update(ref, change).tags == {"vip"}

    @point(7)
    def test_a_ticket_that_nobody_has_is_assigned_and_stays_with_whoever_has_it(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """An escalation gives it to one; a later one to another changes nothing."""
        first, second = offered(world, "colleagues")()
        assert isinstance(helpdesk, Assigns)
        assert helpdesk.strangers([first, second]) == []

        helpdesk.update(ref, an_update(1, assignee=first))
        shown = helpdesk.snapshot(ref).assignee
        assert shown
        for again in (an_update(1, assignee=first), an_update(2, assignee=second)):
            helpdesk.update(ref, again)
            assert helpdesk.snapshot(ref).assignee == shown

    def test_an_account_that_is_not_there_is_told_and_nobody_has_the_ticket(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """`check` names it, and an update says that it was ignored."""
        offered(world, "colleagues")()
        assert isinstance(helpdesk, Assigns)
        assert helpdesk.strangers(["no.body@practice.example"]) == ["no.body@practice.example"]
        with pytest.raises(PartiallyApplied) as caught:
            helpdesk.update(ref, an_update(1, assignee="no.body@practice.example"))

        assert tuple(caught.value.missing) == ("assignee",)
        assert helpdesk.snapshot(ref).assignee == ""

    def test_all_tags_may_go(self, helpdesk: Helpdesk, ref: TicketRef) -> None:
        """No tag left is no failure."""
        if helpdesk.capabilities.tags == "none":
            pytest.skip("this product has no tags")
        tags = ("amends", "amends_visit_wait")
        assert helpdesk.update(ref, an_update(add_tags=(), remove_tags=tags)).tags == set()

    @point(13)
    def test_the_history_is_whole_and_in_order(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """More comments than any page holds, ours and theirs."""
        if helpdesk.capabilities.history == "none":
            pytest.skip("this product tells no history")
        page: int = getattr(world, "history_page", HISTORY_PAGE)
        said = [f"comment number {n}" for n in range(3 * page + 2)]
        for text in said:
            world.comment_by_hand(ref, text)
        helpdesk.note(ref, a_note())
        events = list(helpdesk.history(ref))
        assert events[0].kind == "created"
        assert [event.text for event in events if event.text in said] == said
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert all(event.at.tzinfo is not None for event in events)
        assert len({event.id for event in events}) == len(events)
        assert ours(helpdesk, ref, "note-1")

    @point(14)
    def test_a_deleted_ticket_is_gone(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """Reading, noting and updating say so; nothing is made instead."""
        world.delete(ref)
        for call in calls_of(helpdesk, None, ref):
            with pytest.raises(Gone) as caught:
                call()
            assert caught.value.kind == "deleted"

    @point(14)
    def test_a_ticket_that_never_was_is_gone(self, helpdesk: Helpdesk) -> None:
        """An id of another product or of nothing."""
        for number in ("999999999", "../1", ""):
            with pytest.raises(Gone):
                helpdesk.snapshot(TicketRef(id=number))

    @point(14)
    def test_a_merged_ticket_says_where_it_went(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, number: int
    ) -> None:
        """The pipeline goes on with the other ticket."""
        into = helpdesk.open(prepared(helpdesk, a_ticket(number + 1)))
        world.merge(ref, into)
        with pytest.raises(Gone) as caught:
            helpdesk.snapshot(ref)
        assert (caught.value.kind, caught.value.merged_into) == ("merged", into.id)
        helpdesk.note(into, a_note())
