"""Statements about what is owed to the helpdesk: frozen, claimed, doubted, done.

::

    ready --claim--> sending --answer--> done
      ^                 |--lost answer, crash--> unknown --found--> done
      |                 |                            `--surely not there--> ready
      |<--not sent------|--refused for good--> aside --retry--> ready | --drop--> dropped
    held --release--> ready
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.domain.ticket import AddNote, Change
from connector.store import cases as cases_of
from connector.store import codec, content, files, restoring, turns
from connector.store.restoring import Recovery
from connector.store.schema import cases, outbox
from connector.store.store import Tx

LEASE = timedelta(minutes=10)
"""While a doubted change is looked for, nobody else takes it; longer than any search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A change on its way."""

    id: int
    case_id: str
    op: str
    change: Change
    doubted: bool
    """True when an earlier attempt may have worked."""
    attempts: int
    """Attempts so far, this one included."""
    first_sent_at: datetime
    last_sent_at: datetime
    """When the last attempt before this claim began (this claim's time on the first)."""
    created_at: datetime
    ticket_id: str
    """The ticket of the case, or empty before it exists."""
    ticket_url: str
    urgent: bool = False
    """True when the case was of severity 4 when the change was made."""


def add(
    tx: Tx,
    change: Change,
    *,
    tenant: str,
    frozen: bytes,
    held: bool = False,
    known_files: Mapping[str, int] | None = None,
) -> None:
    """Owe a change, behind what the case owes already; its bytes are fixed from here on."""
    content_id, proof = tx.put("change", codec.change_bytes(change))
    body_id, body_proof = tx.put("body", frozen)
    if isinstance(change, AddNote):
        files.put(tx, content_id, change.attachments, known_files)
    turn, urgent = cases_of.next_turn(tx, change.case_id)
    row = {
        "tenant": tenant,
        "case_id": change.case_id,
        "seq": turn,
        "urgent": int(urgent),
        "key": change.key,
        "op": codec.op_of(change),
        "content_id": content_id,
        "body_id": body_id,
        "state": "held" if held else "ready",
        "due_at": tx.now,
        "created_at": tx.now,
    }
    if tx.recovery is not None:
        row |= _in_recovery(tx, tx.recovery, row)
    tx.later(outbox, row)
    tx.record(
        "change.owed",
        case_id=change.case_id,
        key=change.key,
        op=codec.op_of(change),
        change=proof,
        change_id=content_id,
        body=body_proof,
        body_id=body_id,
        held=held,
    )


def _in_recovery(tx: Tx, recovery: Recovery, row: dict[str, Any]) -> dict[str, Any]:
    """Put a change in doubt that the lost history may have carried out: it is looked for."""
    if not restoring.doubts(recovery, tx.connection, row["case_id"], row["op"]):
        return {"first_sent_at": None, "last_sent_at": None}
    return {
        "state": "held" if row["state"] == "held" else "unknown",
        "due_at": max(tx.now, recovery.settled_at),
        "first_sent_at": recovery.lost_from,
        "last_sent_at": recovery.since,
    }


# built once, as all that runs for each delivery: building costs more than running it
_CLAIM: Final = (
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("number"))
    .values(attempts=sa.bindparam("attempt"), due_at=sa.bindparam("due"))
)
# each claim counts an attempt, so the number tells the newest claim from all before
_CLAIMED: Final = sa.and_(
    outbox.c.id == sa.bindparam("number"), outbox.c.attempts == sa.bindparam("attempt")
)
_INTEND: Final = (
    sa.update(outbox)
    .where(_CLAIMED, turns.waits())
    .values(state="sending", first_sent_at=sa.bindparam("first"), last_sent_at=sa.bindparam("now"))
)
_SETTLE: Final = (
    sa.update(outbox)
    .where(_CLAIMED, outbox.c.state.in_(("sending", "unknown")))
    .values(
        state=sa.bindparam("to"),
        due_at=sa.bindparam("due"),
        done_at=sa.bindparam("done"),
        last_error=sa.bindparam("error"),
    )
)


