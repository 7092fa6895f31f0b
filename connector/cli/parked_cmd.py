"""`amends parked`: what machines wrote, and what a person decides to hear all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

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
from connector.domain.signal import Signal
from connector.settings import Settings, load
from connector.store import parked, signals
from connector.store.store import Tx

SHOWN_DIGITS: Final = 12
"""So many digits of an id are shown in the list, as on the daily ticket."""
MAX_SHOWN_CHARS: Final = 60
"""Sender and subject are cut to so much in the list."""


@click.group("parked", short_help="List parked mail; release what should be heard.")
def group() -> None:
    """List what was parked because no person seems to have written it; release it.

    Why: bounce, delay, report (of a mail system), auto_reply, list, loop, own (mail of the
    practice itself), rate (too many of one sender within an hour), other.
    """


@group.command("list")
@config_option
@json_option
@click.option("--words", is_flag=True, help="Sender and subject too: words of persons.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True)
def listing(*, config: Path | None, as_json: bool, words: bool, limit: int) -> None:
    """List what is parked, the newest first."""
    store = open_state(load(config), "reader")
    try:
        with store.read() as connection:
            rows = parked.listing(connection, limit=limit)
            said = [_said(signals.stored(connection, row).item) for row in rows] if words else []
    finally:
        store.close()
    if as_json:
        plain = [_plain(row) for row in rows]
        told = [dict(zip(("sender", "subject"), one, strict=True)) for one in said]
        echo_json(
            [{**one, **more} for one, more in zip(plain, told or [{}] * len(rows), strict=True)]
        )
        return
    columns = ("signal", "source", "heard (UTC)", "why", *(("sender", "subject") if words else ()))
    console().print(
        table(
            columns,
            [
                (
                    bytes(row.id).hex()[:SHOWN_DIGITS],
                    row.source,
                    f"{row.detected_at:%Y-%m-%d %H:%M}",
                    row.problem_code or "other",
                    *(one[:MAX_SHOWN_CHARS] for one in (said[place] if words else ())),
                )
                for place, row in enumerate(rows)
            ],
        )
    )


@group.command("release")
@click.argument("names", metavar="SIGNAL...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; goes on record.")
@config_option
@json_option
def release(*, names: tuple[str, ...], reason: str, config: Path | None, as_json: bool) -> None:
    """Let parked items be judged as what a person wrote: by default they get a ticket.

    SIGNAL is the id from the list or the daily ticket (eight digits at least). The daemon
    judges it within seconds. Releasing it again changes nothing.
    """
    done = _release(load(config), names, stated(reason))
    if as_json:
        echo_json({"released": done.released, "unchanged": done.unchanged, "unknown": done.unknown})
    elif done.released or not done.unknown:
        click.echo(f"{len(done.released)} released")
    if done.unknown:
        listed = ", ".join(done.unknown)
        raise click.UsageError(f"not parked, or not the id of one item: {listed}")


@dataclass(slots=True)
class _Done:
    """What became of the items that were named."""

    released: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    """Released before."""
    unknown: list[str] = field(default_factory=list)


def _release(settings: Settings, names: tuple[str, ...], reason: str) -> _Done:
    store = open_state(settings, "command")
    try:
        return store.write(lambda tx: _decide(tx, names, reason))
    finally:
        store.close()


def _decide(tx: Tx, names: tuple[str, ...], reason: str) -> _Done:
    """Release what is named and put it on record with its reason, in one commit."""
    done, chosen = _Done(), []
    for name in dict.fromkeys(name.strip().lower() for name in names):
        rows = parked.named(tx.connection, name)
        if len(rows) != 1:
            done.unknown.append(name)
        elif parked.release(tx, rows[0]):
            chosen.append(rows[0])
        elif parked.is_released(tx.connection, [bytes(rows[0].id)]):
            done.unchanged.append(name)
        else:
            done.unknown.append(name)
    if chosen:
        reason_id, proof = tx.put("reason", as_bytes(reason))
    for row in chosen:
        seed = bytes(row.id).hex()
        was = row.problem_code or "other"
        tx.record("signal.released", signal=seed, was=was, reason=proof, reason_id=reason_id)
        done.released.append(seed)
    return done


def _said(item: Any) -> tuple[str, str]:
    if not isinstance(item, Signal):
        return "", ""
    return item.contact.email or item.contact.name, item.subject


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {
        "signal": bytes(row.id).hex(),
        "source": row.source,
        "heard_at": _at(row.detected_at),
        "written_at": _at(row.event_time),
        "why": row.problem_code or "other",
    }


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
