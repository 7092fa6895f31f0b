"""A proxy on 127.0.0.1 that loses requests and answers at will: weather for real servers.

It knows just enough HTTP to tell reads from writes and to know when an answer is whole.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Final

WRITES: Final = frozenset({b"POST", b"PUT", b"PATCH", b"DELETE"})
PATIENCE_S: Final = 30.0
"""No connection lives longer; reached only by what is broken."""


class Fate(Enum):
    """What becomes of a request."""

    CALM = "calm"
    LOSE_REQUEST = "lose_request"
    """The connection is reset before the server hears of it."""
    LOSE_ANSWER = "lose_answer"
    """The server does its work, and the answer never arrives."""
    REFUSE = "refuse"
    """403 is answered without asking the server."""


class FaultProxy:
    """Passes HTTP on to one port of this machine; the fate of requests can be set."""

    def __init__(self, port: int) -> None:
        """Listen on a port of its own in front of `port`."""
        self.writes = 0
        """How many writes arrived since the fates were last set."""
        self._upstream = port
        self._reads = Fate.CALM
        self._fate = Fate.CALM
        self._canned: tuple[bytes, bool] | None = None
        self._interjection: Callable[[], object] | None = None
        self._nth = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.port = 0
        self.resume()

    @contextlib.contextmanager
    def fate_of_write(self, nth: int, fate: Fate) -> Iterator[None]:
        """Give the nth write from now (1 is the next) this fate, until the block ends."""
        with self._lock:
            self.writes, self._nth, self._fate = 0, nth, fate
        try:
            yield
        finally:
            with self._lock:
                self._nth = 0

    @contextlib.contextmanager
    def fate_of_reads(self, fate: Fate) -> Iterator[None]:
        """Give every read this fate, until the block ends."""
        with self._lock:
            self._reads = fate
        try:
            yield
        finally:
            with self._lock:
                self._reads = Fate.CALM

    @contextlib.contextmanager
    def answering(
        self, status: int, headers: Mapping[str, str], body: bytes, *, reads: bool = True
    ) -> Iterator[None]:
        """Answer every write so (with `reads` every read too) without asking the server."""
        lines = [
            f"HTTP/1.1 {status} Told",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        with self._lock:
            self._canned = ("\r\n".join(lines).encode() + body, reads)
        try:
            yield
        finally:
            with self._lock:
                self._canned = None

    @contextlib.contextmanager
    def interject(self, act: Callable[[], object]) -> Iterator[None]:
        """Let somebody act once, when the next write has left and not yet arrived."""
        with self._lock:
            self._interjection = act
        try:
            yield
        finally:
            with self._lock:
                self._interjection = None

    def resume(self) -> None:
        """Listen (again), on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """End for good."""
        self.pause()

    def pause(self) -> None:
        """Refuse connections, as when the server is down; what is under way ends first."""
        with contextlib.suppress(OSError):  # wakes accept(), which close() alone does not
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in [self._acceptor, *self._threads]:
            thread.join(PATIENCE_S)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(PATIENCE_S)
            thread = threading.Thread(target=self._serve, args=[client], daemon=True)
            self._threads = [one for one in self._threads if one.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            request = _read_request(client)
            canned, act = self._besides(request.partition(b" ")[0])
            if canned:
                client.sendall(canned)
                return
            if act is not None:
                act()
            fate = self._next_fate(request.partition(b" ")[0])
            if fate is Fate.LOSE_REQUEST:
                _reset(client)
                return
            if fate is Fate.REFUSE:
                client.sendall(_REFUSAL)
                return
            answer = self._ask(request)
            if fate is Fate.LOSE_ANSWER:
                _reset(client)
            else:
                client.sendall(answer)

    def _besides(self, method: bytes) -> tuple[bytes, Callable[[], object] | None]:
        with self._lock:
            if self._canned is not None and (method in WRITES or self._canned[1]):
                return self._canned[0], None
            if method not in WRITES:
                return b"", None
            act, self._interjection = self._interjection, None
            return b"", act

    def _next_fate(self, method: bytes) -> Fate:
        with self._lock:
            if method not in WRITES:
                return self._reads
            self.writes += 1
            return self._fate if self.writes == self._nth else Fate.CALM

    def _ask(self, request: bytes) -> bytes:
        """Let the server answer; it is asked to close, so the end of the answer is plain."""
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [
            line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")
        ]
        closing = b"\r\n".join([*lines, b"Connection: close"])
        with socket.create_connection(("127.0.0.1", self._upstream), PATIENCE_S) as server:
            server.sendall(closing + b"\r\n\r\n" + body)
            return b"".join(iter(lambda: server.recv(65_536), b""))


_REFUSAL: Final = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
)


def _read_request(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(client)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    parts = [body]
    missing = length - len(body)
    while missing > 0:
        parts.append(_some(client))
        missing -= len(parts[-1])
    return head + b"\r\n\r\n" + b"".join(parts)


def _some(client: socket.socket) -> bytes:
    data = client.recv(65_536)
    if not data:
        raise ConnectionError("closed before the request was whole")
    return data


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
