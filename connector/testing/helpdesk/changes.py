"""The feed of changes, of products that have one (`FollowsChanges`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from connector.domain.errors import AuthenticationFailed, Rejected, Unavailable
from connector.domain.ticket import TicketRef
from connector.helpdesks.base import FollowsChanges, Helpdesk
from connector.testing.changes import a_note, a_ticket, an_update
from connector.testing.helpdesk.world import Base, HelpdeskWorld, complaints, prepared

MAX_CURSOR: Final = 1_000
MAX_PAGES: Final = 1_000
"""A feed that goes on for longer never ends."""


def following(helpdesk: Helpdesk) -> FollowsChanges:
    """Give the helpdesk as one that tells changes; without that the test is skipped."""
    if not isinstance(helpdesk, FollowsChanges):
        pytest.skip("this product does not tell which tickets changed: they are looked at in turn")
    return helpdesk


def to_the_end(desk: FollowsChanges, cursor: str, since: datetime) -> tuple[list[str], str]:
    """Read all pages; gives the tickets that they name and the last cursor."""
    named: list[str] = []
    for _ in range(MAX_PAGES):
        page = desk.changed_since(cursor, since)
        assert 0 < len(page.cursor) <= MAX_CURSOR
        assert page.cursor != cursor or not page.more, "it goes on and on at the same place"
        named += [ref.id for ref in page.refs]
        cursor = page.cursor
        if not page.more:
            return named, cursor
    raise AssertionError("the feed has no end")


def let_it_show(world: HelpdeskWorld) -> None:
    """Let what the product holds back for now become visible, where it does so.

    A world of such a product offers `let_it_show()`.
    """
    getattr(world, "let_it_show", lambda: None)()


class ChangesContract(Base):
    """What `changed_since` promises: it may repeat, and never skips."""

    @pytest.fixture
    def since(self) -> datetime:
        """Give a time before everything that the test does."""
        return datetime.now(UTC) - timedelta(hours=1)

    def test_a_ticket_that_was_opened_is_told(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, since: datetime
    ) -> None:
        """From an empty cursor on, to the end of all pages."""
        desk = following(helpdesk)
        let_it_show(world)
        assert ref.id in to_the_end(desk, "", since)[0]

    def test_what_agents_and_we_do_after_the_cursor_is_told(
        self,
        world: HelpdeskWorld,
        helpdesk: Helpdesk,
        ref: TicketRef,
        number: int,
        since: datetime,
    ) -> None:
        """A comment, a note, an update; the cursor of one connection serves the next."""
        desk = following(helpdesk)
        other = helpdesk.open(prepared(helpdesk, a_ticket(number + 1)))
        let_it_show(world)
        _, cursor = to_the_end(desk, "", since)
        for act in (
            lambda: world.comment_by_hand(ref, "I called her"),
            lambda: helpdesk.note(other, a_note()),
            lambda: helpdesk.update(ref, an_update()),
        ):
            act()
            let_it_show(world)
            again = world.open()
            named, cursor = to_the_end(following(again), cursor, since)
            again.close()
            assert {ref.id, other.id} & set(named)

    def test_nothing_is_skipped_when_much_changes(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, number: int, since: datetime
    ) -> None:
        """More tickets than a page holds, or at least a handful, in one second."""
        desk = following(helpdesk)
        let_it_show(world)
        _, cursor = to_the_end(desk, "", since)
        made = [helpdesk.open(prepared(helpdesk, a_ticket(number + n))).id for n in range(1, 8)]
        let_it_show(world)
        assert set(made) <= set(to_the_end(desk, cursor, since)[0])
        assert set(made) <= set(to_the_end(desk, cursor, since)[0]), "an old cursor still serves"

    def test_at_its_end_the_feed_says_so(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, ref: TicketRef, since: datetime
    ) -> None:
        """Asked again there is nothing more, and the cursor still serves."""
        desk = following(helpdesk)
        let_it_show(world)
        _, cursor = to_the_end(desk, "", since)
        page = desk.changed_since(cursor, since)
        assert not page.more
        world.comment_by_hand(ref, "She rang")
        let_it_show(world)
        assert ref.id in to_the_end(desk, page.cursor, since)[0]

    def test_a_cursor_of_nowhere_is_rejected(self, helpdesk: Helpdesk, since: datetime) -> None:
        """Then the pipeline begins anew; silence would lose what changed."""
        with pytest.raises(Rejected):
            following(helpdesk).changed_since("no cursor of yours", since)

    def test_trouble_with_the_feed_is_told_as_that_of_all_reads(
        self, world: HelpdeskWorld, helpdesk: Helpdesk, since: datetime
    ) -> None:
        """Nothing is told as if nothing had changed; no secret is in the error."""
        desk = following(helpdesk)
        with world.down(), pytest.raises(Unavailable):
            desk.changed_since("", since)
        locked = world.open_locked_out()
        with pytest.raises(AuthenticationFailed):
            following(locked).changed_since("", since)
        said = complaints([lambda: following(locked).changed_since("", since)])
        locked.close()
        assert not [secret for secret in world.secrets() for line in said if secret in line]
