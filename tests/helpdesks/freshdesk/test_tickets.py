"""What people do to tickets under our hands, and what admins do to the form."""

from __future__ import annotations

from dataclasses import replace

import pytest
from servers.weather import Fate, json_answer, writes

from connector.domain.errors import Conflict, Gone, PartiallyApplied, Rejected, Unavailable
from connector.domain.signal import Contact
from connector.domain.ticket import TicketStatus
from connector.pipeline.following import is_contact
from connector.recovery.tags import ALL
from connector.testing.changes import a_file, a_note, a_ticket, an_update
from connector.testing.helpdesk.world import calls_of, files_of, long_ago, ours, prepared


def gone_kinds(desk, ref):
    kinds = []
    for call in calls_of(desk, None, ref)[:3]:
        with pytest.raises(Gone) as caught:
            call()
        kinds.append(caught.value.kind)
    return kinds


# spam, deleted, archived, merged


@pytest.mark.parametrize("kind", ["spam", "deleted"])
def test_a_ticket_that_an_agent_put_away_is_found_and_never_made_again(world, desk, ref, kind):
    {"spam": world.hand.spam, "deleted": world.hand.delete}[kind](ref.id)
    ticket = prepared(desk, a_ticket())
    assert desk.find(ticket.key, long_ago()) == [ref]
    desk.finish(ref, ticket)
    assert gone_kinds(desk, ref) == [kind] * 3
    assert len(world.account.tickets) == 1
    assert world.notes(ref) == []


def test_a_ticket_that_is_put_back_can_be_worked_on_again(world, desk, ref):
    world.hand.spam(ref.id)
    world.hand.restore(ref.id)
    desk.note(ref, a_note())
    assert len(world.notes(ref)) == 1


def test_a_ticket_that_was_destroyed_is_deleted(world, desk, ref):
    world.hand.destroy(ref.id)
    assert gone_kinds(desk, ref) == ["deleted"] * 3


@pytest.mark.parametrize("visible", [True, False])
def test_an_archived_ticket_is_gone_and_its_history_is_read_where_it_is(world, desk, ref, visible):
    world.server.knobs.archive_visible = visible
    desk.note(ref, a_note())
    world.hand.archive(ref.id)
    if not visible:
        assert gone_kinds(desk, ref) == ["archived"] * 3
        assert [event.kind for event in desk.history(ref)][:2] == ["created", "note"]
        assert len(ours(desk, ref, "note-1")) == 1
    with pytest.raises(Gone):
        desk.note(ref, a_note(2))


def test_the_history_of_spam_and_merged_tickets_is_read(world, desk, ref):
    other = desk.open(prepared(desk, a_ticket(2)))
    desk.note(ref, a_note())
    world.hand.merge(ref.id, other.id)
    assert len(ours(desk, ref, "note-1")) == 1
    world.hand.spam(other.id)
    assert any(event.kind == "created" for event in desk.history(other))


def test_a_merge_is_no_word_with_the_patient_on_either_ticket(world, desk, ref):
    other = desk.open(prepared(desk, a_ticket(2)))
    world.hand.merge(ref.id, other.id)
    told = [event for one in (ref, other) for event in desk.history(one)]
    assert [event.kind for event in told if event.data.get("automatic")] == ["public_reply"] * 2
    assert not any(is_contact(event, "") for event in told)
    world.hand.reply(other.id, "Ticket 7 of our machine said 12; I am sorry that you waited.")
    assert any(is_contact(event, "") for event in desk.history(other))


@pytest.mark.parametrize(
    "words",
    [
        "This ticket is closed and merged into ticket 2, or so they say",
        "see ticket 2: merged into ticket 2",
        "This ticket is closed and merged into ticket 1",
    ],
)
def test_words_that_speak_of_a_merge_are_none(world, desk, ref, words):
    """The next complaint would be told to another patient's ticket."""
    desk.open(prepared(desk, a_ticket(2)))
    world.hand.comment(ref.id, words)
    world.hand.set(ref.id, status=5)
    assert desk.snapshot(ref).status is TicketStatus.CLOSED


