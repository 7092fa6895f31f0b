"""Credentials, limits, weather, and the simulator as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from servers.freshdesk import FreshdeskSimulator
from servers.freshdesk.journal import read_journal
from servers.simulator import SimClock
from servers.weather import (
    BAD_GATEWAY,
    CAPTIVE_PORTAL,
    REDIRECT,
    Fate,
    reads,
    truncated,
    writes,
)

from .conftest import COMPLAINT, MONDAY, Api

TESTS = Path(__file__).resolve().parents[2]


@pytest.fixture
def limited():
    def start(plan):
        desk = FreshdeskSimulator(clock=SimClock(MONDAY), plan=plan)
        started.append(desk)
        return desk, Api(desk)

    started = []
    yield start
    for desk in started:
        desk.close()


def test_a_wrong_key_is_refused_and_in_the_end_locked(api, desk):
    wrong = Api(desk, "wrong")
    for _ in range(10):
        refused = wrong.get("/tickets")
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")
    locked = wrong.get("/tickets")
    assert (locked.status_code, locked.json()["code"]) == (403, "password_lockout")
    assert api.get("/tickets").status_code == 200
    desk.clock.advance(hours=1)
    assert wrong.get("/tickets").status_code == 401


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Bearer x", "Basic Og=="])
def test_credentials_of_another_kind_are_none(desk, header):
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{desk.url}/api/v2/tickets", headers=headers, timeout=30)
    assert answer.status_code == 401


def test_the_password_says_nothing(desk):
    answer = requests.get(f"{desk.url}/api/v2/tickets", auth=(desk.api_key, "any"), timeout=30)
    assert answer.status_code == 200


def test_what_is_not_there_is_an_empty_404_and_a_wrong_method_a_405(api, desk):
    assert (api.get("/nothing").status_code, api.get("/nothing").content) == (404, b"")
    assert api("PATCH", "/tickets").headers["Allow"] == "GET, POST"
    assert requests.get(desk.url, timeout=30).headers["Content-Type"].startswith("text/html")


def test_each_family_of_endpoints_has_its_own_bucket(limited):
    desk, api = limited("growth")
    listed = api.get("/tickets").headers
    assert (listed["X-Ratelimit-Total"], listed["X-Ratelimit-Remaining"]) == ("20", "19")
    made = api.post("/tickets", **COMPLAINT).headers
    assert (made["X-Ratelimit-Total"], made["X-Ratelimit-Remaining"]) == ("80", "79")
    changed = api.put("/tickets/1", priority=4).headers
    assert (changed["X-Ratelimit-Total"], changed["X-Ratelimit-Remaining"]) == ("80", "79")
    other = api.get("/groups").headers
    assert (other["X-Ratelimit-Total"], other["X-Ratelimit-Remaining"]) == ("200", "196")
    assert desk.limiter.buckets["ticket_list"].used == 1


def test_an_old_plan_counts_all_of_tickets_together(limited):
    _, api = limited("recorded")
    api.post("/tickets", **COMPLAINT)
    assert api.get("/tickets/1/conversations").headers["X-Ratelimit-Remaining"] == "38"
    assert api.get("/contacts").headers["X-Ratelimit-Remaining"] == "39"
    assert api.get("/groups").headers["X-Ratelimit-Total"] == "100"


def test_a_full_bucket_says_when_to_come_back(limited):
    desk, api = limited("growth")
    for _ in range(20):
        assert api.get("/tickets").status_code == 200
    desk.clock.advance(seconds=15)
    full = api.get("/tickets")
    assert (full.status_code, full.headers["Retry-After"]) == (429, "45")
    assert full.headers["X-Ratelimit-Remaining"] == "0"
    assert set(full.json()) == {"code", "message"}
    assert api.post("/tickets", **COMPLAINT).status_code == 201
    desk.clock.advance(seconds=45)
    assert api.get("/tickets").status_code == 200


def test_a_full_account_refuses_every_family(limited):
    desk, api = limited("growth")
    desk.limiter.exhaust("account", desk.clock.now())
    refused = api.post("/tickets", **COMPLAINT)
    assert (refused.status_code, desk.hand.tickets()) == (429, [])


def test_some_refusals_do_not_tell_the_bucket(limited):
    desk, api = limited("growth")
    desk.knobs.silent_limits = True
    desk.limiter.exhaust("ticket_list", desk.clock.now())
    refused = api.get("/tickets")
    assert refused.headers["Retry-After"] == "60"
    assert "X-Ratelimit-Total" not in refused.headers


def test_invalid_requests_and_includes_cost_too(limited):
    _, api = limited("growth")
    assert api.get("/tickets", per_page=500).headers["X-Ratelimit-Remaining"] == "19"
    listed = api.get("/tickets", include="stats,requester").headers
    assert listed["X-Ratelimit-Used-CurrentRequest"] == "5"
    assert listed["X-Ratelimit-Remaining"] == "14"


def test_a_lost_answer_leaves_the_ticket_and_a_lost_request_none(api, desk):
    with desk.weather.lose_answer(1), pytest.raises(requests.ConnectionError):
        api.post("/tickets", **COMPLAINT)
    assert desk.hand.count() == 1
    with desk.weather.lose_request(1), pytest.raises(requests.ConnectionError):
        api.post("/tickets", **COMPLAINT)
    assert desk.hand.count() == 1


def test_the_weather_strikes_where_it_is_told_to(api, desk):
    number = api.ticket()
    with desk.weather.upon(writes("/notes"), Fate(applied=True, instead=BAD_GATEWAY)):
        assert api.post(f"/tickets/{number}/notes", body="x").status_code == 502
    assert len(desk.hand.conversations(number)) == 1
    with desk.weather.upon(reads("/tickets"), Fate(applied=True, change=truncated)):
        cut = api.get(f"/tickets/{number}")
    assert cut.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        cut.json()
    with desk.weather.upon(reads(), Fate(instead=REDIRECT)):
        assert api("GET", "/tickets", allow_redirects=False).status_code == 302
    with desk.weather.upon(reads(), Fate(instead=CAPTIVE_PORTAL)):
        assert "Wi-Fi" in api.get("/tickets").text
    with desk.down(), pytest.raises(requests.ConnectionError):
        api.get("/tickets")
    assert api.get(f"/tickets/{number}").status_code == 200


def test_what_an_agent_does_by_hand_is_what_the_api_shows(api, desk):
    number, other = api.ticket(tags=["amends"]), api.ticket()
    desk.hand.tag(number, "vip")
    desk.hand.set(number, status=3, priority=2)
    desk.hand.assign(number)
    note = desk.hand.comment(number, "a <b>\nsecond line")
    desk.hand.edit(note, "other")
    desk.hand.automation_notes(number, "by rule")
    ticket = api.get(f"/tickets/{number}", include="conversations").json()
    assert (ticket["tags"], ticket["status"], ticket["priority"]) == (["amends", "vip"], 3, 2)
    assert ticket["responder_id"] == desk.hand.agent.id
    assert [one["body_text"] for one in ticket["conversations"]] == ["other", "by rule"]
    desk.hand.untag(number, "amends")
    desk.hand.remove(note)
    desk.hand.merge(other, into=number)
    assert api.get(f"/tickets/{number}").json()["tags"] == ["vip"]
    assert api.get(f"/tickets/{other}").json()["status"] == 5


def test_the_simulator_runs_as_a_process_and_leaves_a_journal(tmp_path):
    journal = tmp_path / "journal"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "servers.freshdesk", "--journal", str(journal)),
            *("--field", "Amends key", "--plan", "pro", "--require", "cf_amends_key"),
        ],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        access = json.loads(process.stdout.readline())
        session = requests.Session()
        session.auth = (access["api_key"], "X")
        tickets = f"{access['url']}/api/v2/tickets"
        assert session.post(tickets, json=COMPLAINT, timeout=30).status_code == 400
        data = {**COMPLAINT, "custom_fields": {"cf_amends_key": "k-1"}}
        assert session.post(tickets, json=data, timeout=30).status_code == 201
        session.post(f"{tickets}/1/notes", json={"body": "<p>called</p>"}, timeout=30)
        session.post(f"{tickets}/1/reply", json={"body": "<p>sorry</p>"}, timeout=30)
        session.close()
    finally:
        process.kill()
        process.communicate(timeout=30)
    with journal.open("a") as file:
        file.write('{"ticket": {"id"')
    records = read_journal(journal)
    (ticket,) = records.tickets.values()
    assert ticket["custom_fields"] == {"cf_amends_key": "k-1"}
    assert ticket["requester_email"] == "pq@mail.example"
    assert [one["body_text"] for one in ticket["conversations"]] == ["called", "sorry"]
    assert [mail.to for mail in records.mails] == ["pq@mail.example"]


def test_a_journal_forgets_what_is_gone_and_knows_what_is_archived(tmp_path):
    journal = tmp_path / "journal"
    with FreshdeskSimulator(journal=journal) as desk:
        for subject in ("gone", "kept"):
            desk.hand.opens(subject, "x", "pq@mail.example")
        desk.hand.destroy(1)
        desk.hand.archive(2)
    (ticket,) = read_journal(journal).tickets.values()
    assert (ticket["subject"], ticket["archived"]) == ("kept", True)


def test_the_account_tells_its_name_to_admins(api):
    assert api.get("/account").json()["account_domain"] == "harbor.freshdesk.com"
