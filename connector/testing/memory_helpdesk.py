"""A helpdesk in memory, for tests of everything behind helpdesks; passes `HelpdeskContract`.

`MemoryDesk` (in `memory_desk.py`) is the product on the other side; `MemoryHelpdesk` is
the plugin that speaks to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from connector.domain.errors import (
    AuthenticationFailed,
    EdgeError,
    Gone,
    NotSent,
    PartiallyApplied,
)
from connector.domain.practice import Practice
from connector.domain.ticket import (
    AddNote,
    Change,
    OpenTicket,
    Snapshot,
    TicketEvent,
    TicketRef,
    TicketStatus,
    UpdateTicket,
)
from connector.helpdesks.base import Capabilities, Helpdesk, HelpdeskSettings, Problem
from connector.testing.changes import carried
from connector.testing.memory_agents import Ticket
from connector.testing.memory_desk import MemoryDesk, Visible
from connector.testing.memory_feed import MemoryFeed
from connector.testing.memory_setup import MemorySetup

MAX_SUBJECT: Final = 150
MAX_ATTACHMENT_BYTES: Final = 1_000_000


class MemoryHelpdesk(MemorySetup, MemoryFeed):
    """The plugin for a `MemoryDesk`; several may speak to one desk, as after a restart."""

    def __init__(
        self, desk: MemoryDesk, *, name: str = "memory", capabilities: Capabilities | None = None
    ) -> None:
        """Speak to this desk; `capabilities` may claim less than it can."""
        self.name = name
        self.desk = desk
        self.capabilities = capabilities or Capabilities(
            find="strong",
            tags="add_remove",
            sla="due_date",
            mail_on_create=False,
            history="events",
            max_subject=MAX_SUBJECT,
            max_attachment_bytes=MAX_ATTACHMENT_BYTES,
        )
        self._closed = False

    def check(self) -> list[Problem]:
        """Say what stands in the way just now."""
        try:
            self._read("check")
        except AuthenticationFailed:
            return [Problem(what="The credentials are refused.", cure="Let the agents in again.")]
        except EdgeError as error:
            return [Problem(what=f"The desk {error.problem}.", cure="Wait for better weather.")]
        return []

    def find(self, key: str, since: datetime) -> list[TicketRef]:
        """All tickets of the key made after `since`, the deleted ones excepted."""
        self._read("find")
        with self.desk.lock:
            return [
                ticket.snapshot.ref
                for ticket in self.desk.tickets.values()
                if ticket.key == key
                and ticket.made_at >= since
                and (ticket.gone is None or ticket.gone.kind == "merged")
            ]

    def prepare(self, change: Change) -> bytes:
        """Print the change in one form."""
        return json.dumps(_plain(change), sort_keys=True).encode()

    def open(self, ticket: OpenTicket) -> TicketRef:
        """Create a ticket from the body."""
        body = json.loads(ticket.body or self.prepare(ticket))
        ref: TicketRef = self._write("open", lambda: self._create(ticket, body))
        return ref

    def update(self, ref: TicketRef, change: UpdateTicket) -> Snapshot:
        """Apply what differs."""
        body = json.loads(change.body or self.prepare(change))
        self._read("update")
        self._living(ref)
        self._write("update", lambda: self._change(ref, change.key, body))
        snapshot = self._living(ref).snapshot
        if body["assignee"] and not snapshot.assignee:
            problem, missing = "ignored assignee", ["assignee"]
            raise PartiallyApplied(self.name, problem, ref=ref, missing=missing)
        return snapshot

    def note(self, ref: TicketRef, note: AddNote) -> None:
        """Add the note unless one of its key is there."""
        body = json.loads(note.body or self.prepare(note))
        self._read("note")
        with self.desk.lock:
            events = self._living(ref).events
            if any(event.data.get("note_key") == note.key for event in events):
                return
        self._write("note", lambda: self._say(ref, note, body))

    def snapshot(self, ref: TicketRef) -> Snapshot:
        """Read the ticket."""
        self._read("snapshot")
        return self._living(ref).snapshot

    def history(self, ref: TicketRef) -> Iterator[TicketEvent]:
        """Every event, oldest first."""
        self._read("history")
        with self.desk.lock:
            events = list(self._ticket(ref).events)
        yield from events

    def strangers(self, accounts: Sequence[str]) -> list[str]:
        """Name those who are not on the desk's list; without a list everybody is."""
        known = self.desk.accounts
        return [one for one in accounts if known is not None and one not in known]

    def close(self) -> None:
        """Refuse whatever comes."""
        self._closed = True

    def _read(self, name: str) -> None:
        self._stay_open()
        self.desk.read(self.name, name)

    def _write(self, name: str, apply: Callable[[], Any]) -> Any:
        self._stay_open()
        return self.desk.write(self.name, name, apply)

    def _stay_open(self) -> None:
        if self._closed:
            raise NotSent(self.name, "is closed")

    def _ticket(self, ref: TicketRef) -> Ticket:
        ticket = self.desk.tickets.get(ref.id)
        if ticket is None:
            raise Gone(self.name, "there is no such ticket", kind="deleted")
        if ticket.gone is not None and ticket.gone.kind == "deleted":
            raise Gone(self.name, ticket.gone.problem, kind="deleted")
        return ticket

    def _living(self, ref: TicketRef) -> Ticket:
        with self.desk.lock:
            ticket = self._ticket(ref)
            if ticket.gone is not None:
                kind, into = ticket.gone.kind, ticket.gone.merged_into
                raise Gone(self.name, ticket.gone.problem, kind=kind, merged_into=into)
            return ticket

    def _create(self, change: OpenTicket, body: dict[str, Any]) -> TicketRef:
        number = str(len(self.desk.tickets) + 1)
        ref = TicketRef(id=number, url=f"memory:{number}")
        snapshot = Snapshot(
            ref=ref,
            key=change.key,
            status=TicketStatus.OPEN,
            subject=_cut(body["subject"]),
            text=body["text"],
            severity=body["severity"],
            tags=frozenset(body["tags"]),
            fields=body["fields"],
            due_at=_moment(body["due_at"]),
            assignee="",
            requester_email=body["requester"],
        )
        ticket = Ticket(id=number, key=change.key, snapshot=snapshot, made_at=self.desk.now())
        self.desk.tickets[number] = ticket
        self.desk.happen(ticket, "created", actor="amends", text=body["text"])
        self.desk.visible.append(Visible(kind="ticket", ticket=number, key=change.key))
        return ref

    def _change(self, ref: TicketRef, key: str, body: dict[str, Any]) -> None:
        ticket = self._living(ref)
        before = ticket.snapshot
        after = replace(
            before,
            tags=(before.tags | set(body["add_tags"])) - set(body["remove_tags"]),
            fields={**before.fields, **body["fields"]},
            severity=body["severity"] or before.severity,
            due_at=_moment(body["due_at"]) or before.due_at,
            status=TicketStatus(body["status"] or before.status),
            assignee=before.assignee or self._known(body["assignee"]),
        )
        if after != before:
            ticket.snapshot = after
            self.desk.happen(ticket, "field", actor="amends", data={"note_key": key})
            self.desk.visible.append(Visible(kind="change", ticket=ref.id, key=key))

    def _known(self, account: str) -> str:
        return "" if self.strangers([account]) else account

    def _say(self, ref: TicketRef, note: AddNote, body: dict[str, Any]) -> None:
        ticket = self._living(ref)
        files: dict[str, str] = {}
        text = body["text"]
        for file in note.attachments:
            if file.withheld or not file.content or len(file.content) > MAX_ATTACHMENT_BYTES:
                text += f"\nNot attached: {file.name}"
            else:
                files[f"{len(files) + 1}-{file.name}"] = file.sha256
        ticket.attachments[note.key] = files
        data = {"note_key": note.key, **({"files": ", ".join(files)} if files else {})}
        self.desk.happen(ticket, "note", actor="amends", text=text, data=data)
        self.desk.visible.append(Visible(kind="note", ticket=ref.id, key=note.key))


