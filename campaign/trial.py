"""One trial: servers, weather, patients, a daemon that is killed again and again, a verdict."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from imapclient import IMAPClient

from campaign import daemons, desks
from campaign.desks import Desk, DjangoDesk
from campaign.judge import Verdict, judge
from campaign.patients import Happening, Truth, world
from campaign.stage import write_stage
from campaign.weather import Weather
from connector import crash
from connector.app import open_store
from connector.audit.verify import verify
from connector.demo import processes
from connector.domain.errors import StateError
from connector.pipeline.reconcile import account
from connector.settings import load
from connector.store import lock, outbox

DRAIN_S = 600.0
"""Everything must come to its end within this time once the weather is calm."""
RAIN_S = 150.0
"""Before the weather is calm, one daemon lives this long in bad weather ..."""
RAIN_FAULTS = 260
"""... or until the trial has had so many faulty answers."""
POINT_S = 2.0
"""A daemon that does not come to its crash point within this time is killed anyway."""
LOCKED = 75
PEOPLE = 32
"""Who write and call in one trial; the helpdesk gets slow with many tickets."""
FAULT_RATE = 0.6
"""So many of the requests meet bad weather."""


@dataclass(slots=True, kw_only=True)
class Result:
    """What one trial did and found."""

    verdict: Verdict
    kills: Counter[str] = field(default_factory=Counter)
    """Deaths by how: `random`, or the name of a crash point."""
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    other: Counter[str] = field(default_factory=Counter)
    """SIGTERMs, suspensions, second daemons."""
    seconds: float = 0.0


class Trial:
    """Runs once; everything in it is chosen by one seed."""

    def __init__(
        self,
        seed: int,
        *,
        kills: int,
        people: int,
        fault_rate: float,
        rain_s: float = RAIN_S,
        desk: Desk | None = None,
    ) -> None:
        """`kills` deaths at least, `people` who write or call, `fault_rate` of bad requests."""
        self._rain_s = rain_s
        self._seed = seed
        self._desk = desk or DjangoDesk()
        self._kills = kills
        self._people = people
        self._rate = fault_rate
        self._chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
        self._context: ForkServerContext = daemons.context()
        self._failed: list[BaseException] = []

    def run(self) -> Result:
        """Run the trial in a folder of its own and judge it."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="amends-campaign-") as name, ExitStack() as stack:
            folder = Path(name)
            upstream = self._desk.start(folder, stack)
            mailbox = processes.mailbox(folder, "secret")
            stack.callback(mailbox.stop)
            weather = Weather(upstream, seed=self._seed, rate=self._rate)
            stack.callback(weather.close)
            port = int(mailbox.ready())
            config = write_stage(folder, port, self._desk.table(folder, weather.port))
            happenings, truth = world(self._seed, self._people)
            result = Result(verdict=Verdict())
            feeder = threading.Thread(target=self._feed, args=(folder, port, happenings))
            feeder.start()
            self._chaos(config, folder, result, feeder)
            self._drain(config, folder, self._rain_s, lambda: weather.faults >= RAIN_FAULTS)
            weather.rate = 0.0
            drained = self._drain(config, folder, DRAIN_S)
            result.verdict = judge(self._desk.seen(folder), truth)
            self._our_books(config, drained, truth, result.verdict)
            result.faults, result.requests = weather.met, weather.requests
            result.seconds = time.monotonic() - began
            if not result.verdict.kept:
                _keep(folder)
        if self._failed:
            raise self._failed[0]
        return result

    def _feed(self, folder: Path, port: int, happenings: list[Happening]) -> None:
        """Let the world happen, spread over the time that the kills take."""
        pause = self._kills * 0.5 / max(1, len(happenings))
        try:
            with IMAPClient("127.0.0.1", port, ssl=False, timeout=30) as box:
                box.login("feedback", "secret")
                for happening in happenings:
                    if happening.kind == "mail":
                        box.append("INBOX", happening.data)
                    else:
                        name = "queue_log" if happening.kind == "call" else "surveys/answers.csv"
                        with (folder / name).open("ab") as file:
                            file.write(happening.data)
                    time.sleep(pause)
        except BaseException as error:  # noqa: BLE001 - told to the trial, whatever it is
            self._failed.append(error)

    def _chaos(self, config: Path, folder: Path, result: Result, feeder: threading.Thread) -> None:
        while sum(result.kills.values()) < self._kills or feeder.is_alive():
            self._life(config, folder, result)

    def _life(self, config: Path, folder: Path, result: Result) -> None:
        """Start a daemon and end it, one way or another."""
        draw = self._chance.random()
        point = self._chance.choice(crash.POINTS) if draw < 0.55 else ""  # noqa: PLR2004 - shares
        spec = f"{point}:{self._chance.choice((1, 1, 2, 3))}" if point else ""
        process = daemons.start(self._context, config, spec, folder / "daemon.log")
        if point:
            process.join(POINT_S)
            died = process.exitcode == -signal.SIGKILL
            if died:
                result.kills[point] += 1
                return
        else:
            process.join(self._chance.uniform(0.1, 0.7))
        if process.exitcode is not None:
            last = (folder / "daemon.log").read_text(encoding="utf-8").splitlines()[-3:]
            raise RuntimeError(f"a daemon ended by itself with {process.exitcode}: {last}")
        if draw > 0.97:  # noqa: PLR2004 - shares
            self._suspend(process, config, folder, result)
        if draw > 0.9:  # noqa: PLR2004 - likewise
            result.other["sigterm"] += 1
            process.terminate()
            process.join(60)
        else:
            result.kills["random"] += 1
            process.kill()
        process.join()

    def _suspend(
        self, process: ForkServerProcess, config: Path, folder: Path, result: Result
    ) -> None:
        """Stop the host for a while in mid-work, and try a second daemon meanwhile."""
        assert process.pid is not None  # noqa: S101 - it was started above
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGSTOP)
        # stopped before it came to the lock, it has no claim to keep others out
        holds = f"pid {process.pid} " in (lock.holder(folder / "state") or "")
        if holds:
            result.other["suspended"] += 1
            self._second(config, folder, result)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.3)

    def _second(self, config: Path, folder: Path, result: Result) -> None:
        second = daemons.start(self._context, config, "", folder / "second.log")
        second.join(20)
        if second.is_alive():
            second.kill()
            second.join()
            self._failed.append(AssertionError("a second daemon ran beside the first"))
        result.other["second daemon refused"] += second.exitcode == LOCKED

    def _drain(
        self,
        config: Path,
        folder: Path,
        seconds: float,
        enough: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Let a daemon live and finish everything; False when it does not in time."""
        process = daemons.start(self._context, config, "", folder / "daemon.log")
        deadline = time.monotonic() + seconds
        quiet = 0
        while time.monotonic() < deadline and quiet < 6 and not enough():  # noqa: PLR2004 - three seconds of quiet
            time.sleep(0.5)
            quiet = quiet + 1 if self._idle(config) else 0
        process.terminate()
        process.join(60)
        return quiet >= 6  # noqa: PLR2004 - likewise

    def _idle(self, config: Path) -> bool:
        try:
            store = open_store(load(config), "reader", "campaign")
        except StateError:
            return False  # the daemon has not come to make its tables yet
        try:
            with store.read() as connection:
                undone = outbox.undone(connection)
            return undone == 0 and account(store).outcomes["waiting"] == 0
        finally:
            store.close()

    def _our_books(self, config: Path, drained: bool, truth: Truth, verdict: Verdict) -> None:  # noqa: FBT001 - a finding
        store = open_store(load(config), "reader", "campaign")
        try:
            found = account(store)
            with store.read() as connection:
                report = verify(connection, instance=store.instance, at=store.clock())
                aside = outbox.counts(connection).get("aside", 0)
        finally:
            store.close()
        if not drained:
            verdict.extra.append("not everything came to its end in time")
        if found.imbalance:
            verdict.extra.append(f"imbalance {found.imbalance}")
        if not report.ok:
            verdict.extra.append(f"ledger: {report.faults[0].what}")
        if aside:
            verdict.extra.append(f"{aside} changes set aside")
        if found.outcomes["unreadable"]:
            verdict.extra.append(f"{found.outcomes['unreadable']} unreadable")
        if found.outcomes["counted"] < len(truth.silent):
            verdict.extra.append("thanks were not counted")


def run_trial(seed: int, kills: int, helpdesk: str) -> Result:
    """Run one trial of the campaign's size; for a process of its own."""
    desk = desks.named(helpdesk)
    return Trial(seed, kills=kills, people=PEOPLE, fault_rate=FAULT_RATE, desk=desk).run()


def _keep(folder: Path) -> None:
    """Keep what a broken promise needs to be understood."""
    kept = Path(tempfile.mkdtemp(prefix="amends-campaign-broken-"))
    for source in folder.rglob("*"):
        if source.is_file() and source.stat().st_size < 200_000_000:  # noqa: PLR2004 - 200 MB
            target = kept / source.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    print(f"kept in {kept}")  # noqa: T201 - a command-line tool
