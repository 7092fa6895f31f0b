"""Contacts, the form, SLA policies, canned answers, time entries, surveys, exports."""

from __future__ import annotations

import pytest
import requests

from .conftest import COMPLAINT, Api, codes

HOUR = 3_600


def targets(**changes):
    one = {"respond_within": HOUR, "resolve_within": 2 * HOUR, "business_hours": False}
    return {f"priority_{number}": {**one, **changes} for number in range(1, 5)}


def test_an_address_belongs_to_one_contact_and_a_number_to_any(api):
    first = api.post("/contacts", name="Ada", email="a@mail.example", phone="+12125550100")
    assert first.status_code == 201
    twin = api.post("/contacts", name="Eve", email="A@mail.example")
    assert codes(twin) == (409, [("email", "duplicate_value")])
    assert twin.json()["errors"][0]["additional_info"] == {"user_id": first.json()["id"]}
    assert api.post("/contacts", name="Eve", phone="+12125550100").status_code == 201
    names = [one["name"] for one in api.get("/contacts", phone="+12125550100").json()]
    assert names == ["Ada", "Eve"]
    assert [one["name"] for one in api.get("/contacts", email="a@mail.example").json()] == ["Ada"]
    assert api.get("/contacts", mobile="+12125550100").json() == []


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": "a@mail.example"}, "name"),
        ({"name": "Ada"}, "email"),
        ({"name": "Ada", "email": "nobody"}, "email"),
        ({"name": "Ada", "email": "a@mail.example", "colour": "red"}, "colour"),
        ({"name": 5, "email": "a@mail.example"}, "name"),
        ({"name": "Ada", "email": "a@mail.example", "company_id": 5}, "company_id"),
    ],
)
def test_a_contact_that_is_not_one_is_refused(api, data, field):
    status, faults = codes(api.post("/contacts", **data))
    assert (status, faults[0][0]) == (400, field)


def test_a_deleted_contact_cannot_be_changed_until_it_is_restored(api):
    number = api.post("/contacts", name="Ada", email="a@mail.example").json()["id"]
    assert api.put(f"/contacts/{number}", job_title="Dr").json()["job_title"] == "Dr"
    assert api.delete(f"/contacts/{number}").status_code == 204
    assert api.put(f"/contacts/{number}", job_title="x").status_code == 405
    assert api.get("/contacts").json() == []
    assert api.get("/contacts", state="deleted").json()[0]["deleted"] is True
    assert api.put(f"/contacts/{number}/restore").status_code == 204
    assert api.put(f"/contacts/{number}", job_title="x").status_code == 200


def test_deleting_a_contact_for_good_takes_their_tickets_along(api, desk):
    number = api.ticket()
    contact = desk.hand.ticket(number)["requester_id"]
    assert api.delete(f"/contacts/{contact}/hard_delete").status_code == 405
    assert api("DELETE", f"/contacts/{contact}/hard_delete?force=true").status_code == 204
    assert api.get(f"/tickets/{number}").status_code == 404
    assert desk.hand.tickets() == []


def test_a_new_field_gets_its_name_from_the_server(api, desk):
    data = {"label": "Issue Type", "label_for_customers": "Issue", "type": "custom_text"}
    first = api.post("/admin/ticket_fields", **data)
    assert (first.status_code, first.json()["name"]) == (201, "cf_issue_type")
    desk.knobs.renames_fields = True
    second = api.post("/admin/ticket_fields", **{**data, "label": "Issue kind"}).json()
    assert second["name"].startswith("cf_issue_kind_29")
    assert second["name"] in [one["name"] for one in api.get("/ticket_fields").json()]
    number = api.ticket(custom_fields={second["name"]: "x"})
    assert api.get(f"/tickets/{number}").json()["custom_fields"][second["name"]] == "x"


def test_a_field_is_changed_and_taken_away_again(api, desk):
    number = api.ticket(custom_fields={"cf_amends_key": "k"})
    (field,) = [one for one in api.get("/admin/ticket_fields").json() if not one["default"]]
    path = f"/admin/ticket_fields/{field['id']}"
    assert api.put(path, required_for_agents=True).json()["required_for_agents"] is True
    assert api.post("/tickets", **COMPLAINT).status_code == 400
    assert api.delete(path).status_code == 204
    assert api.get(f"/tickets/{number}").json()["custom_fields"] == {}
    assert api.get(path).status_code == 404
    assert desk.hand.tickets(cf_amends_key="k") == []


