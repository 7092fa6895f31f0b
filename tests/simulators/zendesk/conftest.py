"""A simulated account, and a plain client that asks it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests
from servers.simulator import SimClock
from servers.zendesk import ZendeskSimulator
from servers.zendesk.contract import Contract

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Client:
    """Asks by OAuth token unless it is told otherwise; answers are plain responses."""

    def __init__(self, desk):
        self.desk = desk
        self.session = requests.Session()
        self.session.trust_env = False
        self.token()

    def token(self, **changes):
        knobs = self.desk.knobs
        asked = {
            "grant_type": "client_credentials",
            "client_id": knobs.client_id,
            "client_secret": knobs.client_secret,
            "scope": "read write",
            "expires_in": 86_400,
            **changes,
        }
        asked = {key: value for key, value in asked.items() if value is not None}
        answer = self.session.post(f"{self.desk.url}/oauth/tokens", json=asked, timeout=20)
        if answer.ok:
            self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    def ask(self, method, path, body=None, **more):
        return self.session.request(
            method,
            f"{self.desk.url}/api/v2{path}",
            **({"json": body} if body is not None else {}),
            timeout=20,
            **more,
        )

    def get(self, path, **params):
        answer = self.ask("GET", path, params=params)
        assert answer.ok, (answer.status_code, answer.text)
        return answer.json()

    def open(self, key=None, comment=None, **ticket):
        """Create a ticket with a private first comment."""
        comment = {"body": "The phone rang for ages", "public": False} | (comment or {})
        headers = {"Idempotency-Key": key} if key else {}
        return self.ask(
            "POST", "/tickets", {"ticket": {"comment": comment, **ticket}}, headers=headers
        )

    def opened(self, **ticket):
        answer = self.open(**ticket)
        assert answer.status_code == 201, answer.text
        return answer.json()["ticket"]

    def change(self, ticket_id, **ticket):
        return self.ask("PUT", f"/tickets/{ticket_id}", {"ticket": ticket})


@pytest.fixture
def clock():
    return SimClock(MONDAY)


@pytest.fixture
def excused():
    """Patterns of faults that a test provokes; a test may add to it."""
    return []


@pytest.fixture
def desk(clock, excused):
    """Every exchange of every test agrees with the vendor's document, where that is present."""
    with ZendeskSimulator(clock=clock, contract=Contract.load()) as desk:
        yield desk
        assert [one for one in desk.faults if not any(said in one for said in excused)] == []


@pytest.fixture
def client(desk):
    client = Client(desk)
    yield client
    client.session.close()
