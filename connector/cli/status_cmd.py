"""`amends status` and `amends check`: is it alive, and is everything set up as it should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from connector.app import scopes_of, status_of
from connector.cli import trial
from connector.cli.common import config_option, console, echo_json, json_option, table
from connector.cli.state import open_state
from connector.domain.errors import AmendsError
from connector.domain.signal import Cursor
from connector.recovery import routing
from connector.recovery.drafts import shelf
from connector.report.examination import (
    Finding,
    examine_helpdesk,
    examine_people,
    examine_routes,
    examine_source,
    examine_state,
    page_by,
)
from connector.report.status import SourceStatus, Status
from connector.settings import Settings, load
from connector.store import response_rows, signals
from connector.store.engine import DATABASE

LEVELS = {"ok": 0, "degraded": 1, "down": 2}
MARKS = {"ok": "ok", "warning": "warning", "problem": "PROBLEM"}


@click.command("status", short_help="Show how the daemon is doing.")
@config_option
@json_option
@click.pass_context
def status(ctx: click.Context, *, config: Path | None, as_json: bool) -> None:
    """Show how the daemon is doing: sources, helpdesk, what waits, what needs a person.

    Ends with 0 when all is well, 1 when something is degraded, 2 when it is down.
    """
    settings = load(config)
    store = open_state(settings, "reader")
    try:
        found = status_of(settings, store)
    finally:
        store.close()
    if as_json:
        echo_json(found.plain())
    else:
        _show_status(found)
    ctx.exit(LEVELS[found.level])


@click.command("check", short_help="Examine mailbox, files, helpdesk and state.")
@click.option(
    "--write",
    is_flag=True,
    help="Also try the helpdesk with one marked ticket, which is closed at the end.",
)
@click.option("--page", "route", default="", help="Send a test page by this route, and only that.")
@config_option
@json_option
@click.pass_context
def check(
    ctx: click.Context, *, write: bool, route: str, config: Path | None, as_json: bool
) -> None:
    """Examine configuration, state, every source and the helpdesk, and say how to mend them.

    Changes nothing and may run beside the daemon; with --write, one ticket "amends
    self-test, please ignore" without a patient goes through everything that amends relies
    on, an answer lost on purpose included. Ends with 0 when all is well, 1 when something
    could be better, 2 when something does not work.
    """
    settings = load(config)
    findings = (
        [page_by(settings.paging, route, datetime.now(UTC))] if route else list(_examine(settings))
    )
    worst = {finding.level for finding in findings}
    code = 2 if "problem" in worst else 1 if "warning" in worst else 0
    if not as_json:
        _show_findings(findings)
    tries = write and not route and _usable(settings, findings)
    report = trial.run_trial(settings) if tries else None
    if as_json:
        told = [asdict(finding) for finding in findings]
        echo_json({"findings": told, "trial": report and trial.plain(report)} if write else told)
    elif report is not None:
        trial.show(report)
    elif write and not route:
        click.echo("the helpdesk was not tried: mend it first")
    ctx.exit(max(code, report.level if report else 0))


def _usable(settings: Settings, findings: Sequence[Finding]) -> bool:
    part = f"helpdesk {settings.helpdesk.name}"
    return not any(one.part == part and one.level == "problem" for one in findings)


def _show_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        cure = f"\n    {finding.cure}" if finding.cure else ""
        click.echo(f"{MARKS[finding.level]:8} {finding.part}: {finding.what}{cure}")


def _examine(settings: Settings) -> Iterator[Finding]:
    practice = settings.practice.build()
    for warning in settings.warnings:
        yield Finding(part="configuration", level="warning", what=warning)
    yield from _examine_drafts(settings)
    yield from examine_state(settings.state_dir)
    cursors = _cursors(settings)
    for config in settings.sources:
        try:
            source = config.open(practice)
        except AmendsError as error:
            yield Finding(part=f"source {config.name}", level="problem", what=str(error))
            continue
        try:
            yield from examine_source(config.name, source, cursors)
        finally:
            source.close()
    yield from examine_routes(settings.paging)
    try:
        helpdesk = settings.helpdesk.open(practice)
    except AmendsError as error:
        part = f"helpdesk {settings.helpdesk.name}"
        yield Finding(part=part, level="problem", what=str(error))
        return
    try:
        found = list(examine_helpdesk(helpdesk))
        yield from found
        if all(one.level != "problem" for one in found):  # else nobody is known there
            yield from examine_people(helpdesk, _logins(settings))
    finally:
        helpdesk.close()


def _logins(settings: Settings) -> frozenset[str]:
    """Name every account to which a late case may be assigned, at any site."""
    of_sites = {one.login for one in settings.sites.values() if one.login}
    return routing.logins(settings.recovery) | of_sites


def _examine_drafts(settings: Settings) -> Iterator[Finding]:
    _, faults = shelf.examine(settings.recovery.drafts.folder, scopes_of(settings))
    for fault in faults:
        what = f"{fault.file}:{fault.line}: {fault.what}"
        yield Finding(part="drafts", level=fault.level, what=what, cure=fault.cure)


def _cursors(settings: Settings) -> dict[str, Cursor] | None:
    """Look up where each source goes on; None when the state cannot be read."""
    if not (settings.state_dir / DATABASE).exists():
        return {}
    try:
        store = open_state(settings, "reader")
    except (AmendsError, PermissionError):
        return None  # told by the examination of the state
    try:
        with store.read() as connection:
            rows = signals.sources(connection)
    except AmendsError:
        return None
    finally:
        store.close()
    own = settings.practice.tenant
    return {row.name: row.cursor for row in rows if row.tenant == own and row.cursor is not None}


def _show_status(found: Status) -> None:
    click.echo(f"{found.level}: {found.daemon or 'no daemon'}")
    for reason in found.reasons:
        click.echo(f"  - {reason}")
    shown = console()
    shown.print(
        table(
            ("source", "kind", "last read (UTC)", "last item (UTC)", "trouble"),
            [
                (
                    source.name,
                    source.kind,
                    _when(source.last_read_at),
                    _when(source.last_item_at),
                    source.error or ("silent" if source.silent else ""),
                )
                for source in found.sources
            ],
        )
    )
    _show_comparisons(found.sources)
    ends = ", ".join(f"{count} {name}" for name, count in found.accounting.items() if count)
    click.echo(f"heard: {found.heard} = {ends or 'nothing yet'}")
    for line in response_rows.lines(found.rows):
        click.echo(line)
    changes = ", ".join(f"{count} {state}" for state, count in sorted(found.outbox.items()))
    # The breaker's own words would mislead: a closed one is well, an open one is not.
    calls = "in use" if found.breaker == "closed" else f"calls are paused ({found.breaker_reason})"
    click.echo(f"helpdesk {found.helpdesk}: {calls}; changes: {changes or 'none'}")
    click.echo(
        f"cases: {found.open_cases} open, {found.held_cases} held, "
        f"{found.overdue_cases} past their first contact"
    )


def _show_comparisons(sources: Sequence[SourceStatus]) -> None:
    rows = [
        (
            source.name,
            _when(one.at),
            one.folders,
            one.on_server,
            one.known,
            f"{one.missing} found, {one.recovered} recovered",
        )
        for source in sources
        if (one := source.comparison) is not None
    ]
    if rows:
        columns = ("mailbox", "last comparison (UTC)", "folders", "on server", "known", "missing")
        console().print(table(columns, rows))


def _when(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "never"
