"""A simulated Freshdesk on a clock that stands, and a plain client."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests
from servers.freshdesk import FreshdeskSimulator
from servers.simulator import SimClock

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

COMPLAINT = {
    "subject": "Charged twice",
    "description": "<div>I was charged twice.</div>",
    "email": "pq@mail.example",
}


class Api:
    """Sends what it is told to, and hides nothing."""

    def __init__(self, desk, key=None):
        self.desk = desk
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (key or desk.api_key, "X")

    def __call__(self, method, path, **more):
        return self.session.request(method, f"{self.desk.url}/api/v2{path}", timeout=30, **more)

    def get(self, path, **query):
        return self("GET", path, params=query)

    def post(self, path, **data):
        return self("POST", path, json=data)

    def put(self, path, **data):
        return self("PUT", path, json=data)

    def delete(self, path):
        return self("DELETE", path)

    def ticket(self, **changes):
        """Open a ticket as the product likes it; gives its id."""
        answer = self.post("/tickets", **{**COMPLAINT, **changes})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]


def codes(answer):
    """Status, and of each fault its field and code."""
    return answer.status_code, [(one["field"], one["code"]) for one in answer.json()["errors"]]


@pytest.fixture
def desk():
    with FreshdeskSimulator(clock=SimClock(MONDAY), fields=["Amends key"]) as desk:
        yield desk


@pytest.fixture
def api(desk):
    api = Api(desk)
    yield api
    api.session.close()
