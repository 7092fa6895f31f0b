"""The power fails: whatever the disk had not flushed may be gone, and nothing is lost or doubled.

The daemon works under strace; from its writes and flushes every state of the disk is built in
which a cut could have left it. What is checked: the database is whole, each request that had
left was on the disk as an intent before, and a daemon that starts on such a state ends with
one ticket for each complaint.
"""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from servers.helpdesk import SiteWorld, running_site
from servers.place import PATIENCE_S, Place, lived, tickets, until
from servers.power import CALLS, Event, events, replay

from connector.domain.ticket import TicketRef

COMPLAINTS = 4
RESTARTS = 2
"""So many of the states are tried with a real daemon."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    world = SiteWorld(running_site())
    place = Place(tmp_path_factory.mktemp("power"), world.port)
    lived(place)
    before = {path.name: path.read_bytes() for path in place.state.iterdir() if path.is_file()}
    trace = place.home / "trace"
    options = ["-f", "-qq", "-y", "-xx", "-s", "300000", "-o", str(trace), "-e", f"trace={CALLS}"]
    with place.daemon("strace", *options) as process:
        until(lambda: process.poll() is not None or place.logged("started") >= 2)
        if process.poll() is not None:
            pytest.skip("this machine lets nobody trace")
        for number in range(COMPLAINTS):
            place.complain(number)
        until(lambda: place.states() == ["done"] * COMPLAINTS, place.log.read_text("utf-8"))
        child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
        subprocess.run(["kill", "-TERM", child], check=True)
        assert process.wait(PATIENCE_S) == 0
    yield place, world, before, list(events(trace.read_text("ascii"), place.state))
    world.close()


def opened(files: Mapping[str, bytes], folder: Path) -> sqlite3.Connection:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        if name.startswith("amends.db") and not name.endswith("-shm"):
            (folder / name).write_bytes(content)
    return sqlite3.connect(folder / "amends.db")


def intents(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT key, state FROM outbox").fetchall()
    return {str(key): str(state) for key, state in rows}


def posted(event: Event) -> str:
    """Our key in the body of a request that opens a ticket; empty for anything else."""
    if not event.data.startswith(b"{"):
        return ""
    return str(json.loads(event.data).get("custom_amends_key", ""))


def test_what_left_was_an_intent_on_the_disk_before(recorded, tmp_path) -> None:
    _, _, before, happened = recorded
    chance = Random(1)
    seen = set()
    for event, disk in replay(happened, before):
        if event.kind == "sent" and (key := posted(event)):
            seen.add(key)
            for _ in range(3):
                with closing(opened(disk.after_cut(chance), tmp_path / "cut")) as connection:
                    assert intents(connection)[key] == "sending"
    assert len(seen) == COMPLAINTS


def test_a_disk_that_flushes_nothing_is_caught(recorded, tmp_path) -> None:
    _, _, before, happened = recorded
    chance = Random(4)
    lying = [event for event in happened if not event.kind.startswith("flush")]
    lost = 0
    for event, disk in replay(lying, before):
        if event.kind == "sent" and (key := posted(event)):
            with closing(opened(disk.after_cut(chance), tmp_path / "cut")) as connection:
                try:
                    lost += intents(connection).get(key) != "sending"
                except sqlite3.DatabaseError:
                    lost += 1
    assert lost


def test_no_cut_leaves_a_database_that_is_not_whole(recorded, tmp_path) -> None:
    _, _, before, happened = recorded
    chance = Random(2)
    promised: set[str] = set()
    flushes = 0
    for event, disk in replay(happened, before):
        if event.kind != "flush_end":
            continue
        flushes += 1
        with closing(opened(disk.after_cut(chance), tmp_path / "cut")) as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            done = {key for key, state in intents(connection).items() if state == "done"}
            (entries, last) = connection.execute("SELECT count(*), max(seq) FROM ledger").fetchone()
        assert promised <= done, "what was done cannot be undone by a cut"
        assert entries == last, "the ledger has no holes"
        promised = done
    assert flushes > COMPLAINTS


def forget_others(world: SiteWorld, known: set[str]) -> None:
    """Take the helpdesk back to the time of the cut: what was posted later never was."""
    for ticket in world.api("GET", "/api/tickets/", params={"page_size": "100"}).json()["results"]:
        if ticket["custom_amends_key"] not in known:
            world.delete(TicketRef(id=str(ticket["id"])))


def test_a_daemon_that_starts_after_a_cut_makes_one_ticket_for_each_complaint(recorded) -> None:
    place, world, before, happened = recorded
    chance = Random(3)
    keys: set[str] = set()
    cuts: list[tuple[set[str], dict[str, bytes]]] = []
    for event, disk in replay(happened, before):
        if event.kind == "sent":
            keys |= {posted(event)} - {""}
            cuts.append((set(keys), disk.after_cut(chance)))
    places = sorted(chance.sample(range(len(cuts)), RESTARTS), reverse=True)
    for known, files in (cuts[number] for number in places):
        forget_others(world, known)
        shutil.rmtree(place.state)
        place.state.mkdir(mode=0o700)
        for name, content in files.items():
            if not name.endswith("-shm"):
                (place.state / name).write_bytes(content)
                (place.state / name).chmod(0o600)
        with place.daemon() as process:
            until(lambda: place.states() == ["done"] * COMPLAINTS, place.log.read_text("utf-8"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        assert tickets(world) == COMPLAINTS
