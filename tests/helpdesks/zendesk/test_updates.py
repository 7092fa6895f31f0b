"""Changes of what is ours: agents' edits win, nothing foreign is lost."""

from __future__ import annotations

import pytest
from servers.simulator import SimClock
from servers.weather import Fate, json_answer, reads, writes
from servers.zendesk_world import ZendeskWorld

from connector.domain.errors import Conflict, Gone, PartiallyApplied, Rejected
from connector.domain.ticket import TicketRef, TicketStatus
from connector.testing.changes import a_ticket, an_update
from connector.testing.helpdesk.world import prepared


@pytest.fixture
def ref(helpdesk):
    return helpdesk.open(prepared(helpdesk, a_ticket()))


def only(**changes):
    """An update of nothing but what is named."""
    return an_update(**{"severity": None, "add_tags": (), "remove_tags": (), **changes})


def test_a_foreign_tag_of_the_same_second_survives(world):
    """The product tells versions apart by the second only."""
    frozen = ZendeskWorld(clock=SimClock(world.desk.clock.now()))
    try:
        helpdesk = frozen.open()
        ref = helpdesk.open(prepared(helpdesk, a_ticket()))

        def an_agent_is_as_fast(own):
            frozen.tag_by_hand(ref, "vip")
            return own

        fate = Fate(applied=True, change=an_agent_is_as_fast)
        with frozen.desk.weather.upon(reads(f"/tickets/{ref.id}$"), fate, times=1):
            shown = helpdesk.update(ref, an_update())
        assert shown.tags == {"amends", "amends_repeat", "vip"}
    finally:
        frozen.close()


def test_tags_are_never_sent_as_a_whole(world, helpdesk, ref):
    helpdesk.update(ref, an_update())
    bodies = [
        one.request.json()
        for one in world.desk.exchanges
        if one.request.method in {"PUT", "DELETE"}
    ]
    assert [body.get("tags") for body in bodies] == [["amends_repeat"], ["amends_visit_wait"], None]
    assert "tags" not in bodies[-1]["ticket"]
    assert all("true" in str(body).lower() for body in bodies)  # each asks for a safe update


def test_a_priority_that_an_agent_has_set_stays(world, helpdesk, ref):
    world.desk.update_by_hand(ref.id, priority="low")
    shown = helpdesk.update(ref, an_update())
    assert shown.severity == 1
    assert "amends_repeat" in shown.tags


def test_a_priority_that_we_have_set_last_follows(world, helpdesk, ref):
    world.comment_by_hand(ref, "seen")
    assert helpdesk.update(ref, an_update(1, severity=3)).severity == 3
    assert helpdesk.update(ref, an_update(2, severity=4)).severity == 4


def test_an_update_that_changes_nothing_writes_nothing(world, helpdesk, ref):
    helpdesk.update(ref, an_update())
    before = len(world.asked())
    helpdesk.update(ref, an_update())
    assert world.asked()[before:] == [("GET", f"/api/v2/tickets/{ref.id}")]


def test_somebody_who_is_faster_makes_it_begin_anew(world, helpdesk, ref):
    def an_agent_comes_first(own):
        world.desk.clock.advance(seconds=5)
        world.tag_by_hand(ref, "vip")
        return own

    fate = Fate(applied=True, change=an_agent_comes_first)
    with world.desk.weather.upon(reads(f"/tickets/{ref.id}$"), fate, times=1):
        shown = helpdesk.update(ref, an_update())
    assert shown.tags == {"amends", "amends_repeat", "vip"}


def test_a_ticket_that_changes_all_the_time_is_a_conflict(world, helpdesk, ref):
    outdated = json_answer(409, {"error": "UpdateConflict"})
    with world.desk.weather.upon(writes(), Fate(instead=outdated)), pytest.raises(Conflict):
        helpdesk.update(ref, an_update())
    assert helpdesk.snapshot(ref).severity == 2


