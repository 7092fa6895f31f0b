"""Patterns of word sets: what they match, and what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.triage.lexicon import listed_patterns
from connector.triage.patterns import WIDE_WORDS, PatternFinder
from connector.triage.phrases import GAP_WORDS
from connector.triage.spelling import variants
from connector.triage.tokens import words_of

SETS = {"pill": ["pill*", "tablet"], "bad": ["wrong", "@worse"], "worse": ["expired"]}


def found(pattern, text):
    finder = PatternFinder([("x", pattern, SETS)], variants)
    words = words_of(text)
    return [" ".join(words.tokens[hit.first : hit.last + 1]) for hit in finder.find(words.tokens)]


@pytest.mark.parametrize(
    ("pattern", "text", "match"),
    [
        ("wrong @pill", "the wrong pills", "wrong pills"),
        ("@bad @pill", "an expired tablet", "expired tablet"),
        ("gave .. @pill", "gave me the same pill", "gave me the same pill"),
        ("no my? records", "no records", "no records"),
        ("no my? records", "no my records", "no my records"),
        ("wrong & @pill", "the pill was wrong", "pill was wrong"),
        ("wrong ... leg", "wrong, I mean the other leg", "wrong  i mean the other leg"),
        ("suicide", "su1cide", "su1cide"),
        ("help", "heeeelp", "heeeelp"),
        ("took bignumber @pill", "took 30 pills", "took 30 pills"),
    ],
)
def test_a_pattern_finds_what_it_means(pattern, text, match):
    assert found(pattern, text) == [match]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("wrong @pill", "wrong. Pills"),
        ("gave .. pill", "gave " + "x " * (GAP_WORDS + 1) + "pill"),
        ("gave ... pill", "gave " + "x " * (WIDE_WORDS + 1) + "pill"),
        ("took bignumber", "took 2"),
    ],
)
def test_a_pattern_leaves_the_rest_alone(pattern, text):
    assert found(pattern, text) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "..",
        "a ..",
        ".. a",
        "@none x",
        "ab* c",
        "a & b & c & d",
        "a?",
        "a b? c? d? e? f?",
        "x-y",
    ],
)
def test_a_pattern_that_cannot_be_read_is_named(pattern):
    with pytest.raises(ValueError, match="pattern"):
        PatternFinder([("x", pattern, SETS)])


def test_every_pattern_of_the_lists_can_be_read():
    PatternFinder([(label, one, sets) for _, label, one, sets in listed_patterns()], variants)


@given(st.text(alphabet="ab .,", max_size=60))
def test_matching_is_within_the_text_and_always_the_same(text):
    finder = PatternFinder([("x", "a ... b", {}), ("y", "a & b", {})])
    tokens = words_of(text).tokens
    hits = finder.find(tokens)
    assert hits == finder.find(tokens)
    assert all(0 <= hit.first <= hit.last < len(tokens) for hit in hits)
