"""What casework puts on record: how a signal was judged, which case it founded."""

from __future__ import annotations

from connector.domain.assessment import Assessment
from connector.domain.case import Case
from connector.store.signals import Stored
from connector.store.store import Tx


def assessed(
    tx: Tx, stored: Stored, assessment: Assessment, content_id: int, proof: str, version: str
) -> None:
    """Say how a signal was judged, by which rules of which configuration."""
    tx.record(
        "signal.assessed",
        signal=stored.seed,
        lane=assessment.lane.value,
        severity=assessment.severity,
        categories=list(assessment.categories),
        rules=[reason.rule for reason in assessment.reasons],
        score_permille=assessment.score_permille,
        model=assessment.model,
        config=version,
        evidence=proof,
        evidence_id=content_id,
    )


def opened(tx: Tx, stored: Stored, case: Case, *, held: bool) -> None:
    """Say that a case was opened, and when it is due."""
    tx.record(
        "case.opened",
        case_id=case.id,
        signal=stored.seed,
        severity=case.severity,
        group=case.group.value,
        second_look=case.second_look,
        conflict=case.conflict,
        held=held,
    )
    if case.clocks is not None:
        tx.record(
            "clock.started",
            case_id=case.id,
            contact_due=case.clocks.contact_due.isoformat(),
            resolution_due=case.clocks.resolution_due.isoformat(),
            detected_at=stored.detected_at.isoformat(),
        )


def copied(tx: Tx, stored: Stored, case: Case) -> None:
    """Say that a mail belongs to a case as the copy of one that was heard elsewhere."""
    tx.record(
        "signal.joined",
        case_id=case.id,
        signal=stored.seed,
        why="copy",
        severity_before=case.severity,
        severity=case.severity,
        promoted=False,
    )
