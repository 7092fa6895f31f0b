"""`python -m campaign.month`: live through a month and print what agrees and what does not."""

from __future__ import annotations

import importlib
import json
import logging
import sys
from pathlib import Path
from typing import Any

import click
import structlog

from campaign.month.drive import Driver
from campaign.month.judge import judge

KINDS = {
    "memory": ("campaign.month.hands", "MemoryHands"),
    "zendesk": ("campaign.month.products", "ZendeskHands"),
    "freshdesk": ("campaign.month.products", "FreshdeskHands"),
    "django_helpdesk": ("campaign.month.real", "DjangoHands"),
}


def hands_of(name: str) -> Any:
    """Give the agents of a product; what it needs is loaded only now."""
    module, made = KINDS[name]
    return getattr(importlib.import_module(module), made)


@click.command()
@click.option("--helpdesk", type=click.Choice(list(KINDS)), default="memory", show_default=True)
@click.option("--signals", default=2_000, show_default=True)
@click.option("--days", default=30, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write figures here.")
def main(*, helpdesk: str, signals: int, days: int, seed: int, path: Path | None) -> None:
    """Live through a month; end with 1 when anything disagrees."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with Driver(hands_of(helpdesk), seed=seed, count=signals, days=days).run() as month:
        table = judge(month)
    click.echo("\n".join(table.lines()))
    for what, lines in table.wrong.items():
        for line in lines[:5]:
            click.echo(f"DISAGREES {what}: {line}")
    figures = {"compared": table.compared, "told": table.told, "wrong": table.wrong}
    path = path or Path("build") / f"month-{helpdesk}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if table.kept else 1)


if __name__ == "__main__":
    main()
