"""What the product tells: history, the feed of changes, its limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from servers.simulator import SimClock
from servers.weather import Fate, json_answer, reads
from servers.zendesk_world import PRACTICE, ZendeskWorld

from connector.domain.errors import AuthenticationFailed, Incomplete, Rejected, Unavailable
from connector.helpdesks.base import FollowsChanges, Paced
from connector.helpdesks.zendesk import Zendesk, api
from connector.helpdesks.zendesk.rates import RATES
from connector.http import Request
from connector.testing.changes import a_file, a_note, a_ticket, an_update
from connector.testing.helpdesk.world import prepared

# --- history --------------------------------------------------------------------------------------


@pytest.fixture
def ref(helpdesk):
    return helpdesk.open(prepared(helpdesk, a_ticket()))


def test_the_history_tells_who_did_what(world, helpdesk, ref):
    world.desk.update_by_hand(ref.id, priority="urgent", status="pending")
    world.desk.comment_by_hand(ref.id, "We are sorry.", public=True)
    helpdesk.note(ref, a_note(attachments=(a_file(),)))
    events = [one for one in helpdesk.history(ref) if one.data.get("what") != "Notification"]
    told = [(one.kind, one.text, dict(one.data)) for one in events]
    assert [kind for kind, _, _ in told] == ["created", "field", "status", "public_reply", "note"]
    assert told[0][1] == a_ticket().text
    assert told[0][2]["severity"] == "normal"
    assert told[0][2]["note_key"] == a_ticket().key
    assert told[1][2] == {"name": "severity", "from": "normal", "to": "urgent"}
    assert told[2][2] == {"from": "open", "to": "pending"}
    assert told[3][1] == "We are sorry."
    assert told[4][2] == {"files": "letter.pdf", "note_key": "note-1"}


def test_changes_of_our_fields_go_by_our_names(helpdesk, ref):
    change = an_update(severity=None, add_tags=(), remove_tags=(), fields={"case": "C-1"})
    helpdesk.update(ref, change)
    event = list(helpdesk.history(ref))[-1]
    assert event.data == {"name": "case", "from": "", "to": "C-1", "note_key": "update-1"}


def test_addresses_and_places_of_agents_are_left_out(world, helpdesk, ref):
    world.comment_by_hand(ref, "called back")
    told = "".join(map(repr, helpdesk.history(ref)))
    for word in ("203.0.113.7", "Berlin, Germany", "Mozilla"):
        assert word not in told


def test_a_history_that_does_not_come_to_its_end_is_incomplete(world, helpdesk, ref, monkeypatch):
    monkeypatch.setattr(api, "MAX_PAGES", 3)
    endless = json_answer(
        200, {"audits": [], "meta": {"has_more": True, "after_cursor": "x"}, "links": {}}
    )
    with (
        world.desk.weather.upon(reads("/audits$"), Fate(instead=endless)),
        pytest.raises(Incomplete),
    ):
        list(helpdesk.history(ref))


def test_an_archived_history_of_which_a_part_comes_is_incomplete(world, helpdesk, ref):
    part = json_answer(200, {"audits": [], "next_page": None, "count": 250})
    with (
        world.desk.weather.upon(reads("/audits$"), Fate(instead=part)),
        pytest.raises(Incomplete),
    ):
        list(helpdesk.history(ref))


def test_a_history_too_large_for_one_answer_is_read_in_smaller_pages(world, helpdesk, ref):
    for number in range(30):
        world.comment_by_hand(ref, f"{number} " + "x" * 60_000)
    assert len([one for one in helpdesk.history(ref) if one.kind == "note"]) == 30
    sizes = {
        one.request.params["page[size]"]
        for one in world.desk.exchanges
        if one.request.path.endswith("/audits")
    }
    assert {"100", "25"} <= sizes


# --- the feed -------------------------------------------------------------------------------------


@pytest.fixture
def clock():
    return SimClock(datetime(2026, 11, 23, 9, tzinfo=UTC))


@pytest.fixture
def still(clock):
    world = ZendeskWorld(clock=clock)
    yield world
    world.close()


@pytest.fixture
def reader(still, clock):
    desk = Zendesk(still.settings(), PRACTICE, now=clock.now)
    assert isinstance(desk, FollowsChanges)
    yield desk
    desk.close()


def followed(desk, cursor, since):
    """All pages, and the cursor to go on from."""
    seen = []
    for _ in range(50):
        page = desk.changed_since(cursor, since)
        seen += [ref.id for ref in page.refs]
        cursor = page.cursor
        if not page.more:
            return seen, cursor
    raise AssertionError("the feed does not end")


def test_what_changed_comes_once_and_what_comes_later_comes_later(still, reader, clock):
    since = clock.now() - timedelta(hours=1)
    refs = [reader.open(prepared(reader, a_ticket(number))) for number in (1, 2, 3)]
    clock.advance(minutes=5)
    seen, cursor = followed(reader, "", since)
    assert seen == [ref.id for ref in refs]
    still.comment_by_hand(refs[1], "called back")
    clock.advance(minutes=5)
    assert followed(reader, cursor, since)[0] == [refs[1].id]


def test_a_beginning_within_the_last_minute_is_moved_back(reader, clock):
    """The product refuses it."""
    page = reader.changed_since("", clock.now() - timedelta(seconds=5))
    assert not page.more


def test_the_newest_minute_is_not_skipped(reader, clock):
    ref = reader.open(prepared(reader, a_ticket()))
    seen, cursor = followed(reader, "", clock.now())
    clock.advance(minutes=3)
    assert ref.id in seen + followed(reader, cursor, clock.now())[0]


def test_deleted_tickets_come_too(still, reader, clock):
    since = clock.now() - timedelta(hours=1)
    ref = reader.open(prepared(reader, a_ticket()))
    still.delete(ref)
    clock.advance(minutes=5)
    assert followed(reader, "", since)[0] == [ref.id]


def test_the_feed_of_an_agent_is_refused_so_that_tickets_are_looked_at_in_turn(
    still, reader, clock
):
    still.desk.client_user.role = "agent"
    with pytest.raises(Rejected, match="administrators"):
        reader.changed_since("", clock.now())


def test_a_cursor_that_is_no_longer_taken_is_rejected(reader, clock):
    with pytest.raises(Rejected):
        reader.changed_since("no cursor at all", clock.now())


def test_a_feed_without_an_end_mark_is_no_answer(still, reader, clock):
    odd = json_answer(200, {"tickets": []})
    with (
        still.desk.weather.upon(reads("/cursor$"), Fate(instead=odd)),
        pytest.raises(Unavailable),
    ):
        reader.changed_since("", clock.now())


def test_a_feed_without_credentials_says_so(still, clock):
    with pytest.raises(AuthenticationFailed):
        still.open_locked_out().changed_since("", clock.now())


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "buckets"),
    [
        ("POST", "/api/v2/tickets", {"account", "ticket_create"}),
        ("GET", "/api/v2/tickets", {"account", "ticket_lists"}),
        ("GET", "/api/v2/tickets/7", {"account"}),
        ("PUT", "/api/v2/tickets/7", {"account", "ticket_updates", "ticket:7"}),
        ("DELETE", "/api/v2/tickets/7/tags", {"account", "ticket_updates", "ticket:7"}),
        ("GET", "/api/v2/incremental/tickets/cursor", {"account", "incremental"}),
        ("POST", "/api/v2/uploads", {"account"}),
        ("POST", "/oauth/tokens", set()),
    ],
)
def test_each_request_counts_where_the_product_counts_it(method, path, buckets):
    assert set(RATES.charges(Request(method=method, path=path))) == buckets


UPDATE = Request(method="PUT", path="/api/v2/tickets/7")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"x-rate-limit": "700", "x-rate-limit-remaining": "699"}, {"account": (700, 699, None)}),
        (
            {"ratelimit-limit": "400", "ratelimit-remaining": "0", "ratelimit-reset": "7"},
            {"account": (400, 0, 7)},
        ),
        (
            {"zendesk-ratelimit-tickets-update": "total=100; remaining=99; resets=41"},
            {"ticket_updates": (100, 99, 41)},
        ),
        (
            {"zendesk-rate-limit-tickets-update": "total=20; remaining=19; resets=59"},
            {"ticket_updates": (20, 19, 59)},
        ),
        (
            {"zendesk-ratelimit-per-ticket-updates": "total=30; remaining=29; resets=600"},
            {"ticket:7": (30, 29, 600)},
        ),
        (
            {"zendesk-ratelimit-something-new": "total=5; remaining=4; resets=1"},
            {"other:something-new": (5, 4, 1)},
        ),
        ({"x-rate-limit": "many", "zendesk-ratelimit-x": "none", "date": "today"}, {}),
    ],
)
def test_headers_of_all_generations_are_read(headers, told):
    found = RATES.read(UPDATE, 200, headers)
    assert {one.bucket: (one.limit, one.remaining, one.resets_s) for one in found} == told


def test_a_refusal_names_the_limit_that_is_used_up():
    headers = {
        "x-rate-limit": "700",
        "x-rate-limit-remaining": "650",
        "zendesk-ratelimit-per-ticket-updates": "total=30; remaining=0; resets=88",
    }
    found = RATES.read(UPDATE, 429, headers)
    assert [one.bucket for one in found if one.exhausted] == ["ticket:7"]


def test_the_pipeline_is_told_when_there_is_room(helpdesk):
    assert isinstance(helpdesk, Paced)
    assert helpdesk.pause_s("open") == 0
    with helpdesk.turn("open"):
        helpdesk.open(prepared(helpdesk, a_ticket()))
    levels = {level.bucket: level.limit for level in helpdesk._api.budget.levels()}
    assert levels["account"] == 700
