"""Statements about what was heard: stored with the cursor, picked up by casework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from connector.domain.signal import Batch, Item, Signal, Unreadable, signal_id
from connector.store import calls, codec, content, files, mails
from connector.store.keys import keyed
from connector.store.schema import content as content_table
from connector.store.schema import seen, sighting, signal, source
from connector.store.schema_calls import call
from connector.store.store import Tx

IDS_AT_ONCE = 500
"""So many identities are asked for in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored item on its way through casework."""

    n: int
    """Order of arrival."""
    id: bytes
    item: Item
    detected_at: datetime
    attempts: int
    """How often casework began with it; this time counts when it was begun."""
    content_id: int | None
    file_ids: tuple[int | None, ...]

    @property
    def seed(self) -> str:
        """The identity as 32 hex characters: all keys of its changes derive from it."""
        return self.id.hex()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one batch."""

    new: int
    known: int
    unreadable: int = 0
    """How many of them nobody could read."""


def insert_new(connection: Connection, table: sa.Table, values: dict[str, Any]) -> bool:
    """Insert unless the primary key is there; tell whether it was new."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table).values(**values).on_conflict_do_nothing()
    return connection.execute(statement).rowcount == 1


def take(tx: Tx, tenant: str, name: str, kind: str, batch: Batch) -> Taken:
    """Store the new items of a batch and move the cursor, all in one commit.

    Sources with a long past bring many items at once, hence one statement a table.
    """
    fresh, again = _sort_out(tx, [calls.as_edit(tx.secret, item) for item in batch.items])
    store_new(tx, fresh)
    for identity, item in again:
        sighted(tx, identity, item)
    move(tx, tenant, name, kind, batch.cursor, heard=bool(batch.items))
    unreadable = sum(isinstance(item, Unreadable) for item in batch.items)
    return Taken(new=len(fresh), known=len(again), unreadable=unreadable)


def move(tx: Tx, tenant: str, name: str, kind: str, to: str, *, heard: bool) -> None:
    """Move a source's cursor; `heard` says whether it brought anything."""
    values: dict[str, Any] = {"cursor": to, "kind": kind, "last_read_at": tx.now}
    if heard:
        values["last_item_at"] = tx.now
    _upsert_source(tx, tenant, name, values)


def _sort_out(tx: Tx, items: Sequence[Item]) -> tuple[dict[bytes, Item], list[tuple[bytes, Item]]]:
    """Part the items into new ones by identity and ones that are known, in order."""
    named = [(signal_id(tx.secret, item), item) for item in items]
    there = known(tx.connection, [identity for identity, _ in named])
    fresh: dict[bytes, Item] = {}
    again = []
    for identity, item in named:
        if identity in there or identity in fresh:
            again.append((identity, item))
        else:
            fresh[identity] = item
    return fresh, again


_SEEN: Final = sa.select(seen.c.id).where(seen.c.id.in_(sa.bindparam("ids", expanding=True)))


def known(connection: Connection, identities: Sequence[bytes]) -> set[bytes]:
    """Those of the identities that were stored before."""
    found: set[bytes] = set()
    for start in range(0, len(identities), IDS_AT_ONCE):
        part = identities[start : start + IDS_AT_ONCE]
        if connection.dialect.name == "sqlite":
            # to the driver as it is: making the list of marks anew costs more than the look
            rows = connection.exec_driver_sql(_seen_among(len(part)), tuple(part))
        else:
            rows = connection.execute(_SEEN, {"ids": part})
        found.update(bytes(row[0]) for row in rows)
    return found


@lru_cache(maxsize=IDS_AT_ONCE)
def _seen_among(count: int) -> str:
    marks = ", ".join("?" * count)
    return f"SELECT id FROM seen WHERE id IN ({marks})"  # noqa: S608 - nothing but marks


def cursor(connection: Connection, tenant: str, name: str) -> str | None:
    """Where a source goes on; None before its first batch."""
    row = connection.execute(
        sa.select(source.c.cursor).where(source.c.tenant == tenant, source.c.name == name)
    ).first()
    return None if row is None else row[0]


def source_read(tx: Tx, tenant: str, name: str, kind: str, *, error: str | None) -> None:
    """Remember that a source was read to its end, or why it could not be."""
    values: dict[str, Any] = {"kind": kind, "last_error": error}
    if error is None:
        values |= {"last_read_at": tx.now, "error_since": None}
    else:
        row = tx.connection.execute(
            sa.select(source.c.error_since).where(source.c.tenant == tenant, source.c.name == name)
        ).first()
        values["error_since"] = (row[0] if row else None) or tx.now
    _upsert_source(tx, tenant, name, values)


