from __future__ import annotations

import pytest
from servers.zendesk_world import ZendeskWorld


@pytest.fixture
def world():
    world = ZendeskWorld()
    yield world
    world.close()


@pytest.fixture
def helpdesk(world):
    return world.open()
