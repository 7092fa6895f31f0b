"""Own words of replies, as mail programs lay them out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.replies import own_words, reply_text


@pytest.mark.parametrize(
    "quote",
    [
        "On Thu, Nov 19, 2026 at 10:00 AM Practice <info@p.example> wrote:\n\n> Hello\n> you",
        "On Thu, Nov 19, 2026 at 10:00 AM A very long name <\ninfo@p.example> wrote:\n> Hi",
        "Am 19.11.2026 um 10:00 schrieb Praxis <info@praxis.example>:\n> Hallo",
        "Le 19/11/2026 à 10:00, Cabinet a écrit :\n> Bonjour",
        "El jue, 19 nov 2026 a las 10:00, Consulta <i@c.example> escribió:\n> Hola",
        "-----Original Message-----\nFrom: Practice\nSent: today\nTo: me\nSubject: Visit\n\nHello",
        "____________________\nFrom: Practice <i@p.example>\nSent: Thursday\nTo: Me\n\nHi",
        "Von: Praxis\nGesendet: Donnerstag\nAn: Ich\nBetreff: Besuch\n\nHallo",
        "> Hello\n> you",
    ],
)
def test_what_stands_under_the_reply_is_cut(quote):
    assert own_words(f"I waited for two hours.\n\n{quote}\n") == "I waited for two hours."


def test_answers_between_quotes_are_kept():
    text = (
        "On Thu, 19 Nov 2026 at 10:00, Practice <i@p.example> wrote:\n"
        "> Were you content?\nNot at all.\n> Will you come again?\nNo.\n"
    )
    assert own_words(text) == "Not at all.\nNo."


def test_an_answer_below_the_quote_is_kept():
    text = "On 19 Nov 2026, at 10:00, P <i@p.example> wrote:\n> How was it?\n\nI waited two hours."
    assert own_words(text) == "I waited two hours."


def test_a_signature_is_cut_but_not_the_whole_mail():
    assert own_words("I waited.\n\n-- \nJane Doe\nAcme Inc.") == "I waited."
    assert own_words("--\nI waited for long.") == "--\nI waited for long."


def test_what_a_telephone_adds_is_cut_and_a_sentence_like_it_is_not():
    assert own_words("I waited.\n\nSent from my iPhone") == "I waited."
    kept = "I waited.\nSent from my desk, though I should be in bed."
    assert own_words(kept) == kept


def test_a_forwarded_complaint_is_kept():
    text = (
        "Please see below\n\n---------- Forwarded message ---------\nFrom: Jane\n"
        "Date: today\nSubject: Visit\n\nI waited for two hours."
    )
    assert "I waited for two hours." in own_words(text)


def test_own_words_about_writing_are_no_quote_header():
    for text in (
        "On Monday I came at 10:00.\nAs the nurse wrote:\nyou told me to wait.",
        "I came.\nOn Monday at 10:00 the nurse wrote:\nwait here.",
        "I waited.\nOn the wall somebody wrote:\npatience.",
    ):
        assert own_words(text) == text


@pytest.mark.parametrize(
    "text",
    [
        " " * 200_000,
        "On " * 20_000,
        "On " + "x" * 100_000 + " wrote:",
        "On Monday someone ... wrote\n" * 2_000,
        "_" * 200_000,
        "-_" * 100_000,
        "> " * 100_000,
        ("From: a\n" + "x\n") * 20_000,
        "> x\n\n" * 40_000,
        "On 1\n" * 40_000,
    ],
)
def test_hostile_texts_are_read_in_linear_time(text):
    own_words(text)


@given(st.text(max_size=500))
def test_every_text_has_a_reply_made_of_its_own_lines(text):
    given_lines = {line.strip() for line in text.splitlines()}
    assert {line.strip() for line in own_words(text).splitlines()} <= given_lines | {""}
    assert bool(reply_text(text)) == bool(text.strip())
