"""The hands of agents for another process: `POST /_hand/NAME` with the arguments as JSON.

For `python -m servers.zendesk`; no part of the product. NAME is a method of ZendeskSimulator
below, `records` (all tickets, comments and mails), `advance` (the clock) or `turn` (knobs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from servers.weather import Answer, Request, json_answer
from servers.zendesk import render

if TYPE_CHECKING:
    from servers.zendesk.simulator import ZendeskSimulator

PATH: Final = "/_hand/"
HANDS: Final = frozenset(
    {
        *("comment_by_hand", "tag_by_hand", "untag_by_hand", "update_by_hand", "set_status"),
        *("assign", "close_ticket", "archive", "delete", "restore", "scrub", "merge"),
        *("mark_as_spam", "expire_tokens", "conflict"),
    }
)


def opened(desk: ZendeskSimulator, request: Request) -> Answer:
    """Do what is asked."""
    name = request.path.removeprefix(PATH)
    arguments = request.json() if request.body else {}
    others: dict[str, Callable[..., Any]] = {
        "records": lambda: records(desk),
        "advance": desk.clock.advance,
        "turn": lambda **knobs: [setattr(desk.knobs, *one) for one in knobs.items()],
        "suspend": lambda email: desk.suspend(email).id,
    }
    act = others.get(name) or (getattr(desk, name) if name in HANDS else None)
    if act is None:
        return json_answer(404, {"error": f"no hand is called {name}"})
    tags = arguments.pop("tags", []) if name in {"tag_by_hand", "untag_by_hand"} else []
    done = act(arguments.pop("ticket_id"), *tags) if tags else act(**arguments)
    return json_answer(200, done)


def records(desk: ZendeskSimulator) -> dict[str, Any]:
    """All that the account holds, wherever it is."""
    return {
        "tickets": [
            render.ticket(one, desk.url) | {"place": one.place, "comments": one.comments()}
            for one in desk.tickets
        ],
        "mails": [asdict(mail) for mail in desk.mails],
    }
