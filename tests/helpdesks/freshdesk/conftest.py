"""A simulated account for each test, and a helpdesk on it."""

from __future__ import annotations

import pytest
from servers.freshdesk_world import FreshdeskWorld

from connector.testing.changes import a_ticket
from connector.testing.helpdesk.world import prepared


@pytest.fixture
def world():
    world = FreshdeskWorld()
    yield world
    world.close()


@pytest.fixture
def desk(world):
    return world.open()


@pytest.fixture
def ref(desk):
    return desk.open(prepared(desk, a_ticket()))
