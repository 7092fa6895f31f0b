"""Rate limits in the account's own time."""

from __future__ import annotations

import pytest


def test_headers_of_all_generations_count_down(client):
    client.ask("GET", "/tickets")
    headers = client.ask("GET", "/tickets").headers
    left = str(698)
    for name in ("x-rate-limit-remaining", "rate-limit-remaining", "ratelimit-remaining"):
        assert headers[name] == left
    assert headers["zendesk-ratelimit-tickets-index"] == "total=100; remaining=98; resets=60"


def test_the_minute_over_the_limit_is_429_with_retry_after(client, desk, clock):
    desk.knobs.requests_per_minute = 2
    for _ in range(2):
        assert client.ask("GET", "/users/me").status_code == 200
    clock.advance(seconds=20)
    refused = client.ask("GET", "/users/me")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    assert refused.json()["error"] == "APIRateLimitExceeded"
    clock.advance(seconds=40)
    assert client.ask("GET", "/users/me").status_code == 200


def test_a_429_may_be_plain_text_and_may_lie(client, desk):
    desk.knobs.requests_per_minute = 0
    desk.knobs.plain_429 = True
    desk.knobs.retry_after = 93
    refused = client.ask("GET", "/users/me")
    assert refused.headers["Content-Type"].startswith("text/plain")
    assert refused.headers["Retry-After"] == "93"
    with pytest.raises(ValueError, match="Expecting value"):
        refused.json()


def test_thirty_updates_of_one_ticket_in_ten_minutes(client, clock):
    client.opened()
    client.opened()
    for number in range(30):
        assert client.change(1, subject=str(number)).status_code == 200
    refused = client.change(1, subject="one more")
    assert refused.status_code == 429
    assert int(refused.headers["x-rate-limit-remaining"]) > 600
    assert refused.headers["zendesk-ratelimit-per-ticket-updates"].startswith("total=30; remain")
    assert client.change(2, subject="another ticket").status_code == 200
    clock.advance(minutes=10)
    assert client.change(1, subject="later").status_code == 200


def test_updates_have_a_limit_of_their_own_in_two_spellings(client, desk):
    desk.knobs.updates_per_minute = 20
    client.opened()
    headers = client.change(1, subject="a").headers
    assert headers["zendesk-rate-limit-tickets-update"].startswith("total=20; remaining=19")
    assert headers["zendesk-ratelimit-tickets-update"].startswith("total=20; remaining=19")


def test_creating_tells_its_limit_by_user_and_address(client):
    header = client.open().headers["zendesk-ratelimit-ticket-request-create-by-user-and-ip"]
    assert header == "total=300; remaining=299; resets=60"


def test_one_create_or_update_of_users_a_second(client, clock):
    body = {"user": {"name": "Ann", "email": "ann@example.com", "skip_verify_email": True}}
    assert client.ask("POST", "/users/create_or_update", body).status_code == 201
    assert client.ask("POST", "/users/create_or_update", body).status_code == 429
    clock.advance(seconds=1)
    assert client.ask("POST", "/users/create_or_update", body).status_code == 200


def test_limits_may_be_switched_off(client, desk):
    desk.knobs.limits = False
    desk.knobs.requests_per_minute = 0
    assert client.ask("GET", "/users/me").status_code == 200
