"""The blueprint says what a helpdesk should have, from the practice's own promises."""

from __future__ import annotations

import pytest

from connector.domain.blueprint import FieldType
from connector.domain.taxonomy import TAXONOMY
from connector.recovery import tags
from connector.recovery.blueprint import PREFIX, blueprint
from connector.recovery.marks import FIELDS
from connector.recovery.settings import HoursSettings, RecoverySettings, SlaRow, SlaSettings

DEFAULT = blueprint(RecoverySettings())
FIELD = {field.name: field for field in DEFAULT.fields}


def test_names_and_titles_are_unique_and_ours_stand_together():
    everything = [*DEFAULT.fields, *DEFAULT.views, *DEFAULT.slas]
    titles = [one.title for one in everything]
    assert all(title.startswith(PREFIX) for title in titles)
    for part in (DEFAULT.fields, DEFAULT.views, DEFAULT.slas):
        assert len({one.name for one in part}) == len(part)
        assert len({one.title for one in part}) == len(part)


def test_amends_fills_only_fields_that_it_owes():
    ours = {field.name for field in DEFAULT.fields if field.filled_by == "amends"}
    assert ours - {"key"} <= FIELDS
    theirs = {field.name for field in DEFAULT.fields if field.filled_by == "agents"}
    assert not theirs & FIELDS


def test_the_four_steps_and_what_the_patient_was_told_are_one_click_each():
    ticks = {name for name, field in FIELD.items() if field.type is FieldType.CHECKBOX}
    steps = {"step_apologize", "step_review", "step_fix", "step_document"}
    assert ticks == {*steps, "told_change"}


def test_every_choice_has_values_that_fit_a_tag_and_labels_for_people():
    for field in DEFAULT.fields:
        assert bool(field.choices) is (field.type is FieldType.CHOICE)
        assert all(value and label.strip() for value, label in field.choices.items())
        assert field.description.endswith(".")
    assert set(FIELD["category"].choices) == set(TAXONOMY)


def test_the_places_are_those_of_the_practice():
    field = next(
        field
        for field in blueprint(RecoverySettings(value_chain=("Front desk", "Lab"))).fields
        if field.name == "place"
    )
    assert dict(field.choices) == {"front_desk": "Front desk", "lab": "Lab", "outside": "outside"}


def test_views_and_policies_look_at_tags_of_the_closed_set():
    seen = {tag for view in DEFAULT.views for tag in (*view.tags, *view.without_tags)}
    seen |= {sla.tag for sla in DEFAULT.slas}
    assert seen <= tags.ALL


@pytest.mark.parametrize(
    ("severity", "contact", "resolution", "business"),
    [(4, 60, 2 * 1440, False), (3, 240, 3 * 480, True), (2, 480, 2400, True), (1, 960, 4800, True)],
)
def test_each_severity_has_a_policy_that_its_tag_chooses(severity, contact, resolution, business):
    policy = {sla.name: sla for sla in DEFAULT.slas}[f"severity_{severity}"]
    assert policy.tag == f"amends_sev_{severity}"
    assert policy.business_hours is business
    assert {(one.contact_minutes, one.resolution_minutes) for one in policy.targets} == {
        (contact, resolution)
    }
    assert {one.severity for one in policy.targets} == {1, 2, 3, 4}


def test_a_shorter_business_day_and_a_stricter_promise_arrive_in_the_policy():
    row = SlaRow(
        contact_minutes=30,
        contact_ceiling_minutes=1440,
        update_business_days=1,
        resolution_business_days=1,
        resolution_ceiling_days=7,
    )
    settings = RecoverySettings(
        sla=SlaSettings(severity_4=row), hours=HoursSettings(business_day_minutes=300)
    )
    policy = next(sla for sla in blueprint(settings).slas if sla.name == "severity_4")
    assert policy.business_hours
    assert {(one.contact_minutes, one.resolution_minutes) for one in policy.targets} == {(30, 300)}
