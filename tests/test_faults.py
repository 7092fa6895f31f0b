"""Real faults against the real process: disks, signals, a helpdesk that takes its time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from servers.helpdesk import SiteWorld, running_site
from servers.place import PATIENCE_S, Place, lived, tickets, until


class Slow:
    """Passes HTTP on and holds answers to new tickets back until it is told to."""

    def __init__(self, upstream: int) -> None:
        self.arrived = threading.Event()
        self.go = threading.Event()
        self._upstream = upstream
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.go.set()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._upstream)) as server:
            up = threading.Thread(target=self._pass, args=(client, server, True), daemon=True)
            up.start()
            self._pass(server, client, False)
            up.join(1)

    def _pass(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        held = False
        with suppress(OSError):
            while data := source.recv(65_536):
                if up and data.startswith(b"POST /api/tickets"):
                    self.arrived.set()
                    held = True
                if not up and self.arrived.is_set() and not held:
                    held = True
                    self.go.wait(PATIENCE_S)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def world() -> Iterator[SiteWorld]:
    found = SiteWorld(running_site())
    yield found
    found.close()


@pytest.fixture
def slow(world: SiteWorld) -> Iterator[Slow]:
    made = Slow(world.port)
    yield made
    made.close()


@contextmanager
def volume(where: Path, size: str) -> Iterator[Path]:
    where.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("mounting needs root and CAP_SYS_ADMIN")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def fill(path: Path, leave: int = 0) -> None:
    """Write until nothing but `leave` bytes is free."""
    with path.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            stat = os.statvfs(path.parent)
            if leave and stat.f_bavail * stat.f_frsize - size < leave:
                return
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2


def sentence(code: int, err: str) -> str:
    """One line that begins with our name, no traceback; 74."""
    assert code == 74, err
    told = [line for line in err.splitlines() if line.startswith("amends: ")]
    assert len(told) == 1, err
    assert "Traceback" not in err
    return told[0]


# what the exit code says


def test_a_flipped_page_ends_with_74_and_the_cure(place: Place) -> None:
    lived(place)
    path = place.state / "amends.db"
    image = bytearray(path.read_bytes())
    for page in range(2, len(image) // 4096, 3):
        image[page * 4096 : page * 4096 + 200] = b"\x5a" * 200
    path.write_bytes(bytes(image))
    assert "restore a backup" in sentence(*place.run_to_its_end())
    assert path.read_bytes() == bytes(image)


def test_a_missing_database_ends_with_74_and_none_is_made(place: Place) -> None:
    lived(place)
    (place.state / "amends.db").unlink()
    assert "restore it from a backup" in sentence(*place.run_to_its_end())
    assert not (place.state / "amends.db").exists()


def test_a_newer_schema_ends_with_74(place: Place) -> None:
    lived(place)
    with closing(sqlite3.connect(place.state / "amends.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer amends" in sentence(*place.run_to_its_end())


def test_a_second_daemon_ends_with_75_and_names_the_first(place: Place) -> None:
    with place.daemon() as process:
        place.started()
        code, err = place.run_to_its_end()
        assert (code, f"held by pid {process.pid}" in err) == (75, True)


def test_a_write_lock_of_an_admins_shell_is_named_and_waited_out(place: Place) -> None:
    lived(place)
    shell = sqlite3.connect(place.state / "amends.db", isolation_level=None)
    shell.execute("BEGIN EXCLUSIVE")
    told = sentence(*place.run_to_its_end())
    shell.execute("ROLLBACK")
    shell.close()
    assert "another program holds a write lock" in told
    assert f"open in process {os.getpid()}" in told


def test_a_full_disk_at_the_start_ends_with_74(tmp_path: Path) -> None:
    with volume(tmp_path / "disk", "8m") as disk:
        place = Place(tmp_path, state=disk)
        fill(disk / "ballast")
        sentence(*place.run_to_its_end())
        (disk / "ballast").unlink()
        shutil.rmtree(place.state, ignore_errors=True)
        lived(place)


def test_a_volume_that_is_read_only_ends_with_74_and_status_still_works(tmp_path: Path) -> None:
    with volume(tmp_path / "disk", "80m") as disk:
        place = Place(tmp_path, state=disk)
        lived(place)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        sentence(*place.run_to_its_end())
        done = subprocess.run(
            place.command("status", "--json"), capture_output=True, text=True, check=False
        )
        assert (done.returncode, json.loads(done.stdout)["level"]) == (2, "down")


def test_an_error_of_the_disk_in_a_flush_ends_the_process_at_once(place: Place) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    with place.daemon() as process:
        place.started()
        inject = "inject=fsync,fdatasync:error=EIO"
        tracer = subprocess.Popen(
            [
                "strace",
                "-f",
                "-qq",
                "-o",
                place.home / "trace",
                "-e",
                inject,
                "-p",
                f"{process.pid}",
            ],
            stderr=subprocess.PIPE,
        )
        try:
            status = Path(f"/proc/{process.pid}/status")
            until(lambda: tracer.poll() is not None or "TracerPid:\t0" not in status.read_text())
            if tracer.poll() is not None:
                pytest.skip("this machine lets nobody trace")
            place.complain(1)
            assert process.wait(PATIENCE_S) == 74
        finally:
            tracer.kill()
            tracer.communicate()
    assert "the disk answers with an error" in place.log.read_text("utf-8")
    lived(place)
    assert place.rows("SELECT count(*) FROM signal") == [(1,)], "nothing was lost"


# a full disk while it runs


def test_a_disk_that_is_nearly_full_pauses_and_work_goes_on_by_itself(
    tmp_path: Path, world: SiteWorld
) -> None:
    with volume(tmp_path / "disk", "100m") as disk:
        place = Place(tmp_path, world.port, state=disk)
        with place.daemon():
            place.started()
            fill(disk / "ballast", leave=1 << 22)
            place.complain(1)
            until(lambda: place.logged("source_paused"))
            assert place.rows("SELECT count(*) FROM signal") == [(0,)]
            (disk / "ballast").unlink()
            until(lambda: place.states() == ["done"], place.log.read_text("utf-8"))
    assert tickets(world) == 1


# signals


def test_a_stop_in_the_middle_of_a_request_lets_it_end(
    tmp_path: Path, world: SiteWorld, slow: Slow
) -> None:
    place = Place(tmp_path, slow.port)
    place.complain(1)
    with place.daemon() as process:
        assert slow.arrived.wait(PATIENCE_S)
        process.send_signal(signal.SIGTERM)
        until(lambda: place.states() == ["sending"])
        slow.go.set()
        assert process.wait(PATIENCE_S) == 0
    assert place.states() == ["done"]
    assert tickets(world) == 1


def test_a_kill_in_the_middle_of_a_request_leaves_a_doubt_that_is_looked_into(
    tmp_path: Path, world: SiteWorld, slow: Slow
) -> None:
    place = Place(tmp_path, slow.port)
    place.complain(1)
    with place.daemon() as process:
        assert slow.arrived.wait(PATIENCE_S)
        until(lambda: tickets(world) == 1)
        process.send_signal(signal.SIGTERM)
        process.kill()
        assert process.wait(PATIENCE_S) == -signal.SIGKILL
    assert place.states() == ["sending"]
    slow.go.set()
    with place.daemon():
        until(lambda: place.states() == ["done"], place.log.read_text("utf-8"))
    assert tickets(world) == 1
    (row,) = place.rows("SELECT body FROM ledger WHERE action = 'change.confirmed'")
    assert json.loads(row[0])["how"] == "found"


def test_a_suspension_in_the_middle_of_a_request_has_one_effect(
    tmp_path: Path, world: SiteWorld, slow: Slow
) -> None:
    place = Place(tmp_path, slow.port)
    place.complain(1)
    with place.daemon() as process:
        assert slow.arrived.wait(PATIENCE_S)
        process.send_signal(signal.SIGSTOP)
        slow.go.set()
        until(lambda: tickets(world) == 1)
        process.send_signal(signal.SIGCONT)
        until(lambda: place.states() == ["done"], place.log.read_text("utf-8"))
    assert tickets(world) == 1


# a restore


def test_yesterdays_database_put_back_makes_no_second_ticket(
    tmp_path: Path, world: SiteWorld
) -> None:
    place = Place(tmp_path, world.port)
    place.complain(1)
    with place.daemon() as process:
        until(lambda: place.states() == ["done"])
        backup = subprocess.run(place.command("backup", str(tmp_path / "copy.db")), check=False)
        assert backup.returncode == 0
        place.complain(2)
        until(lambda: place.states() == ["done", "done"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    for path in place.state.glob("amends.db*"):
        path.unlink()
    shutil.copy(tmp_path / "copy.db", place.state / "amends.db")
    place.complain(3)
    with place.daemon():
        until(lambda: place.logged("recovery_ended"), place.log.read_text("utf-8"))
        until(lambda: place.states() == ["done"] * 3, place.log.read_text("utf-8"))
    assert tickets(world) == 3
    told = place.rows("SELECT body FROM ledger WHERE action = 'change.confirmed' ORDER BY seq")
    assert [json.loads(row[0])["how"] for row in told] == ["sent", "found", "sent"]
    assert place.rows("SELECT count(*) FROM ledger WHERE action = 'recovery.ended'") == [(1,)]
