"""Setting the account up: beside what the contract promises, this product's own traps."""

from __future__ import annotations

import pytest
from servers.weather import Fate, json_answer, reads
from servers.zendesk_world import ZendeskWorld

from connector.domain.blueprint import Action
from connector.domain.errors import PartiallyApplied, Rejected
from connector.recovery.blueprint import blueprint
from connector.recovery.settings import RecoverySettings
from connector.testing.changes import a_ticket
from connector.testing.helpdesk.world import prepared

WANTED = blueprint(RecoverySettings())


@pytest.fixture
def world():
    world = ZendeskWorld(set_up=False)
    world.desk.knobs.requests_per_minute = 100_000
    yield world
    world.close()


def apply(helpdesk):
    steps = helpdesk.plan(WANTED)
    for step in steps:
        if step.action in {Action.CREATE, Action.CHANGE}:
            helpdesk.carry_out(step, WANTED)
    return steps


def shelf(world, plural):
    return list(world.desk.account.shelves[plural].records.values())


def test_an_account_that_was_set_up_has_no_problems_and_takes_whole_tickets(world):
    helpdesk = world.open()
    apply(helpdesk)
    again = world.open()
    assert again.check() == []
    fields = {
        "case": "C-1",
        "category": "visit.wait",
        "severity": "2",
        "channel": "mail",
        "source": "feedback",
        "detected_at": "2026-11-21T10:00:00Z",
        "contact_due": "2026-11-22T10:30:00Z",
        "resolution_due": "2026-11-29T10:30:00Z",
    }
    shown = again.snapshot(again.open(prepared(again, a_ticket(fields=fields))))
    assert shown.fields == fields
    assert shown.tags == set(a_ticket().tags)


def test_patients_see_none_of_the_fields(world):
    apply(world.open())
    made = [one for one in shelf(world, "ticket_fields") if one["title"].startswith("Recovery")]
    assert len(made) > 15
    assert not any(one["visible_in_portal"] or one["editable_in_portal"] for one in made)
    assert not any(one["required"] for one in made)


def test_the_fields_are_put_on_the_only_form_beside_those_of_others(world):
    foreign = world.desk.add_record("ticket_fields", type="text", title="Insurance")["id"]
    [form] = shelf(world, "ticket_forms")
    form["ticket_field_ids"] = [foreign]
    apply(world.open())
    assert form["ticket_field_ids"][0] == foreign
    fields = shelf(world, "ticket_fields")
    ours = [one["id"] for one in fields if one["title"].startswith("Recovery: ")]
    assert sorted(form["ticket_field_ids"][1:]) == sorted(ours)


def test_among_several_forms_a_person_chooses(world):
    world.desk.add_record("ticket_forms", name="Complaint")
    [step] = [one for one in world.open().plan(WANTED) if one.kind == "form"]
    assert step.action is Action.MANUAL
    named = world.open(form="Complaint")
    apply(named)
    [step] = [one for one in named.plan(WANTED) if one.kind == "form"]
    assert (step.action, step.title) == (Action.KEEP, "Complaint")


def test_a_form_that_is_not_there_is_told(world):
    [step] = [one for one in world.open(form="No Such").plan(WANTED) if one.kind == "form"]
    assert "form" in step.manual


