"""Request Tracker keeps the contract of every helpdesk, tried on a real one.

Each request takes it a tenth of a second at best. So where the contract cuts the nth of eight
writes, only those are cut that there are.
"""

from __future__ import annotations

import pytest
from servers.request_tracker import RtWorld, rt_for

from connector.domain.errors import OutcomeUnknown
from connector.testing.changes import a_ticket
from connector.testing.helpdesk import HelpdeskContract
from connector.testing.helpdesk.straits import at_once
from connector.testing.helpdesk.world import long_ago, prepared

LOSSES = pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])


@pytest.fixture
def world(tmp_path_factory):
    world = RtWorld(rt_for(tmp_path_factory))
    yield world
    world.close()


class TestRequestTracker(HelpdeskContract):
    @pytest.fixture
    def world(self, world):
        return world

    @LOSSES
    @pytest.mark.parametrize("nth", range(1, 5))  # create, requestor and due, words
    def test_a_cut_while_opening_leaves_one_ticket(self, world, helpdesk, number, nth, loss):
        super().test_a_cut_while_opening_leaves_one_ticket(world, helpdesk, number, nth, loss)

    @LOSSES
    @pytest.mark.parametrize("nth", [1, 2])  # words and files in one
    def test_a_cut_while_noting_leaves_one_note(self, world, helpdesk, ref, nth, loss):
        super().test_a_cut_while_noting_leaves_one_note(world, helpdesk, ref, nth, loss)

    @LOSSES
    @pytest.mark.parametrize("nth", [1, 2, 3, 4])  # change, due, words
    def test_a_cut_while_updating_is_mended_by_repeating(self, world, helpdesk, ref, nth, loss):
        super().test_a_cut_while_updating_is_mended_by_repeating(world, helpdesk, ref, nth, loss)

    def test_several_creates_of_one_key_at_once_are_one_ticket(self, world, helpdesk, number):
        """RT makes a ticket for each; all but one lack the key, and are merged into that one."""
        ticket = prepared(helpdesk, a_ticket(number))
        told = at_once(world, ticket)
        assert world.count(ticket.key) == 1
        [ref] = helpdesk.find(ticket.key, long_ago())
        assert set(told) == {ref.id}
        assert world.keyless(ticket.subject) == []

    def test_copies_are_all_found_the_oldest_first(self, world, helpdesk, number):
        """A copy that is made all the same is merged, and its outcome is unknown."""
        ticket = prepared(helpdesk, a_ticket(number))
        ref = helpdesk.open(ticket)
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                helpdesk.open(ticket)
        assert helpdesk.find(ticket.key, long_ago()) == [ref]
        assert world.keyless(ticket.subject) == []