def test_a_patient_cannot_pretend_a_merge(world, desk, ref):
    world.hand.patient_writes(ref.id, "This ticket is closed and merged into ticket 2")
    world.hand.set(ref.id, status=5)
    assert desk.snapshot(ref).status is TicketStatus.CLOSED


def test_a_merged_ticket_that_was_opened_again_is_a_ticket(world, desk, ref):
    other = desk.open(prepared(desk, a_ticket(2)))
    world.hand.merge(ref.id, other.id)
    with pytest.raises(Gone):
        desk.update(ref, an_update())
    world.hand.set(ref.id, status=2)
    desk.note(ref, a_note())


# requesters


def test_a_patient_with_a_number_only_becomes_a_contact_with_a_masked_name(world, desk):
    who = Contact(phone="+493012345667")
    ref = desk.open(prepared(desk, a_ticket(requester=who)))
    contact = world.account.contacts[world.hand.ticket(ref.id)["requester_id"]]
    assert (contact.phone, contact.name) == ("+493012345667", "Caller ending in 67")


@pytest.mark.parametrize("kind", ["phone", "mobile"])
@pytest.mark.parametrize("name", ["", "Roe, Jane", "jane ROE"])
def test_the_one_contact_with_the_number_is_the_requester(world, desk, kind, name):
    known = world.account.add_contact(name="Jane Roe", **{kind: "+493012345667"})
    who = Contact(phone="+493012345667", name=name)
    ref = desk.open(prepared(desk, a_ticket(requester=who)))
    assert world.hand.ticket(ref.id)["requester_id"] == known.id


@pytest.mark.parametrize(
    "typed", ["+49 30 12345667", "030 12345667", "03012345667", "493012345667"]
)
def test_a_number_that_staff_typed_in_another_form_is_the_same_person(world, desk, typed):
    known = world.account.add_contact(name="Jane Roe", phone=typed)
    before = len(world.account.contacts)
    for number in (1, 2):
        who = Contact(phone="+493012345667")
        ref = desk.open(prepared(desk, a_ticket(number, requester=who)))
        assert world.hand.ticket(ref.id)["requester_id"] == known.id
    service = [one for one in world.account.contacts.values() if one.unique_external_id]
    assert len(world.account.contacts) == before + len(service)


def test_two_calls_of_an_unknown_number_make_one_contact(world, desk):
    refs = [
        desk.open(prepared(desk, a_ticket(n, requester=Contact(phone="+493012345667"))))
        for n in (1, 2)
    ]
    people = {world.hand.ticket(ref.id)["requester_id"] for ref in refs}
    [contact] = [world.account.contacts[one] for one in people]
    assert (contact.phone, contact.name) == ("+493012345667", "Caller ending in 67")


@pytest.mark.parametrize("others", [["Jane Roe", "John Roe"], ["John Doe"]])
def test_a_number_that_others_have_joins_nobody(world, desk, others):
    for name in others:
        world.account.add_contact(name=name, phone="+493012345667")
    who = Contact(phone="+493012345667", name="Jane Roe")
    with pytest.raises(PartiallyApplied) as caught:
        desk.open(prepared(desk, a_ticket(requester=who)))
    assert caught.value.missing == ("requester",)
    requester = world.hand.ticket(caught.value.ref.id)["requester_id"]
    assert world.account.contacts[requester].unique_external_id == "amends-service"


def test_all_anonymous_tickets_share_one_contact_without_an_address(world, desk):
    refs = [desk.open(prepared(desk, a_ticket(n, requester=Contact()))) for n in (1, 2)]
    people = {world.hand.ticket(ref.id)["requester_id"] for ref in refs}
    [contact] = [world.account.contacts[one] for one in people]
    assert (contact.email, contact.phone, contact.mobile) == (None, None, None)
    assert contact.name == "Patient (see the ticket)"


