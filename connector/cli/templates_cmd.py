"""`amends templates`: the words to patients, looked at and checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from connector.app import scopes_of
from connector.cli.common import config_option, console, echo_json, json_option, table
from connector.domain.plain import printable
from connector.domain.taxonomy import TAXONOMY
from connector.recovery import policy
from connector.recovery.drafts import gsm, shelf
from connector.recovery.drafts.book import CHANNELS, LANGUAGES, Book, Fault
from connector.recovery.drafts.review import LONGEST_CASE, Scope
from connector.recovery.drafts.values import for_sms, values
from connector.settings import load

FAULTY: Final = 78
"""Exit code: texts must not be used; the same as for any other configuration."""

_SEVERITY: Final = 2
"""For which the due time of a preview is made."""


@click.command("templates", short_help="Show and check the words to patients.")
@click.option("--lint", "only_lint", is_flag=True, help="Only check, and say what is wrong.")
@click.option(
    "--preview",
    "category",
    metavar="CATEGORY",
    type=click.Choice(tuple(TAXONOMY)),
    help="Print the texts of a category, filled with the practice's values.",
)
@click.option("--channel", type=click.Choice(CHANNELS), help="Of one channel alone.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="In this language  [default: as set]."
)
@click.option("--site", default="", help="As at this site.")
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    only_lint: bool,
    category: str | None,
    channel: str | None,
    language: str | None,
    site: str,
    config: Path | None,
    as_json: bool,
) -> None:
    """List the words to patients, check them, or print them as an agent would see them.

    Texts of recovery.drafts.folder stand in place of ours, file by file. Nothing is ever
    sent by amends. Each text is checked in every form for what must never be said, text
    messages for their length with the longest values that are set.

    Ends with 0 when all may be used, 78 when one must not.
    """
    settings = load(config)
    scopes = scopes_of(settings)
    book, faults = shelf.examine(settings.recovery.drafts.folder, scopes)
    shown: list[dict[str, object]]
    if only_lint:
        shown = [asdict(fault) for fault in faults]
    elif category:
        scope = _scope(scopes, site)
        asked = language or settings.recovery.drafts.language
        shown = list(_filled(book, scope, category, (channel,) if channel else CHANNELS, asked))
    else:
        shown = list(_listed(book, channel, language))
    if as_json:
        echo_json(shown)
    elif category and not only_lint:
        for one in shown:
            click.echo(f"--- {one['channel']}, {one['language']}: {one['size']}\n{one['text']}\n")
    elif not only_lint:
        columns = ("text", "from", "version")
        rows = [(one["text"], one["from"], one["version"]) for one in shown]
        console().print(table(columns, rows))
    if not (as_json and only_lint):
        _tell(faults, err=as_json or not only_lint)
    ctx.exit(FAULTY if any(fault.level == "problem" for fault in faults) else 0)


def _tell(faults: Sequence[Fault], *, err: bool) -> None:
    for fault in faults:
        level = "PROBLEM" if fault.level == "problem" else "warning"
        click.echo(f"{level:8} {printable(str(fault))}", err=err)
    if not faults and not err:
        click.echo("all texts may be used")


def _scope(scopes: Sequence[Scope], site: str) -> Scope:
    found = [scope for scope in scopes if scope.name == site]
    if not found:
        raise click.UsageError(f"No such site: {printable(site)}.")
    return found[0]


def _listed(book: Book, channel: str | None, language: str | None) -> Iterator[dict[str, object]]:
    for key, sheet in sorted(book.sheets.items()):
        where, _, name = key.partition("/")
        if where != (language or where) or name.partition(".")[0] != (
            channel or name.partition(".")[0]
        ):
            continue
        yield {
            "text": key,
            "from": sheet.file or "built in",
            "version": sheet.version,
            "placeholders": sorted(sheet.names()),
        }


def _filled(
    book: Book, scope: Scope, category: str, channels: Sequence[str], language: str
) -> Iterator[dict[str, object]]:
    now = datetime.now(UTC)
    clocks = policy.clocks(_SEVERITY, now, None, scope.recovery, scope.practice.zone)
    due = max(clocks.contact_due, now + timedelta(minutes=1))
    given = values(scope.practice, scope.recovery, language, due=due, case=LONGEST_CASE)
    for channel in channels:
        filled = for_sms(given) if channel == "sms" else given
        text = book.text(language, channel, category, filled)
        units, limit = gsm.length(text)
        size = f"{units} of {limit} characters" if channel == "sms" else f"{len(text)} characters"
        yield {
            "category": category,
            "channel": channel,
            "language": language,
            "size": size,
            "text": text,
        }
