"""A proxy in front of the helpdesk that misbehaves in every way that a network can.

Each request is given a fate by chance (a seeded one). Some fates strike before the
helpdesk heard of the request, some after it did its work.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

PATIENCE_S = 20.0
"""No connection lives longer."""
HTML = b"<html><body><h1>Maintenance</h1><p>Back soon.</p></body></html>"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole."""

    raw: bytes
    upstream: int

    def forwarded(self) -> bytes:
        """Let the helpdesk do its work; gives its whole answer."""
        head, _, body = self.raw.partition(b"\r\n\r\n")
        kept = [ln for ln in head.split(b"\r\n") if not ln.lower().startswith(b"connection:")]
        closing = b"\r\n".join([*kept, b"Connection: close"])
        with socket.create_connection(("127.0.0.1", self.upstream), PATIENCE_S) as server:
            server.sendall(closing + b"\r\n\r\n" + body)
            return b"".join(iter(lambda: server.recv(65_536), b""))


Fate = Callable[[Request, socket.socket], None]


def _answer(status: bytes, body: bytes = HTML, kind: bytes = b"text/html", *more: bytes) -> bytes:
    head = [b"HTTP/1.1 " + status, b"Content-Type: " + kind, *more]
    head += [b"Content-Length: %d" % len(body), b"Connection: close"]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def calm(request: Request, client: socket.socket) -> None:
    """Pass on, faithfully."""
    client.sendall(request.forwarded())


def lose_request(_request: Request, client: socket.socket) -> None:
    """Reset before the helpdesk heard of it."""
    _reset(client)


def lose_answer(request: Request, client: socket.socket) -> None:
    """Reset after the helpdesk did its work."""
    request.forwarded()
    _reset(client)


def close_answer(request: Request, client: socket.socket) -> None:
    """Close without a word after the helpdesk did its work."""
    request.forwarded()
    client.close()


def late(request: Request, client: socket.socket) -> None:
    """The client gives up after its deadline; the helpdesk works half a second later."""
    time.sleep(2.5)
    with contextlib.suppress(OSError):
        client.sendall(request.forwarded())


def slow_loris(request: Request, client: socket.socket) -> None:
    """The work is done, and the answer drips for longer than anybody's deadline."""
    for byte in request.forwarded()[:30]:
        client.sendall(bytes([byte]))
        time.sleep(0.1)
    _reset(client)


def truncated(request: Request, client: socket.socket) -> None:
    """The work is done, and half of the answer arrives as if it were whole."""
    head, _, body = request.forwarded().partition(b"\r\n\r\n")
    half = body[: len(body) // 2]
    client.sendall(_answer(head.split(b"\r\n")[0][9:], half, b"application/json"))


def error_before(_request: Request, client: socket.socket) -> None:
    """500 without any work."""
    client.sendall(_answer(b"500 Internal Server Error"))


def error_after(request: Request, client: socket.socket) -> None:
    """500 after the work was done."""
    request.forwarded()
    client.sendall(_answer(b"500 Internal Server Error"))


def bad_gateway_after(request: Request, client: socket.socket) -> None:
    """502 of a proxy after the work was done."""
    request.forwarded()
    client.sendall(_answer(b"502 Bad Gateway"))


def maintenance(_request: Request, client: socket.socket) -> None:
    """503 with a page for people."""
    client.sendall(_answer(b"503 Service Unavailable"))


def too_many(_request: Request, client: socket.socket) -> None:
    """429 with a pause of one second."""
    client.sendall(
        _answer(b"429 Too Many Requests", b"slow down", b"text/plain", b"Retry-After: 1")
    )


def captive_portal(_request: Request, client: socket.socket) -> None:
    """200 with somebody else's page, without any work."""
    client.sendall(_answer(b"200 OK"))


def redirect(_request: Request, client: socket.socket) -> None:
    """302 to a login page."""
    client.sendall(_answer(b"302 Found", b"", b"text/html", b"Location: /login/"))


def redirect_after(request: Request, client: socket.socket) -> None:
    """303 after the work was done."""
    request.forwarded()
    client.sendall(_answer(b"303 See Other", b"", b"text/html", b"Location: /"))


FATES: tuple[Fate, ...] = (
    lose_request,
    lose_answer,
    close_answer,
    late,
    slow_loris,
    truncated,
    error_before,
    error_after,
    bad_gateway_after,
    maintenance,
    too_many,
    captive_portal,
    redirect,
    redirect_after,
)
"""Everything that can go wrong on the way; `calm` is not among them."""


class Weather:
    """Listens on a port of its own in front of the helpdesk's."""

    def __init__(self, upstream: int, *, seed: int, rate: float) -> None:
        """`rate` of the requests meet a fate other than calm, chosen by `seed`."""
        self.rate = rate
        self.met: Counter[str] = Counter()
        self.requests = 0
        self._upstream = upstream
        self._random = random.Random(seed)  # noqa: S311 - chance that can be repeated
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def faults(self) -> int:
        """How many requests met a fate other than calm."""
        return sum(self.met.values())

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(PATIENCE_S)
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            request = Request(_read(client), self._upstream)
            self._fate()(request, client)

    def _fate(self) -> Fate:
        with self._lock:
            self.requests += 1
            if self._random.random() >= self.rate:
                return calm
            fate = self._random.choice(FATES)
            self.met[fate.__name__] += 1
            return fate


def _read(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(client)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += _some(client)
    return head + b"\r\n\r\n" + body


def _some(client: socket.socket) -> bytes:
    data = client.recv(65_536)
    if not data:
        raise ConnectionError("closed before the request was whole")
    return data
