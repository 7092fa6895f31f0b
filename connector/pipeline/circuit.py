"""The breaker in front of a helpdesk: an outage costs a few probes, not the whole queue."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from connector.pipeline.verdict import PAUSE_CAP_S, Effect, Verdict
from connector.store.jobs import Circuit

THRESHOLD = 5
"""Failures in a row that open it; refused credentials open it at once."""
FIRST_S = 30
LONGEST_S = 300
"""How long it stays open: doubling from half a minute to five."""
BELIEVED = timedelta(seconds=PAUSE_CAP_S)
"""A pause that seems longer was begun by a clock that was wrong."""


def after(state: Circuit, verdict: Verdict, now: datetime) -> Circuit:
    """Give the circuit after an attempt that failed; pure."""
    if verdict.effect is Effect.FINE:
        return Circuit(breaker="closed")
    if verdict.effect is Effect.PAUSE:
        return Circuit(
            breaker="open",
            failures=state.failures,
            not_before=_later(state, verdict.due_at),
            reason=verdict.code,
        )
    failures = state.failures + 1
    if verdict.effect is Effect.TROUBLE and failures < THRESHOLD and state.breaker == "closed":
        return Circuit(breaker="closed", failures=failures, reason=verdict.code)
    rounds = max(0, failures - (1 if verdict.effect is Effect.REFUSED else THRESHOLD))
    pause = min(LONGEST_S, FIRST_S * 2 ** min(rounds, 8))
    return Circuit(
        breaker="open",
        failures=failures,
        not_before=_later(state, now + timedelta(seconds=pause)),
        reason=verdict.code,
    )


def _later(state: Circuit, moment: datetime) -> datetime:
    """Give the end of a pause: what was asked for before is not shortened by a new failure."""
    return max(moment, state.not_before) if state.not_before else moment


class Breaker:
    """Lets calls through, or one probe after a pause; shared by all senders of a helpdesk."""

    def __init__(self, state: Circuit) -> None:
        """Begin with what the last run knew."""
        self._lock = threading.Lock()
        self._state = state
        self._probing = False

    @property
    def state(self) -> Circuit:
        """The circuit now."""
        return self._state

    def allows(self, now: datetime) -> bool:
        """Say whether this caller may call now; when open, one caller may probe after the pause.

        Who was allowed must report with `worked`, `failed` or `passed`.
        """
        with self._lock:
            if self._state.breaker == "closed":
                return True
            left = (self._state.not_before or now) - now
            if self._probing or timedelta(0) < left <= BELIEVED:
                return False
            self._probing = True
            return True

    def passed(self) -> None:
        """Report that nothing was called after all."""
        with self._lock:
            self._probing = False

    def worked(self) -> bool:
        """Report success; True when this closed the circuit."""
        with self._lock:
            if self._old_news():
                return False
            self._probing = False
            changed = self._state != Circuit()
            self._state = Circuit()
            return changed

    def failed(self, verdict: Verdict, now: datetime) -> bool:
        """Report a failure; True when the circuit changed."""
        with self._lock:
            if verdict.effect is Effect.SILENT:
                self._probing = False
                return False
            if verdict.effect is Effect.FINE and self._old_news():
                return False
            self._probing = False
            before, self._state = self._state, after(self._state, verdict, now)
            return before != self._state

    def _old_news(self) -> bool:
        """Tell whether a call that ends now began before the circuit opened: no reason to close."""
        return self._state.breaker != "closed" and not self._probing
