"""What people do in the product without the API, and what a test wants to know of it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from servers.freshdesk.account import LONG_AGO, Account
from servers.freshdesk.conversations import answer_patient
from servers.freshdesk.fields import Field
from servers.freshdesk.people import Agent, Contact
from servers.freshdesk.records import CLOSED, NOTE, REPLY, Conversation, Ticket
from servers.freshdesk.tickets import apply, merge_into, open_ticket
from servers.simulator import Server


class Desk:
    """Arranges and examines an account; every method holds the server's lock."""

    def __init__(self, account: Account, server: Server) -> None:
        self.account = account
        self._server = server
        self.agent = account.add_agent("Nora Nurse", "nora@harbor.example", "agent-key-nora")
        """Who acts by hand; not the agent whose key the plugin has."""

    @contextmanager
    def _ticket(self, ticket_id: int | str) -> Iterator[Ticket]:
        with self._server.lock:
            yield self.account.tickets[int(ticket_id)]

    # what there is

    def ticket(self, ticket_id: int | str) -> dict[str, Any]:
        """Give a ticket as the product shows it, also a deleted or archived one."""
        with self._ticket(ticket_id) as ticket:
            return ticket.shown(self.account.now)

    def tickets(self, **having: Any) -> list[dict[str, Any]]:
        """Give all tickets with these values, of fields or custom fields, in whatever state."""
        with self._server.lock:
            shown = [one.shown(self.account.now) for one in self.account.tickets.values()]
        return [
            one
            for one in shown
            if all(
                {**one, **one["custom_fields"]}.get(name) == want for name, want in having.items()
            )
        ]

    def count(self, **having: Any) -> int:
        """Count tickets with these values that are neither deleted nor spam."""
        return sum(not one.get("deleted") and not one["spam"] for one in self.tickets(**having))

    def conversations(self, ticket_id: int | str) -> list[Conversation]:
        """Give everything that stands on a ticket beside its first text, oldest first."""
        with self._ticket(ticket_id) as ticket:
            return list(ticket.conversations)

    def files(self, ticket_id: int | str) -> dict[str, str]:
        """Give name to sha256 of all files of a ticket and its conversations."""
        with self._ticket(ticket_id) as ticket:
            holders: list[Ticket | Conversation] = [ticket, *ticket.conversations]
            return {file.name: file.sha256 for one in holders for file in one.attachments}

    # what agents do

    def tag(self, ticket_id: int | str, *tags: str) -> None:
        with self._ticket(ticket_id) as ticket:
            self._change(ticket, tags=[*ticket.tags, *tags])

    def untag(self, ticket_id: int | str, *tags: str) -> None:
        with self._ticket(ticket_id) as ticket:
            self._change(ticket, tags=[one for one in ticket.tags if one not in tags])

    def set(self, ticket_id: int | str, **values: Any) -> None:
        """Set attributes (`status`, `priority`, `responder_id` ...) or `custom_fields`."""
        with self._ticket(ticket_id) as ticket:
            self._change(ticket, **values)

    def assign(self, ticket_id: int | str, agent: Agent | None = None) -> None:
        self.set(ticket_id, responder_id=(agent or self.agent).id)

    def comment(self, ticket_id: int | str, text: str, *, private: bool = True) -> Conversation:
        """Write a note; text is escaped as the editor does."""
        with self._ticket(ticket_id) as ticket:
            one = self.account.converse(ticket, _html(text), self.agent.id, private=private)
            self.account.touched(ticket, self.agent.id, note={"id": one.id, "type": 4})
            return one

    def reply(self, ticket_id: int | str, text: str) -> Conversation:
        """Answer the patient by mail."""
        with self._ticket(ticket_id) as ticket:
            return answer_patient(self.account, ticket, _html(text), self.agent.id)

    def edit(self, conversation: Conversation, text: str) -> None:
        """Rewrite a note, as agents may."""
        with self._ticket(conversation.ticket_id) as ticket:
            conversation.body = _html(text)
            conversation.updated_at = conversation.last_edited_at = self.account.now
            conversation.last_edited_user_id = self.agent.id
            self.account.touched(ticket, self.agent.id)

    def remove(self, conversation: Conversation) -> None:
        """Delete a note."""
        with self._ticket(conversation.ticket_id) as ticket:
            ticket.conversations.remove(conversation)
            self.account.touched(ticket, self.agent.id)

    def opens(self, subject: str, text: str, email: str, **values: Any) -> int:
        """Open a ticket in the agents' own form; its address lists are null, not empty."""
        with self._server.lock:
            person = self.account.with_email(email) or self.account.add_contact(email=email)
            about = {"subject": subject, "description": _html(text), **values}
            ticket = open_ticket(self.account, about, person.id)
            ticket.cc_emails = None
            self.account.touched(ticket, self.agent.id, new_ticket=True)
            return ticket.id

    def delete(self, ticket_id: int | str) -> None:
        """Put a ticket into the trash."""
        with self._ticket(ticket_id) as ticket:
            ticket.deleted = True
            self.account.touched(ticket, self.agent.id, deleted=True)

    def restore(self, ticket_id: int | str) -> None:
        with self._ticket(ticket_id) as ticket:
            ticket.deleted = ticket.spam = False
            self.account.touched(ticket, self.agent.id, deleted=False)

    def destroy(self, ticket_id: int | str) -> None:
        """Delete a ticket for good, as emptying the trash does."""
        with self._server.lock:
            self.account.destroy(int(ticket_id))

    def spam(self, ticket_id: int | str) -> None:
        with self._ticket(ticket_id) as ticket:
            ticket.spam = True
            self.account.touched(ticket, self.agent.id, spam=True)

    def merge(self, ticket_id: int | str, into: int | str) -> None:
        with self._ticket(ticket_id) as ticket:
            merge_into(self.account, ticket, self.account.tickets[int(into)], self.agent.id)

    def archive(self, ticket_id: int | str) -> None:
        """Move a ticket to the archive, as 120 days after closing."""
        with self._ticket(ticket_id) as ticket:
            self.account.set_status(ticket, CLOSED)
            ticket.archived = True
            self.account.on_ticket(ticket)

    def hard_delete(self, contact: Contact) -> None:
        """Delete a contact with all their tickets."""
        with self._server.lock:
            self.account.destroy_contact(contact.id)

    # what patients do

    def patient_writes(self, ticket_id: int | str, text: str) -> Conversation:
        """Answer as the patient, by mail; a ticket that was over is open again."""
        with self._ticket(ticket_id) as ticket:
            one = self.account.converse(
                ticket,
                _html(text),
                ticket.requester_id,
                private=False,
                source=REPLY,
                incoming=True,
            )
            ticket.stats["requester_responded_at"] = self.account.now
            self.account.set_status(ticket, 2)
            self.account.touched(ticket, ticket.requester_id, "user")
            return one

    def rate(self, ticket_id: int | str, rating: int, feedback: str = "") -> None:
        """Answer the satisfaction survey: 103 to -103, or 1, 2, 3 (unhappy) in a classic one."""
        with self._ticket(ticket_id) as ticket:
            self.account.ratings.append(
                {
                    "id": next(self.account.ids),
                    "survey_id": 1,
                    "user_id": ticket.requester_id,
                    "agent_id": ticket.responder_id,
                    "feedback": feedback or None,
                    "group_id": ticket.group_id,
                    "ticket_id": ticket.id,
                    "created_at": self.account.now,
                    "ratings": {"default_question": rating},
                }
            )

    # what admins do

    def require(self, name: str, *, closure: bool = False) -> None:
        """Make a field of the form mandatory for agents, or for closing only."""
        with self._server.lock:
            one = self.account.form.named(name)
            assert one is not None, name
            if closure:
                one.required_for_closure = True
            else:
                one.required_for_agents = True

    def add_field(self, label: str, kind: str = "custom_text", **more: Any) -> Field:
        """Add a field by hand; `name` is made of the label unless given."""
        with self._server.lock:
            name = more.pop("name", "cf_" + label.lower().replace(" ", "_"))
            return self.account.add_field(name, label, kind, **more)

    def remove_field(self, name: str) -> None:
        with self._server.lock:
            one = self.account.form.named(name)
            assert one is not None, name
            one.archived = True
            for ticket in self.account.tickets.values():
                ticket.custom_fields.pop(name, None)

    def add_status(self, code: int, label: str) -> None:
        with self._server.lock:
            self.account.form.statuses[code] = (label, label)

    def add_type(self, name: str) -> None:
        with self._server.lock:
            self.account.form.types.append(name)

    def add_group(self, name: str) -> int:
        with self._server.lock:
            id_ = next(self.account.ids)
            self.account.groups[id_] = {"name": name, "created_at": self.account.now}
            return id_

    def age(self, ticket_id: int | str, days: int) -> None:
        """Let a ticket be older than it is."""
        with self._ticket(ticket_id) as ticket:
            ticket.created_at -= timedelta(days=days)
            ticket.updated_at -= timedelta(days=days)
            self.account.swept = LONG_AGO

    def automation_notes(self, ticket_id: int | str, text: str) -> Conversation:
        """Let an automation rule write a note."""
        with self._ticket(ticket_id) as ticket:
            one = self.account.converse(
                ticket,
                _html(text),
                self.agent.id,
                source=NOTE,
                automation_id=next(self.account.ids),
            )
            self.account.touched(ticket, self.agent.id, "system")
            return one

    def _change(self, ticket: Ticket, **values: Any) -> None:
        changed = apply(self.account, ticket, values)
        self.account.touched(ticket, self.agent.id, **changed)


def _html(text: str) -> str:
    return "".join(f"<div>{html.escape(line)}</div>" for line in text.split("\n"))
