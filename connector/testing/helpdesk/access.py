"""Credentials, self-examination, capabilities and silence about patients."""

from __future__ import annotations

import logging

import pytest

from connector.domain.errors import (
    AuthenticationFailed,
)
from connector.domain.ticket import TicketRef
from connector.helpdesks.base import Helpdesk
from connector.testing.changes import (
    CANARY,
    a_note,
    a_ticket,
)
from connector.testing.helpdesk.world import (
    Base,
    HelpdeskWorld,
    calls_of,
    complaints,
    long_ago,
    prepared,
)
from connector.testing.points import point


class AccessContract(Base):
    """Credentials, self-examination, capabilities and silence about patients."""

    @point(17)
    def test_a_good_world_has_no_problems(self, helpdesk: Helpdesk) -> None:
        """`check` finds nothing where nothing is wrong."""
        assert helpdesk.check() == []

    @point(17)
    def test_refused_credentials_are_said_by_every_call_and_found_by_check(
        self, world: HelpdeskWorld, ref: TicketRef, number: int
    ) -> None:
        """The edge is stopped and the admin told; no ticket is made."""
        helpdesk = world.open_locked_out()
        ticket = prepared(helpdesk, a_ticket(number + 1))
        for call in calls_of(helpdesk, ticket, ref):
            with pytest.raises(AuthenticationFailed):
                call()
        problems = helpdesk.check()
        assert any(problem.fatal for problem in problems)
        assert all(problem.what and problem.cure for problem in problems)
        assert world.count(ticket.key) == 0
        helpdesk.close()

    @point(17)
    def test_check_changes_nothing(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, number: int
    ) -> None:
        """Neither tickets nor notes nor mails come of it."""
        before = (helpdesk.snapshot(ref), world.notes(ref), list(world.mails()))
        helpdesk.check()
        assert (helpdesk.snapshot(ref), world.notes(ref), list(world.mails())) == before
        assert world.count(a_ticket(number).key) == 1

    @point(18)
    def test_the_capabilities_are_true(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int
    ) -> None:
        """What the pipeline decides on is what the product does."""
        able = helpdesk.capabilities
        assert able.deadline_s > 0
        assert able.max_text_bytes >= 10_000
        ticket = prepared(helpdesk, a_ticket(number, text="x" * (able.max_text_bytes // 2)))
        ref = helpdesk.open(ticket)
        if able.find in {"strong", "scan"}:
            assert able.find_lag_s == 0
            assert world.open().find(ticket.key, long_ago()) == [ref]
        if able.native_idempotency_s:
            helpdesk.open(ticket)
            assert world.count(ticket.key) == 1
        assert (able.history == "none") is not any(helpdesk.history(ref))

    @point(20)
    def test_nothing_of_patients_or_secrets_is_printed(
        self,
        world: HelpdeskWorld,
        helpdesk: Helpdesk,
        number: int,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Neither by logging at its loudest, nor in errors, nor by printing the helpdesk."""
        said = [repr(helpdesk), str(helpdesk)]
        ticket = prepared(helpdesk, a_ticket(number))
        ref = helpdesk.open(ticket)
        locked_out = world.open_locked_out()
        with caplog.at_level(logging.DEBUG):
            for desk in (helpdesk, locked_out):
                said += complaints(calls_of(desk, a_ticket(number + 1), ref))
            with world.down():
                said += complaints(calls_of(helpdesk, a_ticket(number + 2), ref))
            for nth in (1, 2):
                with world.lose_answer(nth):
                    said += complaints([lambda: helpdesk.note(ref, a_note(7))])
            world.delete(ref)
            said += complaints(calls_of(helpdesk, None, ref))
        locked_out.close()
        printed = "\n".join([*said, caplog.text])
        never = (CANARY, ticket.requester.email, "Still nobody", *world.secrets())
        assert [word for word in never if word in printed] == []
        assert len(said) > 10
