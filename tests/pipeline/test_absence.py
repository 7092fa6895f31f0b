"""With some products an empty answer is believed only when it comes twice, minutes apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from servers.desk import STRONG, Desk
from servers.engine_machine import Engine
from servers.owing import SETTLE_S, a_delivery, drain, owe, states, ticket_of

from connector.domain.case import Case
from connector.domain.ticket import TicketRef
from connector.pipeline.absence import Absence
from connector.pipeline.delivery import Delivery
from connector.store.store import Store
from connector.testing.builders import Clock, a_store

AGAIN_S = 240
WARY = replace(STRONG, find="scan", find_again_s=AGAIN_S)


class Belated(Desk):
    """Lists a ticket only some time after it was made, as nobody promised otherwise."""

    def __init__(self, clock: Clock, shows_after_s: int) -> None:
        super().__init__(clock, WARY)
        self.shows_after = timedelta(seconds=shows_after_s)
        self.made: dict[str, datetime] = {}

    def _create(self, wanted):
        ticket = super()._create(wanted)
        self.made[ticket.id] = self._clock()
        return ticket

    def find(self, key: str, since: datetime) -> list[TicketRef]:
        found = super().find(key, since)
        return [ref for ref in found if self._clock() - self.made[ref.id] >= self.shows_after]


@pytest.fixture
def wary(clock: Clock) -> Desk:
    return Desk(clock, WARY)


def test_a_ticket_that_was_not_found_is_looked_for_again_before_it_is_sent(
    store: Store, wary: Desk, case: Case, clock: Clock
) -> None:
    delivery = a_delivery(store, wary)
    owe(store, case, ticket_of(case))
    wary.storm("lost")
    drain(delivery)
    clock.advance(SETTLE_S + 1)
    drain(delivery)
    assert wary.calls == ["open", "find"]
    assert states(store) == {"open": "unknown"}
    clock.advance(AGAIN_S - 1)
    drain(delivery)
    assert wary.calls == ["open", "find"]
    clock.advance(2)
    drain(delivery)
    assert wary.calls == ["open", "find", "find", "open"]
    assert states(store) == {"open": "done"}


@pytest.mark.parametrize("shows_after_s", [0, SETTLE_S, SETTLE_S + 2, SETTLE_S + AGAIN_S])
def test_a_ticket_that_turns_up_late_is_adopted(
    store: Store, case: Case, clock: Clock, shows_after_s: int
) -> None:
    desk = Belated(clock, shows_after_s)
    delivery = a_delivery(store, desk)
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    for _ in range(80):
        drain(delivery)
        clock.advance(10)
    assert states(store) == {"open": "done"}
    assert desk.calls.count("open") == 1


def test_a_ticket_that_is_found_at_once_is_not_looked_for_again(
    store: Store, wary: Desk, case: Case, clock: Clock
) -> None:
    delivery = a_delivery(store, wary)
    owe(store, case, ticket_of(case))
    wary.storm("mute")
    drain(delivery)
    clock.advance(SETTLE_S + 1)
    drain(delivery)
    assert wary.calls == ["open", "find"]
    assert states(store) == {"open": "done"}


def test_an_answer_from_before_a_restart_does_not_count(
    store: Store, wary: Desk, case: Case, clock: Clock, state: Path
) -> None:
    delivery = a_delivery(store, wary)
    owe(store, case, ticket_of(case))
    wary.storm("lost")
    drain(delivery)
    clock.advance(SETTLE_S + 1)
    drain(delivery)
    store.close()
    with_next = a_store(state, clock)
    again = a_delivery(with_next, wary)
    clock.advance(AGAIN_S + 1)
    drain(again)
    assert wary.calls == ["open", "find", "find"]
    clock.advance(AGAIN_S + 1)
    drain(again)
    assert wary.calls == ["open", "find", "find", "find", "open"]
    with_next.close()


def test_a_second_lost_answer_is_looked_for_twice_again(
    store: Store, wary: Desk, case: Case, clock: Clock
) -> None:
    delivery = a_delivery(store, wary)
    owe(store, case, ticket_of(case))
    wary.storm("lost", on="open")
    wary.storm("lost", on="open")
    for _ in range(200):
        drain(delivery)
        clock.advance(10)
    assert wary.calls == ["open", *["find", "find", "open"] * 2]
    assert len(wary.tickets) == 1


@given(
    steps=st.lists(st.tuples(st.integers(-500, 500), st.booleans(), st.integers(0, 2)), max_size=12)
)
def test_no_sequence_of_answers_is_believed_sooner(steps: list[tuple[int, bool, int]]) -> None:
    """Whatever the clock does: an empty answer counts only behind another one, far enough."""
    absence, now = Absence(), datetime.fromisoformat("2026-03-01T12:00:00+00:00")
    sent = [now - timedelta(seconds=10 * number) for number in range(3)]
    empty: list[tuple[datetime, datetime]] = []
    for seconds, found, attempt in steps:
        now += timedelta(seconds=seconds)
        owed = _owed(sent[attempt])
        refs = [TicketRef(id="1")] if found else []
        until = absence.doubtful_until(owed, refs, now, AGAIN_S)
        if until is None and not found:
            assert any(
                last == sent[attempt] and now - at >= timedelta(seconds=AGAIN_S)
                for last, at in empty
            )
        if until is not None:
            assert now < until <= now + timedelta(seconds=AGAIN_S)
        empty = [] if found or until is None else [*empty, (sent[attempt], now)]


def _owed(last_sent_at: datetime):
    class Owed:
        id = 1

    Owed.last_sent_at = last_sent_at
    return Owed


class WaryEngine(Engine):
    """The whole engine over a product whose list shows a ticket only after minutes."""

    restores = False

    def __init__(self) -> None:
        super().__init__()
        self.desk = Belated(self.clock, SETTLE_S + AGAIN_S - 10)
        self.desk.late_by = timedelta(seconds=5)


SOME = settings(
    max_examples=5,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_the_engine_makes_no_second_ticket_while_the_list_lags() -> None:
    run_state_machine_as_test(WaryEngine, settings=SOME)


def test_without_a_second_look_there_would_be_a_second_ticket(
    store: Store, case: Case, clock: Clock
) -> None:
    """The tests above bite: they find the fault that the second look prevents."""
    desk = Belated(clock, SETTLE_S + AGAIN_S)
    delivery = a_delivery(store, desk)
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    with patch.object(Absence, "doubtful_until", lambda *_: None):
        for _ in range(80):
            drain(delivery)
            clock.advance(10)
    assert len(desk.tickets) == 2


def test_a_delivery_remembers_no_look_for_ever(
    store: Store, wary: Desk, case: Case, clock: Clock
) -> None:
    delivery: Delivery = a_delivery(store, wary)
    owe(store, case, ticket_of(case))
    wary.storm("lost")
    for _ in range(80):
        drain(delivery)
        clock.advance(10)
    assert states(store) == {"open": "done"}
    assert delivery._absence._looked == {}
