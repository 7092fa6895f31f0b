"""Telling systemd how we are."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from connector.notify import Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    address = str(tmp_path / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(address)
        listening.settimeout(5)
        yield listening, address


def test_lines_arrive_as_one_message(systemd: tuple[socket.socket, str]) -> None:
    listening, address = systemd
    Notifier(address).send("READY=1", "STATUS=at work")
    assert listening.recv(1_000) == b"READY=1\nSTATUS=at work"


def test_the_address_comes_from_the_environment(
    systemd: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening, address = systemd
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    Notifier().send("WATCHDOG=1")
    assert listening.recv(1_000) == b"WATCHDOG=1"


def test_an_abstract_address_is_understood() -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind("")  # the kernel chooses a name in its abstract space
        listening.settimeout(5)
        name = listening.getsockname()
        Notifier("@" + name[1:].decode()).send("READY=1")
        assert listening.recv(1_000) == b"READY=1"


def test_outside_systemd_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    Notifier().send("READY=1")


@pytest.mark.parametrize("address", ["/nowhere/at/all", "relative", "@nobody-listens", "x" * 500])
def test_a_manager_that_cannot_be_reached_is_no_reason_to_stop(address: str) -> None:
    Notifier(address).send("READY=1")


def test_a_manager_that_does_not_read_does_not_hold_us_up(
    systemd: tuple[socket.socket, str],
) -> None:
    _, address = systemd
    notifier = Notifier(address)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as filling:
        filling.setblocking(False)
        filling.connect(address)
        with suppress(BlockingIOError):
            while True:  # until its queue is full
                filling.send(b"x")
    notifier.send("WATCHDOG=1")
