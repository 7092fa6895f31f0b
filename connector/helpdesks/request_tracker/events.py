"""A ticket's history in our words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from connector.domain.errors import Incomplete, Unavailable
from connector.domain.ticket import TicketEvent
from connector.helpdesks.request_tracker.api import Api, Queue
from connector.helpdesks.request_tracker.bodies import PLAIN
from connector.helpdesks.request_tracker.fields import ours_of
from connector.helpdesks.request_tracker.reading import key_of
from connector.helpdesks.request_tracker.tables import (
    NOTE_MARK,
    SYSTEM,
    Json,
    key_in,
    moment,
    status_of,
)
from connector.http import TooLarge
from connector.parsing.html import html_to_text

HTML: Final = "text/html"
SPOKEN: Final = frozenset({"Create", "Comment", "Correspond"})
"""Transactions that have words."""

NAMES: Final[Mapping[str, str]] = {
    "Subject": "subject",
    "Priority": "severity",
    "Due": "due_at",
    "Owner": "assignee",
    "Requestor": "requester",
}
"""The product's fields by our names."""

_FIELDS: Final = frozenset(
    {"Set", "CustomField", "AddWatcher", "DelWatcher", "SetWatcher"}
    | {"Take", "Untake", "Steal", "Give", "Force"}
)
_AUTOMATIC: Final = frozenset({"EmailRecord", "CommentEmailRecord", "SystemError"})


def history(api: Api, ticket: Json) -> Iterator[TicketEvent]:
    """Tell everything that the account may see, oldest first.

    Raises Incomplete where comments are hidden from it: a ticket of ours has at least one.
    """
    queue, number = api.queue(), int(ticket["id"])
    told = sorted(api.history(number), key=lambda one: (one["Created"], int(one["id"])))
    comments = any(one["Type"] == "Comment" for one in told)
    if key_of(api.settings, queue, ticket) and not comments:
        raise Incomplete(api.edge, "shows no comments; the account lacks ShowTicketComments")
    try:
        said, files = _words(api, number, told)
    except TooLarge:
        raise Incomplete(api.edge, "a message of the ticket exceeds what is read") from None
    requestors = {str(one["id"]) for one in ticket["Requestor"]}
    for one in told:
        spoken = said.get(int(one["id"]), ""), files.get(int(one["id"]), [])
        yield _event(api, queue, one, spoken, requestors)


def _event(
    api: Api, queue: Queue, one: Json, spoken: tuple[str, Sequence[str]], requestors: set[str]
) -> TicketEvent:
    text, files = spoken
    actor = str(one["Creator"]["id"])
    return TicketEvent(
        id=str(one["id"]),
        at=moment(one["Created"]) or datetime.min.replace(tzinfo=UTC),
        actor="" if actor == SYSTEM else actor,
        kind=_kind(api, one, requestors),
        text=text,
        data=dict(_findings(api, queue, one, files)),
    )


def _kind(api: Api, one: Json, requestors: set[str]) -> str:
    kind, actor = one["Type"], str(one["Creator"]["id"])
    if kind == "Correspond":
        # only whom we know as staff can have been in touch with the patient
        staff = actor not in requestors and api.person(actor).get("Privileged")
        return "public_reply" if staff else "patient_reply"
    if kind in {"Create", "Comment", "Status"}:
        return {"Create": "created", "Comment": "note", "Status": "status"}[kind]
    return "field" if kind in _FIELDS else "other"


def _findings(api: Api, queue: Queue, one: Json, files: Sequence[str]) -> Iterable[tuple[str, str]]:
    if key := key_in(one.get("Data"), NOTE_MARK):
        yield "note_key", key
    if files:
        yield "files", ", ".join(files)
    if one["Type"] in _AUTOMATIC:
        yield "automatic", "true"
    old, new = str(one.get("OldValue") or ""), str(one.get("NewValue") or "")
    if one["Type"] == "Status":
        old, new = (status_of(api.settings, word).value if word else "" for word in (old, new))
    if one["Type"] in _FIELDS:
        yield "name", _field_name(api, queue, str(one.get("Field") or "Owner"))
    if one["Type"] == "Status" or one["Type"] in _FIELDS:
        yield "from", old
        yield "to", new


def _field_name(api: Api, queue: Queue, field: str) -> str:
    if field.isdecimal():
        return ours_of(api.settings, queue.fields.get(int(field), field))
    return NAMES.get(field, field)


def _words(
    api: Api, number: int, told: Sequence[Json]
) -> tuple[dict[int, str], dict[int, list[str]]]:
    """Give the words and the names of the files of all messages, by transaction."""
    spoken = {int(one["id"]) for one in told if one["Type"] in SPOKEN}
    listed = [
        one
        for one in api.parts(number, {}, "Filename,ContentType")
        if int(one["TransactionId"]) in spoken
    ]
    files: dict[int, list[str]] = {}
    first: dict[int, Json] = {}
    for part in listed:
        at, name = int(part["TransactionId"]), part.get("Filename")
        if name:
            files.setdefault(at, []).append(str(name))
        elif part.get("ContentType") == PLAIN:
            if at not in first or first[at].get("ContentType") == HTML:
                first[at] = part
        elif part.get("ContentType") == HTML:
            first.setdefault(at, part)
    known = _contents(api, number)
    said: dict[int, str] = {}
    for at, part in first.items():
        text = known.get(int(part["id"]))
        if text is None:
            text = api.content(int(part["id"])).decode("utf-8", "replace")
        said[at] = html_to_text(text) if part.get("ContentType") == HTML else text
    return said, files


def _contents(api: Api, number: int) -> dict[int, str]:
    """Read many plain texts at once; what cannot be read so is read one by one by the caller.

    The product fails on a list with content that is no text, and answers have a limit.
    """
    found: dict[int, str] = {}
    try:
        for one in api.parts(number, {"ContentType": PLAIN}, "Filename,Content"):
            found[int(one["id"])] = str(one.get("Content") or "")
    except Unavailable:
        pass
    return found
