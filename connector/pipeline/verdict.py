"""What the outcome of one attempt means: pure, so that every case can be tried in a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connector.domain.errors import (
    AuthenticationFailed,
    Conflict,
    EdgeError,
    OutcomeUnknown,
    OverShare,
    RateLimited,
    Unavailable,
)

BASE_S = 2
CAP_S = 900
"""Backoff: full jitter below 2, 4, 8 ... seconds, at most a quarter of an hour."""
PAUSE_CAP_S = 3_600
"""No helpdesk can ask for a longer pause."""
WHOLE_ACCOUNT = "account"
"""The limit of everything (`connector.http.ACCOUNT`); any other holds up its own kind only."""
MAX_CONFLICTS = 20
"""A ticket that somebody changes under our hands so often needs a person."""
MAX_FAULTS = 5
"""A fault of ours in a plugin is not tried for ever."""


class Effect(StrEnum):
    """What an attempt says about the helpdesk as a whole."""

    FINE = "fine"
    TROUBLE = "trouble"
    """Counts towards opening the breaker."""
    REFUSED = "refused"
    """Credentials or rights: opens the breaker at once."""
    PAUSE = "pause"
    """The helpdesk asks for a pause: nobody calls it before `due_at`."""
    SILENT = "silent"
    """Nothing was asked of the helpdesk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How an attempt ended."""

    state: str
    """Next state in the outbox: ready | unknown | aside."""
    due_at: datetime
    code: str
    """Name of the error; goes into log, ledger and status."""
    effect: Effect
    problem: str = ""
    """Our sentence about it, without a patient's words."""


def backoff_s(attempts: int, draw: Callable[[], float]) -> float:
    """Full jitter: anywhere between 0 and the doubled bound; `draw` gives [0, 1)."""
    bound: int = min(CAP_S, BASE_S * 2 ** min(attempts, 16))
    return draw() * bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was known when the error came."""

    in_doubt: bool
    """An earlier attempt may have worked and no answer has lifted that yet."""
    attempts: int
    """Attempts so far, this one included."""
    now: datetime
    settle_s: int
    """How long a late effect may take to appear."""
    in_a_row: int = 1
    """How often this change ended in the same way, without another way in between."""
    paced: bool = False
    """The helpdesk's plugin itself keeps away from a limit that is used up."""


def judge(error: Exception, attempt: Attempt, draw: Callable[[], float]) -> Verdict:
    """Decide what happens next with a change whose attempt raised `error`.

    Doubt is lifted by an answer only: whatever happens while an earlier attempt is being
    looked for leaves the change in doubt.
    """
    wait = timedelta(seconds=max(1.0, backoff_s(attempt.attempts, draw)))
    still = "unknown" if attempt.in_doubt else "ready"
    settled = timedelta(seconds=attempt.settle_s) + wait
    match error:
        case RateLimited():
            seconds = error.retry_after_s or int(wait.total_seconds())
            wait = timedelta(seconds=min(PAUSE_CAP_S, max(1, seconds)))
            state, effect = still, _limited(error, attempt)
        case Unavailable():
            state, effect = still, Effect.TROUBLE
        case AuthenticationFailed():
            state, effect = still, Effect.REFUSED
        case OutcomeUnknown():
            state, effect, wait = "unknown", Effect.TROUBLE, settled
        case Conflict() if attempt.in_a_row < MAX_CONFLICTS:
            state, effect = still, Effect.FINE
        case EdgeError():  # Rejected, Gone, too many conflicts: never by itself
            state, effect = ("unknown" if attempt.in_doubt else "aside"), Effect.FINE
        case _ if attempt.in_a_row < MAX_FAULTS:
            # a fault of ours, perhaps after the bytes left: doubt is the safe reading
            state, effect, wait = "unknown", Effect.FINE, settled
        case _:
            state, effect = "aside", Effect.FINE
    return Verdict(
        state=state,
        due_at=attempt.now + wait,
        code=type(error).__name__,
        effect=effect,
        problem=str(getattr(error, "problem", "")),
    )


def _limited(error: RateLimited, attempt: Attempt) -> Effect:
    """Say who has to wait: the whole helpdesk, or only what the limit is about."""
    if isinstance(error, OverShare):
        return Effect.SILENT
    one_limit = attempt.paced and error.bucket not in {"", WHOLE_ACCOUNT}
    return Effect.FINE if one_limit else Effect.PAUSE