def test_an_account_without_forms_shows_every_field_anyway(world):
    world.desk.knobs.has_forms = False
    assert not [one for one in world.open().plan(WANTED) if one.kind == "form"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_plan_without_service_levels_leaves_them_to_people(world, status):
    world.desk.knobs.has_slas = False
    world.desk.knobs.no_slas_status = status
    helpdesk = world.open()
    steps = [one for one in apply(helpdesk) if one.kind == "sla"]
    assert {one.action for one in steps} == {Action.MANUAL}
    assert "Suite Growth" in steps[0].manual
    with pytest.raises(Rejected):
        helpdesk.carry_out(steps[0], WANTED)


def test_service_levels_measure_by_tag_in_minutes_for_every_priority(world):
    apply(world.open())
    gravest = next(one for one in shelf(world, "sla_policies") if "critical" in one["title"])
    assert gravest["filter"] == {
        "all": [{"field": "current_tags", "operator": "includes", "value": "amends_sev_4"}],
        "any": [],
    }
    metrics = gravest["policy_metrics"]
    assert {one["priority"] for one in metrics} == {"low", "normal", "high", "urgent"}
    assert {one["metric"] for one in metrics} == {"first_reply_time", "total_resolution_time"}
    row = RecoverySettings().sla.row(4)
    contact = min(row.contact_minutes, row.contact_ceiling_minutes)
    assert {one["target"] for one in metrics if one["metric"] == "first_reply_time"} == {contact}


def test_our_service_levels_come_before_those_of_others(world):
    """The first that matches counts, and new ones go last."""
    whom = {"all": [{"field": "status", "operator": "is", "value": "open"}], "any": []}
    world.desk.add_record("sla_policies", title="Everybody", filter=whom)
    helpdesk = world.open()
    apply(helpdesk)
    order = sorted(shelf(world, "sla_policies"), key=lambda one: one["position"])
    assert order[-1]["title"] == "Everybody"
    order[-1]["position"] = 0  # somebody moves it up
    moved = [one for one in helpdesk.plan(WANTED) if one.action is Action.CHANGE]
    assert {one.kind for one in moved} == {"sla"}
    apply(helpdesk)
    assert not [one for one in helpdesk.plan(WANTED) if one.action is Action.CHANGE]


def test_views_stand_on_conditions_that_the_product_takes(world):
    apply(world.open())
    due = next(one for one in shelf(world, "views") if one["title"] == "Recovery: due now")
    assert due["all"] == [
        {"field": "status", "operator": "less_than", "value": "solved"},
        {
            "field": "current_tags",
            "operator": "includes",
            "value": "amends_sla_running amends_sla_contact_late",
        },
        {"field": "current_tags", "operator": "not_includes", "value": "amends_no_contact"},
    ]


def test_a_view_whose_conditions_were_changed_is_mended_and_its_title_stays(world):
    helpdesk = world.open()
    apply(helpdesk)
    due = next(one for one in shelf(world, "views") if one["title"] == "Recovery: due now")
    due |= {"title": "Call these first", "all": due["all"][:1], "active": False}
    [step] = [one for one in helpdesk.plan(WANTED) if one.action is Action.CHANGE]
    assert (step.kind, step.title) == ("view", "Call these first")
    helpdesk.carry_out(step, WANTED)
    assert due["title"] == "Call these first"
    assert len(due["all"]) == 3
    assert due["active"]


def test_an_agent_gets_the_whole_plan_as_work_for_an_administrator(world):
    world.desk.client_user.role = "agent"
    steps = world.open().plan(WANTED)
    assert {one.action for one in steps} <= {Action.MANUAL, Action.KEEP}
    assert all("administrator" in one.manual for one in steps if one.action is Action.MANUAL)


def test_a_right_that_is_taken_away_meanwhile_is_said(world):
    helpdesk = world.open()
    step = next(one for one in helpdesk.plan(WANTED) if one.action is Action.CREATE)
    world.desk.client_user.role = "agent"
    with pytest.raises(Rejected, match="administrator"):
        helpdesk.carry_out(step, WANTED)


def test_a_field_of_another_type_is_left_to_a_person(world):
    world.field("category", type="text")
    [step] = [one for one in world.open().plan(WANTED) if one.name == "category"]
    assert step.action is Action.MANUAL
    assert "Its type is text" in step.manual


def test_a_field_that_was_switched_off_is_switched_on_again(world):
    helpdesk = world.open()
    apply(helpdesk)
    case = next(one for one in shelf(world, "ticket_fields") if one["title"] == "Recovery: case")
    case["active"] = False
    [step] = [one for one in helpdesk.plan(WANTED) if one.action is Action.CHANGE]
    assert step.changes == ("switch on again",)
    helpdesk.carry_out(step, WANTED)
    assert case["active"]


def test_options_of_agents_stay_when_one_of_ours_is_added(world):
    helpdesk = world.open()
    apply(helpdesk)
    cause = next(
        one for one in shelf(world, "ticket_fields") if one["title"] == "Recovery: root cause"
    )
    options = cause["custom_field_options"]
    kept = [one for one in options if one["name"] != "Workflow"]
    cause["custom_field_options"] = [*kept, {"id": 1, "name": "Weather", "value": "weather"}]
    [step] = [one for one in helpdesk.plan(WANTED) if one.action is Action.CHANGE]
    assert step.changes == ('+ option "Workflow"',)
    helpdesk.carry_out(step, WANTED)
    names = {one["name"] for one in cause["custom_field_options"]}
    assert names == {one["name"] for one in options} | {"Weather"}


def test_a_plan_that_cannot_be_read_whole_is_no_plan(world):
    broken = json_answer(200, {"ticket_fields": None})
    with (
        world.desk.weather.upon(reads("/ticket_fields$"), Fate(instead=broken)),
        pytest.raises(Exception, match="another shape"),
    ):
        world.open().plan(WANTED)


def test_before_the_set_up_tickets_are_made_without_fields(world):
    helpdesk = world.open()
    try:
        helpdesk.open(prepared(helpdesk, a_ticket()))
    except PartiallyApplied:
        pytest.fail("what was never there is told by check, not by every ticket")
    assert world.count(a_ticket().key) == 1
