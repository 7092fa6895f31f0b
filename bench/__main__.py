"""`python -m bench`: run the benches and print one table."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.figures import Figure
from bench.sizes import LONG_EVENTS, QUICK, Sizes

BENCHES = (
    "triage",
    "mail",
    "mailbox",
    "big_mailbox",
    "latency",
    "ingest",
    "deliveries",
    "drain",
    "requests",
    "lookups",
    "surveys",
    "reexports",
    "records",
    "calls",
    "start",
    "idle",
)


@click.command()
@click.option("--only", type=click.Choice(BENCHES), multiple=True, help="Run this one; repeatable.")
@click.option("--quick", is_flag=True, help="Tiny sizes: shows that the benches work, no more.")
@click.option("--long", "longer", is_flag=True, help="Read a phone log of 10,000,000 lines.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write figures here.")
def main(*, only: tuple[str, ...], quick: bool, longer: bool, path: Path | None) -> None:
    """Measure beside peers and limits on this machine; ends with 1 when a target is missed."""
    sizes = QUICK if quick else Sizes(events=LONG_EVENTS) if longer else Sizes()
    figures: list[Figure] = []
    for name in only or BENCHES:
        click.echo(f"{name} ...", err=True)
        run: Callable[[Sizes], list[Figure]] = importlib.import_module(f"bench.{name}").run
        figures += run(sizes)
    table = Table("", "amends", "beside it", "ratio", "target", "met")
    for figure in figures:
        met = "" if figure.met is None else ("yes" if figure.met else "NO")
        beside, target = figure.beside, figure.target
        table.add_row(figure.name, figure.ours, beside, figure.ratio, target, met)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [asdict(figure) for figure in figures]
        path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if not quick and any(figure.met is False for figure in figures) else 0)


if __name__ == "__main__":
    main()
