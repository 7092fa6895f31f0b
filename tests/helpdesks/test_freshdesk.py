"""Freshdesk keeps the contract of every helpdesk, as far as its simulation is true."""

from __future__ import annotations

import pytest
from servers.freshdesk_world import FreshdeskWorld

from connector.testing.helpdesk import HelpdeskContract


class TestFreshdesk(HelpdeskContract):
    @pytest.fixture
    def world(self):
        world = FreshdeskWorld()
        yield world
        world.close()
