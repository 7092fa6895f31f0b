from __future__ import annotations

import functools

import pytest
from servers.zendesk_world import ZendeskWorld

from connector.http import client

TRUST = functools.cache(client._trust)


@pytest.fixture(autouse=True)
def one_list_of_authorities(monkeypatch):
    """Read it once, not for each of many hundred helpdesks; nothing here speaks TLS."""
    monkeypatch.setattr(client, "_trust", TRUST)


@pytest.fixture
def world():
    world = ZendeskWorld()
    yield world
    world.close()


@pytest.fixture
def helpdesk(world):
    return world.open()
