"""A comment that appears once, whatever is lost on the way.

1. Look for a comment whose subject is the mark.
2. None: write it, words, mark and files in one request, so that there is no half comment.
3. Read it back: an account that may not see comments would write it again and again.

Comments are for staff: the product neither mails them to requestors nor shows them in the
self-service.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from connector.domain.errors import AuthenticationFailed, PartiallyApplied
from connector.domain.signal import Attachment
from connector.domain.ticket import TicketRef
from connector.helpdesks.request_tracker.api import Api
from connector.helpdesks.request_tracker.bodies import PLAIN
from connector.helpdesks.request_tracker.files import carried
from connector.helpdesks.request_tracker.tables import Json, quoted

_LENGTH: Final = re.compile(r"^Content-Length: (\d+)\s*$", re.MULTILINE | re.IGNORECASE)


def look(api: Api, number: int, mark: str) -> Json | None:
    """Give the comment that carries a mark; None where there is none.

    The product takes any search with a bracket in it for JSON, and fails on it.
    """
    within = mark[1:-1].replace("[", "_")
    query = (
        f"ObjectType = 'RT::Ticket' AND ObjectId = {number} AND Type = 'Comment' "
        f"AND Data LIKE {quoted(within)}"
    )
    told = api.transactions(query).items
    return next((one for one in told if (one.get("Data") or "").strip() == mark), None)


def ensure_comment(
    api: Api, ref: TicketRef, ticket: Json, body: Json, attachments: Sequence[Attachment] = ()
) -> None:
    """Bring a comment into being on a ticket that was just read.

    Raises PartiallyApplied when it is there but not as it was meant.
    """
    if look(api, int(ref.id), body["mark"]) is None:
        write_comment(api, ref, ticket, body, attachments)


def write_comment(
    api: Api, ref: TicketRef, ticket: Json, body: Json, attachments: Sequence[Attachment] = ()
) -> None:
    """Write a comment that is not there yet; errors as those of `ensure_comment`."""
    planned = body.get("files", [])
    files = carried(planned, attachments)
    content: Json = {"Subject": body["mark"], "Content": body["text"], "ContentType": PLAIN}
    made = api.comment(ticket, content | ({"Attachments": files} if files else {}))
    missing = [] if text_of(api, int(ref.id), made) == body["text"] else ["text"]
    if missing and look(api, int(ref.id), body["mark"]) is None:
        problem = "does not show us the comment that was just written (ShowTicketComments)"
        raise AuthenticationFailed(api.edge, problem)
    if planned:
        sizes = _sizes(api, int(ref.id), made)
        missing += [
            f"attachment {number}"
            for number, one in enumerate(planned, 1)
            if sizes.get(one["name"]) != len(attachments[one["place"]].content)
        ]
    if missing:
        problem = "took the comment, but not as it was meant"
        raise PartiallyApplied(api.edge, problem, ref=ref, missing=missing)


def text_of(api: Api, number: int, transaction: int) -> str:
    """Give the words of a message of ours: plain text, read back exactly."""
    found = api.parts_of(number, transaction, {"ContentType": PLAIN}, "Filename,Content")
    return next((str(one.get("Content") or "") for one in found if not one.get("Filename")), "")


def _sizes(api: Api, number: int, transaction: int) -> dict[str, int]:
    parts = api.parts_of(number, transaction, {}, "Filename,Headers")
    found: dict[str, int] = {}
    for one in parts:
        length = _LENGTH.search(one.get("Headers") or "")
        found[str(one.get("Filename") or "")] = int(length[1]) if length else -1
    return found