def sources(connection: Connection) -> list[Row[Any]]:
    """All sources that were ever read, with their health."""
    return list(connection.execute(sa.select(source).order_by(source.c.tenant, source.c.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An item that casework has not finished, not loaded yet."""

    n: int
    attempts: int
    """How often casework began with it without coming to an end."""
    size: int
    """Bytes of its words and its original."""


def waiting(connection: Connection, limit: int, now: datetime | None = None) -> list[Waiting]:
    """The oldest items that casework has not finished; loads none, for one may be deadly.

    With `now`, calls whose fate is open beyond that are left out.
    """
    body, raw = content_table.alias("body"), content_table.alias("raw")
    size = sa.func.coalesce(sa.func.length(body.c.body), 0) + sa.func.coalesce(
        sa.func.length(raw.c.body), 0
    )
    query = (
        sa.select(signal.c.n, signal.c.attempts, size.label("size"))
        .join(body, body.c.id == signal.c.content_id, isouter=True)
        .join(raw, raw.c.id == signal.c.raw_id, isouter=True)
        .where(signal.c.outcome == "waiting")
        .order_by(signal.c.n)
        .limit(limit)
    )
    if now is not None:
        query = query.join(call, call.c.id == signal.c.id, isouter=True).where(
            sa.or_(call.c.due_at.is_(None), call.c.due_at <= now)
        )
    return [
        Waiting(n=row.n, attempts=row.attempts, size=row.size) for row in connection.execute(query)
    ]


def load(connection: Connection, numbers: Sequence[int]) -> list[Stored]:
    """Items by their numbers, in order of arrival."""
    query = sa.select(signal).where(signal.c.n.in_(numbers)).order_by(signal.c.n)
    return _all_stored(connection, connection.execute(query).all())


def begin(tx: Tx, numbers: Sequence[int]) -> None:
    """Count an attempt before the work, so that an item that kills the process is found out."""
    tx.connection.execute(
        sa.update(signal).where(signal.c.n.in_(numbers)).values(attempts=signal.c.attempts + 1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What became of an item."""

    outcome: str
    """opened | joined | counted | parked | unreadable | held."""
    case_id: str | None = None
    lane: str | None = None
    severity: int | None = None
    assessment_id: int | None = None
    """Content row of the assessment with its evidence."""
    problem_code: str | None = None


_ENDING: Final = tuple(one.name for one in fields(End))
_FINISH: Final = (
    sa.update(signal)
    .where(signal.c.n == sa.bindparam("number"), signal.c.outcome == "waiting")
    .values({name: sa.bindparam(name) for name in _ENDING})
)
"""Built once: building costs more than running it."""


def finish(tx: Tx, ends: Sequence[tuple[Stored, End]]) -> int:
    """End items, each in exactly one outcome; gives how many had not ended before."""
    if not ends:
        return 0
    rows = [
        {"number": item.n} | {name: getattr(end, name) for name in _ENDING} for item, end in ends
    ]
    return tx.connection.execute(_FINISH, rows).rowcount


def of_case(connection: Connection, case_id: str) -> list[Stored]:
    """All items of a case, oldest first."""
    query = sa.select(signal).where(signal.c.case_id == case_id).order_by(signal.c.n)
    return _all_stored(connection, connection.execute(query).all())


def store_new(tx: Tx, fresh: Mapping[bytes, Item]) -> None:
    """Store items under their identities, none of which is known."""
    for identity, item in fresh.items():
        content_id, parsed = tx.put("signal", codec.item_bytes(item))
        raw_id, raw = tx.put("raw", item.raw)
        if isinstance(item, Signal):
            files.put(tx, content_id, item.attachments)
        tx.later(seen, {"id": identity})
        mails.add(tx, identity, item)
        calls.add(tx, identity, item)
        row = _row(identity, item, tx.now) | {"content_id": content_id, "raw_id": raw_id}
        tx.later(signal, row)
        tx.record(
            "signal.stored",
            signal=identity.hex(),
            source=item.source,
            readable=isinstance(item, Signal),
            parsed=parsed,
            parsed_id=content_id,
            raw=raw,
            raw_id=raw_id,
            bytes=len(item.raw),
        )


def _row(identity: bytes, item: Item, now: datetime) -> dict[str, Any]:
    heard = item if isinstance(item, Signal) else None
    return {
        "id": identity,
        "tenant": item.tenant,
        "source": item.source,
        "readable": int(heard is not None),
        "channel": heard.channel.value if heard else "",
        "event_time": heard.event_time if heard else None,
        "detected_at": now,
    }


def sighted(tx: Tx, identity: bytes, item: Item) -> None:
    """Keep the place where a known item was found again, unless it was found there before."""
    place = keyed(tx.secret, "locator", item.locator)
    there = tx.connection.execute(
        sa.select(sighting.c.signal_id).where(
            sighting.c.signal_id == identity, sighting.c.locator_hash == place
        )
    ).first()
    if there is not None or _first_place(tx.connection, identity) == item.locator:
        return
    content_id, _ = tx.put("locator", item.locator.encode("utf-8", "surrogatepass"))
    tx.connection.execute(
        sa.insert(sighting).values(
            signal_id=identity, locator_hash=place, content_id=content_id, seen_at=tx.now
        )
    )


def _first_place(connection: Connection, identity: bytes) -> str | None:
    """Where an item was found first; None when its words were erased."""
    row = connection.execute(sa.select(signal.c.content_id).where(signal.c.id == identity)).first()
    body = content.get(connection, row[0]) if row else None
    return codec.locator_of(body) if body else None


def stored(connection: Connection, row: Row[Any]) -> Stored:
    """Make the value from a row; erased words leave an unreadable item."""
    return _all_stored(connection, [row])[0]


def _all_stored(connection: Connection, rows: Sequence[Row[Any]]) -> list[Stored]:
    """Make the values from rows, with few statements for all of them."""
    file_ids = files.of_all(connection, [row.content_id for row in rows if row.content_id])
    wanted = [number for row in rows for number in (row.content_id, row.raw_id)]
    wanted += [number for numbers in file_ids.values() for number in numbers]
    words = content.get_all(connection, wanted)
    found = []
    for row in rows:
        own = tuple(file_ids.get(row.content_id, ()))
        found.append(
            Stored(
                n=row.n,
                id=bytes(row.id),
                item=_item(row, words, [words.get(number, b"") for number in own]),
                detected_at=row.detected_at,
                attempts=row.attempts,
                content_id=row.content_id,
                file_ids=own,
            )
        )
    return found


def _item(row: Row[Any], words: Mapping[int | None, bytes], own_files: list[bytes]) -> Item:
    body, raw = words.get(row.content_id, b""), words.get(row.raw_id, b"")
    problem = "erased by retention"
    if body:
        try:
            if row.readable:
                return codec.signal_from(body, raw, own_files)
            return codec.unreadable_from(body, raw)
        except (ValueError, KeyError, TypeError):
            problem = "stored in a form that this version cannot read"
    return Unreadable(tenant=row.tenant, source=row.source, locator="", problem=problem, raw=raw)


def _upsert_source(tx: Tx, tenant: str, name: str, values: dict[str, Any]) -> None:
    key = {"tenant": tenant, "name": name, "kind": values["kind"], "first_read_at": tx.now}
    insert_new(tx.connection, source, key)
    tx.connection.execute(
        sa.update(source).where(source.c.tenant == tenant, source.c.name == name).values(**values)
    )


def founding_assessment(connection: Connection, case_id: str) -> int | None:
    """Content row of the assessment of a case's first signal; None when it was erased."""
    query = (
        sa.select(signal.c.assessment_id)
        .where(signal.c.case_id == case_id)
        .order_by(signal.c.n)
        .limit(1)
    )
    return connection.execute(query).scalar()


def founder(connection: Connection, case_id: str) -> Signal | None:
    """Give a case's first signal; None when its words were erased."""
    query = sa.select(signal.c.n).where(signal.c.case_id == case_id).order_by(signal.c.n).limit(1)
    number = connection.execute(query).scalar()
    found = load(connection, [number]) if number is not None else []
    item = found[0].item if found else None
    return item if isinstance(item, Signal) else None


def ended(connection: Connection, limit: int = 1_000) -> list[Row[Any]]:
    """Items that came to their end, oldest first."""
    query = sa.select(signal).where(signal.c.outcome != "waiting").order_by(signal.c.n).limit(limit)
    return list(connection.execute(query))


def latest_of(
    connection: Connection, outcomes: Sequence[str], since: datetime, limit: int
) -> list[Row[Any]]:
    """Items with one of these outcomes since then, newest first (for the daily summary)."""
    query = (
        sa.select(signal)
        .where(signal.c.outcome.in_(outcomes), signal.c.detected_at >= since)
        .order_by(signal.c.n.desc())
        .limit(limit)
    )
    return list(connection.execute(query))
