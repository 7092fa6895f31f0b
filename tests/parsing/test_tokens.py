"""Marks in subjects by which an answer finds its ticket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.tokens import (
    MAX_TOKENS,
    answered_subject,
    is_case_id,
    plain_subject,
    tokens,
)


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("Re: [#123] Waiting time", ("#123",)),
        ("Re: [clinic #77] Bill", ("clinic #77",)),
        ("RE: [feedback-12] Re: Bill", ("feedback-12",)),
        ("[ EXTERN ] Re: [#5]", ("EXTERN", "#5")),
        ("Re: Long wait (severity 2, mail) C-4F0ZK-9Q2XW", ("C-4F0ZK-9Q2XW",)),
        ("Invoice #123 is wrong", ()),
        ("", ()),
        ("[[[[", ()),
        ("C-4F0ZK-9Q2XWA is no case", ()),
    ],
)
def test_brackets_and_case_ids_are_found(subject, found):
    assert tokens(subject) == found


def test_a_subject_full_of_brackets_gives_few():
    assert len(tokens("".join(f"[{n}]" for n in range(400)))) == MAX_TOKENS


def test_case_ids_are_told_from_other_tokens():
    assert is_case_id("C-4F0ZK-9Q2XW")
    assert not is_case_id("#123")
    assert not is_case_id("x C-4F0ZK-9Q2XW")


@pytest.mark.parametrize(
    ("subject", "matter"),
    [
        ("Re: AW: My bill of  March", "my bill of march"),
        ("Re[2]: My bill of March", "my bill of march"),
        ("Antw: My bill of March", "my bill of march"),
        ("My bill of March", ""),  # answers nothing
        ("Re: Feedback", ""),  # too common to tell anything
        ("Regarding my bill of March", ""),
    ],
)
def test_the_answered_subject_is_what_was_written_first(subject, matter):
    assert answered_subject(subject) == matter


@given(st.text(max_size=200), st.sampled_from(["Re: ", "AW: ", "Fwd: Re: ", "RE:"]))
def test_marks_of_answering_do_not_change_the_matter(subject, mark):
    assert plain_subject(mark + subject) == plain_subject(subject)
