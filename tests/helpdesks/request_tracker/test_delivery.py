"""Outbox, pipeline and Request Tracker together: one failure, one ticket, through bad weather."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from servers.owing import SETTLE_S, case_named, drain, states

from connector.pipeline.delivery import Delivery
from connector.pipeline.selftest import Outcome, SelfTest
from connector.store import cases, outbox
from connector.testing.builders import Clock, a_store
from connector.testing.changes import a_note, an_update
from connector.testing.helpdesk.world import long_ago

NUMBERS = iter(range(1_000, 9_000))


class House:
    """A state and a delivery, at work with an RT."""

    def __init__(self, folder, world, desk, ticket) -> None:
        self.clock = Clock(datetime.now(UTC))
        self.store = a_store(folder, self.clock)
        self.world, self.desk = world, desk
        self.delivery = Delivery(self.store, desk, settle_s=SETTLE_S, draw=lambda: 0.0)
        self.delivery.recover()
        self.case = case_named(str(next(NUMBERS)), self.clock)
        self.ticket = replace(ticket, key=f"{self.case.id}.open", case_id=self.case.id, body=b"")
        self.owe(self.ticket, a_note(case_id=self.case.id))

    def owe(self, *changes) -> None:
        def work(tx) -> None:
            if cases.get(tx.connection, self.case.id) is None:
                origin = cases.Origin(source="s", channel="mail", person=None, kind="case")
                cases.insert(tx, self.case, origin)
            for change in changes:
                outbox.add(tx, change, tenant="practice", frozen=self.desk.prepare(change))

        self.store.write(work)

    def work(self, seconds: int = 0) -> None:
        self.clock.advance(seconds)
        drain(self.delivery)

    def settle(self) -> None:
        """Let doubts be looked at until all is done."""
        for _ in range(6):
            if set(states(self.store).values()) == {"done"}:
                return
            self.work(SETTLE_S + 1)


@pytest.fixture
def house(tmp_path, world, desk, ticket):
    house = House(tmp_path / "state", world, desk, ticket)
    yield house
    house.store.close()


@pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_whatever_is_lost_one_whole_ticket_with_one_note_comes_of_it(house, nth, loss):
    with getattr(house.world, loss)(nth):
        house.work()
    house.settle()
    assert set(states(house.store).values()) == {"done"}
    [ref] = house.desk.find(house.ticket.key, long_ago())
    shown = house.desk.snapshot(ref)
    assert (shown.text, shown.requester_email, shown.due_at) == (
        house.ticket.text,
        house.ticket.requester.email,
        house.ticket.due_at,
    )
    assert len(house.world.notes(ref)) == 1
    assert house.world.keyless(house.ticket.subject) == []
    assert house.world.mails() == []


def test_a_ticket_that_another_daemon_made_first_is_adopted(house):
    other = house.desk.open(house.ticket)
    house.work()
    house.settle()
    assert set(states(house.store).values()) == {"done"}
    assert house.desk.find(house.ticket.key, long_ago()) == [other]
    assert len(house.world.notes(other)) == 1
    assert house.world.keyless(house.ticket.subject) == []


def test_after_a_merge_the_work_goes_on_with_the_other_ticket(house, ref):
    house.work()
    [first] = house.desk.find(house.ticket.key, long_ago())
    house.world.merge(first, ref)
    house.owe(a_note(2, case_id=house.case.id), an_update(case_id=house.case.id))
    house.work()
    house.settle()
    assert set(states(house.store).values()) == {"done"}
    found = house.desk.snapshot(ref)
    assert "amends_repeat" in found.tags
    assert found.severity == 2  # the other ticket's own: ours is a guest there
    assert any("(2)" in note.text for note in house.world.notes(ref))


def test_the_self_test_passes_and_leaves_its_ticket_closed(world, desk):
    test = SelfTest(
        helpdesk=desk, token="0a1b", clock=lambda: datetime.now(UTC), pause=lambda _: None
    )
    found = list(test.run())
    assert [one for one in found if one.outcome is Outcome.FAILED] == []
    assert world.ticket(test.ref)["Status"] == "rejected"
    assert world.mails() == []
