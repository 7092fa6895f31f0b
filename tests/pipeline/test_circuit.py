"""The breaker: an outage costs a few probes, not the whole queue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.domain.errors import (
    AuthenticationFailed,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from connector.pipeline.circuit import FIRST_S, LONGEST_S, THRESHOLD, Breaker
from connector.pipeline.verdict import Attempt, Verdict, judge
from connector.store.jobs import Circuit
from connector.testing.builders import Clock


def _verdict(error: Exception, clock: Clock) -> Verdict:
    attempt = Attempt(in_doubt=False, attempts=1, now=clock.now, settle_s=0)
    return judge(error, attempt, lambda: 0.0)


def _fail(breaker: Breaker, error: Exception, clock: Clock) -> None:
    breaker.failed(_verdict(error, clock), clock.now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker() -> Breaker:
    return Breaker(Circuit())


def test_a_few_failures_do_not_open_it_and_a_success_forgets_them(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(THRESHOLD - 1):
        _fail(breaker, Unavailable("d", "503"), clock)
    assert breaker.allows(clock.now)
    assert breaker.worked()
    for _ in range(THRESHOLD - 1):
        _fail(breaker, Unavailable("d", "503"), clock)
    assert breaker.allows(clock.now)


def test_failures_in_a_row_open_it_and_one_caller_may_probe_after_the_pause(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(THRESHOLD):
        _fail(breaker, OutcomeUnknown("d", "cut"), clock)
    assert not breaker.allows(clock.now)
    clock.advance(FIRST_S)
    assert [breaker.allows(clock.now) for _ in range(3)] == [True, False, False]
    assert breaker.worked()
    assert breaker.state == Circuit()
    assert [breaker.allows(clock.now) for _ in range(3)] == [True, True, True]


def test_each_probe_that_fails_doubles_the_pause_up_to_five_minutes(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(THRESHOLD):
        _fail(breaker, Unavailable("d", "503"), clock)
    pauses = []
    for _ in range(6):
        pauses.append((breaker.state.not_before or clock.now) - clock.now)
        clock.now = breaker.state.not_before or clock.now
        assert breaker.allows(clock.now)
        _fail(breaker, Unavailable("d", "503"), clock)
    seconds = [int(pause.total_seconds()) for pause in pauses]
    assert seconds == [FIRST_S, 60, 120, 240, LONGEST_S, LONGEST_S]


def test_refused_credentials_open_it_at_once(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, AuthenticationFailed("d", "401"), clock)
    assert not breaker.allows(clock.now)
    assert breaker.state.reason == "AuthenticationFailed"


def test_a_request_for_a_pause_stops_everybody_for_as_long(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, RateLimited("d", "429", retry_after_s=600), clock)
    clock.advance(599)
    assert not breaker.allows(clock.now)
    clock.advance(1)
    assert breaker.allows(clock.now)


def test_a_success_that_began_before_does_not_end_a_pause(breaker: Breaker, clock: Clock) -> None:
    """Two senders: one is told to pause while the other's request is still on its way."""
    assert breaker.allows(clock.now)
    assert breaker.allows(clock.now)
    _fail(breaker, RateLimited("d", "429", retry_after_s=600), clock)
    assert not breaker.worked()
    assert not breaker.allows(clock.now)


def test_a_refusal_that_began_before_does_not_end_a_pause(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, RateLimited("d", "429", retry_after_s=600), clock)
    _fail(breaker, Rejected("d", "422"), clock)
    assert not breaker.allows(clock.now)


def test_a_failure_does_not_shorten_a_pause_that_was_asked_for(
    breaker: Breaker, clock: Clock
) -> None:
    _fail(breaker, RateLimited("d", "429", retry_after_s=600), clock)
    _fail(breaker, Unavailable("d", "503"), clock)
    clock.advance(599)
    assert not breaker.allows(clock.now)


def test_a_probe_that_did_not_call_leaves_the_turn_to_the_next(
    breaker: Breaker, clock: Clock
) -> None:
    _fail(breaker, AuthenticationFailed("d", "401"), clock)
    clock.advance(LONGEST_S)
    assert breaker.allows(clock.now)
    assert not breaker.allows(clock.now)
    breaker.passed()
    assert breaker.allows(clock.now)


def test_an_answer_that_refuses_one_change_shows_that_the_helpdesk_is_there(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(THRESHOLD):
        _fail(breaker, Unavailable("d", "503"), clock)
    clock.advance(FIRST_S)
    assert breaker.allows(clock.now)
    _fail(breaker, Rejected("d", "422"), clock)
    assert breaker.state.breaker == "closed"


def test_a_pause_that_a_wrong_clock_began_does_not_last_for_ever(clock: Clock) -> None:
    tomorrow = clock.now + timedelta(days=1)
    breaker = Breaker(Circuit(breaker="open", failures=9, not_before=tomorrow, reason="x"))
    assert breaker.allows(clock.now)
