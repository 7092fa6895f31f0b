"""Tokens, scopes, and what somebody sees who has neither."""

from __future__ import annotations

import pytest
import requests


def test_expires_in_is_told_only_to_those_who_sent_it(client):
    assert client.token().json()["expires_in"] == 86_400
    assert "expires_in" not in client.token(expires_in=None).json()


def test_a_token_ends_after_half_an_hour_unless_told_otherwise(client, clock):
    client.token(expires_in=None)
    clock.advance(seconds=1_799)
    assert client.ask("GET", "/users/me").status_code == 200
    clock.advance(seconds=1)
    refused = client.ask("GET", "/users/me")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize("life", [300, 172_800, 0])
def test_a_life_out_of_bounds_is_refused(client, life, excused):
    excused.append("/oauth/tokens")
    answer = client.token(expires_in=life)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_wrong_secret_is_an_invalid_client(client):
    answer = client.token(client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_form_is_taken_too(desk):
    form = {
        "grant_type": "client_credentials",
        "client_id": desk.knobs.client_id,
        "client_secret": desk.knobs.client_secret,
    }
    answer = requests.post(f"{desk.url}/oauth/tokens", data=form, timeout=20)
    assert answer.json()["token_type"] == "bearer"


@pytest.mark.parametrize("scope", ["read,write", ["read"], "read  write", "everything"])
def test_a_malformed_scope_gives_a_token_that_opens_nothing(client, scope, excused):
    excused.append("/oauth/tokens")
    assert client.token(scope=scope).status_code == 200
    assert client.ask("GET", "/tickets").status_code == 403
    assert client.ask("GET", "/users/me").json()["error"] == "Forbidden"


def test_a_scope_that_the_client_may_not_have_is_invalid(client, desk):
    desk.knobs.allowed_scopes = frozenset({"tickets:read", "tickets:write"})
    assert client.token().json()["error"] == "invalid_scope"
    assert client.token(scope=None).json()["scope"] == "tickets:read tickets:write"


def test_audits_need_the_global_read(client):
    ticket = client.opened()
    client.token(scope="tickets:read tickets:write users:read")
    assert client.ask("GET", f"/tickets/{ticket['id']}").status_code == 200
    assert client.ask("GET", f"/tickets/{ticket['id']}/audits").status_code == 403
    assert client.ask("GET", "/macros").status_code == 403


def test_nobody_is_anonymous_with_200(client, desk):
    del client.session.headers["Authorization"]
    client.session.auth = (desk.basic[0], "wrong")
    user = client.get("/users/me")["user"]
    assert (user["id"], user["name"]) == (None, "Anonymous user")
    assert client.ask("GET", "/tickets").status_code == 401


def test_an_api_token_works_until_such_tokens_are_switched_off(client, desk):
    del client.session.headers["Authorization"]
    client.session.auth = desk.basic
    assert client.get("/users/me")["user"]["role"] == "admin"
    desk.knobs.basic_allowed = False
    assert client.get("/users/me")["user"]["id"] is None


def test_a_bad_token_may_be_anonymous_too(client, desk):
    client.session.headers["Authorization"] = "Bearer nonsense"
    assert client.ask("GET", "/users/me").status_code == 401
    desk.knobs.anonymous_bearer = True
    assert client.get("/users/me")["user"]["id"] is None


def test_an_agent_may_not_do_what_admins_do(client, desk):
    desk.client_user.role = "agent"
    start = int(desk.clock.now().timestamp()) - 3_600
    assert client.ask("GET", f"/incremental/tickets/cursor?start_time={start}").status_code == 403
    group = {"group": {"name": "Recovery"}}
    assert client.ask("POST", "/groups", group).status_code == 403
    assert client.get("/groups")["count"] == 1


def test_revoked_tokens_are_invalid_at_once(client, desk):
    desk.expire_tokens()
    assert client.ask("GET", "/tickets").status_code == 401
    client.token()
    assert client.ask("GET", "/tickets").status_code == 200


def test_what_does_not_exist_is_404(client, desk, excused):
    excused.append("/nothing")
    assert client.ask("GET", "/nothing").json()["error"] == "InvalidEndpoint"
    assert client.ask("GET", "/tickets/99").json()["error"] == "RecordNotFound"
    assert requests.get(f"{desk.url}/hc", timeout=20).status_code == 404
