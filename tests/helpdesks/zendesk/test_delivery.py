"""The delivery over Zendesk: one ticket and one note each, whatever becomes of the answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from servers.owing import a_delivery, actions, case_named, drain, note_of, states, ticket_of
from servers.simulator import SimClock
from servers.zendesk_world import ZendeskWorld

from connector.domain.ticket import TicketRef, UpdateTicket
from connector.store import cases, outbox
from connector.testing.builders import Clock, a_store
from connector.testing.helpdesk.world import ours

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
SETTLED_S = 91
KEY_LIFE_S = 7_200


@pytest.fixture
def clock():
    return Clock(START)


@pytest.fixture
def world():
    world = ZendeskWorld(clock=SimClock(START))
    yield world
    world.close()


@pytest.fixture
def store(tmp_path, clock):
    store = a_store(tmp_path / "state", clock)
    yield store
    store.close()


@pytest.fixture
def case(clock):
    return case_named("AAAAA", clock)


@pytest.fixture
def delivery(store, helpdesk):
    return a_delivery(store, helpdesk)


def owe(store, helpdesk, case, *changes):
    def work(tx):
        if cases.get(tx.connection, case.id) is None:
            origin = cases.Origin(source="s", channel="mail", person=None, kind="case")
            cases.insert(tx, case, origin)
        for change in changes:
            outbox.add(tx, change, tenant=case.tenant, frozen=helpdesk.prepare(change))

    store.write(work)


def ticket_id(store, case):
    with store.read() as connection:
        return cases.get(connection, case.id).ticket_id


def later(world, clock, seconds):
    clock.advance(seconds)
    world.desk.clock.advance(seconds=seconds)


def test_a_lost_answer_is_repeated_under_its_key(store, helpdesk, world, clock, case, delivery):
    owe(store, helpdesk, case, ticket_of(case), note_of(case, 1))
    with world.lose_answer(1):
        drain(delivery)
    assert states(store)["open"] == "unknown"
    later(world, clock, SETTLED_S)
    drain(delivery)
    assert set(states(store).values()) == {"done"}
    assert world.count(f"{case.id}.open") == 1


def test_after_the_keys_life_the_ticket_is_looked_for(
    store, helpdesk, world, clock, case, delivery
):
    owe(store, helpdesk, case, ticket_of(case))
    with world.lose_answer(1):
        drain(delivery)
    later(world, clock, KEY_LIFE_S + 60)
    drain(delivery)
    assert states(store) == {"open": "done"}
    assert world.count(f"{case.id}.open") == 1


def test_after_the_keys_life_a_list_that_lags_is_asked_twice(
    store, helpdesk, world, clock, case, delivery
):
    owe(store, helpdesk, case, ticket_of(case))
    with world.lose_answer(1):
        drain(delivery)
    later(world, clock, KEY_LIFE_S + 60)
    world.desk.knobs.list_lag_s = KEY_LIFE_S + 120
    drain(delivery)
    assert states(store) == {"open": "unknown"}
    for _ in range(10):
        later(world, clock, 60)
        drain(delivery)
    assert states(store) == {"open": "done"}
    assert world.count(f"{case.id}.open") == 1


def test_news_about_a_ticket_that_was_closed_go_to_its_one_follow_up(
    store, helpdesk, world, clock, case, delivery
):
    owe(store, helpdesk, case, ticket_of(case))
    drain(delivery)
    first = ticket_id(store, case)
    world.desk.close_ticket(first)
    graver = UpdateTicket(key=f"{case.id}.graver", case_id=case.id, severity=4)
    owe(store, helpdesk, case, note_of(case, 1), graver, note_of(case, 2))
    for _ in range(5):
        drain(delivery)
        later(world, clock, 10)
    assert set(states(store).values()) == {"done"}
    second = TicketRef(id=ticket_id(store, case))
    assert second.id != first
    assert len(world.desk.tickets) == 2
    assert helpdesk.snapshot(second).severity == 4
    for number in (1, 2):
        assert len(ours(helpdesk, second, f"{case.id}.note{number}")) == 1
    assert actions(store).count("ticket.merged") == 1


def test_a_suspended_person_does_not_hold_up_the_case(store, helpdesk, world, case, delivery):
    world.desk.suspend("jane@example.com")
    owe(store, helpdesk, case, ticket_of(case), note_of(case, 1))
    drain(delivery)
    assert set(states(store).values()) == {"done"}
    assert len(world.desk.tickets) == 1


def test_the_case_of_a_deleted_ticket_waits_for_a_person(store, helpdesk, world, case, delivery):
    owe(store, helpdesk, case, ticket_of(case))
    drain(delivery)
    world.desk.delete(ticket_id(store, case))
    owe(store, helpdesk, case, note_of(case, 1))
    drain(delivery)
    assert states(store) == {"open": "done", "note1": "aside"}
    assert len(world.desk.tickets) == 1


def test_refused_credentials_keep_the_work(store, world, clock, case):
    locked_out = world.open_locked_out()
    delivery = a_delivery(store, locked_out)
    owe(store, locked_out, case, ticket_of(case))
    drain(delivery)
    assert states(store) == {"open": "ready"}
    delivery.helpdesk = world.open()
    later(world, clock, 600)
    drain(delivery)
    assert states(store) == {"open": "done"}
