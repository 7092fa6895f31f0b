"""Macros: made of the texts, recognised by a mark, and never taken from agents."""

from __future__ import annotations

from dataclasses import replace

import pytest
from servers.zendesk_world import ZendeskWorld

from connector.domain.blueprint import REFERENCE, Action, Blueprint, WantedAnswer

ANSWER = WantedAnswer(
    name="answer_en_email_visit_wait",
    title="Recovery: A long wait (en)",
    text=f"Hello,\n\nwe are sorry for the wait.\nReference {REFERENCE}",
)
WANTED = Blueprint(fields=(), views=(), slas=(), answers=(ANSWER,))
NEWER = replace(WANTED, answers=(replace(ANSWER, text="Hello,\n\nother words."),))


@pytest.fixture
def world():
    world = ZendeskWorld(set_up=False)
    world.desk.knobs.requests_per_minute = 100_000
    yield world
    world.close()


@pytest.fixture
def helpdesk(world):
    return world.open()


def apply(helpdesk, wanted=WANTED, *, remove=False):
    for step in helpdesk.plan(wanted, remove=remove):
        if step.action in {Action.CREATE, Action.CHANGE, Action.REMOVE}:
            helpdesk.carry_out(step, wanted)


def macros(world):
    return list(world.desk.account.shelves["macros"].records.values())


def step(helpdesk, wanted=WANTED):
    [found] = [one for one in helpdesk.plan(wanted) if one.kind == "answer"]
    return found


def words(macro):
    [value] = [one["value"] for one in macro["actions"] if one["field"] == "comment_value"]
    return value


def test_a_macro_puts_words_into_the_answer_and_sends_nothing(world, helpdesk):
    apply(helpdesk)
    [made] = macros(world)

    assert made["title"] == ANSWER.title
    assert words(made) == "Hello,\n\nwe are sorry for the wait.\nReference {{ticket.id}}"
    assert [one["field"] for one in made["actions"]] == ["comment_value"]
    assert step(helpdesk).action is Action.KEEP


def test_new_words_of_ours_replace_old_ones_and_keep_what_agents_added(world, helpdesk):
    apply(helpdesk)
    macros(world)[0]["actions"].append({"field": "priority", "value": "high"})
    assert step(helpdesk, NEWER).action is Action.CHANGE
    apply(helpdesk, NEWER)
    [made] = macros(world)

    assert words(made) == "Hello,\n\nother words."
    assert {"field": "priority", "value": "high"} in made["actions"]
    assert step(helpdesk, NEWER).action is Action.KEEP


def test_words_that_agents_changed_stay_and_a_conflict_is_said(world, helpdesk):
    apply(helpdesk)
    macros(world)[0]["actions"][0]["value"] = "Hi! Sorry for the wait. Dana"
    macros(world)[0]["title"] = "Our own title"
    assert step(helpdesk).action is Action.KEEP

    told = step(helpdesk, NEWER)
    assert told.action is Action.MANUAL
    assert "Agents have changed" in told.manual
    apply(helpdesk, NEWER)
    assert words(macros(world)[0]) == "Hi! Sorry for the wait. Dana"


def test_a_value_with_its_channel_is_read_like_a_plain_one(world, helpdesk):
    apply(helpdesk)
    action = macros(world)[0]["actions"][0]
    action["value"] = ["channel:all", action["value"]]

    assert step(helpdesk).action is Action.KEEP


def test_nothing_of_a_name_acts_as_a_placeholder(world, helpdesk):
    odd = replace(ANSWER, text="{{ticket.requester.details}} {% if a %}")
    apply(helpdesk, replace(WANTED, answers=(odd,)))

    assert "{{" not in words(macros(world)[0])
    assert "{%" not in words(macros(world)[0])


def test_removing_takes_ours_and_tells_what_goes_with_it(world, helpdesk):
    apply(helpdesk)
    others = {"title": "Close", "actions": [{"field": "status", "value": "solved"}]}
    world.desk.account.shelves["macros"].put(**others)
    macros(world)[0]["actions"][0]["value"] = "Hi!"
    [going] = [one for one in helpdesk.plan(WANTED, remove=True) if one.kind == "answer"]
    assert going.changes == ("agents have changed its words, which go with it",)

    apply(helpdesk, remove=True)
    assert [one["title"] for one in macros(world)] == ["Close"]