def claim(tx: Tx, kinds: turns.Kinds | None = None) -> Owed | None:
    """Take the next due change and put the intent on disk before a byte leaves.

    Only the first undone change of a case can be claimed, so the order per case holds;
    cases do not wait for one another. What is urgent passes a backlog. With `kinds` only
    such changes are taken (None: all).
    """
    row = turns.next_row(tx.connection, tx.now, kinds)
    if row is None:
        return None
    owed = _owed(tx, row)
    # in doubt, it stays so while we look for it: a crash meanwhile must not forget the doubt
    due = tx.now + LEASE if owed.doubted else row.due_at
    tx.connection.execute(_CLAIM, {"number": owed.id, "attempt": owed.attempts, "due": due})
    if not owed.doubted:
        intend(tx, owed)
    return owed


def intend(tx: Tx, owed: Owed) -> bool:
    """Put on disk that bytes are about to leave; from here on a crash means doubt.

    False when the claim is ours no longer (its lease ended, as when the machine slept, or a
    person dropped the change): then nothing may be sent.
    """
    values = {"first": owed.first_sent_at, "now": tx.now}
    changed = tx.connection.execute(_INTEND, values | _claim_of(owed))
    if changed.rowcount == 0:
        return False
    tx.record("change.intended", case_id=owed.case_id, key=owed.change.key, attempt=owed.attempts)
    return True


def settle(
    tx: Tx, owed: Owed, state: str, *, due_at: datetime | None = None, error: str | None = None
) -> bool:
    """Write down how an attempt ended; False when the claim is ours no longer."""
    done = tx.now if state == "done" else None
    values = {"to": state, "due": due_at or tx.now, "done": done, "error": error}
    return tx.connection.execute(_SETTLE, values | _claim_of(owed)).rowcount == 1


def _claim_of(owed: Owed) -> dict[str, Any]:
    return {"number": owed.id, "attempt": owed.attempts}


def doubt_interrupted(tx: Tx, due_at: datetime) -> int:
    """After a start: whatever was being sent when the last run ended may have worked.

    Doubted changes that were being looked for are due again at once.
    """
    tx.connection.execute(
        sa.update(outbox)
        .where(outbox.c.state == "unknown", outbox.c.due_at > due_at)
        .values(due_at=due_at)
    )
    rows = tx.connection.execute(
        sa.update(outbox)
        .where(outbox.c.state == "sending")
        .values(state="unknown", due_at=due_at, last_error="interrupted")
        .returning(outbox.c.case_id, outbox.c.key)
    ).all()
    for row in rows:
        tx.record("change.doubted", case_id=row.case_id, key=row.key, why="interrupted")
    return len(rows)


def counts(connection: Connection) -> dict[str, int]:
    """How many changes are in each state."""
    rows = connection.execute(sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state))
    return {str(row[0]): int(row[1]) for row in rows}


def undone(connection: Connection) -> int:
    """How many changes still have to reach the helpdesk by themselves."""
    query = sa.select(sa.func.count()).where(outbox.c.state.in_(("ready", "sending", "unknown")))
    return int(connection.execute(query).scalar_one())


def oldest_undone(connection: Connection) -> datetime | None:
    """When the oldest change that waits was made."""
    return connection.execute(
        sa.select(sa.func.min(outbox.c.created_at, type_=outbox.c.created_at.type)).where(
            outbox.c.state.in_(("ready", "sending", "unknown"))
        )
    ).scalar()


def listing(connection: Connection, *, states: Sequence[str], limit: int) -> list[Row[Any]]:
    """Changes for people, oldest first."""
    query = sa.select(outbox).where(outbox.c.state.in_(states)).order_by(outbox.c.id).limit(limit)
    return list(connection.execute(query))


def of_case(connection: Connection, case_id: str) -> list[Row[Any]]:
    """All changes of a case, in their order."""
    query = sa.select(outbox).where(outbox.c.case_id == case_id).order_by(outbox.c.seq)
    return list(connection.execute(query))


def move(tx: Tx, outbox_id: int, *, to: str, among: Sequence[str]) -> Row[Any] | None:
    """Put one change into another state if it is in one of these; gives the row as it was."""
    row = tx.connection.execute(
        sa.select(outbox).where(outbox.c.id == outbox_id, outbox.c.state.in_(among))
    ).first()
    if row is not None:
        values: dict[str, Any] = {"state": to, "due_at": tx.now}
        tx.connection.execute(sa.update(outbox).where(outbox.c.id == outbox_id).values(**values))
    return row


