"""A Freshdesk account in memory, which behaves as the vendor's reference and recordings say.

Start it in a test, or as a process of its own (`python -m servers.freshdesk --help`):

    with FreshdeskSimulator() as desk:            # unlimited; wall time, which `clock` can turn
        desk.url                                  # http://127.0.0.1:...; the API is at /api/v2
        desk.api_key                              # of the agent «amends bot», an admin
        desk.clock.advance(minutes=5)
        desk.knobs.sla_delay_s = 0                # `Knobs` has all that differs between accounts

Weather and outages are those of `servers.simulator`:

    desk.weather.lose_answer(1), desk.weather.lose_request(2), desk.weather.refuse_reads()
    desk.weather.upon(writes("/notes"), Fate(applied=True, instead=BAD_GATEWAY)), desk.down()

What people do and what is there, read and done without the API (`Desk` in `acts`):

    desk.hand.tag(1, "vip"); desk.hand.comment(1, "called"); desk.hand.reply(1, "We are sorry")
    desk.hand.delete(1), .destroy(1), .spam(1), .merge(2, into=1), .archive(1), .restore(1)
    desk.hand.tickets(cf_amends_key="k1"), .count(...), .conversations(1), .files(1)
    desk.hand.require("company"), .add_field("Amends key"), .add_status(8, "With the doctor")
    desk.mails                                    # everything that was mailed to people

An account begins with the fields of a fresh one and no `cf_*`; `fields=("Amends key",)` adds
text fields. Limits: `plan="growth"`, then `desk.limiter.exhaust("ticket_create", now)`. Rules
that no public source tells are knobs, so that a test can try both.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from servers.freshdesk.account import Account, Knobs
from servers.freshdesk.acts import Desk
from servers.freshdesk.journal import Journal
from servers.freshdesk.limits import PLANS, Limiter
from servers.freshdesk.people import Agent
from servers.freshdesk.product import Product
from servers.freshdesk.records import Conversation, Mail
from servers.simulator import Server, SimClock

__all__ = ["Agent", "Conversation", "FreshdeskSimulator", "Knobs", "Mail"]


class FreshdeskSimulator(Server):
    """One account, served on 127.0.0.1."""

    def __init__(
        self,
        *,
        api_key: str = "K3yOfTheAmendsBot0",
        clock: SimClock | None = None,
        plan: str | None = None,
        fields: Iterable[str] = (),
        knobs: Knobs | None = None,
        journal: Path | None = None,
        **more: Any,
    ) -> None:
        """Furnish the account and listen; `more` is for `Server` (`port`, `watchers`)."""
        self.clock = clock or SimClock()
        self.knobs = knobs or Knobs()
        self.account = Account(self.clock, self.knobs)
        if journal:
            book = Journal(journal, self.account)
            self.account.on_ticket, self.account.on_gone = book.ticket, book.gone
            self.account.on_mail = book.mail
        self.limiter = Limiter(limits=dict(PLANS[plan]) if plan else {})
        self.api_key = api_key
        self.bot = self.account.add_agent("amends bot", "bot@harbor.example", api_key)
        super().__init__(Product(self.account, self.limiter), **more)
        self.account.url = self.url
        self.hand = Desk(self.account, self)
        for label in fields:
            self.hand.add_field(label)

    def __enter__(self) -> Self:
        return self

    @property
    def mails(self) -> list[Mail]:
        """Give everything that was mailed to people, oldest first."""
        with self.lock:
            return list(self.account.mails)

    def agent(self, name: str, api_key: str, **more: Any) -> Agent:
        """Add an agent: `admin=False`, `read_only=True` (an auditor)."""
        with self.lock:
            return self.account.add_agent(name, f"{api_key}@harbor.example", api_key, **more)
