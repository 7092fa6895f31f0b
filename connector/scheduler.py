"""Who has a turn when: one wrapped `schedule.Scheduler` for every wall-clock job.

The library alone misses runs when the clock steps back, does not catch up what it
missed and lets exceptions escape; the wrapper contains exceptions, remembers last
runs on disk, and rebuilds its jobs after a step of the clock. It knows callables only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import schedule
import structlog

log = structlog.get_logger()

STEP_S = 5.0
"""Wall clock and monotonic clock disagreeing by more is a step, not drift."""
LONGEST_NAP_S = 1.0
DAILY_LOOK_S = 60
"""How often a daily job looks whether its local hour has come."""
RETRY_S = 900
"""A daily job that failed is tried again after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that has its turn again and again."""

    name: str
    """Stable; last runs are remembered under it."""
    work: Callable[[], None]
    every_s: int = 0
    """Interval in seconds; 0 for a daily job."""
    daily_hour: int | None = None
    """Local hour from which the job runs once per local date."""
    remembered: bool = True
    """False for polls, whose last run means nothing after a restart."""


class Scheduler:
    """Runs jobs in the calling thread; `tick` is called by the main loop."""

    def __init__(
        self,
        jobs: list[Job],
        *,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        last_runs: Mapping[str, datetime],
        remember: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Plan all jobs; `last_runs` and `remember` connect to the disk."""
        self._jobs = jobs
        self._zone = zone
        self._clock = clock
        self._remember = remember
        self._monotonic = monotonic
        self._last = dict(last_runs)
        self._failed: dict[str, float] = {}
        self._plan()

    def tick(self) -> float:
        """Run what is due; gives how many seconds may pass until the next call."""
        if self._stepped():
            log.warning("clock_stepped")
            self._plan()
        self._scheduler.run_pending()
        idle = self._scheduler.idle_seconds
        return LONGEST_NAP_S if idle is None else max(0.0, min(LONGEST_NAP_S, idle))

    def _plan(self) -> None:
        """Build all jobs anew; what was missed meanwhile runs at once."""
        self._scheduler = schedule.Scheduler()
        self._offset = self._wall_offset()
        now = self._clock()
        for job in self._jobs:
            if job.every_s:
                self._scheduler.every(job.every_s).seconds.do(self._run, job)
                if self._overdue(job, now):
                    self._run(job)
            else:
                self._scheduler.every(DAILY_LOOK_S).seconds.do(self._run_daily, job)
                self._run_daily(job)

    def _overdue(self, job: Job, now: datetime) -> bool:
        last = self._last.get(job.name)
        # a last run in the future means that the clock was wrong then: run now
        return last is None or last > now or now - last >= timedelta(seconds=job.every_s)

    def _run_daily(self, job: Job) -> None:
        failed = self._failed.get(job.name)
        if failed is not None and self._monotonic() - failed < RETRY_S:
            return
        if daily_due(self._last.get(job.name), self._clock(), self._zone, job.daily_hour or 0):
            self._run(job)

    def _run(self, job: Job) -> None:
        began = self._clock()
        try:
            job.work()
            if job.remembered:
                self._remember(job.name)
        except Exception:
            log.exception("job_failed", step=job.name)
            self._failed[job.name] = self._monotonic()
        else:
            self._failed.pop(job.name, None)
            self._last[job.name] = began

    def _stepped(self) -> bool:
        return abs(self._wall_offset() - self._offset) > STEP_S

    def _wall_offset(self) -> float:
        """Tell how far the clock that the library reads is from the one that never steps.

        It reckons in the machine's local time, which steps with summer time as well.
        """
        wall = self._clock().timestamp()
        return wall + time.localtime(wall).tm_gmtoff - self._monotonic()


def daily_due(last: datetime | None, now: datetime, zone: ZoneInfo, hour: int) -> bool:
    """Say whether a daily job is due: its hour has come and it has not run on this local date."""
    local = now.astimezone(zone)
    if local.hour < hour:
        return False
    return last is None or last > now or last.astimezone(zone).date() < local.date()
