"""Small failures of one kind that repeat get one ticket, which is kept up to date."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from servers.hearing import all_cases, on_record, said
from servers.people import House

from connector.domain.signal import Contact
from connector.domain.ticket import TicketStatus
from connector.pipeline import casework as casework_room
from connector.pipeline import patterns
from connector.recovery import tags
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts

DAY = 86_400


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    return House(store, clock)


def complain(house: House, *numbers: int, **facts: Any) -> None:
    """Let as many different people complain of the same small thing."""
    for number in numbers:
        who = Contact(name=f"Patient {chr(64 + number)}oe", email=f"p{number}@example.org")
        house.hears(said(number, who, **{"severity": 1, **facts}))


def looks(house: House) -> int:
    owed = patterns.look(house.store, house.rules)
    house.delivers()
    return owed


def ticket(house: House) -> Any:
    (found,) = [one for one in house.desk.tickets.values() if tags.PATTERN in one.snapshot.tags]
    return found


def notes(house: House) -> list[str]:
    return [event.text for event in ticket(house).events if event.kind == "note"]


def test_five_of_a_kind_in_a_week_make_one_ticket_with_their_list(house: House) -> None:
    complain(house, 1, 2, 3, 4)
    assert looks(house) == 0
    complain(house, 5)
    assert looks(house) == 1
    assert looks(house) == 0

    shown = ticket(house).snapshot
    assert "5 cases in 7 days" in shown.subject
    assert all(case.id in shown.text for case in house.cases)
    assert "Patient" not in shown.text
    assert shown.requester_email == ""


def test_further_ones_are_told_there_once_a_day(house: House) -> None:
    complain(house, 1, 2, 3, 4, 5)
    looks(house)
    complain(house, 6)
    assert looks(house) == 0
    house.clock.advance(DAY)
    complain(house, 7)
    assert looks(house) == 1
    assert looks(house) == 0

    (note,) = notes(house)
    assert "2 cases more of the same kind, 7 in all" in note


def test_after_a_close_counting_begins_anew(house: House) -> None:
    complain(house, 1, 2, 3, 4, 5)
    looks(house)
    house.desk.edit(ticket(house).id, status=TicketStatus.CLOSED)
    house.looks()
    complain(house, 6, 7, 8, 9)
    assert looks(house) == 0
    complain(house, 10)
    assert looks(house) == 1

    assert len(on_record(house.store, "pattern.found")) == 2


def test_grave_ones_second_looks_other_kinds_and_old_ones_do_not_count(house: House) -> None:
    complain(house, 1)
    house.clock.advance(8 * DAY)
    complain(house, 2, 3, 4)
    complain(house, 5, severity=3)
    complain(house, 6, lane="review")
    complain(house, 7, categories=("place.facility",))

    assert looks(house) == 0


def test_switched_off_there_is_none(house: House) -> None:
    pipeline = house.rules.pipeline.model_copy(update={"pattern_cases": 0})
    house.rules = replace(house.rules, pipeline=pipeline)
    complain(house, 1, 2, 3, 4, 5)

    assert looks(house) == 0
    assert len(all_cases(house.store, notices=True)) == 5
