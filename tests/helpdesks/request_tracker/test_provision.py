"""What is set up in a queue, by whom, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from servers.request_tracker import BARE

from connector.domain.blueprint import Action
from connector.domain.errors import AuthenticationFailed, Rejected
from connector.recovery.blueprint import blueprint
from connector.recovery.settings import RecoverySettings
from connector.testing.helpdesk.provisioning import apply
from connector.testing.helpdesk.world import prepared

WANTED = blueprint(RecoverySettings())
FEW = replace(WANTED, fields=tuple(f for f in WANTED.fields if f.name in {"key", "place"}))
"""RT is slow: what holds for two fields holds for all."""


def by_name(steps):
    return {step.name: step for step in steps}


def test_the_daemons_own_account_sees_what_is_there_and_may_not_make_the_rest(desk):
    steps = by_name(desk.plan(WANTED))
    for there in ("key", "tags", "category", "contact_due"):
        assert steps[there].action is Action.KEEP
    assert steps["root_cause"].action is Action.CREATE
    with pytest.raises(AuthenticationFailed, match="AdminCustomField"):
        desk.carry_out(steps["root_cause"], WANTED)
    with pytest.raises(Rejected):
        desk.carry_out(steps["due_now"], WANTED)


def test_what_was_set_up_takes_tickets_at_once(world, ticket):
    apply(world.open_bare(), FEW)
    desk = world.open(queue=BARE, fields={"category": "", "contact_due": "", "resolution_due": ""})
    assert [problem for problem in desk.check() if problem.fatal] == []
    ref = desk.open(prepared(desk, replace(ticket, fields={}, body=b"")))
    assert desk.snapshot(ref).tags == set(ticket.tags)


def test_what_was_taken_away_comes_back_with_what_stood_in_it(world):
    admin = world.open_bare()
    apply(admin, FEW)
    before = world.setup()
    apply(admin, FEW, remove=True)
    assert world.setup() == {}
    apply(admin, FEW)
    assert world.setup() == before


def test_a_field_of_another_type_is_for_a_person_to_change(world):
    body = {"Name": "Amends Key", "Type": "FreeformMultiple", "Queue": BARE}
    world.api("POST", "/customfield", json=body)
    step = by_name(world.open_bare().plan(FEW))["key"]
    assert step.action is Action.MANUAL
    assert "FreeformMultiple -> FreeformSingle" in step.manual


def test_a_field_for_keys_that_forgets_to_be_unique_is_mended(world):
    body = {"Name": "Amends Key", "Type": "FreeformSingle", "Queue": BARE}
    world.api("POST", "/customfield", json=body)
    admin = world.open_bare()
    step = by_name(admin.plan(FEW))["key"]
    assert (step.action, step.changes) == (Action.CHANGE, ("unique values: no -> yes",))
    admin.carry_out(step, FEW)
    assert by_name(admin.plan(FEW))["key"].action is Action.KEEP


def test_views_are_searches_that_rt_understands(world, desk, ref):
    address = by_name(desk.plan(WANTED))["second_look"].changes[0].removeprefix("bookmark ")
    world.tag_by_hand(ref, "amends_second_look")
    page = world.agent().get(address.replace(str(world.proxy.port), str(world.rt.port)), timeout=90)
    assert f"Display.html?id={ref.id}" in page.text
