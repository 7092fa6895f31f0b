"""`amends cases`: what is open, what happened to one, and what the storm guard held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import Connection, Row

from connector.cli import case_entry
from connector.cli.common import (
    as_bytes,
    config_option,
    console,
    echo_json,
    json_option,
    stated,
    table,
)
from connector.cli.state import open_state
from connector.recovery.evidence import MISSING
from connector.settings import Settings, load
from connector.store import cases, edits, following, observing, outbox, pages, rounds, signals
from connector.store.store import Tx


@click.group("cases", short_help="List, show and enter cases; release held ones.")
def group() -> None:
    """List, show, enter and link cases; let those go that the storm guard held."""


for _command in case_entry.COMMANDS:
    group.add_command(_command)


@group.command("list")
@config_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Closed cases too.")
@click.option("--held", is_flag=True, help="Only those that the storm guard holds.")
@click.option("--due", is_flag=True, help="Only those that owe a first contact which is not late.")
@click.option("--late", is_flag=True, help="Only those whose first contact is late.")
@click.option(
    "--incomplete", is_flag=True, help="Only closed ones without evidence of all four steps."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True)
def listing(
    *,
    config: Path | None,
    as_json: bool,
    everything: bool,
    held: bool,
    due: bool,
    late: bool,
    incomplete: bool,
    limit: int,
) -> None:
    """List open cases, the most urgent first."""
    if due + late + incomplete + held > 1:
        raise click.UsageError("choose one of --held, --due, --late and --incomplete")
    settings = load(config)
    states: tuple[str, ...] = ("open", "held")
    if held or everything or incomplete:
        states = ("held",) if held else ("closed",) if incomplete else (*states, "closed")
    store = open_state(settings, "reader")
    lacking: dict[str, str] = {}
    try:
        with store.read() as connection:
            only: list[str] | None = None
            if incomplete:
                lacking = rounds.incomplete(connection)
                only = list(lacking)
            elif due or late:
                only = rounds.owing_contact(connection, now=store.clock(), late=late)
            rows = cases.listing(connection, states=states, limit=limit, only=only)
    finally:
        store.close()
    if as_json:
        echo_json([{**plain(row), "lacking": _names(lacking.get(row.id, ""))} for row in rows])
        return
    _show(rows, settings, lacking)


def _show(rows: Sequence[Row[Any]], settings: Settings, lacking: Mapping[str, str]) -> None:
    zone = settings.practice.zone
    last = "missing" if lacking else "first contact due"

    def told(row: Row[Any]) -> str:
        if lacking:
            return ", ".join(MISSING.get(name, name) for name in _names(lacking[row.id]))
        return f"{row.contact_due.astimezone(zone):%a %d %b %H:%M %Z}" if row.contact_due else ""

    console().print(
        table(
            ("case", "state", "sev", "category", last, "ticket"),
            [
                (
                    row.id,
                    row.state if row.kind == "case" else f"{row.state} ({_kind(row.kind)})",
                    row.severity,
                    (row.categories or [""])[0],
                    told(row),
                    row.ticket_id or "owed",
                )
                for row in rows
            ],
        )
    )


def _names(lacking: str) -> list[str]:
    return [name for name in lacking.split(",") if name]


@group.command("show")
@click.argument("case_id", metavar="CASE")
@config_option
@json_option
def show(*, case_id: str, config: Path | None, as_json: bool) -> None:
    """Show one case: its state, what was heard, what is owed, done and seen in the helpdesk.

    Ids and times only; the words are on the ticket and in `amends audit export`.
    """
    store = open_state(load(config), "reader")
    try:
        with store.read() as connection:
            row = cases.get(connection, case_id.upper())
            if row is None:
                raise click.UsageError(f"there is no case {case_id}; see `amends cases list --all`")
            heard = [
                {"signal": stored.seed, "source": stored.item.source, "at": _at(stored.detected_at)}
                for stored in signals.of_case(connection, row.id)
            ]
            changes = [
                {
                    "change": change.id,
                    "op": change.op,
                    "state": change.state,
                    "attempts": change.attempts,
                    "done_at": _at(change.done_at),
                    "error": change.last_error or "",
                }
                for change in outbox.of_case(connection, row.id)
            ]
            links = [
                {"case": other, "why": why} for other, why in cases.links_of(connection, row.id)
            ]
            followed = _followed(connection, row.id)
    finally:
        store.close()
    found = {**plain(row), **followed, "heard": heard, "changes": changes, "links": links}
    if as_json:
        echo_json(found)
        return
    for key, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            click.echo(f"{key}:")
            console().print(table(tuple(value[0]), [_cells(entry) for entry in value]))
        else:
            pairs = [f"{k}={v}" for k, v in value.items()] if isinstance(value, dict) else value
            shown = ", ".join(pairs) if isinstance(pairs, list) else pairs
            click.echo(f"{key}: {'-' if shown in {None, ''} else shown}")


def _cells(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple("-" if value is None else value for value in entry.values())


def _followed(connection: Connection, case_id: str) -> dict[str, Any]:
    """Tell what people did on the tickets of a case, as far as it was seen."""
    contact = observing.contact_of(connection, case_id)
    seen = [
        {
            "ticket": event.ticket_id,
            "event": event.event_id,
            "kind": event.kind,
            "at": _at(event.at),
            "ours": event.note_key is not None,
        }
        for event in observing.of_case(connection, case_id)
    ]
    return {
        "first_contact_at": _at(contact.at) if contact is not None else None,
        "changed_by_agents": sorted(edits.theirs(connection, case_id)),
        "earlier_tickets": [
            one.ticket_id for one in following.tickets_of(connection, case_id)[:-1]
        ],
        "observed": seen,
        "rounds": [
            {
                "round": one.number,
                "started_at": _at(one.started_at),
                "contact_at": _at(one.contact_at),
                "escalated_percent": max(one.contact_fired, one.resolution_fired),
                "ended_at": _at(one.ended_at),
                "why": one.why or "",
                "lacking": one.lacking or "",
            }
            for one in rounds.of_case(connection, case_id)
        ],
        "evidence": rounds.evidence_of(connection, case_id),
        "pages": [
            {"route": one.route, "why": one.why, "state": one.state, "at": _at(one.created_at)}
            for one in pages.of_case(connection, case_id)
        ],
    }


@group.command("release")
@click.argument("case_ids", metavar="[CASE]...", nargs=-1)
@click.option("--source", default="", help="All held cases of this source.")
@click.option("--reason", required=True, help="Why; goes on record.")
@config_option
@json_option
def release(
    *, case_ids: tuple[str, ...], source: str, reason: str, config: Path | None, as_json: bool
) -> None:
    """Let held cases go: their tickets are opened."""
    if not case_ids and not source:
        raise click.UsageError("name cases, or give --source")
    asked = tuple(case_id.upper() for case_id in case_ids)
    released = _release(load(config), asked, source, stated(reason))
    left = [case_id for case_id in asked if case_id not in released]
    if as_json:
        echo_json({"released": released, "unchanged": left})
    else:
        click.echo(f"{len(released)} cases released")
    if left:
        raise click.UsageError(f"not held, or unknown: {', '.join(left)}")
    if not released:
        raise click.UsageError(f"no case of a source {source} is held; see amends cases list")


def _release(settings: Settings, case_ids: tuple[str, ...], source: str, reason: str) -> list[str]:
    store = open_state(settings, "command")

    def work(tx: Tx) -> list[str]:
        held = cases.listing(tx.connection, states=("held",), limit=100_000)
        chosen = [row.id for row in held if row.id in case_ids or row.source == source]
        if not chosen:
            return []
        reason_id, proof = tx.put("reason", as_bytes(reason))
        for case_id in chosen:
            cases.release(tx, case_id)
            outbox.release(tx, case_id)
            tx.record("case.released", case_id=case_id, reason=proof, reason_id=reason_id)
        return chosen

    try:
        return store.write(work)
    finally:
        store.close()


def plain(row: Row[Any]) -> dict[str, Any]:
    """Give a case as JSON-ready values; times as RFC 3339 UTC."""
    return {
        "case": row.id,
        "kind": row.kind,
        "state": row.state,
        "severity": row.severity,
        "group": row.grp,
        "categories": list(row.categories or []),
        "source": row.source,
        "opened_at": _at(row.opened_at),
        "event_time": _at(row.event_time),
        "contact_due": _at(row.contact_due),
        "resolution_due": _at(row.resolution_due),
        "closed_at": _at(row.closed_at),
        "close_reason": row.close_reason or "",
        "ticket": row.ticket_id or "",
        "url": row.ticket_url or "",
    }


def _at(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _kind(kind: str) -> str:
    return {"second_look": "second look", "notice": "summary"}.get(kind, kind)
