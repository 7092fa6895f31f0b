"""What has its turn by the clock: due times, the daily summary, the account, the clean-up."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from servers.desk import Desk
from servers.hearing import all_cases, called, hear, on_record, said, work_off
from servers.owing import a_delivery, case_named, drain, note_of, owe, states, ticket_of

from connector.domain.errors import StateError, StateFull
from connector.domain.signal import Contact
from connector.pipeline import casework as casework_room
from connector.pipeline import clocks, summary
from connector.pipeline.casework import Casework
from connector.pipeline.loops import Bell, Pulse, work_loop
from connector.pipeline.reconcile import reconcile
from connector.pipeline.retention import retain
from connector.pipeline.settings import PipelineSettings
from connector.store import cases, jobs, outbox
from connector.store.store import Store
from connector.testing.builders import Clock, opinion_of_facts, some_rules
from connector.testing.memory_source import an_unreadable


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


def notices(store: Store) -> list[Any]:
    return [case for case in all_cases(store, notices=True) if case.kind == "notice"]


def summary_text(store: Store, case_id: str) -> str:
    with store.read() as connection:
        statement = (
            "SELECT body FROM content JOIN outbox ON content_id = content.id WHERE case_id = :c"
        )
        return bytes(connection.execute(sa.text(statement), {"c": case_id}).scalar_one()).decode()


def test_a_source_that_falls_silent_is_named(store: Store, clock: Clock) -> None:
    hear(store, said(1))
    hear(store, replace(said(2), source="other"), source="other")
    clock.advance(3_600 * 5)
    hours = {"memory": 4, "other": 6}
    assert clocks.silent_sources(store, "practice", hours) == ["memory"]
    hear(store, said(3))
    assert clocks.silent_sources(store, "practice", hours) == []


def test_a_day_without_anything_to_look_at_makes_no_summary(store: Store) -> None:
    rules = some_rules()
    hear(store, said(1), said(2, lane="count"))
    work_off(Casework(store, rules))
    assert not summary.summarize(store, rules)
    assert notices(store) == []


def test_a_day_has_one_summary_of_what_needs_an_eye(store: Store, clock: Clock) -> None:
    rules = some_rules(pipeline=PipelineSettings(storm_cases_per_hour=1))
    other = Contact(name="John Doe", email="john@example.com")
    hear(store, said(1), said(2, other), said(3, lane="park"), an_unreadable(4))
    work_off(Casework(store, rules))
    (storm,) = notices(store)
    assert summary.summarize(store, rules)
    assert not summary.summarize(store, rules)
    (day,) = [notice for notice in notices(store) if notice.id != storm.id]
    text = summary_text(store, day.id)
    for word in ("Parked: 1", "Unreadable: 1", "Held: 1"):
        assert word in text
    assert "Roe" not in text
    clock.advance(86_401)
    assert not summary.summarize(store, rules), "yesterday's are not told again"


def test_what_came_while_the_summary_was_late_is_in_the_next_one(
    store: Store, clock: Clock
) -> None:
    """Down from seven until nine, the summary of that day was late; the hours between count."""
    rules = some_rules()
    summary.summarize(store, rules)
    store.write(lambda tx: jobs.ran(tx, summary.JOB))
    clock.advance(3_600)
    hear(store, said(1, lane="park"))
    work_off(Casework(store, rules))
    clock.advance(86_400)
    assert summary.summarize(store, rules)


def test_the_account_is_put_on_record_also_when_all_is_well(store: Store) -> None:
    hear(store, said(1), said(2), called(3, "+4930"), said(4, lane="count"), an_unreadable(5))
    assert reconcile(store).outcomes["waiting"] == 5
    work_off(Casework(store, some_rules()))
    found = reconcile(store)
    assert (found.heard, found.imbalance) == (5, 0)
    assert found.outcomes == {
        "opened": 2,
        "joined": 1,
        "counted": 1,
        "parked": 0,
        "unreadable": 1,
        "held": 0,
        "waiting": 0,
    }
    assert [entry["imbalance"] for entry in on_record(store, "account.counted")] == [0, 0]


def test_an_imbalance_is_seen(store: Store) -> None:
    hear(store, said(1), said(2))
    work_off(Casework(store, some_rules()))
    store.write(lambda tx: tx.connection.exec_driver_sql("DELETE FROM signal WHERE n = 2") and None)
    assert reconcile(store).imbalance == 1
    store.write(lambda tx: tx.connection.exec_driver_sql("DELETE FROM outbox") and None)
    assert reconcile(store).imbalance == 2


def test_words_go_when_their_time_is_over_and_the_account_still_balances(
    store: Store, desk: Desk, clock: Clock
) -> None:
    hear(store, said(1), said(2), said(3, lane="count"), an_unreadable(4))
    hear(store, replace(said(2), locator="elsewhere"))
    work_off(Casework(store, some_rules()))
    drain(a_delivery(store, desk))
    (case,) = all_cases(store)
    assert retain(store, 30) == 0
    clock.advance(31 * 86_400)
    assert retain(store, 30) > 0, "what has no case"
    store.write(lambda tx: cases.close(tx, case.id, "done"))
    clock.advance(31 * 86_400)
    assert retain(store, 30) > 0, "what has one"
    assert retain(store, 30) == 0
    with store.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM content")).scalar() == 0
    assert reconcile(store).imbalance == 0
    hear(store, said(1), said(2))
    assert reconcile(store).heard == 4, "nothing old comes back as new"


# several threads


def test_many_senders_deliver_everything_once_and_in_order(
    store: Store, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = threading.Lock()
    meeting = desk._meet

    def one_at_a_time(call: str, act: Any) -> object:
        with inside:
            return meeting(call, act)

    monkeypatch.setattr(desk, "_meet", one_at_a_time)
    some = [case_named(f"{number:05}", clock) for number in range(20)]
    for one in some:
        owe(store, one, ticket_of(one), note_of(one, 1), note_of(one, 2))
    delivery = a_delivery(store, desk)

    def send() -> None:
        while delivery.step():
            pass

    senders = [threading.Thread(target=send) for _ in range(6)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    drain(delivery)
    assert set(states(store).values()) == {"done"}
    assert sorted(tuple(ticket.changes) for ticket in desk.tickets.values()) == [
        tuple(f"{one.id}.{end}" for end in ("open", "note1", "note2")) for one in some
    ]


def loop(step: Any, stop: threading.Event) -> Pulse:
    pulse = Pulse(name="w", critical=True, monotonic=lambda: 0.0)
    work_loop(step, pulse=pulse, stop=stop, bell=Bell(), next_due_s=lambda: 0.0)
    return pulse


class Patient(threading.Event):
    """A stop that is asked for after so many pauses, without the pauses."""

    def __init__(self, pauses: int) -> None:
        super().__init__()
        self.left = pauses

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self.left -= 1
        if self.left <= 0:
            self.set()
        return self.is_set()


@pytest.mark.parametrize("error", [StateFull("full"), ValueError("a fault of ours")])
def test_a_loop_survives_a_full_disk_and_faults_of_ours(error: Exception) -> None:
    tries: list[int] = []

    def step() -> bool:
        tries.append(1)
        raise error

    pulse = loop(step, Patient(4))
    assert len(tries) == 4
    assert not pulse.late


def test_a_loop_ends_with_a_broken_disk() -> None:
    def step() -> bool:
        raise StateError("broken")

    with pytest.raises(StateError):
        loop(step, Patient(4))


def test_a_bell_that_rang_while_nobody_waited_is_not_forgotten() -> None:
    bell = Bell()
    heard = bell.wait(0, 0.0)
    bell.ring()
    assert bell.wait(heard, 60.0) == heard + 1


def test_a_pulse_is_late_when_its_promise_was_broken() -> None:
    now = [0.0]
    pulse = Pulse(name="w", critical=True, monotonic=lambda: now[0])
    pulse.beat(10)
    now[0] = 10.0
    assert not pulse.late
    now[0] = 10.1
    assert pulse.late


def test_what_is_critical_passes_a_backlog(store: Store, clock: Clock) -> None:
    backlog = [case_named(f"B{number}", clock) for number in range(5)]
    for case in backlog:
        owe(store, case, ticket_of(case))
    clock.advance(60)
    critical = replace(case_named("CRIT", clock), severity=4)
    owe(store, critical, ticket_of(critical))
    first = store.write(outbox.claim)
    assert first is not None
    assert first.case_id == critical.id


def test_what_a_case_owed_before_it_became_critical_passes_the_backlog_with_it(
    store: Store, clock: Clock
) -> None:
    backlog = case_named("B1", clock)
    owe(store, backlog, ticket_of(backlog))
    clock.advance(60)
    case = case_named("A1", clock)
    owe(store, case, ticket_of(case), note_of(case, 1))
    store.write(lambda tx: cases.raise_to(tx, replace(case, severity=4), kind="case"))
    first = store.write(outbox.claim)
    assert first is not None
    assert (first.case_id, first.op) == (case.id, "open")
