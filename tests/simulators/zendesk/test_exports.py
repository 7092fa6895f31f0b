"""Search and the incremental exports: what they show late, twice or not at all."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest


@pytest.fixture
def start(clock):
    return int(clock.now().timestamp()) - 3_600


def ids(page):
    return [one["id"] for one in page["tickets"]]


def export(client, **params):
    return client.get("/incremental/tickets/cursor", **params)


def test_the_newest_minute_is_never_returned(client, clock, start):
    client.opened()
    assert ids(export(client, start_time=start)) == []
    clock.advance(seconds=60)
    page = export(client, start_time=start)
    assert (ids(page), page["end_of_stream"]) == ([1], True)


def test_a_start_less_than_a_minute_ago_is_refused(client, clock):
    now = int(clock.now().timestamp())
    answer = client.ask("GET", f"/incremental/tickets/cursor?start_time={now - 59}")
    assert (answer.status_code, answer.json()["error"]) == (422, "StartTimeTooRecent")


def test_the_cursor_goes_on_where_it_was_until_the_end_of_the_stream(client, clock, start):
    for _ in range(3):
        client.opened()
    clock.advance(minutes=2)
    first = export(client, start_time=start, per_page=2)
    assert (ids(first), first["end_of_stream"]) == ([1, 2], False)
    second = client.get(
        "/incremental/tickets/cursor", cursor=first["after_cursor"], per_page=2, start_time=start
    )
    assert (ids(second), second["end_of_stream"]) == ([3], True)
    assert parse_qs(urlsplit(second["after_url"]).query)["cursor"] == [second["after_cursor"]]
    client.change(1, subject="changed")
    clock.advance(minutes=2)
    third = export(client, cursor=second["after_cursor"], start_time=start)
    assert ids(third) == [1]


def test_tickets_may_come_twice(client, desk, clock, start):
    client.opened()
    clock.advance(minutes=2)
    desk.knobs.repeats = True
    cursor = export(client, start_time=start)["after_cursor"]
    assert ids(export(client, cursor=cursor, start_time=start)) == [1]


def test_what_was_deleted_for_good_is_scrubbed(client, desk, clock, start):
    client.opened(subject="private", external_id="x")
    client.opened()
    desk.scrub(1)
    desk.delete(2)
    clock.advance(minutes=2)
    one, two = export(client, start_time=start)["tickets"]
    assert (one["status"], one["subject"], one["description"]) == ("deleted", "SCRUBBED", "X")
    assert (two["status"], two["description"]) == ("deleted", "The phone rang for ages")


def test_archiving_moves_the_generated_time_alone(client, desk, clock, start):
    client.opened()
    desk.close_ticket(1)
    clock.advance(hours=2)
    desk.archive(1)
    clock.advance(minutes=2)
    later = int(clock.now().timestamp()) - 3_600
    shown = export(client, start_time=later)["tickets"][0]
    assert shown["updated_at"] == "2026-11-23T09:00:00Z"
    assert shown["generated_timestamp"] > later > start


def test_a_cursor_of_nobody_is_refused(client, start):
    path = f"/incremental/tickets/cursor?start_time={start}&cursor=%21"
    assert client.ask("GET", path).status_code == 422


def test_the_export_by_time_ends_by_its_own_word(client, clock, start):
    client.opened()
    clock.advance(minutes=2)
    page = client.get("/incremental/tickets", start_time=start)
    assert (page["count"], page["end_of_stream"]) == (1, True)
    assert page["next_page"].endswith(f"start_time={page['end_time']}")


def test_events_are_exported_by_audit(client, clock, start):
    client.opened(metadata={"amends_op": "1"})
    client.change(1, priority="high")
    clock.advance(minutes=2)
    events = client.get("/incremental/ticket_events", start_time=start)["ticket_events"]
    assert events[0]["metadata"] == {"amends_op": "1"}
    assert events[1]["child_events"][0]["field_name"] == "priority"


def test_search_lags_and_knows_its_words(client, clock):
    client.opened(tags=["amends"], external_id="x", subject="Silence", priority="high")
    client.opened(tags=["other"])
    assert client.get("/search", query="type:ticket tags:amends")["count"] == 0
    clock.advance(seconds=120)
    for query, found in [
        ("type:ticket tags:amends", 1),
        ("type:ticket -tags:amends", 1),
        ("type:ticket external_id:x status<solved priority>normal", 1),
        ("type:ticket created>2026-11-23 status:new", 0),
        ("type:ticket created>=2026-11-23", 2),
        ("type:ticket subject:Silence", 1),
        ("silence", 1),
        ('type:ticket "rang for"', 2),
        ("type:ticket requester:amends@elmstreet.test", 2),
        ("type:user dana", 1),
    ]:
        assert client.get("/search", query=query)["count"] == found, query


def test_search_ends_at_a_thousand(client):
    answer = client.ask("GET", "/search", params={"query": "x", "per_page": 100, "page": 11})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_the_search_export_needs_its_kind(client, clock):
    client.opened()
    clock.advance(minutes=3)
    assert client.ask("GET", "/search/export?query=rang").status_code == 400
    page = client.get("/search/export", query="rang", **{"filter[type]": "ticket"})
    assert len(page["results"]) == 1
    assert page["meta"]["has_more"] is False


def test_sla_clocks_start_breach_and_end(client, desk, clock, start):
    desk.add_record(
        "sla_policies",
        title="Call back",
        filter={"all": [{"field": "current_tags", "operator": "includes", "value": "amends"}]},
        policy_metrics=[
            {"priority": "high", "metric": "first_reply_time", "target": 60},
            {"priority": "high", "metric": "total_resolution_time", "target": 600},
        ],
    )
    client.opened(tags=["amends"])
    client.opened(tags=["amends"], priority="high")
    clock.advance(minutes=30)
    desk.comment_by_hand(2, "inside")
    desk.comment_by_hand(2, "called back", public=True)
    clock.advance(hours=12)

    def events(ticket_id):
        found = client.get("/incremental/ticket_metric_events", start_time=start)
        return [
            (one["metric"], one["type"])
            for one in found["ticket_metric_events"]
            if one["ticket_id"] == ticket_id
        ]

    assert {kind for _, kind in events(1)} == {"activate"}, "no priority, no target"
    assert events(2)[-2:] == [("reply_time", "fulfill"), ("resolution_time", "breach")]
    assert ("reply_time", "breach") not in events(2)
