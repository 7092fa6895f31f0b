"""`amends demo`: the whole of it on this machine, with a real mailbox and a real helpdesk."""

from __future__ import annotations

import importlib.util
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from connector.cli.common import console, echo_json, table
from connector.domain.errors import ConfigError

NEEDED = ("pymap", "helpdesk")


@click.command("demo", short_help="Show everything at work on this machine.")
@click.option("--once", is_flag=True, help="End by itself with a summary, also on a terminal.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything in this empty folder; else a temporary one is used and removed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_context
def command(ctx: click.Context, *, once: bool, folder: Path | None, as_json: bool) -> None:
    """Show everything at work: a mailbox, a phone log, a survey, a helpdesk and the daemon.

    All of it runs on free ports of 127.0.0.1. Mails arrive, a queue log grows and a survey
    export is dropped while the daemon watches; it is killed between sending a ticket and
    writing that down, and comes back. The helpdesk's own records are judged at the end.

    On a terminal it then stays up until Ctrl-C, with address and login of the helpdesk's
    pages. Ends with 0 when every promise was kept, else with 1.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(["the demo's servers are not installed: pip install 'amends[demo]'"])
    from connector.demo.play import staged  # noqa: PLC0415 - needs the extra

    for number in (signal.SIGINT, signal.SIGTERM):  # both end the servers with us
        signal.signal(number, signal.default_int_handler)
    stay = not once and sys.stdout.isatty()
    with _folder(folder) as place, staged(place, _teller(as_json=as_json)) as play:
        play.perform()
        settled = play.settle()
        findings = play.judged()
        kept = settled and all(finding.kept for finding in findings)
        if as_json:
            echo_json(
                {
                    "kept": kept,
                    "settled": settled,
                    "promises": [
                        {"promise": f.promise, "kept": f.kept, "seen": f.seen} for f in findings
                    ],
                }
            )
        else:
            rows = [("kept" if f.kept else "BROKEN", f.promise, f.seen) for f in findings]
            click.echo("")
            console().print(table(("", "promise", "what the records say"), rows))
            if not settled:
                click.echo("not everything came to its end in time; see daemon.log")
        if stay:
            _stay(play.stage.helpdesk_url, play.login, play.daemon.pid)
    ctx.exit(0 if kept else 1)


def _stay(url: str, login: tuple[str, str], pid: int) -> None:
    click.echo(f"\nThe helpdesk:  {url}\n  user {login[0]}, password {login[1]}")
    click.echo(f"The daemon is process {pid}: kill -9 it as often as you like, it comes back.")
    click.echo("Ctrl-C ends the demo.")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is None:
        with tempfile.TemporaryDirectory(prefix="amends-demo-") as made:
            yield Path(made)
        return
    given.mkdir(parents=True, exist_ok=True)
    if any(given.iterdir()):
        raise click.UsageError(f"{given} is not empty")
    yield given.resolve()


def _teller(*, as_json: bool) -> Callable[[str], None]:
    """Print a line at once; in JSON mode to standard error, which keeps the summary apart."""
    return lambda line: click.echo(line, err=as_json)
