"""Rate limits, error pages, crashes, and people who work at the same instant.

Most of it needs a world that can do more (`MoreOfAWorld`); what it does not offer is told
as a point that cannot be tried.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from connector.domain.errors import (
    AuthenticationFailed,
    Conflict,
    EdgeError,
    Gone,
    OutcomeUnknown,
    PartiallyApplied,
    RateLimited,
    Rejected,
    Unavailable,
)
from connector.domain.ticket import OpenTicket, TicketRef, TicketStatus
from connector.helpdesks.base import Helpdesk
from connector.testing.changes import CANARY, a_file, a_note, a_ticket, an_update
from connector.testing.helpdesk.world import (
    PATIENCE_S,
    Base,
    HelpdeskWorld,
    calls_of,
    files_of,
    long_ago,
    offered,
    ours,
    prepared,
)
from connector.testing.points import point

PAUSE_S: Final = 7
AT_ONCE: Final = 5
"""So many creates of one key at the same time."""

JSON: Final = {"Content-Type": "application/json"}
HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
ERROR_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>Bad Gateway</title></head>"
    b"<body><h1>The server is having a bad day</h1></body></html>"
)


class StraitsContract(Base):
    """One ticket and no harm, whatever happens at the same time."""

    @point(4)
    def test_what_a_killed_process_left_is_found_by_the_next(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """The answer came, the commit did not: whoever begins anew finds the ticket."""
        ticket = prepared(helpdesk, a_ticket(number))
        helpdesk.open(ticket)  # and the process ends here
        helpdesk.close()
        after = world.open()
        [found] = after.find(ticket.key, long_ago())
        after.note(found, a_note(number))
        assert world.count(ticket.key) == 1
        assert after.snapshot(found).key == ticket.key
        after.close()

    @point(5)
    def test_several_creates_of_one_key_at_once_are_one_ticket(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """As when two senders took the same change; whoever comes second is told of the first."""
        if not helpdesk.capabilities.native_idempotency_s:
            pytest.skip("the product makes a ticket for each; only our outbox sends one at a time")
        ticket = prepared(helpdesk, a_ticket(number))
        refs = at_once(world, ticket)
        assert world.count(ticket.key) == 1
        assert len(set(refs)) == 1

    def test_copies_are_all_found_the_oldest_first(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """Where the product makes them, none is hidden: the pipeline takes the first."""
        if helpdesk.capabilities.native_idempotency_s or helpdesk.capabilities.find == "none":
            pytest.skip("this product makes no copies, or cannot be searched")
        ticket = prepared(helpdesk, a_ticket(number))
        refs = [helpdesk.open(ticket) for _ in range(3)]
        assert [ref.id for ref in helpdesk.find(ticket.key, long_ago())] == [ref.id for ref in refs]
        assert world.count(ticket.key) == 3

    @point(7)
    def test_a_tag_that_somebody_adds_while_we_write_survives_or_is_told(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """Between our look and our write an agent was quicker."""
        able = helpdesk.capabilities
        interject = offered(world, "interject")
        if able.tags != "add_remove" and not able.optimistic_lock:
            pytest.skip("the product has neither a lock nor a way to add one tag: the later wins")
        with interject(lambda: world.tag_by_hand(ref, "vip")):
            try:
                helpdesk.update(ref, an_update())
            except Conflict:
                helpdesk.update(ref, an_update())  # as the pipeline does, having read again
        shown = helpdesk.snapshot(ref)
        assert {"vip", "amends_repeat"} <= shown.tags
        assert "amends_visit_wait" not in shown.tags

    @point(18)
    def test_a_lock_that_is_claimed_is_one(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """What an agent did meanwhile is there afterwards, with or without a Conflict."""
        if not helpdesk.capabilities.optimistic_lock:
            pytest.skip("the product has no lock, and none is claimed")
        said = "I spoke with her just now."
        with offered(world, "interject")(lambda: world.comment_by_hand(ref, said)):
            try:
                helpdesk.update(ref, an_update())
            except Conflict:
                helpdesk.update(ref, an_update())
        assert any(said in event.text for event in helpdesk.history(ref))
        assert helpdesk.snapshot(ref).severity == 4

    @point(12)
    def test_a_refused_file_leaves_no_half_note(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef
    ) -> None:
        """Either the note is there and says what it lacks, or it is not there at all."""
        if not helpdesk.capabilities.max_attachment_bytes:
            pytest.skip("this product takes no attachments")
        note = a_note(attachments=(a_file("program.exe", b"MZ"), a_file()))
        note = replace(note, body=helpdesk.prepare(note))
        with contextlib.suppress(PartiallyApplied, Rejected):
            helpdesk.note(ref, note)
        seen = ours(helpdesk, ref, note.key)
        assert len(seen) <= 1
        for event in seen:
            assert event.text.startswith(note.text)
            assert len(files_of(world, ref)) == 2 or "attach" in event.text.lower()

    @point(14)
    @pytest.mark.parametrize(("act", "kind"), [("close_for_good", "closed"), ("mark_spam", "spam")])
    def test_a_ticket_out_of_reach_says_why_and_none_is_made_instead(
        self,
        world: HelpdeskWorld,
        helpdesk: Helpdesk,
        ref: TicketRef,
        number: int,
        act: str,
        kind: str,
    ) -> None:
        """Closed for good or spam: Gone by its kind, or still worked on; never another ticket."""
        offered(world, act)(ref)
        key = a_ticket(number).key
        noted = gone_of(lambda: helpdesk.note(ref, a_note(number)))
        updated = gone_of(lambda: helpdesk.update(ref, an_update(number)))
        for gone in (noted, updated):
            assert gone is None or gone.kind == kind or gone.merged_into
        assert world.count(key) <= 1  # some products count no spam
        assert [found.id for found in helpdesk.find(key, long_ago())] in ([ref.id], [])

    @point(15)
    def test_a_rate_limit_is_a_pause_of_the_length_that_was_asked_for(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, number: int
    ) -> None:
        """Said by every call; nothing was done, and afterwards everything goes on."""
        answering = offered(world, "answering")
        ticket = prepared(helpdesk, a_ticket(number + 1))
        headers = {**JSON, "Retry-After": str(PAUSE_S)}
        for call in calls_of(helpdesk, ticket, ref):
            with answering(429, headers, b'{"error": "too many"}'):
                with pytest.raises(RateLimited) as caught:
                    call()
                assert caught.value.retry_after_s is not None
                assert PAUSE_S - 2 <= caught.value.retry_after_s <= PAUSE_S
        assert world.count(ticket.key) == 0

    @point(16)
    @pytest.mark.parametrize("status", [500, 502, 503])
    def test_an_error_page_is_doubt_on_a_write_and_an_outage_on_a_read(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, number: int, status: int
    ) -> None:
        """A page for people in place of JSON breaks nothing."""
        answering = offered(world, "answering")
        ticket = prepared(helpdesk, a_ticket(number + 1))
        with answering(status, HTML, ERROR_PAGE, reads=False), pytest.raises(OutcomeUnknown):
            helpdesk.open(ticket)
        with answering(status, HTML, ERROR_PAGE):
            for read in (
                lambda: helpdesk.snapshot(ref),
                lambda: list(helpdesk.history(ref)),
                lambda: helpdesk.find(ticket.key, long_ago()),
            ):
                with pytest.raises(Unavailable):
                    read()
            assert any(problem.fatal for problem in helpdesk.check())
        assert world.count(ticket.key) == 0

    @point(16)
    def test_a_page_of_somebody_else_is_no_success(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """A guest network answers 200 with its terms: the ticket is in doubt, not made."""
        answering = offered(world, "answering")
        ticket = prepared(helpdesk, a_ticket(number))
        terms = b"<html>Please accept our terms</html>"
        with answering(200, HTML, terms, reads=False), pytest.raises(OutcomeUnknown):
            helpdesk.open(ticket)
        assert world.count(ticket.key) == 0

    @point(17)
    def test_missing_fields_are_found_by_check(self, world: HelpdeskWorld) -> None:
        """An account that nobody has set up yet is told to be one, with the cure."""
        bare: Helpdesk = offered(world, "open_bare")()
        problems = bare.check()
        bare.close()
        assert problems, "an account without any of our fields seems fine"
        assert all(problem.what and problem.cure for problem in problems)

    @point(17, 19)
    def test_an_account_that_may_only_read_is_found_by_check(self, world: HelpdeskWorld) -> None:
        """Before the first patient finds out."""
        auditor: Helpdesk = offered(world, "open_auditor")()
        problems = auditor.check()
        auditor.close()
        assert any(problem.fatal for problem in problems)

    @point(19)
    def test_an_account_that_may_only_read_reads_all_and_writes_nothing(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, number: int
    ) -> None:
        """The auditor sees what the agents see."""
        helpdesk.note(ref, a_note(number))
        auditor: Helpdesk = offered(world, "open_auditor")()
        told = [event.id for event in helpdesk.history(ref)]
        assert [event.id for event in auditor.history(ref)] == told
        assert auditor.snapshot(ref).text == helpdesk.snapshot(ref).text
        ticket = prepared(auditor, a_ticket(number + 1))
        before = world.notes(ref)
        for call in (
            lambda: auditor.open(ticket),
            lambda: auditor.note(ref, a_note(number + 1)),
            lambda: auditor.update(ref, an_update(status=TicketStatus.CLOSED)),
        ):
            with pytest.raises((AuthenticationFailed, Rejected, Gone)) as caught:
                call()
            assert CANARY not in str(caught.value)
        assert (world.count(ticket.key), world.notes(ref)) == (0, before)
        auditor.close()


def gone_of(call: Callable[[], object]) -> Gone | None:
    """Make a call that may find the ticket gone; gives what was said then."""
    try:
        call()
    except Gone as gone:
        return gone
    return None


def at_once(world: HelpdeskWorld, ticket: OpenTicket) -> list[str]:
    """Let several processes create a ticket at the same instant; gives what each was told."""
    ready = threading.Barrier(AT_ONCE)
    told: list[str] = []

    def create() -> None:
        helpdesk = world.open()
        ready.wait(PATIENCE_S)
        try:
            told.append(helpdesk.open(ticket).id)
        except EdgeError:
            told.extend(ref.id for ref in helpdesk.find(ticket.key, long_ago())[:1])
        helpdesk.close()

    threads = [threading.Thread(target=create) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    return told