@pytest.mark.parametrize("state", ["blocked", "deleted"])
def test_a_blocked_patient_has_a_ticket_all_the_same(world, desk, state):
    ticket = prepared(desk, a_ticket())
    world.account.add_contact(email=ticket.requester.email, state=state)
    with pytest.raises(PartiallyApplied) as caught:
        desk.open(ticket)
    assert caught.value.missing == ("requester",)
    assert desk.find(ticket.key, long_ago()) == [caught.value.ref]


def test_patients_may_be_kept_out_of_the_contacts(world):
    desk = world.open(patients_as_contacts=False)
    ticket = prepared(desk, a_ticket())
    ref = desk.open(ticket)
    assert desk.snapshot(ref).requester_email == ""
    assert world.account.with_email(ticket.requester.email) is None
    assert ticket.requester.email.encode() not in ticket.body


def test_a_ticket_whose_requester_an_agent_changed_is_left_alone(world, desk):
    ticket = prepared(desk, a_ticket())
    with (
        world.server.weather.upon(writes(r"/tickets/\d+$"), Fate()),
        pytest.raises(Exception, match="cut"),
    ):
        desk.open(ticket)
    [ref] = desk.find(ticket.key, long_ago())
    mother = world.account.add_contact(email="mother@example.com")
    world.account.tickets[int(ref.id)].requester_id = mother.id
    desk.finish(ref, ticket)
    assert desk.snapshot(ref).requester_email == "mother@example.com"


# the form


def test_a_demand_that_a_default_meets_costs_nobody_anything(world):
    world.hand.add_field("Location", required_for_agents=True)
    desk = world.open(defaults={"cf_location": "Elm Street"})
    ref = desk.open(prepared(desk, a_ticket()))
    assert world.hand.ticket(ref.id)["custom_fields"]["cf_location"] == "Elm Street"
    assert desk.check() == []


@pytest.mark.parametrize("demanded", ["company", "cf_location", "ticket_type"])
def test_a_demand_that_nothing_meets_keeps_the_work_and_is_found_by_check(world, demanded):
    world.hand.add_field("Location")
    world.hand.require(demanded)
    desk = world.open()
    [problem] = desk.check()
    assert problem.fatal
    assert demanded in problem.what
    assert "defaults" in problem.cure
    with pytest.raises(Unavailable, match="demands"):
        desk.open(prepared(desk, a_ticket()))
    assert world.hand.tickets() == []


def test_a_demand_that_an_admin_adds_is_read_with_the_refusal(world):
    world.hand.add_field("Location")
    desk = world.open()
    desk.open(prepared(desk, a_ticket()))
    world.hand.require("cf_location")
    ticket = prepared(desk, a_ticket(2))
    with pytest.raises(Unavailable, match="read again"):
        desk.open(ticket)
    with pytest.raises(Unavailable, match="demands cf_location"):
        desk.open(ticket)
    mended = world.open(defaults={"cf_location": "Elm Street"})
    mended.open(ticket)
    assert world.count(ticket.key) == 1


def test_an_update_meets_a_demand_that_came_after_the_ticket(world, ref):
    world.hand.add_field("Location", required_for_agents=True)
    desk = world.open(defaults={"cf_location": "Elm Street"})
    assert desk.update(ref, an_update()).severity == 4
    assert world.hand.ticket(ref.id)["custom_fields"]["cf_location"] == "Elm Street"


def test_a_field_that_an_admin_takes_away_is_left_out_by_the_next_try(world, desk):
    desk.open(prepared(desk, a_ticket()))
    world.hand.remove_field("cf_amends_category")
    ticket = prepared(desk, a_ticket(2))
    with pytest.raises(Unavailable, match="read again"):
        desk.open(ticket)
    made = desk.open(ticket)
    assert "category" not in desk.snapshot(made).fields
    assert any("cf_amends_category" in problem.what for problem in desk.check())


