"""django-helpdesk keeps the contract of every helpdesk, and its own traps are closed."""

from __future__ import annotations

import pytest
from servers.helpdesk import SiteWorld, running_site

from connector.testing.helpdesk import HelpdeskContract


@pytest.fixture
def world():
    world = SiteWorld(running_site())
    yield world
    world.close()


class TestDjangoHelpdesk(HelpdeskContract):
    @pytest.fixture
    def world(self, world):
        return world
