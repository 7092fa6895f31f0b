"""Connections kept for the next request, for seconds only: a handshake saved, no certainty lost.

A server may close an idle connection just when the next request leaves; then nobody knows
whether it was applied. So a connection is kept shorter than servers keep theirs (gunicorn
2 s, Apache and Node 5 s, nginx 75 s), a write only follows upon an answer that came a moment
ago, and what went wrong all the same is a read repeated once or a write in doubt (`client`).
"""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Final

import requests

from connector import __version__
from connector.http import connections

READ_IDLE_S: Final = 4.0
"""A read goes over a connection that rested for less than this."""

WRITE_IDLE_S: Final = 1.0
"""A write does so only after a shorter rest; else it has a connection of its own."""

KEEP_ALIVE_MARGIN_S: Final = 1.0
"""A server that tells how long it keeps connections is believed all but this."""

MAX_IDLE: Final = 8
"""No more connections rest at a time; the longest unused goes."""

_TIMEOUT = re.compile(r"(?:^|[,\s])timeout\s*=\s*(\d{1,6})", re.IGNORECASE)


@dataclass(slots=True, kw_only=True, eq=False)
class Line:
    """A session with at most one connection; used by one thread at a time."""

    session: requests.Session
    read_until: float = 0.0
    """Reads may use it again before this (monotonic seconds)."""
    write_until: float = 0.0


class Lines:
    """The lines to one server; shared by threads."""

    def __init__(
        self, context: ssl.SSLContext, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the TLS context of all connections; no connection yet."""
        self._context = context
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._idle: list[Line] = []
        self._sweeper: threading.Timer | None = None
        self._closed = False

    def take(self, *, write: bool) -> Line:
        """Give the line used last, if it may be used again, else one without a connection."""
        with self._lock:
            now = self._monotonic()
            line = self._idle[-1] if self._idle else None
            if line is not None and now < (line.write_until if write else line.read_until):
                return self._idle.pop()
        return self.fresh()

    def fresh(self) -> Line:
        """Give a line without a connection."""
        return Line(session=_session(self._context))

    def park(self, line: Line, status: int, headers: Mapping[str, str]) -> None:
        """Keep a line whose answer was read to its end, for a while; close it if it is not fit."""
        told = _TIMEOUT.search(headers.get("keep-alive", ""))
        kept_s = int(told[1]) - KEEP_ALIVE_MARGIN_S if told else READ_IDLE_S
        fit = status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.REQUEST_TIMEOUT
        now = self._monotonic()
        line.read_until = now + min(READ_IDLE_S, kept_s)
        line.write_until = now + min(WRITE_IDLE_S, kept_s)
        surplus = [line]
        with self._lock:
            if fit and kept_s > 0 and not self._closed:
                self._idle.append(line)
                surplus = self._idle[:-MAX_IDLE]
                del self._idle[:-MAX_IDLE]
                self._sweep_later()
        _close(surplus)

    def close(self) -> None:
        """Close what rests, and whatever would rest from now on; from any thread."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            if self._sweeper is not None:
                self._sweeper.cancel()
        _close(idle)

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = threading.Timer(READ_IDLE_S, self.sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def sweep(self) -> None:
        """Close what rested too long to be used again."""
        with self._lock:
            now = self._monotonic()
            old = [line for line in self._idle if now >= line.read_until]
            self._idle = [line for line in self._idle if now < line.read_until]
            self._sweeper = None
            if self._idle and not self._closed:
                self._sweep_later()
        _close(old)


def _close(lines: list[Line]) -> None:
    for line in lines:
        line.session.close()


def _session(context: ssl.SSLContext) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a ~/.netrc entry would replace our Authorization header
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    session.headers.update(
        {
            "User-Agent": f"amends/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
    )
    adapter = connections.Adapter(context)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