def test_without_the_field_for_keys_nothing_is_opened_and_nothing_is_called_absent(world, desk):
    desk.open(prepared(desk, a_ticket()))
    world.hand.remove_field("cf_amends_key")
    with pytest.raises(Unavailable, match="cf_amends_key"):
        desk.find(a_ticket().key, long_ago())
    with pytest.raises(Unavailable, match="cf_amends_key"):
        desk.open(prepared(desk, a_ticket(2)))
    assert any(p.fatal and "cf_amends_key" in p.what for p in desk.check())
    assert len(world.hand.tickets()) == 1


def test_a_field_whose_name_got_a_number_is_ours_all_the_same(world):
    world.hand.remove_field("cf_amends_key")
    world.hand.add_field("Amends key", name="cf_amends_key_297457")
    desk = world.open()
    ticket = prepared(desk, a_ticket())
    ref = desk.open(ticket)
    assert desk.find(ticket.key, long_ago()) == [ref]
    assert desk.snapshot(ref).key == ticket.key
    assert desk.check() == []


def test_lists_without_the_key_are_no_answer(world, desk):
    desk.open(prepared(desk, a_ticket()))

    def blind(answer):
        return json_answer(200, [{**one, "custom_fields": {}} for one in answer.json()])

    def is_list(request):
        return request.path.endswith("/tickets") and not request.is_write

    with (
        world.server.weather.upon(is_list, Fate(applied=True, change=blind)),
        pytest.raises(Unavailable),
    ):
        desk.find(a_ticket().key, long_ago())


def test_a_choice_is_found_by_its_value_or_by_the_value_in_its_brackets(world):
    choices = ["Waited too long [visit.wait]", "visit.rude"]
    world.hand.add_field("Amends cause", "custom_dropdown", choices=choices)
    desk = world.open()
    fields = {"cause": "visit.wait"}
    ref = desk.open(prepared(desk, a_ticket(fields=fields)))
    assert desk.snapshot(ref).fields["cause"] == "visit.wait"
    assert desk.update(ref, an_update(fields={"cause": "visit.rude"})).fields["cause"] == (
        "visit.rude"
    )
    with pytest.raises(PartiallyApplied) as caught:
        desk.update(ref, an_update(2, fields={"cause": "weather"}))
    assert caught.value.missing == ("cause",)


def test_fields_of_every_type_read_back(world):
    kinds = {"text": "custom_text", "words": "custom_paragraph", "count": "custom_number"}
    kinds |= {"share": "custom_decimal", "done": "custom_checkbox", "day": "custom_date"}
    for name, kind in kinds.items():
        world.hand.add_field(f"Amends {name}", kind)
    desk = world.open()
    fields = {"text": "x" * 300, "words": "a\nb", "count": "7", "share": "1", "done": "true"}
    fields["day"] = "2026-11-22T10:30:00Z"
    shown = desk.snapshot(desk.open(prepared(desk, a_ticket(fields=fields)))).fields
    assert shown.pop("text") == "x" * 252 + "..."
    assert shown == {
        "words": "a\nb",
        "count": "7",
        "share": "1.0",
        "done": "true",
        "day": "2026-11-22",
    }


def test_statuses_of_the_account_are_understood(world, ref):
    for code, label in ((8, "With the doctor"), (9, "Waiting for tea")):
        world.hand.add_status(code, label)
    told = world.open(statuses={"With the doctor": "pending"})
    seen = []
    for code in range(2, 10):
        world.hand.set(ref.id, status=code)
        seen.append(told.snapshot(ref).status.value)
    assert seen == [
        "open",
        "pending",
        "resolved",
        "closed",
        "pending",
        "pending",
        "pending",
        "open",
    ]


