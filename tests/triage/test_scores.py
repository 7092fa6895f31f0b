"""Scores: every scale turned so that high is good."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from triage.builders import answer, heard

from connector.domain.assessment import Lane
from connector.domain.signal import Channel
from connector.triage.assess import assess
from connector.triage.settings import ScoreLimits, TriageSettings

USUAL = TriageSettings()


def judged(text="", **facts):
    assessment = assess(answer(text, **facts), USUAL)
    return assessment.lane, assessment.reasons[0].rule


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"score": 0, "score_kind": "nps"}, "score.nps_strong"),
        ({"score": 3, "score_kind": "nps"}, "score.nps_strong"),
        ({"score": 4, "score_kind": "nps"}, "score.nps_low"),
        ({"score": 6, "score_kind": "nps"}, "score.nps_low"),
        ({"score": "6 - likely", "score_kind": "nps"}, "score.nps_low"),
        ({"score": 1, "score_kind": "csat5"}, "score.csat_strong"),
        ({"score": 2, "score_kind": "stars5"}, "score.stars_low"),
        ({"score": "ONE", "score_kind": "stars"}, "score.stars_strong"),
        ({"score": "Very poor", "score_kind": "fft"}, "score.fft_strong"),
        ({"score": "Extremely unlikely", "score_kind": "fft"}, "score.fft_strong"),
        ({"score": "poor", "score_kind": "fft"}, "score.fft_low"),
        ({"score": 5, "score_kind": "fft", "score_min": 5, "score_max": 1}, "score.fft_strong"),
        ({"score": 3, "score_kind": "ces"}, "score.ces_low"),
        ({"score": 2, "score_kind": "ces7"}, "score.ces_strong"),
        ({"score": 6, "score_kind": "ces", "score_min": 7, "score_max": 1}, "score.ces_strong"),
        ({"score": 20, "score_kind": "csat", "score_min": 0, "score_max": 100}, "score.csat_low"),
        ({"score": 3, "score_kind": "smileys", "score_min": 1, "score_max": 6}, "score.other_low"),
        ({"score": 1, "score_kind": "cahps4"}, "score.cahps_strong"),
        ({"score": 2, "score_kind": "cahps4"}, "score.cahps_low"),
        ({"score": 3, "score_kind": "cahps10"}, "score.rating_strong"),
        ({"score": 6, "score_kind": "cahps10"}, "score.rating_low"),
        ({"score": 0, "score_kind": "yes_no", "score_min": 0, "score_max": 1}, "score.yes_no_low"),
        ({"score": 1, "score_kind": "yes_no", "score_min": 1, "score_max": 0}, "score.yes_no_low"),
        ({"score": 0, "score_kind": "thumbs"}, "score.thumbs_low"),
        ({"score": 1, "score_kind": "faces"}, "score.faces_strong"),
        ({"score": 2, "score_kind": "faces"}, "score.faces_low"),
        ({"score": 1, "score_kind": "ces5", "score_min": 1, "score_max": 5}, "score.ces_strong"),
        ({"score": 2, "score_kind": "ces5", "score_min": 1, "score_max": 5}, "score.ces_low"),
        (
            {"score": 9, "score_kind": "nps", "score_2": 1, "score_kind_2": "csat5"},
            "score.csat_strong",
        ),
        ({"score": "2,5", "score_kind": "x", "score_min": 0, "score_max": 10}, "score.other_low"),
        ({"score": "thumbs down"}, "score.other_strong"),
    ],
)
def test_a_bad_score_is_a_ticket(facts, rule):
    assert judged(**facts) == (Lane.TICKET, rule)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"score": 7, "score_kind": "nps"}, "score.nps_neutral"),
        ({"score": 8, "score_kind": "nps"}, "score.nps_neutral"),
        ({"score": 9, "score_kind": "nps"}, "score.nps_good"),
        ({"score": 3, "score_kind": "csat5"}, "score.csat_neutral"),
        ({"score": 5, "score_kind": "stars5"}, "score.stars_good"),
        ({"score": "Neither good nor poor", "score_kind": "fft"}, "score.fft_neutral"),
        ({"score": 1, "score_kind": "fft", "score_min": 5, "score_max": 1}, "score.fft_good"),
        ({"score": 7, "score_kind": "ces"}, "score.ces_good"),
        ({"score": 3, "score_kind": "cahps4"}, "score.cahps_neutral"),
        ({"score": 9, "score_kind": "cahps10"}, "score.rating_good"),
        ({"score": 1, "score_kind": "yes_no", "score_min": 0, "score_max": 1}, "score.yes_no_good"),
        ({"score": 1, "score_kind": "thumbs"}, "score.thumbs_good"),
        ({"score": 3, "score_kind": "ces5", "score_min": 1, "score_max": 5}, "score.ces_neutral"),
        ({"score": "Don't know", "score_kind": "fft"}, "comment.none"),
        ({"score": "", "score_kind": "nps"}, "comment.none"),
        ({}, "comment.none"),
    ],
)
def test_other_scores_without_a_word_are_counted(facts, rule):
    assert judged(**facts) == (Lane.COUNT, rule)


@pytest.mark.parametrize(
    "facts",
    [
        {"score": 99, "score_kind": "nps"},
        {"score": -1, "score_kind": "csat5"},
        {"score": 3, "score_kind": "fft"},
        {"score": 3, "score_kind": "unheard of"},
        {"score": 3, "score_kind": "nps", "score_min": 5, "score_max": 5},
        {"score": "somewhat", "score_kind": "nps"},
        {"score": True, "score_kind": "nps"},
        {"score": ("a", "b"), "score_kind": "nps"},
        {"score": "9" * 400, "score_kind": "nps"},
    ],
)
def test_a_score_that_cannot_be_placed_is_looked_at(facts):
    assert judged(**facts) == (Lane.REVIEW, "score.not_understood")


def test_of_several_scores_the_gravest_decides_and_each_bad_one_is_a_reason():
    assessment = assess(
        answer(
            score=10, score_kind="nps", question="Recommend?",
            score_2=2, score_kind_2="csat5", question_2="Waiting?",
            score_3=1, score_kind_3="cahps4", question_3="Did we listen?",
        ),
        USUAL,
    )  # fmt: skip
    scores = [one for one in assessment.reasons if one.rule.startswith("score.")]
    assert [one.rule for one in scores] == ["score.cahps_strong", "score.csat_low"]
    assert scores[0].evidence.startswith("Did we listen?: 1")
    assert assessment.lane is Lane.TICKET


def test_several_good_scores_are_one_reason():
    assessment = assess(answer(score=10, score_kind="nps", score_2=5, score_kind_2="csat5"), USUAL)
    assert assessment.reasons[0].rule == "score.nps_good"
    assert assessment.lane is Lane.COUNT


def test_a_good_score_with_a_bad_comment_is_a_second_look():
    lane, _ = judged("Charged twice and billing hung up on me", score=10, score_kind="nps")
    assert lane is Lane.REVIEW


def test_a_middling_score_with_a_bad_comment_is_a_second_look():
    assert judged("The wait was too long", score=7, score_kind="nps")[0] is Lane.REVIEW
    assert judged("Friendly and helpful", score=7, score_kind="nps")[0] is Lane.COUNT


def test_a_comment_without_a_score_decides_by_its_words():
    assert judged("Rude staff, I waited two hours and nobody called me back")[0] is Lane.TICKET
    assert judged("It was a visit like any other")[0] is Lane.REVIEW
    assert judged("Very friendly, thank you")[0] is Lane.COUNT


def test_who_asks_for_contact_gets_a_ticket_at_any_score():
    assessment = assess(answer(score=10, score_kind="nps", wants_contact=True), USUAL)
    assert assessment.lane is Lane.TICKET
    assert assessment.severity == 1
    assert assessment.categories == ("other.unclassified",)


def test_an_unclear_wish_for_contact_is_looked_at():
    unclear = answer(score=10, score_kind="nps", contact_answer_unclear=True)
    assert assess(unclear, USUAL).lane is Lane.REVIEW


@pytest.mark.parametrize(
    ("score", "rule"),
    [
        (1, "score.other_strong"),
        (3, "score.other_low"),
        (4, "score.other_good"),
    ],
)
def test_a_survey_may_bring_its_own_limit(score, rule):
    facts = {"score_kind": "custom", "score_min": 1, "score_max": 4, "score_low_at_most": 3}
    assert judged(score=score, **facts)[1] == rule


def test_an_own_limit_follows_the_direction_of_the_scale():
    facts = {"score_kind": "custom", "score_min": 4, "score_max": 1, "score_low_at_most": 3}
    assert judged(score=3, **facts)[0] is Lane.TICKET
    assert judged(score=2, **facts)[0] is Lane.COUNT


def test_a_score_that_its_parser_did_not_understand_is_looked_at():
    problem = {"score": "7 of 10", "score_kind": "nps", "score_problem": "not on the scale"}
    assert judged(**problem) == (Lane.REVIEW, "score.not_understood")


def test_no_wish_for_contact_is_no_reason_to_look_away():
    assessment = assess(answer(score=0, score_kind="nps", wants_contact=False), USUAL)
    assert assessment.lane is Lane.TICKET
    assert "consent.no_contact" in {reason.rule for reason in assessment.reasons}


def test_a_review_notice_that_came_by_mail_is_judged_by_its_stars():
    by_mail = heard(Channel.MAIL, "A new review", score=5, score_kind="stars5")
    assert assess(by_mail, USUAL).lane is Lane.COUNT


def test_limits_must_be_in_order():
    with pytest.raises(ValidationError, match="nps_strong <= nps_fail"):
        ScoreLimits(nps_strong=7, nps_fail=6)
    with pytest.raises(ValidationError, match="other_strong_percent"):
        ScoreLimits(other_strong_percent=50)


_RANK = {"strong": 0, "low": 1, "neutral": 2, "good": 3}


@given(
    kind=st.sampled_from(["nps", "csat5", "stars5", "ces", "faces", "fft"]),
    worst=st.integers(-100, 100),
    span=st.integers(1, 100),
    turned=st.booleans(),
    data=st.data(),
)
def test_a_better_answer_is_never_judged_worse(kind, worst, span, turned, data):
    best = worst - span if turned else worst + span
    first = data.draw(st.integers(0, span))
    second = data.draw(st.integers(first, span))
    levels = []
    for steps in (first, second):
        score = worst - steps if turned else worst + steps
        facts = {"score": score, "score_kind": kind, "score_min": worst, "score_max": best}
        levels.append(_RANK[judged(**facts)[1].rsplit("_", 1)[1]])
    assert levels[0] <= levels[1]
