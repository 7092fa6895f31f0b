"""What tests of casework share: signals by person, and what became of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from connector.domain.signal import Batch, Channel, Contact, Item, Signal
from connector.pipeline.casework import Casework
from connector.store import accounts, ledger, outbox, signals
from connector.store.store import Store
from connector.testing.memory_source import a_signal

JANE = Contact(name="Jane Roe", email="jane@example.com")
PRIVACY = ("privacy.confidentiality",)
SAFETY = ("clinical.safety",)
UNREACHED = ("access.unreached",)


def said(number: int, who: Contact = JANE, **facts: Any) -> Signal:
    """Make a mail whose facts say how it is assessed (see `opinion_of_facts`)."""
    return a_signal(number, contact=who, facts=facts)


def called(number: int, phone: str, **facts: Any) -> Signal:
    """Make a call that nobody took."""
    facts = {"categories": UNREACHED, **facts}
    who = Contact(phone=phone, name=str(facts.pop("name", "")))
    return a_signal(number, contact=who, channel=Channel.PHONE, facts=facts)


def hear(store: Store, *items: Item, source: str = "memory") -> None:
    batch = Batch(items=items, cursor="1")
    store.write(lambda tx: signals.take(tx, "practice", source, "memory", batch))


def work_off(casework: Casework) -> int:
    done = 0
    while count := casework.step():
        done += count
    return done


def all_cases(store: Store, *, notices: bool = False) -> list[Any]:
    with store.read() as connection:
        rows = connection.execute(sa.text("SELECT * FROM cases ORDER BY opened_at, rowid")).all()
    return [row for row in rows if notices or row.kind != "notice"]


def owed(store: Store, case_id: str) -> list[tuple[str, str]]:
    """Operation and state of what is owed for a case, in order."""
    with store.read() as connection:
        return [(row.op, row.state) for row in outbox.of_case(connection, case_id)]


def links(store: Store) -> list[str]:
    with store.read() as connection:
        return [row[0] for row in connection.execute(sa.text("SELECT why FROM case_link"))]


def outcomes(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return {name: n for name, n in accounts.by_outcome(connection).items() if n}


def on_record(store: Store, action: str) -> list[dict[str, Any]]:
    with store.read() as connection:
        entries = ledger.entries(connection, ledger.DAEMON_CHAIN)
        return [dict(entry.body) for entry in entries if entry.action == action]
