"""Reading, listing, changing, deleting, merging and archiving tickets."""

from __future__ import annotations

import pytest

from .conftest import COMPLAINT, codes


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()]


def test_a_change_says_only_what_it_changes(api):
    number = api.ticket(tags=["amends"], priority=2)
    ticket = api.put(f"/tickets/{number}", priority=4).json()
    assert (ticket["priority"], ticket["tags"], ticket["status"]) == (4, ["amends"], 2)


def test_tags_are_replaced_as_a_whole(api, desk):
    number = api.ticket(tags=["amends"])
    desk.hand.tag(number, "vip")
    assert api.put(f"/tickets/{number}", tags=["amends", "amends_repeat"]).json()["tags"] == [
        "amends",
        "amends_repeat",
    ]


def test_a_change_of_priority_shows_the_new_dates_only_later(api, desk):
    number = api.ticket(priority=1)
    desk.clock.advance(seconds=10)
    old = api.get(f"/tickets/{number}").json()["due_by"]
    assert api.put(f"/tickets/{number}", priority=4).json()["due_by"] == old
    desk.clock.advance(seconds=10)
    assert api.get(f"/tickets/{number}").json()["due_by"] == "2026-11-23T13:00:00Z"


def test_a_field_that_became_mandatory_stops_changes_of_older_tickets(api, desk):
    number = api.ticket()
    desk.hand.require("cf_amends_key")
    assert codes(api.put(f"/tickets/{number}", priority=4)) == (
        400,
        [("cf_amends_key", "missing_field")],
    )


def test_an_empty_change_is_refused(api):
    assert api.put(f"/tickets/{api.ticket()}").status_code == 400


def test_a_cc_cannot_be_changed(api):
    number = api.ticket()
    assert codes(api.put(f"/tickets/{number}", cc_emails=["a@b.example"])) == (
        400,
        [("cc_emails", "invalid_field")],
    )


@pytest.mark.parametrize("fate", ["delete", "spam"])
def test_what_is_deleted_or_spam_can_be_read_but_not_changed(api, desk, fate):
    number = api.ticket()
    getattr(desk.hand, fate)(number)
    refused = api.put(f"/tickets/{number}", priority=4)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")
    assert api.delete(f"/tickets/{number}").status_code == 405
    assert api.post(f"/tickets/{number}/notes", body="x").status_code == 405
    ticket = api.get(f"/tickets/{number}").json()
    assert (ticket.get("deleted", False), ticket["spam"]) == (fate == "delete", fate == "spam")


def test_a_deleted_ticket_comes_back(api):
    number = api.ticket()
    assert api.delete(f"/tickets/{number}").status_code == 204
    assert api.put(f"/tickets/{number}/restore").status_code == 204
    assert api.put(f"/tickets/{number}", priority=4).status_code == 200
    assert api.put(f"/tickets/{number}/restore").status_code == 404


def test_a_ticket_that_never_was_is_an_empty_404(api, desk):
    number = api.ticket()
    desk.hand.destroy(number)
    answer = api.get(f"/tickets/{number}")
    assert (answer.status_code, answer.content) == (404, b"")


def test_spam_and_deleted_tickets_are_in_lists_of_their_own(api, desk):
    open_, deleted, spam = (api.ticket() for _ in range(3))
    desk.hand.delete(deleted)
    desk.hand.spam(spam)
    since = "2026-01-01T00:00:00Z"
    assert ids(api.get("/tickets", updated_since=since)) == [open_]
    assert ids(api.get("/tickets", updated_since=since, filter="spam")) == [spam]
    assert ids(api.get("/tickets", updated_since=since, filter="deleted")) == [deleted]
    assert api.get("/tickets", filter="mine").status_code == 400


def test_the_list_goes_back_thirty_days_unless_told_otherwise(api, desk):
    old, new = api.ticket(), api.ticket()
    desk.hand.age(old, 31)
    assert ids(api.get("/tickets")) == [new]
    assert ids(api.get("/tickets", updated_since="1970-01-01")) == [new, old]
    assert api.get("/tickets", updated_since="yesterday").status_code == 400


