"""A private note that appears once, whatever is lost on the way.

1. Look for a follow-up whose last line is the note's marker.
2. None: write a stub that holds only a neutral sentence and the marker.
3. Attach the files that are not there yet.
4. Put the words in by changing the follow-up.
5. If the stub overwrote the ticket's resolution, put the old one back.

Each step looks before it writes, so the whole may be cut anywhere and run again. The
product mails private follow-ups to people in copy and renders them as templates, but
only when they are created: so what is created holds no patient's words. It also makes
any follow-up on a resolved ticket its resolution, which patients read: the stub then
begins with the old resolution, so that nothing is lost if the end never comes.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.domain.errors import PartiallyApplied, Rejected
from connector.domain.signal import Attachment
from connector.domain.ticket import TicketRef
from connector.helpdesks.django_helpdesk.bodies import File
from connector.helpdesks.django_helpdesk.escape import JOINER, escape, escape_template, unescape
from connector.helpdesks.django_helpdesk.reading import note_key
from connector.helpdesks.django_helpdesk.site import Site
from connector.helpdesks.django_helpdesk.tables import (
    CLOSED,
    NOTE_MARK,
    RESOLVED,
    Json,
    marked,
    unmarked,
)


def ensure_note(
    site: Site,
    ref: TicketRef,
    ticket: Json,
    body: Json,
    key: str,
    attachments: Sequence[Attachment] = (),
) -> None:
    """Bring the note of this key into being on a ticket that was just read.

    Raises PartiallyApplied when it is there but not as it should be: mailed to the
    patient by a site set up so, public, or without a file that the site refused.
    """
    stub: str = body["stub"]
    found = _existing(ticket, key)
    missing: list[str] = []
    if found is None:
        found = site.say(ref.id, _stub_for(ticket, stub))
        if ticket.get("submitter_email") in (found.get("email_recipients") or ()):
            missing.append("no_mail")  # HELPDESK_NOTIFY_SUBMITTER_FOR_ALL_TICKET_CHANGES is on
    comment, refused = _with_files(site, found, body, attachments)
    if found["comment"] != comment:
        words = {"comment": comment, "title": body["title"], "public": False}
        found = site.edit(found["id"], words)
    if found["comment"] != comment:
        missing.append("text")
    if found["public"]:
        missing.append("private")
    _restore_resolution(site, ticket, stub)
    if missing or refused:
        problem = "took the note, but not as it was meant"
        raise PartiallyApplied(site.edge, problem, ref=ref, missing=[*missing, *refused])


def _existing(ticket: Json, key: str) -> Json | None:
    for followup in ticket["followup_set"]:
        if note_key(followup) == key:
            found: Json = followup
            return found
    return None


def _with_files(
    site: Site, found: Json, body: Json, attachments: Sequence[Attachment]
) -> tuple[str, list[str]]:
    """Attach what is missing; give the final words and the files that were refused."""
    there = {(file["filename"], file["size"]) for file in found.get("followupattachment_set", ())}
    refused: list[str] = []
    for planned in body["files"]:
        file = File(name=planned["name"], content=attachments[planned["place"]].content)
        if (file.name, len(file.content)) in there:
            continue
        try:
            site.attach(found["id"], file)
        except Rejected:
            refused.append(f"attachment {planned['place'] + 1}")
    comment: str = body["comment"]
    if refused:
        words, key = unmarked(unescape(comment), NOTE_MARK)
        remark = f"(The helpdesk refused: {', '.join(refused)}.)"
        comment = escape(marked(f"{words}\n\n{remark}", NOTE_MARK, key))
    return comment, refused


def _overwrites(ticket: Json) -> bool:
    status, resolution = ticket["status"], ticket.get("resolution")
    return status == RESOLVED or (status == CLOSED and resolution is None)


def _stub_for(ticket: Json, stub: str) -> str:
    if not _overwrites(ticket):
        return stub
    return JOINER + escape_template(ticket.get("resolution") or "") + "\n" + stub


def _restore_resolution(site: Site, ticket: Json, stub: str) -> None:
    """Put the resolution back where the stub took its place, now or in an earlier run."""
    standing = ticket.get("resolution") or ""
    if standing.endswith(stub):  # an earlier run was cut after its stub
        before = standing.removesuffix(stub).rstrip("\n").replace(JOINER, "")
    elif _overwrites(ticket):
        before = standing
    else:
        return
    site.change(ticket, {"resolution": before or None})
