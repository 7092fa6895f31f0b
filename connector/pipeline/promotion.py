"""A second look that a person answered with yes becomes a case with clocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Row

from connector.domain.assessment import Assessment
from connector.pipeline.owing import freeze
from connector.pipeline.rules import Rules
from connector.recovery import plan, policy
from connector.recovery.severity import final_severity
from connector.store import cases, codec, content, rounds, signals
from connector.store.store import Tx


def promote(tx: Tx, row: Row[Any], rules: Rules) -> None:
    """Start the clocks of a second look and let its ticket follow."""
    before = cases.case_of(row)
    rules = rules.at(before.site)
    founding = _founding_assessment(tx, row.id)
    severity = final_severity(founding) if founding else max(1, before.severity)
    clocks = policy.clocks(severity, tx.now, before.event_time, rules.recovery, rules.practice.zone)
    case = replace(before, severity=severity, second_look=False, clocks=clocks)
    cases.raise_to(tx, case, kind="case")
    rounds.begin(tx, case.id, tx.now)
    tx.record(
        "case.promoted",
        case_id=case.id,
        severity=severity,
        contact_due=clocks.contact_due.isoformat(),
        resolution_due=clocks.resolution_due.isoformat(),
    )
    owed = plan.promoting(
        case,
        seed=_seed(case.id),
        practice=rules.practice,
        settings=rules.recovery,
        book=rules.shelf.book(),
        founder=signals.founder(tx.connection, case.id),
    )
    freeze(tx, case.tenant, owed, rules.prepare)


def _seed(case_id: str) -> str:
    return f"{case_id}.right"


def _founding_assessment(tx: Tx, case_id: str) -> Assessment | None:
    body = content.get(tx.connection, signals.founding_assessment(tx.connection, case_id))
    return codec.assessment_from(body) if body else None
