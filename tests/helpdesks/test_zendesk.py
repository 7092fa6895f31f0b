"""The Zendesk plugin keeps the contract of every helpdesk, over a simulated account."""

from __future__ import annotations

import pytest
from servers.zendesk_world import ZendeskWorld

from connector.domain.errors import Gone
from connector.domain.ticket import TicketRef, TicketStatus
from connector.http import budget
from connector.testing.changes import an_update
from connector.testing.helpdesk import HelpdeskContract
from connector.testing.points import point


class TestZendesk(HelpdeskContract):
    @pytest.fixture
    def world(self):
        world = ZendeskWorld()
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

    @pytest.mark.parametrize("status", [one for one in TicketStatus if one != "closed"])
    def test_every_status_can_be_set_and_left(self, helpdesk, ref, status):
        super().test_every_status_can_be_set_and_left(helpdesk, ref, status)

    def test_a_closed_ticket_is_left_by_going_on_in_its_follow_up(self, helpdesk, ref):
        assert helpdesk.update(ref, an_update(1, status=TicketStatus.CLOSED)).status == "closed"
        reopening = an_update(2, status=TicketStatus.OPEN)
        with pytest.raises(Gone) as caught:
            helpdesk.update(ref, reopening)
        assert caught.value.kind == "closed"
        follow_up = TicketRef(id=caught.value.merged_into)
        assert helpdesk.update(follow_up, reopening).status is TicketStatus.OPEN
