"""What lives is fed to the watchdog, what hangs is begun anew, and the rest goes on."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from connector import daemon as daemon_room
from connector import scheduler as scheduler_room
from connector.app import Application, build, status_of
from connector.daemon import MOST_GIVEN_UP, Daemon
from connector.domain.practice import Practice
from connector.domain.signal import Batch, Cursor, Item
from connector.helpdesks.base import Helpdesk, HelpdeskSettings
from connector.notify import Notifier
from connector.pipeline import clocks, loops
from connector.settings import Settings
from connector.sources.base import Source, SourceSettings
from connector.store import signals
from connector.testing.memory_desk import MemoryDesk, Weather
from connector.testing.memory_helpdesk import MemoryHelpdesk
from connector.testing.memory_source import MemorySource, a_signal

PATIENCE_S = 20.0


def until(what: Callable[[], object]) -> None:
    """Wait for something that other threads bring about."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.01)


class Stuck:
    """A source whose read never comes back, and whom closing does not wake."""

    def __init__(self, name: str, let_go: threading.Event, *items: Item) -> None:
        self.name = name
        self.reading = threading.Event()
        self.finished = threading.Event()
        self._let_go = let_go
        self._items = items

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        del after
        self.reading.set()
        self._let_go.wait(60)
        self.finished.set()
        yield Batch(items=self._items, cursor="999")

    def settle(self, locators: Sequence[str]) -> None:
        raise AssertionError(f"settled {locators}")

    def close(self) -> None:
        pass


class PlannedSettings(SourceSettings):
    """Opens the sources that a test planned, one after the other; the last again and again."""

    kind: Literal["planned"] = "planned"
    plans: ClassVar[dict[str, list[Source]]] = {}

    def open(self, practice: Practice) -> Source:
        del practice
        plan = self.plans[self.name]
        return plan.pop(0) if len(plan) > 1 else plan[0]


class OneDeskSettings(HelpdeskSettings):
    """Opens the helpdesk that a test planned."""

    kind: Literal["one"] = "one"
    desks: ClassVar[list[Helpdesk]] = []

    def open(self, practice: Practice) -> Helpdesk:
        del practice
        return self.desks[-1]


