"""Who was spoken with lately is not approached once more as if for the first time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from connector.domain.case import Case
from connector.domain.taxonomy import OTHER, group_of
from connector.pipeline.rules import Rules
from connector.recovery.outreach import Earlier
from connector.store import outreach
from connector.store.store import Tx


def earlier(tx: Tx, case: Case, person: bytes | None, rules: Rules) -> Sequence[Earlier]:
    """Give when the person of a new case was spoken with within the window.

    Only where it is certain who it is: families share numbers and addresses.
    """
    days = rules.recovery.outreach_days
    if person is None or not days:
        return ()
    rows = outreach.of_person(tx.connection, case.tenant, person, tx.now - timedelta(days=days))
    return [
        Earlier(case_id=row.id, category=_told(case, row.categories), at=row.spoken_at)
        for row in rows
        if row.id != case.id
    ]


def _told(case: Case, categories: Sequence[str]) -> str:
    """Name what the other case is about, unless that is kept apart from this one."""
    leading = tuple(categories or [OTHER])[:1]
    return leading[0] if group_of(leading) is case.group else ""