def retry(tx: Tx, outbox_id: int) -> Row[Any] | None:
    """Try a change again that was set aside; what was ever sent is looked for first."""
    row = move(tx, outbox_id, to="ready", among=("aside", "ready"))
    if row is not None and row.first_sent_at is not None:
        move(tx, outbox_id, to="unknown", among=("ready",))
    return row


def drop(tx: Tx, outbox_id: int) -> Row[Any] | None:
    """Give up a change that nobody needs; not while it is being sent.

    A case whose ticket was given up is closed, so that a later complaint founds a new one
    instead of joining a case that nobody will ever see.
    """
    row = move(tx, outbox_id, to="dropped", among=("aside", "held", "ready", "unknown"))
    if row is not None and row.op == "open":
        closed = tx.connection.execute(
            sa.update(cases)
            .where(cases.c.id == row.case_id, cases.c.state != "closed")
            .values(state="closed", closed_at=tx.now, close_reason="dropped")
        )
        if closed.rowcount:
            tx.record("case.closed", case_id=row.case_id, why="dropped")
    return row


def overtake(tx: Tx, case_id: str, keys: Sequence[str]) -> list[str]:
    """Give up those of these changes that were not sent, because a later one says it all.

    Gives those that never will be sent, in the order of `keys`. What may be there already is
    left to arrive.
    """
    query = sa.select(outbox.c.id, outbox.c.key, outbox.c.state).where(
        outbox.c.case_id == case_id,
        outbox.c.key.in_(list(keys)),
        outbox.c.state.in_(("ready", "held", "dropped")),
    )
    unsent = {row.key: row for row in tx.connection.execute(query)}
    for row in unsent.values():
        if row.state != "dropped":
            move(tx, row.id, to="dropped", among=("ready", "held"))
            tx.record("change.dropped", case_id=case_id, key=row.key, was="overtaken")
    return [key for key in keys if key in unsent]


def reopening(connection: Connection, case_id: str) -> Row[Any] | None:
    """The last change that opened a case's ticket again, if there was one."""
    query = (
        sa.select(outbox)
        .where(outbox.c.case_id == case_id, outbox.c.key.startswith(reopening_key(case_id, "")))
        .order_by(outbox.c.seq.desc())
        .limit(1)
    )
    return connection.execute(query).first()


def reopening_key(case_id: str, turn: object) -> str:
    """Name a change that opens a ticket again; `turn` makes it unique within its case."""
    return f"{case_id}.reopen.{turn}"


def calm(tx: Tx, latest: datetime) -> int:
    """Let nothing wait beyond `latest`: such a due time was made by a clock that was wrong."""
    changed = tx.connection.execute(
        sa.update(outbox)
        .where(outbox.c.state.in_(("ready", "unknown")), outbox.c.due_at > latest)
        .values(due_at=latest)
    )
    return changed.rowcount


def release(tx: Tx, case_id: str) -> int:
    """Let the held changes of a case go; what may have been sent before is looked for first."""
    state = sa.case((outbox.c.first_sent_at.is_(None), "ready"), else_="unknown")
    changed = tx.connection.execute(
        sa.update(outbox)
        .where(outbox.c.case_id == case_id, outbox.c.state == "held")
        .values(state=state, due_at=tx.now)
    )
    return changed.rowcount


def _owed(tx: Tx, row: Row[Any]) -> Owed:
    words = content.get_all(tx.connection, [row.content_id, row.body_id])
    own = files.get(tx.connection, row.content_id) if row.op == "note" else []
    change = codec.change_from(words.get(row.content_id, b"{}"), words.get(row.body_id, b""), own)
    return Owed(
        id=row.id,
        case_id=row.case_id,
        op=row.op,
        change=change,
        doubted=row.state == "unknown",
        attempts=row.attempts + 1,
        first_sent_at=row.first_sent_at or tx.now,
        last_sent_at=row.last_sent_at or tx.now,
        created_at=row.created_at,
        ticket_id=row.ticket_id or "",
        ticket_url=row.ticket_url or "",
        urgent=bool(row.urgent),
    )
