"""Products in this process, reached without sockets: the plugins' requests go to them as values.

A month takes some hundred thousand requests. Everything above the socket is the program's own
(`connector.http`, its errors included); an outage refuses the connection.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, TypeAlias
from unittest import mock
from urllib.parse import urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from connector.http import Http, connections, exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it would have left."""

    method: str
    path: str
    """Still quoted, without the query."""
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The answer to it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


Product: TypeAlias = Callable[[Asked], Told]


class Inside:
    """The way to one product."""

    def __init__(self, product: Product, now: Callable[[], datetime]) -> None:
        """Lead to this product; `now` dates its answers."""
        self._product = product
        self._now = now
        self.away = False

    @contextmanager
    def instead_of_sockets(self) -> Iterator[None]:
        """Let all requests of the program end here; nobody waits, for a limit or a deadline."""
        unhurried = mock.patch.object(Http, "__init__", _without_budget)
        timeless = mock.patch.object(exchange, "threading", _NoTimers())
        with mock.patch.object(connections.Adapter, "send", self._send), unhurried, timeless:
            yield

    def _send(self, request: requests.PreparedRequest, **_how: Any) -> requests.Response:
        if self.away:
            raise requests.exceptions.ConnectTimeout("the product is away")
        parts = urlsplit(request.url or "")
        body = request.body or b""
        asked = Asked(
            method=request.method or "",
            path=parts.path,
            query=parts.query,
            headers={name.lower(): str(value) for name, value in request.headers.items()},
            body=body.encode() if isinstance(body, str) else bytes(body),
        )
        return _response(request, self._product(asked), self._now())


class _NoTimers:
    """`threading` for exchanges that end at once: no thread waits beside each request."""

    Lock = threading.Lock

    def Timer(self, *_when: object) -> mock.Mock:  # noqa: N802 - the library's name
        """Give what never rings."""
        return mock.Mock(spec=["start", "cancel", "daemon"])


_MADE = Http.__init__


def _without_budget(http: Http, *args: Any, budget: object = None, **more: Any) -> None:
    del budget  # limits count real minutes, of which the month has few
    _MADE(http, *args, **more)


def _response(request: requests.PreparedRequest, told: Told, now: datetime) -> requests.Response:
    headers = dict(told.headers) | {"Date": format_datetime(now, usegmt=True)}
    response = requests.Response()
    response.status_code = told.status
    response.headers = CaseInsensitiveDict(headers)
    response.request = request
    response.url = request.url or ""
    response.raw = urllib3.HTTPResponse(
        body=io.BytesIO(told.body), headers=headers, status=told.status, preload_content=False
    )
    return response
