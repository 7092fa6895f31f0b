"""The search knows of things late, and speaks a small language."""

from __future__ import annotations

import pytest


def found(api, query, **more):
    answer = api.get("/search/tickets", query=f'"{query}"', **more)
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] >= len(answer.json()["results"])
    return [one["id"] for one in answer.json()["results"]]


def test_the_index_lags_behind(api, desk):
    number = api.ticket(tags=["amends"], custom_fields={"cf_amends_key": "k-1"})
    assert found(api, "cf_amends_key:'k-1'") == []
    desk.clock.advance(minutes=4)
    assert found(api, "cf_amends_key:'k-1'") == [number]
    api.put(f"/tickets/{number}", tags=[])
    assert found(api, "tag:'amends'") == [number]
    desk.clock.advance(minutes=4)
    assert found(api, "tag:'amends'") == []


def test_a_ticket_in_the_trash_is_not_found_once_the_index_knows(api, desk):
    number = api.ticket()
    desk.clock.advance(minutes=4)
    desk.hand.delete(number)
    assert found(api, "status:2") == [number]
    desk.clock.advance(minutes=4)
    assert found(api, "status:2") == []


def test_an_archived_ticket_is_not_found(api, desk):
    number = api.ticket()
    desk.clock.advance(minutes=4)
    assert found(api, "status:2") == [number]
    desk.hand.archive(number)
    assert found(api, "status:2") == []


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("priority:4", [1]),
        ("priority:>3", [3, 1]),
        ("priority:<3", [3, 2]),
        ("priority:4 OR priority:1", [2, 1]),
        ("tag:'b' AND priority:3", [3]),
        ("tag:'b' AND (priority:1 OR priority:3)", [3, 2]),
        ("priority:4 OR tag:'b' AND priority:3", [3, 1]),
        ("(priority:4)", [1]),
        ("type:null AND tag:'a'", [1]),
        ("group_id:null", [3, 2, 1]),
        ("created_at:>'2026-11-23'", [3, 2, 1]),
        ("created_at:>'2026-11-24'", []),
        ("agent_id:5", []),
    ],
)
def test_a_query_is_understood(api, desk, query, numbers):
    api.ticket(priority=4, tags=["a"])
    api.ticket(priority=1, tags=["b"])
    api.ticket(priority=3, tags=["b"])
    desk.clock.advance(minutes=4)
    assert found(api, query) == numbers


@pytest.mark.parametrize(
    "query",
    [
        "status:2",
        '"subject:x"',
        '"status:2 AND"',
        '"(status:2"',
        '"status:2) "',
        '"status = 2"',
        '""',
        f"\"tag:'{'x' * 512}'\"",
    ],
)
def test_a_query_that_is_none_is_refused(api, query):
    assert api.get("/search/tickets", query=query).status_code == 400


def test_ten_pages_of_thirty_are_all_that_is_given(api, desk):
    for number in range(35):
        desk.hand.opens(f"No. {number}", "x", "pq@mail.example")
    desk.clock.advance(minutes=4)
    assert len(found(api, "status:2")) == 30
    assert found(api, "status:2", page=2) == [5, 4, 3, 2, 1]
    assert found(api, "status:2", page=10) == []
    assert api.get("/search/tickets", query='"status:2"', page=11).status_code == 400
    assert api.get("/search/tickets", query='"status:2"', per_page=100).status_code == 400
