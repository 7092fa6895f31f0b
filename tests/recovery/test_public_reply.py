"""What may be said in public: nothing that lets anybody guess who is a patient."""

from __future__ import annotations

from dataclasses import replace

import pytest
from recovery.builders import PRACTICE, USUAL, case, heard, signal

from connector.domain.signal import Channel
from connector.recovery import public_reply
from connector.recovery.lint import public_faults


@pytest.mark.parametrize("phone", ["", "+13035550142"])
def test_the_draft_is_clean_and_says_how_to_be_heard(phone):
    words = public_reply.draft(replace(PRACTICE, phone=phone), USUAL, "en", "visit.wait")
    assert list(public_faults(words)) == []
    assert "call" in words
    assert phone in words


@pytest.mark.parametrize(
    "words",
    [
        "Thank you for your visit.",
        "We are sorry about your appointment on Monday.",
        "As a patient of ours you know that we are busy.",
        "We have no record of you.",
        "Your experience does not match our files.",
        "We would be glad to see you again soon.",
        "Our nurse helped you within ten minutes.",
        "You were seen by Dr. Poe.",
        "We apologize for any inconvenience.",
        "Please remove your review.",
    ],
)
def test_what_gives_a_patient_away_is_found(words):
    assert list(public_faults(words))


def test_a_review_gets_a_draft_and_nothing_of_it_is_the_patients():
    told = heard(signal("My surgery with Dr. Poe was late", channel=Channel.REVIEW))
    (note,) = public_reply.notes(case(), told, PRACTICE, USUAL)
    assert "amends posts nothing" in note.text
    assert "surgery" not in note.text
    assert "Poe" not in note.text


@pytest.mark.parametrize(
    ("channel", "facts"), [(Channel.SURVEY, {}), (Channel.REVIEW, {"answered": True})]
)
def test_there_is_no_draft_for_what_is_not_public_or_answered(channel, facts):
    assert (
        public_reply.notes(case(), heard(signal(channel=channel, facts=facts)), PRACTICE, USUAL)
        == ()
    )
