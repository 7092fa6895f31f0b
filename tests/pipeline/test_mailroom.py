"""Mail that machines wrote, mail in circles, mail in two mailboxes, mail that refers to a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from servers.hearing import (
    PRIVACY,
    all_cases,
    hear,
    links,
    on_record,
    outcomes,
    owed,
    said,
    work_off,
)

from connector.domain.signal import Contact, Signal
from connector.pipeline import casework as casework_room
from connector.pipeline.casework import Casework
from connector.pipeline.reconcile import account
from connector.pipeline.settings import PipelineSettings
from connector.store import cases, parked, signals
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts, some_rules

MARK = r"(?:[^#]{0,60})#(\d{1,19})"
OTHER = Contact(name="Otto Other", email="otto@example.com")
NAMELESS = Contact(email="jane@example.com")


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def casework(store: Store) -> Casework:
    return a_casework(store)


def a_casework(store: Store, limit: int = 30) -> Casework:
    rules = some_rules(pipeline=PipelineSettings(mails_per_hour=limit))
    practice = replace(rules.practice, own_addresses=frozenset({"help@practice.example"}))
    return Casework(store, replace(rules, ticket_mark=MARK, practice=practice))


def parked_rows(store: Store) -> list[Any]:
    with store.read() as connection:
        return parked.listing(connection, limit=100)


def release(store: Store, row: Any) -> bool:
    return store.write(lambda tx: parked.release(tx, row))


def with_ticket(store: Store, case_id: str, ticket: str) -> None:
    store.write(lambda tx: cases.set_ticket(tx, case_id, ticket, ""))


# parked


def test_what_was_parked_is_released_once_and_then_judged_as_a_persons_words(
    store: Store, casework: Casework
) -> None:
    hear(store, said(1, lane="park", automatic="auto_reply", auto_rule="answer.subject"))
    work_off(casework)
    (row,) = parked_rows(store)
    assert release(store, row)
    assert not release(store, row)
    heard: list[Signal] = []

    def listening(signal: Signal, settings: Any) -> Any:
        heard.append(signal)
        return opinion_of_facts(replace(signal, facts={}), settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(casework_room, "assess", listening)
        work_off(casework)
    assert not release(store, row)
    assert {name for one in heard for name in one.facts} == {"lane"}
    assert outcomes(store) == {"opened": 1}
    (case,) = all_cases(store)
    assert owed(store, case.id) == [("open", "ready")]
    assert "person.released" in on_record(store, "signal.assessed")[-1]["rules"]
    assert account(store).imbalance == 0


def test_what_became_a_case_cannot_be_released(store: Store, casework: Casework) -> None:
    hear(store, said(1))
    work_off(casework)
    with store.read() as connection:
        (row,) = signals.ended(connection)
    assert not release(store, row)
    assert outcomes(store) == {"opened": 1}


# circles


def test_one_of_too_many_mails_of_a_sender_is_parked(store: Store) -> None:
    casework = a_casework(store, limit=3)
    hear(store, *(said(n) for n in range(1, 6)), said(6, OTHER))
    work_off(casework)
    assert outcomes(store) == {"opened": 2, "joined": 2, "parked": 2}
    assert {row.problem_code for row in parked_rows(store)} == {"rate"}


def test_as_many_mails_over_days_are_no_circle_even_when_read_at_once(
    store: Store, clock: Clock
) -> None:
    casework = a_casework(store, limit=3)
    days = [clock.now - timedelta(days=n) for n in range(6)]
    hear(store, *(replace(said(n), event_time=day) for n, day in enumerate(days, start=1)))
    work_off(casework)
    assert outcomes(store) == {"opened": 1, "joined": 5}


def test_after_an_hour_the_sender_is_heard_again(store: Store, clock: Clock) -> None:
    casework = a_casework(store, limit=2)
    hear(store, said(1), said(2), said(3))
    clock.advance(3_601)
    hear(store, said(4))
    work_off(casework)
    assert outcomes(store) == {"opened": 1, "joined": 2, "parked": 1}


def test_critical_words_and_trusted_senders_are_heard_however_many_they_are(store: Store) -> None:
    casework = a_casework(store, limit=2)
    hear(store, *(said(n, severity=4) for n in range(1, 5)))
    hear(store, *(said(n, OTHER, trusted=True) for n in range(5, 9)))
    work_off(casework)
    assert parked_rows(store) == []


def test_a_released_one_of_many_is_not_parked_again(store: Store) -> None:
    casework = a_casework(store, limit=2)
    hear(store, said(1), said(2), said(3))
    work_off(casework)
    (row,) = parked_rows(store)
    assert release(store, row)
    work_off(casework)
    assert outcomes(store) == {"opened": 1, "joined": 2}


# one mail in two mailboxes


@pytest.mark.parametrize("together", [True, False])
def test_one_mail_in_two_mailboxes_is_one_case_found_in_two_places(
    store: Store, casework: Casework, together: bool
) -> None:
    hear(store, said(1))
    if not together:
        work_off(casework)
    copy = replace(said(1), source="second", locator="second:9")
    hear(store, copy, source="second")
    hear(store, copy, source="second")
    work_off(casework)
    (case,) = all_cases(store)
    assert owed(store, case.id) == [("open", "ready")]
    assert outcomes(store) == {"opened": 1, "joined": 1}
    assert [one["why"] for one in on_record(store, "signal.joined")] == ["copy"]
    with store.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM sighting")).scalar() == 1


def test_a_copy_that_is_read_after_the_case_was_closed_founds_none(
    store: Store, casework: Casework
) -> None:
    hear(store, said(1))
    work_off(casework)
    (case,) = all_cases(store)
    store.write(lambda tx: cases.close(tx, case.id, "ticket_closed"))
    hear(store, replace(said(1), source="second"), source="second")
    work_off(casework)
    assert len(all_cases(store)) == 1


def test_the_same_id_with_other_words_is_a_new_signal_of_the_same_person(
    store: Store, casework: Casework
) -> None:
    hear(store, said(1, NAMELESS, message_id="x@y"), said(2, NAMELESS, message_id="x@y"))
    work_off(casework)
    assert outcomes(store) == {"opened": 1, "joined": 1}


def test_a_machine_that_repeats_its_id_joins_no_strangers(store: Store, casework: Casework) -> None:
    hear(store, said(1, message_id="x@y"), said(2, OTHER, message_id="x@y"))
    work_off(casework)
    assert len(all_cases(store)) == 2
    assert links(store) == []


# what a mail refers to


def test_a_case_id_in_the_subject_joins_whoever_writes(store: Store, casework: Casework) -> None:
    hear(store, said(1))
    work_off(casework)
    (case,) = all_cases(store)
    hear(store, said(2, OTHER, tokens=(case.id,)))
    work_off(casework)
    assert [one["why"] for one in on_record(store, "signal.joined")] == ["case_id"]


@pytest.mark.parametrize(
    ("who", "joins"), [(NAMELESS, True), (OTHER, False), (Contact(name="Jane Roe"), False)]
)
def test_a_tickets_mark_joins_its_own_person_and_links_others(
    store: Store, casework: Casework, who: Contact, joins: bool
) -> None:
    hear(store, said(1))
    work_off(casework)
    (case,) = all_cases(store)
    with_ticket(store, case.id, "17")
    hear(store, said(2, who, tokens=("EXTERN", "clinic #17")))
    work_off(casework)
    assert (len(all_cases(store)) == 1) is joins
    assert links(store) == ([] if joins else ["ticket"])


def test_a_mark_of_another_form_means_nothing(store: Store, casework: Casework) -> None:
    hear(store, said(1))
    work_off(casework)
    (case,) = all_cases(store)
    with_ticket(store, case.id, "17")
    hear(store, said(2, OTHER, tokens=("17", "clinic-17", "#170")))
    work_off(casework)
    assert links(store) == []


@pytest.mark.parametrize(
    ("who", "subject", "cases_then"),
    [
        (NAMELESS, "Re: My bill of March", 1),
        (NAMELESS, "My bill of March", 2),  # answers nothing
        (NAMELESS, "Re: Feedback", 2),
        (Contact(name="John Roe", email="jane@example.com"), "Re: My bill of March", 2),
        (OTHER, "Re: My bill of March", 2),
    ],
)
def test_an_answered_subject_from_the_same_address_joins_at_last(
    store: Store, casework: Casework, who: Contact, subject: str, cases_then: int
) -> None:
    hear(store, replace(said(1), subject="My bill of March"))
    hear(store, replace(said(2, who), subject=subject))
    work_off(casework)
    assert len(all_cases(store)) == cases_then


def test_what_a_mail_refers_to_does_not_mix_matters_that_are_kept_apart(
    store: Store, casework: Casework
) -> None:
    hear(store, said(1))
    work_off(casework)
    (case,) = all_cases(store)
    hear(store, said(2, tokens=(case.id,), categories=PRIVACY))
    work_off(casework)
    assert len(all_cases(store)) == 2
    assert links(store) == ["other_matter"]
