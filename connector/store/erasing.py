"""Statements that destroy words whose time is over; salts go with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from connector.domain.ledger import Plain
from connector.store import calls, content, files, mails
from connector.store.schema import case_contact, cases, outbox, sighting, signal
from connector.store.schema_following import observed
from connector.store.schema_mail import released
from connector.store.store import Tx


def erase_old(tx: Tx, days: int, limit: int) -> int:
    """Erase the words of up to `limit` ended items and closed cases; gives how many rows went.

    An item belongs to its case: it keeps its words while the case is open or was closed
    less than `days` ago. Items without a case count from their detection.
    """
    before = tx.now - timedelta(days=days)
    old_cases = sa.select(cases.c.id).where(cases.c.state == "closed", cases.c.closed_at < before)
    ids = _of_items(tx, old_cases, before, limit) + _of_cases(tx, old_cases, limit)
    if not ids:
        return 0
    ids = sorted(set(ids))  # a file may belong to a signal and to the note about it
    erased = content.erase(tx.connection, ids)
    tx.record("content.erased", rows=erased, older_than_days=days, ranges=_ranges(ids))
    return erased


def _of_items(tx: Tx, old_cases: sa.Select[tuple[str]], before: datetime, limit: int) -> list[int]:
    """Give the words of items, of what was decided about them, and of where they were found."""
    rows = tx.connection.execute(
        sa.select(signal.c.id, signal.c.content_id, signal.c.raw_id, signal.c.assessment_id)
        .where(
            signal.c.content_id.is_not(None),
            signal.c.outcome != "waiting",
            sa.or_(
                signal.c.case_id.in_(old_cases),
                sa.and_(signal.c.case_id.is_(None), signal.c.detected_at < before),
            ),
        )
        .limit(limit)
    ).all()
    ids = [value for row in rows for value in row[1:] if value is not None]
    gone = [row.id for row in rows]
    parked = sa.select(released.c.assessment_id).where(
        released.c.id.in_(gone), released.c.assessment_id.is_not(None)
    )
    ids += list(tx.connection.execute(parked).scalars())
    _forget(tx, gone)
    for row in rows:
        ids += [value for value in files.ids(tx.connection, row.content_id) if value is not None]
    places = sa.select(sighting.c.content_id).where(
        sighting.c.signal_id.in_(gone), sighting.c.content_id.is_not(None)
    )
    return ids + list(tx.connection.execute(places).scalars())


def _of_cases(tx: Tx, old_cases: sa.Select[tuple[str]], limit: int) -> list[int]:
    """Give the words of changes, of names of persons, and of what was seen in the helpdesk."""
    changes = tx.connection.execute(
        sa.select(outbox.c.content_id, outbox.c.body_id)
        .where(outbox.c.content_id.is_not(None), outbox.c.case_id.in_(old_cases))
        .limit(limit)
    ).all()
    ids = [value for row in changes for value in row if value is not None]
    for change in changes:
        ids += [value for value in files.ids(tx.connection, change[0]) if value is not None]
    for column, of_case in (
        (case_contact.c.name_id, case_contact.c.case_id),
        (observed.c.content_id, observed.c.case_id),
    ):
        query = sa.select(column).where(column.is_not(None), of_case.in_(old_cases)).limit(limit)
        ids += list(tx.connection.execute(query).scalars())
    return ids


def _ranges(ids: Sequence[int]) -> list[Plain]:
    """Name rising numbers exactly and briefly: first and last of each unbroken row of them."""
    found: list[list[Plain]] = []
    for before, number in zip([None, *ids], ids, strict=False):
        if before is None or number != before + 1:
            found.append([number, number])
        else:
            found[-1][1] = number
    return list(found)


def _forget(tx: Tx, ids: Sequence[bytes]) -> None:
    """Forget what only served to find these items among others."""
    mails.forget(tx.connection, ids)
    calls.forget(tx.connection, ids)
