"""The tables against the ledger: every row has its entry, every entry its row.

Somebody with the database file can edit a table as well as the ledger. What the tables
say (signals, cases, changes) must be what the ledger tells; whoever adds an action that
moves a row teaches it here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.audit.reading import as_it_is
from connector.domain.ledger import LedgerEntry
from connector.store import response_rows
from connector.store.schema import cases, outbox, seen, signal

_WITH_CASE = ("opened", "joined", "held")
_JUDGED = (*_WITH_CASE, "counted", "parked")


@dataclass(slots=True)
class Told:
    """What the ledger tells, gathered in one pass over all chains."""

    stored: set[str] = field(default_factory=set)
    """Signals, as 32 hex digits."""
    judged: Counter[str] = field(default_factory=Counter)
    """How often; once more for each release by a person, which another chain tells."""
    unreadable: set[str] = field(default_factory=set)
    case_of: dict[str, str] = field(default_factory=dict)
    """The case that a signal opened or joined."""
    opened: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    reopened: set[str] = field(default_factory=set)
    tickets: set[tuple[str, str]] = field(default_factory=set)
    """Case and ticket."""
    owed: dict[str, str] = field(default_factory=dict)
    """Case by key of a change."""
    confirmed: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows of exports by source and end."""

    def take(self, entry: LedgerEntry) -> None:
        """Learn from one entry; unknown actions are none of ours."""
        kind = entry.action.partition(".")[0]
        if kind == "signal":
            self._signal(entry)
        elif kind == "change":
            self._change(entry)
        elif entry.action == "case.opened":
            self.case_of[str(entry.body.get("signal"))] = entry.case_id
            self.opened.add(entry.case_id)
        elif entry.action == "case.closed":
            self.closed.add(entry.case_id)
        elif entry.action == "case.reopened":
            self.reopened.add(entry.case_id)
        elif entry.action == "rows.read":
            ends = entry.body.get("ends")
            for end, count in ends.items() if isinstance(ends, dict) else ():
                self.rows[str(entry.body.get("source")), end] += count if type(count) is int else 0
        elif entry.action == "ticket.merged":
            self.tickets.add((entry.case_id, str(entry.body.get("into"))))

    def _signal(self, entry: LedgerEntry) -> None:
        heard = str(entry.body.get("signal"))
        match entry.action:
            case "signal.stored":
                self.stored.add(heard)
            case "signal.assessed":
                self.judged[heard] += 1
            case "signal.released":
                self.judged[heard] -= 1  # it is judged anew
            case "signal.unreadable":
                self.unreadable.add(heard)
            case "signal.joined":
                self.case_of[heard] = entry.case_id

    def _change(self, entry: LedgerEntry) -> None:
        key = str(entry.body.get("key"))
        match entry.action:
            case "change.owed":
                self.owed[key] = entry.case_id
            case "change.confirmed":
                self.confirmed.add(key)
                self.tickets.add((entry.case_id, str(entry.body.get("ticket"))))
            case "change.dropped":
                self.dropped.add(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much was compared."""

    signals: int
    cases: int
    changes: int


def count(connection: Connection) -> Counts:
    """Count the rows of the compared tables."""
    numbers = [
        int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
        for table in (signal, cases, outbox)
    ]
    return Counts(signals=numbers[0], cases=numbers[1], changes=numbers[2])


def compare(connection: Connection, told: Told) -> Iterator[str]:
    """Yield one sentence for each row or entry that has no counterpart."""
    yield from _signals(connection, told)
    yield from _rows(connection, told)
    yield from _cases(connection, told)
    yield from _changes(connection, told)


def _signals(connection: Connection, told: Told) -> Iterator[str]:
    missing = set(told.stored)
    columns = (as_it_is(signal.c.id).label("id"), signal.c.n, signal.c.outcome, signal.c.case_id)
    rows = 0
    for row in _stream(connection, sa.select(*columns).order_by(signal.c.n)):
        rows += 1
        heard = row.id.hex() if isinstance(row.id, bytes) else f"number {row.n}"
        missing.discard(heard)
        yield from (f"signal {heard}: {what}" for what in _signal(row, heard, told))
    yield from (f"signal {heard}: on record as stored, but not there" for heard in sorted(missing))
    known = int(connection.execute(sa.select(sa.func.count()).select_from(seen)).scalar_one())
    if known != rows:
        yield f"{known} identities were seen, but {rows} signals are there"


def _signal(row: Row[Any], heard: str, told: Told) -> Iterator[str]:
    if heard not in told.stored:
        yield "there, but not on record as stored"
    if row.outcome in _JUDGED and told.judged[heard] < 1:
        yield f"{row.outcome}, but no assessment is on record"
    if row.outcome == "unreadable" and heard not in told.unreadable:
        yield "unreadable, but that is not on record"
    if row.outcome == "waiting" and told.judged[heard] > 0:
        yield "waiting, but an assessment is on record and no release"
    if row.outcome == "waiting" and heard in told.case_of:
        yield f"waiting, but case {told.case_of[heard]} is on record for it"
    if row.outcome in _WITH_CASE and told.case_of.get(heard) != row.case_id:
        recorded = told.case_of.get(heard, "none")
        yield f"belongs to case {row.case_id}, but on record is {recorded}"


def _rows(connection: Connection, told: Told) -> Iterator[str]:
    there: Counter[tuple[str, str]] = Counter()
    for name, ends in response_rows.counts(connection).items():
        for end, count in ends.items():
            there[name.partition("/")[2], end] += count if end != response_rows.READ else 0
    for source, end in sorted(+(there - told.rows) | +(told.rows - there)):
        on_record = told.rows[source, end]
        yield f"source {source}: {there[source, end]} rows {end}, but {on_record} are on record"


def _cases(connection: Connection, told: Told) -> Iterator[str]:
    missing = set(told.opened)
    columns = (cases.c.id, cases.c.kind, cases.c.state, cases.c.ticket_id)
    for row in _stream(connection, sa.select(*columns).order_by(cases.c.id)):
        missing.discard(row.id)
        if row.kind != "notice" and row.id not in told.opened:
            yield f"case {row.id}: there, but its opening is not on record"
        if row.state == "closed" and row.id not in told.closed:
            yield f"case {row.id}: closed, but that is not on record"
        if row.state == "open" and row.id in told.closed - told.reopened:
            yield f"case {row.id}: open, but on record it was closed and never opened again"
        if row.ticket_id and (row.id, row.ticket_id) not in told.tickets:
            yield f"case {row.id}: its ticket is not the one on record"
    yield from (f"case {name}: on record as opened, but not there" for name in sorted(missing))


def _changes(connection: Connection, told: Told) -> Iterator[str]:
    missing = dict(told.owed)
    columns = (outbox.c.id, outbox.c.key, outbox.c.case_id, outbox.c.state)
    for row in _stream(connection, sa.select(*columns).order_by(outbox.c.id)):
        owed_by = missing.pop(row.key, None)
        where = f"change {row.id} of case {row.case_id}"
        if owed_by is None:
            yield f"{where}: there, but not on record as owed"
        elif owed_by != row.case_id:
            yield f"{where}: on record it is owed by case {owed_by}"
        if (row.state == "done") != (row.key in told.confirmed):
            is_so = "done, but its" if row.state == "done" else f"{row.state}, but a"
            ending = "is not on record" if row.state == "done" else "is on record"
            yield f"{where}: {is_so} confirmation {ending}"
        if row.state == "dropped" and row.key not in told.dropped:
            yield f"{where}: dropped, but that is not on record"
    for owed_by in sorted(missing.values()):
        yield f"a change of case {owed_by} is on record as owed, but not there"


def _stream(connection: Connection, query: sa.Select[Any]) -> Iterator[Row[Any]]:
    yield from connection.execution_options(yield_per=1_000).execute(query)
