"""Attempts to reach somebody: counted from what agents wrote, and asked for when a case ends so."""

from __future__ import annotations

import pytest
from servers.hearing import on_record, said
from servers.people import House

from connector.domain.ticket import TicketStatus
from connector.pipeline import casework as casework_room
from connector.recovery import tags
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts

DAY = 86_400
DONE = {
    "step_review": "yes",
    "step_fix": "yes",
    "step_document": "yes",
    "root_cause": "workflow",
    "first_contact": "unable_to_reach",
}


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    house = House(store, clock)
    house.hears(said(1, severity=2))
    house.promises.tick()
    return house


def looks(house: House, seconds: float = 61) -> None:
    house.looks(seconds)
    house.promises.tick()
    house.delivers()


def fill(house: House, **fields: str) -> None:
    house.desk.edit(house.ticket, fields={**house.snapshot().fields, **fields})


def notes(house: House) -> list[str]:
    return [one.text for one in house.desk.tickets[house.ticket].events if one.kind == "note"]


def test_three_attempts_on_two_days_by_two_ways_end_a_case(house: House) -> None:
    house.desk.say(house.ticket, "Called, left a voicemail.")
    looks(house)
    house.desk.say(house.ticket, "tried: text")
    looks(house, DAY)
    house.desk.say(house.ticket, "No answer again.")
    fill(house, **DONE)
    looks(house)
    house.desk.edit(house.ticket, status=TicketStatus.CLOSED)
    looks(house)

    assert len(on_record(house.store, "contact.tried")) == 3
    assert len(on_record(house.store, "recovery.complete")) == 1
    assert tags.INCOMPLETE not in house.snapshot().tags


def test_ended_so_too_early_the_ticket_says_what_is_missing(house: House) -> None:
    house.desk.say(house.ticket, "Called, left a voicemail.")
    fill(house, **DONE)
    looks(house)
    assert "takes three attempts" in notes(house)[-1]
    assert "seen: 1 attempt on 1 day by phone" in notes(house)[-1]

    house.desk.edit(house.ticket, status=TicketStatus.CLOSED)
    looks(house)
    (entry,) = on_record(house.store, "recovery.incomplete")
    assert entry["lacking"][0] == "tries"
    assert "seen: 1 attempt on 1 day by phone" in notes(house)[-1]
    assert tags.INCOMPLETE in house.snapshot().tags


def test_stated_too_early_the_clock_of_the_first_contact_runs_on(house: House) -> None:
    fill(house, first_contact="unable_to_reach")
    looks(house)
    assert tags.SLA_RUNNING in house.snapshot().tags

    looks(house, 9 * DAY)
    assert tags.SLA_LATE in house.snapshot().tags


def test_attempts_that_come_after_the_close_complete_it(house: House) -> None:
    house.desk.say(house.ticket, "tried: phone")
    looks(house, DAY)
    house.desk.say(house.ticket, "tried: phone")
    fill(house, **DONE)
    house.desk.edit(house.ticket, status=TicketStatus.CLOSED)
    looks(house)
    assert tags.INCOMPLETE in house.snapshot().tags

    house.desk.say(house.ticket, "tried: letter")
    looks(house)
    looks(house)
    assert tags.INCOMPLETE not in house.snapshot().tags


def test_a_call_that_met_an_answering_machine_is_an_attempt_and_no_contact(house: House) -> None:
    house.desk.happen(
        house.desk.tickets[house.ticket], "call", actor="kim", text="Left a voicemail."
    )
    looks(house)

    assert on_record(house.store, "contact.made") == []
    assert [one["way"] for one in on_record(house.store, "contact.tried")] == ["phone"]


def test_the_field_that_states_an_attempt_counts_as_one_by_phone(house: House) -> None:
    fill(house, first_contact="attempted")
    looks(house)
    looks(house)

    assert [one["way"] for one in on_record(house.store, "contact.tried")] == ["phone"]
