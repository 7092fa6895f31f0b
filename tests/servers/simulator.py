"""A threaded HTTP server on 127.0.0.1 under a simulated product, with weather, clock and limits.

A product's simulator is a function from `Request` to `Answer` (both in `servers.weather`, as
are the fates); `Server` calls it under one lock, so it needs no locks of its own. What a test or
a campaign arranges around it:

    clock = SimClock(datetime(2026, 11, 23, 9, tzinfo=UTC))     # or SimClock(): wall time
    with Server(product) as server:                             # server.url, server.exchanges
        with server.weather.lose_answer(1): ...                 # the write is applied, then a reset
        with server.weather.lose_request(2): ...                # the second write is never heard of
        with server.weather.refuse_reads(): ...
        with server.down(): ...             # connections are refused; same port afterwards
        with server.weather.upon(writes(), Fate(instead=BAD_GATEWAY)): ...  # not applied, 502
        with server.weather.upon(writes(), Fate(applied=True, instead=BAD_GATEWAY)): ...
        with server.weather.upon(reads(), Fate(applied=True, change=truncated)): ...
        clock.advance(seconds=3_600)

Rules count from the moment they are laid and end with their block.
"""

from __future__ import annotations

import contextlib
import http.server
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from servers.weather import Answer, Fate, Matcher, Request, Weather, text_answer

PATIENCE_S: Final = 30.0
"""No connection and no held answer lives longer; reached only by what is broken."""
MAX_REQUEST_BYTES: Final = 64 * 1024 * 1024
"""A longer request is a mistake of the test."""


class SimClock:
    """A clock that a test can turn: wall time (times `speed`) plus what was advanced."""

    def __init__(
        self, start: datetime | None = None, *, speed: float = 1.0, running: bool | None = None
    ) -> None:
        """Begin at `start` (then it stands, unless `running`) or at wall time (then it runs)."""
        self._wall = datetime.now(UTC)
        self._origin = start or self._wall
        self._speed = speed if (running if running is not None else start is None) else 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Tell the time, aware, in UTC."""
        with self._lock:
            return self._origin + (datetime.now(UTC) - self._wall) * self._speed

    def advance(self, **by: float) -> None:
        """Go on by a timedelta's arguments: `advance(minutes=2)`."""
        with self._lock:
            self._origin += timedelta(**by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The state of a limit after a request was counted."""

    total: int
    remaining: int
    resets_s: int
    allowed: bool


class Window:
    """At most `total` requests in each window of so many seconds, for each key."""

    def __init__(self, total: int, seconds: int = 60) -> None:
        self.total = total
        self.seconds = seconds
        self._windows: dict[Any, tuple[datetime, int]] = {}

    def take(self, key: Any, now: datetime) -> Taken:
        """Count one request; what is refused is not counted."""
        began, used = self._windows.get(key, (now, 0))
        if not 0 <= (now - began).total_seconds() < self.seconds:
            began, used = now, 0
        allowed = used < self.total
        used += allowed
        self._windows[key] = (began, used)
        left = timedelta(seconds=self.seconds) - (now - began)
        return Taken(
            total=self.total,
            remaining=max(0, self.total - used),
            resets_s=max(1, -(-left // timedelta(seconds=1))),
            allowed=allowed,
        )


Handler = Callable[..., Answer]


class Routes:
    """Paths like `/tickets/{id}` to handlers; `{id}` takes digits, `{name*}` any one segment."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self.shapes: list[tuple[str, str]] = []
        """Method and pattern of each, as registered."""

    def on(self, method: str, pattern: str) -> Callable[[Handler], Handler]:
        """Register a handler; what the braces took comes as keyword arguments (int, str)."""
        shape = re.sub(r"\{(\w+)\*\}", r"(?P<s_\1>[^/]+)", pattern)
        shape = re.sub(r"\{(\w+)\}", r"(?P<i_\1>\\d+)", shape)

        def register(handler: Handler) -> Handler:
            self._routes.append((method, re.compile(shape), handler))
            self.shapes.append((method, pattern))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, Any]] | None:
        """Give the first handler that takes it, and its arguments."""
        for one, shape, handler in self._routes:
            if one == method and (found := shape.fullmatch(path)):
                return handler, {
                    name[2:]: int(text) if name.startswith("i_") else unquote(text)
                    for name, text in found.groupdict().items()
                }
        return None

    def methods(self, path: str) -> set[str]:
        """Give the methods that the path has."""
        return {one for one, shape, _ in self._routes if shape.fullmatch(path)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What arrived and what the product answered (None: it never heard of it)."""

    request: Request
    answer: Answer | None
    delivered: bool
    """False when the weather kept the product's own answer from the client."""


class Server:
    """Serves a product on 127.0.0.1; one request at a time reaches the product."""

    def __init__(
        self,
        product: Callable[[Request], Answer],
        *,
        port: int = 0,
        ignored: Matcher = lambda _request: False,
        watchers: Iterable[Callable[[Request, Answer], None]] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Start at once; `watchers` see every request with the product's own answer.

        `now` is what the Date header of every answer says.
        """
        self.now = now
        self.lock = threading.RLock()
        """Held while the product works; take it to arrange several things at once."""
        self.weather = Weather(ignored)
        self.exchanges: list[Exchange] = []
        self._product = product
        self._watchers = tuple(watchers)
        self.port = port
        self.resume()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def resume(self) -> None:
        """Listen (again), on the same port as before."""
        self._http = _Listener(("127.0.0.1", self.port), self)
        self.port = self._http.server_address[1]
        self._acceptor = threading.Thread(target=self._http.serve_forever, args=[0.02], daemon=True)
        self._acceptor.start()

    def pause(self) -> None:
        """Refuse connections, as when the product is down; what is under way ends first."""
        self._http.shutdown()
        self._acceptor.join(PATIENCE_S)
        self._http.hush()
        self._http.server_close()

    def close(self) -> None:
        """End for good."""
        self.pause()

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Let nothing answer, until the block ends."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def answer(self, request: Request) -> tuple[Answer | None, Fate | None]:
        """Give what the client gets (None: a reset), and the fate that decided it."""
        fate = self.weather.of(request)
        own = None
        if fate is None or fate.applied:
            with self.lock:
                own = self._product(request)
                for watcher in self._watchers:
                    watcher(request, own)
        self.exchanges.append(Exchange(request=request, answer=own, delivered=fate is None))
        if fate is None:
            return own, None
        return (fate.change(own) if fate.change and own else fate.instead), fate


class _Listener(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False  # so that server_close() waits for them

    def __init__(self, address: tuple[str, int], server: Server) -> None:
        self.owner = server
        self._open: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hush(self) -> None:
        """Wake those who wait for a request that does not come."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RD)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; a fault in the product is answered by 599."""


class _Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_S
    server: _Listener

    def _do(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), MAX_REQUEST_BYTES)
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            peer=self.client_address[0],
        )
        self.close_connection = True
        try:
            answer, fate = self.server.owner.answer(request)
        except Exception as error:  # the simulator's own fault: plain for whoever reads the test
            self._send(text_answer(599, f"the simulator failed: {error!r}"))
            raise
        if fate is not None and fate.hold is not None:
            fate.hold.wait(PATIENCE_S)
        if answer is None:
            self._reset()
        else:
            self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _do  # noqa: N815 - the library's names

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: answer.cut_at])
        if answer.cut_at is not None:
            self.wfile.flush()
            self._reset()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(timestamp or self.server.owner.now().timestamp())

    def log_message(self, *_args: Any) -> None:
        """Print nothing."""
