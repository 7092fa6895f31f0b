"""The client: one request, one deadline, one verdict."""

from __future__ import annotations

import contextlib
import http.client
import re
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import requests
import urllib3

from connector.domain.errors import (
    AuthenticationFailed,
    ConfigError,
    EdgeError,
    NotSent,
    RateLimited,
)
from connector.http import connections, losing
from connector.http.answers import Answer, TooLarge, in_doubt, judge, retry_after
from connector.http.budget import Budget, Passage, Request
from connector.http.config import HttpConfig
from connector.http.exchange import GRACE_S, Exchange, Stage
from connector.http.lines import Line, Lines

CHUNK_BYTES: Final = 64 * 1024
"""Read and decompressed at a time, so that a bomb is noticed while it is small."""

_SENDABLE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")
_FAILURES: Final = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    zlib.error,
    ValueError,  # requests and urllib3 let some through for headers that cannot be read
)

Headers = Mapping[str, str]


class _OverLimit(Exception):
    """The answer went over the limit."""


class Http:
    """Speaks to one system; shared by threads. Nothing is ever sent twice by itself.

    One exception: a read over a connection that rested, and that turns out to be dead before
    an answer came, is repeated once over a fresh one. A write is then in doubt; `lines`
    says how that is made rare.
    """

    def __init__(
        self,
        edge: str,
        config: HttpConfig,
        *,
        headers: Callable[[], Headers] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        budget: Budget | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the edge's name for messages and a provider of credential headers.

        `headers` is asked for every request, so a secret that was renewed is used at once.
        `budget` keeps requests within our share of the account. Raises ConfigError when
        ca_file cannot be used.
        """
        self._budget = budget
        self.edge = edge
        self._config = config
        self._headers = headers or dict
        self._now = now
        self._lock = threading.Lock()
        self._running: set[Exchange] = set()
        self._closed = False
        self._lines = Lines(_trust(edge, config), monotonic)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        headers: Headers | None = None,
        write: bool,
        expect_json: bool = True,
    ) -> Answer:
        """Send one request and give its successful answer, within the deadline in all.

        `path` begins with a slash and is put behind base_url. `write` says whether the
        request changes something: then a lost answer is OutcomeUnknown. With
        `expect_json` a success of any other content is not taken for one (captive
        portals answer 200). Raises the errors of `connector.http.answers`, and NotSent
        when no byte left. Messages hold statuses and field names, never content.
        """
        if not _PATH.fullmatch(path) or "/../" in f"{path}/":
            raise ValueError("a path begins with a slash and is already quoted")
        passage = self._budget.admit(Request(method=method, path=path)) if self._budget else None
        exchange = self._begin()
        try:
            prepared = requests.Request(
                method,
                self._config.base_url + path,
                params=params,
                data=body,
                headers=self._all_headers(content_type, body, headers),
            )
            status, got, content = self._exchange(exchange, prepared, write=write)
        except _OverLimit:
            limit = self._config.max_answer_bytes
            problem = f"sends an answer of more than {limit} bytes"
            if write:
                raise in_doubt(self.edge, problem, write=True) from None
            raise TooLarge(self.edge, problem) from None
        except _FAILURES as error:
            # Not chained: their messages hold addresses with query strings.
            raise self._verdict(exchange, error, write=write) from None
        finally:
            self._end(exchange)
        bucket = self._learn(passage, status, got)
        if write and losing.is_lost(status):
            raise in_doubt(self.edge, losing.TOLD, write=True)
        try:
            return judge(
                self.edge,
                status=status,
                headers=got,
                body=content,
                write=write,
                expect_json=expect_json,
                now=self._now(),
            )
        except RateLimited as error:
            error.bucket = bucket
            raise

    def close(self) -> None:
        """End what runs and refuse what comes; from any thread."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        if self._budget is not None:
            self._budget.close()
        for exchange in running:
            exchange.cut("closed while it was under way")
        self._lines.close()

    def _learn(self, passage: Passage | None, status: int, headers: Headers) -> str:
        """Tell the budget what an answer says; gives the bucket that a refusal is about."""
        if self._budget is None or passage is None:
            return ""
        pause_s = retry_after(headers.get("retry-after"), self._now())
        return self._budget.learn(passage, status, headers, pause_s)

    def _begin(self) -> Exchange:
        with self._lock:
            if self._closed:
                raise NotSent(self.edge, "is closed")
            exchange = Exchange(
                deadline_s=self._config.deadline_seconds,
                allow_private=self._config.allow_private,
            )
            self._running.add(exchange)
        connections.begin(exchange)
        return exchange

    def _end(self, exchange: Exchange) -> None:
        connections.end()
        exchange.finish()
        with self._lock:
            self._running.discard(exchange)

    def _all_headers(
        self, content_type: str, body: bytes | None, extra: Headers | None
    ) -> dict[str, str]:
        own = {"Content-Type": content_type} if body is not None else {}
        mine = self._headers()
        if not all(_SENDABLE.fullmatch(value) for value in mine.values()):
            problem = "the credentials hold characters that no header can carry; write them anew"
            raise AuthenticationFailed(self.edge, problem)
        return {**own, **mine, **(extra or {})}

    def _exchange(
        self, exchange: Exchange, request: requests.Request, *, write: bool
    ) -> tuple[int, dict[str, str], bytes]:
        try:
            return self._once(exchange, request, self._lines.take(write=write))
        except requests.ConnectionError:
            if write or not exchange.found_dead:
                raise
        exchange.again()
        return self._once(exchange, request, self._lines.fresh())

    def _once(
        self, exchange: Exchange, request: requests.Request, line: Line
    ) -> tuple[int, dict[str, str], bytes]:
        with contextlib.ExitStack() as unless_whole:
            unless_whole.callback(line.session.close)
            with line.session.send(
                line.session.prepare_request(request),
                timeout=exchange.remaining_s + GRACE_S,
                allow_redirects=False,
                stream=True,
            ) as response:
                got = {name.lower(): value for name, value in response.headers.items()}
                content = _read(response.raw, got, self._config.max_answer_bytes)
            if exchange.cut_because:  # a body that ends with the connection looks whole when cut
                raise TimeoutError
            unless_whole.pop_all()
        self._lines.park(line, response.status_code, got)
        return response.status_code, got, content

    def _verdict(self, exchange: Exchange, error: Exception, *, write: bool) -> EdgeError:
        unsent = exchange.stage is Stage.CONNECTING or (
            exchange.stage is Stage.IDLE and _before_connecting(error)
        )
        if unsent:
            why = exchange.cut_because or exchange.trouble or f"no connection ({_name(error)})"
            return NotSent(self.edge, f"cannot be reached: {why}")
        why = exchange.cut_because or f"the answer was cut off ({_name(error)})"
        return in_doubt(self.edge, why, write=write)


def _trust(edge: str, config: HttpConfig) -> ssl.SSLContext:
    ca_file = config.ca_file
    if config.base_url.startswith("http://") and ca_file is None:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used: reading all roots takes long
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError):
            fault = f"{edge}.ca_file: {ca_file} cannot be read as PEM certificates"
            raise ConfigError([fault]) from None
    return context


def _read(raw: urllib3.BaseHTTPResponse, headers: Headers, limit: int) -> bytes:
    """Read the content to its end, decompressing within the limit."""
    packed = headers.get("content-encoding", "identity").strip().lower()
    if packed in {"", "identity"}:
        decoder = None
    elif packed in {"gzip", "x-gzip", "deflate"}:
        decoder = zlib.decompressobj(wbits=47)  # 32 + 15: recognises gzip and zlib by itself
    else:
        raise ValueError("an encoding that was not asked for")
    content = bytearray()
    while chunk := raw.read(CHUNK_BYTES, decode_content=False):
        if decoder is not None and decoder.eof:
            raise ValueError("there is more behind the end of the compressed content")
        content += decoder.decompress(chunk, limit + 1 - len(content)) if decoder else chunk
        if len(content) > limit:
            raise _OverLimit
    if decoder is not None and content and not decoder.eof:
        raise ValueError("the compressed content ends early")
    return bytes(content)


def _before_connecting(error: Exception) -> bool:
    """Say whether an exception by itself proves that nothing left."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _name(error: Exception) -> str:
    return type(error).__name__
