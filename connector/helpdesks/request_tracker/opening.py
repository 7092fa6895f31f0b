"""A ticket that comes to be once, and mails nobody.

1. Create it with its key, without a requestor.
2. Read it. Without its key it lost a race: it is merged into the one that holds the key, and
   the outcome is told as unknown, so that the pipeline finds the holder and completes it.
3. Put in the requestor, and the due time (which the queue's service level had set over ours).
4. Write the words for agents as a comment.
5. Read it back.
"""

from __future__ import annotations

from typing import Final

from connector.domain.errors import (
    Conflict,
    EdgeError,
    Gone,
    OutcomeUnknown,
    PartiallyApplied,
    Rejected,
)
from connector.domain.ticket import TicketRef
from connector.helpdesks.request_tracker import reading
from connector.helpdesks.request_tracker.api import Api, Queue
from connector.helpdesks.request_tracker.fields import number_of, placed
from connector.helpdesks.request_tracker.levels import known_levels
from connector.helpdesks.request_tracker.notes import ensure_comment, look, write_comment
from connector.helpdesks.request_tracker.tables import SYSTEM, Json, moment, quoted

ROUNDS: Final = 3
"""So often a write is begun anew when somebody was faster."""


def holders(api: Api, key: str) -> list[int]:
    """Give all tickets that carry a key, oldest first, in whatever queue; deleted ones never.

    With `EffectiveId` in the search the product gives merged ones too.
    """
    field = api.key_id()
    return api.tickets(f"'CF.{{{field}}}' = {quoted(key)} AND EffectiveId > 0")


def open_ticket(api: Api, body: Json) -> TicketRef:
    """Make a ticket and complete it."""
    queue = api.queue()
    key = number_of(api.settings, queue, "key")
    if key is None:
        key = api.key_id()  # raises while there is none: no ticket without a key
        queue = api.queue()
    values, lacking = placed(api.settings, queue, body["fields"])
    create, unfit = _create(api, queue, body, key, values)
    number = api.create(create)
    ref = ref_of(api, number)
    try:
        ticket = _made_unique(api, ref, body["key"], key)
        _put_in(api, ticket, body)
        write_comment(api, ref, ticket, body["comment"])
        missing = reading.missing_of(api, queue, body, api.ticket(ref.id), values)
    except (Rejected, Gone) as error:
        problem = f"the ticket was made but not completed ({type(error).__name__})"
        raise PartiallyApplied(api.edge, problem, ref=ref, missing=["text"]) from error
    except (OutcomeUnknown, PartiallyApplied):
        raise
    except EdgeError as error:
        problem = f"the ticket was made, its completion was cut ({type(error).__name__})"
        raise OutcomeUnknown(api.edge, problem) from error
    if missing := sorted({*missing, *lacking, *unfit}):
        problem = f"ignored {', '.join(missing)}"
        raise PartiallyApplied(api.edge, problem, ref=ref, missing=missing)
    return ref


def finish_ticket(api: Api, ref: TicketRef, body: Json) -> None:
    """Complete a ticket that `find` found; one that people have worked on gets the words only."""
    ticket = api.ticket(ref.id)
    ours = {str(ticket["Creator"]["id"]), SYSTEM}
    touched = any(str(one["Creator"]["id"]) not in ours for one in api.history(int(ref.id)))
    worded = look(api, int(ref.id), body["comment"]["mark"]) is not None
    if not touched and not (worded and ticket["Requestor"]):
        _put_in(api, ticket, body)
    ensure_comment(api, ref, ticket, body["comment"])
    left = [] if touched else sorted(_OURS[name] for name in _after(body, api.ticket(ref.id)))
    if left and not worded:
        problem = f"ignored {', '.join(left)}"
        raise PartiallyApplied(api.edge, problem, ref=ref, missing=left)


def _put_in(api: Api, ticket: Json, body: Json) -> None:
    """Put in requestor and due time, as far as they are not there."""
    for number in range(ROUNDS):
        after = _after(body, ticket)
        if not after:
            return
        try:
            api.change(ticket, after)
        except Conflict:
            if number == ROUNDS - 1:
                raise
            ticket = api.ticket(str(ticket["id"]))
        else:
            return


def ref_of(api: Api, number: int) -> TicketRef:
    """Give a ticket's place, with its address for people."""
    url = f"{api.settings.url}/Ticket/Display.html?id={number}"
    return TicketRef(id=str(number), url=url)


def _create(
    api: Api, queue: Queue, body: Json, key: int, values: dict[str, str]
) -> tuple[Json, list[str]]:
    unfit: list[str] = []
    fields: Json = {str(key): body["key"], **{n: v for n, v in values.items() if v}}
    tags = number_of(api.settings, queue, "tags")
    if body["tags"] and tags is not None:
        fields[str(tags)] = body["tags"]
    create: Json = {**body["create"], "Queue": queue.id, "CustomFields": fields}
    if body["sla"]:
        levels = known_levels(api)
        if levels is None or body["sla"] in levels:
            create["SLA"] = body["sla"]
        else:
            unfit.append("sla")
    return create, unfit


_OURS: Final = {"Requestor": "requester", "Due": "due_at"}


def _after(body: Json, ticket: Json) -> Json:
    """Give what is put in after creation; a due time that only the service level set goes."""
    after: Json = {}
    if body["requestor"] and not ticket["Requestor"]:
        after["Requestor"] = body["requestor"]
    if moment(body["due"]) != moment(ticket.get("Due")):
        after["Due"] = body["due"]
    return after


def _made_unique(api: Api, ref: TicketRef, key: str, field: int) -> Json:
    """Read a new ticket; one that was refused its key is merged into the one that has it."""
    ticket = api.ticket(ref.id)
    if reading.key_of(api.settings, api.queue(), ticket) == key:
        return ticket
    others = [number for number in holders(api, key) if str(number) != ref.id]
    if not others:  # nobody has it: the product did not let us set it at creation
        api.change(ticket, {"CustomFields": {str(field): key}})
        return api.ticket(ref.id)
    api.change(ticket, {"MergeInto": others[0]})
    if api.ticket_or_target(ref.id)["id"] == ticket["id"]:
        holder, missing = ref_of(api, others[0]), [f"merge of ticket {ref.id}"]
        problem = "made a second ticket of one key, which could not be merged"
        raise PartiallyApplied(api.edge, problem, ref=holder, missing=missing)
    problem = "had a ticket of this key already, into which ours was merged"
    raise OutcomeUnknown(api.edge, problem)
