"""The one ticket a day about what was parked, could not be read, is held or was set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from connector.pipeline.rules import Rules
from connector.pipeline.storm import notice_case
from connector.recovery import plan
from connector.store import jobs, keys, outbox, signals
from connector.store.store import Store, Tx

SHOWN = ("parked", "unreadable", "held")
MAX_LINES = 40
"""The ticket names so many items; the rest is counted and listed by command."""
WINDOW = timedelta(days=1)
"""A summary reaches back so far at least, and to the one before it when that is longer ago."""
JOB = "summary"
"""Name under which the last summary is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a person should see once a day."""

    counts: Mapping[str, int]
    lines: tuple[str, ...]


def gather(store: Store, since: datetime) -> Findings:
    """Collect what needs a person's eye since then; ids and codes, no patient's words."""
    with store.read() as connection:
        rows = signals.latest_of(connection, SHOWN, since, 10_000)
        aside = outbox.listing(connection, states=("aside",), limit=MAX_LINES)
        waiting = outbox.counts(connection)
    counts = dict(Counter(row.outcome for row in rows))
    if waiting.get("aside"):
        counts["set aside"] = waiting["aside"]
    lines = [
        f"{row.outcome}: {row.source}, {row.detected_at:%Y-%m-%d %H:%M} UTC"
        f"{f', {row.problem_code}' if row.problem_code else ''}"
        f"{f', case {row.case_id}' if row.case_id else ''}, signal {bytes(row.id).hex()[:12]}"
        for row in rows[:MAX_LINES]
    ]
    lines += [f"set aside: case {row.case_id}, change {row.id}, {row.last_error}" for row in aside]
    return Findings(counts=counts, lines=tuple(lines))


def summarize(store: Store, rules: Rules) -> bool:
    """Owe today's summary ticket if there is anything to say; False when there is not."""
    now = store.clock()
    with store.read() as connection:
        last = jobs.last_runs(connection).get(JOB, now)
    found = gather(store, min(now - WINDOW, last))
    if not any(found.counts.values()):
        return False
    day = now.astimezone(rules.practice.zone).date()
    return store.write(lambda tx: _owe(tx, found, day, rules))


def _owe(tx: Tx, found: Findings, day: date, rules: Rules) -> bool:
    tenant = rules.practice.tenant
    seed = keys.keyed(tx.secret, "summary", tenant, day.isoformat()).hex()
    notice = notice_case(tx, seed, tenant, "amends")
    if notice is None:
        return False
    ticket = plan.daily_summary(
        day=day,
        counts=found.counts,
        lines=found.lines,
        seed=seed,
        case=notice,
        practice=rules.practice,
        settings=rules.recovery,
    )
    outbox.add(tx, ticket, tenant=tenant, frozen=rules.prepare(ticket))
    return True
