"""Triage beside the team's verdicts: confusion, proposals, and whether comments have changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Any, Final

from sqlalchemy.engine import Connection, Row

from connector.domain.assessment import Lane
from connector.store import codec, content, edits, verdicts
from connector.triage.evaluation import Verdict

RECENT: Final = timedelta(days=28)
"""The last four weeks are compared ..."""
BEFORE: Final = timedelta(days=84)
"""... with the twelve before them."""
LEAST_EACH: Final = 50
"""With fewer comments in either span nothing is said."""
STRIKING: Final = 3.0
"""So many standard errors apart are no chance."""
LEAST_POINTS: Final = 5
"""A smaller shift, in percent points, is not worth a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """What the team said."""

    verdicts: tuple[Verdict, ...]
    """Of comments that the model had weighed."""
    others: int
    """Judged cases without a probability: mails, calls, erased ones."""
    changed: int
    """Judged cases in which somebody changed priority, category or severity."""
    changes: Mapping[str, int]
    """How many cases for each property that somebody changed (`severity`, `field:...`)."""
    weeks: int
    """From the first of these cases to the last, at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A source whose comments are judged otherwise than before."""

    source: str
    before_percent: int
    """Share of tickets and second looks in the weeks before."""
    recent_percent: int
    """Likewise lately."""


def team(connection: Connection) -> Team:
    """Read what the team said about cases that a comment opened."""
    rows = verdicts.judged(connection)
    bodies = content.get_all(connection, {row.assessment_id for row in rows})
    found = [one for row in rows if (one := _verdict(row, bodies.get(row.assessment_id)))]
    span = rows[-1].opened_at - rows[0].opened_at if rows else timedelta()
    theirs = [edits.theirs(connection, row.case_id) for row in rows]
    return Team(
        verdicts=tuple(found),
        others=len(rows) - len(found),
        changed=sum(map(bool, theirs)),
        changes=dict(sorted(Counter(name for names in theirs for name in names).items())),
        weeks=max(1, round(span / timedelta(days=7))),
    )


def _verdict(row: Row[Any], body: bytes | None) -> Verdict | None:
    assessment = codec.assessment_from(body) if body else None
    if assessment is None or assessment.score_permille is None:
        return None
    return Verdict(
        source=row.source,
        permille=assessment.score_permille,
        lane=assessment.lane,
        failure=row.close_reason != verdicts.WRONG,
    )


def drifting(connection: Connection, today: date) -> list[Drift]:
    """Name the sources whose share of tickets and second looks moved too far to be chance."""
    counts: dict[str, list[list[int]]] = defaultdict(lambda: [[0, 0], [0, 0]])
    for row in verdicts.lanes_by_day(connection):
        age = today - date.fromisoformat(row.day)
        if age >= RECENT + BEFORE:
            continue
        span = counts[row.source][age < RECENT]
        span[0] += row.number if row.lane != Lane.COUNT.value else 0
        span[1] += row.number
    return list(_striking(sorted(counts.items())))


def _striking(counts: Iterable[tuple[str, Sequence[Sequence[int]]]]) -> Iterable[Drift]:
    for source, ((old, old_all), (new, new_all)) in counts:
        if min(old_all, new_all) < LEAST_EACH:
            continue
        before, recent = old / old_all, new / new_all
        pooled = (old + new) / (old_all + new_all)
        error = sqrt(pooled * (1 - pooled) * (1 / old_all + 1 / new_all))
        apart = abs(recent - before)
        if error and apart / error >= STRIKING and apart * 100 >= LEAST_POINTS:
            yield Drift(
                source=source,
                before_percent=round(100 * before),
                recent_percent=round(100 * recent),
            )
