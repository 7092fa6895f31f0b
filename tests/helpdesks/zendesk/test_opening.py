"""A new ticket is made once and whole, or what it lacks is said."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import pytest
from servers.weather import Fate, writes

from connector.domain.errors import OutcomeUnknown, PartiallyApplied, Rejected
from connector.domain.signal import Contact
from connector.testing.changes import CANARY, DUE, a_ticket
from connector.testing.helpdesk.world import long_ago, prepared

ANN = Contact(name="Ann Other", email="ann@example.com")


def ready(helpdesk, **changes):
    return prepared(helpdesk, a_ticket(requester=ANN, **changes))


def created(world):
    """The bodies and keys of all creates that reached the product."""
    return [
        (json.loads(one.request.body)["ticket"], one.request.headers["idempotency-key"])
        for one in world.desk.exchanges
        if (one.request.method, one.request.path) == ("POST", "/api/v2/tickets")
    ]


def test_a_new_ticket_takes_one_request(world, helpdesk):
    helpdesk.open(ready(helpdesk))
    before = len(world.asked())
    helpdesk.open(ready(helpdesk, key="open-2"))
    assert world.asked()[before:] == [("POST", "/api/v2/tickets")]


def test_the_first_ticket_looks_up_the_fields_once(world, helpdesk):
    helpdesk.open(ready(helpdesk))
    assert world.asked() == [("GET", "/api/v2/ticket_fields"), ("POST", "/api/v2/tickets")]


def test_what_is_sent_says_everything_explicitly(world, helpdesk):
    helpdesk.open(ready(helpdesk))
    [(body, key)] = created(world)
    assert key == body["external_id"] == "open-C00001"
    assert body["comment"]["public"] is False
    assert body["priority"] == "normal"
    assert body["requester"] == {"name": "Ann Other", "email": "ann@example.com"}
    assert body["metadata"] == {"amends_key": "open-C00001"}
    assert "type" not in body
    assert "due_at" not in body


def test_the_due_time_stands_in_a_field_because_the_product_keeps_it_for_tasks_only(
    world, helpdesk
):
    ref = helpdesk.open(ready(helpdesk, due_at=DUE))
    assert helpdesk.snapshot(ref).fields["contact_due"] == "2026-11-22T10:30:00Z"
    assert helpdesk.snapshot(ref).due_at is None
    assert world.desk.shown(ref.id)["type"] is None


def test_a_repetition_sends_the_same_bytes_and_makes_no_second_ticket(world, helpdesk):
    ticket = ready(helpdesk)
    with world.lose_answer(1), pytest.raises(OutcomeUnknown):
        helpdesk.open(ticket)
    ref = world.open().open(ticket)
    assert [ref.id] == [str(one.id) for one in world.desk.by_external_id(ticket.key)]
    first, second = [
        one.request.body for one in world.desk.exchanges if one.request.path.endswith("/tickets")
    ]
    assert first == second


@pytest.mark.parametrize("applied", [True, False])
def test_a_collision_in_its_database_is_doubt_and_the_same_key_ends_it(world, helpdesk, applied):
    ticket = ready(helpdesk)
    world.desk.conflict(applied=applied)
    with pytest.raises(OutcomeUnknown):
        helpdesk.open(ticket)
    helpdesk.open(ticket)
    assert world.count(ticket.key) == 1


def test_a_key_that_stands_for_another_body_leads_to_its_ticket(world, helpdesk):
    ref = helpdesk.open(ready(helpdesk, text="as it was told before a restore"))
    assert helpdesk.open(ready(helpdesk, text="as it is told now")) == ref
    assert len(world.desk.tickets) == 1


def test_a_key_that_is_refused_without_a_ticket_is_told(world, helpdesk):
    ticket = ready(helpdesk)
    helpdesk.open(ticket)
    world.desk.scrub(1)
    with pytest.raises(Rejected):
        helpdesk.open(ready(helpdesk, text="another"))


# --- who cannot be the requester --------------------------------------------------------------


@pytest.mark.parametrize("keeps", [False, True])
def test_a_suspended_requester_does_not_lose_the_ticket(world, helpdesk, keeps):
    world.desk.knobs.keys_keep_errors = keeps
    world.desk.suspend(ANN.email)
    ticket = ready(helpdesk)
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.open(ticket)
    assert caught.value.missing == ("requester",)
    shown = helpdesk.snapshot(caught.value.ref)
    assert (shown.key, shown.requester_email) == (ticket.key, "")
    assert shown.text.startswith("(The user of this person, ann@example.com, cannot be")
    assert shown.text.endswith(ticket.text)
    assert world.count(ticket.key) == 1


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("let_in", [False, True])
@pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_cut_on_the_way_to_our_own_name_makes_no_second_ticket(
    world, helpdesk, keeps, let_in, loss, nth
):
    """Also when the person is let in again before the repetition."""
    world.desk.knobs.keys_keep_errors = keeps
    user = world.desk.suspend(ANN.email)
    ticket = ready(helpdesk)
    cut = False
    try:
        with getattr(world, loss)(nth):
            helpdesk.open(ticket)
    except OutcomeUnknown:
        cut = True
    except PartiallyApplied:
        pass
    user.suspended = not let_in
    if cut:
        again = world.open()  # as after the end of the process
        with contextlib.suppress(PartiallyApplied):
            again.open(ticket)
    assert world.count(ticket.key) == 1


def test_after_the_keys_life_the_list_finds_what_is_in_our_own_name(world, helpdesk):
    world.desk.suspend(ANN.email)
    ticket = ready(helpdesk)
    with world.lose_answer(2), pytest.raises(OutcomeUnknown):
        helpdesk.open(ticket)
    assert len(helpdesk.find(ticket.key, long_ago())) == 1


def test_an_address_that_the_product_does_not_take_does_not_lose_the_ticket(world, helpdesk):
    odd = Contact(name="Ann", email="no-address-at-all")
    ticket = prepared(helpdesk, a_ticket(requester=odd))
    with pytest.raises(PartiallyApplied, match="requester"):
        helpdesk.open(ticket)
    assert world.count(ticket.key) == 1


def test_who_left_a_number_only_is_no_user_and_agents_read_that_they_have_to_call(world, helpdesk):
    people = len(world.desk.account.users)
    caller = Contact(name="Caller", phone="+4930123456")
    shown = helpdesk.snapshot(helpdesk.open(prepared(helpdesk, a_ticket(requester=caller))))
    assert "+4930123456" in shown.text.splitlines()[0]
    assert shown.requester_email == ""
    assert len(world.desk.account.users) == people


def test_a_person_without_a_name_goes_by_the_address(world, helpdesk):
    nameless = replace(ANN, name="")
    helpdesk.open(prepared(helpdesk, a_ticket(requester=nameless)))
    assert created(world)[0][0]["requester"]["name"] == "ann@example.com"


# --- what the product drops -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dropped", "missing"),
    [
        ("priority", "severity"),
        ("external_id", "key"),
        ("tags", "tags"),
        ("custom_fields", "category"),
        ("requester", "requester"),
        ("metadata", "mark"),
    ],
)
def test_what_the_product_drops_without_a_word_is_said(world, helpdesk, dropped, missing):
    world.desk.knobs.drops = {dropped}
    ticket = ready(helpdesk)
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.open(ticket)
    assert missing in caught.value.missing
    assert CANARY not in str(caught.value)
    assert len(world.desk.tickets) == 1


def test_a_warning_in_a_header_is_counted_as_a_fault(world, helpdesk):
    said = (
        '{:allowed_parameters=>{:controller=>"tickets", :action=>"create", '
        ':unpermitted_keys=>["ticket.metadata"], :invalid_values=>["Quirina"]}}'
    )
    warning = ("X-Zendesk-API-Warn", said)
    fate = Fate(applied=True, change=lambda own: own.with_headers(warning))
    with (
        world.desk.weather.upon(writes("/tickets$"), fate),
        pytest.raises(PartiallyApplied) as caught,
    ):
        helpdesk.open(ready(helpdesk))
    assert caught.value.missing == ("dropped:ticket.metadata",)


def test_a_field_that_an_admin_removed_is_said_once_and_the_ticket_is_there(world, helpdesk):
    helpdesk.open(ready(helpdesk))
    fields = world.desk.account.shelves["ticket_fields"]
    for record in list(fields.records.values()):
        if record["title"] == "Recovery: category":
            fields.delete(record["id"])
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.open(ready(helpdesk, key="open-2"))
    assert caught.value.missing == ("category",)
    helpdesk.open(ready(helpdesk, key="open-3"))
    assert [world.count(key) for key in ("open-2", "open-3")] == [1, 1]
    assert any("category" in problem.what for problem in helpdesk.check())


def test_an_option_that_the_field_lacks_is_said_and_not_sent(helpdesk):
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.open(ready(helpdesk, fields={"category": "of.tomorrow", "case": "C-1"}))
    assert caught.value.missing == ("category",)
    assert helpdesk.snapshot(caught.value.ref).fields["case"] == "C-1"


def test_fields_of_the_settings_are_found_by_title_and_by_number(world):
    title = world.desk.add_record("ticket_fields", type="text", title="Why")["title"]
    number = world.desk.add_record("ticket_fields", type="text", title="Where from")["id"]
    helpdesk = world.open(fields={"category": title, "source": number, "case": ""})
    fields = {"category": "visit.wait", "source": "phones", "case": "C-1"}
    shown = helpdesk.snapshot(helpdesk.open(ready(helpdesk, fields=fields)))
    values = {one["id"]: one["value"] for one in world.desk.shown(1)["custom_fields"]}
    assert values[number] == "phones"
    assert "visit.wait" in values.values()
    assert "C-1" not in values.values()
    assert shown.fields.items() >= {"category": "visit.wait", "source": "phones"}.items()


def test_group_brand_and_form_are_found_by_name(world):
    group = world.desk.add_record("groups", name="Patient Recovery")["id"]
    brand = world.desk.add_record("brands", name="Branch")["id"]
    form = world.desk.add_record("ticket_forms", name="Complaint")["id"]
    helpdesk = world.open(group="Patient Recovery", brand="Branch", form="Complaint")
    ref = helpdesk.open(ready(helpdesk))
    shown = world.desk.shown(ref.id)
    assert (shown["group_id"], shown["brand_id"], shown["ticket_form_id"]) == (group, brand, form)


def test_a_group_that_is_not_there_is_said_and_the_ticket_is_there(world):
    helpdesk = world.open(group="No Such Group")
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.open(ready(helpdesk))
    assert caught.value.missing == ("group",)
    assert world.count("open-C00001") == 1


def test_what_does_not_fit_into_a_comment_is_left_out_and_says_so(world, helpdesk):
    text = "I waited & waited {{ticket.id}}.\n" * 4_000
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.open(ready(helpdesk, text=text))
    assert caught.value.missing == ("text",)
    [comment] = world.desk.comments(caught.value.ref.id)
    assert len(comment["html_body"].encode()) < 65_535
    assert "more characters do not fit into a comment and were left out" in comment["plain_body"]
    shown, _, said = comment["plain_body"].partition("\n\n(Cut here: ")
    assert text.startswith(shown)
    assert int(said.split()[0]) == len(text) - len(shown)


def test_a_child_of_placeholders_is_harmless_in_subject_and_name(world, helpdesk):
    lure = "{{ticket.requester.email}} {% comment %}"
    person = Contact(name=lure, email="ann@example.com")
    ticket = prepared(helpdesk, a_ticket(subject=lure, text=lure, requester=person))
    shown = helpdesk.snapshot(helpdesk.open(ticket))
    assert (shown.subject, shown.text) == (lure, lure)
    [(body, _)] = created(world)
    assert "{{" not in json.dumps(body)
    assert "{%" not in json.dumps(body)
