"""Agents of the simulated Zendesk and Freshdesk; they and the products live beside the program.

The simulators stand among the tests (`PYTHONPATH=tests`) and know nothing of the plugins. What
people fill in was made by `provision`, as on the day on which a practice begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from servers.freshdesk import FreshdeskSimulator
from servers.freshdesk import Knobs as FreshdeskKnobs
from servers.simulator import Server, SimClock
from servers.weather import Request
from servers.zendesk import Knobs, ZendeskSimulator

from campaign.month import world
from campaign.month.hands import WORDS, Stands, said, taken
from campaign.month.inside import Asked, Inside, Told
from connector.domain.blueprint import Action
from connector.helpdesks.freshdesk import FreshdeskSettings
from connector.helpdesks.zendesk import ZendeskSettings
from connector.recovery.blueprint import blueprint

DOABLE = {Action.CREATE, Action.CHANGE}
KEPT_EXCHANGES = 50
PRIORITY = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
TICKS = ("step_", "told_", "letter_")


class Simulated:
    """What both have in common: the clock, the way to them, and the set-up."""

    name = ""
    merge_says = "note"
    """What a merge leaves on both tickets, as agents' words."""
    pace: Mapping[str, Any] = {}
    calls = False
    seen_within = timedelta(minutes=20)

    def __init__(self, server: Server, clock: SimClock, now: Callable[[], datetime]) -> None:
        """Take the product and stand between it and the program."""
        self._server, self._clock, self._now = server, clock, now
        self._stack = ExitStack()
        self._stack.callback(server.close)
        self._inside = Inside(self._answer, now)
        self._stack.enter_context(self._inside.instead_of_sockets())
        self._helpdesk = self._made()
        wanted = blueprint(world.recovery())
        for step in self._helpdesk.plan(wanted):
            if step.action in DOABLE and step.kind == "field":
                self._helpdesk.carry_out(step, wanted)

    def _made(self) -> Any:
        raise NotImplementedError

    def _answer(self, asked: Asked) -> Told:
        request = Request(
            method=asked.method,
            path=asked.path,
            query=tuple(parse_qsl(asked.query, keep_blank_values=True)),
            headers=asked.headers,
            body=asked.body,
        )
        answer, _ = self._server.answer(request)
        if answer is None:
            raise AssertionError(asked.path)
        if len(self._server.exchanges) > KEPT_EXCHANGES:
            self._server.exchanges.clear()
        return Told(status=answer.status, headers=answer.headers, body=answer.body)

    def plugin(self) -> Any:
        """Give the plugin."""
        return self._helpdesk

    def away(self, *, away: bool) -> None:
        """Refuse all connections, or none."""
        self._inside.away = away

    def passes(self, now: datetime) -> None:
        """Move the product's clock."""
        self._clock.advance(seconds=(now - self._clock.now()).total_seconds())

    def close(self) -> None:
        """End it."""
        self._stack.close()


