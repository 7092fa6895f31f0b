"""Helpdesks that nobody can run here, simulated: Zendesk and Freshdesk in a trial.

The simulators live among the tests (`PYTHONPATH=tests`) and know nothing of the plugins. They
run inside the trial's own process, which is never killed; their records are read directly.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from servers.freshdesk import FreshdeskSimulator
from servers.zendesk import Knobs, ZendeskSimulator

from campaign.desks import MARK, Seen, SeenText, SeenTicket
from campaign.stage import PATIENCE, keep_secret

KEY_FIELD: Final = "cf_amends_key"
KEY_LIFE_S: Final = 60
"""How long the simulated Zendesk remembers a key; the plugin trusts it for a few seconds."""


class ZendeskDesk:
    """Zendesk, simulated, with its lists a second late."""

    def start(self, _folder: Path, stack: ExitStack) -> int:
        """Start it."""
        knobs = Knobs(limits=False, idempotency_life_s=KEY_LIFE_S, list_lag_s=1)
        self._desk = ZendeskSimulator(knobs=knobs)
        stack.callback(self._desk.close)
        return self._desk.port

    def table(self, folder: Path, port: int) -> dict[str, object]:
        """Give its configuration."""
        knobs = self._desk.knobs
        return {
            "kind": "zendesk",
            "url": f"http://127.0.0.1:{port}",
            "client_id": knobs.client_id,
            "client_secret_file": keep_secret(folder, "secret", knobs.client_secret),
            **PATIENCE,
        }

    def seen(self, _folder: Path) -> Seen:
        """Read tickets and comments; a public comment is what the patient could see."""
        desk = self._desk
        with desk.lock:
            addresses = {
                one.id: one.email for one in desk.account.users.values() if not one.is_agent
            }
            audits = sorted(
                (audit for ticket in desk.tickets for audit in ticket.audits),
                key=lambda audit: audit.id,
            )
            return Seen(
                tickets=tuple(
                    SeenTicket(
                        id=str(ticket.id),
                        key=ticket.external_id or "",
                        address=addresses.get(ticket.requester_id) or "",
                    )
                    for ticket in desk.tickets
                ),
                texts=tuple(
                    SeenText(
                        ticket=str(audit.ticket_id),
                        text=event["plain_body"],
                        marks=tuple(map(str, audit.metadata.get("custom", {}).values())),
                        private=not event["public"],
                    )
                    for audit in audits
                    for event in audit.events
                    if event["type"] == "Comment"
                ),
                mails=len(desk.mails),
            )


class FreshdeskDesk:
    """Freshdesk, simulated."""

    def start(self, _folder: Path, stack: ExitStack) -> int:
        """Start it."""
        self._desk = FreshdeskSimulator(fields=("Amends key",), plan="enterprise")
        stack.callback(self._desk.close)
        return self._desk.port

    def table(self, folder: Path, port: int) -> dict[str, object]:
        """Give its configuration."""
        return {
            "kind": "freshdesk",
            "url": f"http://127.0.0.1:{port}",
            "api_key_file": keep_secret(folder, "key", self._desk.api_key),
            "share_percent": 100,  # nobody else uses this account
            **PATIENCE,
        }

    def seen(self, _folder: Path) -> Seen:
        """Read tickets and notes; descriptions and replies are what the patient could see."""
        desk, account = self._desk, self._desk.account
        with desk.lock:
            tickets = list(account.tickets.values())
            talk = sorted(
                (one for ticket in tickets for one in ticket.conversations), key=lambda one: one.id
            )
            first = [
                SeenText(ticket=str(one.id), text=one.description or "", private=False)
                for one in tickets
            ]
            return Seen(
                tickets=tuple(
                    SeenTicket(
                        id=str(one.id),
                        key=str(one.custom_fields.get(KEY_FIELD) or ""),
                        address=account.address_of(one.requester_id),
                    )
                    for one in tickets
                ),
                texts=(
                    *first,
                    *(
                        SeenText(
                            ticket=str(one.ticket_id),
                            text=one.body,
                            marks=tuple(MARK.findall(one.body)),
                            private=one.private,
                        )
                        for one in talk
                    ),
                ),
                mails=len(account.mails),
            )
