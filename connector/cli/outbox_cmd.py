"""`amends outbox`: what is owed to the helpdesk, and what a person decides about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import Row

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
from connector.settings import Settings, load
from connector.store import outbox
from connector.store.store import Tx

STATES = ("ready", "sending", "unknown", "held", "aside", "done", "dropped")
OPEN_STATES = ("ready", "sending", "unknown", "held", "aside")


@click.group("outbox", short_help="List changes owed to the helpdesk; retry or drop them.")
def group() -> None:
    """List what is owed to the helpdesk; try again or drop what was set aside.

    States: ready (waits its turn), sending, unknown (may have worked: looked for first),
    held (storm guard), aside (refused for good: needs a person), done, dropped.
    """


@group.command("list")
@config_option
@json_option
@click.option(
    "--state", "states", type=click.Choice(STATES), multiple=True, help="Only these states."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True)
def listing(*, config: Path | None, as_json: bool, states: tuple[str, ...], limit: int) -> None:
    """List changes that have not reached the helpdesk, the oldest first."""
    store = open_state(load(config), "reader")
    try:
        with store.read() as connection:
            rows = outbox.listing(connection, states=states or OPEN_STATES, limit=limit)
    finally:
        store.close()
    if as_json:
        echo_json([_plain(row) for row in rows])
        return
    console().print(
        table(
            ("change", "case", "op", "state", "attempts", "due (UTC)", "why"),
            [
                (
                    row.id,
                    row.case_id,
                    row.op,
                    row.state,
                    row.attempts,
                    f"{row.due_at:%Y-%m-%d %H:%M:%S}",
                    row.last_error or "",
                )
                for row in rows
            ],
        )
    )


@group.command("retry")
@click.argument("changes", metavar="CHANGE...", type=int, nargs=-1, required=True)
@click.option("--reason", default="", help="Why; goes on record.")
@config_option
@json_option
def retry(*, changes: tuple[int, ...], reason: str, config: Path | None, as_json: bool) -> None:
    """Try changes again that were set aside, once what stood in their way is mended.

    The same bytes are sent. A change that may have worked is looked for first.
    """
    moved = _decide(load(config), changes, "change.retried", outbox.retry, reason)
    _report(moved, changes, "tried again", as_json=as_json)


@group.command("drop")
@click.argument("changes", metavar="CHANGE...", type=int, nargs=-1, required=True)
@click.option("--reason", required=True, help="Why nobody needs it; goes on record.")
@config_option
@json_option
def drop(*, changes: tuple[int, ...], reason: str, config: Path | None, as_json: bool) -> None:
    """Give up changes that nobody needs; what follows in the same case can go on."""
    moved = _decide(load(config), changes, "change.dropped", outbox.drop, stated(reason))
    _report(moved, changes, "dropped", as_json=as_json)


def _decide(
    settings: Settings,
    changes: tuple[int, ...],
    action: str,
    decide: Callable[[Tx, int], Row[Any] | None],
    reason: str,
) -> list[int]:
    """Carry out a person's decision about changes and put it on record with its reason."""

    def work(tx: Tx) -> list[int]:
        decided = [row for change in dict.fromkeys(changes) if (row := decide(tx, change))]
        if not decided:
            return []
        reason_id, proof = tx.put("reason", as_bytes(reason))
        for row in decided:
            told = {"was": row.state, "reason": proof, "reason_id": reason_id}
            tx.record(action, case_id=row.case_id, key=row.key, **told)
        return [row.id for row in decided]

    store = open_state(settings, "command")
    try:
        return store.write(work)
    finally:
        store.close()


def _report(moved: list[int], asked: tuple[int, ...], verb: str, *, as_json: bool) -> None:
    left = [change for change in asked if change not in moved]
    if as_json:
        echo_json({"changed": moved, "unchanged": left})
    elif moved:
        click.echo(f"{len(moved)} {verb}")
    if left:
        listed = ", ".join(map(str, left))
        raise click.UsageError(f"not in a state for this, or unknown: {listed}")


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {
        "change": row.id,
        "case": row.case_id,
        "op": row.op,
        "state": row.state,
        "attempts": row.attempts,
        "due_at": row.due_at.isoformat().replace("+00:00", "Z"),
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
        "error": row.last_error or "",
    }
