"""The walk through changed tickets misses none, whatever happens to the list meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.weather import Fate, json_answer

from connector.domain.errors import Rejected, Unavailable
from connector.helpdesks.freshdesk import account, walk
from connector.helpdesks.freshdesk.account import Page
from connector.testing.changes import a_ticket
from connector.testing.helpdesk.changes import to_the_end
from connector.testing.helpdesk.world import long_ago, prepared

SOME = settings(max_examples=50)
START = datetime(2026, 11, 22, 9, tzinfo=UTC)
SIZE = 4


def printed(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Moving:
    """A list in which tickets change, appear and vanish after each page; a second is a step."""

    edge = "helpdesk"

    def __init__(self, seconds, actions, *, heeds_since=True):
        self.now = START
        self.tickets = {number: ["", START + timedelta(seconds=at)] for number, at in seconds}
        self.actions = list(actions)
        self.heeds_since = heeds_since
        self.settings = SimpleNamespace(key_field="cf_amends_key")

    def ref(self, number):
        return number

    def listing(self, view, since, page):
        rows = [
            {"id": number, "updated_at": printed(at)}
            for number, (where, at) in self.tickets.items()
            if where == view and (at >= since or not self.heeds_since)
        ]
        rows.sort(key=lambda one: (one["updated_at"], one["id"]))
        begin = (page - 1) * SIZE
        items = rows[begin : begin + SIZE]
        self.now = max([START, *(at for _, at in self.tickets.values())]) + timedelta(seconds=1)
        for _ in range(2):
            if self.actions:
                self._happens(*self.actions.pop())
        return Page(items=items, more=begin + SIZE < len(rows), at=self.now)

    def _happens(self, kind, which):
        numbers = sorted(self.tickets)
        number = numbers[which % len(numbers)]
        was = self.tickets[number][0]
        where = {"touch": was, "spam": "spam", "delete": "deleted"}.get(kind, "")
        if was and where != was:
            return  # what was put away is not moved on; see `walk` on what comes back
        self.tickets[number if kind != "new" else max(numbers) + 1] = [where, self.now]


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["touch", "spam", "delete", "new"]), st.integers(0, 50)), max_size=40
)
SECONDS = st.lists(st.integers(0, 12), min_size=1, max_size=30).map(lambda at: list(enumerate(at)))


@SOME
@given(seconds=SECONDS, actions=ACTIONS)
def test_nothing_that_changed_is_missed_while_it_changes(seconds, actions):
    """Tickets are touched, made, marked as spam and deleted while the walk goes on."""
    moving = Moving(seconds, actions)
    seen = {one["id"] for one in walk.tickets(moving, START)}
    assert {number for number, _ in seconds} <= seen


@SOME
@given(seconds=SECONDS)
def test_a_product_that_does_not_heed_the_time_is_read_page_by_page(seconds):
    moving = Moving(seconds, [], heeds_since=False)
    seen = {one["id"] for one in walk.tickets(moving, START + timedelta(seconds=20))}
    assert seen == {number for number, _ in seconds}


@SOME
@given(seconds=SECONDS, actions=ACTIONS)
def test_the_feed_skips_nothing_over_its_rounds(seconds, actions):
    moving = Moving(seconds, actions)
    named, cursor = set(), ""
    for _ in range(60):
        changed = walk.feed(moving, cursor, START, moving.now)
        named |= set(changed.refs)
        cursor = changed.cursor
        assert len(cursor) <= 1_000
        if not changed.more and not moving.actions:
            break
    assert not moving.actions
    for _ in range(30):  # the last round
        changed = walk.feed(moving, cursor, START, moving.now)
        named |= set(changed.refs)
        cursor = changed.cursor
        if not changed.more:
            break
    assert set(moving.tickets) <= named


def test_a_quiet_account_is_asked_from_a_little_before_the_last_round(desk, ref):
    _, cursor = to_the_end(desk, "", long_ago())
    assert '"view":""' in cursor
    since = walk._place(desk._account, cursor).since
    assert timedelta(0) <= datetime.now(UTC) - since - walk.OVERLAP < timedelta(seconds=60)
    assert ref


def test_more_pages_than_the_product_gives_are_walked(world, desk, monkeypatch):
    monkeypatch.setattr(account, "PAGE_SIZE", 2)
    monkeypatch.setattr(walk, "MAX_PAGES", 3)
    monkeypatch.setattr("servers.freshdesk.tickets.MAX_PAGES", 3)
    for number in range(20):
        world.hand.opens(f"ticket {number}", "words", "jane@example.com")
        world.server.clock.advance(seconds=2)
    ticket = prepared(desk, a_ticket())
    ref = desk.open(ticket)
    assert desk.find(ticket.key, long_ago()) == [ref]
    named, _ = to_the_end(desk, "", long_ago())
    assert len(set(named)) == 21


def test_a_bulk_change_of_more_tickets_than_a_page_is_followed(world, desk, monkeypatch):
    monkeypatch.setattr(account, "PAGE_SIZE", 2)
    made = [world.hand.opens(f"ticket {n}", "words", "jane@example.com") for n in range(9)]
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=60)
    for ticket in world.account.tickets.values():
        ticket.updated_at = at
    ticket = prepared(desk, a_ticket())
    ref = desk.open(ticket)
    assert desk.find(ticket.key, long_ago()) == [ref]
    assert desk.find(ticket.key, at) == [ref]
    named, _ = to_the_end(desk, "", at)
    assert {str(number) for number in made} <= set(named)


def test_more_tickets_of_one_second_than_can_be_listed_are_no_answer(world, desk, monkeypatch):
    monkeypatch.setattr(walk, "MAX_PAGES", 3)
    monkeypatch.setattr(account, "PAGE_SIZE", 2)
    for number in range(8):
        world.hand.opens(f"ticket {number}", "words", "jane@example.com")
    for ticket in world.account.tickets.values():
        ticket.updated_at = at = datetime.now(UTC).replace(microsecond=0)
    with pytest.raises(Unavailable):
        desk.find("key", at)


def test_a_list_in_another_order_is_no_answer(world, desk):
    for number in range(2):
        desk.open(prepared(desk, a_ticket(number)))
        world.server.clock.advance(seconds=2)

    def turned(answer):
        return json_answer(200, answer.json()[::-1])

    def is_list(request):
        return request.path.endswith("/tickets") and not request.is_write

    with (
        world.server.weather.upon(is_list, Fate(applied=True, change=turned)),
        pytest.raises(Unavailable, match="order"),
    ):
        desk.find("key", long_ago())


def test_spam_and_deleted_tickets_are_told_by_the_feed(world, desk):
    refs = [desk.open(prepared(desk, a_ticket(number))) for number in range(3)]
    world.hand.spam(refs[0].id)
    world.hand.delete(refs[1].id)
    named, _ = to_the_end(desk, "", long_ago())
    assert {ref.id for ref in refs} <= set(named)


@pytest.mark.parametrize("cursor", ["x", "{}", "[]", '{"view":"x"}', "null", "7"])
def test_a_cursor_of_another_kind_is_rejected(desk, cursor):
    with pytest.raises(Rejected):
        desk.changed_since(cursor, long_ago())


def test_old_tickets_are_found_when_they_changed(world, desk, ref):
    """Without a time the product lists the last 30 days only."""
    world.hand.age(ref.id, 40)
    world.hand.tag(ref.id, "vip")
    assert desk.find(a_ticket().key, long_ago()) == [ref]
