"""One answer to the admin: is it alive, does anything wait for me, how late are we."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connector.domain.signal import Cursor
from connector.sources.base import Comparison
from connector.store import (
    accounts,
    cases,
    jobs,
    lock,
    outbox,
    response_rows,
    restoring,
    rounds,
    signals,
)
from connector.store.store import Store

OLD_CHANGE = timedelta(minutes=15)
"""A change that waits longer for the helpdesk makes the daemon degraded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How one source is doing."""

    name: str
    kind: str
    last_read_at: datetime | None
    last_item_at: datetime | None
    error: str
    error_since: datetime | None
    silent: bool
    """True when it brought nothing for longer than allowed."""
    comparison: Comparison | None = None
    """What the last comparison of all message numbers of a mailbox found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything that `amends status` shows."""

    level: str
    """ok | degraded | down."""
    reasons: tuple[str, ...]
    """Why it is not ok, in plain words with what to do."""
    daemon: str
    """Who runs it, or empty."""
    sources: tuple[SourceStatus, ...]
    helpdesk: str
    breaker: str
    breaker_reason: str
    outbox: Mapping[str, int]
    oldest_change_at: datetime | None
    accounting: Mapping[str, int]
    heard: int
    imbalance: int
    open_cases: int
    held_cases: int
    overdue_cases: int
    recovering_since: datetime | None = None
    """Since when recovery after a restore lasts; None when it does not."""
    recovery_waits_for: tuple[str, ...] = ()
    """Sources that were not read to their end since, and `casework` while items wait."""
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Rows of exports by `tenant/source` and end, `read` being all of them."""
    refused_drafts: int = 0
    """Faults in the practice's own texts, for which none of them is used anew."""

    def plain(self) -> dict[str, Any]:
        """Give everything as JSON-ready values; times as RFC 3339."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def gather(
    store: Store,
    *,
    tenant: str,
    helpdesk: str,
    silence_hours: Mapping[str, int],
    compared: Mapping[str, Callable[[Cursor], Comparison | None]],
    refused_drafts: int = 0,
) -> Status:
    """Look at the state in one consistent view; works beside a running daemon and without one.

    `compared` reads a source's cursor, by the source's name.
    """
    now = store.clock()
    with store.read() as connection:
        known = signals.sources(connection)
        rows = [row for row in known if row.tenant == tenant and row.name in silence_hours]
        circuit = jobs.circuit(connection, helpdesk)
        waiting = outbox.counts(connection)
        oldest = outbox.oldest_undone(connection)
        outcomes = accounts.by_outcome(connection)
        heard = accounts.heard(connection)
        missing = accounts.cases_without_ticket(connection)
        states = cases.by_state(connection)
        overdue = rounds.count_late(connection, now)
        rows_read = response_rows.counts(connection)
        recovery = restoring.load(connection)
        if recovery is not None and not recovery.active:
            recovery = None
        names = tuple(silence_hours)
        left = restoring.missing(connection, recovery, tenant, names) if recovery else []
    sources = tuple(
        replace(_source(row, now, silence_hours), comparison=_comparison(row, compared))
        for row in rows
    )
    imbalance = abs(heard - sum(outcomes.values())) + missing
    imbalance += response_rows.imbalance(rows_read)
    daemon = lock.holder(store.state_dir) or ""
    status = Status(
        level="ok",
        reasons=(),
        daemon=daemon,
        sources=sources,
        helpdesk=helpdesk,
        breaker=circuit.breaker,
        breaker_reason=circuit.reason,
        outbox=waiting,
        oldest_change_at=oldest,
        accounting=outcomes,
        heard=heard,
        imbalance=imbalance,
        rows=rows_read,
        open_cases=states.get("open", 0),
        held_cases=states.get("held", 0),
        overdue_cases=overdue,
        recovering_since=recovery.since if recovery else None,
        recovery_waits_for=tuple(left),
        refused_drafts=refused_drafts,
    )
    return _judged(status, now)


def headline(store: Store) -> str:
    """Give one line for the service manager; cheap, however much was ever heard."""
    with store.read() as connection:
        open_cases = cases.count_open(connection)
        waiting = outbox.undone(connection)
    return f"{open_cases} open cases, {waiting} changes on their way"


def _judged(status: Status, now: datetime) -> Status:
    reasons = [*_source_reasons(status.sources), *_waiting_reasons(status, now)]
    if status.refused_drafts:
        faults = "1 fault" if status.refused_drafts == 1 else f"{status.refused_drafts} faults"
        reasons.append(
            f"texts of recovery.drafts.folder are not used: {faults}; run amends templates --lint"
        )
    if not status.daemon:
        reasons.insert(0, "no daemon runs on this state; start it (systemctl start amends)")
    if status.imbalance:
        reasons.append(f"{status.imbalance} items are not accounted for; keep the state and report")
    level = "degraded" if reasons else "ok"
    if not status.daemon or status.imbalance:
        level = "down"
    return replace(status, level=level, reasons=tuple(reasons))


def _source_reasons(sources: Sequence[SourceStatus]) -> Iterator[str]:
    for source in sources:
        if source.error:
            yield f"source {source.name}: {source.error}"
        if source.silent:
            yield (
                f"source {source.name}: nothing heard for longer than silence_hours; "
                "is it still being written?"
            )


def _waiting_reasons(status: Status, now: datetime) -> Iterator[str]:
    if status.recovering_since is not None:
        left = ", ".join(status.recovery_waits_for) or "its end"
        yield f"the database was put back: everything is looked for first; waits for {left}"
    if status.breaker != "closed":
        why = f"calls are paused ({status.breaker_reason})"
        yield f"helpdesk {status.helpdesk}: {why}; run `amends check`"
    if status.oldest_change_at and now - status.oldest_change_at > OLD_CHANGE:
        yield "changes wait for the helpdesk for more than 15 minutes"
    if status.outbox.get("aside"):
        yield f"{status.outbox['aside']} changes set aside; see `amends outbox list`"
    if status.held_cases:
        yield f"{status.held_cases} cases held by the storm guard; see `amends cases list`"


def _source(row: Any, now: datetime, silence_hours: Mapping[str, int]) -> SourceStatus:
    allowed = silence_hours.get(row.name)
    heard = row.last_item_at or row.first_read_at
    return SourceStatus(
        name=row.name,
        kind=row.kind,
        last_read_at=row.last_read_at,
        last_item_at=row.last_item_at,
        error=row.last_error or "",
        error_since=row.error_since,
        silent=allowed is not None and now - heard > timedelta(hours=allowed),
    )


def _comparison(
    row: Any, compared: Mapping[str, Callable[[Cursor], Comparison | None]]
) -> Comparison | None:
    read = compared.get(row.name)
    return read(row.cursor) if read is not None and row.cursor is not None else None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
