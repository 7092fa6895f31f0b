"""The running daemon: threads, turns, signals and the watchdog around one application."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType

import structlog

from connector import __version__
from connector.app import Application, status_of
from connector.domain.errors import AmendsError, StateFull
from connector.metrics import serve
from connector.notify import Notifier
from connector.pipeline import canary, clocks, loops, patterns, recovering, summary
from connector.pipeline.loops import LONGEST_WAIT_S, Bell, Pulse, SourceLoop, work_loop
from connector.pipeline.reconcile import reconcile
from connector.pipeline.retention import retain
from connector.report.figures import routes
from connector.report.status import Status, headline
from connector.scheduler import Job, Scheduler
from connector.sources.base import Source, SourceSettings
from connector.store import jobs, signals
from connector.store.store import Tx

log = structlog.get_logger()

GRACE_S = 30.0
"""How long a request on its way may take to end after a stop was asked for."""
STEP_S = 180.0
"""Casework and each sender show progress at least so often; longer than any request."""
SYNC_LOOK_S = 5.0
WATCHDOG_S = 10.0
MOST_GIVEN_UP = 3
"""So many threads of one source may hang; then it is only tried again when one of them ends."""
STUCK_WRITER_S = 60.0
"""The writer must show progress within this time when it is asked to."""
CLOCKS_S = 20
RECOVERY_S = 5
SILENCE_S = 900
HOUR_S = 3_600


class Daemon:
    """Runs an application until it is told to stop or the disk fails."""

    def __init__(self, app: Application, notifier: Notifier | None = None) -> None:
        """Prepare loops; nothing runs before `run`."""
        self._app = app
        self._notifier = notifier or Notifier()
        self.stop = threading.Event()
        self._cases = Bell()
        self._changes = Bell()
        self._pages = Bell()
        self._fatal: AmendsError | None = None
        self._pulses: list[Pulse] = []
        self._threads: list[threading.Thread] = []
        self._loops: dict[str, SourceLoop] = {}
        self._given_up: dict[str, list[threading.Thread]] = {}
        self._silent: set[str] = set()
        self._draw = random.SystemRandom().random

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises the StateError that ended it, if one did."""
        self._catch_signals()
        page = serve(self._app.settings.metrics, routes(self._status, self._alive))
        self._start()
        scheduler = self._plan()
        log.info("started", version=__version__, sources=len(self._loops))
        self._notifier.send("READY=1", "STATUS=working")
        last_ping = 0.0
        try:
            while not self.stop.is_set():
                nap_s = scheduler.tick()
                if time.monotonic() - last_ping > WATCHDOG_S:
                    last_ping = time.monotonic()
                    self._ping()
                self.stop.wait(max(0.05, nap_s))
        finally:
            if page is not None:
                page.close()
            self._end()
        if self._fatal is not None:
            raise self._fatal

    def _start(self) -> None:
        app = self._app
        for config, source in app.sources:
            self._loops[config.name] = self._listen(config, source)
        self._work("casework", app.casework.step, self._cases, done=self._changes.ring)
        for number in range(app.settings.pipeline.senders):
            self._work(
                f"sender:{number}", app.delivery.step, self._changes, next_due_s=self._next_due_s
            )
        self._work("sync", app.sync.step, Bell(), next_due_s=lambda: SYNC_LOOK_S)
        if app.settings.paging.routes:
            self._work("pager", app.pager.step, self._pages, next_due_s=app.pager.next_due_s)

    def _listen(self, config: SourceSettings, source: Source) -> SourceLoop:
        """Begin to read a source, in a thread of its own."""
        pulse = self._pulse(f"source:{config.name}", critical=False)
        loop = SourceLoop(
            self._app.intake(config, source, partial(pulse.beat, loops.READ_S)),
            pulse=pulse,
            stop=self.stop,
            poll_s=config.poll_seconds,
            work=self._cases,
            draw=self._draw,
            renew=partial(self._app.renew_source, config.name),
        )
        self._thread(pulse.name, loop.run)
        return loop

    def _work(
        self,
        name: str,
        step: Callable[[], object],
        bell: Bell,
        *,
        done: Callable[[], None] = lambda: None,
        next_due_s: Callable[[], float] = lambda: LONGEST_WAIT_S,
    ) -> None:
        pulse = self._pulse(name, critical=name not in {"sync", "pager"})

        def run() -> None:
            work_loop(
                step,
                pulse=pulse,
                stop=self.stop,
                bell=bell,
                done=done,
                next_due_s=next_due_s,
                within_s=STEP_S,
            )

        self._thread(name, run)

    def _pulse(self, name: str, *, critical: bool) -> Pulse:
        pulse = Pulse(name=name, critical=critical)
        self._pulses.append(pulse)
        return pulse

    def _thread(self, name: str, target: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                target()
            except AmendsError as error:
                self._fail(error)
            except Exception:
                log.exception("thread_died", worker=name)
                self._fail(AmendsError(f"the {name} thread ended by a fault of ours; see the log"))

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _fail(self, error: AmendsError) -> None:
        """End the process: after a disk error nothing that memory believes may be trusted."""
        if self._fatal is None:
            self._fatal = error
        self.stop.set()

    def _plan(self) -> Scheduler:
        app, store = self._app, self._app.store
        polls = [
            Job(
                name=f"poll:{config.name}",
                work=partial(self._poke, config.name),
                every_s=config.poll_seconds,
                remembered=False,
            )
            for config, _ in app.sources
        ]
        silence = {config.name: config.silence_hours for config, _ in app.sources}
        tenant = app.settings.practice.tenant
        chores = [
            Job(name="clocks", work=self._clocks, every_s=CLOCKS_S, remembered=False),
            Job(
                name="silence",
                work=lambda: _drop(clocks.silent_sources(store, tenant, silence, self._silent)),
                every_s=SILENCE_S,
                remembered=False,
            ),
            Job(name="patterns", work=self._patterns, every_s=HOUR_S, remembered=False),
            Job(name="recovery", work=self._recovery, every_s=RECOVERY_S, remembered=False),
            Job(name="reconcile", work=lambda: _drop(reconcile(store)), every_s=24 * HOUR_S),
            Job(
                name="retention",
                work=lambda: _drop(retain(store, app.settings.pipeline.retention_days)),
                every_s=24 * HOUR_S,
            ),
            Job(
                name=summary.JOB,
                work=self._summary,
                daily_hour=app.settings.pipeline.summary_hour,
            ),
        ]
        flying = app.settings.canary
        if flying.enabled:
            chores.append(Job(name=canary.JOB, work=self._canary, daily_hour=flying.hour))
        with store.read() as connection:
            last_runs = jobs.last_runs(connection)
        return Scheduler(
            polls + chores,
            zone=app.rules.practice.zone,
            clock=store.clock,
            last_runs=last_runs,
            remember=self._remember,
        )

    def _poke(self, name: str) -> None:
        self._loops[name].poked.set()

    def _recovery(self) -> None:
        app = self._app
        recovering.step(app.store, app.settings.practice.tenant, app.source_names)

    def _clocks(self) -> None:
        if self._app.promises.tick():
            self._changes.ring()
            self._pages.ring()

    def _patterns(self) -> None:
        if patterns.look(self._app.store, self._app.rules):
            self._changes.ring()

    def _summary(self) -> None:
        if summary.summarize(self._app.store, self._app.rules):
            self._changes.ring()

    def _canary(self) -> None:
        """Try the helpdesk in a thread of its own: a slow one takes minutes."""

        def fly() -> None:
            try:
                canary.fly(self._app.store, self._app.delivery.helpdesk, pause=self.stop.wait)
            except Exception:  # it may never end the daemon
                log.exception("job_failed", step=canary.JOB)

        thread = threading.Thread(target=fly, name=canary.JOB, daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _remember(self, name: str) -> None:
        def work(tx: Tx) -> None:
            jobs.ran(tx, name)

        self._app.store.write(work)

    def _next_due_s(self) -> float:
        return self._app.delivery.idle_s(LONGEST_WAIT_S)

    def _ping(self) -> None:
        """Feed the watchdog, but only from progress: critical loops and the disk must answer."""
        broken = self._app.store.broken
        if broken is not None:
            self._fail(broken)
            return
        with suppress(StateFull):
            self._app.store.write(_nothing)
            self._app.store.remember()
        if not self._alive():
            late = [pulse.name for pulse in self._pulses if pulse.late and pulse.critical]
            log.error("stuck", worker=",".join(late) or "writer")
            return
        for name, loop in self._loops.items():
            if loop.pulse.late:
                self._loosen(name, loop)
        self._notifier.send("WATCHDOG=1", f"STATUS={headline(self._app.store)}")

    def _loosen(self, name: str, stuck: SourceLoop) -> None:
        """Give a stuck read up and begin anew beside it; the daemon goes on.

        Closing wakes most reads. A thread that sleeps on (a dead network mount) is left
        behind: it cannot store anything any more, and only so many are left.
        """
        left = [thread for thread in self._given_up.get(name, []) if thread.is_alive()]
        log.error("source_stuck", source=name, count=len(left) + 1)
        if len(left) >= MOST_GIVEN_UP:
            stuck.pulse.beat(loops.READ_S, "failing")
            self._tell_stuck(name, stuck)
            return
        stuck.intake.retire()
        old = next(thread for thread in self._threads if thread.name == stuck.pulse.name)
        self._threads.remove(old)
        self._given_up[name] = [*left, old]
        self._pulses.remove(stuck.pulse)
        # closing may hang as the read does
        threading.Thread(target=stuck.intake.source.close, name="closing", daemon=True).start()
        source = self._app.reopen_source(name)
        config = next(config for config, _ in self._app.sources if config.name == name)
        self._loops[name] = self._listen(config, source)

    def _tell_stuck(self, name: str, stuck: SourceLoop) -> None:
        tenant, kind = self._app.settings.practice.tenant, stuck.intake.kind
        told = "reading hangs again and again; the server or disk behind it does not answer"

        def work(tx: Tx) -> None:
            signals.source_read(tx, tenant, name, kind, error=told)

        with suppress(StateFull):
            self._app.store.write(work)

    def _status(self) -> Status:
        return status_of(self._app.settings, self._app.store)

    def _alive(self) -> bool:
        """Say whether all critical loops and the writer keep their promises."""
        if any(pulse.late and pulse.critical for pulse in self._pulses):
            return False
        return time.monotonic() - self._app.store.last_progress <= STUCK_WRITER_S

    def _catch_signals(self) -> None:
        def asked(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.stop.set()

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, asked)
            signal.signal(signal.SIGINT, asked)

    def _end(self) -> None:
        """Stop reading and claiming, let requests on their way end, close."""
        self._notifier.send("STOPPING=1", "STATUS=stopping")
        self.stop.set()
        self._cases.ring()
        self._changes.ring()
        for loop in self._loops.values():
            loop.poked.set()
            loop.intake.source.close()
        deadline = time.monotonic() + GRACE_S
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        left = [thread.name for thread in self._threads if thread.is_alive()]
        if left:
            log.warning("stopped_without", worker=",".join(left))
        self._app.close()
        log.info("stopped")


def _nothing(tx: Tx) -> None:
    """Take a turn of the writer, which shows that it lives."""
    del tx


def _drop(result: object) -> None:
    """Jobs give nothing back."""
    del result
