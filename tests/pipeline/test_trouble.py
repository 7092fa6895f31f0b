"""The helpdesk is down, or our own disk is full."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from servers.desk import Desk
from servers.owing import (
    SETTLE_S,
    FullDisk,
    a_delivery,
    case_named,
    drain,
    note_of,
    owe,
    row_of,
    states,
    ticket_of,
)

from connector.domain.case import Case
from connector.domain.errors import StateError, StateFull
from connector.pipeline.delivery import Delivery
from connector.store import codec, jobs, outbox
from connector.store.outbox import Owed
from connector.store.store import Store
from connector.testing.builders import Clock


def test_an_outage_of_hours_loses_and_gives_up_nothing(
    store: Store, desk: Desk, delivery: Delivery, clock: Clock
) -> None:
    some = [case_named(f"{number:05}", clock) for number in range(12)]
    for one in some:
        owe(store, one, ticket_of(one), note_of(one, 1))
    desk.climate["any"] = "down"
    for _ in range(8 * 12):
        clock.advance(300)
        drain(delivery)
    assert set(states(store).values()) == {"ready"}
    probes = len(desk.calls)
    assert probes < 8 * 12 * 2 + 10, "the open breaker spares the helpdesk"
    desk.climate.clear()
    for _ in range(40):
        clock.advance(300)
        drain(delivery)
    assert len(desk.tickets) == 12
    assert {tuple(ticket.changes) for ticket in desk.tickets.values()} == {
        (f"{one.id}.open", f"{one.id}.note1") for one in some
    }


def test_refused_credentials_keep_the_work_and_stop_the_calls(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    owe(store, case, ticket_of(case))
    desk.climate["any"] = "unauthorised"
    drain(delivery)
    clock.advance(10)
    drain(delivery)
    assert desk.calls == ["open"]
    assert states(store) == {"open": "ready"}
    desk.climate.clear()
    clock.advance(60)
    drain(delivery)
    assert states(store) == {"open": "done"}


def test_the_breaker_is_remembered_over_a_restart(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    owe(store, case, ticket_of(case))
    desk.storm("limited")
    drain(delivery)
    again = a_delivery(store, desk)
    clock.advance(119)
    drain(again)
    assert desk.calls == ["open"]
    clock.advance(1)
    drain(again)
    assert desk.calls == ["open", "open"]
    with store.read() as connection:
        assert jobs.circuit(connection, "desk").breaker == "closed"


def test_a_disk_that_fills_up_after_the_post_does_not_send_again(
    store: Store, desk: Desk, delivery: Delivery, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(store, case, ticket_of(case))
    disk = FullDisk(store, monkeypatch, spare=1)
    for _ in range(3):
        with pytest.raises(StateFull):
            delivery.step()
    assert desk.calls == ["open"]
    assert states(store) == {"open": "sending"}
    disk.full = False
    drain(delivery)
    assert desk.calls == ["open"]
    assert states(store) == {"open": "done"}


def test_a_process_that_ends_on_a_full_disk_looks_before_it_sends_again(
    store: Store,
    desk: Desk,
    delivery: Delivery,
    case: Case,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owe(store, case, ticket_of(case))
    disk = FullDisk(store, monkeypatch, spare=1)
    with pytest.raises(StateFull):
        delivery.step()
    disk.full = False
    again = a_delivery(store, desk)
    clock.advance(SETTLE_S)
    drain(again)
    assert desk.calls == ["open", "find"]
    assert len(desk.tickets) == 1


def test_a_full_disk_while_looking_leaves_the_change_in_doubt_and_blames_nobody(
    store: Store,
    desk: Desk,
    delivery: Delivery,
    case: Case,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owe(store, case, ticket_of(case))
    desk.storm("lost")
    drain(delivery)
    for _ in range(10):
        clock.advance(SETTLE_S + 700)
        with monkeypatch.context() as patch:
            FullDisk(store, patch, spare=1)
            with pytest.raises(StateFull):
                delivery.step()
        assert states(store) == {"open": "unknown"}
    clock.advance(700)
    drain(delivery)
    assert len(desk.tickets) == 1


def test_a_full_disk_at_the_probe_does_not_keep_the_breaker_open_for_ever(
    store: Store,
    desk: Desk,
    delivery: Delivery,
    case: Case,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owe(store, case, ticket_of(case))
    desk.storm("unauthorised")
    drain(delivery)
    clock.advance(60)
    with monkeypatch.context() as patch:
        FullDisk(store, patch, spare=0)
        with pytest.raises(StateFull):
            delivery.step()
    drain(delivery)
    assert states(store) == {"open": "done"}


def test_a_broken_disk_ends_the_delivery(
    store: Store, desk: Desk, delivery: Delivery, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(store, case, ticket_of(case))

    def broken(*_: object) -> None:
        raise StateError("the disk answers with an error")

    monkeypatch.setattr(Store, "write", broken)
    with pytest.raises(StateError):
        delivery.step()
    assert desk.calls == []


def test_a_fault_in_a_plugin_is_kept_as_doubt_and_shown_to_a_person_in_the_end(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    owe(store, case, ticket_of(case))
    desk.open = lambda _: 1 / 0  # type: ignore[method-assign,return-value]
    drain(delivery)
    assert states(store) == {"open": "unknown"}
    for _ in range(10):
        clock.advance(1_000)
        drain(delivery)
    assert states(store) == {"open": "aside"}
    assert row_of(store, ".open").last_error == "ZeroDivisionError"


def test_owed_values_come_back_as_they_were(store: Store, case: Case) -> None:
    owe(store, case, ticket_of(case))
    owed = store.write(outbox.claim)
    assert isinstance(owed, Owed)
    frozen = codec.change_bytes(ticket_of(case))
    assert owed.change == replace(ticket_of(case), body=frozen)
    assert owed.first_sent_at - owed.created_at == timedelta(0)
