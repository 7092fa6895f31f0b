"""How well lanes and probabilities fit what people said afterwards; pure arithmetic on numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from connector.domain.assessment import Lane
from connector.triage.model.settings import Thresholds

WANTED_PRECISION: Final = 0.9
"""Proposed thresholds make so many of the tickets failures ..."""

WANTED_RECALL: Final = 0.95
"""... and let so many of the failures be seen at all."""

ENOUGH: Final = 30
"""With fewer verdicts, or fewer than ENOUGH_EACH of either kind, nothing is proposed."""

ENOUGH_EACH: Final = 5

_STEP: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One comment, what triage made of it and what a person says."""

    source: str
    permille: int
    """The model's probability of a failure."""
    lane: Lane
    failure: bool
    """What the person says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How lanes and truth fall together."""

    ticket_right: int
    """Tickets that are failures."""
    ticket_wrong: int
    review_right: int
    """Second looks that are failures."""
    review_wrong: int
    missed: int
    """Failures that were counted only."""
    let_pass: int
    """Fine comments that were counted."""

    @property
    def failures(self) -> int:
        """How many failures there are."""
        return self.ticket_right + self.review_right + self.missed

    @property
    def precision(self) -> float | None:
        """Share of tickets that are failures; None without tickets."""
        return _share(self.ticket_right, self.ticket_right + self.ticket_wrong)

    @property
    def recall(self) -> float | None:
        """Share of failures that became tickets."""
        return _share(self.ticket_right, self.failures)

    @property
    def seen(self) -> float | None:
        """Share of failures that became tickets or second looks."""
        return _share(self.ticket_right + self.review_right, self.failures)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def confusion(verdicts: Iterable[Verdict]) -> Confusion:
    """Count."""
    counts = {(lane, failure): 0 for lane in Lane for failure in (True, False)}
    for one in verdicts:
        counts[one.lane, one.failure] += 1
    return Confusion(
        ticket_right=counts[Lane.TICKET, True],
        ticket_wrong=counts[Lane.TICKET, False],
        review_right=counts[Lane.REVIEW, True],
        review_wrong=counts[Lane.REVIEW, False],
        missed=counts[Lane.COUNT, True] + counts[Lane.PARK, True],
        let_pass=counts[Lane.COUNT, False] + counts[Lane.PARK, False],
    )


def average_precision(verdicts: Sequence[Verdict]) -> float | None:
    """Give the area under precision over recall by probability; None without failures.

    Ties count together, as scikit-learn's `average_precision_score` has them.
    """
    failures = sum(one.failure for one in verdicts)
    if not failures:
        return None
    by_score: dict[int, list[int]] = {}
    for one in verdicts:
        pair = by_score.setdefault(one.permille, [0, 0])
        pair[0] += one.failure
        pair[1] += 1
    area, right, asked = 0.0, 0, 0
    for permille in sorted(by_score, reverse=True):
        more, among = by_score[permille]
        right += more
        asked += among
        area += (more / failures) * (right / asked)
    return area


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Other thresholds for one source, and what they would have changed."""

    source: str
    now: Thresholds
    proposed: Thresholds
    verdicts: int
    tickets: int
    """More tickets than now (fewer: below zero), among the comments that people judged."""
    reviews: int
    """More second looks than now."""
    missed: int
    """More failures that nobody would have looked at."""
    wrong_tickets: int
    """More tickets that are no failures."""


def propose(source: str, verdicts: Sequence[Verdict], now: Thresholds) -> Proposal | None:
    """Propose thresholds for one source; None when people said too little, or now is best."""
    failures = sum(one.failure for one in verdicts)
    if len(verdicts) < ENOUGH or min(failures, len(verdicts) - failures) < ENOUGH_EACH:
        return None
    ticket = _ticket_threshold(verdicts, now.ticket_permille)
    review = min(_review_threshold(verdicts, failures, now.review_permille), ticket)
    if (ticket, review) == (now.ticket_permille, now.review_permille):
        return None
    proposed = Thresholds(ticket_permille=ticket, review_permille=review)
    before, after = (confusion(_with(verdicts, one)) for one in (now, proposed))
    return Proposal(
        source=source,
        now=now,
        proposed=proposed,
        verdicts=len(verdicts),
        tickets=_tickets(after) - _tickets(before),
        reviews=_reviews(after) - _reviews(before),
        missed=after.missed - before.missed,
        wrong_tickets=after.ticket_wrong - before.ticket_wrong,
    )


def _with(verdicts: Sequence[Verdict], thresholds: Thresholds) -> list[Verdict]:
    """Give the verdicts with the lanes that these thresholds alone make."""
    return [
        Verdict(
            source=one.source,
            permille=one.permille,
            lane=_lane(one.permille, thresholds),
            failure=one.failure,
        )
        for one in verdicts
    ]


def _lane(permille: int, thresholds: Thresholds) -> Lane:
    if permille >= thresholds.ticket_permille:
        return Lane.TICKET
    return Lane.REVIEW if permille >= thresholds.review_permille else Lane.COUNT


def _tickets(found: Confusion) -> int:
    return found.ticket_right + found.ticket_wrong


def _reviews(found: Confusion) -> int:
    return found.review_right + found.review_wrong


def _ticket_threshold(verdicts: Sequence[Verdict], now: int) -> int:
    """Find the lowest threshold from which tickets are right often enough; else the present one."""
    for permille in range(_STEP, 1_001, _STEP):
        above = [one.failure for one in verdicts if one.permille >= permille]
        # two more, one of each kind, keep a handful of lucky ones from deciding
        if (sum(above) + 1) / (len(above) + 2) >= WANTED_PRECISION:
            return permille
    return now


def _review_threshold(verdicts: Sequence[Verdict], failures: int, now: int) -> int:
    """Find the highest threshold that still shows enough failures, never below what is seen now.

    What was counted got no verdict, so nothing is known about it.
    """
    for permille in range(1_000, now, -_STEP):
        seen = sum(one.failure for one in verdicts if one.permille >= permille)
        if seen >= WANTED_RECALL * failures:
            return permille
    return now
