"""A text in passages: sentences and neighbouring ones, whatever the text is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.triage.safety.passages import LONGEST, passages
from connector.triage.tokens import MAX_TOKENS, words_of


def cut(text):
    return [" ".join(one.tokens) for one in passages(words_of(text))]


def test_each_sentence_is_a_passage_and_so_are_two_short_ones_together():
    assert cut("He fell. Nobody came! Why?") == [
        "he fell",
        "he fell nobody came",
        "nobody came",
        "nobody came why",
        "why",
    ]


def test_a_figure_or_a_title_does_not_end_a_sentence():
    assert cut("Dr. Lee saw 39.5 of fever") == ["dr lee saw 39 5 of fever"]


def test_a_long_sentence_is_cut_into_pieces_that_overlap():
    found = passages(words_of("word " * 100))
    assert [len(one.tokens) for one in found] == [LONGEST, LONGEST, LONGEST, LONGEST]
    assert found[1].first < found[0].last


def test_nothing_but_signs_has_no_passage():
    assert cut("") == cut("...!?") == cut("\U0001f600") == []


@given(st.text(alphabet="ab .,!?\n1", max_size=400))
def test_every_word_is_in_one_passage_at_least_and_in_three_at_most(text):
    words = words_of(text)
    found = passages(words)
    for at, token in enumerate(words.tokens):
        held = sum(one.first <= at <= one.last for one in found)
        assert not token or 1 <= held <= 3


def test_the_longest_text_has_a_bounded_number_of_passages():
    assert len(passages(words_of("a. " * MAX_TOKENS))) <= 2 * MAX_TOKENS
