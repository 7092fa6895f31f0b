"""`amends login`: let a person log in to a mailbox that takes tokens instead of passwords."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import click

from connector.cli.common import config_option
from connector.cli.state import become_owner
from connector.domain.errors import AuthenticationFailed, StateError
from connector.domain.plain import printable
from connector.settings import Settings, load
from connector.sources.base import LogsIn, Probes, SourceSettings


@click.command("login", short_help="Log in to a mailbox of Microsoft 365 or Google.")
@click.argument("source", metavar="SOURCE")
@config_option
def command(*, source: str, config: Path | None) -> None:
    """Log in to the mailbox of SOURCE, once, where it takes tokens instead of a password.

    Shows an address, and for Microsoft 365 a code, to open in a browser; then keeps the
    tokens in the state directory, readable by its owner only, and opens the mailbox for a
    try. The daemon refreshes them by itself, and may run meanwhile. Where the application
    or a service account logs in by itself there is nothing to do.

    Ends with 64 where there is nobody to log in, 77 when the login or the mailbox was refused,
    75 when a server did not answer, 78 when the configuration is faulty.
    """
    settings = load(config)
    given = _named(settings, source)
    _ready(settings)
    with closing(given.open(settings.practice.build())) as opened:
        if not isinstance(opened, LogsIn):
            raise click.UsageError(f"{source} is no mailbox: there is nobody to log in")
        if opened.alone:
            raise click.UsageError(f"{source} {opened.alone}: there is nobody to log in")
        opened.login(lambda text: click.echo(text, err=True))
        click.echo(f"logged in; the tokens of {source} are kept")
        problems = opened.probe() if isinstance(opened, Probes) else []
    if problems:
        raise AuthenticationFailed(source, " ".join(problems))
    click.echo("the mailbox opens")


def _named(settings: Settings, name: str) -> SourceSettings:
    for one in settings.sources:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in settings.sources)
    raise click.UsageError(f"no source is called {printable(name)}; there are: {known}")


def _ready(settings: Settings) -> None:
    """Become the owner of the state, which may come into being here, but not by root."""
    place = settings.state_dir
    if not place.exists():
        if os.geteuid() == 0:
            raise StateError(
                f"{place}: there is no state yet; start the daemon once, or make the directory "
                f"for its user (install -d -m 700 -o USER {place})"
            )
        place.mkdir(mode=0o700, parents=True)
    become_owner(place)
