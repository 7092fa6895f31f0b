"""A private note that appears once, whatever is lost on the way.

1. Look for a note whose last line is its mark.
2. None: write it, words, marker and files in one request, so that there is no half note.

A note that agents deleted is not there, and would be written again by a repetition; only
what is in doubt is ever repeated.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.domain.errors import PartiallyApplied, Rejected
from connector.domain.signal import Attachment
from connector.domain.ticket import TicketRef
from connector.helpdesks.freshdesk import words
from connector.helpdesks.freshdesk.account import Account
from connector.helpdesks.freshdesk.files import File, fitting, weight
from connector.helpdesks.freshdesk.reading import key_of
from connector.helpdesks.freshdesk.tables import Json


def ensure_note(
    account: Account,
    ref: TicketRef,
    holders: Sequence[Json],
    body: Json,
    key: str,
    attachments: Sequence[Attachment] = (),
) -> None:
    """Bring the note of this key into being on a ticket that was just read.

    Raises PartiallyApplied when the note is there but not as it should be (see `written`).
    """
    missing = written(account, ref, holders, body, key, attachments)
    if missing:
        problem = "took the note, but not as it was meant"
        raise PartiallyApplied(account.edge, problem, ref=ref, missing=missing)


def written(
    account: Account,
    ref: TicketRef,
    holders: Sequence[Json],
    body: Json,
    key: str,
    attachments: Sequence[Attachment] = (),
) -> tuple[str, ...]:
    """Write the note with this mark unless it is there; names what is not as it should be.

    `holders` are the ticket and its conversations. What is named: `private` when others can
    read it, `text`, and each file that has no room or was refused.
    """
    standing = next((one for one in holders[1:] if key_of(one, body["kind"]) == key), None)
    if standing is not None:
        return () if standing["private"] else ("private",)
    wanted = [
        File(name=planned["name"], content=attachments[planned["place"]].content)
        for planned in body["files"]
    ]
    files = fitting(wanted, weight(holders))
    html = _html(body, wanted, files)
    try:
        made = account.say(ref.id, html, files)
    except Rejected as error:
        if not files or not {"attachments", "attachments[]"} & set(error.fields):
            raise
        files = []  # refused for good, nothing was written: the words are worth more
        html = _html(body, wanted, files)
        made = account.say(ref.id, html)
    missing = [f"attachment {number}" for number, file in enumerate(wanted, 1) if file not in files]
    if not made["private"]:
        missing.append("private")
    if words.folded(words.plain(made["body"])) != words.folded(words.plain(html)):
        missing.append("text")
    return tuple(missing)


def _html(body: Json, wanted: Sequence[File], files: Sequence[File]) -> str:
    """Give the note's HTML, with a word on files that could not go along."""
    left = [file.name for file in wanted if file not in files]
    said = f"Not attached, there is no room on this ticket: {', '.join(left)}"
    remark = words.escape(said) if left else ""
    return f"{body['words']}{remark}{body['mark']}"
