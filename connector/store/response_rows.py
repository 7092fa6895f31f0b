"""Statements about responses: what is known of them, under which marks, in which cases."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from connector.store.keys import keyed
from connector.store.schema import cases, signal
from connector.store.schema_responses import response, response_trace, row_count
from connector.store.store import Tx

AT_ONCE: Final = 500
"""So many responses are asked for in one statement."""
READ: Final = "read"
"""The sum of all rows stands in `row_count` under this name."""


class State(IntEnum):
    """Whether somebody judged a response."""

    JUDGED = 0
    BACKFILL = 1
    PARTIAL = 2
    PREVIEW = 3
    NO_CONSENT = 4
    UNANSWERED = 5
    SPAM = 6
    CLASH = 7
    """Two responses of one file have its id."""
    WITHDRAWN = 8
    """Gone from its file while its case was open; that was told."""


class Known(NamedTuple):
    """What is known of a response."""

    content: bytes
    """How its columns were read, then what it says."""
    version: bytes
    stamp: int
    """When what it says was written, epoch seconds."""
    revision: int
    state: int
    signal_id: bytes | None


def namer(secret: bytes, tenant: str, source: str) -> Callable[[Iterable[str]], list[bytes]]:
    """Give what makes identities of responses from their natural keys."""
    base = hashlib.blake2b(key=secret, digest_size=16, person=b"response")
    for part in (tenant.encode(), source.encode()):
        base.update(len(part).to_bytes(4, "big") + part)
    begun = base.copy

    def names(keys: Iterable[str]) -> list[bytes]:
        found = []
        for key in keys:
            hasher = begun()
            hasher.update(key.encode("utf-8", "surrogatepass"))
            found.append(hasher.digest())
        return found

    return names


def known(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, Known]:
    """What is known of these responses."""
    found: dict[bytes, Known] = {}
    if len(ids) > AT_ONCE:
        ids = sorted(ids)  # neighbours stand on one page
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(_among(len(part)), tuple(part))
            found.update((row[0], Known(*row[1:])) for row in rows)
        else:
            query = sa.select(response).where(response.c.id.in_(part))
            found.update((bytes(row[0]), Known(*row[1:])) for row in connection.execute(query))
    return found


@lru_cache(maxsize=AT_ONCE)
def _among(count: int) -> str:
    marks = ", ".join("?" * count)
    return (
        "SELECT id, content, version, stamp, revision, state, signal_id FROM response "  # noqa: S608 - nothing but marks
        f"WHERE id IN ({marks})"
    )


_INSERT: Final = (
    "INSERT INTO response (id, content, version, stamp, revision, state) VALUES (?, ?, ?, ?, 0, ?)"
)
_PUT: Final = (
    "INSERT INTO response (id, content, version, stamp, revision, state, signal_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET content = excluded.content, "
    "version = excluded.version, stamp = excluded.stamp, revision = excluded.revision, "
    "state = excluded.state, "
    "signal_id = excluded.signal_id"
)

First: TypeAlias = tuple[bytes, bytes, bytes, int, State]
"""A response that nobody has to judge: identity, content, version, stamp and state of `Known`."""


def insert(connection: Connection, fresh: Sequence[First]) -> None:
    """Remember responses of which nothing is known. Raises IntegrityError if one is."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_INSERT, list(fresh))
        return
    names = ("id", "content", "version", "stamp", "state")
    rows = [dict(zip(names, one, strict=True)) for one in fresh]
    connection.execute(sa.insert(response).values(revision=0), rows)


def put(connection: Connection, changed: Mapping[bytes, Known]) -> None:
    """Remember what is known of responses from now on."""
    if not changed:
        return
    # in the order of the key, so that neighbours are written together
    rows: list[tuple[Any, ...]] = [(identity, *changed[identity]) for identity in sorted(changed)]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_PUT, rows)
        return
    names = [column.name for column in response.c]
    statement = postgresql.insert(response)
    later = {name: statement.excluded[name] for name in names[1:]}
    statement = statement.on_conflict_do_update(index_elements=["id"], set_=later)
    connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])


def trace_keys(secret: bytes, tenant: str, source: str, traces: Iterable[str]) -> list[bytes]:
    """Hash the marks by which responses without an id are found again."""
    return [keyed(secret, "trace", tenant, source, trace) for trace in traces]


