"""What becomes of a ticket that is created, found and changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from servers.zendesk import writing


def detail(answer, field="base"):
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"] == "RecordInvalid"
    return answer.json()["details"][field][0]


def test_what_is_sent_comes_back(client):
    answer = client.open(
        subject="Nobody picked up",
        priority="high",
        external_id="amends:1",
        tags=["Amends", "two words"],
        requester={"name": "Ann Field", "email": "ann@example.com"},
        metadata={"amends_op": "1f"},
    )
    made = answer.json()
    assert answer.headers["Location"].endswith("/api/v2/tickets/1.json")
    assert made["ticket"]["tags"] == ["amends", "two_words"]
    assert made["ticket"]["is_public"] is False
    assert made["audit"]["metadata"]["custom"] == {"amends_op": "1f"}
    shown = client.get("/tickets/1")["ticket"]
    assert (shown["subject"], shown["description"]) == (
        "Nobody picked up",
        "The phone rang for ages",
    )
    assert "X-Zendesk-API-Warn" not in answer.headers


def test_unknown_keys_vanish_and_only_a_header_tells(client, excused):
    excused.append("POST /tickets: request")
    answer = client.open(colour="red", comment={"shade": 1})
    assert answer.status_code == 201
    assert (
        ':unpermitted_keys=>["ticket.colour", "comment.shade"]'
        in (answer.headers["X-Zendesk-API-Warn"])
    )


def test_a_body_without_its_wrapper_is_refused(client):
    answer = client.ask("POST", "/tickets", {"comment": {"body": "x"}})
    assert (answer.status_code, answer.json()["error"]["title"]) == (400, "Invalid attribute")


def test_json_that_does_not_say_so_is_not_seen(client):
    answer = client.ask("POST", "/tickets", data=b'{"ticket": {"comment": {"body": "x"}}}')
    assert answer.status_code == 400


def test_a_ticket_without_words_is_refused(client):
    assert detail(client.open(comment={"body": ""}))["error"] == "BlankValue"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"body": "Dear {{ticket.requester.name}}{{nonsense}}!"}, "Dear Amends!"),
        ({"body": "<b>loud</b><br>and   clear"}, "loud\nand clear"),
        ({"body": "a\n\n\n\nb"}, "a\n\nb"),
        ({"body": "5 < 6"}, "5 < 6"),
        ({"html_body": "<p>&#123;&#123;ticket.id}} &lt;b&gt;</p>"}, "{{ticket.id}} <b>"),
        ({"html_body": "<p>one</p><script>x()</script><p>two</p>"}, "one\ntwo"),
    ],
)
def test_words_change_on_their_way_in(client, sent, kept):
    comment = {"body": None, "public": False} | sent
    comment = {key: value for key, value in comment.items() if value is not None}
    body = {"ticket": {"comment": comment}}
    made = client.ask("POST", "/tickets", body).json()["ticket"]
    assert made["description"] == kept


def test_what_is_over_64_kb_is_cut_without_an_error(client, desk):
    client.opened(comment={"body": "ü" * 40_000})
    assert len(desk.comments(1)[0]["body"].encode()) == 65_534


def test_the_same_key_and_body_is_one_ticket(client, desk):
    first, second = client.open(key="k"), client.open(key="k")
    assert (first.headers["x-idempotency-lookup"], first.status_code) == ("miss", 201)
    assert (second.headers["x-idempotency-lookup"], second.status_code) == ("hit", 201)
    assert first.json() == second.json()
    assert len(desk.tickets) == 1


def test_the_same_key_with_another_body_is_refused(client, desk):
    client.open(key="k")
    answer = client.open(key="k", subject="other")
    assert (answer.status_code, answer.json()["error"]) == (400, "IdempotentRequestError")
    assert len(desk.tickets) == 1


def test_a_key_is_forgotten_after_two_hours(client, desk, clock):
    client.open(key="k")
    clock.advance(seconds=7_199)
    assert client.open(key="k").headers["x-idempotency-lookup"] == "hit"
    clock.advance(seconds=1)
    assert client.open(key="k").headers["x-idempotency-lookup"] == "miss"
    assert len(desk.tickets) == 2


def test_a_refusal_is_not_kept_unless_the_knob_says_so(client, desk):
    desk.suspend("ann@example.com")
    who = {"requester": {"name": "Ann", "email": "ann@example.com"}}
    client.open(key="k", **who)
    desk.account.user_by_email("ann@example.com").suspended = False
    assert client.open(key="k", **who).status_code == 201
    desk.knobs.keys_keep_errors = True
    desk.suspend("ann@example.com")
    client.open(key="l", **who)
    desk.account.user_by_email("ann@example.com").suspended = False
    assert client.open(key="l", **who).status_code == 422


def test_a_known_address_is_one_person_and_a_new_one_is_made(client, desk):
    first = client.opened(requester={"name": "Ann", "email": "ann@example.com"})
    again = client.opened(requester={"name": "Other", "email": "ANN@example.com"})
    assert first["requester_id"] == again["requester_id"]
    assert client.opened()["requester_id"] == desk.client_user.id


def test_a_suspended_requester_is_refused(client, desk):
    desk.suspend("ann@example.com")
    answer = client.open(requester={"name": "Ann", "email": "ann@example.com"})
    said = detail(answer, "requester")
    assert said == {
        "description": "Requester: Suspended Person is suspended.",
        "error": "UserSuspended",
    }


def test_the_first_comment_decides_what_later_ones_are(client, desk):
    client.opened()
    client.change(1, comment={"body": "said nothing of public"})
    assert desk.comments(1)[1]["public"] is False
    client.opened(comment={"public": True})
    client.change(2, comment={"body": "said nothing of public"})
    assert desk.comments(2)[1]["public"] is True


def test_only_a_public_comment_mails_the_requester(client, desk):
    client.opened(requester={"name": "Ann", "email": "ann@elm.example"})
    client.change(1, comment={"body": "inside", "public": False})
    assert desk.mails == []
    client.change(1, comment={"body": "outside", "public": True})
    assert [(mail.to, mail.text) for mail in desk.mails] == [("ann@elm.example", "outside")]
    client.opened(requester_id=desk.ticket(1).requester_id, comment={"public": True})
    assert desk.mails[1].rule.startswith("Notify requester and CCs of received")
    assert not desk.mails[1].deliverable


def test_due_dates_are_for_tasks(client):
    due = "2026-11-24T12:00:00Z"
    assert client.opened(due_at=due)["due_at"] is None
    assert client.opened(due_at=due, type="task")["due_at"] == due


def test_an_unknown_option_is_dropped_and_tags_follow_options(client, desk):
    field = desk.add_record(
        "ticket_fields",
        type="tagger",
        title="Severity",
        custom_field_options=[
            {"name": "Grave", "value": "sev_grave"},
            {"name": "Mild", "value": "sev_mild"},
        ],
    )["id"]

    def value(ticket):
        return {one["id"]: one["value"] for one in ticket["custom_fields"]}[field]

    made = client.opened(custom_fields=[{"id": field, "value": "sev_grave"}], tags=["a"])
    assert (value(made), made["tags"]) == ("sev_grave", ["a", "sev_grave"])
    assert value(client.opened(custom_fields=[{"id": field, "value": "nonsense"}])) is None
    replaced = client.change(made["id"], tags=["b"]).json()["ticket"]
    assert (value(replaced), replaced["tags"]) == (None, ["b"])
    by_tag = client.change(made["id"], tags=["b", "sev_mild"]).json()["ticket"]
    assert value(by_tag) == "sev_mild"


def test_a_bad_date_is_refused_by_its_field(client, desk):
    field = desk.add_record("ticket_fields", type="date", title="Call back")["id"]
    answer = client.open(custom_fields=[{"id": field, "value": "tomorrow"}])
    assert detail(answer)["ticket_field_id"] == field


def test_a_database_conflict_may_hide_a_ticket(client, desk):
    desk.conflict(applied=True)
    answer = client.open(key="k", external_id="x")
    assert (answer.status_code, answer.json()["error"]) == (409, "DatabaseConflict")
    assert len(desk.by_external_id("x")) == 1
    assert client.open(key="k", external_id="x").headers["x-idempotency-lookup"] == "hit"
    desk.conflict(applied=False, name="DatabaseDeadlock")
    assert client.open(external_id="y").json()["error"] == "DatabaseDeadlock"
    assert desk.by_external_id("y") == []


def test_tags_of_an_update_replace_and_additional_tags_do_nothing(client, excused):
    excused.append("PUT /tickets/1: request")
    client.opened(tags=["a"])
    assert client.change(1, additional_tags=["c"]).json()["ticket"]["tags"] == ["a"]
    assert client.change(1, tags=["b"]).json()["ticket"]["tags"] == ["b"]


def test_the_tags_endpoint_adds_sets_and_removes(client):
    client.opened(tags=["a"])
    path = "/tickets/1/tags"
    assert client.ask("PUT", path, {"tags": ["b"]}).json() == {"tags": ["a", "b"]}
    assert client.ask("DELETE", path, {"tags": ["a"]}).status_code == 204
    assert client.get(path) == {"tags": ["b"]}
    assert client.ask("POST", path, {"tags": ["c"]}).json() == {"tags": ["c"]}


@pytest.mark.parametrize("safe", [True, False])
def test_a_stale_stamp_conflicts_whatever_safe_update_says(client, clock, safe, excused):
    excused.append("PUT /tickets/1: request")
    read = client.opened()["updated_at"]
    fine = client.change(1, subject="one", safe_update=safe, updated_stamp=read)
    assert fine.status_code == 200
    unseen = client.change(1, subject="two", safe_update=safe, updated_stamp=read)
    assert unseen.status_code == 200, "two updates in one second are not told apart"
    clock.advance(seconds=1)
    client.change(1, subject="three")
    stale = client.change(1, subject="four", safe_update=safe, updated_stamp=read)
    assert (stale.status_code, stale.json()["error"]) == (409, "UpdateConflict")
    body = {"tags": ["x"], "safe_update": "true", "updated_stamp": read}
    assert client.ask("PUT", "/tickets/1/tags", body).status_code == 409


def test_a_closed_ticket_takes_no_update_but_a_follow_up(client, desk):
    client.opened(tags=["a"], subject="first")
    early = client.opened(via_followup_source_id=1)
    assert early["via"]["source"]["rel"] is None
    desk.close_ticket(1)
    said = detail(client.change(1, subject="x"), "status")
    assert said["description"] == "Status closed prevents ticket update"
    later = client.opened(via_followup_source_id=1)
    assert later["via"]["source"]["from"]["ticket_id"] == 1
    assert later["tags"] == ["a"]
    assert client.get("/tickets/1")["ticket"]["followup_ids"] == [later["id"]]


def test_a_field_that_is_required_keeps_a_ticket_from_being_solved(client, desk):
    field = desk.add_record("ticket_fields", type="text", title="Cause", required=True)["id"]
    client.opened()
    said = detail(client.change(1, status="solved"))
    assert (said["ticket_field_id"], said["ticket_field_type"]) == (field, "FieldText")
    fields = [{"id": field, "value": "queue"}]
    assert client.change(1, status="solved", custom_fields=fields).status_code == 200


def test_a_word_of_the_requester_opens_a_ticket_again(client, desk):
    client.opened(requester={"name": "Ann", "email": "ann@elm.example"})
    desk.set_status(1, "solved")
    desk.comment_by_hand(1, "inside")
    assert desk.ticket(1).status == "solved"
    ann = desk.account.user_by_email("ann@elm.example")
    desk.comment_by_hand(1, "Still waiting", public=True, author=ann)
    assert desk.ticket(1).status == "open"


def test_merging_closes_the_source(client, desk):
    client.opened()
    client.opened()
    job = client.ask("POST", "/tickets/2/merge", {"ids": [1]}).json()["job_status"]
    assert (job["status"], job["results"]) == ("queued", None)
    assert client.get(f"/job_statuses/{job['id']}")["job_status"]["status"] == "completed"
    assert client.get("/tickets/1")["ticket"]["status"] == "closed"
    assert "closed_by_merge" in desk.ticket(1).tags
    assert "#1" in desk.comments(2)[1]["body"]


def test_deleted_is_not_found_until_restored(client, desk):
    client.opened(external_id="x")
    assert client.ask("DELETE", "/tickets/1").status_code == 204
    assert client.ask("GET", "/tickets/1").status_code == 404
    assert client.get("/tickets", external_id="x")["count"] == 0
    assert client.get("/deleted_tickets")["count"] == 1
    assert client.ask("PUT", "/deleted_tickets/1/restore").json() == {}
    assert client.get("/tickets/1")["ticket"]["status"] == "new"
    client.ask("DELETE", "/tickets/1")
    job = client.ask("DELETE", "/deleted_tickets/1").json()["job_status"]
    done = client.get(f"/job_statuses/{job['id']}")["job_status"]
    assert done["results"] == {"success": True}
    assert desk.ticket(1).place == "scrubbed"


def test_spam_is_deleted_and_its_sender_suspended(client, desk):
    client.opened(requester={"name": "Ann", "email": "ann@example.com"})
    assert client.ask("PUT", "/tickets/1/mark_as_spam").status_code == 200
    assert desk.ticket(1).place == "deleted"
    assert desk.account.user_by_email("ann@example.com").suspended


def test_archived_tickets_are_shown_by_id_and_missing_from_lists(client, desk):
    client.opened(external_id="x")
    desk.archive(1)
    assert client.get("/tickets/1")["ticket"]["status"] == "closed"
    assert client.get("/tickets", external_id="x")["tickets"] == []
    audits = client.get("/tickets/1/audits", **{"page[size]": 1})
    assert len(audits["audits"]) == 3
    assert "meta" not in audits


def test_the_list_by_external_id_may_lag(client, desk, clock):
    desk.knobs.list_lag_s = 30
    client.opened(external_id="x")
    assert client.get("/tickets", external_id="x")["count"] == 0
    clock.advance(seconds=30)
    assert client.get("/tickets", external_id="x")["count"] == 1


def test_external_ids_are_not_unique(client):
    client.opened(external_id="x")
    client.opened(external_id="x")
    found = client.get("/tickets.json", external_id="x", per_page=1)
    assert (found["count"], len(found["tickets"])) == (2, 1)
    assert "page=2" in found["next_page"]


def test_audits_tell_who_changed_what_in_pages(client, desk, clock):
    client.opened(metadata={"amends_op": "1"})
    clock.advance(minutes=1)
    client.change(1, priority="high", metadata={"amends_op": "2"})
    desk.tag_by_hand(1, "vip")
    page = client.get("/tickets/1/audits", **{"page[size]": 2})
    assert [one["metadata"]["custom"] for one in page["audits"]] == [
        {"amends_op": "1"},
        {"amends_op": "2"},
    ]
    assert page["meta"]["has_more"]
    cursor = page["meta"]["after_cursor"]
    rest = client.get("/tickets/1/audits", **{"page[size]": 2, "page[after]": cursor})
    change = rest["audits"][0]["events"][0]
    assert (change["field_name"], change["value"]) == ("tags", ["vip"])
    assert (rest["meta"]["has_more"], rest["links"]["next"]) == (False, None)
    newest = client.get("/tickets/1/audits", sort="-created_at")["audits"][0]
    assert newest["author_id"] == desk.agent.id


def test_a_change_of_nothing_leaves_no_audit(client, desk):
    client.opened(subject="a")
    read = desk.ticket(1).updated_at
    client.change(1, subject="a", metadata={"x": 1})
    assert len(desk.ticket(1).audits) == 1
    assert desk.ticket(1).updated_at - read == timedelta(0)


def test_a_ticket_takes_so_many_comments_and_no_more(client, monkeypatch):
    monkeypatch.setattr(writing, "MAX_COMMENTS", 2)
    client.opened()
    assert client.change(1, comment={"body": "two"}).status_code == 200
    assert "maximum" in detail(client.change(1, comment={"body": "three"}))["description"]
    assert client.change(1, subject="still changeable").status_code == 200


def test_comments_come_oldest_first(client, desk):
    client.opened()
    desk.comment_by_hand(1, "called back", public=True)
    said = client.get("/tickets/1/comments")["comments"]
    assert [(one["plain_body"], one["public"]) for one in said] == [
        ("The phone rang for ages", False),
        ("called back", True),
    ]
    assert client.get("/tickets/1/comments", sort="-created_at")["comments"][0] == said[1]
