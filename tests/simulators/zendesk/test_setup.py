"""Fields, forms, views, triggers, macros, SLA policies; and people and files."""

from __future__ import annotations

import hashlib

import pytest
import requests

CONDITIONS = [{"field": "current_tags", "operator": "includes", "value": "amends"}]
OPEN = {"field": "status", "operator": "less_than", "value": "solved"}
RECORDS = {
    "triggers": {
        "title": "Mark",
        "all": CONDITIONS,
        "actions": [{"field": "priority", "value": "high"}],
    },
    "macros": {"title": "Sorry", "actions": [{"field": "comment_value", "value": "We are sorry"}]},
    "views": {"title": "Recovery", "all": [OPEN, *CONDITIONS]},
    "slas/policies": {
        "title": "Call back",
        "filter": {"all": CONDITIONS, "any": []},
        "policy_metrics": [
            {
                "priority": "high",
                "metric": "first_reply_time",
                "target": 60,
                "business_hours": True,
            }
        ],
    },
    "ticket_fields": {"title": "Key", "type": "text"},
    "ticket_forms": {"name": "Recovery", "ticket_field_ids": []},
    "groups": {"name": "Recovery"},
}
ONE = {"slas/policies": "sla_policy"}


def one(kind):
    return ONE.get(kind, kind.removesuffix("s"))


@pytest.mark.parametrize("kind", RECORDS)
def test_what_is_put_up_is_created_listed_changed_and_taken_down(client, kind):
    made = client.ask("POST", f"/{kind}", {one(kind): RECORDS[kind]})
    assert made.status_code == 201, made.text
    record = made.json()[one(kind)]
    assert made.headers["Location"] == record["url"]
    listed = client.get(f"/{kind}")[kind.replace("slas/policies", "sla_policies")]
    assert record in listed
    name = "title" if "title" in record else "name"
    change = {one(kind): {**RECORDS[kind], name: "Renamed"}}
    assert client.ask("PUT", f"/{kind}/{record['id']}", change).status_code == 200
    assert client.get(f"/{kind}/{record['id']}")[one(kind)][name] == "Renamed"
    assert client.ask("DELETE", f"/{kind}/{record['id']}").status_code == 204
    assert client.ask("GET", f"/{kind}/{record['id']}").status_code == 404


def test_views_need_their_conditions_at_the_top_and_one_of_five_fields(client, excused):
    excused.append("POST /views: request")
    wrapped = {"view": {"title": "V", "conditions": {"all": [OPEN]}}}
    assert client.ask("POST", "/views", wrapped).status_code == 422
    other = {"view": {"title": "V", "all": CONDITIONS}}
    said = client.ask("POST", "/views", other).json()["details"]["base"][0]["description"]
    assert "at least one" in said


def test_a_view_shows_what_is_in_it(client):
    client.opened(tags=["amends"])
    client.opened()
    view = client.ask("POST", "/views", {"view": RECORDS["views"]}).json()["view"]["id"]
    assert [each["id"] for each in client.get(f"/views/{view}/tickets")["tickets"]] == [1]
    assert client.get(f"/views/{view}/count")["view_count"]["value"] == 1


def test_a_trigger_fires_once_and_stands_in_the_audit(client, desk):
    client.ask("POST", "/triggers", {"trigger": RECORDS["triggers"]})
    made = client.open(tags=["amends"]).json()
    assert made["ticket"]["priority"] == "high"
    event = made["audit"]["events"][-1]
    assert event["via"]["source"]["rel"] == "trigger"
    assert client.opened()["priority"] is None
    assert desk.mails == []


def test_a_switched_off_trigger_mails_nobody(client, desk):
    for trigger in client.get("/triggers")["triggers"]:
        off = {"trigger": {"active": False}}
        assert client.ask("PUT", f"/triggers/{trigger['id']}", off).status_code == 200
    client.opened(comment={"public": True})
    assert desk.mails == []


def test_no_two_fields_share_a_tag(client):
    def make(title):
        options = [{"name": "Grave", "value": "grave"}]
        field = {"type": "tagger", "title": title, "custom_field_options": options}
        return client.ask("POST", "/ticket_fields", {"ticket_field": field})

    first = make("Severity").json()["ticket_field"]
    assert make("Other").json()["details"]["custom_field_options"][0]["error"] == "DuplicateValue"
    options = client.get(f"/ticket_fields/{first['id']}/options")["custom_field_options"]
    assert [each["value"] for each in options] == ["grave"]
    change = {"ticket_field": {"custom_field_options": [{"name": "Mild", "value": "mild"}]}}
    client.ask("PUT", f"/ticket_fields/{first['id']}", change)
    options = client.get(f"/ticket_fields/{first['id']}/options")["custom_field_options"]
    assert [each["value"] for each in options] == ["mild"], "options left out are dropped"


def test_system_fields_stand_in_the_list_and_cannot_be_taken_down(client):
    fields = client.get("/ticket_fields")["ticket_fields"]
    priority = next(each for each in fields if each["type"] == "priority")
    assert not priority["removable"]
    assert client.ask("DELETE", f"/ticket_fields/{priority['id']}").status_code == 422


