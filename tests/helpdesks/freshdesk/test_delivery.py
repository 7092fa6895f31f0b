"""Outbox, pipeline and Freshdesk together: one failure, one ticket, through bad weather."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from servers.freshdesk_world import FreshdeskWorld
from servers.owing import SETTLE_S, case_named, drain, states
from servers.simulator import SimClock
from servers.weather import BAD_GATEWAY, Fate, json_answer, writes

from connector.pipeline.delivery import Delivery
from connector.store import cases, outbox
from connector.testing.builders import Clock, a_store
from connector.testing.changes import a_note, a_ticket, an_update
from connector.testing.helpdesk.world import prepared

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
AGAIN_S = 240


class House:
    """A state, a delivery and an account on clocks that go together."""

    def __init__(self, folder) -> None:
        self.clock, self.theirs = Clock(START), SimClock(START)
        self.world = FreshdeskWorld(clock=self.theirs)
        self.store = a_store(folder, self.clock)
        self.desk = self.world.open()
        self.delivery = Delivery(self.store, self.desk, settle_s=SETTLE_S, draw=lambda: 0.0)
        self.delivery.recover()
        self.ticket = a_ticket()
        self.owe(self.ticket, a_note())

    def owe(self, *changes) -> None:
        case = case_named("00001", self.clock)

        def work(tx) -> None:
            if cases.get(tx.connection, case.id) is None:
                origin = cases.Origin(source="s", channel="mail", person=None, kind="case")
                cases.insert(tx, case, origin)
            for change in changes:
                owed = type(change)(
                    **{name: getattr(change, name) for name in change.__slots__ if name != "body"}
                    | {"case_id": case.id}
                )
                outbox.add(tx, owed, tenant="practice", frozen=self.desk.prepare(owed))

        self.store.write(work)

    def advance(self, seconds) -> None:
        self.clock.advance(seconds)
        self.theirs.advance(seconds=seconds)

    def work(self, seconds: int = 0) -> None:
        self.advance(seconds)
        drain(self.delivery)

    def posts(self) -> int:
        sent = [one.request for one in self.world.server.exchanges]
        return sum(one.method == "POST" and one.path.endswith("/tickets") for one in sent)

    def lists(self) -> int:
        sent = [one.request for one in self.world.server.exchanges]
        return sum(one.method == "GET" and one.path.endswith("/tickets") for one in sent)

    def close(self) -> None:
        self.store.close()
        self.world.close()


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path / "state")
    yield house
    house.close()


def test_a_lost_answer_makes_no_second_ticket(house):
    with house.world.server.weather.lose_answer(1):
        house.work()
    assert states(house.store)["open-C00001"] == "unknown"
    house.work(SETTLE_S + 1)
    assert set(states(house.store).values()) == {"done"}
    assert (house.posts(), len(house.world.account.tickets)) == (1, 1)
    assert house.world.mails() == []


def test_a_lost_request_is_sent_again_after_two_looks_minutes_apart(house):
    with house.world.server.weather.lose_request(1):
        house.work()
    house.work(SETTLE_S + 1)
    assert (house.posts(), house.lists()) == (1, 3), "live ones, spam, deleted ones"
    house.work(AGAIN_S - 1)
    assert (house.posts(), house.lists()) == (1, 3)
    house.work(2)
    assert (house.posts(), house.lists()) == (2, 6)
    assert set(states(house.store).values()) == {"done"}
    assert len(house.world.account.tickets) == 1


@pytest.mark.parametrize("kind", ["spam", "delete", "destroyed_later"])
def test_what_agents_do_before_the_ticket_is_found_makes_no_second_one(house, kind):
    with house.world.server.weather.lose_answer(1):
        house.work()
    [ticket] = house.world.account.tickets.values()
    {
        "spam": house.world.hand.spam,
        "delete": house.world.hand.delete,
        "destroyed_later": lambda _: None,
    }[kind](ticket.id)
    house.work(SETTLE_S + 1)
    if kind == "destroyed_later":
        house.world.hand.destroy(ticket.id)
    for _ in range(10):
        house.work(600)
    assert house.posts() == 1
    assert states(house.store)["open-C00001"] == "done"


@pytest.mark.parametrize("nth", [2, 3])
def test_a_ticket_that_was_cut_before_the_patient_was_put_in_is_completed(house, nth):
    with house.world.server.weather.lose_request(nth):
        house.work()
    house.work(SETTLE_S + 1)
    assert set(states(house.store).values()) == {"done"}
    [ticket] = house.world.account.tickets.values()
    assert house.world.account.address_of(ticket.requester_id) == "patient1@example.com"
    assert house.posts() == 1
    said = ["[amends ticket" in one.body for one in house.world.hand.conversations(ticket.id)]
    assert said == [True, False], "its own words, then the note"


def test_while_looking_is_refused_the_doubt_stands(house):
    with house.world.server.weather.lose_answer(1):
        house.work()
    with house.world.server.weather.refuse_reads(BAD_GATEWAY):
        for _ in range(10):
            house.work(900)
            assert states(house.store)["open-C00001"] == "unknown"
    house.work(900)
    house.work(900)
    assert set(states(house.store).values()) == {"done"}
    assert house.posts() == 1


def test_a_demand_of_the_form_keeps_the_work_until_somebody_mends_it(house):
    house.world.hand.require("company")
    for _ in range(5):
        house.work(600)
    assert states(house.store)["open-C00001"] == "ready"
    house.world.account.form.named("company").required_for_agents = False
    for _ in range(3):
        house.work(600)
    assert set(states(house.store).values()) == {"done"}
    assert len(house.world.account.tickets) == 1


def test_what_the_account_refuses_for_good_is_set_aside_for_a_person(house):
    errors = [{"field": "subject", "message": "no", "code": "invalid_value"}]
    no = json_answer(400, {"description": "Validation failed", "errors": errors})
    with house.world.server.weather.upon(writes("/tickets$"), Fate(instead=no)):
        house.work()
    assert states(house.store)["open-C00001"] == "aside"


def test_notes_follow_a_merge(house):
    house.work()
    [first] = house.world.account.tickets.values()
    other = house.world.hand.opens("the same", "words", "patient1@example.com")
    house.world.hand.merge(first.id, other)
    house.owe(a_note(2))
    house.work(60)
    house.work(60)
    assert states(house.store)["note-2"] == "done"
    assert any("note-2" in one.body for one in house.world.hand.conversations(other))


def test_what_each_operation_costs_is_what_the_docs_say():
    world = FreshdeskWorld(plan="enterprise")
    desk = world.open()
    desk.check()
    ref = desk.open(prepared(desk, a_ticket()))
    spent = []
    for act in (
        lambda: desk.open(prepared(desk, a_ticket(2))),
        lambda: desk.note(ref, a_note()),
        lambda: desk.update(ref, an_update()),
        lambda: desk.snapshot(ref),
        lambda: desk.find("key", START),
        lambda: desk.changed_since("", START),
    ):
        before = world.server.limiter.buckets["account"].used
        act()
        spent.append(world.server.limiter.buckets["account"].used - before)
    world.close()
    assert spent == [5, 4, 7, 3, 4, 3]