def traced(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, list[bytes]]:
    """Responses that carry one of these marks, by mark."""
    found: dict[bytes, list[bytes]] = {}
    for start in range(0, len(keys), AT_ONCE):
        query = (
            sa.select(response_trace)
            .where(response_trace.c.trace.in_(keys[start : start + AT_ONCE]))
            .order_by(response_trace.c.id)
        )
        for row in connection.execute(query):
            found.setdefault(bytes(row.trace), []).append(bytes(row.id))
    return found


def add_traces(connection: Connection, marks: Mapping[bytes, Sequence[bytes]]) -> None:
    """Remember the marks of responses that were not known."""
    rows = [{"trace": key, "id": one} for one, keys in marks.items() for key in keys]
    if rows:
        make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(make(response_trace).on_conflict_do_nothing(), rows)


def forget_traces(connection: Connection, ids: Sequence[bytes]) -> None:
    """Let nobody be taken for an edit of these responses any more."""
    if ids:
        connection.execute(sa.delete(response_trace).where(response_trace.c.id.in_(ids)))


class Watched(NamedTuple):
    """A response whose case is open."""

    id: bytes
    signal_id: bytes
    content_id: int | None
    """Of its signal, which says where it was found."""


def watched(connection: Connection, tenant: str, source: str, limit: int) -> list[Watched]:
    """Responses of a source whose cases are open; the latest first."""
    query = (
        sa.select(response.c.id, signal.c.id, signal.c.content_id)
        .select_from(cases)
        .join(signal, signal.c.case_id == cases.c.id)
        .join(response, response.c.signal_id == signal.c.id)
        .where(
            cases.c.state != "closed",
            signal.c.tenant == tenant,
            signal.c.source == source,
            response.c.state == State.JUDGED,
        )
        .order_by(signal.c.n.desc())
        .limit(limit)
    )
    return [Watched(bytes(row[0]), bytes(row[1]), row[2]) for row in connection.execute(query)]


def count(tx: Tx, tenant: str, name: str, counts: Mapping[str, int]) -> None:
    """Add to the books, and put on record what was added."""
    added = {str(row): count for row, count in sorted(counts.items()) if count}
    if not added:
        return
    total = sum(added.values())
    tx.record("rows.read", source=name, rows=total, ends=dict(added))
    make = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
    for reason, count in {READ: total, **added}.items():
        values = {"tenant": tenant, "source": name, "reason": reason, "count": count}
        statement = make(row_count).values(**values)
        key = ["tenant", "source", "reason"]
        more = {"count": row_count.c.count + statement.excluded["count"]}
        tx.connection.execute(statement.on_conflict_do_update(index_elements=key, set_=more))


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """How many rows of each source came to each end, `read` being all of them."""
    found: dict[str, dict[str, int]] = {}
    query = sa.select(row_count).order_by(row_count.c.tenant, row_count.c.source)
    for row in connection.execute(query):
        found.setdefault(f"{row.tenant}/{row.source}", {})[row.reason] = int(row[3])
    return found


def imbalance(rows: Mapping[str, Mapping[str, int]]) -> int:
    """Rows that were read and came to no end, or to two; must be 0."""
    return sum(abs(2 * ends.get(READ, 0) - sum(ends.values())) for ends in rows.values())


def lines(rows: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The sums of rows as a person reads them, one for each source."""
    told = []
    for name, ends in rows.items():
        parts = [f"{count} {end}" for end, count in ends.items() if end != READ]
        told.append(f"{name.partition('/')[2]}: {ends.get(READ, 0)} rows = {' + '.join(parts)}")
    return told


def cases_of(connection: Connection, identities: Sequence[bytes]) -> dict[bytes, str]:
    """Give the cases of signals by their identities; those without a case are left out."""
    found: dict[bytes, str] = {}
    for start in range(0, len(identities), AT_ONCE):
        query = sa.select(signal.c.id, signal.c.case_id).where(
            signal.c.id.in_(identities[start : start + AT_ONCE]), signal.c.case_id.is_not(None)
        )
        found.update((bytes(row.id), row.case_id) for row in connection.execute(query))
    return found
