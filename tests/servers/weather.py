"""Requests, answers, and the fates that await them: weather for simulated products."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What arrived."""

    method: str
    path: str
    """Still quoted, without the query."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    peer: str = "127.0.0.1"

    @property
    def is_write(self) -> bool:
        return self.method in WRITES

    @property
    def params(self) -> dict[str, str]:
        """The query; of a name that comes twice, the last."""
        return dict(self.query)

    def json(self) -> Any:
        """Read the body; raises ValueError."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    cut_at: int | None = None
    """Send only so many bytes of the body, then reset the connection."""

    def header(self, name: str) -> str | None:
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def with_headers(self, *headers: tuple[str, str]) -> Answer:
        return replace(self, headers=(*self.headers, *headers))

    def json(self) -> Any:
        return json.loads(self.body)


def json_answer(
    status: int, value: Any, *, content_type: str = "application/json; charset=utf-8"
) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status=status, headers=(("Content-Type", content_type),), body=body)


def text_answer(status: int, text: str, content_type: str = "text/plain; charset=utf-8") -> Answer:
    return Answer(status=status, headers=(("Content-Type", content_type),), body=text.encode())


def html_answer(status: int, text: str) -> Answer:
    return text_answer(status, text, "text/html; charset=utf-8")


BAD_GATEWAY: Final = html_answer(
    502,
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body></html>",
)
MAINTENANCE: Final = html_answer(
    503, "<!DOCTYPE html><html><body><h1>We are under maintenance</h1></body></html>"
).with_headers(("Retry-After", "10"))
INTERNAL_ERROR: Final = html_answer(
    500, "<!DOCTYPE html><html><body><h1>500 Internal Server Error</h1></body></html>"
)
CAPTIVE_PORTAL: Final = html_answer(
    200,
    "<!DOCTYPE html><html><title>Guest Wi-Fi</title><body>Please accept our terms</body></html>",
)
REDIRECT: Final = Answer(
    status=302, headers=(("Location", "http://127.0.0.1:9/login"), ("Content-Type", "text/html"))
)
FORBIDDEN: Final = json_answer(403, {"error": "Forbidden"})


def truncated(answer: Answer) -> Answer:
    """Half of the JSON, announced as if it were all."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def torn(answer: Answer) -> Answer:
    """Half of the body, then a reset."""
    return replace(answer, cut_at=len(answer.body) // 2)


Matcher = Callable[[Request], bool]


def writes(path: str = "") -> Matcher:
    """Writes whose path has the pattern in it."""
    return lambda request: request.is_write and re.search(path, request.path) is not None


def reads(path: str = "") -> Matcher:
    """Reads whose path has the pattern in it."""
    return lambda request: not request.is_write and re.search(path, request.path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a request; without arguments it is lost before the product hears of it."""

    applied: bool = False
    """True: the product does its work first."""
    instead: Answer | None = None
    """What is answered; None (and no `change`): the connection is reset."""
    change: Callable[[Answer], Answer] | None = None
    """What becomes of the product's own answer; only with `applied`."""
    hold: threading.Event | None = None
    """The answer waits for it."""


class _Rule:
    def __init__(self, matches: Matcher, fate: Fate, nth: int, times: int | None) -> None:
        self.matches = matches
        self.fate = fate
        self.first = nth
        self.last = nth + times - 1 if times is not None else None
        self.seen = 0

    def strikes(self, request: Request) -> bool:
        if not self.matches(request):
            return False
        self.seen += 1
        return self.seen >= self.first and (self.last is None or self.seen <= self.last)


class Weather:
    """The fates that await requests; the latest rule that strikes decides."""

    def __init__(self, ignored: Matcher = lambda _request: False) -> None:
        """`ignored` requests (fetching a token, say) have no weather of the general kind."""
        self._ignored = ignored
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def upon(
        self, matches: Matcher, fate: Fate, *, nth: int = 1, times: int | None = None
    ) -> Iterator[None]:
        """Lay a fate upon the nth match from now and on, or upon `times` of them."""
        rule = _Rule(matches, fate, nth, times)
        with self._lock:
            self._rules.append(rule)
        try:
            yield
        finally:
            with self._lock:
                self._rules.remove(rule)

    def lose_request(self, nth: int) -> contextlib.AbstractContextManager[None]:
        """Lose the nth write from now before the product hears of it."""
        return self.upon(self._writes, Fate(), nth=nth, times=1)

    def lose_answer(self, nth: int) -> contextlib.AbstractContextManager[None]:
        """Lose the answer to the nth write from now, after it was applied."""
        return self.upon(self._writes, Fate(applied=True), nth=nth, times=1)

    def refuse_reads(self, answer: Answer = FORBIDDEN) -> contextlib.AbstractContextManager[None]:
        """Answer every read with a refusal."""
        return self.upon(self._reads, Fate(instead=answer))

    def of(self, request: Request) -> Fate | None:
        """Decide; every rule counts the request."""
        with self._lock:
            struck = [rule.fate for rule in self._rules if rule.strikes(request)]
        return struck[-1] if struck else None

    def _writes(self, request: Request) -> bool:
        return request.is_write and not self._ignored(request)

    def _reads(self, request: Request) -> bool:
        return not request.is_write and not self._ignored(request)
