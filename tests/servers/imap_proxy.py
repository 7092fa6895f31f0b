"""A proxy that misbehaves in front of an honest IMAP server: at one command, as often as told."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

GREETING = "greeting"
"""Stands for the moment of connecting, where other faults name a command."""
_ANSWER_S = 20


@dataclass(slots=True)
class Exchange:
    """One command on its way, in the hands of a fault."""

    tag: bytes
    line: bytes
    """As the client sent it, with tag and line end."""
    client: socket.socket
    server: socket.socket

    def honest(self) -> bytes:
        """Pass the command on, and give the server's whole answer."""
        self.server.sendall(self.line)
        return self._until(self.tag + b" ")

    def ask(self, command: bytes) -> bytes:
        """Slip in a command of our own; gives the untagged part of its answer."""
        self.server.sendall(b"MEDDLE " + command + b"\r\n")
        answer = self._until(b"MEDDLE ")
        return answer[: answer.rindex(b"MEDDLE ")]

    def tell(self, *pieces: bytes) -> None:
        """Send to the client, `{tag}` standing for the tag."""
        for piece in pieces:
            self.client.sendall(piece.replace(b"{tag}", self.tag))

    def client_speaks(self) -> bool:
        """Wait until the client sends something more; False when it gave up."""
        return bool(self.client.recv(65_536))

    def _until(self, beginning: bytes) -> bytes:
        self.server.settimeout(_ANSWER_S)
        heard = b""
        while b"\r\n" not in _from_line(heard, beginning):
            more = self.server.recv(65_536)
            assert more, "the honest server hung up"
            heard += more
        return heard


def _from_line(heard: bytes, beginning: bytes) -> bytes:
    place = 0 if heard.startswith(beginning) else heard.find(b"\r\n" + beginning) + 2
    return heard[place:] if place != 1 else b""


Fault = Callable[[Exchange], bool | None]
"""Does what no honest server does; False ends the connection."""


class Meddler:
    """Passes everything on, but for the commands that are to fail."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.commands: list[str] = []
        """Every command of the client, without its tag."""
        self.met: list[str] = []
        """The faults that were met."""
        self._faults: list[tuple[str, Fault]] = []
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def fail(self, command: str, fault: Fault, times: int = 1) -> None:
        """Let the fault happen at the next commands whose beginning matches (a pattern)."""
        self._faults += [(command, fault)] * times

    @property
    def unmet(self) -> bool:
        """True when a fault that was asked for never came to pass."""
        return bool(self._faults) and not self.met

    @property
    def logins(self) -> int:
        return sum(command.startswith("LOGIN") for command in self.commands)

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in [self._accepting, *self._threads]:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=[client])
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            server = socket.create_connection(("127.0.0.1", self.upstream), 10)
            with server:
                self._connections += [client, server]
                fault = self._due(GREETING)
                if fault and fault(Exchange(b"", b"", client, server)) is False:
                    return
                self._pass(client, server)

    def _due(self, command: str) -> Fault | None:
        for place, (beginning, fault) in enumerate(self._faults):
            if re.match(beginning, command):
                del self._faults[place]
                self.met.append(beginning)
                return fault
        return None

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        line = b""
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(65_536)
                if not data:
                    return
                if ready is server:
                    client.sendall(data)
                    continue
                line += data
                if not line.endswith(b"\r\n"):
                    continue
                data, line = line, b""
                tag, _, command = data.partition(b" ")
                said = command.decode("latin-1").strip()
                self.commands.append(said or tag.decode("latin-1").strip())
                fault = self._due(said)
                if fault is None:
                    server.sendall(data)
                elif fault(Exchange(tag, data, client, server)) is False:
                    return
