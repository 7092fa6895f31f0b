"""Canned responses: the words that agents may pick, in a folder of our own.

The product has no room for a mark beside a title, so the title ends with the fingerprint of what
we wrote. Where the words are others than that, an agent has changed them: they are never
overwritten. The API cannot delete a canned response.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from connector.domain.blueprint import REFERENCE, Action, PlannedStep, WantedAnswer, fingerprint
from connector.domain.errors import Rejected
from connector.helpdesks.freshdesk import words
from connector.helpdesks.freshdesk.account import Account
from connector.helpdesks.freshdesk.tables import Json

ANSWER: Final = "answer"
FOLDER: Final = "Recovery (amends)"
"""Name of our folder; what stands in others is none of our business."""

EVERYBODY: Final = 0
"""Visible to all agents."""

MAX_TITLE: Final = 240

THEIRS: Final = (
    "Agents have changed its words, and ours have changed as well. Look at both "
    "(`amends templates --preview`); delete it (Admin, Canned Responses) and run this again to "
    "get ours."
)
_TITLE: Final = re.compile(r"(?P<title>.*) \[(?P<mark>[0-9a-f]{12})\]", re.DOTALL)


def steps_of(
    account: Account, wanted: Sequence[WantedAnswer], *, remove: bool
) -> list[PlannedStep]:
    """Give a step for each answer."""
    if not wanted:
        return []
    there = _there(account)
    if remove:
        return list(_removals(wanted, there))
    return [_step(one, there.get(one.title)) for one in wanted]


def set_up(account: Account, step: PlannedStep, answer: WantedAnswer) -> None:
    """Make an answer, or change the words that we wrote; looks first."""
    found = _there(account).get(answer.title)
    action = _step(answer, found).action
    if action is Action.MANUAL or step.action is Action.REMOVE:
        raise Rejected(account.edge, "cannot do this step; plan again", fields=[step.name])
    if action is Action.KEEP:
        return
    body: Json = {"title": _title(answer), "content_html": _html(answer), "visibility": EVERYBODY}
    if found is not None:
        account.set_up("PUT", f"/canned_responses/{found['id']}", body)
        return
    folder = _folder(account)
    number = (
        folder["id"]
        if folder
        else account.set_up("POST", "/canned_response_folders", {"name": FOLDER})["id"]
    )
    account.set_up("POST", "/canned_responses", {**body, "folder_id": number})


def _folder(account: Account) -> Json | None:
    return next((one for one in account.folders() if one.get("name") == FOLDER), None)


def _there(account: Account) -> dict[str, Json]:
    """Give what stands in our folder, by title without the mark; the first one counts."""
    folder = _folder(account)
    found: dict[str, Json] = {}
    for one in account.canned(int(folder["id"])) if folder else ():
        marked = _TITLE.fullmatch(str(one.get("title") or ""))
        if marked is not None:
            shown = fingerprint(words.plain(str(one.get("content_html") or "")))
            found.setdefault(marked["title"], {**one, "wrote": marked["mark"], "shown": shown})
    return found


def _step(answer: WantedAnswer, found: Json | None) -> PlannedStep:
    if found is None:
        return PlannedStep(action=Action.CREATE, kind=ANSWER, name=answer.name, title=answer.title)
    mark, changed = _mark(answer), found["shown"] != found["wrote"]
    action, manual = Action.KEEP, ""
    lines: tuple[str, ...] = ()
    if changed and mark not in {found["shown"], found["wrote"]}:
        action, manual = Action.MANUAL, THEIRS
    elif not changed and mark != found["shown"]:
        action, lines = Action.CHANGE, ("words: the new ones",)
    return PlannedStep(
        action=action,
        kind=ANSWER,
        name=answer.name,
        title=answer.title,
        changes=lines,
        manual=manual,
        id=str(found["id"]),
    )


def _removals(wanted: Sequence[WantedAnswer], there: dict[str, Json]) -> Iterator[PlannedStep]:
    for one in wanted:
        if one.title in there:
            yield PlannedStep(
                action=Action.MANUAL,
                kind=ANSWER,
                name=one.name,
                title=one.title,
                manual=f'Admin, Canned Responses, "{FOLDER}": delete it. The API cannot.',
                id=str(there[one.title]["id"]),
            )


def _title(answer: WantedAnswer) -> str:
    return f"{answer.title[:MAX_TITLE]} [{_mark(answer)}]"


def _mark(answer: WantedAnswer) -> str:
    return fingerprint(words.plain(_html(answer)))


def _html(answer: WantedAnswer) -> str:
    return words.escape(answer.text).replace(REFERENCE, "{{ticket.id}}")
