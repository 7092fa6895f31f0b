"""A file with all that an account holds, for who reads it from another process.

A line for each change: the whole ticket with its conversations, or a mail. It is written
before the change is answered, so a killed simulator leaves it complete.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from servers.freshdesk.account import Account
from servers.freshdesk.records import Mail, Ticket


@dataclass(kw_only=True)
class Records:
    """What a journal says."""

    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    """As the product shows them, and with all `conversations` and `requester_email`."""
    mails: list[Mail] = field(default_factory=list)


class Journal:
    """Appends to a file."""

    def __init__(self, path: Path, account: Account) -> None:
        self._account = account
        self._path = path
        path.touch()

    def ticket(self, ticket: Ticket) -> None:
        shown = ticket.shown(self._account.now)
        shown["conversations"] = [one.shown() for one in ticket.conversations]
        shown["archived"] = ticket.archived
        shown["requester_email"] = self._account.address_of(ticket.requester_id)
        self._write({"ticket": shown})

    def gone(self, ticket_id: int) -> None:
        self._write({"gone": ticket_id})

    def mail(self, mail: Mail) -> None:
        self._write({"mail": asdict(mail)})

    def _write(self, line: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_journal(path: Path) -> Records:
    """Read a journal; of each ticket the last line counts. A torn last line is left out."""
    records = Records()
    for text in path.read_text("utf-8").splitlines(keepends=True):
        if not text.endswith("\n"):
            break
        line = json.loads(text)
        if "mail" in line:
            records.mails.append(Mail(**line["mail"]))
        elif "gone" in line:
            records.tickets.pop(line["gone"], None)
        else:
            records.tickets[line["ticket"]["id"]] = line["ticket"]
    return records
