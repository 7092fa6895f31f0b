"""The loops that the daemon's threads run: each ends when told to and survives its own faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from connector.domain.errors import (
    AuthenticationFailed,
    EdgeError,
    RateLimited,
    StateError,
    StateFull,
)
from connector.pipeline.intake import Intake, Superseded
from connector.pipeline.verdict import PAUSE_CAP_S, backoff_s
from connector.sources.base import Source, Waits
from connector.store.engine import StateBusy

log = structlog.get_logger()

READ_S = 600.0
"""A source shows progress at least so often while it reads."""
LOCKOUT_S = 300.0
"""After refused credentials: one try in five minutes, so that no account gets locked."""
RENEWED_S = 1.0
"""Credentials that changed on disk are tried at once."""
FAULT_PAUSE_S = 10.0
"""After a fault of ours in a source, at least."""
FULL_PAUSE_S = 5.0
LONGEST_WAIT_S = 5.0
"""Nothing sleeps longer without a look at the disk: a wake-up may have been missed."""


@dataclass(slots=True)
class Pulse:
    """Shows that a loop lives: it will beat again before `deadline` (monotonic seconds)."""

    name: str
    critical: bool
    """A critical loop past its deadline stops the watchdog's pings."""
    monotonic: Callable[[], float] = time.monotonic
    deadline: float = field(default=float("inf"))
    state: str = "starting"
    """working | waiting | failing | paused, for status."""

    def beat(self, within_s: float, state: str = "working") -> None:
        """Promise to beat again within so many seconds."""
        self.state = state
        self.deadline = self.monotonic() + within_s

    @property
    def late(self) -> bool:
        """True when the promise was broken."""
        return self.monotonic() > self.deadline


class Bell:
    """Wakes loops that wait for work; ringing while nobody waits is not forgotten."""

    def __init__(self) -> None:
        """Begin silent."""
        self._condition = threading.Condition()
        self._rung = 0

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._condition:
            self._rung += 1
            self._condition.notify_all()

    def wait(self, heard: int, seconds: float) -> int:
        """Wait for a ring newer than `heard`, at most so long; gives the newest ring."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung != heard, timeout=seconds)
            return self._rung


class SourceLoop:
    """Reads one source for ever: read, wait for news, read; backs off while it is in trouble."""

    def __init__(
        self,
        intake: Intake,
        *,
        pulse: Pulse,
        stop: threading.Event,
        poll_s: int,
        work: Bell,
        draw: Callable[[], float],
        renew: Callable[[], Source | None] = lambda: None,
    ) -> None:
        """`work` is rung when something new was stored; `renew` looks for fresh credentials."""
        self.intake = intake
        self.pulse = pulse
        self.poked = threading.Event()
        self._stop = stop
        self._poll_s = poll_s
        self._work = work
        self._draw = draw
        self._renew = renew
        self._failures = 0

    def run(self) -> None:
        """Loop until stopped or retired. Raises StateError when the disk is broken."""
        while not (self._stop.is_set() or self.intake.retired):
            pause_s = self._once()
            if pause_s and not self.intake.retired:
                self.pulse.beat(pause_s + 60, "failing" if self._failures else "paused")
                self._stop.wait(pause_s)
        self.intake.source.close()

    def _once(self) -> float:
        """Read and wait once; gives how long to pause before the next round."""
        name = self.intake.source.name
        self.pulse.beat(READ_S)
        try:
            pulled = self.intake.pull()
            if pulled.new:
                self._work.ring()
                log.info("heard", source=name, new=pulled.new, unreadable=pulled.unreadable)
            if self._failures:
                log.info("source_recovered", source=name)
            self._failures = 0
            if pulled.paused:
                log.warning("source_paused", source=name, reason=pulled.paused)
                return FULL_PAUSE_S
            self._wait()
        except StateFull as error:
            reason = "state_busy" if isinstance(error, StateBusy) else "disk_full"
            log.warning("source_paused", source=name, reason=reason)
            return FULL_PAUSE_S
        except StateError:
            if self.intake.retired:
                return 0.0
            raise
        except Superseded:
            return 0.0
        except Exception as error:  # noqa: BLE001 - whatever a source raises, it is tried again
            return self._trouble(name, error)
        return 0.0

    def _wait(self) -> None:
        """Wait for news; the scheduler's poke comes at the latest."""
        source = self.intake.source
        self.pulse.beat(self._poll_s + 120, "waiting")
        if isinstance(source, Waits):
            source.wait(self._poll_s)
        else:
            self.poked.wait(self._poll_s + LONGEST_WAIT_S)
            self.poked.clear()

    def _trouble(self, name: str, error: Exception) -> float:
        """Tell what went wrong, and give how long to wait before the next try."""
        if self._stop.is_set():
            return 0.0  # closing it is how it was told to stop: no trouble of the source
        if self.intake.retired:
            return 0.0  # it was given up and closed: another thread reads on
        self._failures += 1
        pause_s = max(1.0, backoff_s(self._failures, self._draw))
        if not isinstance(error, EdgeError):
            log.error("source_fault", source=name, exc_info=error)
            return max(pause_s, FAULT_PAUSE_S)
        if isinstance(error, AuthenticationFailed):
            pause_s = RENEWED_S if self._renewed() else LOCKOUT_S
        elif isinstance(error, RateLimited):
            pause_s = max(pause_s, min(error.retry_after_s or 0, PAUSE_CAP_S))
        log.warning(
            "source_unavailable",
            source=name,
            error=type(error).__name__,
            attempt=self._failures,
            delay_s=int(pause_s),
        )
        return pause_s

    def _renewed(self) -> bool:
        """Go on with fresh credentials if they changed on disk."""
        fresh = self._renew()
        if fresh is None:
            return False
        self.intake.source.close()
        self.intake.source = fresh
        return True


def work_loop(
    step: Callable[[], object],
    *,
    pulse: Pulse,
    stop: threading.Event,
    bell: Bell,
    done: Callable[[], None] = lambda: None,
    next_due_s: Callable[[], float] = lambda: LONGEST_WAIT_S,
    within_s: float = 180.0,
) -> None:
    """Run `step` while it finds something, else wait for the bell. Raises StateError when broken.

    `done` is called after each step that found something; `next_due_s` says how long
    nothing will be due.
    """
    heard = 0
    while not stop.is_set():
        pulse.beat(within_s)
        try:
            found = step()
        except StateFull:
            pulse.beat(within_s, "paused")
            stop.wait(FULL_PAUSE_S)
            continue
        except StateError:
            raise
        except Exception:
            log.exception("loop_fault", worker=pulse.name)
            pulse.beat(within_s, "failing")
            stop.wait(FULL_PAUSE_S)
            continue
        if found:
            done()
        else:
            pulse.beat(within_s, "waiting")
            heard = bell.wait(heard, max(0.05, min(LONGEST_WAIT_S, next_due_s())))
