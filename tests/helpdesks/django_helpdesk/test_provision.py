"""What a site lacks is told in the words of its admin page, and seen once it is there."""

from __future__ import annotations

import json

import pytest
from servers.helpdesk import SiteWorld, running_site

from connector.domain.blueprint import Action
from connector.domain.errors import Rejected
from connector.helpdesks.base import Provisions
from connector.recovery.blueprint import blueprint
from connector.recovery.settings import RecoverySettings
from connector.testing.changes import a_ticket

WANTED = blueprint(RecoverySettings())
CAUSES = tuple(next(one for one in WANTED.fields if one.name == "root_cause").choices)


@pytest.fixture
def world():
    world = SiteWorld(running_site())
    yield world
    world.close()


def told(helpdesk, **how):
    assert isinstance(helpdesk, Provisions)
    return {step.name: step for step in helpdesk.plan(WANTED, **how)}


def test_what_the_daemon_needs_is_kept_on_a_site_that_has_it(world):
    steps = told(world.open())
    for name in ("key", "tags", "category", "contact_due", "resolution_due"):
        assert (steps[name].action, bool(steps[name].id)) == (Action.KEEP, True)
    assert steps["severity"].title == "Priority"
    assert steps["step_fix"].action is Action.MANUAL


def test_a_missing_field_is_told_in_the_words_of_the_admin_page(world):
    steps = told(world.open_bare())
    assert steps["key"].manual.splitlines() == [
        "Admin page, Custom fields, Add custom field:",
        "Field Name: amends_key",
        "Label: Recovery: key",
        "Help Text: By which amends finds the ticket again.",
        "Data Type: Character (single line)",
        "Maximum Length (characters): 200",
        "Required?: leave empty",
        "Staff Only?: tick. Then save.",
    ]
    cause = steps["root_cause"].manual
    assert "Data Type: List" in cause
    assert f"List Values, one a line: {', '.join(CAUSES)}" in cause
    assert "Label: patient told what changed" in steps["told_change"].manual
    assert all(
        len(line) <= len("Label: ") + 30
        for step in steps.values()
        for line in step.manual.splitlines()
        if line.startswith("Label: ")
    )


def test_what_a_person_made_by_these_words_is_kept(world):
    helpdesk = world.open_bare()
    world.custom_field("amends_root_cause", "Why", "list", CAUSES)
    world.custom_field("amends_step_fix", "Recovery: fix", "boolean")
    world.custom_field("amends_change_made", "Changed")
    steps = told(helpdesk)
    assert [
        (steps[name].action, steps[name].title)
        for name in ("root_cause", "step_fix", "change_made")
    ] == [(Action.KEEP, "Why"), (Action.KEEP, "Recovery: fix"), (Action.KEEP, "Changed")]


def test_what_differs_is_told_and_how_to_mend_it(world):
    helpdesk = world.open_bare()
    world.custom_field("amends_root_cause", "Why", "list", CAUSES[1:])
    world.custom_field("amends_step_fix", "Fix", "text")
    world.custom_field("amends_key", "Key", length=20)
    world.custom_field("amends_change_made", "Changed", required=True)
    steps = told(helpdesk)
    assert steps["root_cause"].changes == (f"+ {CAUSES[0]}",)
    assert steps["step_fix"].changes == ("type string -> boolean",)
    assert steps["key"].changes == ("length 20 -> 64",)
    assert steps["change_made"].changes == ("required -> optional",)
    for name in ("root_cause", "step_fix", "key", "change_made"):
        assert steps[name].action is Action.MANUAL
        assert steps[name].manual.startswith(f'Admin page, Custom fields, "amends_{name}":')


def test_a_finding_gets_a_field_when_the_settings_name_one(world):
    assert told(world.open())["source"].title == "in the first follow-up"
    helpdesk = world.open(fields={"source": "heard_by", "step_fix": ""})
    steps = told(helpdesk)
    assert "Field Name: heard_by" in steps["source"].manual
    assert steps["step_fix"].action is Action.KEEP  # left out by the settings


def test_a_view_is_an_address_that_lists_its_tickets(world):
    helpdesk = world.open()
    step = told(helpdesk)["second_look"]
    assert step.action is Action.KEEP
    address = step.changes[0].removeprefix("bookmark ")
    wanted = helpdesk.open(a_ticket(1, tags=("amends", "amends_second_look")))
    helpdesk.open(a_ticket(2))
    path = address.removeprefix(f"http://127.0.0.1:{world.port}")
    page = world.agent().get(world.site.url + path, timeout=30).text
    query = page.partition("datatables_ticket_list/")[2].partition('"')[0]
    rows = world.agent().get(
        f"{world.site.url}/datatables_ticket_list/{query}?length=25&start=0&draw=1", timeout=30
    )
    assert [str(row["id"]) for row in json.loads(rows.text)["data"]] == [wanted.id]


def test_removing_names_only_fields_that_are_ours_by_name(world):
    world.custom_field("amends_step_fix", "Recovery: fix", "boolean")
    steps = told(world.open(), remove=True)
    world.database("DELETE FROM helpdesk_customfield WHERE name = 'amends_step_fix'")
    assert {step.action for step in steps.values()} == {Action.MANUAL}
    assert set(steps) == {"key", "category", "contact_due", "resolution_due", "step_fix"}
    assert all("goes with it" in step.manual for step in steps.values())


def test_nothing_can_be_carried_out(world):
    helpdesk = world.open_bare()
    for step in helpdesk.plan(WANTED):
        with pytest.raises(Rejected):
            helpdesk.carry_out(step, WANTED)
