"""What hides behind kind words: irony, praise that names nothing, a wish to be called."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from triage.builders import answer, mail

from connector.domain.assessment import Lane
from connector.triage.assess import assess
from connector.triage.explain import explanation
from connector.triage.settings import TriageSettings

USUAL = TriageSettings()


def judged(text, **facts):
    return assess(answer(text, **facts), USUAL)


def rules(text, **facts):
    return {reason.rule for reason in judged(text, **facts).reasons}


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for nothing.",
        "Must be nice to close for two hours every lunchtime.",
        "Good luck getting through to a human being",
        "Oh great, another form.",
        "Gotta love paying for a chair with a view of the car park.",
    ],
)
def test_irony_is_read_by_a_person_also_beside_a_good_score(text):
    assert judged(text).lane in {Lane.REVIEW, Lane.TICKET}
    assert judged(text, score=9, score_kind="nps").lane is not Lane.COUNT
    assert "signal.irony" in rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "I love this practice, and the nurses most of all.",
        "Congratulations to the whole team!",
        "The best part was the warm welcome.",
        "Great doctor. Lovely staff. Thank you!",
    ],
)
def test_plain_praise_is_not_taken_for_irony(text):
    assert "signal.irony" not in rules(text)
    assert judged(text).lane is Lane.COUNT


@pytest.mark.parametrize("text", ["Nothing.", "not a lot", "Absolutely nothing, to be honest"])
def test_who_is_asked_for_praise_and_names_nothing_is_read_by_a_person(text):
    assert judged(text, question="What did we do well?").lane is not Lane.COUNT
    assert judged(text, question="What could we do better?").lane is Lane.COUNT


@pytest.mark.parametrize("text", ["Nothing was too much trouble", "A lot!", "Nothing wrong at all"])
def test_praise_that_begins_with_nothing_is_praise(text):
    assert "comment.nothing_good" not in rules(text, question="What did we do well?")


@pytest.mark.parametrize(
    "text",
    [
        "Lovely visit as always. Could somebody please ring me about my scan?",
        "All great. I would like a call from the practice manager.",
        "Everyone was kind, thank you. Please call me.",
    ],
)
def test_who_asks_for_a_call_gets_a_ticket_at_any_score(text):
    assessment = judged(text, score=10, score_kind="nps")
    assert assessment.lane is Lane.TICKET
    assert "signal.callback" in {one.rule for one in assessment.reasons if one.severity}


@pytest.mark.parametrize(
    "text",
    [
        "The doctor called me back within the hour, brilliant.",
        "They always return my calls and text me when the prescription is ready.",
        "She was lovely on the phone and put me at ease.",
        "Please do not call me. All good.",
        "All fine, please stop calling me.",
    ],
)
def test_who_was_called_back_asks_for_nothing(text):
    assert "signal.callback" not in rules(text)


def test_an_explanation_says_who_or_what_is_spoken_of():
    page = "\n".join(
        explanation(assess(mail("The receptionist was rude and the toilet was filthy."), USUAL))
    )
    assert "What is spoken of: the staff, the place and its equipment." in page


NAMED = TriageSettings(staff=("Dr. Chen", "Nurse Amy"))


def thanked(text):
    reasons = assess(answer(text), NAMED).reasons
    return [one.evidence for one in reasons if one.rule == "signal.thanks_to"]


def test_kind_words_thank_listed_staff_as_the_list_writes_them():
    assert thanked("Dr Chen was wonderful and so was nurse amy!") == ["Dr. Chen", "Nurse Amy"]
    assert thanked("Thank you, Dr. Chen, you are the best") == ["Dr. Chen"]


def test_nobody_is_thanked_who_is_not_listed_or_not_praised():
    assert thanked("Dr. Brown was wonderful, thank you so much") == []
    assert thanked("Dr. Chen was rude and dismissive and never called me back.") == []


def test_a_title_alone_is_no_name():
    with pytest.raises(ValidationError, match="no name in Dr"):
        TriageSettings(staff=("Dr.",))
