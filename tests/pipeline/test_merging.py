"""Agents merge a ticket while something for it is on its way: it is told once."""

from __future__ import annotations

from typing import Any

import pytest
from servers.hearing import on_record, owed, said
from servers.people import House

from connector.domain.errors import Incomplete, Unavailable
from connector.domain.signal import Contact
from connector.domain.ticket import TicketRef
from connector.pipeline import casework as casework_room
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts
from connector.testing.memory_desk import Weather


@pytest.fixture
def house(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> House:
    """Two cases with a ticket each; a note for the first is in doubt, and its ticket is merged."""
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)
    house = House(store, clock)
    house.hears(said(1), said(2, Contact(name="Otto Oak", email="otto@example.com")))
    return house


def doubted(house: House, weather: Weather) -> None:
    house.desk.forecast.append(weather)
    house.hears(said(3))
    assert owed(house.store, house.cases[0].id)[-1] == ("note", "unknown")
    house.desk.merge("1", "2")
    house.clock.advance(100)


def notes(house: House) -> list[str]:
    tickets = house.desk.tickets.values()
    return [
        one.data["note_key"]
        for ticket in tickets
        for one in ticket.events
        if "note_key" in one.data
    ]


def test_a_doubted_note_that_stood_on_the_merged_ticket_is_not_written_again(house: House) -> None:
    doubted(house, Weather.MUTE)
    house.delivers()
    assert len(notes(house)) == 1
    assert owed(house.store, house.cases[0].id)[-1] == ("note", "done")
    assert on_record(house.store, "change.confirmed")[-1]["how"] == "found"
    house.looks()
    house.hears(said(4))
    assert [one.data.get("note_key") for one in house.desk.tickets["2"].events][-1] is not None


def test_one_that_never_arrived_goes_to_the_other_ticket(house: House) -> None:
    doubted(house, Weather.LOST)
    house.delivers()
    assert len(notes(house)) == 1
    assert house.desk.tickets["2"].events[-1].data["note_key"] == notes(house)[0]


def test_while_the_merged_ticket_cannot_be_read_the_doubt_stands(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubted(house, Weather.MUTE)

    def away(_: TicketRef) -> Any:
        raise Unavailable("memory", "did not answer")

    with monkeypatch.context() as patch:
        patch.setattr(house.helpdesk, "history", away)
        house.delivery.step()
    assert owed(house.store, house.cases[0].id)[-1] == ("note", "unknown")
    house.clock.advance(1_000)
    house.delivers()
    assert len(notes(house)) == 1


def test_a_history_that_is_not_whole_does_not_swallow_the_note(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubted(house, Weather.LOST)

    def half(_: TicketRef) -> Any:
        raise Incomplete("memory", "the rest is not to be had")

    monkeypatch.setattr(house.helpdesk, "history", half)
    house.delivers()
    assert len(notes(house)) == 1


def test_what_is_not_in_doubt_costs_no_look_at_the_old_ticket(house: House) -> None:
    house.desk.merge("1", "2")
    house.desk.calls.clear()
    house.hears(said(3))
    assert "history" not in house.desk.calls
    assert len(notes(house)) == 1
    assert house.cases[0].ticket_id == "2"


def test_nor_is_it_when_a_look_followed_the_merge_first(house: House) -> None:
    house.looks()
    doubted(house, Weather.MUTE)
    house.sync.step()
    assert house.cases[0].ticket_id == "2"
    house.delivers()
    assert len(notes(house)) == 1
    assert owed(house.store, house.cases[0].id)[-1] == ("note", "done")
