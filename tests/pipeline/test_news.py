"""After the first contact a ticket says when the person should hear how it stands."""

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


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    """Give a practice that has answered a grave complaint."""
    house = House(store, clock)
    house.hears(said(1, severity=3))
    answers(house)
    return house


def answers(house: House) -> None:
    house.clock.advance(60)
    house.desk.say(house.ticket, "I am looking into it.", public=True)
    looks(house)


def looks(house: House, seconds: float = 61) -> None:
    house.looks(seconds)
    house.promises.tick()
    house.delivers()


def reminders(house: House) -> list[str]:
    events = house.desk.tickets[house.ticket].events
    return [
        one.data["note_key"][-3:]
        for one in events
        if ".news." in one.data.get("note_key", "") and one.kind == "note"
    ]


def test_each_silence_is_said_once_and_again_after_twice_the_time(house: House) -> None:
    looks(house)
    assert tags.UPDATE_DUE not in house.snapshot().tags
    for _ in range(20):
        looks(house, DAY)

    assert reminders(house) == ["100", "200"]
    assert tags.UPDATE_DUE in house.snapshot().tags
    assert [one["percent"] for one in on_record(house.store, "clock.update_due")] == [100, 200]


def test_a_conversation_takes_the_tag_away_and_begins_the_time_anew(house: House) -> None:
    for _ in range(5):
        looks(house, DAY)
    assert tags.UPDATE_DUE in house.snapshot().tags
    answers(house)
    assert tags.UPDATE_DUE not in house.snapshot().tags

    before = len(reminders(house))
    for _ in range(6):
        looks(house, DAY)
    assert len(reminders(house)) > before


def test_who_does_not_want_contact_is_left_alone(house: House) -> None:
    fields = {**house.snapshot().fields, "first_contact": "declined"}
    house.desk.edit(house.ticket, fields=fields)
    for _ in range(9):
        looks(house, DAY)

    assert reminders(house) == []


def test_a_closed_case_does_not_carry_the_tag(house: House) -> None:
    for _ in range(5):
        looks(house, DAY)
    house.desk.edit(house.ticket, status=TicketStatus.CLOSED)
    looks(house)

    assert tags.UPDATE_DUE not in house.snapshot().tags