@pytest.fixture(autouse=True)
def _short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_room, "WATCHDOG_S", 0.05)
    monkeypatch.setattr(daemon_room, "GRACE_S", 5.0)
    monkeypatch.setattr(scheduler_room, "LONGEST_NAP_S", 0.02)
    monkeypatch.setattr(loops, "LONGEST_WAIT_S", 0.1)


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@contextmanager
def manager(tmp_path: Path) -> Iterator[tuple[socket.socket, Notifier]]:
    """What systemd listens with."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(PATIENCE_S)
        yield listening, Notifier(str(tmp_path / "notify"))


def an_app(tmp_path: Path, desk: Helpdesk | None = None, **plans: list[Source]) -> Application:
    PlannedSettings.plans = dict(plans)
    OneDeskSettings.desks = [desk or MemoryHelpdesk(MemoryDesk())]
    return build(
        Settings(
            state_dir=tmp_path / "state",
            practice={"tenant": "practice", "name": "Practice", "zone": "Europe/Berlin"},  # type: ignore[arg-type]  # as in the file
            sources=tuple(PlannedSettings(name=name, poll_seconds=1) for name in plans),
            helpdesk=OneDeskSettings(),
        )
    )


@contextmanager
def running(app: Application, notifier: Notifier) -> Iterator[Daemon]:
    made = Daemon(app, notifier)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            made.run()
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield made
    finally:
        made.stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert failures == []


def heard(app: Application) -> set[str]:
    with app.store.read() as connection:
        rows = connection.execute(sa.text("SELECT DISTINCT source FROM signal"))
        return {row[0] for row in rows}


def pings(listening: socket.socket) -> None:
    """Wait for two of them: the second one was sent after now."""
    for _ in range(2):
        while b"WATCHDOG=1" not in listening.recv(1_000):
            pass


def silence(listening: socket.socket) -> bool:
    """Look whether nothing comes any more."""
    listening.setblocking(False)
    try:
        while True:
            listening.recv(1_000)
    except BlockingIOError:
        pass
    listening.settimeout(0.5)
    try:
        listening.recv(1_000)
    except TimeoutError:
        return True
    return False


def test_a_stuck_source_is_begun_anew_while_everything_else_goes_on(
    tmp_path: Path, let_go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "READ_S", 0.3)
    late = Stuck("bad", let_go, a_signal(77, source="bad"))
    fresh = MemorySource([a_signal(1, source="bad")], name="bad")
    good = MemorySource([a_signal(2, source="good")], name="good")
    desk = MemoryHelpdesk(MemoryDesk())
    app = an_app(tmp_path, desk, bad=[late, fresh], good=[good])
    with manager(tmp_path) as (listening, notifier), running(app, notifier):
        until(lambda: heard(app) == {"bad", "good"})
        until(lambda: len(desk.desk.tickets) == 2)
        pings(listening)
        let_go.set()  # the first one wakes up after all
        assert late.finished.wait(PATIENCE_S)
        pings(listening)
        with app.store.read() as connection:
            stored = connection.execute(sa.text("SELECT count(*) FROM signal")).scalar()
            cursor = signals.cursor(connection, "practice", "bad")
    assert (stored, cursor) == (2, "1"), "who was given up stores nothing and moves no cursor"


def test_a_source_that_hangs_again_and_again_is_told_and_threads_do_not_pile_up(
    tmp_path: Path, let_go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "READ_S", 0.1)
    app = an_app(tmp_path, bad=[Stuck("bad", let_go)])
    with manager(tmp_path) as (listening, notifier), running(app, notifier) as made:
        until(lambda: any(row.error for row in status_of(app.settings, app.store).sources))
        found = status_of(app.settings, app.store)
        assert found.level == "degraded"
        assert "reading hangs again and again" in found.sources[0].error
        assert len(made._given_up["bad"]) == MOST_GIVEN_UP
        pings(listening)
        let_go.set()


def test_a_stuck_sender_stops_the_pings(
    tmp_path: Path, let_go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_room, "STEP_S", 0.3)
    desk = MemoryHelpdesk(MemoryDesk())
    monkeypatch.setattr(desk, "open", lambda _: let_go.wait(60))
    app = an_app(tmp_path, desk, good=[MemorySource([a_signal(1, source="good")], name="good")])
    with manager(tmp_path) as (listening, notifier), running(app, notifier) as made:
        pings(listening)
        until(lambda: not made._alive())
        assert silence(listening)
        let_go.set()


def test_a_stuck_disk_stops_the_pings(tmp_path: Path, let_go: threading.Event) -> None:
    app = an_app(tmp_path, good=[MemorySource(name="good")])
    with manager(tmp_path) as (listening, notifier), running(app, notifier):
        pings(listening)
        stuck = threading.Thread(target=app.store.write, args=(lambda _: let_go.wait(60),))
        stuck.start()
        assert silence(listening)
        let_go.set()
        stuck.join(PATIENCE_S)
        listening.settimeout(PATIENCE_S)
        pings(listening)


def test_a_helpdesk_that_is_down_does_not_stop_the_pings(tmp_path: Path) -> None:
    desk = MemoryHelpdesk(MemoryDesk())
    desk.desk.standing = Weather.DOWN
    app = an_app(tmp_path, desk, good=[MemorySource([a_signal(1, source="good")], name="good")])
    with manager(tmp_path) as (listening, notifier), running(app, notifier):
        until(lambda: "open" in desk.desk.calls)
        pings(listening)


def test_a_silent_source_is_logged_once_and_shown_until_it_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: Any = Mock()
    monkeypatch.setattr(clocks, "log", log)
    app = an_app(tmp_path, good=[MemorySource(name="good")])
    told: set[str] = set()
    store, clock = app.store, app.store.clock
    app.intake(*app.sources[0], lambda: None).pull()
    for _ in range(3):
        assert clocks.silent_sources(store, "practice", {"good": 0}, told) == ["good"]
    assert log.warning.call_count == 1
    assert clocks.silent_sources(store, "practice", {"good": 72}, told) == []
    assert clocks.silent_sources(store, "practice", {"good": 0}, told) == ["good"]
    assert log.warning.call_count == 2
    store.clock = lambda: clock() + timedelta(hours=73)
    assert status_of(app.settings, store).sources[0].silent
    app.close()
