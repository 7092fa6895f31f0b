"""Gathering one case from ledger, tables and words, in one consistent view."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.audit import reading
from connector.audit.commitments import ERASED_ACTION, Erasures, Held, Mention, held, mentions
from connector.audit.record import CaseFacts, CaseRecord, Heard, Sent, Words
from connector.domain.errors import LedgerError
from connector.domain.ledger import LedgerEntry, entry_hash
from connector.domain.practice import Practice
from connector.domain.signal import Item
from connector.domain.ticket import TicketEvent
from connector.store import cases, codec, files, following, observing, outbox
from connector.store.schema import content, ledger, sighting, signal
from connector.store.schema_following import observed

T = TypeVar("T")
ACCESS = "audit."
"""Entries with such actions tell who looked, not what happened."""
UNCOMMITTED = "uncommitted"
"""State of words that no entry commits to (the parsed view of an original, a place)."""
_AT_ONCE = 50
"""So many texts are looked for in one statement."""


def gather(
    connection: Connection,
    case_id: str,
    practice: Practice,
    *,
    instance: str,
    history: Sequence[TicketEvent] = (),
    accesses: bool = False,
) -> CaseRecord:
    """Gather one case; with `accesses` also who exported it before.

    Raises LedgerError when there is no such case.
    """
    row = cases.get(connection, case_id)
    if row is None:
        raise LedgerError(f"there is no case {case_id}; `amends cases list --all` names them")
    case = _facts(row)
    signals = connection.execute(
        sa.select(signal).where(signal.c.case_id == case_id).order_by(signal.c.n)
    ).all()
    told, faults = _entries(connection, case_id, [bytes(row.id).hex() for row in signals])
    shown = [entry for entry in told if accesses or not entry.action.startswith(ACCESS)]
    erasures = list(reading.having_action(connection, ERASED_ACTION))
    shelf = _Shelf(connection, Erasures.of(erasures), faults)
    for entry in shown:
        shelf.mentioned(entry)
    heard = tuple(_heard(connection, row, shelf) for row in signals)
    sent = tuple(_sent(connection, row, shelf) for row in outbox.of_case(connection, case_id))
    shown += [entry for entry in erasures if shelf.took(entry)]
    return CaseRecord(
        practice=practice,
        instance=instance,
        case=case,
        heard=heard,
        sent=sent,
        links=tuple(sorted(cases.links_of(connection, case_id))),
        entries=tuple(in_order(shown)),
        contents=dict(sorted(shelf.contents.items())),
        history=_history(connection, case_id, history, shelf),
        faults=tuple(faults),
    )


def _history(
    connection: Connection, case_id: str, asked: Sequence[TicketEvent], shelf: _Shelf
) -> tuple[TicketEvent, ...]:
    """Join what was observed over time with what the helpdesk tells now, each event once.

    What was observed counts where both tell of an event: it is committed to in the ledger.
    """
    found: list[TicketEvent] = []
    for row in observing.of_case(connection, case_id):
        decode = partial(observing.event_of, row)
        event = shelf.read(f"event {row.event_id}", decode, shelf.body(row.content_id))
        found.append(event or observing.event_of(row, None))
    known = {event.id for event in found}
    found += [event for event in asked if observing.settled(event).id not in known]
    return tuple(sorted(found, key=lambda event: event.at))


def in_order(entries: Iterable[LedgerEntry]) -> Iterator[LedgerEntry]:
    """Merge entries by time; within a chain its own order stands, whatever the clock did."""
    by_chain: dict[str, dict[int, LedgerEntry]] = {}
    for entry in entries:
        by_chain.setdefault(entry.chain_id, {})[entry.seq] = entry
    chains = [[chain[seq] for seq in sorted(chain)] for _, chain in sorted(by_chain.items())]
    yield from heapq.merge(*chains, key=lambda entry: entry.at)


class _Shelf:
    """The contents of the case, each read once and compared with its commitment."""

    def __init__(self, connection: Connection, erasures: Erasures, faults: list[str]) -> None:
        self.contents: dict[int, Words] = {}
        self._connection = connection
        self._erasures = erasures
        self._faults = faults

    def mentioned(self, entry: LedgerEntry) -> None:
        """Fetch what an entry commits to."""
        for mention in mentions(entry.body):
            state = held(self._connection, mention, self._erasures)
            self.contents[mention.content_id] = self._fetch(
                mention.content_id, mention, (entry.chain_id, entry.seq), state.value
            )
            if state in {Held.ALTERED, Held.GONE}:
                self._faults.append(
                    f"chain {entry.chain_id}: entry {entry.seq}: content {mention.content_id} "
                    f"({mention.what}) is {state.value}"
                )

    def body(self, content_id: int | None) -> bytes | None:
        """Give the bytes of a content, fetching it if no entry spoke of it."""
        if content_id is None:
            return None
        if content_id not in self.contents:
            self.contents[content_id] = self._fetch(content_id, None, None, UNCOMMITTED)
        return self.contents[content_id].body

    def read(self, what: str, decode: Callable[[bytes], T], body: bytes | None) -> T | None:
        """Decode words; what cannot be read any more is a fault of the record, not an error."""
        if body is None:
            return None
        try:
            return decode(body)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._faults.append(f"{what}: its words cannot be read")
            return None

    def took(self, entry: LedgerEntry) -> bool:
        """Say whether an erasure may have taken words of this case."""
        erasure = Erasures.of((entry,))
        gone = (words.id for words in self.contents.values() if words.state == Held.ERASED)
        return any(erasure.cover(content_id) for content_id in gone)

    def _fetch(
        self,
        content_id: int,
        mention: Mention | None,
        entry: tuple[str, int] | None,
        state: str,
    ) -> Words:
        columns = [reading.as_it_is(content.c[name]) for name in ("kind", "salt", "body")]
        row = self._connection.execute(
            sa.select(*columns).where(content.c.id == content_id)
        ).first()
        kind, salt, body = row or (mention.what if mention else "", None, None)
        return Words(
            id=content_id,
            kind=str(kind),
            body=body if isinstance(body, bytes) else None,
            salt=salt if isinstance(salt, bytes) else None,
            commitment=mention.commitment if mention else "",
            entry=entry,
            state=state,
        )


def _entries(
    connection: Connection, case_id: str, signals: Sequence[str]
) -> tuple[list[LedgerEntry], list[str]]:
    """Find the entries about a case and its signals; gives them and what is wrong with them."""
    wanted = [f'"signal":"{heard}"' for heard in signals]
    conditions: list[sa.ColumnElement[bool]] = [
        ledger.c.case_id == case_id,
        sa.and_(
            ledger.c.action == "case.linked",
            ledger.c.body.contains(f'"other":"{case_id}"', autoescape=True),
        ),
    ]
    conditions += _shared(connection, case_id)
    for start in range(0, len(wanted), _AT_ONCE):
        texts = [
            ledger.c.body.contains(text, autoescape=True)
            for text in wanted[start : start + _AT_ONCE]
        ]
        conditions.append(sa.and_(ledger.c.case_id == "", sa.or_(*texts)))
    entries: list[LedgerEntry] = []
    faults: list[str] = []
    for condition in conditions:
        for found in reading.matching(connection, condition):
            where = f"chain {found.chain_id}: entry {found.seq}"
            if isinstance(found, reading.Illegible):
                faults.append(f"{where} cannot be read: {found.what}")
                continue
            if _hash(found) != found.hash:
                faults.append(f"{where} was changed after it was written")
            entries.append(found)
    return entries, faults


def _shared(connection: Connection, case_id: str) -> Iterator[sa.ColumnElement[bool]]:
    """Find what was observed on tickets of this case under another one that shares them."""
    for one in following.tickets_of(connection, case_id):
        under = sa.select(observed.c.case_id).where(
            observed.c.ticket_id == one.ticket_id, observed.c.case_id != case_id
        )
        others = list(connection.execute(under.distinct()).scalars())
        if others:
            yield sa.and_(
                ledger.c.case_id.in_(others),
                ledger.c.action == "ticket.observed",
                ledger.c.body.contains(f'"ticket":"{one.ticket_id}"', autoescape=True),
            )


def _hash(entry: LedgerEntry) -> bytes:
    return entry_hash(
        prev=entry.prev,
        chain_id=entry.chain_id,
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        case_id=entry.case_id,
        body=entry.body,
    )


def _heard(connection: Connection, row: Row[Any], shelf: _Shelf) -> Heard:
    name = bytes(row.id).hex()
    file_ids = tuple(files.ids(connection, row.content_id))
    contents = [shelf.body(file_id) or b"" for file_id in file_ids]
    body, raw = shelf.body(row.content_id), shelf.body(row.raw_id) or b""
    decode = partial(_item, readable=bool(row.readable), raw=raw, contents=contents)
    proof = shelf.body(row.assessment_id)
    return Heard(
        id=name,
        source=row.source,
        channel=row.channel,
        event_time=row.event_time,
        detected_at=row.detected_at,
        outcome=row.outcome,
        lane=row.lane or "",
        severity=row.severity,
        problem_code=row.problem_code or "",
        item=shelf.read(f"signal {name}", decode, body),
        locators=tuple(_locators(connection, bytes(row.id), shelf)),
        assessment=shelf.read(f"assessment of signal {name}", codec.assessment_from, proof),
        parsed_id=row.content_id,
        raw_id=row.raw_id,
        assessment_id=row.assessment_id,
        file_ids=file_ids,
    )


def _item(body: bytes, *, readable: bool, raw: bytes, contents: list[bytes]) -> Item:
    if readable:
        return codec.signal_from(body, raw, contents)
    return codec.unreadable_from(body, raw)


def _locators(connection: Connection, identity: bytes, shelf: _Shelf) -> Iterator[str]:
    found = connection.execute(
        sa.select(sighting.c.content_id)
        .where(sighting.c.signal_id == identity, sighting.c.content_id.is_not(None))
        .order_by(sighting.c.seen_at, sighting.c.content_id)
    )
    for content_id in list(found.scalars()):
        yield (shelf.body(content_id) or b"").decode("utf-8", "replace")


def _sent(connection: Connection, row: Row[Any], shelf: _Shelf) -> Sent:
    file_ids = tuple(files.ids(connection, row.content_id))
    contents = [shelf.body(file_id) or b"" for file_id in file_ids]
    frozen = shelf.body(row.body_id) or b""
    decode = partial(codec.change_from, frozen=frozen, files=contents)
    return Sent(
        id=row.id,
        seq=row.seq,
        key=row.key,
        op=row.op,
        state=row.state,
        created_at=row.created_at,
        first_sent_at=row.first_sent_at,
        last_sent_at=row.last_sent_at,
        done_at=row.done_at,
        attempts=row.attempts,
        error=row.last_error or "",
        change=shelf.read(f"change {row.id}", decode, shelf.body(row.content_id)),
        change_id=row.content_id,
        body_id=row.body_id,
        file_ids=file_ids,
    )


def _facts(row: Row[Any]) -> CaseFacts:
    return CaseFacts(
        id=row.id,
        kind=row.kind,
        group=row.grp,
        state=row.state,
        severity=row.severity,
        categories=tuple(row.categories or ()),
        source=row.source,
        channel=row.channel,
        opened_at=row.opened_at,
        event_time=row.event_time,
        contact_due=row.contact_due,
        resolution_due=row.resolution_due,
        closed_at=row.closed_at,
        close_reason=row.close_reason or "",
        ticket_id=row.ticket_id or "",
        ticket_url=row.ticket_url or "",
    )
