"""Helpdesks for a trial: how each is started, configured, and read without the plugin."""

from __future__ import annotations

import importlib
import re
import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from campaign.stage import site_table
from connector.demo import processes

MARK = re.compile(r"\[amends note ([^\]]+)\]")
SIMULATED = {"zendesk": "ZendeskDesk", "freshdesk": "FreshdeskDesk"}
NAMES = ("django_helpdesk", *SIMULATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTicket:
    """A ticket as the helpdesk's own records have it."""

    id: str
    key: str
    """Ours; empty when it carries none."""
    address: str
    """E-mail address of the patient, as far as the ticket has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenText:
    """Words on a ticket."""

    ticket: str
    text: str
    marks: tuple[str, ...] = ()
    """Our keys of notes by which the plugin recognises this text again."""
    private: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that the helpdesk's own records say."""

    tickets: tuple[SeenTicket, ...]
    texts: tuple[SeenText, ...]
    """In the order in which they were written."""
    mails: int
    """Mails that left the helpdesk."""
    complaints: tuple[str, ...] = field(default=())
    """What the helpdesk itself found wrong with our requests."""


class Desk(Protocol):
    """A helpdesk as a trial needs it."""

    def start(self, folder: Path, stack: ExitStack) -> int:
        """Start it as a process of its own with its data in `folder`; gives its port."""
        ...

    def table(self, folder: Path, port: int) -> dict[str, object]:
        """Give the configuration's `[helpdesk]`, for requests to `port`."""
        ...

    def seen(self, folder: Path) -> Seen:
        """Read what the helpdesk has, past the plugin."""
        ...


class DjangoDesk:
    """django-helpdesk, the real one."""

    def __init__(self) -> None:
        """Make it; nothing runs yet."""
        self._token = ""

    def start(self, folder: Path, stack: ExitStack) -> int:
        """Start the site."""
        site = processes.site(folder, "UTC")
        stack.callback(site.stop)
        access = processes.site_access(site.ready())
        self._token = access["token"]
        return int(access["port"])

    def table(self, folder: Path, port: int) -> dict[str, object]:
        """Give its configuration."""
        return site_table(folder, port, self._token)

    def seen(self, folder: Path) -> Seen:
        """Read its database; a description and a public follow-up are what patients can see."""
        site = folder / "helpdesk"
        with sqlite3.connect(f"file:{site / 'db.sqlite3'}?mode=ro", uri=True) as database:
            tickets = database.execute(
                "SELECT t.id, coalesce(max(v.value), ''), coalesce(t.submitter_email, '') "
                "FROM helpdesk_ticket t LEFT JOIN (helpdesk_ticketcustomfieldvalue v "
                "JOIN helpdesk_customfield f ON f.id = v.field_id AND f.name = 'amends_key') "
                "ON v.ticket_id = t.id GROUP BY t.id ORDER BY t.id"
            ).fetchall()
            texts = database.execute(
                "SELECT id, description, 1 FROM helpdesk_ticket UNION ALL SELECT * FROM (SELECT "
                "ticket_id, comment, public FROM helpdesk_followup ORDER BY id)"
            ).fetchall()
        return Seen(
            tickets=tuple(SeenTicket(id=str(n), key=key, address=to) for n, key, to in tickets),
            texts=tuple(
                SeenText(
                    ticket=str(number),
                    text=text or "",
                    marks=tuple(MARK.findall(text or "")),
                    private=not public,
                )
                for number, text, public in texts
            ),
            mails=len(list((site / "mail").glob("*"))),
        )


def named(name: str) -> Desk:
    """Give a helpdesk by the name of its plugin; the simulated ones need `PYTHONPATH=tests`."""
    if name == "django_helpdesk":
        return DjangoDesk()
    simulated = importlib.import_module("campaign.simulated")
    found: Desk = getattr(simulated, SIMULATED[name])()
    return found
