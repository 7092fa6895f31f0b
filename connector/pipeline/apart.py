"""Cases that are about whoever would be asked to see to them are kept from that person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Row

from connector.domain.case import Case
from connector.domain.ticket import Snapshot
from connector.pipeline.rules import Rules
from connector.recovery import plan, routing
from connector.recovery.tags import CONFLICT
from connector.store import cases, edits
from connector.store.store import Tx


def keep(tx: Tx, heard: plan.Heard, case: Case, rules: Rules) -> Case:
    """Keep a case from its manager once one of its signals seems to be about them."""
    if case.conflict or not routing.about_manager(heard.signal, case.categories, rules.recovery):
        return case
    cases.set_conflict(tx, case.id, conflict=True)
    tx.record("case.kept_apart", case_id=case.id, signal=heard.seed)
    return replace(case, conflict=True)


def follow(tx: Tx, row: Row[Any], seen: Snapshot) -> None:
    """Follow agents who say by the tag that a case is about its manager, or that it is not."""
    there = CONFLICT in seen.tags
    taken_away = f"tag:{CONFLICT}" in edits.theirs(tx.connection, row.id) and not there
    if (there and not row.conflict) or (taken_away and row.conflict):
        cases.set_conflict(tx, row.id, conflict=there)
        tx.record("case.kept_apart" if there else "case.kept_apart_no_more", case_id=row.id)
