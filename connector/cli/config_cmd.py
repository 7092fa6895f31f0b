"""`amends config`: the configuration in force."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.common import config_option, echo_json, json_option
from connector.settings import load, masked, schema, toml


@click.command("config")
@config_option
@click.option(
    "--schema",
    "as_schema",
    is_flag=True,
    help="Print the JSON schema of the file, with all kinds that are installed; needs no file.",
)
@json_option
def command(*, config: Path | None, as_schema: bool, as_json: bool) -> None:
    """Print the configuration in force.

    It is read as the daemon reads it (file, then AMENDS_ variables, then secret files)
    and printed as TOML; a comment says where each value came from. Secrets are masked.
    A faulty configuration is answered by every fault in it and exit code 78.
    """
    if as_schema:
        echo_json(schema())
        return
    settings = load(config)
    if as_json:
        echo_json(masked(settings))
    else:
        click.echo(toml(settings), nl=False)
    for warning in settings.warnings:
        click.echo(f"amends: warning: {warning}", err=True)