def test_a_dropdown_s_choices_look_different_to_admins(api):
    data = {"label": "Lane", "label_for_customers": "Lane", "type": "custom_dropdown"}
    assert codes(api.post("/admin/ticket_fields", **data)) == (400, [("choices", "missing_field")])
    choices = [{"value": "Billing", "position": 1}, {"value": "Waiting", "position": 2}]
    shown = api.post("/admin/ticket_fields", **data, choices=choices).json()
    assert [one["value"] for one in shown["choices"]] == ["Billing", "Waiting"]
    assert api.get("/ticket_fields").json()[-1]["choices"] == ["Billing", "Waiting"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"label": "Amends key"}, "label"),
        ({"type": "text"}, "type"),
        ({"type": None}, "type"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_field_that_is_not_one_is_refused(api, change, field):
    data = {"label": "New", "label_for_customers": "New", "type": "custom_text"}
    status, faults = codes(api.post("/admin/ticket_fields", **{**data, **change}))
    assert (status, faults[0][0]) == (400, field)


def test_the_form_tells_choices_in_three_shapes(api, desk):
    desk.hand.add_group("Patient Recovery")
    form = {one["name"]: one for one in api.get("/ticket_fields").json()}
    assert form["status"]["choices"]["7"] == ["Waiting on Third Party", "Being Processed"]
    assert form["priority"]["choices"] == {"Low": 1, "Medium": 2, "High": 3, "Urgent": 4}
    assert "Question" in form["ticket_type"]["choices"]
    assert list(form["group"]["choices"]) == ["Patient Recovery"]
    required = {name for name, one in form.items() if one["required_for_agents"]}
    assert required == {"requester", "subject", "status", "priority", "description"}


@pytest.mark.parametrize("path", ["/admin/ticket_fields", "/sla_policies", "/automations/1/rules"])
def test_only_admins_may_look_behind_the_counter(api, desk, path):
    desk.agent("Plain Paul", "key-paul", admin=False)
    paul = Api(desk, "key-paul")
    refused = paul.get(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
    assert paul.get("/ticket_fields").status_code == 200
    assert api.get(path).status_code == 200


def test_an_auditor_reads_all_and_writes_nothing(api, desk):
    desk.agent("Odd Auditor", "key-odd", read_only=True)
    odd = Api(desk, "key-odd")
    number = api.ticket()
    assert odd.get(f"/tickets/{number}").status_code == 200
    assert odd.put(f"/tickets/{number}", priority=4).status_code == 403
    assert odd.post("/tickets", **COMPLAINT).status_code == 403


def test_whose_key_it_is_can_be_asked(api, desk):
    desk.hand.add_group("Patient Recovery")
    assert api.get("/agents/me").json()["contact"]["name"] == "amends bot"
    assert len(api.get("/agents").json()) == 2
    assert api.get(f"/agents/{desk.bot.id}").json()["id"] == desk.bot.id
    (group,) = api.get("/groups").json()
    assert api.get(f"/groups/{group['id']}").json()["agent_ids"] == []
    assert api.post("/groups", name="Patient Recovery").status_code == 409


def test_the_first_policy_that_applies_sets_the_dates(api, desk):
    desk.hand.add_type("Complaint")
    policy = api.post(
        "/sla_policies",
        name="Recovery",
        applicable_to={"ticket_types": ["Complaint"]},
        sla_target=targets(),
    )
    assert policy.status_code == 201
    ours, other = api.ticket(type="Complaint"), api.ticket()
    desk.clock.advance(seconds=10)
    assert api.get(f"/tickets/{ours}").json()["fr_due_by"] == "2026-11-23T10:00:00Z"
    assert api.get(f"/tickets/{other}").json()["fr_due_by"] == "2026-11-24T09:00:00Z"
    changed = api.put(f"/sla_policies/{policy.json()['id']}", active=False)
    assert changed.json()["active"] is False
    assert [one["is_default"] for one in api.get("/sla_policies").json()] == [False, True]


@pytest.mark.parametrize("seconds", [900, 300, 961, "3600", None, True])
def test_a_target_is_a_multiple_of_sixty_above_nine_hundred(api, seconds):
    data = {"name": "x", "applicable_to": {"sources": [1]}}
    good = api.post("/sla_policies", **data, sla_target=targets(respond_within=960))
    assert good.status_code == 201
    bad = api.post("/sla_policies", **data, sla_target=targets(respond_within=seconds))
    status, faults = codes(bad)
    assert (status, faults[0][0]) == (400, "sla_target.priority_1.respond_within")


def test_canned_answers_lie_in_folders(api):
    (folder,) = api.get("/canned_response_folders").json()
    data = {"title": "Sorry", "content_html": "<p>Dear {{ticket.requester.name}}</p>"}
    assert api.post("/canned_responses", **data).status_code == 400
    made = api.post("/canned_responses", **data, folder_id=folder["id"], visibility=0)
    assert (made.status_code, made.json()["content"]) == (201, "Dear {{ticket.requester.name}}")
    (listed,) = api.get(f"/canned_response_folders/{folder['id']}/responses").json()
    assert listed == made.json()
    changed = api.put(f"/canned_responses/{listed['id']}", title="Very sorry").json()
    assert changed["title"] == "Very sorry"
    assert api.post("/canned_responses", **data, folder_id=5, visibility=0).status_code == 400
    for path in ("/canned_response_folder", "/canned_response_folders"):
        assert api.post(path, name="Recovery").status_code == 201


def test_time_is_booked_on_a_ticket(api):
    number = api.ticket()
    entry = api.post(f"/tickets/{number}/time_entries", time_spent="00:20", note="called")
    assert (entry.status_code, entry.json()["time_spent"]) == (201, "00:20")
    assert api.get(f"/tickets/{number}/time_entries").json() == [entry.json()]
    assert api.post(f"/tickets/{number}/time_entries", time_spent="20").status_code == 400


def test_an_unhappy_answer_to_a_survey_is_found(api, desk):
    number = api.ticket()
    desk.hand.rate(number, -103, "nobody called")
    desk.clock.advance(minutes=5)
    desk.hand.rate(number, 103)
    both = api.get("/surveys/satisfaction_ratings", created_since="2026-11-23T09:00:00Z").json()
    assert [one["ratings"]["default_question"] for one in both] == [-103, 103]
    (late,) = api.get("/surveys/satisfaction_ratings", created_since="2026-11-23T09:04:00Z").json()
    assert late["feedback"] is None
    assert len(api.get(f"/tickets/{number}/satisfaction_ratings").json()) == 2


def test_a_day_s_activities_can_be_fetched_when_they_are_ready(api, desk):
    number = api.ticket()
    desk.hand.set(number, status=5)
    day = {"created_at": "2026-11-23"}
    desk.clock.advance(days=1)
    assert api.get("/export/ticket_activities", **day).status_code == 404
    desk.clock.advance(minutes=1)
    assert api.get("/export/ticket_activities", created_at="2026-11-24").status_code == 404
    answer = api.get("/export/ticket_activities", **day)
    assert answer.status_code == 200
    told = requests.get(answer.json()["export"]["url"], timeout=30).json()
    lines = told["activities_data"]
    assert lines[0]["performed_at"] == "23-11-2026 09:00:00 +0000"
    assert lines[1]["activity"] == {"status": 5}
    assert lines[2] == lines[1]
    desk.knobs.account_features.clear()
    assert api.get("/export/ticket_activities", **day).json()["code"] == "require_feature"


def test_an_export_of_the_account_is_a_job(api, desk):
    job = api.post("/account/export").json()
    assert api.get(f"/jobs/{job['job_id']}").json()["status"] == "IN PROGRESS"
    desk.clock.advance(minutes=2)
    assert api.get(f"/jobs/{job['job_id']}").json()["status"] == "COMPLETED"


def test_automation_rules_can_be_listed_and_added(api):
    rule = api.post("/automations/1/rules", name="Mail the patient", actions=[{"x": 1}])
    assert rule.status_code == 201
    assert [one["name"] for one in api.get("/automations/1/rules").json()] == ["Mail the patient"]
    assert api.get("/automations/2/rules").status_code == 404