class ZendeskHands(Simulated):
    """Agents in the simulated Zendesk."""

    name = "zendesk"

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Begin with an empty account."""
        clock = SimClock(now())
        self._desk = ZendeskSimulator(
            knobs=Knobs(limits=False, requests_per_minute=100_000), clock=clock
        )
        super().__init__(self._desk, clock, now)
        self._fields = {
            str(one["agent_description"]).rpartition("[amends ")[2].rstrip("]"): one
            for one in self._desk.account.shelves["ticket_fields"].ordered()
            if "[amends " in str(one.get("agent_description") or "")
        }

    def _made(self) -> Any:
        settings = ZendeskSettings(
            url=self._desk.url,
            client_id=self._desk.knobs.client_id,
            client_secret=self._desk.knobs.client_secret,
            deadline_seconds=20,
            share_percent=100,
        )
        return _unhurried(settings.open(world.PRACTICE), self._now)

    def act(self, ticket: str, act: str, values: dict[str, str]) -> None:
        """Do it."""
        desk = self._desk
        match act:
            case "note" | "reply" | "tried":
                desk.comment_by_hand(ticket, said(act, values), public=act == "reply")
            case "assign":
                desk.assign(ticket)
            case "priority":
                desk.update_by_hand(ticket, priority=PRIORITY[int(values["severity"])])
            case "fill":
                told = [self._told(name, value) for name, value in values.items()]
                desk.update_by_hand(ticket, custom_fields=told)
            case "close" | "reopen":
                desk.set_status(ticket, "solved" if act == "close" else "open")
            case "wrong" | "right":
                desk.tag_by_hand(ticket, f"amends_{act}")
            case "untag":
                desk.untag_by_hand(ticket, *taken(values["tag"], desk.ticket(ticket).tags))
            case "delete":
                desk.delete(ticket)

    def _told(self, name: str, value: str) -> dict[str, object]:
        field = self._fields[name]
        options = [
            one["value"]
            for one in field.get("custom_field_options") or ()
            if value and str(one["value"]).endswith(f"_{value.replace('.', '__')}")
        ]
        ticked: object = value == "yes" if name.startswith(TICKS) else value or None
        return {"id": field["id"], "value": options[0] if options else ticked}

    def merge(self, ticket: str, into: str) -> None:
        """Merge."""
        self._desk.merge(ticket, into)

    def stands(self, ticket: str) -> Stands:
        """Read it as the API shows it."""
        shown = self._desk.shown(ticket)
        values = {one["id"]: one["value"] for one in shown["custom_fields"]}
        severity = next((n for n, word in PRIORITY.items() if word == shown["priority"]), None)
        return Stands(
            tags=frozenset(shown["tags"]),
            severity=severity,
            fields={
                name: _code(values.get(one["id"]), f"amends_f_{name}_")
                for name, one in self._fields.items()
            },
        )


class FreshdeskHands(Simulated):
    """Agents in the simulated Freshdesk."""

    name = "freshdesk"

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Begin with an empty account."""
        clock = SimClock(now())
        self._desk = FreshdeskSimulator(
            fields=("Amends key",), clock=clock, knobs=FreshdeskKnobs(sla_delay_s=3_600)
        )
        super().__init__(self._desk, clock, now)
        self._fields = {
            one.name.removeprefix("cf_amends_"): one
            for one in self._desk.account.form.custom()
            if one.name.startswith("cf_amends_")
        }

    def _made(self) -> Any:
        settings = FreshdeskSettings(
            url=self._desk.url,
            api_key=self._desk.api_key,
            deadline_seconds=20,
            share_percent=100,
        )
        return _unhurried(settings.open(world.PRACTICE), self._now)

    def act(self, ticket: str, act: str, values: dict[str, str]) -> None:
        """Do it."""
        hand = self._desk.hand
        match act:
            case "note" | "tried":
                hand.comment(ticket, said(act, values))
            case "reply":
                hand.reply(ticket, WORDS)
            case "assign":
                hand.assign(ticket)
            case "priority":
                hand.set(ticket, priority=int(values["severity"]))
            case "fill":
                told = dict(self._told(name, value) for name, value in values.items())
                hand.set(ticket, custom_fields=told)
            case "close" | "reopen":
                hand.set(ticket, status=4 if act == "close" else 2)
            case "wrong" | "right":
                hand.tag(ticket, f"amends_{act}")
            case "untag":
                hand.untag(ticket, *taken(values["tag"], hand.ticket(ticket)["tags"]))
            case "delete":
                hand.delete(ticket)

    def _told(self, name: str, value: str) -> tuple[str, object]:
        field = self._fields[name]
        if name.startswith(TICKS):
            return field.name, value == "yes"
        choices = [str(one) for one in field.choices or ()]
        found = [one for one in choices if value and one.endswith(f"[{value}]")]
        return field.name, found[0] if found else value or None

    def merge(self, ticket: str, into: str) -> None:
        """Merge."""
        self._desk.hand.merge(ticket, into)

    def stands(self, ticket: str) -> Stands:
        """Read it as the product shows it."""
        shown = self._desk.hand.ticket(ticket)
        custom = shown["custom_fields"]
        return Stands(
            tags=frozenset(shown["tags"]),
            severity=shown["priority"],
            fields={name: _code(custom.get(one.name)) for name, one in self._fields.items()},
        )


def _code(value: object, head: str = "") -> str:
    """Give the code of a choice as it is shown (`amends_f_..._a__b`, `Words [a.b]`), else it."""
    shown = str(value or "")
    if head and shown.startswith(head):
        return shown.removeprefix(head).replace("__", ".")
    words, _, code = shown.rpartition(" [")
    return code.removesuffix("]") if words and code.endswith("]") else shown


def _unhurried(helpdesk: Any, now: Callable[[], datetime]) -> Any:
    """Let a plugin live in the month's time, where nothing has to wait for a limit."""
    helpdesk._now = now  # noqa: SLF001 - settings open plugins in the machine's own time
    helpdesk.pause_s = lambda *_op, **_how: 0.0
    return helpdesk
