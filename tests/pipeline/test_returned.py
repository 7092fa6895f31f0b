"""A mail of the practice came back: told on its case as a failed attempt of contact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from servers.hearing import (
    JANE,
    PRIVACY,
    all_cases,
    hear,
    on_record,
    outcomes,
    owed,
    said,
    work_off,
)

from connector.domain.signal import Contact, Signal
from connector.domain.ticket import AddNote
from connector.pipeline import casework as casework_room
from connector.pipeline.casework import Casework
from connector.pipeline.returned import LATELY
from connector.store import cases, codec, content, outbox
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts, some_rules

HELP = "help@practice.example"


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def casework(store: Store) -> Casework:
    rules = some_rules()
    practice = replace(rules.practice, own_addresses=frozenset({HELP}))
    mark = r"(?:[^#]{0,60})#(\d{1,19})"
    return Casework(store, replace(rules, ticket_mark=mark, practice=practice))


def bounce(number: int = 9, kind: str = "bounce", **facts: Any) -> Signal:
    daemon = Contact(name="Mail Delivery System", email="mailer-daemon@mx.example")
    told = {f"bounced_{name}": value for name, value in facts.items()}
    return said(number, daemon, lane="park", automatic=kind, **told)


def a_case(store: Store, casework: Casework, who: Contact = JANE, **facts: Any) -> Any:
    hear(store, said(1, who, **facts))
    work_off(casework)
    (case,) = all_cases(store)
    store.write(lambda tx: cases.set_ticket(tx, case.id, "17", ""))
    return case


def last_note(store: Store, case_id: str) -> str:
    with store.read() as connection:
        row = outbox.of_case(connection, case_id)[-1]
        words = content.get(connection, row.content_id)
    change = codec.change_from(words or b"", b"", [])
    assert isinstance(change, AddNote)
    return change.text


TO_JANE = {"to": ("Jane@Example.com",), "from": HELP}


@pytest.mark.parametrize(
    ("told", "by"),
    [
        ({"tokens": ("clinic #17",), "to": ("jane@example.com",)}, "ticket"),
        ({"ids": ("out@helpdesk.example", "first@example.com")}, "thread"),
        (TO_JANE, "recipient"),
        ({"tokens": ("CASE",)}, "case_id"),
    ],
)
def test_a_mail_that_came_back_is_a_failed_attempt_of_contact(
    store: Store, casework: Casework, told: dict[str, Any], by: str
) -> None:
    case = a_case(store, casework, message_id="first@example.com")
    if told.get("tokens") == ("CASE",):
        told = {"tokens": (case.id,)}
    hear(store, bounce(status="5.1.1", **told))
    work_off(casework)
    assert outcomes(store) == {"opened": 1, "joined": 1}
    assert owed(store, case.id) == [("open", "ready"), ("note", "ready")]
    (failed,) = on_record(store, "contact.failed")
    assert (failed["by"], failed["status"]) == (by, "5.1.1")
    note = last_note(store, case.id)
    assert "did not reach the patient" in note
    assert "the address does not exist" in note
    (after,) = all_cases(store)
    assert (after.severity, after.contact_due) == (case.severity, case.contact_due)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"tokens": ("#17",), "to": ("otto@example.com",)},  # the number of another's ticket
        {"to": ("jane@example.com",), "from": "newsletter@vendor.example"},
        {"to": ("otto@example.com",), "from": HELP},
        {"ids": ("unknown@example.com",)},
        {"tokens": ("C-00000-00000",)},
    ],
)
def test_a_bounce_that_belongs_to_nothing_is_parked(
    store: Store, casework: Casework, told: dict[str, Any]
) -> None:
    case = a_case(store, casework)
    hear(store, bounce(**told))
    work_off(casework)
    assert outcomes(store) == {"opened": 1, "parked": 1}
    assert owed(store, case.id) == [("open", "ready")]


@pytest.mark.parametrize("kind", ["delay", "report", "auto_reply"])
def test_a_delay_is_no_failure(store: Store, casework: Casework, kind: str) -> None:
    a_case(store, casework)
    hear(store, bounce(kind=kind, **TO_JANE))
    work_off(casework)
    assert outcomes(store) == {"opened": 1, "parked": 1}


def test_of_two_open_cases_of_one_person_neither_is_guessed(
    store: Store, casework: Casework
) -> None:
    hear(store, said(1), said(2, categories=PRIVACY), bounce(**TO_JANE))
    work_off(casework)
    assert len(all_cases(store)) == 2
    assert outcomes(store) == {"opened": 2, "parked": 1}


def test_a_number_is_enough_where_no_address_of_the_person_is_known(
    store: Store, casework: Casework
) -> None:
    case = a_case(store, casework, Contact(name="Jane Roe", phone="+493012345679"))
    hear(store, bounce(tokens=("#17",), to=("jane@example.com",)))
    work_off(casework)
    assert owed(store, case.id)[-1] == ("note", "ready")


def test_a_ticket_that_was_closed_in_good_faith_is_opened_again(
    store: Store, casework: Casework
) -> None:
    case = a_case(store, casework)
    store.write(lambda tx: cases.close(tx, case.id, "ticket_closed"))
    hear(store, bounce(8, **TO_JANE), bounce(9, **TO_JANE))
    work_off(casework)
    assert [op for op, _ in owed(store, case.id)] == ["open", "update", "note", "note"]
    assert [one["why"] for one in on_record(store, "ticket.reopened")] == ["contact_failed"]


@pytest.mark.parametrize("reason", ["judged_wrong", "ticket_deleted"])
def test_a_ticket_that_is_gone_or_was_no_failure_stays_closed(
    store: Store, casework: Casework, reason: str
) -> None:
    case = a_case(store, casework)
    store.write(lambda tx: cases.close(tx, case.id, reason))
    hear(store, bounce(tokens=(case.id,)))
    work_off(casework)
    assert [op for op, _ in owed(store, case.id)] == ["open", "note"]


def test_a_case_that_was_closed_long_ago_is_not_found_by_its_recipient(
    store: Store, casework: Casework, clock: Clock
) -> None:
    case = a_case(store, casework)
    store.write(lambda tx: cases.close(tx, case.id, "ticket_closed"))
    clock.advance(LATELY.total_seconds() + 60)
    hear(store, bounce(**TO_JANE))
    work_off(casework)
    assert outcomes(store) == {"opened": 1, "parked": 1}


def test_the_same_bounce_heard_again_is_told_once(store: Store, casework: Casework) -> None:
    case = a_case(store, casework)
    for _ in range(2):
        hear(store, bounce(**TO_JANE))
        work_off(casework)
    assert owed(store, case.id) == [("open", "ready"), ("note", "ready")]
