"""`amends triage evaluate`: how right triage is, on a file or by your team's verdicts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from connector.cli.comments_file import Row, rows_of
from connector.cli.common import (
    config_option,
    console,
    echo_json,
    json_option,
    table,
    to_json,
)
from connector.cli.state import open_state
from connector.domain.assessment import Assessment
from connector.domain.plain import printable
from connector.domain.signal import Channel, Contact, Fact, Signal
from connector.report.verdicts import drifting, team
from connector.settings import PATH_VARIABLE, load, load_reading
from connector.triage.assess import assess
from connector.triage.evaluation import (
    Proposal,
    Verdict,
    average_precision,
    confusion,
    propose,
)
from connector.triage.settings import TriageSettings

_NOBODY = Contact()


@click.group("triage", short_help="See how right triage is; get thresholds proposed.")
def group() -> None:
    """See how right triage is, and what other thresholds would change."""


@group.command("evaluate")
@click.option(
    "--file",
    "path",
    metavar="CSV",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge the comments of this file (a column `text`; `question`, `source` and the labels "
    "`needs_recovery` where there are).",
)
@config_option
@json_option
def evaluate(*, path: Path | None, config: Path | None, as_json: bool) -> None:
    """Compare what triage decides with what people say.

    With --file: judges every row of a CSV file in its order; with --json it prints an object
    for each row (score, lane, categories, severity), else figures where the rows have labels
    (1 or 0, yes or no). Nothing is stored, and no configuration is needed. Without --file:
    compares the decisions on record with your team's verdicts (`amends_right`,
    `amends_wrong`, tickets worked on) and proposes thresholds for each source, without
    applying them.
    """
    if path is None:
        _by_verdicts(config, as_json=as_json)
        return
    settings = _triage(config)
    judged = (Judged(row=row, assessment=judge(row, settings)) for row in rows_of(path))
    if as_json:
        for one in judged:
            click.echo(to_json(one.plain()))
        return
    verdicts = [
        Verdict(
            source=one.row.source,
            permille=one.permille,
            lane=one.assessment.lane,
            failure=one.row.failure,
        )
        for one in judged
        if one.row.failure is not None
    ]
    _show(path.name, verdicts)
    _show_proposals(_proposals(verdicts, settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A row and what triage makes of it."""

    row: Row
    assessment: Assessment

    @property
    def permille(self) -> int:
        """The probability of a failure; where the model has none, what the lane stands for."""
        found = self.assessment.score_permille
        if found is not None:
            return found
        if any(reason.rule == "comment.fine" for reason in self.assessment.reasons):
            return _LISTS_FIND_NOTHING
        return _STANDS_FOR[self.assessment.lane]

    def plain(self) -> dict[str, Any]:
        """Give what programs read."""
        return {
            "row": self.row.number,
            "score": self.permille / 1_000,
            "lane": self.assessment.lane.value,
            "categories": list(self.assessment.categories),
            "severity": self.assessment.severity,
        }


_LISTS_FIND_NOTHING = 150
"""In a language that only the lists know: a person looks, but nothing speaks for a failure."""
_STANDS_FOR = {"ticket": 900, "review": 500, "count": 100, "park": 0}


def judge(row: Row, settings: TriageSettings) -> Assessment:
    """Judge a row as the answer of a survey."""
    facts: dict[str, Fact] = {"question": row.question} if row.question else {}
    signal = Signal(
        tenant="file",
        source=row.source,
        natural_key=str(row.number),
        locator="",
        channel=Channel.SURVEY,
        event_time=None,
        contact=_NOBODY,
        text=row.text,
        facts=facts,
    )
    return assess(signal, settings)


def _triage(config: Path | None) -> TriageSettings:
    if config is None and not os.environ.get(PATH_VARIABLE):
        return TriageSettings()
    section = load_reading(config, frozenset()).sections.get("triage")
    return section if isinstance(section, TriageSettings) else TriageSettings()


