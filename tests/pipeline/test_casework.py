"""One person, one failure, one case: what joins, what is linked, what is kept apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from servers.hearing import (
    JANE,
    PRIVACY,
    SAFETY,
    all_cases,
    called,
    hear,
    links,
    on_record,
    outcomes,
    owed,
    said,
    work_off,
)

from connector.domain.signal import Contact
from connector.pipeline import casework as casework_room
from connector.pipeline.casework import Casework
from connector.pipeline.reconcile import account
from connector.pipeline.settings import PipelineSettings
from connector.store import cases, outbox
from connector.store.store import Store
from connector.testing.builders import Clock, a_store, opinion_of_facts, some_rules
from connector.testing.memory_source import an_unreadable


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def casework(store: Store) -> Casework:
    return Casework(store, some_rules())


# joining


def test_a_complaint_opens_a_case_with_clocks_and_owes_a_ticket(
    store: Store, casework: Casework, clock: Clock
) -> None:
    hear(store, said(1, severity=3))
    work_off(casework)
    (case,) = all_cases(store)
    assert (case.state, case.kind, case.severity) == ("open", "case", 3)
    assert case.contact_due is not None
    assert owed(store, case.id) == [("open", "ready")]
    assert outcomes(store) == {"opened": 1}
    (started,) = on_record(store, "clock.started")
    assert started["detected_at"] == clock.now.isoformat()


def test_a_second_complaint_joins_the_open_case(store: Store, casework: Casework) -> None:
    hear(store, said(1), said(2))
    work_off(casework)
    (case,) = all_cases(store)
    assert owed(store, case.id) == [("open", "ready"), ("note", "ready")]
    assert outcomes(store) == {"opened": 1, "joined": 1}
    assert [joined["why"] for joined in on_record(store, "signal.joined")] == ["person"]


@pytest.mark.parametrize(
    "name", ["Jane Roe", "jane roe", "ROE, Jane", "J. Roe", "Jane A. Roe", "Mrs Jane Roe"]
)
def test_one_address_and_a_compatible_name_are_one_person(
    store: Store, casework: Casework, name: str
) -> None:
    hear(store, said(1), said(2, Contact(name=name, email="Jane@example.com")))
    work_off(casework)
    assert len(all_cases(store)) == 1


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("Jane Roe", "John Roe", "same_contact_other_name"),
        ("Jane Roe", "", "same_contact_no_name"),
        ("", "Jane Roe", "same_contact_no_name"),
        ("", "", "same_contact_no_name"),
    ],
)
def test_a_family_address_links_and_never_joins(
    store: Store, casework: Casework, first: str, second: str, why: str
) -> None:
    mail = "family@example.com"
    hear(store, said(1, Contact(name=first, email=mail)), said(2, Contact(name=second, email=mail)))
    work_off(casework)
    one, other = all_cases(store)
    assert links(store) == [why]
    for case in (one, other):
        assert owed(store, case.id) == [("open", "ready"), ("note", "ready")]


def test_a_shared_address_links_even_the_same_name(store: Store) -> None:
    shared = PipelineSettings(shared_contacts=frozenset({"Jane@Example.com"}))
    casework = Casework(store, some_rules(pipeline=shared))
    hear(store, said(1), said(2))
    work_off(casework)
    assert len(all_cases(store)) == 2
    assert links(store) == ["shared_contact"]


def test_an_answer_in_the_thread_joins_whatever_its_sender_is_called(
    store: Store, casework: Casework
) -> None:
    hear(
        store,
        said(1, message_id="<1@example.com>"),
        said(2, Contact(name="J", email="j.roe@work.example"), references=("<1@example.com>",)),
    )
    work_off(casework)
    assert len(all_cases(store)) == 1
    assert [joined["why"] for joined in on_record(store, "signal.joined")] == ["thread"]


def test_answers_of_many_to_one_newsletter_do_not_meet(store: Store, casework: Casework) -> None:
    people = [Contact(name=f"P{n} Patient", email=f"p{n}@example.com") for n in range(3)]
    hear(
        store,
        *(
            said(n, who, message_id=f"<{n}@x>", references=("<newsletter@practice>",))
            for n, who in enumerate(people)
        ),
    )
    work_off(casework)
    assert len(all_cases(store)) == 3
    assert links(store) == []


def test_calls_that_nobody_took_join_by_their_number(store: Store, casework: Casework) -> None:
    hear(store, called(1, "+4930111"), called(2, "+4930111"), called(3, "+4930222"))
    work_off(casework)
    assert len(all_cases(store)) == 2
    assert [joined["why"] for joined in on_record(store, "signal.joined")] == ["number"]


def test_a_number_alone_links_a_call_with_anything_else(store: Store, casework: Casework) -> None:
    jane = replace(JANE, phone="+4930111")
    hear(store, said(1, jane), called(2, "+4930111"), said(3, Contact(phone="+4930111")))
    work_off(casework)
    assert len(all_cases(store)) == 3
    assert set(links(store)) == {"same_contact_no_name"}
    assert len(links(store)) == 3


def test_the_anonymous_never_join_anything(store: Store, casework: Casework) -> None:
    hear(store, *(said(n, Contact(name="Jane Roe")) for n in range(3)), said(9))
    work_off(casework)
    assert len(all_cases(store)) == 4
    assert links(store) == []


def test_matters_that_must_not_be_told_together_are_kept_apart(
    store: Store, casework: Casework
) -> None:
    hear(store, said(1), said(2, categories=PRIVACY), said(3, categories=SAFETY, severity=4))
    hear(store, said(4), said(5, categories=PRIVACY), said(6, categories=SAFETY, severity=4))
    work_off(casework)
    assert [case.grp for case in all_cases(store)] == ["service", "confidential", "safety"]
    assert outcomes(store) == {"opened": 3, "joined": 3}
    assert set(links(store)) == {"other_matter"}


def test_a_link_is_told_once_on_each_side(store: Store, casework: Casework) -> None:
    hear(store, said(1), *(said(n, categories=PRIVACY) for n in range(2, 6)))
    work_off(casework)
    service, confidential = all_cases(store)
    assert [op for op, _ in owed(store, service.id)] == ["open", "note"]
    assert [op for op, _ in owed(store, confidential.id)].count("note") == 4
    assert len(on_record(store, "case.linked")) == 1


def test_tenants_never_meet(store: Store, casework: Casework) -> None:
    hear(store, said(1), replace(said(2), tenant="other"))
    work_off(casework)
    assert len(all_cases(store)) == 2
    assert links(store) == []


def test_a_complaint_after_the_case_was_closed_founds_a_new_one(
    store: Store, casework: Casework
) -> None:
    hear(store, said(1))
    work_off(casework)
    (first,) = all_cases(store)
    store.write(lambda tx: cases.close(tx, first.id, "ticket_closed"))
    hear(store, said(2))
    work_off(casework)
    assert [case.state for case in all_cases(store)] == ["closed", "open"]


def test_a_complaint_after_the_ticket_was_dropped_founds_a_new_one(
    store: Store, casework: Casework
) -> None:
    """It must not become a note to a ticket that will never be."""
    hear(store, said(1))
    work_off(casework)
    store.write(lambda tx: outbox.drop(tx, 1))
    hear(store, said(2))
    work_off(casework)
    assert [case.state for case in all_cases(store)] == ["closed", "open"]
    assert owed(store, all_cases(store)[1].id) == [("open", "ready")]
    assert account(store).imbalance == 0


# raising


def test_severity_only_rises(store: Store, casework: Casework) -> None:
    hear(store, *(said(n, severity=severity) for n, severity in enumerate((2, 4, 1, 3))))
    seen = []
    while casework.step():
        seen.append(all_cases(store)[0].severity)
    assert seen == [4]
    steps = [(j["severity_before"], j["severity"]) for j in on_record(store, "signal.joined")]
    assert steps == [(2, 4), (4, 4), (4, 4)]


def test_a_graver_complaint_brings_the_due_times_forward_and_a_lesser_does_not_put_them_off(
    store: Store, casework: Casework, clock: Clock
) -> None:
    dues = []
    for number, severity in enumerate((2, 4, 1)):
        hear(store, said(number, severity=severity))
        work_off(casework)
        dues.append(all_cases(store)[0].contact_due)
        clock.advance(60)
    assert dues[1] < dues[0]
    assert dues[2] == dues[1]


def test_further_kinds_of_failure_are_added_behind_the_first(
    store: Store, casework: Casework
) -> None:
    hear(store, said(1), said(2, categories=("people.courtesy", "visit.wait")))
    work_off(casework)
    assert all_cases(store)[0].categories == '["visit.wait", "people.courtesy"]'


def test_a_second_look_has_no_clocks_and_a_clear_complaint_makes_it_a_case(
    store: Store, casework: Casework, clock: Clock
) -> None:
    hear(store, said(1, lane="review"))
    work_off(casework)
    (case,) = all_cases(store)
    assert (case.kind, case.severity, case.contact_due) == ("second_look", 1, None)
    clock.advance(3_600)
    hear(store, said(2, lane="review"))
    work_off(casework)
    (case,) = all_cases(store)
    assert (case.kind, case.contact_due) == ("second_look", None)
    hear(store, said(3, severity=3))
    work_off(casework)
    (case,) = all_cases(store)
    assert (case.kind, case.severity) == ("case", 3)
    assert case.contact_due > (clock.now - timedelta(hours=1)).isoformat()
    assert [joined["promoted"] for joined in on_record(store, "signal.joined")] == [False, True]
    assert [op for op, _ in owed(store, case.id)] == ["open", "note", "note", "update"]


# lanes without a case


def test_what_is_no_failure_is_counted_or_parked_and_owes_nothing(
    store: Store, casework: Casework
) -> None:
    hear(store, said(1, lane="count"), said(2, lane="park"), an_unreadable(3))
    work_off(casework)
    assert outcomes(store) == {"counted": 1, "parked": 1, "unreadable": 1}
    assert all_cases(store, notices=True) == []
    found = account(store)
    assert (found.heard, found.imbalance) == (3, 0)
    assert found.line() == (
        "3 heard = 0 opened + 0 joined + 1 counted + 1 parked + 1 unreadable + 0 held + 0 waiting"
    )


# the storm guard


def test_more_new_cases_than_allowed_are_held_and_told_once_a_day(
    store: Store, clock: Clock
) -> None:
    casework = Casework(store, some_rules(pipeline=PipelineSettings(storm_cases_per_hour=3)))
    people = [Contact(name=f"P{n} Patient", email=f"p{n}@example.com") for n in range(9)]
    for number, who in enumerate(people[:7]):
        hear(store, said(number, who))
        work_off(casework)
        clock.advance(1)
    assert [case.state for case in all_cases(store)] == ["open"] * 3 + ["held"] * 4
    assert outcomes(store) == {"opened": 3, "held": 4}
    notices = [case for case in all_cases(store, notices=True) if case.kind == "notice"]
    assert len(notices) == 1
    assert owed(store, notices[0].id) == [("open", "ready")]
    assert {owed(store, case.id)[0] for case in all_cases(store)[3:]} == {("open", "held")}
    clock.advance(86_400)
    hear(store, *(said(n + 100, who) for n, who in enumerate(people[7:])))
    work_off(casework)
    assert [case.state for case in all_cases(store)[7:]] == ["open", "open"]
    assert account(store).imbalance == 0


def test_each_day_and_source_of_a_storm_has_its_own_summary(store: Store, clock: Clock) -> None:
    casework = Casework(store, some_rules(pipeline=PipelineSettings(storm_cases_per_hour=1)))
    number = 0
    for _ in range(2):
        for source in ("memory", "other"):
            for _ in range(3):
                number += 1
                who = Contact(name=f"P{number} Patient", email=f"p{number}@example.com")
                hear(store, replace(said(number, who), source=source))
        work_off(casework)
        clock.advance(86_400)
    notices = [case for case in all_cases(store, notices=True) if case.kind == "notice"]
    assert sorted(case.source for case in notices) == ["memory", "memory", "other", "other"]


def test_critical_cases_are_never_held(store: Store) -> None:
    casework = Casework(store, some_rules(pipeline=PipelineSettings(storm_cases_per_hour=1)))
    people = [Contact(name=f"P{n} Patient", email=f"p{n}@example.com") for n in range(4)]
    hear(store, *(said(n, who, severity=4) for n, who in enumerate(people)))
    work_off(casework)
    assert [case.state for case in all_cases(store)] == ["open"] * 4


def test_a_complaint_to_a_held_case_is_held_with_it_until_it_is_critical(store: Store) -> None:
    casework = Casework(store, some_rules(pipeline=PipelineSettings(storm_cases_per_hour=1)))
    other = Contact(name="John Doe", email="john@example.com")
    hear(store, said(1, other), said(2), said(3))
    work_off(casework)
    held = all_cases(store)[1]
    assert held.state == "held"
    assert owed(store, held.id) == [("open", "held"), ("note", "held")]
    hear(store, said(4, severity=4))
    work_off(casework)
    freed = all_cases(store)[1]
    assert (freed.state, freed.severity) == ("open", 4)
    assert {state for _, state in owed(store, held.id)} == {"ready"}
    assert on_record(store, "case.released") == [{"why": "critical"}]


# the same again


def test_two_runs_with_one_secret_give_the_same_cases_keys_and_bytes(
    tmp_path: Path, clock: Clock
) -> None:
    seen = []
    for name in ("one", "two"):
        store = a_store(tmp_path / name, clock)
        hear(store, said(1), said(2, severity=4), said(3, categories=PRIVACY), called(4, "+4930"))
        work_off(Casework(store, some_rules()))
        with store.read() as connection:
            rows = outbox.listing(connection, states=("ready",), limit=100)
        seen.append(([case.id for case in all_cases(store)], [row.key for row in rows]))
        store.close()
    assert seen[0] == seen[1]
    assert len(set(seen[0][1])) == len(seen[0][1]) >= 6


def test_batches_of_any_size_come_to_the_same_end(tmp_path: Path, clock: Clock) -> None:
    ends = []
    for size in (1, 3, 50):
        store = a_store(tmp_path / str(size), clock)
        items = [said(1), said(2, severity=4), said(3, categories=PRIVACY), said(4, lane="review")]
        for start in range(0, len(items), size):
            hear(store, *items[start : start + size])
            work_off(Casework(store, some_rules()))
        ends.append([(case.id, case.severity, owed(store, case.id)) for case in all_cases(store)])
        store.close()
    assert ends[0] == ends[1] == ends[2]
