"""`amends playbook`: the plan that every employee should know."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from connector.app import config_version, scopes_of, shelf_of
from connector.cli.common import config_option, echo_json, json_option
from connector.domain.plain import printable
from connector.recovery import staff_plan
from connector.settings import load


@click.command("playbook", short_help="Print the plan that every employee should know.")
@click.option("--html", "as_html", is_flag=True, help="As one HTML page that needs nothing else.")
@click.option("--site", default="", help="As at this site.")
@config_option
@json_option
def command(*, as_html: bool, site: str, config: Path | None, as_json: bool) -> None:
    """Print the recovery plan on one page, from the configuration in force.

    Kinds of failure, what to say, what may be offered without asking, by when, and who: the
    same words and figures that tickets use. Markdown, or HTML to print or to put on the
    intranet. It holds nothing of any patient.
    """
    settings = load(config)
    found = [scope for scope in scopes_of(settings) if scope.name == site]
    if not found:
        raise click.UsageError(f"No such site: {printable(site)}.")
    plan = staff_plan.staff_plan(
        found[0].practice,
        found[0].recovery,
        shelf_of(settings).book(),
        version=config_version(settings),
    )
    if as_json:
        echo_json(asdict(plan))
    else:
        click.echo(staff_plan.html(plan) if as_html else staff_plan.markdown(plan), nl=False)
