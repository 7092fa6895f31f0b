"""What counts as evidence of the four steps, and what a closed case lacks."""

from __future__ import annotations

from connector.recovery.evidence import MISSING, missing, read

ALL = {
    "first_contact": "reached",
    "step_apologize": "yes",
    "step_review": "yes",
    "step_fix": "yes",
    "step_document": "yes",
    "root_cause": "workflow",
    "told_change": "yes",
}


def test_fields_are_read_by_code_or_by_title_whatever_the_product_shows() -> None:
    found = read(
        {
            "first_contact": "Spoken with the person",
            "step_apologize": "True",
            "step_review": "1",
            "step_fix": "false",
            "root_cause": "STAFFING",
            "change_made": "A second person answers the phone on Mondays.",
            "place": "Front desk",
            "severity": "3 high",
        }
    )

    assert found == {
        "first_contact": "reached",
        "step_apologize": "yes",
        "step_review": "yes",
        "root_cause": "staffing",
        "change_made": "filled",
        "place": "front_desk",
    }


def test_words_of_agents_never_become_evidence_themselves() -> None:
    assert read({"root_cause_text": "Mrs Smith was angry"}) == {"root_cause_text": "filled"}
    assert read({"root_cause": "whatever I like"}) == {}


def test_a_case_with_all_four_steps_is_recovered() -> None:
    assert missing(ALL, 3, contacted=False) == ()


def test_a_voicemail_is_no_contact() -> None:
    assert missing({**ALL, "first_contact": "attempted"}, 3, contacted=False) == ("first_contact",)


def test_a_reply_that_the_helpdesk_shows_needs_no_field() -> None:
    evidence = {name: code for name, code in ALL.items() if name != "first_contact"}

    assert missing(evidence, 3, contacted=True) == ()


def test_a_low_case_needs_no_cause() -> None:
    evidence = {name: code for name, code in ALL.items() if name.startswith("step_")}

    assert missing(evidence, 1, contacted=True) == ()
    assert missing(evidence, 2, contacted=True) == ("root_cause", "told_change")


def test_a_person_who_cannot_be_reached_need_not_have_been_told() -> None:
    evidence = {
        "first_contact": "unable_to_reach",
        "step_review": "yes",
        "step_fix": "yes",
        "step_document": "yes",
        "root_cause": "none_found",
    }

    assert missing(evidence, 3, contacted=False) == ()


def test_whatever_may_be_missing_has_words_for_agents() -> None:
    assert {*missing({}, 4, contacted=False), "letter_sent", "tries"} == set(MISSING)
