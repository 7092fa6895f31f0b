"""What `amends check --write` prints: one line for each point, for people and for programs."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict

import click

from connector.cli.common import console, table
from connector.cli.state import open_writable_state
from connector.pipeline.canary import Report, try_out
from connector.settings import Settings


def run_trial(settings: Settings) -> Report:
    """Try the helpdesk with one marked ticket; it is on record as `cli:<user>`."""
    helpdesk = settings.helpdesk.open(settings.practice.build())
    with closing(helpdesk), closing(open_writable_state(settings)) as store:
        return try_out(store, helpdesk, pause=time.sleep)


def plain(report: Report) -> dict[str, object]:
    """Give a report for programs."""
    return {
        "key": report.key,
        "ticket": report.ticket,
        "url": report.url,
        "level": report.level,
        "points": [asdict(finding) for finding in report.findings],
    }


def show(report: Report) -> None:
    """Print a report for people, in the order of the points."""
    rows = sorted(report.findings, key=lambda one: (one.point == 0, one.point))
    console().print(
        table(
            ("point", "what", "result"),
            [
                (
                    one.point or "",
                    one.what,
                    f"{one.outcome.value}: {one.reason}" if one.reason else one.outcome.value,
                )
                for one in rows
            ],
        )
    )
    place = report.url or report.ticket
    if place:
        click.echo(f"the ticket was {place}")
