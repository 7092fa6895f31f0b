"""What `check` finds, and its cure."""

from __future__ import annotations

from datetime import timedelta

import pytest
from servers.freshdesk_world import PRACTICE
from servers.weather import Fate, json_answer, reads

from connector.helpdesks.freshdesk import Freshdesk, FreshdeskSettings


def only(problems):
    [problem] = problems
    assert problem.what.endswith(".")
    assert problem.cure
    return problem


def scoped(scope):
    return lambda answer: json_answer(200, answer.json() | {"ticket_scope": scope})


def test_an_agent_who_does_not_see_all_tickets_will_not_do(world, desk):
    """A ticket that is moved to another group would not be found, and be opened again."""
    for scope in (2, 3):
        fate = Fate(applied=True, change=scoped(scope))
        with world.server.weather.upon(reads("/agents/me"), fate):
            problem = only(desk.check())
        assert problem.fatal
        assert "Global Access" in problem.cure


@pytest.mark.parametrize("path", ["/tickets$", "/contacts", "/ticket_fields"])
def test_a_right_that_is_lacking_is_found(world, desk, path):
    refused = json_answer(403, {"code": "access_denied", "message": "no"})
    with world.server.weather.upon(reads(path), Fate(instead=refused)):
        assert only(desk.check()).fatal


def test_clocks_that_disagree_are_a_warning(world, desk):
    desk._now = lambda: world.server.clock.now() + timedelta(hours=2)
    problem = only(desk.check())
    assert not problem.fatal
    assert "7" in problem.what


def test_an_address_of_the_practice_itself_is_a_warning():
    settings = FreshdeskSettings(url="https://support.clinic.example", api_key="k")
    desk = Freshdesk(settings, PRACTICE)
    desk.close()
    first = desk.check()[0]
    assert not first.fatal
    assert "support.clinic.example" in first.what


def test_a_key_field_of_another_type_will_not_do(world):
    world.hand.add_field("Amends number", "custom_number")
    desk = world.open(key_field="cf_amends_number")
    assert any(one.fatal and "no text field" in one.what for one in desk.check())


def test_fields_of_ours_that_are_missing_are_warnings(world):
    for name in ("cf_amends_category", "cf_amends_contact_due"):
        world.hand.remove_field(name)
    desk = world.open(fields={"contact_due": ""})
    problem = only(desk.check())
    assert not problem.fatal
    assert "cf_amends_category" in problem.what


@pytest.mark.parametrize("name", ["cf_amends_key", "cf_amends_step_fix", "cf_reason"])
def test_a_field_of_ours_that_patients_see_is_a_warning(world, name):
    world.hand.add_field("Location", displayed_to_customers=True)
    world.hand.add_field("Amends step fix")
    world.hand.add_field("Reason")
    desk = world.open(fields={"category": "cf_reason"})
    assert desk.check() == []
    world.account.form.named(name).displayed_to_customers = True
    problem = only(desk.check())
    assert not problem.fatal
    assert name in problem.what


def test_defaults_that_lead_nowhere_are_told(world):
    world.hand.add_field("Location", "custom_dropdown", choices=["Elm Street", "Oak Lane"])
    desk = world.open(defaults={"cf_nothing": "x", "cf_location": "Mars", "group": "Nobody"})
    told = {problem.what: problem for problem in desk.check()}
    assert [one.fatal for one in told.values()] == [False, True, True]
    assert any("Elm Street, Oak Lane" in one.cure for one in told.values())


def test_a_status_that_is_not_there_is_a_warning(world):
    desk = world.open(statuses={"With the dog": "pending"})
    assert not only(desk.check()).fatal


def test_names_of_fields_are_those_of_the_api():
    with pytest.raises(ValueError, match="cf_"):
        FreshdeskSettings(url="https://x.freshdesk.com", api_key="k", fields={"category": "Reason"})


def test_the_key_is_never_printed(desk, world):
    assert world.server.api_key not in repr(desk._settings)
    assert world.server.api_key not in repr(vars(desk))