def test_what_has_to_be_filled_before_closing_is_filled_when_we_close(world):
    world.hand.add_field("Outcome", required_for_closure=True)
    bare = world.open()
    ref = bare.open(prepared(bare, a_ticket()))
    with pytest.raises(Rejected):
        bare.update(ref, an_update(status=TicketStatus.CLOSED))
    assert [problem.fatal for problem in bare.check()] == [False]
    told = world.open(defaults={"cf_outcome": "see the notes"})
    assert told.update(ref, an_update(status=TicketStatus.CLOSED)).status is TicketStatus.CLOSED


def test_group_type_and_source_are_placed_by_their_names(world):
    number = world.hand.add_group("Patient Recovery")
    desk = world.open(group="Patient Recovery", type="Problem", source="Feedback Widget")
    made = world.hand.ticket(desk.open(prepared(desk, a_ticket())).id)
    assert (made["group_id"], made["type"], made["source"]) == (number, "Problem", 9)
    assert desk.check() == []


@pytest.mark.parametrize("wrong", [{"group": "Nobody"}, {"source": "Pigeon"}, {"type": "Odd"}])
def test_a_place_that_is_not_there_keeps_the_work_and_is_found_by_check(world, wrong):
    desk = world.open(**wrong)
    assert [problem.fatal for problem in desk.check()] == [True]
    with pytest.raises((Unavailable, Rejected)):
        desk.open(prepared(desk, a_ticket()))
    assert world.hand.tickets() == []


# tags


def test_every_tag_of_ours_goes_there_and_comes_back(desk, ref):
    shown = desk.update(ref, an_update(add_tags=tuple(sorted(ALL)), remove_tags=()))
    assert shown.tags == ALL | {"amends_visit_wait"}
    assert desk.update(ref, an_update(2, add_tags=(), remove_tags=tuple(ALL))).tags == {
        "amends_visit_wait"
    }


def test_a_foreign_tag_that_our_write_made_vanish_is_put_back(world, desk, ref):
    """As when the product loses what it was sent, and nobody else has touched the ticket."""
    world.hand.tag(ref.id, "vip")
    lost = []

    def forget(answer):
        ticket = world.account.tickets[int(ref.id)]
        if not lost:
            lost.append(ticket.tags.remove("vip"))
        return answer

    with world.server.weather.upon(writes(r"/tickets/\d+$"), Fate(applied=True, change=forget)):
        shown = desk.update(ref, an_update())
    assert shown.tags == {"amends", "amends_repeat", "vip"}


def test_a_tag_that_an_agent_takes_away_meanwhile_stays_away(world, desk, ref):
    world.hand.tag(ref.id, "vip")

    def untag(answer):
        world.server.clock.advance(seconds=1)
        world.hand.untag(ref.id, "vip")
        return answer

    with world.server.weather.upon(writes(r"/tickets/\d+$"), Fate(applied=True, change=untag)):
        assert desk.update(ref, an_update()).tags == {"amends", "amends_repeat"}


def test_whoever_overwrites_our_tags_again_and_again_is_a_conflict(world, desk, ref):
    def overwrite(answer):
        world.server.clock.advance(seconds=1)
        world.hand.set(ref.id, tags=["theirs"])
        return answer

    with (
        world.server.weather.upon(writes(r"/tickets/\d+$"), Fate(applied=True, change=overwrite)),
        pytest.raises(Conflict),
    ):
        desk.update(ref, an_update())
    assert desk.update(ref, an_update()).tags == {"amends_repeat", "theirs"}


# notes and files


def test_a_note_on_a_ticket_with_many_conversations_is_recognised(world, desk, ref):
    desk.note(ref, a_note())
    for number in range(230):
        world.hand.comment(ref.id, f"comment {number}")
    desk.note(ref, a_note(2))
    for number in (1, 2):
        desk.note(ref, a_note(number))
    assert len(world.notes(ref)) == 232


