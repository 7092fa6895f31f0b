"""A real Request Tracker, and a helpdesk on it."""

from __future__ import annotations

import pytest
from servers.request_tracker import RtWorld, rt_for

from connector.testing.changes import a_ticket
from connector.testing.helpdesk.world import prepared

NUMBERS = iter(range(50_000, 90_000, 10))


@pytest.fixture
def world(tmp_path_factory):
    world = RtWorld(rt_for(tmp_path_factory))
    yield world
    world.close()


@pytest.fixture
def desk(world):
    return world.open()


@pytest.fixture
def ticket(desk):
    return prepared(desk, a_ticket(next(NUMBERS)))


@pytest.fixture
def ref(desk, ticket):
    return desk.open(ticket)
