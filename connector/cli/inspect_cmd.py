"""`amends inspect`: what would be made of a file, without touching store or helpdesk."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import structlog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector import plugins
from connector.cli import inspect_calls, inspect_map
from connector.cli.common import IO, config_option, console, json_option, say, to_json
from connector.domain.errors import ConfigError, EdgeError
from connector.domain.plain import printable
from connector.domain.practice import Practice
from connector.report.inspection import Value, describe
from connector.settings import PATH_VARIABLE, Reading, load_reading
from connector.sources.base import SourceSettings
from connector.triage.settings import TriageSettings

MAX_SHOWN_CHARS = 2_000
"""So much of a text is shown to people; `--json` has all of it."""

_COLORS = {
    "signal": "bold green",
    "call": "bold green",
    "parked": "bold yellow",
    "unreadable": "bold red",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One `KIND:PATH` from the command line."""

    kind: str
    given: str
    """The path, as it was written."""
    settings: SourceSettings
    """Opens the source that reads it."""


@click.command("inspect", short_help="Show what would be made of files.")
@click.argument("targets", metavar="KIND:PATH...", nargs=-1, required=True)
@click.option(
    "--calls",
    "as_calls",
    is_flag=True,
    help="Show whole calls, judged together; all logs named are one phone system.",
)
@click.option(
    "--map",
    "as_map",
    is_flag=True,
    help="Propose what the columns of an export mean, and print the TOML for it.",
)
@click.option(
    "--rows",
    "as_rows",
    is_flag=True,
    help="Only count: rows, and what would become of them, by reason.",
)
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    targets: Sequence[str],
    config: Path | None,
    as_calls: bool,
    as_map: bool,
    as_rows: bool,
    as_json: bool,
) -> None:
    """Show what would be made of files: signals, and what triage says of them.

    Reads each PATH as a source of that KIND (`amends inspect mail_file:inbox.mbox`) and
    prints what it holds, in the file's order; nothing is stored, nothing is sent. With a
    configuration its practice and triage are used, and a configured source of the same
    kind lends its settings. What cannot be understood is printed as unreadable.

    With --calls, logs of a phone system (`asterisk_cel:Master.csv asterisk_queue_log:queue_log`)
    are read together and each call is told once: who, how long, who spoke, what was wrong.

    With --map, an export of a survey tool (`survey_file:responses.csv`) is recognised and a map
    of its columns proposed, with a few answers of each, masked. With --rows nothing of a row is
    shown: how many there are, and what would become of them.
    """
    if as_calls + as_map + as_rows > 1:
        raise click.UsageError("--calls, --map and --rows exclude one another")
    asked = [_split(target) for target in targets]
    reading = _reading(config, frozenset(kind for kind, _ in asked))
    ready = [
        Target(kind=kind, given=path, settings=_settings(kind, path, reading))
        for kind, path in asked
    ]
    for _, path in asked:
        os.stat(path)  # noqa: PTH116  (says which path is missing before anything is printed)
    practice = _practice(reading)
    triage = _triage(reading)
    shown = console()
    code = 0
    if as_calls:
        named = [(target.kind, target.given, target.settings) for target in ready]
        ready = [
            Target(kind=settings.kind, given=path, settings=settings)
            for path, settings in inspect_calls.together(named)
        ]
        with _without_log():
            ctx.exit(_tell_calls(ready, practice, triage, shown, as_json=as_json))
    mode = "map" if as_map else "rows" if as_rows else ""
    tell = partial(_tell, practice=practice, triage=triage, shown=shown, mode=mode, as_json=as_json)
    with _without_log():
        for target in ready:
            try:
                if not tell(target):
                    code = say(f"{target.given}: nothing was found in it", code)
            except (EdgeError, OSError) as error:
                if isinstance(error, BrokenPipeError):
                    raise
                sys.stdout.flush()
                code = say(_fault(target.given, error), IO)
    ctx.exit(code)


def _tell_calls(
    targets: Sequence[Target],
    practice: Practice,
    triage: TriageSettings,
    shown: Console,
    *,
    as_json: bool,
) -> int:
    """Print the calls of all paths together; gives the exit code."""
    named = [(target.given, target.settings) for target in targets]
    together = inspect_calls.Together(named, practice, triage)
    for found in together.lines():
        if as_json:
            click.echo(to_json(found))
        else:
            _show(found, shown)
    code = 0
    sys.stdout.flush()
    for given, error in together.faults:
        code = say(_fault(given, error), IO)
    for given in together.empty:
        code = say(f"{given}: nothing was found in it", code)
    return code


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep what sources log out of what is printed; it is the daemon's log."""
    before = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    try:
        yield
    finally:
        structlog.configure(**before)


def _tell(
    target: Target,
    *,
    practice: Practice,
    triage: TriageSettings,
    shown: Console,
    mode: str,
    as_json: bool,
) -> bool:
    """Print what is asked of one path; False when there is nothing in it."""
    if mode == "map":
        return inspect_map.show_map(target.settings, target.given, practice, shown, as_json=as_json)
    if mode == "rows":
        return inspect_map.show_rows(
            target.settings, target.given, practice, triage, as_json=as_json
        )
    empty = True
    for found in _items(target, practice, triage):
        empty = False
        if as_json:
            click.echo(to_json(found))
        else:
            _show(found, shown)
    return not empty


