"""A private note that appears once, whatever is lost on the way.

1. Read the ticket, then its audits: one that carries the note's key is the note.
2. None: send the files, then the comment with its key in `metadata`, provided that the ticket
   is still as it was read (`safe_update`): an earlier attempt whose effect comes late, and
   whatever people do meanwhile, makes it a conflict, and everything begins anew.

A ticket that is closed for good takes no comment: its one follow-up is opened, and the
pipeline told to go on there.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from connector.domain.errors import Conflict, Gone, Incomplete, PartiallyApplied, Rejected
from connector.domain.signal import Attachment
from connector.domain.ticket import TicketRef
from connector.helpdesks.zendesk import bodies, merges, opening
from connector.helpdesks.zendesk.api import Api, warned
from connector.helpdesks.zendesk.names import Known, Names
from connector.helpdesks.zendesk.reading import carries, ignored
from connector.helpdesks.zendesk.tables import CLOSED, MARK, Json
from connector.helpdesks.zendesk.words import as_html

ROUNDS: Final = 3
"""So often a change is begun anew when somebody was faster."""


def ensure_note(
    api: Api, names: Names, ref: TicketRef, body: Json, key: str, files: Sequence[Attachment]
) -> None:
    """Bring the note of this key into being.

    Raises PartiallyApplied when it is there but not as it should be, Gone when the ticket is
    deleted, merged or closed (with where to go on), and Conflict after several rounds.
    """
    token, missing = "", list[str]()
    for number in range(ROUNDS):
        ticket = api.ticket(ref.id)
        audits = audits_of(api, ref, ticket)
        if carries(audits, key):
            return
        if ticket["status"] == CLOSED:
            raise gone_on(api, names, ticket, audits)
        if not token:
            token, missing = _upload(api, body, files)
        change = _comment(body, token, missing, key) | _unchanged(ticket)
        try:
            written, answer = api.change(ref.id, change)
        except Conflict:
            if number == ROUNDS - 1:
                raise
            continue
        except Rejected:
            if api.ticket(ref.id)["status"] == CLOSED:  # since we looked
                continue
            raise
        sent = {**change, "comment": {**change["comment"], "files": _count(body) - len(missing)}}
        lost = ignored(sent, written["ticket"], written.get("audit"), Known())
        missing += [*lost, *warned(answer), *(["text"] if body["cut"] else [])]
        if missing:
            problem = "took the note, but not as it was meant"
            raise PartiallyApplied(api.edge, problem, ref=ref, missing=missing)
        return
    raise Conflict(api.edge, "the ticket changes all the time")


def audits_of(api: Api, ref: TicketRef, ticket: Json) -> list[Json]:
    """Read the audits of a ticket; none of a closed one that cannot be read whole."""
    try:
        return api.audits(ref.id)
    except Incomplete:
        if ticket["status"] != CLOSED:
            raise
        return []  # archived and too large for one answer: better told twice than not at all


def _unchanged(ticket: Json) -> Json:
    """Give what makes the product refuse when the ticket is no longer as it was read."""
    return {"safe_update": True, "updated_stamp": ticket["updated_at"]}


def _comment(body: Json, token: str, refused: Sequence[str], key: str) -> Json:
    words: str = body["html"]
    if refused:
        words += as_html(f"\n\n(The helpdesk refused: {', '.join(refused)}.)")
    comment: Json = {"html_body": words, "public": False}
    if token:
        comment["uploads"] = [token]
    return {"comment": comment, "metadata": {MARK: key}}


def _count(body: Json) -> int:
    return len(body["files"]) + bool(body["whole"])


def _upload(api: Api, body: Json, files: Sequence[Attachment]) -> tuple[str, list[str]]:
    """Send the files; give the token for all of them, and those that were refused.

    Until the comment holds them, anybody who is signed in and has the address can read them.
    """
    token, refused = "", list[str]()
    planned = [
        (f"attachment {one['place'] + 1}", one["name"], files[one["place"]].content)
        for one in body["files"]
    ]
    if body["whole"]:
        planned.append(("whole text", bodies.REST_NAME, body["whole"].encode()))
    for told, name, content in planned:
        try:
            token = api.upload(name, content, bodies.media_type(name), token)
        except Rejected:
            refused.append(told)
    return token, refused


def gone_on(api: Api, names: Names, ticket: Json, audits: Sequence[Json]) -> Gone:
    """Tell where to go on after a ticket that is closed for good; opens its follow-up, once."""
    number = str(ticket["id"])
    if merges.looks_merged(ticket, audits):
        into = merges.target(api, ticket, audits)
        if into:
            return Gone(api.edge, "the ticket was merged", kind="merged", merged_into=into)
    key = bodies.followup_key(ticket)
    standing = [one for one in api.by_key(key) if str(one["id"]) != number]
    if not standing:
        body = bodies.followup_body(ticket, names.known())
        instead = {"ticket": {k: v for k, v in body["ticket"].items() if k != "requester_id"}}
        try:
            standing = [opening.make(api, body, instead, key).ticket]
        except Rejected as error:
            if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            raise Rejected(
                api.edge, f"refuses a follow-up of a closed ticket; {error.problem}"
            ) from error
    return Gone(
        api.edge,
        "the ticket is closed for good; its follow-up is open",
        kind="closed",
        merged_into=str(standing[0]["id"]),
    )
