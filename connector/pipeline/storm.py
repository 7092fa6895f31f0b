"""The storm guard: a rotated log or a renumbered mailbox must not make ten thousand tickets.

More new cases than allowed from one source within an hour are held, and one
summary ticket a day and source says so. Severity 4 is never held.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connector.domain.case import Case, CaseState, Group
from connector.pipeline.acquaintance import Acquaintance
from connector.pipeline.rules import Rules
from connector.recovery import plan
from connector.store import cases, keys, outbox
from connector.store.store import Tx

WINDOW = timedelta(hours=1)
CRITICAL = 4


def holds(met: Acquaintance, tenant: str, source: str, severity: int, limit: int) -> bool:
    """Say whether a new case from this source has to wait for a person."""
    return severity < CRITICAL and met.founded(tenant, source) >= limit


def tell(
    tx: Tx,
    held: Case,
    source: str,
    rules: Rules,
) -> None:
    """Owe the summary ticket of this storm, unless there is one of today."""
    seed = keys.keyed(tx.secret, "storm", held.tenant, source, tx.now.date().isoformat()).hex()
    notice = notice_case(tx, seed, held.tenant, source)
    if notice is None:
        return
    ticket = plan.storm_summary(
        source=source,
        held=1,
        since=tx.now,
        seed=seed,
        case=notice,
        practice=rules.practice,
        settings=rules.recovery,
    )
    outbox.add(tx, ticket, tenant=held.tenant, frozen=rules.prepare(ticket))
    tx.record("storm.began", case_id=notice.id, source=source)


def notice_case(tx: Tx, seed: str, tenant: str, source: str) -> Case | None:
    """Make the row that carries a summary ticket; None when it exists already."""
    case = Case(
        id=keys.case_id(tx.secret, seed),
        tenant=tenant,
        group=Group.SERVICE,
        state=CaseState.OPEN,
        severity=2,
        categories=(),
        second_look=False,
        opened_at=tx.now,
        event_time=None,
        clocks=None,
        ticket_id="",
        ticket_url="",
    )
    if cases.get(tx.connection, case.id) is not None:
        return None
    cases.insert(tx, case, cases.Origin(source=source, channel="", person=None, kind="notice"))
    return case


def let_go(tx: Tx, held: Case) -> Case:
    """Release a case of a storm that turned out to be critical: that is never held."""
    cases.release(tx, held.id)
    outbox.release(tx, held.id)
    tx.record("case.released", case_id=held.id, why="critical")
    return replace(held, state=CaseState.OPEN)
