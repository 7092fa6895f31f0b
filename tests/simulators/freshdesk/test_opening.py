"""What a create is answered with, and what it is refused for."""

from __future__ import annotations

import pytest

from .conftest import COMPLAINT, codes


def test_a_ticket_is_made_and_its_address_given(api, desk):
    answer = api.post(
        "/tickets",
        **COMPLAINT,
        tags=["amends", "amends_billing"],
        priority=4,
        custom_fields={"cf_amends_key": "k-1"},
    )
    ticket = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{desk.url}/api/v2/tickets/{ticket['id']}"
    assert ticket["status"] == 2
    assert ticket["source"] == 2
    assert ticket["description_text"] == "I was charged twice."
    assert ticket["custom_fields"] == {"cf_amends_key": "k-1"}
    assert ticket["created_at"] == "2026-11-23T09:00:00Z"
    assert ticket["type"] is None
    assert ticket["group_id"] is None


def test_due_dates_are_null_at_first_and_appear_by_themselves(api, desk):
    ticket = api.post("/tickets", **COMPLAINT, priority=4).json()
    assert (ticket["due_by"], ticket["fr_due_by"]) == (None, None)
    desk.clock.advance(seconds=2)
    assert api.get(f"/tickets/{ticket['id']}").json()["due_by"] is None
    desk.clock.advance(seconds=1)
    ticket = api.get(f"/tickets/{ticket['id']}").json()
    assert ticket["due_by"] == "2026-11-23T13:00:00Z"
    assert ticket["fr_due_by"] == "2026-11-23T10:00:00Z"


def test_due_dates_that_were_sent_stay(api, desk):
    dates = {"due_by": "2026-11-24T09:00:00Z", "fr_due_by": "2026-11-23T17:00:00Z"}
    ticket = api.post("/tickets", **COMPLAINT, **dates).json()
    desk.clock.advance(minutes=5)
    later = api.get(f"/tickets/{ticket['id']}").json()
    assert {name: ticket[name] for name in dates} == dates
    assert {name: later[name] for name in dates} == dates


@pytest.mark.parametrize(
    ("dates", "field"),
    [
        ({"due_by": "2026-11-24T09:00:00Z"}, "fr_due_by"),
        ({"fr_due_by": "2026-11-24T09:00:00Z"}, "due_by"),
        ({"due_by": "2026-11-20T09:00:00Z", "fr_due_by": "2026-11-20T08:00:00Z"}, "due_by"),
        ({"due_by": "2026-11-24T09:00:00Z", "fr_due_by": "2026-11-25T09:00:00Z"}, "fr_due_by"),
        ({"due_by": "tomorrow", "fr_due_by": "2026-11-25T09:00:00Z"}, "due_by"),
    ],
)
def test_a_strict_account_wants_both_dates_in_order_and_ahead(api, dates, field):
    status, faults = codes(api.post("/tickets", **COMPLAINT, **dates))
    assert status == 400
    assert faults[0][0] == field


def test_a_lenient_account_takes_one_date(api, desk):
    desk.knobs.strict_due = False
    ticket = api.post("/tickets", **COMPLAINT, due_by="2026-11-24T09:00:00Z").json()
    assert ticket["due_by"] == "2026-11-24T09:00:00Z"


def test_the_same_request_twice_is_two_tickets(api, desk):
    for _ in range(2):
        api.ticket(custom_fields={"cf_amends_key": "k-1"})
    assert desk.hand.count(cf_amends_key="k-1") == 2


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"subject": None}, ("subject", "missing_field")),
        ({"subject": "  "}, ("subject", "missing_field")),
        ({"description": ""}, ("description", "missing_field")),
        ({"colour": "red"}, ("colour", "invalid_field")),
        ({"description_html": "x"}, ("description_html", "invalid_field")),
        ({"status": "2"}, ("status", "datatype_mismatch")),
        ({"status": True}, ("status", "datatype_mismatch")),
        ({"status": 8}, ("status", "invalid_value")),
        ({"priority": None}, ("priority", "invalid_value")),
        ({"priority": 5}, ("priority", "invalid_value")),
        ({"source": 99}, ("source", "invalid_value")),
        ({"type": "Complaint"}, ("type", "invalid_value")),
        ({"type": 3}, ("type", "datatype_mismatch")),
        ({"tags": "amends"}, ("tags", "datatype_mismatch")),
        ({"tags": ["a,b"]}, ("tags", "invalid_value")),
        ({"tags": ["x" * 33]}, ("tags", "invalid_value")),
        ({"subject": "x" * 256}, ("subject", "invalid_value")),
        ({"email": "nobody"}, ("email", "invalid_value")),
        ({"group_id": 5}, ("group_id", "invalid_value")),
        ({"custom_fields": {"cf_other": "x"}}, ("custom_fields.cf_other", "invalid_field")),
        ({"custom_fields": {"cf_amends_key": 5}}, ("cf_amends_key", "datatype_mismatch")),
        ({"custom_fields": {"cf_amends_key": "x" * 256}}, ("cf_amends_key", "invalid_value")),
        ({"custom_fields": ["x"]}, ("custom_fields", "datatype_mismatch")),
        ({"cc_emails": ["a@b.example"] * 51}, ("cc_emails", "invalid_value")),
    ],
)
def test_a_value_that_the_form_does_not_take_is_named(api, desk, changes, fault):
    answer = api.post("/tickets", **{**COMPLAINT, **changes})
    assert codes(answer) == (400, [fault])
    assert answer.json()["description"] == "Validation failed"
    assert desk.hand.tickets() == []
    assert desk.account.contacts == {}


