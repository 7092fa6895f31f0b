"""`amends run` and `amends once`: the daemon, and one pass of its work."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import click

from connector import garbage
from connector.app import Application, OnceReport, build, once
from connector.cli.common import IO, LATER, NOPERM, config_option, echo_json, json_option
from connector.daemon import Daemon
from connector.domain.errors import AuthenticationFailed
from connector.domain.plain import printable
from connector.logs import configure
from connector.settings import load
from connector.sources.base import ReadsEarlier
from connector.store import jobs

DISK_FULL = "disk_full"
PAUSES = {
    DISK_FULL: "less than 64 MiB of disk are free",
    "backlog": "too many changes wait for the helpdesk",
}
"""Why nothing new is read, in words."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    """Read YYYY-MM-DD in plain digits and nothing else."""
    if value is None:
        return None
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise click.BadParameter(f"{printable(value)} is no day such as 2026-10-01", ctx, param)


@click.command("run", short_help="Run the daemon.")
@config_option
def run(*, config: Path | None) -> None:
    """Run the daemon until SIGTERM or SIGINT.

    Survives every outage of mailbox, files, helpdesk and network. Ends with 78 when the
    configuration is faulty, 75 when another daemon uses the state, 74 when the disk or
    the database fails.
    """
    settings = load(config)
    configure(settings.log)
    garbage.settle()
    Daemon(build(settings, reload=lambda: load(config))).run()


@click.command("once", short_help="Read, judge and deliver once, then end.")
@click.option(
    "--since",
    callback=_day,
    metavar="DAY",
    help="Also read mail again that arrived on DAY (2026-10-01) or later.",
)
@config_option
@json_option
@click.pass_context
def once_command(
    ctx: click.Context, *, since: date | None, config: Path | None, as_json: bool
) -> None:
    """Read every source to its end, judge what is new, deliver what is due, then end.

    For trying a configuration and for machines without a service manager. Ends with 75
    when a source could not be read or a change still waits, 77 when mailbox or helpdesk
    refused credentials, 74 when the disk is full; running it again goes on where it stopped.

    With --since, mailboxes are also read before the place where reading began (start_from):
    what is known stays known, the rest is judged with its own times and marked as detected
    late. The daemon must be stopped meanwhile, and the storm guard watches over the number.
    A day that is still to come, or no mailbox among the sources, is a fault of usage (64).
    """
    settings = load(config)
    if since is not None and since > datetime.now(settings.practice.build().zone).date():
        raise click.UsageError(f"--since {since} is still to come")
    configure(settings.log)
    garbage.settle()
    app = build(settings)
    try:
        if since is not None and not any(isinstance(one, ReadsEarlier) for _, one in app.sources):
            raise click.UsageError("--since needs a mailbox, and no source is one (kind imap)")
        report = once(app, since=since)
        refused = _refused(app)
    finally:
        app.close()
    if as_json:
        echo_json(_plain(report, refused=refused))
    else:
        _show(report, refused=refused)
    ctx.exit(_code(report, refused=refused))


def _refused(app: Application) -> bool:
    """Say whether the helpdesk refused our credentials or rights."""
    with app.store.read() as connection:
        circuit = jobs.circuit(connection, app.settings.helpdesk.name)
    return circuit.breaker != "closed" and circuit.reason == AuthenticationFailed.__name__


def _code(report: OnceReport, *, refused: bool) -> int:
    codes = {error.exit_code for error in report.failed.values()}
    pauses = {pulled.paused for pulled in report.pulled.values()}
    if DISK_FULL in pauses:
        codes.add(IO)
    if report.waiting or any(pauses):
        codes.add(LATER)
    if refused:
        codes.add(NOPERM)
    return next((code for code in (NOPERM, IO, LATER) if code in codes), 0)


def _plain(report: OnceReport, *, refused: bool) -> dict[str, object]:
    return {
        "sources": {
            name: {"new": pulled.new, "known": pulled.known, "paused": pulled.paused}
            for name, pulled in report.pulled.items()
        },
        "failed": {name: error.problem for name, error in report.failed.items()},
        "concluded": report.concluded,
        "attempts": report.attempts,
        "waiting": report.waiting,
        "refused": refused,
    }


def _show(report: OnceReport, *, refused: bool) -> None:
    for name, pulled in report.pulled.items():
        paused = f" (paused: {PAUSES.get(pulled.paused, pulled.paused)})" if pulled.paused else ""
        click.echo(f"{name}: {pulled.new} new, {pulled.known} known already{paused}")
    for name, error in report.failed.items():
        click.echo(f"{name}: {error.problem}", err=True)
    click.echo(f"{report.concluded} items judged, {report.attempts} deliveries tried")
    if refused:
        click.echo("the helpdesk refuses our credentials or rights; run amends check", err=True)
    if report.waiting:
        click.echo(f"{report.waiting} changes wait for the helpdesk; run again later", err=True)
