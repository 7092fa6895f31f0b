"""`amends explain`: why something that was heard became what it became, in plain words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy.engine import Connection, Row

from connector.cli.common import config_option, echo_json, json_option
from connector.cli.state import open_state
from connector.domain.assessment import Assessment
from connector.domain.signal import Channel, Contact, Signal
from connector.settings import Settings, load
from connector.store import codec, content, parked, signals
from connector.triage.assess import assess
from connector.triage.explain import explanation

STDIN: Final = "-"
MAX_READ: Final = 1_048_576
"""Of standard input so many characters are read."""


@click.command("explain", short_help="Say why a signal was decided as it was.")
@click.argument("signal", metavar="SIGNAL")
@config_option
@json_option
@click.option("--without-words", is_flag=True, help="Leave out the words that the person wrote.")
@click.option(
    "--as",
    "channel",
    type=click.Choice(["mail", "survey"]),
    default="mail",
    show_default=True,
    help="With `-`: how the text would have come.",
)
def command(
    *, signal: str, config: Path | None, as_json: bool, without_words: bool, channel: str
) -> None:
    """Print every rule that matched, the words or figures that it matched, and what follows.

    SIGNAL is an id from `amends cases show` or `amends parked list` (eight digits at least), or
    `-` to read a text from standard input and say what would be decided about it; nothing is
    stored then. The same signal gives the same lines.
    """
    settings = load(config)
    if signal == STDIN:
        found = _tried(settings, sys.stdin.read(MAX_READ), Channel(channel))
    else:
        found = _decided(settings, signal.strip().lower())
    if as_json:
        echo_json(_plain(found, words=not without_words))
    else:
        click.echo("\n".join(explanation(found, words=not without_words)))


def _tried(settings: Settings, text: str, channel: Channel) -> Assessment:
    signal = Signal(
        tenant=settings.practice.tenant,
        source="explain",
        natural_key="explain",
        locator="standard input",
        channel=channel,
        event_time=None,
        contact=Contact(),
        subject="",
        text=text,
    )
    return assess(signal, settings.triage)


def _decided(settings: Settings, name: str) -> Assessment:
    store = open_state(settings, "reader")
    try:
        with store.read() as connection:
            rows = parked.named(connection, name)
            if len(rows) != 1:
                raise click.UsageError("not the id of one signal; see `amends cases show`")
            return _assessment(connection, rows[0], settings)
    finally:
        store.close()


def _assessment(connection: Connection, row: Row[Any], settings: Settings) -> Assessment:
    """Give what was decided then; what the rules say now when it is not decided yet."""
    body = content.get(connection, row.assessment_id)
    if body is not None:
        return codec.assessment_from(body)
    item = signals.stored(connection, row).item
    if row.outcome == "waiting" and isinstance(item, Signal):
        return assess(item, settings.triage)
    raise click.UsageError("its words and the decision were erased, or nobody could read it")


def _plain(found: Assessment, *, words: bool) -> dict[str, Any]:
    return {
        "lane": found.lane.value,
        "severity": found.severity,
        "categories": list(found.categories),
        "model": found.model,
        "score_permille": found.score_permille,
        "reasons": [
            {
                "rule": reason.rule,
                "category": reason.category,
                "severity": reason.severity,
                **({"evidence": reason.evidence} if words else {}),
            }
            for reason in found.reasons
        ],
        "explanation": explanation(found, words=words),
    }
