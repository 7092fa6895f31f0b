"""`amends report`: figures for managers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from connector.cli.common import config_option, console, echo_json, json_option
from connector.domain.errors import EdgeError
from connector.domain.plain import printable
from connector.domain.practice import Practice
from connector.parsing.calls.found import Broken, Found
from connector.report.calls import CallJudge
from connector.report.phone import DEFINITIONS, Row, count
from connector.settings import load
from connector.sources.base import HearsCalls, SourceSettings

_SHOWN = (
    ("hour", "hour"),
    ("offered", "offered"),
    ("answered", "answered"),
    ("abandoned", "abandoned"),
    ("short", "short_abandoned"),
    ("missed", "missed"),
    ("service level", "service_level_percent"),
    ("abandonment", "abandonment_percent"),
    ("transfers", "transfer_percent"),
    ("wait", "wait_median_s"),
    ("longest", "wait_max_s"),
    ("failures", "failures"),
)


@click.group("report", short_help="Print figures for managers.")
def group() -> None:
    """Print figures for managers."""


@group.command("phone", short_help="Say how the phone is answered, by line and hour.")
@click.option(
    "--within",
    "threshold_s",
    type=click.IntRange(1, 3_600),
    default=20,
    show_default=True,
    help="Seconds within which calls should be answered (service level).",
)
@config_option
@json_option
def phone(*, threshold_s: int, config: Path | None, as_json: bool) -> None:
    """Say how the phone is answered, by line and hour.

    Reads the logs of all configured phone systems anew and counts every call in them:
    service level, abandonment, waits, transfers, failures. Nothing is stored or sent. The
    definitions used are printed below the table.
    """
    settings = load(config)
    practice = settings.practice.build()
    found = CallJudge(settings.triage).judge(_calls(settings.sources, practice))
    rows = count(found, practice.zone, settings.triage.phone, threshold_s)
    if as_json:
        echo_json(
            {
                "service_level_within_s": threshold_s,
                "definitions": list(DEFINITIONS),
                "rows": [row.plain() for row in rows],
            }
        )
        return
    _show(rows, threshold_s)


def _calls(sources: Sequence[SourceSettings], practice: Practice) -> Iterator[Found]:
    for one in sources:
        with closing(one.open(practice)) as source:
            if not isinstance(source, HearsCalls):
                continue
            try:
                yield from source.calls()
            except EdgeError as fault:
                yield Broken(locator=one.name, problem=fault.problem, raw=b"")
                click.echo(f"{one.name}: {fault.problem}", err=True)


def _show(rows: Sequence[Row], threshold_s: int) -> None:
    shown = console()
    for line in dict.fromkeys(row.line for row in rows):
        table = Table(title=Text(f"line {printable(line) or '?'}"), title_justify="left")
        for name, _ in _SHOWN:
            table.add_column(name, justify="right")
        for row in (row for row in rows if row.line == line):
            plain = row.plain()
            table.add_row(*(_cell(key, plain[key]) for _, key in _SHOWN))
        shown.print(table)
    shown.print(f"service level: answered within {threshold_s} s")
    for definition in DEFINITIONS:
        shown.print(Text(f"- {definition}"))


def _cell(key: str, value: str | float | None) -> str:
    if value is None:
        return "-"
    unit = " %" if key.endswith("_percent") else " s" if key.endswith("_s") else ""
    return f"{value}{unit}"