def test_a_type_that_is_none_of_the_account_is_told_all_that_are(api, desk):
    desk.hand.add_type("Complaint")
    api.ticket(type="Complaint")
    answer = api.post("/tickets", **COMPLAINT, type="Komplaint")
    assert answer.json()["errors"][0]["message"] == (
        "It should be one of these values: "
        "'Question,Incident,Problem,Feature Request,Refund,Complaint'"
    )


def test_a_status_of_the_account_s_own_is_taken(api, desk):
    desk.hand.add_status(8, "With the doctor")
    assert api.post("/tickets", **COMPLAINT, status=8).status_code == 201


def test_what_admins_made_mandatory_is_missed(api, desk):
    desk.hand.require("company")
    desk.hand.require("cf_amends_key")
    status, faults = codes(api.post("/tickets", **COMPLAINT))
    assert status == 400
    assert faults == [("company_id", "missing_field"), ("cf_amends_key", "missing_field")]
    company = api.post("/companies", name="Acme").json()["id"]
    api.ticket(company_id=company, custom_fields={"cf_amends_key": "k"})


def test_the_company_of_the_requester_counts(api, desk):
    desk.hand.require("company")
    company = api.post("/companies", name="Acme").json()["id"]
    api.post("/contacts", name="Philippa", email=COMPLAINT["email"], company_id=company)
    ticket = api.post("/tickets", **COMPLAINT).json()
    assert ticket["company_id"] == company


def test_closing_may_want_more_than_opening(api, desk):
    desk.hand.require("cf_amends_key", closure=True)
    assert codes(api.post("/tickets", **COMPLAINT, status=5)) == (
        400,
        [("cf_amends_key", "missing_field")],
    )
    number = api.ticket()
    assert api.put(f"/tickets/{number}", status=4).status_code == 400
    assert api.put(f"/tickets/{number}", status=3).status_code == 200
    done = api.put(f"/tickets/{number}", status=4, custom_fields={"cf_amends_key": "k"})
    assert done.status_code == 200


def test_somebody_has_to_be_the_requester(api):
    nobody = {name: value for name, value in COMPLAINT.items() if name != "email"}
    assert codes(api.post("/tickets", **nobody)) == (400, [("requester_id", "missing_field")])
    assert codes(api.post("/tickets", **nobody, phone="+1 212 555 0100")) == (
        400,
        [("name", "missing_field")],
    )
    named = api.post("/tickets", **nobody, phone="+1 212 555 0100", name="Philippa")
    assert named.status_code == 201
    by_id = api.post("/tickets", **nobody, unique_external_id="patient-7")
    assert by_id.status_code == 201


def test_whoever_is_unknown_becomes_a_contact_once(api, desk):
    first = api.post("/tickets", **COMPLAINT).json()
    second = api.post("/tickets", **{**COMPLAINT, "email": "PQ@mail.example"}).json()
    assert first["requester_id"] == second["requester_id"]
    (contact,) = desk.account.contacts.values()
    assert (contact.name, contact.email) == ("pq", "pq@mail.example")


def test_a_blocked_person_cannot_be_the_requester(api, desk):
    number = api.ticket()
    contact = desk.account.contacts[desk.hand.ticket(number)["requester_id"]]
    contact.state = "blocked"
    assert codes(api.post("/tickets", **COMPLAINT)) == (400, [("email", "invalid_value")])


@pytest.mark.parametrize("notifies", [False, True])
def test_a_create_mails_the_patient_where_that_notification_is_on(api, desk, notifies):
    desk.knobs.notifies_requester = notifies
    api.ticket()
    assert [mail.to for mail in desk.mails] == ["pq@mail.example"] * notifies


def test_custom_values_come_back_in_the_product_s_own_spelling(api, desk):
    for kind in ("decimal", "number", "checkbox", "date", "paragraph"):
        desk.hand.add_field(kind, f"custom_{kind}")
    desk.hand.add_field("choice", "custom_dropdown", choices=["Billing", "Waiting"])
    number = api.ticket(
        custom_fields={
            "cf_decimal": 1,
            "cf_number": 7,
            "cf_checkbox": True,
            "cf_date": "2026-11-30",
            "cf_paragraph": "x" * 300,
            "cf_choice": "Billing",
        }
    )
    assert api.get(f"/tickets/{number}").json()["custom_fields"] == {
        "cf_amends_key": None,
        "cf_decimal": "1.0",
        "cf_number": 7,
        "cf_checkbox": True,
        "cf_date": "2026-11-30",
        "cf_paragraph": "x" * 300,
        "cf_choice": "Billing",
    }


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("custom_date", "30.11.2026"),
        ("custom_date", "2026-02-30"),
        ("custom_date", "2026-11-30T00:00:00Z"),
        ("custom_number", "7"),
        ("custom_number", True),
        ("custom_checkbox", "true"),
        ("custom_decimal", "much"),
        ("custom_decimal", "NaN"),
        ("custom_dropdown", "Other"),
        ("custom_dropdown", ["Billing"]),
    ],
)
def test_a_custom_value_of_another_kind_is_refused(api, desk, kind, value):
    desk.hand.add_field("thing", kind, choices=["Billing"])
    status, faults = codes(api.post("/tickets", **COMPLAINT, custom_fields={"cf_thing": value}))
    assert status == 400
    assert faults[0][0] == "cf_thing"
