"""Plausible changes for tests of helpdesks, distinct by number, and words that bite."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from connector.domain.signal import Attachment, Contact
from connector.domain.ticket import AddNote, OpenTicket, UpdateTicket

CANARY: Final = "Quirina Canary"
"""A patient's name that must not turn up in a log or an error."""

DUE: Final = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)

HOSTILE: Final = (
    "{{ ticket.submitter_email }} {% load x %} {# gone #} {% endverbatim %} 100%} }} %} #}",
    "<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;b&gt; &amp; &#42; </textarea>",
    "# heading\n## second\n===\n---\n* a\n- b\n+ c\n3. three\n> quote\n```\nfence\n```\n\tcode",
    "*2*3*4 __init__ _x_ a_b `rm` \\* \\\\ C:\\temp ![p](http://127.0.0.1:1/p.png) [a](http://x)",
    "[ref]: http://127.0.0.1:1/ 'title'\n[ref] <http://127.0.0.1:1/> <a@example.com> http://x.y",
    "see #1 and #12, #99999999999999999999, PR-1, &#1; a#1",
    "\U0001f600 na\u00efve \u2013 \u201cquotes\u201d \u05e2 \u0627 \u202etxet \u65e5 e\u0301",
    "first\n\n\n\nafter four breaks\n    indented\n\nlast line with space ",
    "X-HELPDESK-COMMENT-VERBATIM x X-HELPDESK-COMMENT-ENDVERBATIM",
    "[amends note note-1]",
    "\"; DROP TABLE tickets; -- ' OR 1=1 \x01\x1b[31m\x7f",
    "line\r\nbreaks\rof all kinds",
    "x" * 20_000 + "\n" + "y " * 10_000,
)
"""Texts that some product renders, expands, links, trims or breaks on."""


def a_ticket(number: int = 1, **changes: Any) -> OpenTicket:
    """Make a ticket that is owed; `changes` replace its fields."""
    ticket = OpenTicket(
        key=f"open-C{number:05}",
        case_id=f"C-{number:05}",
        subject=f"Waited two hours, visit {number}",
        text=f"{CANARY} waited for two hours.\n\nCall back, say sorry, ask why.",
        requester=Contact(name=CANARY, email=f"patient{number}@example.com"),
        severity=2,
        tags=("amends", "amends_visit_wait"),
        fields={"category": "visit.wait"},
        due_at=DUE,
    )
    return replace(ticket, **changes)


def a_note(number: int = 1, **changes: Any) -> AddNote:
    """Make a note that is owed; `changes` replace its fields."""
    note = AddNote(
        key=f"note-{number}",
        case_id="C-00001",
        text=f"{CANARY} called again ({number}).\nStill nobody has called back.",
    )
    return replace(note, **changes)


def an_update(number: int = 1, **changes: Any) -> UpdateTicket:
    """Make an update that is owed; `changes` replace its fields."""
    update = UpdateTicket(
        key=f"update-{number}",
        case_id="C-00001",
        severity=4,
        add_tags=("amends_repeat",),
        remove_tags=("amends_visit_wait",),
    )
    return replace(update, **changes)


def a_file(
    name: str = "letter.pdf", content: bytes = b"%PDF-1.7\r\n\x00\xff\n--x\r\n"
) -> Attachment:
    """Make an attachment whose bytes do not survive careless handling."""
    return Attachment(name=name, media_type="application/pdf", content=content)


def carried(text: str) -> str:
    """Give what of a text every product carries: no NUL, no half characters, line feeds."""
    plain = re.sub("[\x00\u2060\ud800-\udfff]", "", text)
    return plain.replace("\r\n", "\n").replace("\r", "\n")
