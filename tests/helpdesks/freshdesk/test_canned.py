"""Canned responses: in a folder of ours, marked by their words, and never taken from agents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.domain.blueprint import REFERENCE, Action, Blueprint, WantedAnswer

ANSWER = WantedAnswer(
    name="answer_en_email_visit_wait",
    title="Recovery: A long wait (en)",
    text=f"Hello,\n\nwe are sorry & will call.\nReference {REFERENCE}",
)
WANTED = Blueprint(fields=(), views=(), slas=(), answers=(ANSWER,))
NEWER = replace(WANTED, answers=(replace(ANSWER, text="Hello,\n\nother words."),))


@pytest.fixture
def bare(world):
    return world.open_bare()


def apply(helpdesk, wanted=WANTED):
    for step in helpdesk.plan(wanted):
        if step.action in {Action.CREATE, Action.CHANGE}:
            helpdesk.carry_out(step, wanted)


def step(helpdesk, wanted=WANTED, **how):
    [found] = [one for one in helpdesk.plan(wanted, **how) if one.kind == "answer"]
    return found


def canned(world):
    return list(world.account.canned.values())


def test_answers_stand_in_a_folder_of_their_own_once(world, bare):
    apply(bare)
    made = step(bare)
    bare.carry_out(replace(made, action=Action.CREATE), WANTED)  # as after a lost answer

    assert [one["name"] for one in world.account.folders.values()].count("Recovery (amends)") == 1
    [one] = canned(world)
    assert one["title"].startswith("Recovery: A long wait (en) [")
    assert "{{ticket.id}}" in one["content_html"]
    assert made.action is Action.KEEP


def test_new_words_of_ours_replace_old_ones(world, bare):
    apply(bare)
    assert step(bare, NEWER).action is Action.CHANGE
    apply(bare, NEWER)

    assert "other words" in canned(world)[0]["content_html"]
    assert step(bare, NEWER).action is Action.KEEP


def test_words_that_agents_changed_stay_and_a_conflict_is_said(world, bare):
    apply(bare)
    canned(world)[0]["content_html"] = "<p>Hi! Sorry. Kim</p>"
    assert step(bare).action is Action.KEEP

    assert step(bare, NEWER).action is Action.MANUAL
    apply(bare, NEWER)
    assert canned(world)[0]["content_html"] == "<p>Hi! Sorry. Kim</p>"


def test_the_product_may_write_its_html_in_another_way(world, bare):
    apply(bare)
    one = canned(world)[0]
    one["content_html"] = one["content_html"].replace("<br>", "<br />\n")

    assert step(bare).action is Action.KEEP


def test_what_the_api_cannot_remove_is_said(bare):
    apply(bare)
    told = step(bare, remove=True)

    assert told.action is Action.MANUAL
    assert "The API cannot" in told.manual
