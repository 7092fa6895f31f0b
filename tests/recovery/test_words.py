"""The words of the tickets: complete, decent, and never more than words."""

from __future__ import annotations

import pytest
from recovery.builders import USUAL

from connector.domain.taxonomy import TAXONOMY, floor_of, group_of, rank
from connector.recovery import tags
from connector.recovery.lint import faults
from connector.recovery.playbook import PLAYBOOK, play_for
from connector.recovery.settings import RecoverySettings


def test_every_category_has_a_play_and_every_play_a_category():
    assert set(PLAYBOOK) == set(TAXONOMY)
    assert len(TAXONOMY) == 18


@pytest.mark.parametrize("key", TAXONOMY)
def test_each_play_fills_all_four_steps(key):
    play = play_for(key)
    assert play.title
    assert len(play.title) <= 60
    assert play.say.endswith(".")
    assert play.review
    assert play.fix
    assert play.document
    for line in (*play.review, *play.fix, *play.document):
        assert line == line.strip()
        assert "{" not in line


@pytest.mark.parametrize("key", TAXONOMY)
def test_what_is_said_to_a_patient_passes_the_lint(key):
    play = play_for(key)
    assert list(faults(play.say, clinical=play.clinical)) == []


def test_clinical_plays_are_marked():
    assert {key for key, play in PLAYBOOK.items() if play.clinical} == {
        "clinical.quality",
        "clinical.safety",
    }


@pytest.mark.parametrize(
    "text",
    [
        "We are sorry if you feel that way.",
        "I am sorry that you feel upset.",
        "Sorry for any inconvenience.",
        "You did not bring the form.",
        "The nurse was wrong.",
        "That was negligent.",
        "I guarantee that it will be better.",
        "She will be fired.",
        "You get it free of charge.",
        "Please take down your review.",
        "Ask your attorney.",
        "See our special offer.",
        "Your test results were late.",
        "Dear {name}, call us.",
        "https://portal.example/x?patient=1",
    ],
)
def test_forbidden_phrases_are_found(text):
    assert list(faults(text))


def test_fault_may_be_owned_for_service_but_not_for_care():
    text = "I am sorry. That is ours to put right."
    assert list(faults(text)) == []
    assert list(faults(text, clinical=True))


def test_the_leading_category_has_the_highest_floor_then_most_evidence():
    assert rank({"visit.wait": 9, "people.courtesy": 1}) == ("people.courtesy", "visit.wait")
    assert rank({"visit.wait": 1, "billing.money": 3}) == ("billing.money", "visit.wait")
    assert rank({"billing.money": 2, "visit.wait": 2}) == ("visit.wait", "billing.money")
    assert rank({"other.unclassified": 9, "visit.wait": 1}) == ("visit.wait",)
    assert rank({}) == rank({"no.such": 3}) == ("other.unclassified",)


def test_the_most_protective_group_wins():
    assert group_of(["visit.wait", "people.rights", "clinical.safety"]) == "safety"
    assert group_of(["visit.wait", "people.rights"]) == "confidential"
    assert group_of(["visit.wait", "clinical.quality"]) == group_of([]) == "service"


def test_floors_are_those_of_the_taxonomy():
    assert floor_of(["visit.wait", "comm.not_heard"]) == 2
    assert floor_of([]) == 1
    assert {row.floor for row in TAXONOMY.values()} == {1, 2, 3, 4}
    assert TAXONOMY["clinical.safety"].floor == 4


def test_tags_are_a_closed_set_without_times():
    assert all(tag == "amends" or tag.startswith("amends_") for tag in tags.ALL)
    assert all(tag.isascii() and tag == tag.lower() and " " not in tag for tag in tags.ALL)
    assert tags.category_tag("access.phone_maze") == "amends_cat_access_phone_maze"
    assert tags.category_tags(["visit.wait", "made.up"]) == ("amends_cat_visit_wait",)
    assert tags.severity_tag(0) == "amends_sev_1"
    assert tags.severity_tag(9) == "amends_sev_4"
    assert len(tags.ALL) == 23 + 4 + 18


def test_operators_lines_hold_no_line_breaks():
    with pytest.raises(ValueError, match="pattern"):
        RecoverySettings(owners={"visit.wait": "a\nb"})
    assert USUAL.empowerment == {}