def test_updated_since_counts_whole_seconds_and_includes_its_own(api, desk):
    first = api.ticket()
    desk.clock.advance(seconds=60)
    second = api.ticket()
    assert ids(api.get("/tickets", updated_since="2026-11-23T09:01:00Z")) == [second]
    assert ids(api.get("/tickets", updated_since="2026-11-23T09:00:00Z")) == [second, first]


def test_the_order_can_be_chosen(api, desk):
    first = api.ticket()
    desk.clock.advance(seconds=60)
    second = api.ticket()
    desk.clock.advance(seconds=60)
    api.put(f"/tickets/{first}", priority=4)
    assert ids(api.get("/tickets", order_by="updated_at")) == [first, second]
    assert ids(api.get("/tickets", order_by="updated_at", order_type="asc")) == [second, first]
    assert ids(api.get("/tickets", order_by="created_at")) == [second, first]
    assert api.get("/tickets", order_by="subject").status_code == 400


def test_a_list_has_tags_and_custom_fields_but_no_description(api):
    api.ticket(tags=["amends"], custom_fields={"cf_amends_key": "k"})
    (row,) = api.get("/tickets").json()
    assert (row["tags"], row["custom_fields"]) == (["amends"], {"cf_amends_key": "k"})
    assert "description" not in row
    (row,) = api.get("/tickets", include="description,requester,stats").json()
    assert row["description_text"] == "I was charged twice."
    assert row["requester"]["email"] == COMPLAINT["email"]


def test_pages_are_linked_until_the_last(api, desk):
    for number in range(5):
        desk.hand.opens(f"No. {number}", "x", "pq@mail.example")
    first = api.get("/tickets", per_page=2, updated_since="1970-01-01")
    assert ids(first) == [5, 4]
    second = api.session.get(first.links["next"]["url"], timeout=30)
    assert ids(second) == [3, 2]
    last = api.session.get(second.links["next"]["url"], timeout=30)
    assert (ids(last), last.links) == ([1], {})
    assert ids(api.get("/tickets", per_page=2, page=9)) == []
    assert api.get("/tickets", per_page=5).links == {}


@pytest.mark.parametrize(
    "query", [{"per_page": 101}, {"per_page": 0}, {"page": "x"}, {"page": 301}, {"colour": "red"}]
)
def test_a_page_that_the_product_does_not_give_is_refused(api, query):
    assert api.get("/tickets", **query).status_code == 400


def test_lists_of_tickets_that_agents_made_may_be_null(api, desk):
    number = desk.hand.opens("By hand", "called", "pq@mail.example")
    assert api.get(f"/tickets/{number}").json()["cc_emails"] is None
    assert api.get(f"/tickets/{api.ticket()}").json()["cc_emails"] == []


def test_an_archived_ticket_is_nowhere_but_in_the_archive(api, desk):
    number = api.ticket()
    desk.hand.comment(number, "called back")
    desk.hand.archive(number)
    assert ids(api.get("/tickets", updated_since="1970-01-01")) == []
    assert api.get(f"/tickets/{number}").status_code == 404
    assert api.put(f"/tickets/{number}", priority=4).status_code == 404
    archived = api.get(f"/tickets/archived/{number}").json()
    assert (archived["archived"], archived["status"]) == (True, 5)
    (note,) = api.get(f"/tickets/archived/{number}/conversations").json()
    assert note["body_text"] == "called back"
    desk.knobs.archive_visible = True
    assert api.get(f"/tickets/{number}").status_code == 200


def test_a_merged_ticket_is_closed_with_a_note_and_says_nothing_else(api):
    primary, second = api.ticket(), api.ticket(subject="Again")
    answer = api.put("/tickets/merge", primary_id=primary, ticket_ids=[second])
    assert (answer.status_code, answer.content) == (204, b"")
    ticket = api.get(f"/tickets/{second}").json()
    assert ticket["status"] == 5
    assert not [name for name in ticket if "merge" in name]
    (note,) = api.get(f"/tickets/{second}/conversations").json()
    assert note["body_text"] == f"This ticket is closed and merged into ticket {primary}"
    (told,) = api.get(f"/tickets/{primary}/conversations").json()
    assert "Again" in told["body"]


