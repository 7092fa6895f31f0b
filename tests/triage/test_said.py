"""What people say when it is grave, in many voices; see docs/triage.md for how it is measured."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest
from triage.builders import answer

from connector.domain.assessment import Lane
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

SAID = Path(__file__).parent / "said"
USUAL = TriageSettings()
LEAST_FOUND = 0.98
"""Of all phrases; with a perfect score of the survey, which must not talk them down."""


def table(name):
    return tomllib.loads((SAID / f"{name}.toml").read_text(encoding="utf-8"))


def groups(text):
    assessment = assess(answer(text, score=10, score_kind="nps"), USUAL)
    return {rule.rule for rule in assessment.reasons if rule.rule.startswith("safety.")}


def held_out(text):
    """Tell whether a phrase belongs to the half that was not looked at while rules were written."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


@pytest.mark.parametrize("group", sorted(table("safety")))
def test_nearly_everything_grave_is_found_whatever_the_score(group):
    missed = [text for text in table("safety")[group] if not groups(text)]
    assert len(missed) <= (1 - LEAST_FOUND) * len(table("safety")[group]) + 1, missed


def test_what_was_kept_aside_is_found_nearly_as_often_as_the_rest():
    aside = [text for texts in table("safety").values() for text in texts if held_out(text)]
    assert sum(map(bool, map(groups, aside))) / len(aside) > 0.96


@pytest.mark.parametrize("group", sorted(table("indirect")))
def test_what_is_said_in_passing_is_found_too(group):
    missed = [text for text in table("indirect")[group] if not groups(text)]
    assert len(missed) <= 2, missed


@pytest.mark.parametrize("group", sorted(table("plain")))
def test_what_is_said_plainly_is_found(group):
    assert [text for text in table("plain")[group] if not groups(text)] == []


@pytest.mark.parametrize("group", sorted(table("outsider")))
def test_what_an_outsider_found_missing_is_found_in_other_words(group):
    assert [text for text in table("outsider")[group] if not groups(text)] == []


def test_grave_words_are_tickets_of_severity_three_at_least():
    for texts in table("safety").values():
        for text in filter(groups, texts):
            assessment = assess(answer(text, score=5, score_kind="stars5"), USUAL)
            assert assessment.lane is Lane.TICKET
            assert assessment.severity >= 3


@pytest.mark.parametrize("text", table("harmless")["harmless"])
def test_what_only_sounds_grave_pages_nobody(text):
    assert groups(text) == set()
