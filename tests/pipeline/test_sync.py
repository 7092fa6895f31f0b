"""What people did in the ticket is followed, and no complaint is swallowed on the way."""

from __future__ import annotations

from typing import Any

import pytest
from servers.desk import Desk
from servers.hearing import JANE, all_cases, hear, on_record, owed, said, work_off
from servers.owing import a_delivery, drain

from connector.domain.ticket import TicketRef, TicketStatus
from connector.pipeline import casework as casework_room
from connector.pipeline.casework import Casework
from connector.pipeline.rules import Rules
from connector.pipeline.sync import Sync
from connector.recovery import tags
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts, some_rules


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def rules(desk: Desk) -> Rules:
    return some_rules(desk.prepare)


class Practice:
    """All stages behind intake, stepped by hand."""

    def __init__(self, store: Store, desk: Desk, rules: Rules, clock: Clock) -> None:
        self.store, self.desk, self.clock = store, desk, clock
        self.casework = Casework(store, rules)
        self.delivery = a_delivery(store, desk)
        self.sync = Sync(store, lambda: desk, rules)

    def hears(self, *items: Any, deliver: bool = True) -> None:
        hear(self.store, *items)
        work_off(self.casework)
        if deliver:
            drain(self.delivery)

    def looks(self) -> int:
        self.clock.advance(301)
        looked = self.sync.step()
        drain(self.delivery)
        return looked

    @property
    def case(self) -> Any:
        (case,) = all_cases(self.store)
        return case

    @property
    def ticket(self) -> Any:
        (ticket,) = self.desk.of_case(self.case.id)
        return ticket


@pytest.fixture
def practice(store: Store, desk: Desk, rules: Rules, clock: Clock) -> Practice:
    return Practice(store, desk, rules, clock)


@pytest.mark.parametrize("status", [TicketStatus.RESOLVED, TicketStatus.CLOSED])
def test_a_closed_ticket_closes_its_case(practice: Practice, status: TicketStatus) -> None:
    practice.hears(said(1))
    practice.looks()
    assert practice.case.state == "open"
    practice.ticket.status = status
    practice.looks()
    assert (practice.case.state, practice.case.close_reason) == ("closed", "ticket_closed")
    assert practice.looks() == 0


def test_a_deleted_ticket_closes_its_case(practice: Practice) -> None:
    practice.hears(said(1))
    practice.desk.tickets.clear()
    practice.looks()
    assert practice.case.close_reason == "ticket_deleted"


def test_a_ticket_closed_before_the_next_complaint_could_be_read_is_opened_again(
    practice: Practice,
) -> None:
    practice.hears(said(1))
    practice.looks()
    practice.ticket.status = TicketStatus.RESOLVED
    practice.hears(said(2), deliver=False)
    practice.looks()
    assert practice.case.state == "open"
    assert [op for op, _ in owed(practice.store, practice.case.id)] == ["open", "note", "update"]
    assert len(on_record(practice.store, "ticket.reopened")) == 1
    practice.ticket.status = TicketStatus.RESOLVED
    practice.looks()
    assert practice.case.state == "closed", "now they have read it"


def test_a_complaint_delivered_to_a_ticket_that_was_closed_meanwhile_opens_it_again(
    practice: Practice,
) -> None:
    practice.hears(said(1))
    practice.looks()
    practice.ticket.status = TicketStatus.CLOSED
    practice.clock.advance(60)
    practice.hears(said(2))
    practice.looks()
    assert practice.case.state == "open"


def test_a_second_look_answered_with_yes_becomes_a_case(practice: Practice) -> None:
    practice.hears(said(1, lane="review"))
    practice.ticket.tags.add(tags.RIGHT)
    practice.looks()
    assert practice.case.kind == "case"
    assert practice.case.contact_due is not None
    assert tags.SECOND_LOOK not in practice.ticket.tags
    before = owed(practice.store, practice.case.id)
    practice.looks()
    assert owed(practice.store, practice.case.id) == before, "promoted once"


def test_a_second_look_answered_with_no_is_closed(practice: Practice) -> None:
    practice.hears(said(1, lane="review"))
    practice.ticket.tags.add(tags.WRONG)
    practice.looks()
    assert practice.case.close_reason == "judged_wrong"


def test_a_clear_complaint_after_the_no_is_not_closed_with_it(practice: Practice) -> None:
    practice.hears(said(1, lane="review"))
    practice.looks()
    practice.ticket.tags.add(tags.WRONG)
    practice.hears(said(2, severity=3))
    practice.looks()
    assert (practice.case.state, practice.case.kind) == ("open", "case")
    assert tags.WRONG not in practice.ticket.tags
    practice.looks()
    assert practice.case.state == "open"


def test_what_was_raised_while_the_ticket_was_read_is_not_lowered_again(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The yes to a second look arrives while a critical complaint joins the case."""
    practice.hears(said(1, lane="review"))
    practice.ticket.tags.add(tags.RIGHT)
    reading = practice.desk.snapshot

    def meanwhile(ref: TicketRef) -> Any:
        practice.hears(said(2, severity=4), deliver=False)
        return reading(ref)

    with monkeypatch.context() as patch:
        patch.setattr(practice.desk, "snapshot", meanwhile)
        practice.looks()
    assert practice.case.severity == 4
    practice.looks()
    assert (practice.case.severity, practice.case.kind) == (4, "case")


def test_a_merge_is_followed(practice: Practice) -> None:
    practice.hears(said(1))
    practice.desk.open(_other_ticket())
    practice.ticket.merged_into = "2"
    practice.looks()
    assert practice.case.ticket_id == "2"
    practice.hears(said(2))
    assert len(practice.desk.tickets["2"].notes) == 1


def _other_ticket() -> Any:
    from connector.domain.ticket import OpenTicket  # noqa: PLC0415

    return OpenTicket(key="theirs", case_id="", subject="s", text="t", requester=JANE, severity=1)


def test_trouble_with_the_helpdesk_closes_nothing(practice: Practice) -> None:
    practice.hears(said(1))
    for weather in ("down", "unavailable", "unauthorised", "limited", "rejected"):
        practice.desk.storm(weather, on="snapshot")
        assert practice.looks() == 0
        assert practice.case.state == "open"


def test_a_reopening_keeps_the_tags_that_are_not_ours(practice: Practice) -> None:
    practice.hears(said(1))
    practice.looks()
    practice.ticket.tags.add("vip")
    practice.ticket.status = TicketStatus.CLOSED
    practice.hears(said(2))
    practice.looks()
    assert "vip" in practice.ticket.tags
