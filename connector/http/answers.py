"""What an answer means: a value, or one of our errors by what has to happen next.

========================  ==================  ====================
status                    on a write          on a read
========================  ==================  ====================
2xx, expected content     the answer          the answer
2xx, anything else        OutcomeUnknown      Unavailable
301, 307, 308             Unavailable         Unavailable
any other 1xx or 3xx      OutcomeUnknown      Unavailable
401, 402, 403, 407, 511   AuthenticationFailed
404, 410                  Gone (missing, deleted)
408                       OutcomeUnknown      Unavailable
409, 412, 423, 428        Conflict
421, 425                  Unavailable (the protocol says: not processed)
429                       RateLimited
any other 4xx             Rejected
any other 5xx             OutcomeUnknown      Unavailable
========================  ==================  ====================

A redirect is never followed: requests would turn a POST into a GET and report 200 for a
ticket that was never made. 301, 307 and 308 say "send this elsewhere", so nothing was
done and the address (`url`) is wrong. 302 and 303 are also what applications answer after they
did the work, so a write stays in doubt; a false doubt costs one `find`, a false
certainty a second ticket.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, NoReturn, TypeAlias

from connector.domain.errors import (
    AuthenticationFailed,
    Conflict,
    EdgeError,
    Gone,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"

MAX_RETRY_AFTER_S: Final = 3_600
"""No pause that a server asks for is longer."""

MAX_FIELDS: Final = 20
"""So many field names of a refusal are kept."""

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")
_REDIRECT: Final = 3
_REFUSED: Final = 4
_NO_CONTENT: Final = frozenset({204, 205})


class TooLarge(Unavailable):
    """A read whose answer went over the limit; asking for less may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success (2xx) of the expected kind."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)
    """Decompressed; never in a message or log."""
    parsed: JsonValue = field(default=None, repr=False)

    def json(self) -> JsonValue:
        """The content as data; None for an answer that has none by its status."""
        return self.parsed

    @property
    def date(self) -> datetime | None:
        """The server's own time (UTC) as its Date header tells; None when that cannot be read."""
        try:
            at = parsedate_to_datetime(self.headers.get("date", ""))
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            return None


def judge(
    edge: str,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    write: bool,
    expect_json: bool,
    now: datetime,
) -> Answer:
    """Turn a complete answer into a value or raise what it means; pure."""
    if 200 <= status < 300:  # noqa: PLR2004 - the range of HTTP's successes
        parsed = _parse(edge, status, headers, body, write=write) if expect_json else None
        return Answer(status=status, headers=headers, body=body, parsed=parsed)
    pause = retry_after(headers.get("retry-after"), now)
    error = refusal(edge, status, body, pause_s=pause, write=write)
    error.status = status
    raise error


def in_doubt(edge: str, problem: str, *, write: bool) -> EdgeError:
    """Make the error for a request whose end is not known."""
    if write:
        return OutcomeUnknown(edge, f"{problem}; it may have been applied")
    return Unavailable(edge, problem)


def retry_after(value: str | None, now: datetime) -> int | None:
    """Read a Retry-After header (seconds or HTTP date) as 0 to 3600 seconds.

    None when it is absent or unreadable; a time in the past or a negative number is 0.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[+-]?\d{1,18}(\.\d+)?", text):
        return max(0, min(int(float(text)), MAX_RETRY_AFTER_S))
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0, min(int(seconds) + 1, MAX_RETRY_AFTER_S)) if seconds > 0 else 0


def field_names(body: bytes) -> tuple[str, ...]:
    """Name the fields about which a refusal complains; names only, never words.

    Understands the usual shapes: `{"title": [...]}`, `{"details": {"base": ...}}` and
    `{"errors": [{"field": "x"}]}`.
    """
    try:
        data = load(body)
    except ValueError:
        return ()
    return tuple(dict.fromkeys(_names(data)))[:MAX_FIELDS]


def load(body: bytes) -> JsonValue:
    """Parse JSON strictly; raises ValueError also for what would exhaust the parser."""
    try:
        return json.loads(body, parse_constant=_no_constant)  # type: ignore[no-any-return]  # what json makes is a JsonValue
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _names(data: JsonValue) -> list[str]:
    if not isinstance(data, dict):
        return []
    names: list[str] = []
    for key, value in data.items():
        if key == "details" and isinstance(value, dict):
            names += _names(value)
        elif key == "errors" and isinstance(value, list):
            named = (item.get("field") for item in value if isinstance(item, dict))
            names += [str(name) for name in named if isinstance(name, str)]
        elif isinstance(value, list | dict):
            names.append(key)
    return [name for name in names if _FIELD.fullmatch(name)]


def _parse(
    edge: str, status: int, headers: Mapping[str, str], body: bytes, *, write: bool
) -> JsonValue:
    if status in _NO_CONTENT:
        return None
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise in_doubt(
            edge,
            f"answers {status} with {_word(kind)} instead of JSON "
            "(a login page or proxy in between?)",
            write=write,
        )
    try:
        return load(body)
    except ValueError:
        raise in_doubt(edge, f"answers {status} with broken JSON", write=write) from None


def _word(kind: str) -> str:
    return kind if re.fullmatch(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,40}", kind) else "no known type"


def refusal(edge: str, status: int, body: bytes, *, pause_s: int | None, write: bool) -> EdgeError:
    """Make the error for a status other than 2xx; the table is in the module's docstring."""
    if status in _FIXED:
        return _FIXED[status](edge, status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(edge, "asks for a pause (429)", retry_after_s=pause_s)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and not write and pause_s is not None:
        return RateLimited(edge, "asks for a pause (503)", retry_after_s=pause_s)
    family = status // 100
    if family == _REDIRECT:
        problem = f"answers with a redirect ({status}); is the address (url) wrong?"
        return in_doubt(edge, problem, write=write)
    if family == _REFUSED and status != HTTPStatus.REQUEST_TIMEOUT:
        return _rejected(edge, status, body)
    return in_doubt(edge, f"fails ({status})", write=write)


def _credentials(edge: str, status: int) -> EdgeError:
    return AuthenticationFailed(edge, f"refuses our credentials or rights ({status})")


def _missing(edge: str, status: int) -> EdgeError:
    return Gone(edge, f"is not there ({status})", kind="missing")


def _deleted(edge: str, status: int) -> EdgeError:
    return Gone(edge, f"is gone for good ({status})", kind="deleted")


def _conflict(edge: str, status: int) -> EdgeError:
    return Conflict(edge, f"reports a conflict ({status})")


def _moved(edge: str, status: int) -> EdgeError:
    return Unavailable(edge, f"answers with a redirect ({status}); the address (url) is wrong")


def _unprocessed(edge: str, status: int) -> EdgeError:
    return Unavailable(edge, f"did not process the request ({status})")


_FIXED: Final[Mapping[int, Callable[[str, int], EdgeError]]] = {
    **dict.fromkeys((401, 402, 403, 407, 511), _credentials),
    404: _missing,
    410: _deleted,
    **dict.fromkeys((409, 412, 423, 428), _conflict),
    **dict.fromkeys((301, 307, 308), _moved),
    **dict.fromkeys((421, 425), _unprocessed),
}
"""Statuses whose meaning depends on nothing else."""


def _rejected(edge: str, status: int, body: bytes) -> Rejected:
    names = field_names(body)
    where = f"; fields: {', '.join(names)}" if names else ""
    return Rejected(edge, f"rejects the request ({status}){where}", fields=names)