def _proposals(verdicts: Sequence[Verdict], settings: TriageSettings) -> list[Proposal]:
    sources = sorted({one.source for one in verdicts})
    found = (
        propose(
            source,
            [one for one in verdicts if one.source == source],
            settings.comments.of(source),
        )
        for source in sources
    )
    return [one for one in found if one is not None]


def _by_verdicts(config: Path | None, *, as_json: bool) -> None:
    settings = load(config)
    store = open_state(settings, "reader")
    try:
        with store.read() as connection:
            said = team(connection)
            drifts = drifting(connection, store.clock().date())
    finally:
        store.close()
    proposals = _proposals(said.verdicts, settings.triage)
    if as_json:
        found = {
            **_figures(said.verdicts),
            "judged_otherwise": said.others,
            "changed_by_people": said.changed,
            "changes_by_people": dict(said.changes),
            "weeks": said.weeks,
            "proposals": [_plain(one) for one in proposals],
            "drift": [asdict(one) for one in drifts],
        }
        echo_json(found)
        return
    _show(f"verdicts of your team over {_count(said.weeks, 'week')}", said.verdicts)
    which = ", ".join(f"{printable(name)} {number:,}" for name, number in said.changes.items())
    click.echo(
        f"{_count(said.others, 'judged case')} had no probability (mails, calls, erased); people "
        f"changed properties of {_count(said.changed, 'ticket')}{f' ({which})' if which else ''}."
    )
    click.echo("What was counted only gets no verdict: failures missed there are not known.")
    _show_proposals(proposals, said.weeks)
    for drift in drifts:
        click.echo(
            f"{printable(drift.source)}: tickets and second looks were {drift.before_percent} % of "
            f"its comments and are {drift.recent_percent} % lately. Have its questions changed?"
        )


def _plain(proposal: Proposal) -> dict[str, Any]:
    found = asdict(proposal)
    for name in ("now", "proposed"):
        found[name] = getattr(proposal, name).model_dump(
            include={"ticket_permille", "review_permille"}
        )
    return found


def _figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    found = confusion(verdicts)
    return {
        "judged": len(verdicts),
        "failures": found.failures,
        "precision": found.precision,
        "recall": found.recall,
        "seen": found.seen,
        "average_precision": average_precision(verdicts),
        "confusion": asdict(found),
    }


def _show(name: str, verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        click.echo(f"{printable(name)}: nobody has said yet which comments are failures")
        return
    found = confusion(verdicts)
    click.echo(f"{printable(name)}: {_count(len(verdicts), 'comment')}, {found.failures} failures")
    console().print(
        table(
            ("lane", "failures", "fine"),
            [
                ("ticket", found.ticket_right, found.ticket_wrong),
                ("second look", found.review_right, found.review_wrong),
                ("counted", found.missed, found.let_pass),
            ],
        )
    )
    area = average_precision(verdicts)
    click.echo(
        f"tickets that are failures {_percent(found.precision)}, failures with a ticket "
        f"{_percent(found.recall)}, failures seen {_percent(found.seen)}, area under precision "
        f"and recall {'-' if area is None else f'{area:.3f}'}"
    )


def _show_proposals(proposals: Sequence[Proposal], weeks: int = 0) -> None:
    for one in proposals:
        per = f" a week (over {_count(weeks, 'week')})" if weeks else ""
        div = weeks or 1
        click.echo(
            f"{printable(one.source)}: ticket_permille = {one.proposed.ticket_permille} (now "
            f"{one.now.ticket_permille}), review_permille = {one.proposed.review_permille} (now "
            f"{one.now.review_permille}) would have made {_more(one.tickets / div, 'ticket')}, "
            f"{_more(one.reviews / div, 'second look')} and {_more(one.missed / div, 'missed')}"
            f"{per}; set it under [triage.comments.sources.{printable(one.source)}]"
        )


def _more(change: float, what: str) -> str:
    number = f"{abs(change):.0f}" if abs(change) >= 1 or not change else f"{abs(change):.1f}"
    plural = "" if what == "missed" or number == "1" else "s"
    return f"{number} {'fewer' if change < 0 else 'more'} {what}{plural}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
