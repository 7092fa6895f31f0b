"""A mail address and a number are one person's where that is certain, and until it is undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from servers.hearing import links, on_record
from servers.people import House

from connector.domain.signal import Channel, Contact, Signal
from connector.pipeline import casework as casework_room
from connector.store import acquainted
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts
from connector.testing.memory_source import a_signal

MAIL, PHONE = "jane@example.com", "+15555550123"
BOTH = Contact(name="Jane Roe", email=MAIL, phone=PHONE)


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    return House(store, clock)


def heard(number: int, channel: Channel, contact: Contact, **facts: Any) -> Signal:
    return replace(a_signal(number, contact=contact, facts=facts), channel=channel)


def closes(house: House) -> None:
    for one in house.cases:
        if one.ticket_id and one.state == "open":
            house.desk.edit(
                one.ticket_id, tags=house.snapshot(one.ticket_id).tags | {"amends_wrong"}
            )
    house.looks()


def test_a_survey_row_with_both_brings_later_signals_together(house: House) -> None:
    house.hears(heard(1, Channel.SURVEY, BOTH))
    closes(house)
    house.hears(heard(2, Channel.MAIL, Contact(name="Jane Roe", email=MAIL)))
    house.hears(heard(3, Channel.PHONE, Contact(name="ROE JANE", phone=PHONE)))

    assert len(house.cases) == 2
    assert len(on_record(house.store, "person.acquainted")) == 1


def test_without_a_name_or_with_another_one_they_are_linked_alone(house: House) -> None:
    house.hears(heard(1, Channel.SURVEY, BOTH))
    closes(house)
    house.hears(heard(2, Channel.MAIL, Contact(name="Jane Roe", email=MAIL)))
    house.hears(heard(3, Channel.PHONE, Contact(phone=PHONE)))
    house.hears(heard(4, Channel.PHONE, Contact(name="Peter Roe", phone=PHONE)))

    assert len(house.cases) == 4
    assert {"same_contact_no_name", "same_contact_other_name"} <= set(links(house.store))


@pytest.mark.parametrize(
    ("channel", "contact"),
    [
        (Channel.MAIL, BOTH),  # a number in a signature may be anybody's
        (Channel.SURVEY, Contact(name="", email=MAIL, phone=PHONE)),
        (Channel.SURVEY, Contact(name="Jane Roe", email=MAIL)),
    ],
)
def test_what_is_not_certain_is_not_learned(
    house: House, channel: Channel, contact: Contact
) -> None:
    house.hears(heard(1, channel, contact))

    assert on_record(house.store, "person.acquainted") == []


def test_a_number_of_two_people_is_nobodys(house: House) -> None:
    house.hears(heard(1, Channel.SURVEY, BOTH))
    other = Contact(name="Jane Roe", email="other@example.com", phone=PHONE)
    house.hears(heard(2, Channel.SURVEY, other))
    closes(house)
    house.hears(heard(3, Channel.MAIL, Contact(name="Jane Roe", email=MAIL)))
    before = len(house.cases)
    house.hears(heard(4, Channel.PHONE, Contact(name="Jane Roe", phone=PHONE)))

    assert len(house.cases) == before + 1


def test_undone_it_stays_undone(house: House) -> None:
    house.hears(heard(1, Channel.SURVEY, BOTH))
    with house.store.read() as connection:
        found = acquainted.contacts(connection, house.case.id)
    keys = [key for some in found.values() for key, _ in some]
    assert house.store.write(lambda tx: acquainted.undo(tx, "practice", keys)) == 1
    closes(house)
    house.hears(heard(2, Channel.SURVEY, BOTH, categories=("billing.money",)))
    closes(house)
    house.hears(heard(3, Channel.MAIL, Contact(name="Jane Roe", email=MAIL)))
    before = len(house.cases)
    house.hears(heard(4, Channel.PHONE, Contact(name="Jane Roe", phone=PHONE)))

    assert len(house.cases) == before + 1


def test_names_that_agree_with_the_pair_and_not_with_each_other_lose_nothing(house: House) -> None:
    house.hears(heard(1, Channel.SURVEY, BOTH))
    closes(house)
    for number, name in enumerate(("J Roe", "Jane Roe", "Jane", "Roe", "J. R.", "Jane A Roe"), 2):
        house.hears(heard(number, Channel.PHONE, Contact(name=name, phone=PHONE)))

    with house.store.read() as connection:
        waiting = connection.exec_driver_sql(
            "SELECT count(*) FROM signal WHERE outcome IN ('waiting', 'unreadable')"
        ).scalar()
    assert waiting == 0
