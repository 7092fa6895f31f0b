"""The listener, with real sockets: who may send, what is kept, and what a full disk does."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import signal
import socket
import subprocess
import sys

import pytest

from connector.domain.errors import ConfigError
from connector.listen import status
from connector.listen.server import IDLE_LINE_S, Address, Server
from connector.listen.spool import Spool

ROW = b"2026/11/20 09:28:41,00:00:00,9,19175550106,I,4324,4324,,0,1000014155,0,E4324,Sam\r\n"
TURNS = 400


class Monotonic:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@contextlib.contextmanager
def listening(tmp_path, **more):
    more.setdefault("listen", [Address(host="127.0.0.1", port=0)])
    spool = Spool(tmp_path / "smdr.log")
    server = Server(spool, **more)
    try:
        yield server
    finally:
        server.close()
        spool.close()


def until(server, true):
    for _ in range(TURNS):
        if true():
            return
        server.turn(0.05)
    raise AssertionError("it never came")


def dial(server):
    return socket.create_connection(("127.0.0.1", server.ports[0]), timeout=10)


def test_rows_of_two_phone_systems_are_kept_whole(tmp_path):
    with listening(tmp_path) as server, dial(server) as one, dial(server) as two:
        one.sendall(ROW[:30])
        two.sendall(ROW + ROW[:10])
        until(server, lambda: server.counts.bytes == 30 + len(ROW) + 10)
        one.sendall(ROW[30:])
        until(server, lambda: server.counts.lines == 2)
        two.sendall(ROW[10:])
        until(server, lambda: server.counts.lines == 3)
        assert (tmp_path / "smdr.log").read_bytes() == ROW.replace(b"\r\n", b"\n") * 3


def test_a_last_row_without_an_end_is_kept_when_the_connection_closes_or_rests(tmp_path):
    clock = Monotonic()
    with listening(tmp_path, monotonic=clock) as server:
        with dial(server) as one:
            one.sendall(b"half")
            until(server, lambda: server.counts.bytes == 4)
            clock.now += IDLE_LINE_S
            until(server, lambda: server.counts.lines == 1)
            one.sendall(b"other half")
        until(server, lambda: server.counts.lines == 2)
        assert (tmp_path / "smdr.log").read_bytes() == b"half\nother half\n"
        assert server.counts.unfinished == 2


def test_who_is_not_allowed_is_refused_and_nothing_of_them_is_kept(tmp_path):
    others = [ipaddress.ip_network("192.0.2.0/24")]
    with listening(tmp_path, allowed=others) as server, dial(server) as peer:
        until(server, lambda: server.counts.refused == 1)
        with contextlib.suppress(OSError):
            peer.sendall(ROW)
        server.turn(0.05)
        assert server.counts.lines == 0


def test_more_connections_than_allowed_are_refused_and_the_first_go_on(tmp_path):
    with listening(tmp_path, max_connections=1) as server, dial(server) as one:
        until(server, lambda: server.counts.connections == 1)
        with dial(server):
            until(server, lambda: server.counts.refused == 1)
        one.sendall(ROW)
        until(server, lambda: server.counts.lines == 1)


def test_with_a_full_disk_nothing_is_read_and_later_nothing_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("connector.listen.server.TICK_S", 0.01)
    with listening(tmp_path) as server, dial(server) as peer:
        until(server, lambda: server.counts.connections == 1)
        real = os.write

        def full(handle, data):
            if handle == server._spool._file:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(handle, data)

        monkeypatch.setattr(os, "write", full)
        peer.sendall(ROW)
        until(server, lambda: server.counts.blocked)
        peer.sendall(ROW * 5)
        taken = server.counts.bytes
        for _ in range(5):
            server.turn(0.01)
        assert server.counts.bytes == taken == len(ROW)
        assert status.read(tmp_path / "smdr.log").blocked
        monkeypatch.setattr(os, "write", real)
        until(server, lambda: server.counts.lines == 6)
        assert (tmp_path / "smdr.log").read_bytes().count(b"\n") == 6
        assert not server.counts.blocked


def test_a_phone_system_that_waits_is_connected_to_and_again_after_it_went(tmp_path):
    clock = Monotonic()
    with socket.create_server(("127.0.0.1", 0)) as pbx:
        pbx.settimeout(10)
        address = Address(host="127.0.0.1", port=pbx.getsockname()[1])
        with listening(tmp_path, listen=[], connect=[address], monotonic=clock) as server:
            for time in (1, 2):
                until(server, lambda time=time: server.counts.accepted == time)
                with pbx.accept()[0] as peer:
                    peer.sendall(ROW)
                    until(server, lambda time=time: server.counts.lines == time)
                until(server, lambda: server.counts.connections == 0)
                clock.now += 60
    assert (tmp_path / "smdr.log").read_bytes().count(b"\n") == 2


def test_a_phone_system_that_is_away_is_tried_again_with_longer_pauses(tmp_path):
    clock = Monotonic()
    with socket.create_server(("127.0.0.1", 0)) as pbx:
        port = pbx.getsockname()[1]
    away = Address(host="127.0.0.1", port=port)
    with listening(tmp_path, listen=[], connect=[away], monotonic=clock) as server:
        call = server._calls[0]
        for pause in (1, 2, 4):
            until(server, lambda: call.sock is None and call.due > clock.now)
            assert call.due - clock.now == pause
            clock.now = call.due


def test_a_port_that_is_taken_is_a_matter_of_the_configuration(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Address(host="127.0.0.1", port=other.getsockname()[1])
        spool = Spool(tmp_path / "smdr.log")
        with pytest.raises(ConfigError, match="cannot be listened on"):
            Server(spool, listen=[taken])
        spool.close()


def start(path):
    """Start the command; give the process and the port that it tells."""
    process = subprocess.Popen(
        [sys.executable, "-m", "connector", "listen", "--to", path, "--listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if '"listening"' in line or "listening" in line:
            word = next(part for part in line.replace('"', " ").split() if "port" in part)
            tail = line[line.index(word) + 4 :]
            return process, int("".join(c for c in tail[:10] if c.isdigit()))
    raise AssertionError("it did not start")


def test_kill_9_loses_no_row_that_was_stored_and_the_next_one_goes_on(tmp_path):
    path = tmp_path / "smdr.log"
    for round_ in (1, 2):
        process, port = start(path)
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
                peer.sendall(ROW * 50)
                peer.shutdown(socket.SHUT_WR)
                assert peer.recv(1) == b""  # it closed, so it has read all
            ask = [sys.executable, "-m", "connector", "listen", "--to", path, "--status", "--json"]
            told = subprocess.run(ask, capture_output=True, text=True, check=False)
            assert (told.returncode, '"state": "running"' in told.stdout) == (0, True)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(20)
            process.stderr.close()
        assert path.read_bytes() == ROW.replace(b"\r\n", b"\n") * 50 * round_
    told = subprocess.run(ask, capture_output=True, text=True, check=False)
    assert (told.returncode, '"state": "down"' in told.stdout) == (2, True)