@pytest.mark.parametrize("who", ["patient", "agent"])
def test_the_mark_of_a_note_in_other_words_is_no_note_of_ours(world, desk, ref, who):
    """A patient knows no key; an agent's remark goes on behind it."""
    if who == "patient":
        world.hand.patient_writes(ref.id, "x\n[amends note note-1]")
    else:
        world.hand.comment(ref.id, "x\n[amends note note-1] is what they wrote")
    desk.note(ref, a_note())
    assert len(ours(desk, ref, "note-1")) == 1


def test_the_files_of_a_ticket_stay_below_its_limit(world):
    desk = world.open(max_attachment_bytes=9 * 1024 * 1024)
    ref = desk.open(prepared(desk, a_ticket()))
    nine = b"x" * 9 * 1024 * 1024
    first = a_note(attachments=(a_file("a.pdf", nine), a_file("b.pdf", nine + b"")))
    desk.note(ref, replace(first, body=desk.prepare(first)))
    more = a_note(2, attachments=(a_file("c.pdf", nine), a_file("d.pdf", b"small")))
    with pytest.raises(PartiallyApplied) as caught:
        desk.note(ref, replace(more, body=desk.prepare(more)))
    assert caught.value.missing == ("attachment 1",)
    assert sorted(files_of(world, ref)) == ["a.pdf", "b.pdf", "d.pdf"]
    assert "there is no room on this ticket: c.pdf" in ours(desk, ref, "note-2")[0].text
    desk.note(ref, replace(more, body=desk.prepare(more)))
    assert len(world.notes(ref)) == 2


def test_a_file_that_the_account_refuses_does_not_keep_the_words_away(world, desk, ref):
    errors = [{"field": "attachments", "message": "no", "code": "invalid_value"}]
    no = json_answer(400, {"description": "Validation failed", "errors": errors})

    def with_files(request):
        return request.path.endswith("/notes") and b"filename=" in request.body

    with (
        world.server.weather.upon(with_files, Fate(instead=no)),
        pytest.raises(PartiallyApplied) as caught,
    ):
        desk.note(ref, a_note(attachments=(a_file(),)))
    assert caught.value.missing == ("attachment 1",)
    assert len(ours(desk, ref, "note-1")) == 1


# history


def test_the_history_tells_steps_replies_edits_and_ratings(world, desk, ref):
    world.server.clock.advance(seconds=10)
    remark = world.hand.comment(ref.id, "called, no answer")
    world.hand.reply(ref.id, "We are sorry")
    world.server.clock.advance(seconds=10)
    world.hand.patient_writes(ref.id, "Thank you")
    world.hand.edit(remark, "called, spoke to her")
    world.hand.set(ref.id, status=5)
    world.server.clock.advance(seconds=10)
    world.hand.rate(ref.id, -103, "too late")
    events = list(desk.history(ref))
    assert events[0].kind == "created"
    told = [(event.kind, event.text) for event in events]
    assert ("note", "called, spoke to her") in told
    assert ("public_reply", "We are sorry") in told
    assert ("patient_reply", "Thank you") in told
    assert {event.data["to"] for event in events if event.kind == "status"} >= {"closed"}
    world.hand.set(ref.id, status=2)
    world.server.clock.advance(seconds=10)
    world.hand.set(ref.id, status=5)
    again = [event for event in desk.history(ref) if event.data.get("to") == "closed"]
    assert again
    assert not {event.id for event in again} & {event.id for event in events}
    [rating] = [event for event in events if event.data.get("source") == "satisfaction"]
    assert (rating.text, rating.data["rating.default_question"]) == ("too late", "-103")
    [edited] = [event for event in events if "edited_at" in event.data]
    assert edited.text == "called, spoke to her"


def test_due_dates_are_read_when_they_are_there(world, desk):
    """They come seconds later; nothing is said of their order."""
    world.server.knobs.sla_delay_s = 3
    ref = desk.open(prepared(desk, a_ticket()))
    assert desk.snapshot(ref).due_at is None
    world.server.clock.advance(seconds=4)
    assert desk.snapshot(ref).due_at is not None
