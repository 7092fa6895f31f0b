"""Credentials that were changed on disk are taken up by themselves; refused ones wait."""

from __future__ import annotations

import threading

import pytest
from servers.desk import Desk
from servers.owing import a_delivery, drain, owe, states, ticket_of

from connector.domain.case import Case
from connector.domain.errors import AuthenticationFailed, RateLimited, Unavailable
from connector.pipeline.intake import Intake
from connector.pipeline.loops import LOCKOUT_S, RENEWED_S, Bell, Pulse, SourceLoop
from connector.store.store import Store
from connector.testing.builders import Clock
from connector.testing.memory_source import MemorySource, a_signal


def test_a_helpdesk_with_a_fresh_token_gets_the_change_that_was_refused(
    store: Store, desk: Desk, case: Case, clock: Clock
) -> None:
    delivery = a_delivery(store, desk)
    owe(store, case, ticket_of(case))
    desk.climate["open"] = "unauthorised"
    fresh = Desk(clock)
    offered: list[Desk | None] = [fresh]
    delivery.renew = lambda: offered.pop() if offered else None
    drain(delivery)
    assert desk.calls == ["open"]
    assert fresh.calls == ["open"]
    assert states(store) == {"open": "done"}
    assert delivery.breaker.state.breaker == "closed"


def test_a_refused_token_that_nobody_changed_opens_the_breaker(
    store: Store, desk: Desk, case: Case
) -> None:
    delivery = a_delivery(store, desk)
    owe(store, case, ticket_of(case))
    desk.climate["open"] = "unauthorised"
    drain(delivery)
    assert desk.calls == ["open"]
    assert delivery.breaker.state.breaker == "open"
    assert states(store) == {"open": "ready"}


class Refusing(MemorySource):
    """A source that raises the same error at every reading."""

    def __init__(self, error: Exception) -> None:
        super().__init__(name="box")
        self._error = error

    def read(self, after):  # noqa: ARG002 - the interface's name
        raise self._error
        yield


def loop_of(store: Store, source: MemorySource, renew=lambda: None) -> SourceLoop:
    intake = Intake(
        store, source, tenant="t", kind="memory", pause=lambda: "", heartbeat=lambda: None
    )
    pulse = Pulse(name="source:box", critical=False)
    return SourceLoop(
        intake,
        pulse=pulse,
        stop=threading.Event(),
        poll_s=1,
        work=Bell(),
        draw=lambda: 0.5,
        renew=renew,
    )


def test_a_mailbox_with_a_fresh_password_is_read_at_once(store: Store) -> None:
    fresh = MemorySource(name="box")
    fresh.put(a_signal(1))
    loop = loop_of(store, Refusing(AuthenticationFailed("box", "no")), lambda: fresh)
    assert loop._once() == RENEWED_S
    loop.intake.pull()
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM signal").scalar() == 1


@pytest.mark.parametrize(
    ("error", "at_least"),
    [
        (AuthenticationFailed("box", "no"), LOCKOUT_S),
        (RateLimited("box", "slowly", retry_after_s=300), 300),
        (Unavailable("box", "away"), 1),
        (ZeroDivisionError(), 10),
    ],
    ids=["refused", "asked to wait", "away", "a fault of ours"],
)
def test_a_source_in_trouble_is_tried_again_after_a_fitting_pause(
    store: Store, error: Exception, at_least: float
) -> None:
    pause = loop_of(store, Refusing(error))._once()
    assert at_least <= pause < at_least + 20
