"""The judge: reads the helpdesk's own records, not ours, and says whether promises were kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from connector.demo.scenario import COUNTED, JOINS, KNOWN, LOOK, PARKED, TICKET

PAGE = 100
TIMEOUT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One promise, and whether it was kept."""

    promise: str
    kept: bool
    seen: str
    """What was found, in figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as the helpdesk itself tells it."""

    id: int
    key: str
    title: str
    texts: tuple[str, ...]
    """Description and all comments."""
    public: int
    """Comments that a patient could see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Words of the scenario and what must have become of them."""

    expect: str
    words: str


def read_tickets(url: str, token: str) -> list[Ticket]:
    """Read every ticket of the helpdesk through its own interface."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Token {token}"
    return [_ticket(found) for found in _pages(session, f"{url.rstrip('/')}/api/tickets/")]


def judge(tickets: Sequence[Ticket], said: Sequence[Said], tickets_expected: int) -> list[Finding]:
    """Hold the helpdesk's records against what had to become of everything that was said."""
    keys = Counter(ticket.key for ticket in tickets)
    doubled = sum(count - 1 for count in keys.values())
    wrong = [words for words in said if _places(tickets, words) != _wanted(words)]
    public = sum(ticket.public for ticket in tickets)
    return [
        Finding(
            promise="one failure, one ticket",
            kept=len(tickets) == tickets_expected and doubled == 0,
            seen=f"{len(tickets)} tickets for {tickets_expected} failures, {doubled} doubled",
        ),
        Finding(
            promise="every word in its one place, or in none",
            kept=not wrong,
            seen=f"{len(said) - len(wrong)} of {len(said)}",
        ),
        Finding(promise="nothing public", kept=public == 0, seen=f"{public} public comments"),
    ]


def judge_mail(folder: Path) -> Finding:
    """No mail may have left the helpdesk."""
    sent = len(list((folder / "helpdesk" / "mail").glob("*")))
    return Finding(promise="no mail to a patient", kept=sent == 0, seen=f"{sent} mails sent")


def _wanted(said: Said) -> int:
    return {TICKET: 1, LOOK: 1, JOINS: 1, COUNTED: 0, PARKED: 0, KNOWN: 1}[said.expect]


def _places(tickets: Sequence[Ticket], said: Said) -> int:
    return sum(_flat(said.words) in _flat(text) for ticket in tickets for text in ticket.texts)


def _flat(text: str) -> str:
    """Compare words only: a helpdesk may fold lines and quote."""
    return " ".join(text.replace(">", " ").replace("\u2060", "").split()).casefold()


def _ticket(found: dict[str, Any]) -> Ticket:
    comments = found.get("followup_set") or []
    return Ticket(
        id=int(found["id"]),
        key=str(found.get("custom_amends_key") or ""),
        title=str(found.get("title") or ""),
        texts=(
            str(found.get("description") or ""),
            *(str(comment.get("comment") or "") for comment in comments),
        ),
        public=sum(bool(comment.get("public")) for comment in comments),
    )


def _pages(session: requests.Session, url: str) -> Iterator[dict[str, Any]]:
    page = 1
    while True:
        answer = session.get(url, params={"page_size": PAGE, "page": page}, timeout=TIMEOUT_S)
        answer.raise_for_status()
        body = answer.json()
        yield from body["results"]
        if not body.get("next"):
            return
        page += 1
