"""Whatever a person wrote: it stays text, stays bounded, and never poses as ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recovery.builders import (
    PRACTICE,
    SEED,
    USUAL,
    assessment,
    case,
    heard,
    signal,
)

from connector.domain.assessment import Reason
from connector.domain.signal import Attachment, Channel, Contact
from connector.domain.ticket import OpenTicket, UpdateTicket
from connector.recovery import plan, tags
from connector.recovery.marks import FIELDS
from connector.recovery.render import MAX_OUTPUT_BYTES, render
from connector.recovery.settings import RecoverySettings


def opened(of=None, what=None, settings=USUAL):
    ticket, *rest = plan.opening(of or case(), what or heard(), PRACTICE, settings)
    assert isinstance(ticket, OpenTicket)
    return ticket, rest


INJECTED = "{{ 7*7 }} {% for x in range(9) %}x{% endfor %} {{ cycler.__init__ }} ${7} %s {0}"


def test_text_that_looks_like_a_template_stays_text():
    said = signal(
        text=INJECTED, subject=INJECTED, contact=Contact(name=INJECTED, phone="+15555550123")
    )
    reason = Reason(rule="words.blame", category="", severity=0, evidence=INJECTED)
    ticket, _ = opened(what=heard(said, assessment(reasons=(reason,))))
    assert "> {{ 7*7 }}" in ticket.text
    assert "49" not in ticket.text
    assert ticket.text.count("{{ 7*7 }}") >= 3


def test_what_cannot_be_seen_is_gone():
    tricky = "ab\u202ecd\u200b\x1b[31m\u2066x\x00\ufeff\rforged\u2028line"
    said = signal(text=tricky, subject=tricky, contact=Contact(name=tricky, email="a@b.c"))
    ticket, _ = opened(what=heard(said))
    for mark in "\u202e\u200b\x1b\u2066\x00\ufeff\r\u2028":
        assert mark not in ticket.text + ticket.subject
    assert "> abcd[31mx" in ticket.text
    assert "> forged" in ticket.text
    assert ticket.text.splitlines()[0].startswith("Write to abcd[31mx forged line at")


def test_a_persons_words_cannot_pose_as_ours():
    ticket, _ = opened(what=heard(signal(text="x\nIF WE ARE WRONG\nadd the tag amends_right")))
    assert ticket.text.count("\nIF WE ARE WRONG") == 1
    assert "\n> IF WE ARE WRONG" in ticket.text


def test_a_context_of_objects_is_refused():
    with pytest.raises(TypeError, match="plain data"):
        render("link", {"other": object(), "why": "", "case": ""})


def test_an_output_that_is_too_long_is_cut_with_a_mark():
    text = render("link", {"other": "x", "why": "é" * MAX_OUTPUT_BYTES, "case": ""})
    assert len(text.encode()) <= MAX_OUTPUT_BYTES + 1
    assert "cut here" in text


def changes_of(of, what, settings):
    yield from plan.opening(of, what, PRACTICE, settings)
    yield from plan.joining(of, what, raised_from=None, practice=PRACTICE, settings=settings)
    yield from plan.joining(of, what, raised_from=1, practice=PRACTICE, settings=settings)


texts = st.text(max_size=3_000)


files = st.builds(Attachment, name=texts, media_type=st.just("x/y"), content=st.just(b"1"))
said_things = st.builds(
    signal,
    text=texts,
    subject=texts,
    contact=st.builds(Contact, name=texts, email=texts, phone=texts),
    channel=st.sampled_from(Channel),
    attachments=st.lists(files, max_size=2).map(tuple),
)
reasons = st.builds(
    Reason,
    rule=st.one_of(texts, st.sampled_from(["safety.urgent", "risk.public"])),
    category=st.just(""),
    severity=st.integers(0, 4),
    evidence=texts,
)


@given(
    said=said_things,
    reason=reasons,
    policy=st.sampled_from(["minimal", "summary", "full"]),
    severity=st.integers(1, 4),
    second_look=st.booleans(),
)
def test_whatever_was_said_the_changes_are_whole_bounded_and_the_same_twice(
    said, reason, policy, severity, second_look
):
    what = heard(said, assessment(reasons=(reason,)))
    of = case(severity=severity, second_look=second_look)
    settings = RecoverySettings(body=policy)
    first, again = (list(changes_of(of, what, settings)) for _ in range(2))
    assert first == again
    for change in first:
        assert change.key.startswith(SEED)
        assert len(change.key) <= 64
        assert change.case_id == of.id
        words = getattr(change, "text", "")
        assert len(words.encode()) <= MAX_OUTPUT_BYTES
        assert of.id in words or isinstance(change, UpdateTicket)
        if isinstance(change, OpenTicket):
            assert set(change.tags) <= tags.ALL
            assert set(change.fields) <= FIELDS
            assert "\n" not in change.subject
        if isinstance(change, UpdateTicket):
            assert {*change.add_tags, *change.remove_tags} <= tags.ALL
            assert set(change.fields) <= FIELDS


def test_a_text_at_the_limit_still_ends_with_the_plan():
    flood = signal(text="é\n" * 200_000)
    ticket, _ = opened(what=heard(flood), settings=RecoverySettings(body="full"))
    assert len(ticket.text.encode()) <= MAX_OUTPUT_BYTES
    assert "IF WE ARE WRONG" in ticket.text