@pytest.mark.parametrize("status", [403, 404])
def test_a_plan_without_slas_says_so(client, desk, status):
    desk.knobs.has_slas = False
    desk.knobs.no_slas_status = status
    assert client.ask("GET", "/slas/policies").status_code == status


def test_a_macro_cannot_close(client):
    macro = {"title": "x", "actions": [{"field": "status", "value": "closed"}]}
    assert client.ask("POST", "/macros", {"macro": macro}).status_code == 422


def test_policies_are_ordered_and_new_ones_go_last(client):
    body = {"sla_policy": RECORDS["slas/policies"]}
    first, second = (client.ask("POST", "/slas/policies", body).json() for _ in range(2))
    ids = [each["sla_policy"]["id"] for each in (first, second)]
    assert [each["id"] for each in client.get("/slas/policies")["sla_policies"]] == ids
    client.ask("PUT", "/slas/policies/reorder", {"sla_policy_ids": ids[::-1]})
    assert [each["id"] for each in client.get("/slas/policies")["sla_policies"]] == ids[::-1]


# Files


def upload(client, name, content, **params):
    return client.ask(
        "POST",
        "/uploads",
        params={"filename": name, **params},
        data=content,
        headers={"Content-Type": "audio/wav"},
    )


def test_an_upload_answers_json_that_calls_itself_plain_text(client):
    answer = upload(client, "a.wav", b"RIFF")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.json()["upload"]["attachment"]["size"] == 4


def test_files_of_one_token_come_with_the_comment_and_the_token_works_once(client, desk):
    token = upload(client, "a.wav", b"one").json()["upload"]["token"]
    assert upload(client, "b c.wav", b"two", token=token).json()["upload"]["token"] == token
    client.opened(comment={"uploads": [token]})
    client.opened(comment={"uploads": [token]})
    files = client.get("/tickets/1/comments")["comments"][0]["attachments"]
    assert [each["file_name"] for each in files] == ["a.wav", "b c.wav"]
    content = requests.get(files[1]["content_url"], timeout=20).content
    assert hashlib.sha256(content).digest() == hashlib.sha256(b"two").digest()
    assert desk.file(files[0]).content == b"one"
    assert client.get("/tickets/2/comments")["comments"][0]["attachments"] == []


def test_a_token_is_worth_nothing_after_an_hour(client, clock):
    token = upload(client, "a.wav", b"one").json()["upload"]["token"]
    clock.advance(minutes=60)
    client.opened(comment={"uploads": [token]})
    assert client.get("/tickets/1/comments")["comments"][0]["attachments"] == []


# People


def create_or_update(client, clock, **user):
    clock.advance(seconds=1)
    return client.ask("POST", "/users/create_or_update", {"user": user})


def test_users_are_matched_by_address_or_external_id_never_by_phone(client, clock):
    made = create_or_update(client, clock, name="Tel", external_id="amends:tel:1", phone="+4930")
    assert made.status_code == 201
    again = create_or_update(client, clock, name="Tel", external_id="AMENDS:TEL:1")
    assert (again.status_code, again.json()["user"]["id"]) == (200, made.json()["user"]["id"])
    assert again.json()["user"]["external_id"] == "AMENDS:TEL:1"
    other = create_or_update(client, clock, name="Other", external_id="2", phone="+4930")
    assert other.status_code == 201
    assert other.json()["user"]["shared_phone_number"] is True


def test_a_second_phone_or_address_changes_nothing_to_be_seen(client, clock):
    first = create_or_update(client, clock, name="A", external_id="1", phone="+1", email="a@b.test")
    again = create_or_update(client, clock, name="A", external_id="1", phone="+2", email="c@b.test")
    user = again.json()["user"]
    assert (user["phone"], user["email"]) == ("+1", "a@b.test")
    kinds = [each["value"] for each in client.get(f"/users/{user['id']}/identities")["identities"]]
    assert kinds == ["a@b.test", "+1", "c@b.test", "+2"]
    assert first.json()["user"]["id"] == user["id"]


def test_a_new_user_is_mailed_unless_it_is_asked_not_to(client, clock, desk):
    create_or_update(client, clock, name="A", email="a@b.test", skip_verify_email=True)
    assert desk.mails == []
    create_or_update(client, clock, name="B", email="b@b.test")
    assert [mail.rule for mail in desk.mails] == ["verification"]


def test_an_address_belongs_to_one_user(client):
    for status in (201, 422):
        answer = client.ask("POST", "/users", {"user": {"name": "A", "email": "a@b.test"}})
        assert answer.status_code == status
    assert answer.json()["details"]["email"][0]["error"] == "DuplicateValue"


def test_users_are_found_and_suspended(client, desk):
    user = desk.add_user("Ann Field", "ann@b.test")
    assert client.get("/users/search", query="ann")["users"][0]["id"] == user.id
    client.ask("PUT", f"/users/{user.id}", {"user": {"suspended": True}})
    assert client.get(f"/users/{user.id}")["user"]["suspended"] is True
