"""The same person let down in the same way again: noticed, said, and graver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from connector.domain.assessment import Assessment
from connector.domain.case import Case, CaseState
from connector.pipeline.owing import Prepare
from connector.recovery import plan, tags
from connector.store import cases, outbox, repeats
from connector.store.store import Tx

WINDOW: Final = timedelta(days=90)
"""So long after its close a failure of the same kind counts as a repeat."""
FAILED: Final = "recovery.failed"
"""Category of what happens again although it had been put right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What the person had before."""

    case_id: str
    recovered: bool
    """True when all four steps had their evidence: the recovery itself failed."""

    @property
    def tags(self) -> tuple[str, ...]:
        """What the new ticket is marked with."""
        return (tags.REPEAT, tags.RECOVERY_FAILED) if self.recovered else (tags.REPEAT,)

    @property
    def why(self) -> str:
        """Code of the link between the two."""
        return "recovery_failed" if self.recovered else "repeat"


def find(tx: Tx, tenant: str, person: bytes | None, assessment: Assessment) -> Repeat | None:
    """Find the latest closed case of the person that shares a category; None: there is none.

    Only where it is certain who the person is: families share numbers and addresses.
    """
    if person is None:
        return None
    kinds = set(assessment.categories) - {FAILED}
    for row in repeats.closed_of(tx.connection, tenant, person, tx.now - WINDOW):
        if kinds & set(row.categories):
            recovered = row.lacking == "" and row.close_reason == "ticket_closed"
            return Repeat(case_id=row.id, recovered=recovered)
    return None


def considered(assessment: Assessment, repeat: Repeat | None) -> Assessment:
    """Add what a repeat says to how the failure is judged; pure."""
    if repeat is None or not repeat.recovered or FAILED in assessment.categories:
        return assessment
    return replace(assessment, categories=(*assessment.categories, FAILED))


def tell(tx: Tx, case: Case, repeat: Repeat, seed: str, prepare: Prepare) -> None:
    """Link the new case with the earlier one and say so on the new ticket.

    The earlier ticket is closed, and many products take no notes there.
    """
    if not cases.link(tx, case.id, repeat.case_id, repeat.why):
        return
    tx.record("case.linked", case_id=case.id, other=repeat.case_id, why=repeat.why)
    note = plan.link_note(case, repeat.case_id, repeat.why, f"{seed}.repeat")
    held = case.state is CaseState.HELD
    outbox.add(tx, note, tenant=case.tenant, frozen=prepare(note), held=held)
