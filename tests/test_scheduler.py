"""Who has a turn when, through restarts, faults and clocks that step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from connector.scheduler import LONGEST_NAP_S, RETRY_S, Job, Scheduler, daily_due

BERLIN = ZoneInfo("Europe/Berlin")


class World:
    """Wall clock and monotonic clock, moved together or apart; the library sees the wall clock."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller
        self.uptime = 1_000.0
        self.remembered: dict[str, datetime] = {}
        self.runs: list[tuple[str, datetime]] = []
        self.faulty: set[str] = set()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def work(self, name: str) -> None:
        self.runs.append((name, self.now()))
        if name in self.faulty:
            raise RuntimeError(name)

    def remember(self, name: str) -> None:
        self.remembered[name] = self.now()

    def step(self, seconds: float) -> None:
        """Only the wall clock moves."""
        self._traveller.shift(timedelta(seconds=seconds))

    def run(self, scheduler: Scheduler, seconds: int, nap: int = 1) -> int:
        """Let time pass; gives how many runs there were."""
        before = len(self.runs)
        for _ in range(0, seconds, nap):
            self.step(nap)
            self.uptime += nap
            scheduler.tick()
        return len(self.runs) - before

    def scheduler(self, *jobs: Job, zone: ZoneInfo = BERLIN) -> Scheduler:
        return Scheduler(
            list(jobs),
            zone=zone,
            clock=self.now,
            last_runs=self.remembered,
            remember=self.remember,
            monotonic=lambda: self.uptime,
        )

    def job(self, name: str, **when: int) -> Job:
        return Job(name=name, work=lambda: self.work(name), **when)  # type: ignore[arg-type]


@pytest.fixture
def world() -> Iterator[World]:
    with time_machine.travel(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), tick=False) as traveller:
        yield World(traveller)


def test_an_interval_is_kept(world: World) -> None:
    scheduler = world.scheduler(world.job("poll", every_s=30))
    assert len(world.runs) == 1, "what never ran runs at once"
    assert world.run(scheduler, 300) == 10


def test_a_job_that_fails_neither_ends_the_loop_nor_takes_others_with_it(world: World) -> None:
    world.faulty.add("bad")
    scheduler = world.scheduler(world.job("bad", every_s=30), world.job("good", every_s=30))
    world.run(scheduler, 120)
    names = [name for name, _ in world.runs]
    assert (names.count("bad"), names.count("good")) == (5, 5)
    assert set(world.remembered) == {"good"}


def test_a_failed_daily_job_is_tried_again_the_same_day(world: World) -> None:
    world.faulty.add("summary")
    scheduler = world.scheduler(world.job("summary", daily_hour=7))
    assert len(world.runs) == 1
    assert world.run(scheduler, RETRY_S // 2, nap=30) == 0, "not every minute"
    world.faulty.clear()
    assert world.run(scheduler, RETRY_S, nap=30) == 1
    assert world.run(scheduler, 6 * 3_600, nap=60) == 0


def test_a_daily_job_runs_once_a_local_day(world: World) -> None:
    scheduler = world.scheduler(world.job("summary", daily_hour=7))
    world.run(scheduler, 5 * 86_400, nap=60)
    days = [at.astimezone(BERLIN).date() for _, at in world.runs]
    assert len(days) == 6
    assert len(set(days)) == 6
    assert {at.astimezone(BERLIN).hour for _, at in world.runs[1:]} == {7}


def test_what_was_missed_while_the_daemon_was_down_is_caught_up_once(world: World) -> None:
    jobs = (world.job("reconcile", every_s=86_400), world.job("summary", daily_hour=7))
    world.scheduler(*jobs)
    world.step(3 * 86_400)
    world.runs.clear()
    scheduler = world.scheduler(*jobs)
    world.run(scheduler, 3_600, nap=10)
    assert sorted(name for name, _ in world.runs) == ["reconcile", "summary"]


def test_a_restart_right_after_a_run_does_not_repeat_it(world: World) -> None:
    jobs = (world.job("reconcile", every_s=86_400), world.job("summary", daily_hour=7))
    world.scheduler(*jobs)
    for _ in range(3):
        world.step(60)
        world.scheduler(*jobs)
    assert len(world.runs) == 2


@pytest.mark.parametrize("step_s", [-3_600, -86_400, 3_600, 86_400, -10 * 365 * 86_400])
def test_a_clock_that_steps_does_not_stop_the_turns(world: World, step_s: int) -> None:
    """The library alone runs nothing for an hour after the clock went back by one."""
    scheduler = world.scheduler(world.job("poll", every_s=30))
    world.run(scheduler, 60)
    world.step(step_s)
    assert 10 <= world.run(scheduler, 300) <= 12


@pytest.mark.parametrize(
    "before", [datetime(2026, 10, 25, 0, 58, tzinfo=UTC), datetime(2026, 3, 29, 0, 58, tzinfo=UTC)]
)
def test_summer_time_does_not_stop_the_turns(before: datetime) -> None:
    """In autumn local time repeats an hour; the library would wait it out."""
    # travelling to an hour of Berlin makes it the machine's own zone
    with time_machine.travel(before.astimezone(BERLIN), tick=False) as traveller:
        world = World(traveller)
        scheduler = world.scheduler(world.job("poll", every_s=30))
        assert 20 <= world.run(scheduler, 600) <= 22


def test_the_next_turn_is_told_and_never_far_away(world: World) -> None:
    scheduler = world.scheduler(world.job("poll", every_s=3_600))
    assert scheduler.tick() == LONGEST_NAP_S
    assert (
        Scheduler([], zone=BERLIN, clock=world.now, last_runs={}, remember=world.remember).tick()
        == LONGEST_NAP_S
    )


def test_a_poll_is_not_remembered(world: World) -> None:
    world.scheduler(
        Job(name="poll", work=lambda: None, every_s=60, remembered=False),
        Job(name="chore", work=lambda: None, every_s=60),
    )
    assert set(world.remembered) == {"chore"}


def test_a_last_run_in_the_future_is_not_believed() -> None:
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert daily_due(now + timedelta(days=3), now, BERLIN, 7)


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made aware below
    hour=st.integers(0, 23),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_a_daily_job_is_due_once_on_each_local_date_and_not_before_its_hour(
    start: datetime, hour: int, zone: str
) -> None:
    local = ZoneInfo(zone)
    now = start.replace(tzinfo=UTC)
    last: datetime | None = now
    runs = []
    for _ in range(4 * 24 * 6):
        now += timedelta(minutes=10)
        if daily_due(last, now, local, hour):
            runs.append(now.astimezone(local))
            last = now
    assert all(run.hour >= hour for run in runs)
    days = [run.date() for run in runs]
    assert len(days) == len(set(days))
    assert len(days) >= 3
