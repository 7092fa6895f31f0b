"""`amends provision`: set the helpdesk up with our fields, views, service levels and words."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from connector.app import scopes_of
from connector.cli.common import config_option, echo_json, json_option
from connector.cli.state import open_writable_state
from connector.domain.blueprint import Action, Blueprint, PlannedStep
from connector.domain.plain import printable
from connector.helpdesks.base import Helpdesk
from connector.pipeline import provisioning
from connector.pipeline.provisioning import DOABLE, Done
from connector.recovery.answers import answers
from connector.recovery.blueprint import blueprint
from connector.recovery.drafts import shelf
from connector.settings import Settings, load

DIFFERS = 1
"""Exit code: something is left to do."""

SIGNS: Final = {
    Action.KEEP: " ",
    Action.CREATE: "+",
    Action.CHANGE: "~",
    Action.REMOVE: "-",
    Action.MANUAL: "!",
}

WORDS: Final = {
    Action.KEEP: "as wanted",
    Action.CREATE: "to make",
    Action.CHANGE: "to change",
    Action.REMOVE: "to remove",
    Action.MANUAL: "by hand",
}


@click.command("provision", short_help="Set up the helpdesk: fields, views, ready words.")
@click.option("--apply", "do_it", is_flag=True, help="Do it; without it the plan is printed.")
@click.option(
    "--remove", is_flag=True, help="Take away what was made for amends, and nothing else."
)
@click.option("--yes", is_flag=True, help="Do not ask before removing.")
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    do_it: bool,
    remove: bool,
    yes: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Compare the helpdesk with what the practice's settings want, and set it up.

    Prints the plan as a difference: + to make, ~ to change, - to remove, ! for what a
    person has to do because the API or the account's plan does not allow it. With --apply
    it is done, and put on record; doing it twice does nothing the second time. What people
    made, named or added themselves stays as it is, and so do ready words (macros, canned
    responses) that agents have changed.

    Ends with 0 when nothing is left to do, 1 when something is.
    """
    settings = load(config)
    practice = settings.practice.build()
    book, faults = shelf.examine(settings.recovery.drafts.folder, scopes_of(settings))
    shelf.refused(faults)
    wanted = blueprint(settings.recovery, answers(book, practice, settings.recovery))
    with closing(settings.helpdesk.open(practice)) as helpdesk:
        steps = provisioning.plan(helpdesk, wanted, remove=remove)
        done: list[Done] = []
        if do_it and any(step.action in DOABLE for step in steps):
            if remove and not yes:
                _ask(steps)
            done = _apply(settings, helpdesk, wanted, steps, quiet=as_json)
            steps = provisioning.plan(helpdesk, wanted, remove=remove)
    if as_json:
        echo_json(_plain(settings, steps, done))
    else:
        _show(steps, applied=do_it, remove=remove)
    left = {step.action for step in steps} - {Action.KEEP}
    ctx.exit(DIFFERS if left else 0)


def _ask(steps: Sequence[PlannedStep]) -> None:
    """Let a person see what goes, and say yes."""
    going = [step for step in steps if step.action is Action.REMOVE]
    for step in going:
        _show_step(step, err=True)
    if not sys.stdin.isatty():
        raise click.UsageError("removing wants an answer; add --yes where nobody can be asked")
    things = "1 thing" if len(going) == 1 else f"{len(going)} things"
    click.confirm(f"Remove {things} from the helpdesk?", abort=True, err=True)


def _apply(
    settings: Settings,
    helpdesk: Helpdesk,
    wanted: Blueprint,
    steps: Sequence[PlannedStep],
    *,
    quiet: bool,
) -> list[Done]:
    done: list[Done] = []
    with closing(open_writable_state(settings)) as store:
        for one in provisioning.apply(store, helpdesk, wanted, steps):
            done.append(one)
            if not quiet:
                _show_step(one.step)
            if one.problem:
                click.echo(f"    refused: {printable(one.problem)}", err=True)
    return done


def _show(steps: Sequence[PlannedStep], *, applied: bool, remove: bool) -> None:
    if applied:
        click.echo("What is left:")
    for step in steps:
        if not applied or step.action is not Action.KEEP:
            _show_step(step)
    counts = Counter(step.action for step in steps)
    told = [f"{counts[action]} {words}" for action, words in WORDS.items() if counts[action]]
    click.echo(", ".join(told) or "nothing of ours is there")
    if not applied and any(step.action in DOABLE for step in steps):
        click.echo(f"`amends provision {'--remove ' if remove else ''}--apply` does it")


def _show_step(step: PlannedStep, *, err: bool = False) -> None:
    name = f"{step.kind} {step.name}"
    click.echo(f"{SIGNS[step.action]} {name:24} {printable(step.title)}", err=err)
    for line in step.changes:
        click.echo(f"      {printable(line)}", err=err)
    for line in step.manual.splitlines():
        click.echo(f"      {printable(line)}", err=err)


def _plain(
    settings: Settings, steps: Sequence[PlannedStep], done: Sequence[Done]
) -> dict[str, object]:
    return {
        "helpdesk": settings.helpdesk.name,
        "steps": [asdict(step) for step in steps],
        "done": [
            {
                "action": one.step.action,
                "kind": one.step.kind,
                "name": one.step.name,
                "problem": one.problem,
            }
            for one in done
        ],
        "counts": Counter(step.action.value for step in steps),
    }