@pytest.mark.parametrize("applied", [True, False])
def test_a_collision_in_its_database_is_looked_at_and_mended(world, helpdesk, ref, applied):
    world.desk.conflict(applied=applied)
    assert helpdesk.update(ref, an_update()).severity == 4


def test_fields_that_people_fill_are_read_and_left_alone(world, ref):
    people = world.field("root_cause_text", type="text")
    world.desk.update_by_hand(ref.id, custom_fields=[{"id": people["id"], "value": "the queue"}])
    again = world.open()
    shown = again.update(ref, only(fields={"category": "visit.rude"}))
    assert shown.fields["root_cause_text"] == "the queue"
    assert shown.fields["category"] == "visit.rude"


def test_a_field_can_be_emptied(helpdesk, ref):
    helpdesk.update(ref, only(fields={"case": "C-1"}))
    assert "case" not in helpdesk.update(ref, only(fields={"case": ""})).fields


@pytest.mark.parametrize(
    ("kind", "values", "sent", "shown"),
    [
        ("checkbox", {}, "true", "true"),
        ("date", {}, "2026-11-22T10:30:00Z", "2026-11-22"),
        ("integer", {}, "4", "4"),
        ("textarea", {}, "two\nlines", "two\nlines"),
        ("multiselect", {"options": ["a_1", "b_2"]}, "a_1,b_2", "a_1,b_2"),
        ("tagger", {"options": ["grave"]}, "Grave", "grave"),
    ],
)
def test_each_type_of_field_takes_its_value_and_gives_it_back(world, kind, values, sent, shown):
    options = [{"name": one, "value": one} for one in values.get("options", ())]
    more = {"custom_field_options": options} if options else {}
    field = world.desk.add_record("ticket_fields", type=kind, title="Theirs", **more)
    helpdesk = world.open(fields={"lane": field["id"]})
    ref = helpdesk.open(prepared(helpdesk, a_ticket()))
    snapshot = helpdesk.update(ref, only(fields={"lane": sent}))
    assert snapshot.fields["lane"] == shown
    assert snapshot.tags == set(a_ticket().tags)


def test_what_the_product_drops_from_an_update_is_said(world, helpdesk, ref):
    world.desk.knobs.drops = {"priority"}
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.update(ref, an_update())
    assert caught.value.missing == ("severity",)
    assert caught.value.ref == ref


def test_what_the_product_refuses_of_an_update_is_told(world, helpdesk, ref):
    details = {"base": [{"description": "Cause is required", "ticket_field_id": 1}]}
    refused = json_answer(422, {"error": "RecordInvalid", "details": details})
    with (
        world.desk.weather.upon(writes(f"/tickets/{ref.id}$"), Fate(instead=refused)),
        pytest.raises(Rejected) as caught,
    ):
        helpdesk.update(ref, only(status=TicketStatus.RESOLVED))
    assert caught.value.fields == ("base",)


def test_a_higher_severity_on_a_closed_ticket_goes_on_in_a_follow_up(world, helpdesk, ref):
    world.desk.close_ticket(ref.id)
    with pytest.raises(Gone) as caught:
        helpdesk.update(ref, an_update(severity=4))
    into = TicketRef(id=caught.value.merged_into)
    assert helpdesk.update(into, an_update(severity=4)).severity == 4


def test_what_only_keeps_our_tags_up_to_date_opens_no_follow_up(world, helpdesk, ref):
    world.desk.close_ticket(ref.id)
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.update(ref, only(add_tags=("amends_sla_contact_late",)))
    assert caught.value.missing == ("closed_for_good",)
    assert len(world.desk.tickets) == 1


def test_a_ticket_that_closes_under_our_hands_is_gone_on_from(world, helpdesk, ref):
    def it_closes(own):
        world.desk.close_ticket(ref.id)
        return own

    fate = Fate(applied=True, change=it_closes)
    with (
        world.desk.weather.upon(reads(f"/tickets/{ref.id}$"), fate, times=1),
        pytest.raises(Gone) as caught,
    ):
        helpdesk.update(ref, an_update())
    assert caught.value.kind == "closed"
