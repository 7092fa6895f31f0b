"""The daily self-test runs beside everything else, and only where it was asked for."""

from __future__ import annotations

from typing import ClassVar, Literal

import pytest

from connector import daemon as daemon_room
from connector.app import build
from connector.daemon import Daemon
from connector.domain.ticket import TicketStatus
from connector.helpdesks.base import HelpdeskSettings
from connector.pipeline.canary import JOB
from connector.settings import Settings
from connector.sources.base import SourceSettings
from connector.store import jobs
from connector.testing.memory_desk import MemoryDesk
from connector.testing.memory_helpdesk import MemoryHelpdesk
from connector.testing.memory_source import MemorySource

PATIENCE_S = 20.0


class QuietSettings(SourceSettings):
    kind: Literal["quiet"] = "quiet"

    def open(self, practice):
        del practice
        return MemorySource(self.name)


class OneDeskSettings(HelpdeskSettings):
    kind: Literal["one"] = "one"
    desk: ClassVar[MemoryDesk]

    def open(self, practice):
        del practice
        return MemoryHelpdesk(self.desk)


@pytest.fixture
def planned(tmp_path):
    """Plan a daemon's jobs, which runs what is due; give the daemon."""
    made = []

    def planned(**canary):
        OneDeskSettings.desk = MemoryDesk()
        settings = Settings(
            state_dir=tmp_path / "state",
            practice={"tenant": "practice", "name": "Practice", "zone": "Europe/Berlin"},
            sources=(QuietSettings(name="quiet"),),
            helpdesk=OneDeskSettings(),
            canary=canary,
        )
        made.append(build(settings))
        daemon = Daemon(made[-1])
        daemon._plan()
        for thread in daemon._threads:
            thread.join(PATIENCE_S)
        return daemon

    yield planned
    for app in made:
        app.close()


def test_it_flies_once_a_day_and_lands(planned):
    daemon = planned(enabled=True, hour=0)
    [ticket] = OneDeskSettings.desk.tickets.values()
    assert ticket.snapshot.status is TicketStatus.CLOSED
    with daemon._app.store.read() as connection:
        assert JOB in jobs.last_runs(connection)
    daemon._plan()
    assert len(OneDeskSettings.desk.tickets) == 1


def test_nothing_flies_unless_it_was_asked_for(planned):
    planned()
    assert OneDeskSettings.desk.calls == []


def test_a_fault_of_ours_in_it_does_not_end_the_daemon(planned, monkeypatch):
    def fall(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(daemon_room.canary, "fly", fall)
    daemon = planned(enabled=True, hour=0)
    assert not daemon.stop.is_set()
