"""`amends inspect --map` and `--rows`: what columns would mean, and what became of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.cli.common import to_json
from connector.domain.assessment import Lane
from connector.domain.errors import EdgeError
from connector.domain.plain import printable
from connector.domain.practice import Practice
from connector.domain.response import ExportRow, Responses, Row, same_answers
from connector.domain.signal import Item, Unreadable
from connector.parsing.survey_proposal import Proposal, ProposedColumn, described, toml_of
from connector.sources.base import Proposes, SourceSettings
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

MAX_PROBLEMS = 10
"""So many rows that are none are named."""

_BY = {"map": "your map", "recipe": "the tool", "guess": "a guess"}
_LANES = {Lane.TICKET: "ticket", Lane.REVIEW: "review", Lane.PARK: "parked", Lane.COUNT: "fine"}
_STYLES = {"map": "bold green", "recipe": "green", "guess": "yellow"}


def show_map(
    settings: SourceSettings, given: str, practice: Practice, shown: Console, *, as_json: bool
) -> bool:
    """Print a proposal for each table of a file; False when there was none.

    Raises UsageError for kinds whose files have no columns, EdgeError and OSError.
    """
    source = settings.open(practice)
    found = False
    with closing(source):
        if not isinstance(source, Proposes):
            raise click.UsageError(f"--map: files of kind {settings.kind} have no columns to map")
        for proposal in source.propose():
            if isinstance(proposal, str):
                click.echo(printable(proposal), err=True)
                continue
            found = True
            path = str(Path(given).absolute())
            name = settings.kind.partition("_")[0]
            toml = toml_of(proposal, name=name, path=path, kind=settings.kind)
            if as_json:
                click.echo(to_json({**described(proposal), "toml": toml}))
            else:
                _show(proposal, toml, shown)
    return found


def _show(proposal: Proposal, toml: str, shown: Console) -> None:
    head = Text(printable(proposal.place), style="bold")
    head.append(f"  {proposal.title}, {proposal.shape}; {proposal.sampled} rows looked at")
    shown.print(head)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("column", "is", "by", "filled", "examples"):
        table.add_column(name, overflow="fold")
    for one in proposal.columns:
        table.add_row(*_cells(one))
    shown.print(table)
    unknown = sum(one.mapped is None for one in proposal.columns)
    if unknown:
        shown.print(f"Nothing is known about {unknown} columns: they would not be read.")
    if not proposal.useful:
        shown.print("No column is known as a score or a comment: add one to the map.")
    shown.print()
    click.echo(toml)


def _cells(one: ProposedColumn) -> Iterator[Text]:
    named = (
        one.column.name
        if one.column.question == one.column.name
        else (f"{one.column.name}: {one.column.question}")
    )
    yield Text(printable(named)[:200])
    what = one.mapped.role.value if one.mapped else "?"
    if one.mapped and one.mapped.kind:
        what = f"{what} {one.mapped.kind.value}"
    by = one.by.value if one.by else ""
    meaning = Text(what, style=_STYLES.get(by, "dim"))
    if one.doubt:
        meaning.append(f" ({one.doubt})", style="bold yellow")
    yield meaning
    yield Text(_BY.get(by, ""))
    yield Text(str(one.filled))
    yield Text(printable(" | ".join(one.examples)))


def show_rows(
    settings: SourceSettings,
    given: str,
    practice: Practice,
    triage: TriageSettings,
    *,
    as_json: bool,
) -> bool:
    """Print how many rows a file has and what would become of them; False without any.

    Nothing of a row is printed. Raises EdgeError and OSError.
    """
    outcomes: Counter[str] = Counter()
    problems: list[str] = []
    fault: EdgeError | OSError | None = None
    with closing(settings.open(practice)) as source:
        known: dict[str, bytes] = {}
        try:
            for batch in source.read(None):
                outcomes.update(_outcomes(batch.items, known, triage))
                problems += _problems(batch.items, MAX_PROBLEMS - len(problems))
        except (EdgeError, OSError) as error:
            fault = error  # what was read before is told first
    rows = outcomes.total()
    if as_json:
        ends = dict(sorted(outcomes.items()))
        click.echo(to_json({"path": given, "rows": rows, "outcomes": ends, "problems": problems}))
    else:
        click.echo(f"{given}: {rows} rows")
        for outcome, count in outcomes.most_common():
            click.echo(f"  {count:>9}  {outcome}")
        for problem in problems:
            click.echo(f"  {printable(problem)}")
    if fault is not None:
        raise fault
    return rows > 0


def _problems(items: Sequence[Item], most: int) -> list[str]:
    """Say where something could not be understood, and why; no words of a row are in it."""
    entries = items.entries if isinstance(items, Responses) else items
    wrong = (one for one in entries if isinstance(one, Unreadable))
    return [_placed(one) for one in islice(wrong, max(most, 0))]


def _placed(item: Unreadable) -> str:
    place = item.locator.partition("#")[0]
    return item.problem if item.problem.startswith(place) else f"{place}: {item.problem}"


def _outcomes(
    items: Sequence[Item], known: dict[str, bytes], triage: TriageSettings
) -> Iterator[str]:
    if not isinstance(items, Responses):
        yield from (_judged(item, triage) for item in items)
        return
    for entry in items.entries:
        if not isinstance(entry, ExportRow):
            yield Row.PARSE_ERROR.value
        elif entry.key in known:
            same = same_answers(known[entry.key], entry.content)
            yield (Row.SEEN if same else Row.PARSE_ERROR).value
        else:
            known[entry.key] = entry.content
            yield entry.passed.value if entry.passed else _judged(items.make(entry), triage)


def _judged(item: Item, triage: TriageSettings) -> str:
    if isinstance(item, Unreadable):
        return Row.PARSE_ERROR.value
    return _LANES[assess(item, triage).lane]
