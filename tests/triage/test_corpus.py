"""Ten thousand comments of patients, where they are at hand: how much the rules find.

The file is not part of the project (it names clinicians); without it these tests are skipped.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from triage.builders import answer, mail

from connector.domain.assessment import Lane
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

COMMENTS = Path(__file__).parents[3] / "shared" / "corpora" / "triage" / "patient_comments.csv"
USUAL = TriageSettings()
SAFETY_ON_ORDINARY = 0.017
"""The rate of a list written for this purpose; more would page people for nothing."""

pytestmark = pytest.mark.skipif(
    not COMMENTS.is_file(), reason="the collection of patients' comments is not on this machine"
)


@pytest.fixture(scope="module")
def judged():
    with COMMENTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(row["needs_recovery"], assess(answer(row["text"]), USUAL), row) for row in rows]


def safety(assessment):
    return any(reason.rule.startswith("safety.") for reason in assessment.reasons)


def test_safety_words_are_rare_in_ordinary_comments(judged):
    ordinary = [assessment for label, assessment, _ in judged if label == "0"]
    assert sum(map(safety, ordinary)) / len(ordinary) < SAFETY_ON_ORDINARY


def test_most_failures_are_seen_by_words_alone_and_few_others_are(judged, record_property):
    failures = [one.lane for label, one, _ in judged if label == "1"]
    fine = [one.lane for label, one, _ in judged if label == "0"]
    found = sum(lane is not Lane.COUNT for lane in failures)
    wrong = sum(lane is not Lane.COUNT for lane in fine)
    tickets = sum(lane is Lane.TICKET for lane in failures)
    wrong_tickets = sum(lane is Lane.TICKET for lane in fine)
    for name, value in (
        ("recall", found / len(failures)),
        ("precision", found / (found + wrong)),
        ("ticket_precision", tickets / (tickets + wrong_tickets)),
    ):
        record_property(name, round(value, 3))
    assert found / len(failures) > 0.70
    assert found / (found + wrong) > 0.73
    assert tickets / (tickets + wrong_tickets) > 0.85


def test_no_failure_written_as_a_mail_is_taken_for_thanks(judged):
    counted = [
        row["rid"]
        for label, _, row in judged
        if label == "1" and assess(mail(row["text"]), USUAL).lane is Lane.COUNT
    ]
    assert counted == []
