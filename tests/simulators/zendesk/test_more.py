"""Many tickets at once, small readings, and the simulator as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from servers.weather import BAD_GATEWAY, Fate, truncated, writes

TESTS = Path(__file__).parents[2]


def job(client, answer):
    queued = answer.json()["job_status"]
    assert (queued["status"], queued["results"]) == ("queued", None)
    return client.get(f"/job_statuses/{queued['id']}")["job_status"]["results"]


def test_many_tickets_are_created_and_told_out_of_order(client, desk):
    tickets = [
        {"comment": {"body": "one", "public": False}},
        {"comment": {"body": "two", "public": False}, "external_id": "x"},
    ]
    results = job(client, client.ask("POST", "/tickets/create_many", {"tickets": tickets}))
    assert [(one["index"], one["id"]) for one in results] == [(1, 2), (0, 1)]
    assert desk.by_external_id("x")[0].id == 2


def test_more_than_a_hundred_are_too_many(client):
    tickets = [{"comment": {"body": "x"}}] * 101
    answer = client.ask("POST", "/tickets/create_many", {"tickets": tickets})
    assert (answer.json()["error"], answer.json()["max_count"]) == ("TooManyValues", 100)


def test_update_many_knows_additional_tags_and_holds_failures(client, desk):
    desk.open_by_hand(tags=["a"])
    desk.open_by_hand()
    desk.close_ticket(2)
    body = {"ticket": {"additional_tags": ["b"]}}
    results = job(client, client.ask("PUT", "/tickets/update_many?ids=1,2", body))
    assert [one["success"] for one in results] == [True, False]
    assert desk.ticket(1).tags == ["a", "b"]


def test_small_readings(client, desk):
    desk.open_by_hand()
    desk.open_by_hand()
    desk.archive(2)
    assert client.get("/tickets/count")["count"]["value"] == 1
    assert client.get("/tickets/1/audits/count")["count"]["value"] == 1
    assert client.get("/tickets/1/comments/count")["count"]["value"] == 1
    assert client.get("/tickets/2/related")["from_archive"] is True
    assert [one["ticket_id"] for one in client.get("/ticket_audits")["audits"]] == [1]
    assert client.get("/recipient_addresses")["recipient_addresses"][0]["default"]
    assert len(client.get("/group_memberships")["group_memberships"]) == 2
    assert client.get("/users/show_many", ids=str(desk.agent.id))["users"][0]["role"] == "agent"


def test_schedules_are_kept(client, excused):
    excused.append("/business_hours/")
    body = {"schedule": {"name": "Office", "time_zone": "Berlin"}}
    assert client.ask("POST", "/business_hours/schedules", body).status_code == 201
    assert client.get("/business_hours/schedules")["schedules"][0]["name"] == "Office"


@pytest.mark.parametrize("welcomes", [True, False])
def test_a_new_requester_may_be_welcomed(client, desk, welcomes):
    desk.knobs.welcomes = welcomes
    client.opened(requester={"name": "Ann", "email": "ann@elm.example"})
    assert [mail.rule for mail in desk.mails] == ["welcome"] * welcomes
    settings = client.get("/account/settings")["settings"]
    assert settings["user"]["agent_created_welcome_emails"] is welcomes


def test_weather_strikes_writes_but_never_tokens(client, desk):
    with desk.weather.lose_answer(1):
        client.token()
        with pytest.raises(requests.ConnectionError):
            client.open(key="k")
    assert client.open(key="k").headers["x-idempotency-lookup"] == "hit"
    with desk.weather.lose_request(1), pytest.raises(requests.ConnectionError):
        client.open()
    assert len(desk.tickets) == 1
    with desk.weather.upon(writes("/tickets$"), Fate(applied=True, instead=BAD_GATEWAY)):
        assert "nginx" in client.open().text
    with (
        desk.weather.upon(writes(), Fate(applied=True, change=truncated)),
        pytest.raises(requests.exceptions.JSONDecodeError),
    ):
        client.open().json()
    assert len(desk.tickets) == 3
    with desk.down(), pytest.raises(requests.ConnectionError):
        client.ask("GET", "/tickets")
    assert client.get("/tickets")["count"] == 3


def test_a_property_may_be_dropped_today(client, desk):
    desk.knobs.drops = {"priority"}
    assert client.opened(priority="high")["priority"] is None


def test_it_runs_as_a_process_and_is_arranged_from_outside(tmp_path):
    port_file = tmp_path / "zendesk.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "servers.zendesk", "--port-file", str(port_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=TESTS,
    )
    try:
        access = json.loads(process.stdout.readline())
        assert json.loads(port_file.read_text()) == access

        def hand(name, **arguments):
            answer = requests.post(f"{access['url']}/_hand/{name}", json=arguments, timeout=20)
            assert answer.ok, answer.text
            return answer.json()

        auth = (f"{access['user']}/token", access["api_token"])
        body = {"ticket": {"comment": {"body": "x", "public": False}, "tags": ["a"]}}
        made = requests.post(f"{access['url']}/api/v2/tickets", json=body, auth=auth, timeout=20)
        assert made.status_code == 201
        hand("tag_by_hand", ticket_id=1, tags=["vip"])
        hand("comment_by_hand", ticket_id=1, text="called back", public=True)
        hand("turn", list_lag_s=5)
        hand("advance", hours=1)
        records = hand("records")
        assert records["tickets"][0]["tags"] == ["a", "vip"]
        assert [one["public"] for one in records["tickets"][0]["comments"]] == [False, True]
        assert len(records["mails"]) == 1
    finally:
        process.stdin.close()
        assert process.wait(20) == 0
        process.stdout.close()
