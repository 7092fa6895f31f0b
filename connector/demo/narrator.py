"""Tells live what was done with each signal, and why; reads the daemon's state beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection, Row

from connector.app import open_store
from connector.demo.stage import Stage
from connector.domain.errors import StateError
from connector.domain.rules import meaning
from connector.domain.signal import Signal
from connector.settings import load
from connector.store import accounts, cases, codec, content, outbox, signals

MAX_EVIDENCE = 60
MAX_REASONS = 3


class Narrator:
    """Prints each item once when it has come to its end."""

    def __init__(self, stage: Stage, tell: Callable[[str], None]) -> None:
        """`tell` prints a line."""
        self._stage = stage
        self._tell = tell
        self._told: set[str] = set()

    def look(self) -> tuple[int, int]:
        """Tell what is new; gives how many items have ended and how many changes still wait."""
        try:
            store = open_store(load(self._stage.config), "reader", "demo")
        except StateError:
            return 0, 0
        try:
            with store.read() as connection:
                outcomes = accounts.by_outcome(connection)
                for row in signals.ended(connection):
                    seed = bytes(row.id).hex()
                    if seed not in self._told:
                        self._told.add(seed)
                        self._tell_item(connection, row)
                waiting = outbox.undone(connection)
        finally:
            store.close()
        ended = sum(count for name, count in outcomes.items() if name != "waiting")
        return ended, waiting + outcomes["waiting"]

    def _tell_item(self, connection: Connection, row: Row[Any]) -> None:
        stored = signals.stored(connection, row)
        item = stored.item
        if not isinstance(item, Signal):
            self._tell(f"  {row.source}: could not be read; shown in the daily ticket")
            return
        who = item.contact.name or item.contact.email or item.contact.phone or "nobody named"
        subject = item.subject or item.text[:MAX_EVIDENCE].replace("\n", " ")
        case = cases.get(connection, row.case_id) if row.case_id else None
        end = {"opened": "ticket", "joined": "joins the ticket of"}.get(row.outcome, row.outcome)
        tail = f" {case.id}, severity {case.severity}" if case is not None else ""
        if case is not None and case.kind == "second_look":
            tail = f" {case.id}, a second look for a person"
        self._tell(f"  {item.channel.value:6} {who}: {subject}")
        self._tell(f"         -> {end}{tail}")
        body = content.get(connection, row.assessment_id)
        if body is None:
            return
        for reason in codec.assessment_from(body).reasons[:MAX_REASONS]:
            evidence = f' ("{reason.evidence[:MAX_EVIDENCE]}")' if reason.evidence else ""
            self._tell(f"            because {meaning(reason.rule)}{evidence}")
