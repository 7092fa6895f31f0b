"""Every error, in doubt and not: what happens next with the change and with the helpdesk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import (
    AuthenticationFailed,
    Conflict,
    EdgeError,
    Gone,
    Incomplete,
    NotSent,
    OutcomeUnknown,
    PartiallyApplied,
    RateLimited,
    Rejected,
    Unavailable,
)
from connector.domain.ticket import TicketRef
from connector.pipeline.verdict import (
    BASE_S,
    CAP_S,
    MAX_CONFLICTS,
    MAX_FAULTS,
    PAUSE_CAP_S,
    Attempt,
    Effect,
    Verdict,
    backoff_s,
    judge,
)
from connector.testing.builders import MONDAY_MORNING as NOW

SETTLE_S = 90
_REF = TicketRef(id="1")

TABLE: dict[str, tuple[Exception, str, str, Effect]] = {
    "not sent": (NotSent("d", "refused"), "ready", "unknown", Effect.TROUBLE),
    "unavailable": (Unavailable("d", "503"), "ready", "unknown", Effect.TROUBLE),
    "rate limited": (
        RateLimited("d", "429", retry_after_s=30),
        "ready",
        "unknown",
        Effect.PAUSE,
    ),
    "unauthorised": (AuthenticationFailed("d", "401"), "ready", "unknown", Effect.REFUSED),
    "lost answer": (OutcomeUnknown("d", "cut"), "unknown", "unknown", Effect.TROUBLE),
    "conflict": (Conflict("d", "409"), "ready", "unknown", Effect.FINE),
    "rejected": (Rejected("d", "422"), "aside", "unknown", Effect.FINE),
    "deleted": (Gone("d", "404", kind="deleted"), "aside", "unknown", Effect.FINE),
    "ignored": (PartiallyApplied("d", "x", ref=_REF, missing=()), "aside", "unknown", Effect.FINE),
    "incomplete": (Incomplete("d", "cut"), "aside", "unknown", Effect.FINE),
    "anything of the edge": (EdgeError("d", "?"), "aside", "unknown", Effect.FINE),
    "fault of ours": (ValueError("?"), "unknown", "unknown", Effect.FINE),
}


def _judge(error: Exception, *, in_doubt: bool = False, draw: float = 0.0, **known: int) -> Verdict:
    attempt = Attempt(
        in_doubt=in_doubt,
        attempts=known.get("attempts", 1),
        now=NOW,
        settle_s=SETTLE_S,
        in_a_row=known.get("in_a_row", 1),
    )
    return judge(error, attempt, lambda: draw)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("in_doubt", [False, True])
def test_each_error_has_its_consequence(name: str, in_doubt: bool) -> None:
    error, certain, doubted, effect = TABLE[name]
    verdict = _judge(error, in_doubt=in_doubt)
    assert (verdict.state, verdict.effect) == (doubted if in_doubt else certain, effect)
    assert verdict.code == type(error).__name__
    assert verdict.due_at > NOW


@pytest.mark.parametrize("name", TABLE)
@given(attempts=st.integers(1, 10_000), draw=st.floats(0, 0.999), in_a_row=st.integers(1, 4))
def test_no_error_lifts_a_doubt(name: str, attempts: int, draw: float, in_a_row: int) -> None:
    error = TABLE[name][0]
    verdict = _judge(error, in_doubt=True, draw=draw, attempts=attempts, in_a_row=in_a_row)
    assert verdict.state == "unknown"


def test_a_lost_answer_is_given_time_to_take_effect() -> None:
    for draw in (0.0, 0.99):
        verdict = _judge(OutcomeUnknown("d", "cut"), draw=draw)
        assert verdict.due_at - NOW >= timedelta(seconds=SETTLE_S)


@pytest.mark.parametrize(
    ("asked", "given_s"),
    [(30, 30), (1, 1), (86_400, PAUSE_CAP_S), (-5, 1), (0, 1), (None, 1)],
)
def test_a_helpdesk_may_ask_for_a_pause_within_reason(asked: int | None, given_s: int) -> None:
    verdict = _judge(RateLimited("d", "429", retry_after_s=asked))
    assert verdict.due_at - NOW == timedelta(seconds=given_s)


def test_a_ticket_that_keeps_changing_under_our_hands_needs_a_person_in_the_end() -> None:
    assert _judge(Conflict("d", "409"), in_a_row=MAX_CONFLICTS - 1).state == "ready"
    assert _judge(Conflict("d", "409"), in_a_row=MAX_CONFLICTS).state == "aside"


def test_the_first_conflict_after_a_long_outage_is_no_reason_to_give_up() -> None:
    assert _judge(Conflict("d", "409"), attempts=500).state == "ready"
    assert _judge(ValueError("?"), attempts=500).state == "unknown"


def test_a_fault_of_ours_is_not_tried_for_ever() -> None:
    assert _judge(ValueError("?"), in_a_row=MAX_FAULTS - 1).state == "unknown"
    assert _judge(ValueError("?"), in_a_row=MAX_FAULTS).state == "aside"


def test_a_verdict_repeats_our_sentence_and_never_a_foreign_one() -> None:
    assert (
        _judge(Rejected("d", "the server refuses the form")).problem
        == "the server refuses the form"
    )
    assert _judge(ValueError("Jane Roe, +49 30 1234")).problem == ""


@given(attempts=st.integers(0, 10**9), draw=st.floats(0, 1, exclude_max=True))
def test_backing_off_doubles_up_to_a_quarter_of_an_hour(attempts: int, draw: float) -> None:
    pause = backoff_s(attempts, lambda: draw)
    assert 0 <= pause < CAP_S
    assert pause <= BASE_S * 2 ** min(attempts, 16)
