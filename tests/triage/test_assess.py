"""What holds for every signal: no exception, the same answer twice, every reason explained."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triage.builders import mail

from connector.domain.assessment import Lane, Reason
from connector.domain.rules import RULES, meaning
from connector.domain.signal import Attachment, Channel, Contact, Signal
from connector.domain.taxonomy import TAXONOMY
from connector.triage import assess as room
from connector.triage import phrases
from connector.triage.assess import assess
from connector.triage.explain import explanation, sentence
from connector.triage.lexicon import LANGUAGES, language, lexicon
from connector.triage.phrases import Finder
from connector.triage.settings import TriageSettings
from connector.triage.tokens import MAX_CHARS, MAX_TOKENS, words_of

USUAL = TriageSettings()

WORDS = (
    "thank you not never but rude wait on hold for suicidal kill myself wonderful kind please "
    "refund ? . , wrong medication lawyer no problem waited two hours billing charged twice "
    "gracias grosera niemand \u200b \u202e \ud800 \x00 \U0001f600 '' l' ... \ufdfa \n"
)
FACTS = (
    "automatic",
    "score",
    "score_kind",
    "score_min",
    "score_max",
    "wants_contact",
    "call_end",
    "wait_s",
    "transfers",
    "recording_repeats",
    "message_id",
)
words = st.sampled_from(re.split(" ", WORDS))
texts = st.one_of(st.text(max_size=400), st.lists(words, max_size=60).map(" ".join))
facts = st.dictionaries(
    st.sampled_from(FACTS),
    st.one_of(
        st.integers(-(10**6), 10**6),
        st.booleans(),
        texts,
        st.lists(st.text(max_size=5), max_size=3).map(tuple),
        st.sampled_from(["nps", "fft", "abandoned", "answered", "bounce", "very poor"]),
    ),
    max_size=8,
)
signals = st.builds(
    Signal,
    tenant=st.just("t"),
    source=st.just("s"),
    natural_key=st.just("k"),
    locator=st.just("l"),
    channel=st.sampled_from(Channel),
    event_time=st.none(),
    contact=st.builds(Contact, name=texts, email=texts, phone=texts),
    subject=texts,
    text=texts,
    reply_text=texts,
    facts=facts,
    attachments=st.sampled_from([(), (Attachment(name="", media_type="", content=b""),)]),
)


@given(signals)
def test_any_signal_gets_one_explained_assessment_and_always_the_same(signal):
    one, two = assess(signal, USUAL), assess(signal, USUAL)
    assert one == two
    assert one.reasons
    for reason in one.reasons:
        assert reason.rule in RULES
        assert reason.category in {*TAXONOMY, ""}
        assert 0 <= reason.severity <= 4
        assert sentence(reason).endswith(".")
    if one.lane in {Lane.TICKET, Lane.REVIEW}:
        assert 1 <= one.severity <= 4
        assert 1 <= len(one.categories) <= room.MAX_CATEGORIES
        assert set(one.categories) <= set(TAXONOMY)
        assert one.severity >= max(TAXONOMY[key].floor for key in one.categories)
    else:
        assert (one.severity, one.categories) == (0, ())


def test_every_rule_that_a_list_can_name_has_a_sentence():
    sections = {name for code in LANGUAGES for name in language(code)}
    assert sections == {"complaint", "topic", "safety", "risk", "tone"}
    for code in LANGUAGES:
        for key in language(code)["complaint"]:
            assert f"words.{key}" in RULES
            assert key in TAXONOMY
        for key in language(code)["topic"]:
            assert key in TAXONOMY
        for name in language(code)["safety"]:
            assert f"safety.{name}" in RULES
        for name in language(code)["risk"]:
            assert f"risk.{name}" in RULES
    assert {f"words.{key}" for key in TAXONOMY} <= set(RULES)


def test_every_sentence_reads_as_one_and_none_is_left_over():
    table = tomllib.loads(files("connector.domain").joinpath("rules.toml").read_text("utf-8"))
    assert sum(len(group) for group in table.values()) == len(RULES)
    for group, rules in table.items():
        for rule, text in rules.items():
            assert rule.startswith(f"{group}.")
            assert text[0].isupper()
            assert not text.endswith(".")


def test_a_rule_of_another_version_is_named_as_it_stands():
    assert meaning("old.rule") == "Rule old.rule"


def test_evidence_is_shown_on_one_line_and_cut():
    reason = Reason(rule="words.blame", category="", severity=0, evidence="a\nb\u202e" + "c" * 999)
    shown = sentence(reason)
    assert "\n" not in shown
    assert "\u202e" not in shown
    assert len(shown) < 300


def test_every_phrase_of_every_list_can_be_read_and_is_found():
    for code in LANGUAGES:
        for section, names in language(code).items():
            for name, listed in names.items():
                assert len(set(listed)) == len(listed), (code, section, name)
                for phrase in listed:
                    tokens = words_of(phrase.replace("*", "x").replace(" ..", "")).tokens
                    assert list(Finder([("label", phrase)]).find(tokens)), (code, phrase)


@pytest.mark.parametrize(
    "phrase", ["", "..", ".. word", "word ..", "a*", "ab* word", "one, two", "word. word"]
)
def test_a_phrase_that_makes_no_sense_is_refused(phrase):
    with pytest.raises(ValueError, match="phrase"):
        Finder([("label", phrase)])


def test_a_gap_stays_within_a_clause_and_is_short():
    finder = Finder([("label", "wait .. hours")])
    found = {
        text: bool(list(finder.find(words_of(text).tokens)))
        for text in (
            "wait hours",
            "wait for two whole hours",
            "wait for more than two hours",
            "wait. hours",
        )
    }
    assert list(found.values()) == [True, True, False, False]


HOSTILE = {
    "one word again and again": "no " * 400_000,
    "gaps that never end": "wait " * 300_000,
    "one endless word": "a" * 1_000_000,
    "apostrophes": "a'" * 500_000,
    "digits and points": "1.1," * 250_000,
    "marks only": "\u0301" * 1_000_000,
    "letters that grow": "\ufdfa" * 100_000,
    "praise": "wonderful kind thank you " * 50_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_is_judged_by_its_beginning(text):
    read = words_of(text)
    assert read.cut
    assert len(read.text) <= MAX_CHARS
    assert len(read.tokens) <= MAX_TOKENS + 1
    assessment = assess(mail(text, subject=text), USUAL)
    assert "input.cut" in {reason.rule for reason in assessment.reasons}
    assert assessment.lane is not Lane.COUNT
    assert all(len(reason.evidence) <= 400 for reason in assessment.reasons)


@pytest.mark.parametrize("word", ["no", "not", "wait", "called", "nadie", "nicht", "said"])
def test_few_phrases_are_tried_for_a_word_however_often_it_comes(word, monkeypatch):
    tries = 0
    real = phrases._end

    def counted(*args):
        nonlocal tries
        tries += 1
        return real(*args)

    monkeypatch.setattr(phrases, "_end", counted)
    count = 1_000
    tokens = words_of(f"{word} " * count).tokens
    list(lexicon(USUAL).finder.find(tokens))
    assert tries <= 20 * count


def test_text_behind_the_limit_is_not_judged_and_that_is_said():
    assessment = assess(mail("thank you " * 10_000 + "I feel suicidal"), USUAL)
    assert "input.cut" in {reason.rule for reason in assessment.reasons}
    assert assessment.lane is Lane.REVIEW


@pytest.mark.parametrize("words", [True, False])
def test_a_decision_is_explained_in_lines_that_stay_the_same(words):
    signal = mail("Nobody answers the phone, I was charged twice and I want a manager")
    lines = explanation(assess(signal, USUAL), words=words)
    assert lines == explanation(assess(signal, USUAL), words=words)
    assert lines[0].startswith("It is treated as a failure")
    assert ("charged twice" in "\n".join(lines)) is words