@pytest.mark.parametrize(
    ("primary", "others", "field"),
    [(9, [1], "primary_id"), (1, [9], "ticket_ids"), (1, [1], "ticket_ids"), (1, [], "ticket_ids")],
)
def test_a_merge_of_what_is_not_there_is_refused(api, primary, others, field):
    api.ticket()
    status, faults = codes(api.put("/tickets/merge", primary_id=primary, ticket_ids=others))
    assert (status, faults[0][0]) == (400, field)


def test_statistics_tell_when_it_was_answered_and_closed(api, desk):
    number = api.ticket()
    desk.clock.advance(minutes=1)
    desk.hand.reply(number, "We are sorry.")
    desk.clock.advance(minutes=1)
    api.put(f"/tickets/{number}", status=5)
    stats = api.get(f"/tickets/{number}", include="stats").json()["stats"]
    assert stats["first_responded_at"] == "2026-11-23T09:01:00Z"
    assert stats["closed_at"] == stats["resolved_at"] == "2026-11-23T09:02:00Z"
    desk.clock.advance(minutes=1)
    desk.hand.patient_writes(number, "Not at all!")
    ticket = api.get(f"/tickets/{number}", include="stats").json()
    assert (ticket["status"], ticket["stats"]["closed_at"]) == (2, None)
    assert ticket["stats"]["reopened_at"] == "2026-11-23T09:03:00Z"


def test_an_overdue_ticket_is_escalated(api, desk):
    number = api.ticket(priority=4)
    desk.clock.advance(hours=5)
    ticket = api.get(f"/tickets/{number}").json()
    assert (ticket["is_escalated"], ticket["fr_escalated"]) == (True, True)


def test_a_closed_ticket_that_nobody_touches_moves_to_the_archive(api, desk):
    closed, open_ = api.ticket(status=5), api.ticket()
    desk.clock.advance(days=119)
    assert api.get(f"/tickets/{closed}").status_code == 200
    desk.clock.advance(days=1)
    assert api.get(f"/tickets/{closed}").status_code == 404
    assert api.get(f"/tickets/archived/{closed}").status_code == 200
    assert api.get(f"/tickets/{open_}").status_code == 200


def test_a_link_to_the_next_page_keeps_the_times_in_it(api):
    first, second = api.ticket(), api.ticket()
    since = "2026-11-23T10:00:00+02:00"
    page = api.get("/tickets", updated_since=since, per_page=1)
    assert ids(page) == [second]
    assert ids(api.session.get(page.links["next"]["url"], timeout=30)) == [first]


def test_a_mail_to_the_patient_cannot_be_rewritten(api, desk):
    assert codes(api.post("/tickets/outbound_email", **COMPLAINT)) == (
        400,
        [("email_config_id", "missing_field")],
    )
    ticket = api.post("/tickets/outbound_email", **COMPLAINT, email_config_id=5).json()
    assert (ticket["source"], ticket["status"]) == (10, 5)
    assert [mail.to for mail in desk.mails] == [COMPLAINT["email"]]
    assert api.put(f"/tickets/{ticket['id']}", subject="x").status_code == 400
    assert api.put(f"/tickets/{ticket['id']}", priority=4).status_code == 200


def test_an_account_may_write_html_anew(api, desk):
    desk.knobs.rewrites_html = True
    text = "<div onclick='x()'>It&#x27;s &quot;5 &lt; 6&quot;<br/></div><script>x()</script>"
    ticket = api.get(f"/tickets/{api.ticket(description=text)}").json()
    assert ticket["description"] == '<div>It\'s "5 &lt; 6"<br></div>'
    assert ticket["description_text"] == 'It\'s "5 < 6"'
    note = api.post(f"/tickets/{ticket['id']}/notes", body=text).json()
    assert note["body"] == ticket["description"]
