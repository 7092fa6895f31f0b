"""`python -m campaign.month`: live through a month and print what agrees and what does not."""

from __future__ import annotations

import importlib
import json
import logging
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import structlog

from campaign.month.drive import Driver
from campaign.month.faults import FAULTS
from campaign.month.judge import Table, judge

KINDS = {
    "memory": ("campaign.month.hands", "MemoryHands"),
    "zendesk": ("campaign.month.products", "ZendeskHands"),
    "freshdesk": ("campaign.month.products", "FreshdeskHands"),
    "django_helpdesk": ("campaign.month.real", "DjangoHands"),
}
SHOWN = 5
"""So many disagreements of a kind are printed; the file has them all."""


def hands_of(name: str) -> Any:
    """Give the agents of a product; what it needs is loaded only now."""
    module, made = KINDS[name]
    return getattr(importlib.import_module(module), made)


@click.command()
@click.option("--helpdesk", type=click.Choice(list(KINDS)), default="memory", show_default=True)
@click.option("--signals", default=2_000, show_default=True)
@click.option("--days", default=30, show_default=True)
@click.option("--seed", "seeds", default=[1], show_default=True, multiple=True)
@click.option("--turn", default=20, show_default=True, help="Longest turn, in minutes.")
@click.option("--fault", type=click.Choice([*FAULTS, "all"]), help="Plant a mistake, and find it.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write figures here.")
def main(
    *,
    helpdesk: str,
    signals: int,
    days: int,
    seeds: Sequence[int],
    turn: int,
    fault: str | None,
    path: Path | None,
) -> None:
    """Live through a month; end with 1 when anything disagrees (or, with --fault, nothing does)."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    kept, figures = True, []
    for name in [None] if fault is None else list(FAULTS) if fault == "all" else [fault]:
        seen = name is None
        for seed in seeds:
            table = _lived(helpdesk, seed, signals, days, turn, name)
            figures.append(_figures(helpdesk, seed, name, table))
            if name is None:
                kept &= table.kept
            elif seen := _caught(name, seed, table):
                break
        kept &= seen
        if not seen:
            click.echo(f"{name} was NOT SEEN")
    path = path or Path("build") / f"month-{helpdesk}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if kept else 1)


def _lived(
    helpdesk: str, seed: int, signals: int, days: int, turn: int, fault: str | None
) -> Table:
    planted = FAULTS[fault].plant() if fault else nullcontext()
    month = Driver(hands_of(helpdesk), seed=seed, count=signals, days=days, longest_turn=turn)
    with planted, month.run() as lived:
        table = judge(lived)
    if fault is None:
        click.echo(f"{helpdesk}, seed {seed}: {signals} signals in {days} days")
        click.echo("\n".join(table.lines()))
        for what, lines in table.wrong.items():
            for line in lines[:SHOWN]:
                click.echo(f"DISAGREES {what}: {line}")
    return table


def _caught(name: str, seed: int, table: Table) -> bool:
    """Say whether the rows that a fault must show in tell of it."""
    told = {what: len(lines) for what, lines in table.wrong.items() if lines}
    rows = [f"{what} ({told[what]})" for what in sorted(FAULTS[name].shows & set(told))]
    if rows:
        click.echo(f"{name:<11}{FAULTS[name].says:<62}seed {seed}: {', '.join(rows)}")
    return bool(rows)


def _figures(helpdesk: str, seed: int, fault: str | None, table: Table) -> dict[str, Any]:
    return {
        "helpdesk": helpdesk,
        "seed": seed,
        "fault": fault,
        "compared": table.compared,
        "expected": table.expected,
        "seen": table.seen,
        "told": table.told,
        "wrong": {what: lines for what, lines in table.wrong.items() if lines},
    }


if __name__ == "__main__":
    main()