def _fault(given: str, error: EdgeError | OSError) -> str:
    """Name the path once: most sources do so themselves."""
    told = (error.problem if isinstance(error, EdgeError) else error.strerror) or "cannot be read"
    return told if told.startswith(str(Path(given))) else f"{given}: {told}"


def _split(target: str) -> tuple[str, str]:
    kind, colon, path = target.partition(":")
    if not (colon and kind and path):
        raise click.UsageError(f"write KIND:PATH, such as mail_file:inbox.mbox, not {target!r}")
    return kind, path


def _reading(config: Path | None, kinds: frozenset[str]) -> Reading | None:
    if config is None and not os.environ.get(PATH_VARIABLE):
        return None
    return load_reading(config, kinds)


def _settings(kind: str, path: str, reading: Reading | None) -> SourceSettings:
    try:
        made = plugins.source_class(kind).for_inspection(Path(path))
    except ConfigError as error:
        raise click.UsageError(f"{kind}: {' '.join(error.faults)}") from error
    except NotImplementedError:
        raise click.UsageError(f"{kind} does not read files") from None
    lender = _lender(made, reading.sources if reading else ())
    if lender is None:
        return made
    # As the daemon would read it, except from where, under which name, and without waiting.
    ours = {"name", "path"} | {name for name in made.model_fields_set if name.endswith("_seconds")}
    lent = {name: getattr(lender, name) for name in type(made).model_fields if name not in ours}
    return made.model_copy(update=lent)


def _lender(made: SourceSettings, sources: Sequence[SourceSettings]) -> SourceSettings | None:
    """Choose the configured source of the same kind; the one with the same path comes first."""
    same = [source for source in sources if type(source) is type(made)]
    path = getattr(made, "path", None)
    return next((s for s in same if getattr(s, "path", None) == path), same[0] if same else None)


def _practice(reading: Reading | None) -> Practice:
    if reading is not None:
        return reading.practice.build()
    return Practice(tenant="inspect", name="", zone=ZoneInfo("UTC"))


def _triage(reading: Reading | None) -> TriageSettings:
    section = reading.sections.get("triage") if reading else None
    return section if isinstance(section, TriageSettings) else TriageSettings()


def _items(
    target: Target, practice: Practice, triage: TriageSettings
) -> Iterator[dict[str, Value]]:
    with closing(target.settings.open(practice)) as source:
        for batch in source.read(None):
            for item in batch.items:
                yield describe(item, kind=target.kind, given=target.given, settings=triage)


def _show(found: Mapping[str, Value], shown: Console) -> None:
    """Print one item as a block for people."""
    kind = str(found["type"])
    head = Text(kind, style=_COLORS[kind])
    head.append(f"  {printable(str(found.get('locator') or found.get('start')))}", style="dim")
    shown.print(head)
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for label, value in _rows(found):
        text = printable(value)
        cut = text if len(text) <= MAX_SHOWN_CHARS else text[:MAX_SHOWN_CHARS] + " ..."
        rows.add_row(f"  {label}", Text(cut))
    shown.print(rows)
    shown.print()


def _rows(found: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Yield what is worth a line: label and words."""
    if found["type"] == "call":
        yield from _call_rows(found)
        return
    for name in ("reason", "problem", "channel", "event_time"):
        if found.get(name):
            yield name.replace("_", " "), str(found[name])
    contact = found.get("contact")
    if isinstance(contact, dict) and any(contact.values()):
        yield "contact", ", ".join(str(part) for part in contact.values() if part)
    text = found.get("reply_text") or found.get("text")
    for label, value in (("subject", found.get("subject")), ("text", text)):
        if value:
            yield label, str(value)
    names = found.get("attachments")
    if isinstance(names, list) and names:
        yield "attachments", ", ".join(str(name) for name in names)
    facts = found.get("facts")
    if isinstance(facts, dict) and facts:
        yield "facts", ", ".join(f"{name}={value}" for name, value in facts.items())
    yield from _verdict(found.get("assessment"))


def _call_rows(found: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    for name in ("caller", "direction", "outcome"):
        yield name, str(found[name])
    told, wrong = found["timeline"], found["failures"]
    if isinstance(told, list):
        yield "call", "\n".join(str(line) for line in told)
    if isinstance(wrong, list) and wrong:
        yield "failures", ", ".join(str(name) for name in wrong)


def _verdict(judged: Value) -> Iterator[tuple[str, str]]:
    if not isinstance(judged, dict):
        return
    categories = judged["categories"]
    named = ", ".join(str(name) for name in categories) if isinstance(categories, list) else ""
    severity = f", severity {judged['severity']}" if judged["severity"] else ""
    yield "lane", f"{judged['lane']}{severity}{': ' if named else ''}{named}"
    reasons = judged["reasons"]
    for reason in reasons if isinstance(reasons, list) else ():
        if isinstance(reason, dict):
            evidence = f": {reason['evidence']}" if reason["evidence"] else ""
            yield "why", f"{reason['rule']}{evidence}"
