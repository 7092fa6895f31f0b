"""Freshdesk keeps the contract of every helpdesk, as far as its simulation is true."""

from __future__ import annotations

import pytest
from servers.freshdesk_world import FreshdeskWorld

from connector.http import budget
from connector.testing.helpdesk import HelpdeskContract
from connector.testing.points import point


class TestFreshdesk(HelpdeskContract):
    @pytest.fixture
    def world(self):
        world = FreshdeskWorld()
        yield world
        world.close()

    @point(15)
    def test_a_rate_limit_is_a_pause_of_the_length_that_was_asked_for(
        self, world, helpdesk, ref, number, monkeypatch
    ):
        monkeypatch.setattr(budget, "LONGEST_WAIT_S", 1.0)  # told at once instead of waited for
        super().test_a_rate_limit_is_a_pause_of_the_length_that_was_asked_for(
            world, helpdesk, ref, number
        )
