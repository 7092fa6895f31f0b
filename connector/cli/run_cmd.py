"""`amends run` and `amends once`: the daemon, and one pass of its work."""

from __future__ import annotations

from pathlib import Path

import click

from connector.app import OnceReport, build, once
from connector.cli.common import config_option, echo_json, json_option
from connector.daemon import Daemon
from connector.logs import configure
from connector.settings import load


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
    Daemon(build(settings, reload=lambda: load(config))).run()


@click.command("once", short_help="Read, judge and deliver once, then end.")
@config_option
@json_option
@click.pass_context
def once_command(ctx: click.Context, *, config: Path | None, as_json: bool) -> None:
    """Read every source to its end, judge what is new, deliver what is due, then end.

    For trying a configuration and for machines without a service manager. Ends with 75
    when a source could not be read or a change still waits, 77 when credentials were
    refused; running it again goes on where it stopped.
    """
    settings = load(config)
    configure(settings.log)
    app = build(settings)
    try:
        report = once(app)
    finally:
        app.close()
    if as_json:
        echo_json(_plain(report))
    else:
        _show(report)
    ctx.exit(_code(report))


def _code(report: OnceReport) -> int:
    codes = [error.exit_code for error in report.failed.values()]
    if report.waiting:
        codes.append(75)
    return max(codes, default=0)


def _plain(report: OnceReport) -> dict[str, object]:
    return {
        "sources": {
            name: {"new": pulled.new, "known": pulled.known, "paused": pulled.paused}
            for name, pulled in report.pulled.items()
        },
        "failed": {name: error.problem for name, error in report.failed.items()},
        "concluded": report.concluded,
        "attempts": report.attempts,
        "waiting": report.waiting,
    }


def _show(report: OnceReport) -> None:
    for name, pulled in report.pulled.items():
        paused = f" (paused: {pulled.paused})" if pulled.paused else ""
        click.echo(f"{name}: {pulled.new} new, {pulled.known} known already{paused}")
    for name, error in report.failed.items():
        click.echo(f"{name}: {error.problem}", err=True)
    click.echo(f"{report.concluded} items judged, {report.attempts} deliveries tried")
    if report.waiting:
        click.echo(f"{report.waiting} changes wait for the helpdesk; run again later", err=True)
