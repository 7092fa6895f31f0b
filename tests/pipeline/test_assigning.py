"""A late case that nobody has goes to the manager, and one about the manager to somebody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from servers.hearing import on_record, said
from servers.people import House

from connector.pipeline import casework as casework_room
from connector.pipeline.edits import compare
from connector.recovery import tags
from connector.recovery.escalation import EscalationSettings, ManagerSettings
from connector.recovery.settings import RecoverySettings
from connector.store.edits import Mark
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts, some_rules
from connector.testing.memory_desk import MemoryDesk
from connector.testing.memory_helpdesk import MemoryHelpdesk
from connector.testing.memory_source import a_signal

ABOUT = {"text": "Marta shouted at me in front of everybody."}
CHEN = ManagerSettings(manager="Dr Chen", login="chen")


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


def a_house(store: Store, clock: Clock, **escalation: Any) -> House:
    helpdesk = MemoryHelpdesk(MemoryDesk(now=clock))
    given = {"manager": "Marta Lee", "login": "marta", "known_as": ("Marta",), "instead": CHEN}
    settings = EscalationSettings.model_validate({**given, **escalation})
    rules = some_rules(helpdesk.prepare)
    rules = replace(rules, recovery=RecoverySettings(escalation=settings))
    return House(store, clock, helpdesk=helpdesk, rules=rules)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    return a_house(store, clock)


def passes(house: House, minutes: int) -> None:
    house.clock.advance(minutes * 60)
    house.promises.tick()
    house.delivers()


def notes(house: House) -> list[str]:
    return [one.text for one in house.desk.tickets[house.ticket].events if one.kind == "note"]


def test_at_four_fifths_a_ticket_that_nobody_has_goes_to_the_manager(house: House) -> None:
    house.hears(said(1, severity=4))  # one hour by calendar
    passes(house, 31)
    assert house.snapshot().assignee == ""

    passes(house, 18)
    assert house.snapshot().assignee == "marta"
    assert "it goes to Marta Lee now" in notes(house)[-1]


def test_whoever_has_the_ticket_keeps_it(house: House) -> None:
    house.hears(said(1, severity=4))
    house.desk.edit(house.ticket, assignee="kim")
    house.looks()
    for _ in range(10):
        passes(house, 15)

    assert house.snapshot().assignee == "kim"


def test_it_is_assigned_once_and_an_agent_may_give_it_back(house: House) -> None:
    house.hears(said(1, severity=4))
    passes(house, 49)
    house.looks()
    house.desk.edit(house.ticket, assignee="")
    house.looks()
    passes(house, 15)
    passes(house, 90)

    assert house.snapshot().assignee == ""


def test_our_own_assignment_is_no_edit_of_an_agent(house: House) -> None:
    house.hears(said(1, severity=4))
    passes(house, 49)
    house.looks()

    assert [one["name"] for one in on_record(house.store, "ticket.edited")] == []

    house.desk.edit(house.ticket, assignee="kim")
    house.looks()
    assert [one["name"] for one in on_record(house.store, "ticket.edited")] == ["assignee"]


def test_a_product_that_shows_people_by_number_tells_ours_from_theirs() -> None:
    unassigned = {"assignee": Mark(seen=None, theirs=False)}
    (ours,) = compare({"assignee": "marta"}, {"assignee": "77"}, unassigned, b"s", tags=True)
    assert not ours.mark.theirs

    known = {"assignee": ours.mark}
    assert not list(compare({"assignee": "marta"}, {"assignee": "77"}, known, b"s", tags=True))
    (theirs,) = compare({"assignee": "marta"}, {"assignee": "78"}, known, b"s", tags=True)
    assert theirs.mark.theirs


def test_an_account_that_the_helpdesk_does_not_know_keeps_nothing_else_back(house: House) -> None:
    house.desk.accounts = frozenset({"kim"})
    house.hears(said(1, severity=4))
    passes(house, 65)

    assert house.snapshot().assignee == ""
    assert tags.SLA_LATE in house.snapshot().tags


def test_switched_off_nobody_is_assigned(store: Store, clock: Clock) -> None:
    house = a_house(store, clock, assign_at=0)
    house.hears(said(1, severity=4))
    for _ in range(10):
        passes(house, 15)

    assert house.snapshot().assignee == ""


def test_a_complaint_about_the_manager_goes_to_somebody_else(house: House) -> None:
    house.hears(a_signal(1, facts={"severity": 4}, **ABOUT))
    assert tags.CONFLICT in house.snapshot().tags
    assert "This seems to be about Marta Lee" in house.snapshot().text
    assert "Owner: Dr Chen." in house.snapshot().text

    passes(house, 49)
    assert house.snapshot().assignee == "chen"
    assert "For Dr Chen" in notes(house)[-1]


def test_a_further_signal_about_the_manager_keeps_the_case_from_them(house: House) -> None:
    house.hears(said(1, severity=4))
    first = said(1)
    house.hears(a_signal(2, contact=first.contact, facts={"severity": 4}, **ABOUT))

    assert tags.CONFLICT in house.snapshot().tags
    assert "KEEP APART" in notes(house)[-1]
    assert len(on_record(house.store, "case.kept_apart")) == 1

    passes(house, 49)
    assert house.snapshot().assignee == "chen"


def test_agents_say_by_the_tag_whether_it_is_about_the_manager(house: House) -> None:
    house.hears(a_signal(1, facts={"severity": 4}, **ABOUT))
    house.looks()
    before = house.snapshot().tags
    house.desk.edit(house.ticket, tags=before - {tags.CONFLICT})
    house.looks()
    assert house.case.conflict == 0

    house.desk.edit(house.ticket, tags=house.snapshot().tags | {tags.CONFLICT})
    house.looks()
    assert house.case.conflict == 1