class MemoryHelpdeskSettings(HelpdeskSettings):
    """Configuration of a helpdesk in memory, for tests of what opens helpdesks."""

    kind: Literal["memory"] = "memory"
    name: str = "memory"

    def open(self, practice: Practice) -> Helpdesk:
        """Make a helpdesk with an empty desk of its own."""
        del practice  # the desk belongs to nobody
        return MemoryHelpdesk(MemoryDesk(), name=self.name)


def _plain(change: Change) -> dict[str, Any]:
    if isinstance(change, OpenTicket):
        return {
            "subject": change.subject,
            "text": carried(change.text),
            "requester": change.requester.email,
            "severity": change.severity,
            "tags": list(change.tags),
            "fields": dict(change.fields),
            "due_at": _print(change.due_at),
        }
    if isinstance(change, AddNote):
        return {"text": carried(change.text), "files": [file.sha256 for file in change.attachments]}
    return {
        "severity": change.severity,
        "add_tags": sorted(change.add_tags),
        "remove_tags": sorted(change.remove_tags),
        "fields": dict(change.fields),
        "due_at": _print(change.due_at),
        "status": change.status,
        "assignee": change.assignee,
    }


def _print(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _cut(subject: str) -> str:
    line = " ".join(subject.split())
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 3] + "..."
