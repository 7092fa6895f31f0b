"""A second look that becomes a case, and a case that is raised, bring words to say."""

from __future__ import annotations

from typing import Any

import pytest
from servers.hearing import JANE, said
from servers.people import House

from connector.domain.signal import Contact
from connector.pipeline import casework as casework_room
from connector.recovery import tags
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts

REACHABLE = Contact(name=JANE.name, email=JANE.email, phone="+15555550123")


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    return House(store, clock)


def last_note(house: House) -> str:
    events = house.desk.tickets[house.ticket].events
    return str([event.text for event in events if event.kind == "note"][-1])


@pytest.mark.parametrize(
    ("facts", "shown"),
    [({}, ["On the phone", "By e-mail"]), ({"wants_contact": False}, [])],
)
def test_a_second_look_that_becomes_a_case_brings_them(
    house: House, facts: dict[str, Any], shown: list[str]
) -> None:
    house.hears(said(1, REACHABLE, lane="review", **facts))
    assert "WORDS YOU MAY USE" not in house.snapshot().text
    house.desk.edit(house.ticket, tags=house.snapshot().tags | {tags.RIGHT})
    house.looks()

    assert [title for title in ("On the phone", "By e-mail") if title in last_note(house)] == shown


def test_a_raised_case_brings_those_of_what_leads_now(house: House) -> None:
    house.hears(said(1, REACHABLE, severity=2))
    house.hears(said(2, REACHABLE, severity=3, categories=("visit.wait", "comm.not_heard")))
    assert "WORDS YOU MAY USE" in last_note(house)

    house.hears(said(3, REACHABLE, severity=2))
    assert "WORDS YOU MAY USE" not in last_note(house)
