"""Statements about wall-clock jobs and the state of each helpdesk's circuit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.schema import job, target
from connector.store.signals import insert_new
from connector.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """Whether a helpdesk may be called now."""

    breaker: str = "closed"
    """closed | open | half."""
    failures: int = 0
    """Failures in a row."""
    not_before: datetime | None = None
    reason: str = ""
    """Why it is open; our words."""


def last_runs(connection: Connection) -> dict[str, datetime]:
    """When each job ran last."""
    return {row.name: row.last_run_at for row in connection.execute(sa.select(job))}


def ran(tx: Tx, name: str) -> None:
    """Remember that a job ran now."""
    if not insert_new(tx.connection, job, {"name": name, "last_run_at": tx.now}):
        tx.connection.execute(sa.update(job).where(job.c.name == name).values(last_run_at=tx.now))


def circuit(connection: Connection, name: str) -> Circuit:
    """The circuit of a helpdesk; closed when nothing is known."""
    row = connection.execute(sa.select(target).where(target.c.name == name)).first()
    if row is None:
        return Circuit()
    return Circuit(
        breaker=row.breaker,
        failures=row.failures,
        not_before=row.not_before,
        reason=row.reason or "",
    )


def set_circuit(tx: Tx, name: str, state: Circuit) -> None:
    """Remember the circuit of a helpdesk over restarts."""
    values = {
        "breaker": state.breaker,
        "failures": state.failures,
        "not_before": state.not_before or tx.now,
        "reason": state.reason,
    }
    if not insert_new(tx.connection, target, {"name": name, **values}):
        tx.connection.execute(sa.update(target).where(target.c.name == name).values(**values))
