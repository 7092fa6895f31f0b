"""A mail of an agent to a patient came back: a failed attempt of contact, told on its case.

Whose mail it was is told by the part that was returned: our case id or the ticket's mark in its
subject, the ids that it answered, and at last its recipient, if one of our own addresses had
sent it and only one case of that person comes into question. A delay is no failure, and stays
parked: most late mail arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.engine import Row

from connector.domain.case import Case, CaseState
from connector.domain.signal import Signal
from connector.domain.ticket import TicketStatus, UpdateTicket
from connector.parsing.people import email_key
from connector.parsing.tokens import is_case_id
from connector.pipeline.joining import ticket_ids
from connector.recovery import failed_contact, plan
from connector.store import cases, outbox, returning
from connector.store.keys import keyed
from connector.store.store import Tx

LATELY: Final = timedelta(days=14)
"""A case that was closed longer ago is not found by its recipient alone, nor opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The case whose mail came back."""

    row: Row[Any]
    by: str
    """case_id | thread | ticket | recipient."""


def find(tx: Tx, signal: Signal, own: frozenset[str], mark: str) -> Found | None:
    """Find the case of a bounce; None when there is none or that is not certain.

    `own` are the practice's addresses, `mark` is the form of the
    ticket's mark in subjects.
    """
    if signal.facts.get("automatic") != "bounce":
        return None
    tokens, people = _texts(signal, "bounced_tokens"), _texts(signal, "bounced_to")
    emails = [keyed(tx.secret, "email", email_key(one)) for one in people]
    threads = [keyed(tx.secret, "thread", one) for one in _texts(signal, "bounced_ids")]
    met = returning.by_contact(tx.connection, signal.tenant, [*threads, *emails])
    known = [one.row for one in met if one.kind == "email"]
    ways = (
        ("case_id", _by_id(tx, signal, tokens)),
        ("thread", [one.row for one in met if one.key in threads]),
        ("ticket", _by_ticket(tx, signal, ticket_ids(tokens, mark), known)),
        ("recipient", _by_recipient(tx, signal, known, own)),
    )
    for by, rows in ways:
        chosen = _one(list({row.id: row for row in rows}.values()))
        if chosen is not None:
            return Found(row=chosen, by=by)
    return None


def _by_id(tx: Tx, signal: Signal, tokens: Sequence[str]) -> list[Row[Any]]:
    ids = [token for token in tokens if is_case_id(token)]
    return returning.by_id(tx.connection, signal.tenant, ids)


def _by_ticket(
    tx: Tx, signal: Signal, tickets: Sequence[str], known: Sequence[Row[Any]]
) -> list[Row[Any]]:
    """A number alone proves little: its person must be the recipient, where one is known."""
    people = {row.id for row in known}
    found = returning.by_ticket(tx.connection, signal.tenant, tickets)
    return [
        row for row in found if row.id in people or not returning.has_address(tx.connection, row.id)
    ]


def _by_recipient(
    tx: Tx, signal: Signal, known: Iterable[Row[Any]], own: frozenset[str]
) -> list[Row[Any]]:
    if email_key(str(signal.facts.get("bounced_from", ""))) not in own:
        return []
    return [row for row in known if row.state != "closed" or row.closed_at >= tx.now - LATELY]


def _one(rows: Sequence[Row[Any]]) -> Row[Any] | None:
    """The only open case, else the only one at all; else it is not certain."""
    unfinished = [row for row in rows if row.state != "closed"]
    for some in (unfinished, rows):
        if len(some) == 1:
            return some[0]
    return None


def reopening(tx: Tx, row: Row[Any]) -> UpdateTicket | None:
    """Give the change that opens the ticket of a case again that was closed lately by people.

    Whoever closed it believed that the patient had the answer. A ticket that is gone, or was
    judged to be no failure, stays as it is.
    """
    if row.state != "closed" or row.close_reason != "ticket_closed":
        return None
    if row.closed_at < tx.now - LATELY:
        return None
    last = outbox.reopening(tx.connection, row.id)
    if last is not None and last.state not in {"done", "dropped"}:
        return None  # on its way
    key = outbox.reopening_key(row.id, row.next_seq)
    return UpdateTicket(key=key, case_id=row.id, status=TicketStatus.OPEN)


def put_on_record(tx: Tx, found: Found, heard: plan.Heard) -> Case:
    """Put on record that an attempt of contact failed; gives the case."""
    case = cases.case_of(found.row)
    tx.record(
        "signal.joined",
        case_id=case.id,
        signal=heard.seed,
        why="returned_mail",
        severity_before=case.severity,
        severity=case.severity,
        promoted=False,
    )
    tx.record(
        "contact.failed",
        case_id=case.id,
        signal=heard.seed,
        by=found.by,
        status=failed_contact.status_of(heard.signal),
        closed=case.state is CaseState.CLOSED,
    )
    return case


def _texts(signal: Signal, fact: str) -> tuple[str, ...]:
    found = signal.facts.get(fact)
    return found if isinstance(found, tuple) else ()
