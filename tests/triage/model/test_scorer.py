"""The comment model in plain Python: same answer everywhere, for any text, with its words."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.triage.model.features import FIGURES, Reader, says_something
from connector.triage.model.questions import Asks, asks
from connector.triage.model.scorer import MAX_TERMS, Scorer, scorer
from connector.triage.model.weights import (
    FIGURE_SCALE,
    WEIGHT_SCALE,
    Topic,
    Way,
    Weights,
    from_text,
    shipped,
    to_text,
)

AMERICAN = Path(__file__).parents[1] / "data" / "us_comments.csv"
MAX_BYTES = 500_000
FEELING = {"rude": -2.0, "helpful": 1.8, "great": 3.1}


def small(features, *, slope=1_000):
    way = Way(bias=FIGURE_SCALE, figures=(0,) * len(FIGURES), slope=slope, offset=0)
    return Scorer(
        Weights(
            ways=dict.fromkeys(Asks, way),
            feeling=FEELING,
            features=features,
            topics=(Topic(name="t", category="visit.wait", bias=-500, weights={"wait": 4_000}),),
        )
    )


def test_words_are_summed_over_the_root_of_their_number_and_bias_is_added():
    model = small({"rude": 2_000, "staff": 0, "< rude": 1_000, "rude staff": 1_000})
    assert model.weigh("rude staff") == pytest.approx(1 + 4 / 2)
    assert model.score("rude staff").permille == 953


def test_an_explanation_names_what_weighed_most_first():
    terms = small({"rude": 2_000, "staff": -500, "< rude": 1_000}).score("Rude staff!").terms
    assert [term.name for term in terms] == ["rude", "< rude", "staff"]
    assert [term.millilogit for term in terms] == [1_155, 577, -289]


def test_calibration_stretches_terms_as_it_stretches_the_whole():
    plain, stretched = (
        small({"rude": 2_000}, slope=slope).score("rude") for slope in (1_000, 2_000)
    )
    assert stretched.terms[0].millilogit == 2 * plain.terms[0].millilogit


def test_topics_are_guessed_from_even_odds_on():
    model = small({})
    assert [topic.category for topic, _ in model.topics("long wait")] == ["visit.wait"]
    assert model.topics("no words of it") == ()


def test_negation_reaches_three_words_within_a_clause():
    names = Reader(FEELING).features("They were not very helpful. Helpful nurse").words
    assert "not_helpful" in names
    assert "helpful" in names
    assert "not_nurse" not in names


def test_numbers_and_endings_become_one():
    found = Reader({}).features("waited 45 minutes, waiting 90")
    names = [*found.words, *found.others]
    assert "waited 0" in names
    assert "waiti*" in names
    assert "45" not in names


def test_faces_and_hands_speak():
    assert "angry" in Reader({}).features("\U0001f621").words
    assert says_something("\U0001f44e")
    assert not says_something("... !?")


@pytest.mark.parametrize(
    ("question", "way"),
    [
        ("How could we improve?", Asks.FAILURE),
        ("What could we have done better?", Asks.FAILURE),
        ("What did you like least about your visit?", Asks.FAILURE),
        ("What was good?", Asks.PRAISE),
        ("What did we do well?", Asks.PRAISE),
        ("What went well and what could be improved?", Asks.ANYTHING),
        ("Please tell us why you gave this answer", Asks.ANYTHING),
        ("", Asks.ANYTHING),
        ("\x00\ud800" * 5_000, Asks.ANYTHING),
    ],
)
def test_a_question_asks_one_way_or_the_other(question, way):
    assert asks(question) is way


def test_a_short_answer_means_what_its_question_makes_of_it():
    assert scorer().score("Communication", "What was good?").permille < 400
    assert scorer().score("Communication", "How could we improve?").permille > 800


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=60))
def test_any_text_has_a_probability_and_a_bounded_explanation(text, question):
    score = scorer().score(text, question)
    assert 0 <= score.permille <= 1_000
    assert len(score.terms) <= MAX_TERMS
    assert scorer().score(text, question) == score


@pytest.mark.parametrize(
    "text", ["", "word", "\U0001f984", "no " * 400_000, "a" * 1_000_000, "<b>" * 99]
)
def test_odd_texts_are_judged_in_bounded_time(text):
    assert 0 <= scorer().score(text).permille <= 1_000


def test_a_model_is_the_same_after_writing_and_reading():
    text = to_text(shipped())
    assert to_text(from_text(text)) == text
    assert from_text(text).version == shipped().version


@pytest.mark.parametrize("text", ["", "{}", '{"format": 99}\n[feeling]\n', "\x00"])
def test_what_is_no_model_is_refused(text):
    with pytest.raises((ValueError, KeyError)):
        from_text(text)


def test_the_shipped_model_is_small_and_holds_no_rare_word():
    text = to_text(shipped())
    assert len(text.encode()) < MAX_BYTES
    assert len(shipped().features) <= 14_000
    assert not {"natasha", "schofield", "stanhope", "diane"} & set(shipped().features)
    assert WEIGHT_SCALE == 1_000


def test_american_comments_of_no_training_set_are_told_apart_better_than_by_chance():
    with AMERICAN.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    bad = [scorer().score(row["text"]).permille for row in rows if row["needs_recovery"] == "1"]
    fine = [scorer().score(row["text"]).permille for row in rows if row["needs_recovery"] == "0"]
    pairs = [(one, other) for one in bad for other in fine]
    assert sum(one > other for one, other in pairs) / len(pairs) > 0.75
