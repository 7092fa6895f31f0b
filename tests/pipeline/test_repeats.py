"""The same person let down in the same way again."""

from __future__ import annotations

from typing import Any

import pytest
from servers.hearing import JANE, links, on_record, said
from servers.people import House

from connector.domain.signal import Contact
from connector.domain.ticket import TicketStatus
from connector.pipeline import casework as casework_room
from connector.recovery import tags
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts

STEPS = {
    "first_contact": "reached",
    "step_apologize": "yes",
    "step_review": "yes",
    "step_fix": "yes",
    "step_document": "yes",
    "root_cause": "workflow",
    "told_change": "yes",
}
WAIT: dict[str, Any] = {"severity": 1, "categories": ("visit.wait",)}


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    return House(store, clock)


def closes(house: House, **fields: str) -> None:
    ticket = house.cases[-1].ticket_id
    there = house.desk.tickets[ticket].snapshot.fields
    house.desk.edit(ticket, fields={**there, **fields}, status=TicketStatus.RESOLVED)
    house.promises.tick()
    house.looks()
    house.promises.tick()
    house.delivers()


def marks(house: House) -> set[str]:
    ticket = house.cases[-1].ticket_id
    return set(house.desk.tickets[ticket].snapshot.tags) & {tags.REPEAT, tags.RECOVERY_FAILED}


def test_a_repeat_within_ninety_days_is_graver_and_linked(house: House) -> None:
    house.hears(said(1, **WAIT))
    closes(house)
    house.clock.advance(89 * 86_400)
    house.hears(said(2, **WAIT))

    first, second = house.cases
    assert (first.severity, second.severity) == (1, 2)
    assert marks(house) == {tags.REPEAT}
    assert links(house.store) == ["repeat"]
    (told,) = on_record(house.store, "case.linked")
    assert told["other"] == first.id


def test_after_a_complete_recovery_it_is_the_recovery_that_failed(house: House) -> None:
    house.hears(said(1, **WAIT))
    closes(house, **STEPS)
    house.hears(said(2, **WAIT))

    assert marks(house) == {tags.REPEAT, tags.RECOVERY_FAILED}
    assert house.cases[-1].severity >= 3
    assert "recovery.failed" in house.cases[-1].categories
    assert links(house.store) == ["recovery_failed"]


def test_later_than_ninety_days_it_is_a_failure_of_its_own(house: House) -> None:
    house.hears(said(1, **WAIT))
    closes(house)
    house.clock.advance(91 * 86_400)
    house.hears(said(2, **WAIT))

    assert marks(house) == set()
    assert house.cases[-1].severity == 1


@pytest.mark.parametrize(
    ("who", "facts"),
    [
        (JANE, {"severity": 1, "categories": ("billing.money",)}),
        (Contact(name="John Roe", email="jane@example.com"), WAIT),
        (Contact(name="", email="jane@example.com"), WAIT),
    ],
)
def test_another_kind_or_another_person_is_no_repeat(
    house: House, who: Contact, facts: dict[str, Any]
) -> None:
    house.hears(said(1, **WAIT))
    closes(house)
    house.hears(said(2, who=who, **facts))

    assert marks(house) == set()


def test_a_case_that_was_no_failure_is_not_repeated(house: House) -> None:
    house.hears(said(1, **WAIT))
    house.desk.retag(house.ticket, add=[tags.WRONG])
    house.looks()
    house.hears(said(2, **WAIT))

    assert marks(house) == set()


def test_a_second_look_is_no_repeat(house: House) -> None:
    house.hears(said(1, **WAIT))
    closes(house)
    house.hears(said(2, lane="review", categories=("visit.wait",)))

    assert marks(house) == set()
