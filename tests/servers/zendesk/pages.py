"""Lists in pages: by number, or by cursor when `page[size]` is asked for."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from servers.zendesk.call import Call
from servers.zendesk.errors import refusal

MAX_PAGE = 100


def paged(call: Call, name: str, items: Sequence[Any], **more: Any) -> dict[str, Any]:
    """Give one page of the items and the way to the next; `more` stands beside them."""
    if any(key.startswith("page[") for key in call.params):
        return _by_cursor(call, name, items) | more
    size = call.number("per_page", MAX_PAGE, MAX_PAGE)
    page = call.number("page", 1, 10_000)
    begin = (page - 1) * size
    return {
        name: list(items[begin : begin + size]),
        "next_page": _with(call, page=page + 1) if begin + size < len(items) else None,
        "previous_page": _with(call, page=page - 1) if page > 1 else None,
        "count": len(items),
    } | more


def _by_cursor(call: Call, name: str, items: Sequence[Any]) -> dict[str, Any]:
    size = call.number("page[size]", MAX_PAGE, MAX_PAGE)
    begin = 0
    if after := call.params.get("page[after]"):
        begin = position(after)
    elif before := call.params.get("page[before]"):
        begin = max(0, position(before) - size)
    end = min(begin + size, len(items))
    after, before = cursor(end), cursor(begin)
    return {
        name: list(items[begin:end]),
        "meta": {
            "has_more": end < len(items),
            "after_cursor": after if items else None,
            "before_cursor": before if items else None,
        },
        "links": {
            "prev": _with(call, **{"page[before]": before}) if begin else None,
            "next": _with(call, **{"page[after]": after}) if end < len(items) else None,
        },
    }


def cursor(at: int) -> str:
    return base64.urlsafe_b64encode(f"o{at}".encode()).decode().rstrip("=")


def position(text: str) -> int:
    """Read a cursor; raises 400."""
    try:
        return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[1:])
    except ValueError:
        raise refusal(400, "InvalidPaginationParameter", "page parameter is invalid") from None


def _with(call: Call, **changes: Any) -> str:
    kept = {key: value for key, value in call.request.query if key not in changes}
    for gone in ("page[after]", "page[before]"):
        if any(key.startswith("page[") for key in changes):
            kept.pop(gone, None)
    path = call.request.path
    return f"{call.base}{path}?{urlencode(kept | changes)}"
