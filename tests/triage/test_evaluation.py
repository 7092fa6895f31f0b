"""Confusion, area and proposals: plain arithmetic on verdicts."""

import pytest

from connector.domain.assessment import Lane
from connector.triage.evaluation import Verdict, average_precision, confusion, propose
from connector.triage.model.settings import Thresholds

NOW = Thresholds()


def said(permille, *, failure, source="survey"):
    lane = Lane.TICKET if permille >= 600 else Lane.REVIEW if permille >= 180 else Lane.COUNT
    return Verdict(source=source, permille=permille, lane=lane, failure=failure)


def test_tickets_second_looks_and_what_was_missed_are_told_apart():
    found = confusion(
        [
            said(900, failure=True),
            said(900, failure=False),
            said(300, failure=True),
            said(50, failure=True),
            said(50, failure=False),
        ]
    )
    assert (found.precision, found.recall, found.seen) == (1 / 2, 1 / 3, 2 / 3)
    assert (found.missed, found.let_pass) == (1, 1)


def test_nothing_is_said_of_no_verdicts():
    found = confusion([])
    assert (found.precision, found.recall, average_precision([])) == (None, None, None)


def test_the_area_is_the_one_that_scikit_learn_computes():
    metrics = pytest.importorskip("sklearn.metrics", reason="only `make model` installs it")
    verdicts = [said((index * 379) % 1000, failure=index % 3 == 0) for index in range(200)]
    verdicts += verdicts[:20]  # ties
    theirs = metrics.average_precision_score(
        [one.failure for one in verdicts], [one.permille for one in verdicts]
    )
    assert average_precision(verdicts) == pytest.approx(theirs)


def test_wrong_tickets_raise_the_threshold_and_the_effect_is_told():
    verdicts = [said(650, failure=False)] * 12 + [said(900, failure=True)] * 40
    found = propose("survey", verdicts, NOW)
    assert found is not None
    assert 650 < found.proposed.ticket_permille <= 900
    assert (found.tickets, found.wrong_tickets, found.missed) == (-12, -12, 0)


def test_too_few_verdicts_propose_nothing():
    assert propose("survey", [said(900, failure=True)] * 100, NOW) is None
    few = [said(650, failure=False)] * 6 + [said(900, failure=True)] * 6
    assert propose("survey", few, NOW) is None


def test_no_proposal_shows_less_than_is_looked_at_now():
    verdicts = [said(200, failure=True)] * 30 + [said(190, failure=False)] * 30
    found = propose("survey", verdicts, NOW)
    assert found is None or found.proposed.review_permille >= NOW.review_permille
