"""`amends trial`: which decisions another configuration would make; changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy.engine import Connection

from connector.cli.common import console, echo_json, json_option, table
from connector.cli.state import open_state
from connector.domain.assessment import Assessment
from connector.domain.signal import Signal
from connector.settings import load, load_reading
from connector.store import signals, verdicts
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

AT_ONCE: Final = 100
"""So many stored signals are held in memory."""

MAX_SHOWN: Final = 50
"""So many differences are printed for people; `--json` has all of them."""


@click.command("trial", short_help="See what a changed configuration would decide.")
@click.option(
    "--config",
    "changed",
    metavar="NEW",
    required=True,
    type=click.Path(path_type=Path),
    help="The changed configuration; its [triage] is tried.",
)
@click.option(
    "-c",
    "current",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Configuration in force [default: $AMENDS_CONFIG, else /etc/amends/config.toml].",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=1_000,
    show_default=True,
    help="How many of the latest signals are judged again.",
)
@json_option
def command(*, changed: Path, current: Path | None, limit: int, as_json: bool) -> None:
    """Judge stored signals by the configuration in force and by a changed one.

    Shows which decisions differ, by lane, severity or category. Nothing is stored, nothing is
    sent, and the helpdesk is not asked.
    """
    section = load_reading(changed, frozenset()).sections.get("triage")
    new = section if isinstance(section, TriageSettings) else TriageSettings()
    settings = load(current)
    store = open_state(settings, "reader")
    try:
        with store.read() as connection:
            count, found = _differences(connection, limit, settings.triage, new)
    finally:
        store.close()
    if as_json:
        echo_json({"signals": count, "differences": found})
        return
    _show(count, found)


def _differences(
    connection: Connection, limit: int, old: TriageSettings, new: TriageSettings
) -> tuple[int, list[dict[str, Any]]]:
    count, found = 0, []
    for number, source, signal in _stored(connection, limit):
        count += 1
        before, after = assess(signal, old), assess(signal, new)
        if _decided(before) != _decided(after):
            found.append(
                {
                    "signal": number,
                    "source": source,
                    "before": _plain(before),
                    "after": _plain(after),
                }
            )
    return count, found


def _stored(connection: Connection, limit: int) -> Iterator[tuple[int, str, Signal]]:
    numbers = verdicts.latest(connection, limit)
    for start in range(0, len(numbers), AT_ONCE):
        for stored in signals.load(connection, numbers[start : start + AT_ONCE]):
            if isinstance(stored.item, Signal):
                yield stored.n, stored.item.source, stored.item


def _decided(assessment: Assessment) -> tuple[object, ...]:
    return assessment.lane, assessment.severity, assessment.categories


def _plain(assessment: Assessment) -> dict[str, Any]:
    return {
        "lane": assessment.lane.value,
        "severity": assessment.severity,
        "categories": list(assessment.categories),
    }


def _show(count: int, found: list[dict[str, Any]]) -> None:
    click.echo(f"{len(found):,} of {count:,} signals would be decided otherwise")
    if not found:
        return
    moves = Counter((one["before"]["lane"], one["after"]["lane"]) for one in found)
    for (before, after), number in sorted(moves.items()):
        what = f"{before} to {after}" if before != after else f"{before}, otherwise"
        click.echo(f"  {what}: {number:,}")
    console().print(
        table(
            ("signal", "source", "before", "after"),
            [
                (one["signal"], one["source"], _told(one["before"]), _told(one["after"]))
                for one in found[:MAX_SHOWN]
            ],
        )
    )


def _told(decided: dict[str, Any]) -> str:
    severity = f" {decided['severity']}" if decided["severity"] else ""
    return " ".join([f"{decided['lane']}{severity}", *decided["categories"]])
