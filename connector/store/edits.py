"""Statements about what agents changed of ours on a case's ticket."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.ticket import AddNote, OpenTicket, UpdateTicket
from connector.store import codec, content
from connector.store.schema import ledger, outbox
from connector.store.schema_following import edit
from connector.store.signals import insert_new
from connector.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One property of a ticket, as it was seen last."""

    seen: bytes | None
    """Keyed hash of its value; None when it was not there."""
    theirs: bool
    """True while it is not what we wrote there last."""


def marks(connection: Connection, case_id: str) -> dict[str, Mark]:
    """Give every property that was seen on the ticket of a case, by name."""
    rows = connection.execute(sa.select(edit).where(edit.c.case_id == case_id))
    return {
        row.name: Mark(
            seen=None if row.seen is None else bytes(row.seen),
            theirs=bool(row.theirs),
        )
        for row in rows
    }


def set_mark(tx: Tx, case_id: str, name: str, mark: Mark) -> None:
    """Remember how a property was seen."""
    key = {"case_id": case_id, "name": name}
    values = {"seen": mark.seen, "theirs": int(mark.theirs), "at": tx.now}
    if not insert_new(tx.connection, edit, {**key, **values}):
        tx.connection.execute(
            sa.update(edit).where(edit.c.case_id == case_id, edit.c.name == name).values(**values)
        )


def forget(tx: Tx, case_id: str) -> None:
    """Forget what was seen on a ticket that the case has no longer."""
    tx.connection.execute(sa.delete(edit).where(edit.c.case_id == case_id))


_THEIRS: Final = sa.select(edit.c.name).where(
    edit.c.case_id == sa.bindparam("case"), edit.c.theirs == 1
)


def theirs(connection: Connection, case_id: str) -> frozenset[str]:
    """Names of the properties where an agent's value stands."""
    return frozenset(connection.execute(_THEIRS, {"case": case_id}).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What we did to the properties of a ticket."""

    changes: Sequence[OpenTicket | UpdateTicket]
    """Confirmed ones, in their order."""
    state: tuple[tuple[int, str, int], ...]
    """Seq, state and attempts of each: differs when anything was sent meanwhile."""

    @property
    def quiet(self) -> bool:
        """True when nothing of ours may be taking effect just now."""
        return not any(state in {"sending", "unknown"} for _, state, _ in self.state)


def sent(connection: Connection, case_id: str) -> Sent:
    """Give what was sent to the ticket of a case, notes aside; erased changes are left out."""
    rows = connection.execute(
        sa.select(outbox)
        .where(outbox.c.case_id == case_id, outbox.c.op != "note")
        .order_by(outbox.c.seq)
    ).all()
    words = content.get_all(connection, [row.content_id for row in rows if row.state == "done"])
    found: list[OpenTicket | UpdateTicket] = []
    for row in rows:
        body = words.get(row.content_id)
        change = codec.change_from(body, b"", []) if body is not None else None
        if change is not None and not isinstance(change, AddNote):
            found.append(change)
    state = tuple((row.seq, row.state, row.attempts) for row in rows)
    return Sent(changes=tuple(found), state=state)


def ignored(connection: Connection, case_id: str) -> frozenset[str]:
    """Names of what the helpdesk ignored of our changes, as the confirmations tell it."""
    query = sa.select(ledger.c.body).where(
        ledger.c.case_id == case_id, ledger.c.action == "change.confirmed"
    )
    found: set[str] = set()
    for body in connection.execute(query).scalars():
        missing = json.loads(body).get("missing")
        found |= {str(name) for name in missing} if isinstance(missing, list) else set()
    return frozenset(found)
