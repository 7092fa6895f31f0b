"""Who was spoken with lately is not approached once more as if for the first time."""

from __future__ import annotations

import pytest
from servers.hearing import JANE, PRIVACY, said
from servers.people import House

from connector.domain.signal import Contact
from connector.domain.ticket import TicketStatus
from connector.pipeline import casework as casework_room
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts

DAY = 86_400
REACHABLE = Contact(name=JANE.name, email=JANE.email, phone="+15555550123")


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    """Give a practice that has spoken with Jane about a wait."""
    house = House(store, clock)
    house.hears(said(1, REACHABLE))
    house.promises.tick()
    house.desk.say(house.ticket, "I am sorry for the wait.", public=True)
    house.looks()
    house.promises.tick()
    house.desk.edit(house.ticket, status=TicketStatus.CLOSED)
    house.looks()
    return house


def newest(house: House) -> str:
    return str(house.snapshot(house.cases[-1].ticket_id).text)


def test_the_next_ticket_says_when_and_for_what(house: House) -> None:
    house.hears(said(2, REACHABLE, categories=("billing.money",)))

    assert f"for {house.cases[0].id} (" in newest(house)
    assert "Already contacted on" in newest(house)


def test_no_text_message_is_offered_then(house: House) -> None:
    wants = {"sms_consent": True, "prefers": "sms", "categories": ("billing.money",)}
    house.hears(said(2, REACHABLE, **wants))
    assert "By text message" not in newest(house)

    other = Contact(name="John Poe", email="john@example.org", phone="+15555550199")
    house.hears(said(3, other, **wants))
    assert "By text message" in newest(house)
    assert "Already contacted" not in newest(house)


def test_a_matter_that_is_kept_apart_is_not_named(house: House) -> None:
    house.hears(said(2, REACHABLE, categories=PRIVACY, severity=3))

    assert "(another matter)" in newest(house)


def test_after_the_window_it_is_a_new_conversation(house: House) -> None:
    house.clock.advance(8 * DAY)
    house.hears(said(2, REACHABLE, categories=("billing.money",)))

    assert "Already contacted" not in newest(house)
