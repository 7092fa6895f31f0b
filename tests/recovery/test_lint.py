"""What must never be said is found, in English and Spanish, and decent words pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recovery.sayings import (
    FURTHER_BAD,
    FURTHER_GOOD,
    HELD_BAD,
    HELD_GOOD,
    SEEN_BAD,
    SEEN_GOOD,
)

from connector.recovery.lint import MAX_PHRASE_CHARS, findings, kinds

BAD = (*SEEN_BAD, *HELD_BAD, *FURTHER_BAD)
GOOD = (*SEEN_GOOD, *HELD_GOOD, *FURTHER_GOOD)


def found(kind, text):
    return list(findings(text, clinical=kind == "admission", public=kind == "public"))


@pytest.mark.parametrize(("kind", "text"), [(one[0], one[2]) for one in BAD])
def test_a_bad_sentence_is_found_by_its_class(kind, text):
    assert kind in {one.kind for one in found(kind, text)}


@pytest.mark.parametrize(("place", "text"), [(one[0], one[2]) for one in GOOD])
def test_a_good_sentence_passes(place, text):
    said = findings(text, clinical=place in {"clinical", "public"}, public=place == "public")
    assert list(said) == []


def test_there_are_enough_of_each_and_every_kind_is_tried():
    bad = [*SEEN_BAD, *HELD_BAD]
    assert len(bad) >= 60
    assert len([*SEEN_GOOD, *HELD_GOOD]) >= 60
    assert {kind for kind, _, _ in bad} == set(kinds())
    for part in (SEEN_BAD, HELD_BAD):
        assert {language for _, language, _ in part} == {"en", "es"}


@pytest.mark.parametrize(
    "disguised",
    [
        "We\u00a0GUARANTEE\nit.",
        "We guar\u200bantee it.",
        "We \uff47uarantee it.",
        "Lo garanti\u0301zamos.",
        "Don\u2019t worry: you won\u2019t have to pay.",
    ],
)
def test_line_breaks_accents_case_and_hidden_letters_hide_nothing(disguised):
    assert "promise" in {one.kind for one in findings(disguised)}


def test_a_finding_tells_phrase_place_and_cure():
    text = "Dear Ms. Poe,\n\nwe will   refund\nyou."
    (one,) = findings(text)
    assert one.phrase == "refund"
    assert text[one.start :].startswith("refund")
    assert one.cure


def test_spanish_words_that_look_like_marks_pass():
    assert list(findings("Queremos ayudarle en todo. Hay un método nuevo.")) == []


def test_blanks_belong_into_the_closing_message_alone():
    assert {one.kind for one in findings("What we did: ____")} == {"placeholder"}
    assert list(findings("What we did: ____", closing=True)) == []


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    for one in findings(text, clinical=True, public=True):
        assert len(one.phrase) <= MAX_PHRASE_CHARS


@pytest.mark.parametrize(
    "text",
    ["x" * 40_000, "a." * 20_000, '"aa ' * 9_000, "sorry " + "a " * 20_000, "https://a" * 4_000],
    ids=["word", "dots", "quotes", "sorry", "links"],
)
def test_long_texts_are_read_in_time(text):
    # pytest-timeout would end it: one of these took seventeen seconds once
    assert len(list(findings(text, clinical=True, public=True))) < len(kinds()) + 5
