"""A backlog behind a helpdesk's limits: our share is used, and nothing waits half sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from servers.desk import Desk
from servers.limits import LimitedDesk, Meter, Product, SharedSeconds, drained
from servers.owing import case_named, drain, note_of, owe, states, tag_of, ticket_of

from connector.domain.errors import OverShare, RateLimited
from connector.http import Budget, Limit
from connector.pipeline.circuit import Breaker
from connector.pipeline.delivery import Delivery
from connector.pipeline.pacing import BLOCKED_LOOK_S
from connector.pipeline.verdict import Attempt, Effect, judge
from connector.store.jobs import Circuit
from connector.store.store import Store
from connector.testing.builders import Clock


@pytest.mark.parametrize(
    ("others", "families", "only_opens"),
    [(0.0, False, False), (1 / 3, False, False), (0.25, True, False), (0.0, True, True)],
)
def test_a_backlog_drains_at_our_share_and_is_hardly_ever_refused(
    tmp_path: Path, others: float, families: bool, only_opens: bool
) -> None:
    meters = {"account": Meter(limit=100)}
    if families:
        meters |= {"create": Meter(limit=40), "update": Meter(limit=40)}
    done = drained(tmp_path / "state", meters, 60, others=others, only_opens=only_opens)
    assert done.used >= 0.95
    assert done.refused * 1000 <= done.requests


class World:
    """A delivery to a desk behind two limits, all on one clock."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.seconds = SharedSeconds(clock)
        meters = {"account": Meter(limit=1_000), "create": Meter(limit=1_000)}
        self.product = Product(clock=self.seconds, meters=meters, families={"POST": ("create",)})
        rates = self.product.rates(
            {"account": Limit(requests=1_000), "create": Limit(requests=10)},
            {"open": {"account": 2, "create": 1}, "note": {"account": 2}, "update": {"account": 3}},
        )
        self.budget = Budget("limited", rates, monotonic=self.seconds, pause=self.seconds.pause)
        self.desk = LimitedDesk(self.budget, self.product)
        self.delivery = Delivery(store, self.desk, settle_s=90, draw=lambda: 0.5)  # type: ignore[arg-type]  # what a delivery calls is there


@pytest.fixture
def world(store: Store, clock: Clock) -> World:
    return World(store, clock)


def use_up(world: World, bucket: str, for_s: int) -> None:
    """Let the product refuse for the sake of one bucket, as an earlier request met it."""
    world.budget._bucket(bucket).refused(world.seconds(), for_s)


def test_a_limit_that_is_used_up_holds_up_its_own_kind_only(
    store: Store, clock: Clock, world: World
) -> None:
    first, second = case_named("1", clock), case_named("2", clock)
    owe(store, first, ticket_of(first))
    drain(world.delivery)
    use_up(world, "create", 30)
    owe(store, second, ticket_of(second))
    owe(store, first, note_of(first, 1), tag_of(first, 1))
    assert drain(world.delivery) == 2
    assert states(store)["note1"] == states(store)["update1"] == "done"
    with store.read() as connection:
        waiting = connection.exec_driver_sql("SELECT state, attempts FROM outbox").all()
    assert ("ready", 0) in [tuple(row) for row in waiting]  # never claimed, so never in doubt
    assert 0 < world.delivery.idle_s(5.0) <= BLOCKED_LOOK_S
    clock.advance(30)
    world.seconds.now += 30
    assert drain(world.delivery) == 1


def test_a_refusal_for_one_kind_leaves_the_circuit_closed(
    store: Store, clock: Clock, world: World
) -> None:
    world.product.meters["create"].limit = 0
    case = case_named("1", clock)
    owe(store, case, ticket_of(case))
    assert world.delivery.step()
    assert world.product.refused == 1
    assert world.delivery.breaker.state.breaker == "closed"
    assert states(store) == {"open": "ready"}


def test_a_refusal_for_the_whole_account_opens_the_circuit(
    store: Store, clock: Clock, world: World
) -> None:
    world.product.meters["account"].limit = 0
    case = case_named("1", clock)
    owe(store, case, ticket_of(case))
    assert world.delivery.step()
    assert world.delivery.breaker.state.breaker == "open"


def test_an_urgent_change_passes_a_backlog_that_waits_for_its_share(
    store: Store, clock: Clock, world: World
) -> None:
    for number in range(40):
        one = case_named(str(number), clock)
        owe(store, one, ticket_of(one))
    world.budget._bucket("create")._share = 1_000
    world.product.meters["create"].limit = 30
    while world.delivery.step():
        pass
    waiting = len(world.desk.opened)
    assert waiting < 40
    assert states(store)["open"] in {"done", "ready"}
    grave = replace(case_named("99", clock), severity=4)
    owe(store, grave, ticket_of(grave))
    assert world.delivery.step()
    assert world.desk.opened[-1].startswith(grave.id)


@pytest.mark.parametrize("in_doubt", [False, True])
def test_what_we_hold_back_ourselves_says_nothing_about_the_helpdesk(
    clock: Clock, in_doubt: bool
) -> None:
    attempt = Attempt(in_doubt=in_doubt, attempts=1, now=clock.now, settle_s=90)
    error = OverShare("d", "x", retry_after_s=40, bucket="account")
    verdict = judge(error, attempt, lambda: 0.5)
    assert verdict.effect is Effect.SILENT
    assert verdict.state == ("unknown" if in_doubt else "ready")
    assert (verdict.due_at - clock.now).total_seconds() == 40
    opened = Circuit(breaker="open", failures=5, not_before=clock.now, reason="Unavailable")
    breaker = Breaker(opened)
    assert breaker.allows(clock.now)
    assert not breaker.failed(verdict, clock.now)
    assert breaker.state == opened
    assert breaker.allows(clock.now)


@pytest.mark.parametrize(
    ("bucket", "paced", "effect"),
    [
        ("create", True, Effect.FINE),
        ("create", False, Effect.PAUSE),
        ("account", True, Effect.PAUSE),
        ("", True, Effect.PAUSE),
    ],
)
def test_who_waits_after_a_refusal_depends_on_its_bucket(
    clock: Clock, bucket: str, paced: bool, effect: Effect
) -> None:
    attempt = Attempt(in_doubt=False, attempts=1, now=clock.now, settle_s=90, paced=paced)
    error = RateLimited("d", "x", retry_after_s=9, bucket=bucket)
    assert judge(error, attempt, lambda: 0.5).effect is effect


def test_a_helpdesk_without_limits_is_looked_at_as_before(
    store: Store, delivery: Delivery, desk: Desk, clock: Clock
) -> None:
    assert delivery.idle_s(5.0) == 5.0
    case = case_named("1", clock)
    owe(store, case, ticket_of(case))
    assert delivery.idle_s(5.0) == BLOCKED_LOOK_S
    drain(delivery)
    assert desk.with_key(f"{case.id}.open")


def test_one_pass_waits_for_its_share_but_not_for_a_helpdesk_in_trouble(
    store: Store, clock: Clock, world: World
) -> None:
    case = case_named("1", clock)
    assert world.delivery.held_back_s() == 0
    owe(store, case, ticket_of(case))
    assert world.delivery.held_back_s() == 0
    use_up(world, "create", 30)
    assert 0 < world.delivery.held_back_s() <= BLOCKED_LOOK_S
    world.delivery.breaker = Breaker(Circuit(breaker="open", failures=5, not_before=clock.now))
    assert world.delivery.held_back_s() == 0
