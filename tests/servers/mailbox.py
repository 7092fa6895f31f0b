"""A mailbox whose server does what no honest one does, and a wire that cuts and swallows."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable

from servers.imap import ScriptedImap

from connector.domain.errors import EdgeError
from connector.testing.source import identities

_FETCH = re.compile(r"UID FETCH ([\d,:]+) \((.*)\)")


def message(number: int, filler: int = 0) -> bytes:
    """One complaint, each by another person."""
    return (
        f"From: Patient {number} <p{number}@example.com>\r\nSubject: Feedback {number}\r\n"
        f"Message-ID: <{number}@example.com>\r\n\r\nI waited for {number} hours.\r\n"
    ).encode() + b"x" * filler


class FakeMailbox(ScriptedImap):
    """Folders in memory. `faults` maps the beginning of a command to what happens instead, once.

    A fault is bytes (`{tag}` stands for the tag), or a function of (connection, tag, lines); one
    that gives False ends the connection.
    """

    def __init__(self, *messages: bytes, **more) -> None:
        self.folders: dict[str, dict[int, bytes]] = {"INBOX": dict(enumerate(messages, 1))}
        self.uidvalidity = 7
        self.faults: list[tuple[str, bytes | Callable]] = []
        self._selected = "INBOX"
        super().__init__(**more)
        self.answers = {"": self._answer}

    @property
    def inbox(self) -> dict[int, bytes]:
        return self.folders["INBOX"]

    def fail(self, command: str, fault: bytes | Callable, times: int = 1) -> None:
        self.faults += [(command, fault)] * times

    def _answer(self, conn, tag, lines):
        command = self.commands[-1]
        for place, (beginning, fault) in enumerate(self.faults):
            if command.startswith(beginning):
                del self.faults[place]
                if callable(fault):
                    return fault(conn, tag, lines)
                conn.sendall(fault.replace(b"{tag}", tag))
                return True
        if command == "IDLE":
            conn.sendall(b"+ idling\r\n")
            if lines.readline().strip() != b"DONE":
                return False
        conn.sendall(self.untagged(command) + tag + b" OK done\r\n")
        return True

    def untagged(self, command: str) -> bytes:
        """What an honest server answers."""
        if command.startswith(("EXAMINE", "SELECT")):
            self._selected = command.split(" ", 1)[1].strip('"')
            box = self.folders[self._selected]
            told = f"* {len(box)} EXISTS\r\n* OK [UIDVALIDITY {self.uidvalidity}] ok\r\n"
            return (told + f"* OK [UIDNEXT {max(box, default=0) + 1}] ok\r\n").encode()
        if command.startswith("STATUS"):
            name = command.split('"')[1]
            uidnext = max(self.folders[name], default=0) + 1
            told = f'* STATUS "{name}" (UIDVALIDITY {self.uidvalidity} UIDNEXT {uidnext})\r\n'
            return told.encode()
        if command.startswith("LIST"):
            return b"".join(b'* LIST () "/" "%b"\r\n' % name.encode() for name in self.folders)
        return self._told_of_messages(command)

    def _told_of_messages(self, command: str) -> bytes:
        if command.startswith("UID SEARCH"):
            return b"* SEARCH " + " ".join(map(str, self._found(command))).encode() + b"\r\n"
        if match := _FETCH.match(command):
            return b"".join(self.fetched(uid, match[2]) for uid in _numbers(match[1]))
        return _FIXED.get(command, b"")

    def _found(self, command: str) -> list[int]:
        box = sorted(self.folders[self._selected])
        low = int(re.search(r"UID (\d+):\*", command)[1]) if ":*" in command else 0
        return [uid for uid in box if uid >= low] or box[-1:]

    def fetched(self, uid: int, items: str) -> bytes:
        raw = self.folders[self._selected].get(uid)
        if raw is None:
            return b""
        if "RFC822.SIZE" in items:
            date = b'"20-Nov-2026 10:00:00 +0000"'
            return b"* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE %b)\r\n" % (
                uid, uid, len(raw), date,
            )  # fmt: skip
        name = b"BODY[]"
        if part := re.search(r"<0\.(\d+)>", items):
            raw, name = raw[: int(part[1])], b"BODY[]<0>"
        elif "HEADER" in items:
            raw, name = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", b"BODY[HEADER]"
        return b"* %d FETCH (UID %d %b {%d}\r\n%b)\r\n" % (uid, uid, name, len(raw), raw)


_FIXED = {"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n", "LOGOUT": b"* BYE\r\n"}


def _numbers(text: str) -> Iterable[int]:
    for part in text.split(","):
        first, _, last = part.partition(":")
        yield from range(int(first), int(last or first) + 1)


class Daemon:
    """Does with a source what the daemon does: items and cursor in one commit, then settle."""

    def __init__(self, open_source: Callable) -> None:
        self.heard: list = []
        """Every item whose identity was new."""
        self.outages: list[EdgeError] = []
        self._known: set[bytes] = set()
        self.cursor = None
        self._open = open_source
        self.source = open_source()

    def read(self) -> bool:
        """Read once; False after an outage."""
        try:
            for batch in self.source.read(self.cursor):
                for identity, item in zip(identities(batch.items), batch.items, strict=True):
                    if identity not in self._known:
                        self._known.add(identity)
                        self.heard.append(item)
                self.cursor = batch.cursor
                self.source.settle([item.locator for item in batch.items])
        except EdgeError as fault:
            self.outages.append(fault)
            return False
        return True

    def wait(self, seconds: float = 60.0) -> bool:
        try:
            return self.source.wait(seconds)
        except EdgeError as fault:
            self.outages.append(fault)
            return False

    def until_read(self, most: int = 12) -> None:
        """Read until it works."""
        for _ in range(most):
            if self.read():
                return
        raise AssertionError(self.outages)

    def crash(self) -> None:
        """Begin anew from what was committed."""
        self.source.close()
        self.source = self._open()


class Wire:
    """A TCP proxy: cuts after so many bytes of the server, swallows or delays them."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self.cut_after: int | None = None
        """The next connection ends after so many bytes; None: never."""
        self.swallow_after: int | None = None
        """The next connection falls silent after so many bytes, without an end."""
        self.delay_s = 0.0
        self.passed = 0
        """Bytes that the server sent on the last connection."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            cut, self.cut_after = self.cut_after, None
            swallow, self.swallow_after = self.swallow_after, None
            thread = threading.Thread(target=self._pass, args=[client, cut, swallow])
            self._threads.append(thread)
            thread.start()

    def _pass(self, client: socket.socket, cut: int | None, swallow: int | None) -> None:
        self.passed = passed = 0
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection(("127.0.0.1", self._upstream), 10) as server,
        ):
            while not self._stop.is_set():
                for ready in select.select([client, server], [], [], 0.05)[0]:
                    data = ready.recv(65_536)
                    if not data:
                        return
                    if ready is client:
                        server.sendall(data)
                        continue
                    time.sleep(self.delay_s)
                    if cut is not None and passed + len(data) >= cut:
                        client.sendall(data[: cut - passed])
                        return
                    if swallow is not None:
                        data = data[: max(0, swallow - passed)]
                    client.sendall(data)
                    passed += len(data)
                    self.passed = passed
