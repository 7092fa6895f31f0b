"""Into which ticket an agent merged ours: the API has no field for it.

The product closes the merged ticket, tags it, and leaves a comment on both ("This request
was closed and merged into request #12", "Request #7 ... was closed and merged into this
request"). Agents may change these words, and patients may write them. So a hint counts only
in a comment that the requester did not write, and only when whoever wrote it told the other
ticket of ours as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from connector.domain.errors import Gone
from connector.helpdesks.zendesk.api import Api
from connector.helpdesks.zendesk.reading import comment_of, mark_of, said
from connector.helpdesks.zendesk.tables import CLOSED, MERGE_TAG, Json

MAX_CANDIDATES: Final = 3
"""So many tickets that a comment names are looked at."""

_INTO: Final = re.compile(r"merged into request #(\d{1,18})", re.IGNORECASE)
_NUMBER: Final = re.compile(r"#\s?(\d{1,18})")


def looks_merged(ticket: Json, audits: Sequence[Json]) -> bool:
    """Tell whether a ticket was closed by a merge, as far as it says so itself."""
    return ticket["status"] == CLOSED and (
        MERGE_TAG in ticket["tags"] or next(_candidates(ticket, audits), None) is not None
    )


def target(api: Api, ticket: Json, audits: Sequence[Json]) -> str:
    """Give the number of the ticket into which this one was merged; empty: not to be told."""
    candidates = list(dict.fromkeys(_candidates(ticket, audits)))
    for number, author in candidates[:MAX_CANDIDATES]:
        if number != str(ticket["id"]) and _tells_of(api, number, str(ticket["id"]), author):
            return number
    return ""


def _candidates(ticket: Json, audits: Sequence[Json]) -> Iterator[tuple[str, int]]:
    """Give the numbers that may be meant, and who wrote them; the newest first."""
    tagged = MERGE_TAG in ticket["tags"]
    for audit in reversed(audits[1:]):  # the first one is the ticket's own text
        comment = comment_of(audit)
        if comment is None or mark_of(audit) or audit["author_id"] == ticket.get("requester_id"):
            continue
        pattern = _NUMBER if tagged or _via_merge(audit, comment) else _INTO
        for number in pattern.findall(said(comment)):
            yield number, audit["author_id"]


def _tells_of(api: Api, number: str, other: str, author: int) -> bool:
    try:
        audits = api.audits(number)
    except Gone:
        return False
    return any(
        other in _NUMBER.findall(said(comment))
        for audit in audits[1:]
        if audit["author_id"] == author and (comment := comment_of(audit)) is not None
    )


def _via_merge(audit: Json, comment: Json) -> bool:
    for holder in (comment, audit):
        via = holder.get("via")
        source = via.get("source") if isinstance(via, dict) else None
        if isinstance(source, dict) and source.get("rel") == "merge":
            return True
    return False
