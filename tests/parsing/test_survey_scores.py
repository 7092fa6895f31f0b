"""Scores of surveys: scales, labels and numbers as tools print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.survey_scores import SCALES, Direction, Scale, ScoreKind, score_of


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("nps", "0", 0),
        ("nps", "10", 10),
        ("nps", "10 - Extremely likely", 10),
        ("nps", "Not at all likely", 0),
        ("nps", "7.0", 7),
        ("nps", "7,0", 7),
        ("nps", " 3 ", 3),
        ("nps", "", None),
        ("nps", "N/A", None),
        ("nps", "-99", None),
        ("csat5", "Very dissatisfied", 1),
        ("csat5", "2", 2),
        ("stars5", "FOUR", 4),
        ("stars5", "\u2605\u2605", 2),
        ("stars5", "3 stars", 3),
        ("ces7", "7", 7),
        ("fft", "Very poor", 1),
        ("fft", "Don't know", None),
        ("cahps4", "Sometimes", 2),
        ("cahps4", "Yes, definitely", 4),
    ],
)
def test_scores_as_tools_print_them(kind, text, value):
    score = score_of(text, SCALES[ScoreKind(kind)])
    assert (score.value, score.problem) == (value, "")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nps", "11"),
        ("nps", "7.5"),
        ("nps", "maybe"),
        ("nps", "1000000"),
        ("csat5", "0"),
        ("csat5", "2,5"),
        ("fft", "1"),
        ("nps", "10.10.2025"),
    ],
)
def test_an_answer_that_is_no_score_is_kept_with_a_reason(kind, text):
    score = score_of(text, SCALES[ScoreKind(kind)])
    assert score.value is None
    assert score.problem
    assert score.given == text


def test_numbers_that_run_the_other_way_keep_their_value_and_labels_their_meaning():
    scale = SCALES[ScoreKind.FFT].turned()
    assert (scale.worst, scale.best) == (5, 1)
    assert score_of("1", scale).value == 1
    assert score_of("Very good", scale).value == 1
    assert score_of("Very poor", scale).value == 5


def test_a_number_on_the_scale_is_an_answer_unless_configured_as_missing():
    wide = Scale(kind=ScoreKind.CUSTOM, lowest=0, highest=100, direction=Direction.HIGH_IS_GOOD)
    assert score_of("99", wide).value == 99
    without = Scale(
        kind=ScoreKind.CUSTOM,
        lowest=0,
        highest=9,
        direction=Direction.HIGH_IS_GOOD,
        missing=frozenset({"8"}),
    )
    assert score_of("8", without) == score_of("", without)


@given(st.text(max_size=80), st.sampled_from(list(SCALES)))
def test_no_score_raises_or_leaves_its_scale(text, kind):
    scale = SCALES[kind]
    value = score_of(text, scale).value
    assert value is None or scale.lowest <= value <= scale.highest
