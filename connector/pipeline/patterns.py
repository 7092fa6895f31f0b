"""Small failures of one kind that repeat get one ticket about what they have in common.

1. Small cases of the window are counted by site and leading category.
2. Where there are enough of them and no ticket is open about it, one is owed, with the list.
3. What comes in addition is told there, once a day, until people close it; then counting begins
   anew with what was not told there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy.engine import Row

from connector.domain.case import Case
from connector.domain.taxonomy import OTHER
from connector.pipeline.rules import Rules
from connector.pipeline.storm import notice_case
from connector.recovery import patterns
from connector.recovery.patterns import Member
from connector.store import cases, keys, outbox
from connector.store import patterns as kept
from connector.store.store import Store, Tx

DAY: Final = timedelta(days=1)
Kind = tuple[str, str]
"""Site and category."""


def look(store: Store, rules: Rules) -> int:
    """Owe what repetition asks for; gives how many tickets and notes."""
    least, tenant = rules.pipeline.pattern_cases, rules.practice.tenant
    if not least:
        return 0
    since = store.clock() - timedelta(days=rules.pipeline.pattern_days)
    with store.read() as connection:
        found = _by_kind(kept.recent(connection, tenant, since))
    enough = [kind for kind, members in found.items() if len(members) >= least]
    return sum(store.write(partial(_tell, kind=kind, rules=rules)) for kind in enough)


def _by_kind(rows: Sequence[Row[Any]]) -> Mapping[Kind, list[Member]]:
    found: dict[Kind, list[Member]] = {}
    for row in rows:
        category = (row.categories or [OTHER])[0]
        if category != OTHER:
            member = Member(case_id=row.id, opened_at=row.opened_at)
            found.setdefault((row.site, category), []).append(member)
    return found


def _tell(tx: Tx, kind: Kind, rules: Rules) -> bool:
    """Open the ticket of a kind, or tell on it what came in addition; False: nothing is owed."""
    tenant, (site, category) = rules.practice.tenant, kind
    last = kept.last(tx.connection, tenant, site, category)
    if last is not None and last.state != "closed":
        if tx.now - last.told_at < DAY:
            return False
        members = _new(tx, kind, rules, last.case_id)
        return bool(members) and _add(tx, last, category, members, rules)
    members = _new(tx, kind, rules, last.case_id if last is not None else "")
    if len(members) < rules.pipeline.pattern_cases:
        return False
    return _open(tx, kind, members, rules)


def _new(tx: Tx, kind: Kind, rules: Rules, last: str) -> list[Member]:
    """Give the small cases of a kind that the latest ticket about it does not tell."""
    window = tx.now - timedelta(days=rules.pipeline.pattern_days)
    rows = kept.recent(tx.connection, rules.practice.tenant, window)
    members = _by_kind(rows).get(kind, [])
    told = kept.members(tx.connection, last) if last else frozenset()
    return [one for one in members if one.case_id not in told]


def _open(tx: Tx, kind: Kind, members: Sequence[Member], rules: Rules) -> bool:
    tenant, (site, category) = rules.practice.tenant, kind
    seed = keys.keyed(tx.secret, "pattern", tenant, site, category, members[0].case_id).hex()
    notice = notice_case(tx, seed, tenant, "amends")
    if notice is None:
        return False
    here = rules.at(site)
    case = replace(notice, site=site)
    ticket = patterns.opening(
        case, category, members, rules.pipeline.pattern_days, here.practice, here.recovery, seed
    )
    outbox.add(tx, ticket, tenant=tenant, frozen=rules.prepare(ticket))
    kept.begin(tx, case.id, site, category, [one.case_id for one in members])
    _link(tx, case.id, members)
    tx.record("pattern.found", case_id=case.id, category=category, site=site, cases=len(members))
    return True


def _add(tx: Tx, last: Row[Any], category: str, members: Sequence[Member], rules: Rules) -> bool:
    row = cases.get(tx.connection, last.case_id)
    if row is None:
        return False
    here, total = rules.at(last.site), last.told + len(members)
    case: Case = replace(cases.case_of(row), site=last.site)
    seed = f"{case.id}.more.{tx.now:%Y%m%d}"
    note = patterns.more(case, category, members, total, here.practice, here.recovery, seed)
    outbox.add(tx, note, tenant=row.tenant, frozen=rules.prepare(note))
    kept.told(tx, case.id, total)
    _link(tx, case.id, members)
    tx.record("pattern.grew", case_id=case.id, category=category, cases=total)
    return True


def _link(tx: Tx, case_id: str, members: Sequence[Member]) -> None:
    """Let `cases show` tell from both sides what belongs together."""
    for one in members:
        cases.link(tx, case_id, one.case_id, kept.WHY)
