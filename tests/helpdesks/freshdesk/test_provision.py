"""Setting the account up: what the contract of all products does not ask."""

from __future__ import annotations

import pytest

from connector.domain.blueprint import Action
from connector.domain.errors import AuthenticationFailed, Rejected
from connector.helpdesks.freshdesk.provision_levels import POLICY
from connector.recovery.blueprint import blueprint
from connector.recovery.settings import RecoverySettings
from connector.testing.changes import a_ticket
from connector.testing.helpdesk.provisioning import WANTED, ProvisioningContract, apply
from connector.testing.helpdesk.world import prepared


@pytest.fixture
def bare(world):
    world.bare = {"group": world.hand.add_group("Recovery")}
    return world.open_bare()


def policy_of(world):
    [policy] = [one for one in world.account.policies if one.name == POLICY]
    return policy


def test_after_setting_up_there_is_nothing_to_complain_of(bare):
    apply(bare, WANTED)
    assert bare.check() == []
    ticket = prepared(bare, a_ticket(fields={"category": "access.phone_maze", "severity": "3"}))
    assert bare.snapshot(bare.open(ticket)).fields == ticket.fields


def test_fields_are_for_agents_only_and_never_demanded(world, bare):
    apply(bare, WANTED)
    for field in world.account.form.custom():
        assert not field.displayed_to_customers
        assert not field.customers_can_edit
        assert not field.required_for_agents
        assert field.label.startswith("Recovery: ")
        assert field.name.startswith("cf_amends_")


@pytest.mark.parametrize("renamed", [True, False])
def test_names_with_a_number_are_found_again(world, bare, renamed):
    world.server.knobs.renames_fields = renamed
    apply(bare, WANTED)
    assert [s for s in bare.plan(WANTED) if s.action in {Action.CREATE, Action.CHANGE}] == []
    assert bare.check() == []


def test_one_policy_holds_the_promise_of_each_severity(world, bare):
    apply(bare, WANTED)
    policy = policy_of(world)
    assert policy.applicable_to == {"group_ids": [world.bare["group"]]}
    for number, sla in zip((4, 3, 2, 1), WANTED.slas, strict=True):
        target = policy.targets[f"priority_{number}"]
        contact = next(one.contact_minutes for one in sla.targets if one.severity == number)
        assert target["respond_within"] == max(960, contact * 60)
        assert target["business_hours"] == sla.business_hours
        assert target["respond_within"] % 60 == 0 < target["respond_within"] - 900


def test_the_policy_follows_the_settings_and_is_changed_once(bare):
    ProvisioningContract().test_a_target_that_was_changed_follows_the_settings(bare)
    ProvisioningContract().test_applied_once_there_is_nothing_left_to_do(bare)


def test_the_product_measures_our_tickets_by_it(world, bare):
    world.server.knobs.sla_delay_s = 0
    apply(bare, WANTED)
    ref = bare.open(prepared(bare, a_ticket(severity=4)))
    ticket = world.account.tickets[int(ref.id)]
    seconds = policy_of(world).targets["priority_4"]["respond_within"]
    assert (bare.snapshot(ref).due_at - ticket.created_at).total_seconds() == pytest.approx(
        seconds, abs=2
    )


def test_without_group_and_type_a_person_is_told_what_is_missing(world):
    steps = [step for step in world.open_bare().plan(WANTED) if step.kind == "sla"]
    assert {step.action for step in steps} == {Action.MANUAL}
    assert all("group" in step.manual for step in steps)


def test_a_policy_cannot_be_removed_and_says_so(bare):
    apply(bare, WANTED)
    steps = bare.plan(WANTED, remove=True)
    [told] = [step for step in steps if step.kind == "sla"]
    assert (told.action, POLICY in told.manual) == (Action.MANUAL, True)
    with pytest.raises(Rejected):
        bare.carry_out(told, WANTED)
    fields = [step for step in steps if step.kind == "field"]
    assert {step.action for step in fields} == {Action.REMOVE}
    assert all("every ticket" in step.changes[0] for step in fields)


def test_views_are_told_step_by_step(bare):
    views = [step for step in bare.plan(WANTED) if step.kind == "view"]
    assert len(views) == len(WANTED.views)
    for step, view in zip(views, WANTED.views, strict=True):
        assert view.title in step.manual
        assert all(tag[:27] in step.manual for tag in view.tags)


def test_a_field_of_another_type_is_for_people(world, bare):
    world.hand.add_field("x", "custom_number", name="cf_amends_category")
    [step] = [one for one in bare.plan(WANTED) if one.name == "category"]
    assert step.action is Action.MANUAL
    assert "custom_number" in step.manual


def test_a_field_that_the_practice_keeps_elsewhere_is_not_made(world):
    world.bare = {"fields": {"category": "cf_reason", "case": ""}}
    names = {step.name for step in world.open_bare().plan(WANTED)}
    assert not {"category", "case"} & names


def test_the_bot_itself_may_not_set_up(world):
    world.server.agent("bot", "B0tKey", admin=False)
    with pytest.raises(AuthenticationFailed):
        world.open(api_key="B0tKey").plan(blueprint(RecoverySettings()))


def test_the_bot_without_admin_rights_can_do_all_its_work(world):
    world.server.agent("bot", "B0tKey", admin=False)
    desk = world.open(api_key="B0tKey")
    assert desk.check() == []
    desk.open(prepared(desk, a_ticket()))
