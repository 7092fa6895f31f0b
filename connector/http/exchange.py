"""One request on its way: how far it got, and the handle by which it is ended from outside.

requests' own timeout starts anew with every byte, so a server that drips can hold a
caller for ever (measured). Here a timer shuts the socket down when the time is over,
which ends any read, write or handshake that waits on it, headers and body alike.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from enum import IntEnum
from typing import Final

from connector.http.config import plain_address, refused

MAX_ADDRESSES: Final = 6
"""So many addresses of a name are tried."""

MIN_SHARE_S: Final = 0.05
"""A connection attempt gets at least this, also when the time is almost over."""

GRACE_S: Final = 1.0
"""The socket's own timeout lies so far behind the deadline: the timer speaks first."""


class Stage(IntEnum):
    """How far a request got; only forward."""

    IDLE = 0
    CONNECTING = 1
    SENT = 2
    """At least one byte of the request was handed to the kernel."""
    ANSWERED = 3
    """The head of an answer came."""


class AddressRefused(OSError):
    """The name leads to an address that must not be spoken to."""


class Exchange:
    """The life of one request; made, used and finished by one thread, cut by any."""

    def __init__(self, *, deadline_s: float, allow_private: bool) -> None:
        """Start the clock: everything has to be over within `deadline_s` seconds."""
        self.stage = Stage.IDLE
        self.trouble = ""
        """Why no connection came about, as a plain phrase for the admin."""
        self.cut_because = ""
        """Empty, or why it was ended from outside."""
        self.reused = False
        """True when it goes over a connection that rested."""
        self._allow_private = allow_private
        self._ends = time.monotonic() + deadline_s
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._timer = threading.Timer(
            deadline_s, self.cut, [f"no complete answer within {deadline_s:g} seconds"]
        )
        self._timer.daemon = True
        self._timer.start()

    @property
    def remaining_s(self) -> float:
        """Seconds until the deadline; never less than a minimal share."""
        return max(self._ends - time.monotonic(), MIN_SHARE_S)

    def cut(self, why: str) -> None:
        """End it now, whatever it waits for; from any thread, also twice."""
        with self._lock:
            self.cut_because = self.cut_because or why
            for handle in self._handles:
                _shut(handle)

    def watch(self, sock: socket.socket) -> None:
        """Keep a second handle on the connection, so that `cut` reaches it.

        TLS wraps a socket into another object over the same descriptor; a duplicate
        of the descriptor stays valid through that, and its shutdown ends both.
        """
        handle = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._handles.append(handle)
            if self.cut_because:
                _shut(handle)

    def take_over(self, sock: socket.socket) -> None:
        """Go on over a connection that rested; its address was checked when it was made."""
        self.reused = True
        self.watch(sock)
        sock.settimeout(self.remaining_s + GRACE_S)

    @property
    def found_dead(self) -> bool:
        """True when a connection that rested failed before any answer, and by itself."""
        return self.reused and self.stage is Stage.SENT and not self.cut_because

    def again(self) -> None:
        """Begin anew within the same deadline, for a read that may be repeated."""
        self.stage, self.reused = Stage.IDLE, False

    def finish(self) -> None:
        """Stop the clock and give the handles back."""
        self._timer.cancel()
        with self._lock:
            while self._handles:
                self._handles.pop().close()

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to the first permitted address that answers in time.

        Raises OSError; `trouble` says why in plain words. Each address gets its share of
        the remaining time, so that a dead IPv6 route does not use up all of it.
        """
        self.stage = Stage.CONNECTING
        last: OSError = OSError("no address")
        addresses = self._resolve(host, port)
        for number, (family, sockaddr) in enumerate(addresses):
            if self.cut_because:
                break
            try:
                return self._connect_one(
                    family, sockaddr, self.remaining_s / (len(addresses) - number)
                )
            except OSError as error:
                self.trouble = _plain(error)
                last = error
        raise last

    def _resolve(self, host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            self.trouble = "its name cannot be resolved (DNS)"
            raise OSError("name resolution") from error
        permitted: list[tuple[int, tuple[str, int]]] = []
        for family, _, _, _, sockaddr in found[:MAX_ADDRESSES]:
            address = plain_address(str(sockaddr[0]))
            why = refused(address, host=host, allow_private=self._allow_private)
            if why:
                self.trouble = why
            else:
                permitted.append((family, sockaddr))  # type: ignore[arg-type]  # (text, port, ...) for both families
        if not permitted:
            raise AddressRefused(self.trouble)
        return permitted

    def _connect_one(self, family: int, sockaddr: tuple[str, int], share_s: float) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            self.watch(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(max(share_s, MIN_SHARE_S))
            sock.connect(sockaddr)
            sock.settimeout(self.remaining_s + GRACE_S)
        except OSError:
            sock.close()
            raise
        return sock


def _shut(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):  # not connected yet, or already closed by the peer
        handle.shutdown(socket.SHUT_RDWR)


def _plain(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "nothing answers at its address"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused (is it running?)"
    return f"no connection ({type(error).__name__})"
