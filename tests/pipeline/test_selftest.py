"""The self-test passes where promises are kept, finds each that is not, and always cleans up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import structlog
from servers.helpdesk import SiteWorld, running_site

from connector.domain.conformance import POINTS
from connector.domain.errors import OutcomeUnknown
from connector.domain.ticket import TicketRef, TicketStatus
from connector.helpdesks.base import Changed
from connector.http.losing import is_lost, losing_an_answer
from connector.pipeline.canary import fly, try_out
from connector.pipeline.selftest import Outcome, SelfTest
from connector.pipeline.selftest_ticket import REQUESTER, SUBJECT
from connector.store import jobs
from connector.testing.builders import Clock, a_store
from connector.testing.changes import a_ticket
from connector.testing.memory_desk import MemoryDesk, Weather
from connector.testing.memory_helpdesk import MemoryHelpdesk


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(clock):
    return MemoryDesk(now=clock)


@pytest.fixture
def store(tmp_path, clock):
    store = a_store(tmp_path, clock)
    yield store
    store.close()


def tried(helpdesk, clock):
    """Run it; give the findings by number, and by first word for those beside the points."""
    test = SelfTest(helpdesk=helpdesk, token="0a1b", clock=clock, pause=clock.advance)
    return {one.point or one.what.split()[0]: one for one in test.run()}


def failed(findings):
    return {name for name, one in findings.items() if one.outcome is Outcome.FAILED}


def test_every_point_is_told_and_what_cannot_be_tried_says_why(desk, clock):
    found = tried(MemoryHelpdesk(desk), clock)
    assert set(POINTS) <= set(found)
    assert failed(found) == set()
    untried = {name for name, one in found.items() if one.outcome is Outcome.CANNOT}
    assert untried == {3, 4, 5, 10, 15, 16, 19, 20}
    assert all(found[name].reason for name in untried)


def test_one_ticket_that_people_recognise_is_left_closed_and_nobody_is_written_to(desk, clock):
    tried(MemoryHelpdesk(desk), clock)
    [ticket] = desk.tickets.values()
    shown = ticket.snapshot
    assert (shown.subject, shown.status) == (SUBJECT, TicketStatus.CLOSED)
    assert shown.requester_email == REQUESTER
    assert {"amends", "amends_selftest"} <= shown.tags
    assert "no patient is behind it" in shown.text
    assert [one.kind for one in desk.visible].count("note") == 1


def test_the_real_product_passes_over_the_network(clock):
    world = SiteWorld(running_site())
    try:
        before = list(world.mails())
        test = SelfTest(
            helpdesk=world.open(),
            token="f00d",
            clock=lambda: datetime.now(UTC),
            pause=clock.advance,
        )
        findings = list(test.run())
        assert [one for one in findings if one.outcome is Outcome.FAILED] == []
        assert [one.reason for one in findings if one.point == 2] == ["in doubt, found, adopted"]
        assert world.count(test.key) == 1
        assert world.ticket(test.ref)["status"] == 4  # closed
        assert list(world.mails()) == before
    finally:
        world.close()


class Forgetful(MemoryHelpdesk):
    """Finds nothing, so that every doubt ends in a second ticket."""

    def find(self, key, since):
        super().find(key, since)
        return []


class Careless(MemoryHelpdesk):
    """Writes a note as often as it is asked to, and publicly."""

    def note(self, ref, note):
        super().note(ref, note)
        events = self.desk.tickets[ref.id].events
        last = replace(events[-1], kind="public_reply", text=events[-1].text.upper())
        events[-1:] = [last, replace(last, id=f"{last.id}-again")]


class Grasping(MemoryHelpdesk):
    """Takes the tags of others away, ignores fields, and keeps every ticket open."""

    def update(self, ref, change):
        super().update(ref, replace(change, body=b"", status=None, fields={}))
        ticket = self.desk.tickets[ref.id]
        ours = frozenset(tag for tag in ticket.snapshot.tags if tag.startswith("amends"))
        ticket.snapshot = replace(ticket.snapshot, tags=ours)
        return ticket.snapshot


class Unlisted(MemoryHelpdesk):
    """Has a feed of changes that tells of other tickets only."""

    def changed_since(self, cursor, since):
        del since
        return Changed(refs=(TicketRef(id="77"),), cursor=f"{cursor}x", more=len(cursor) < 3)


class Listed(Unlisted):
    """Tells of every ticket, on its last page."""

    def changed_since(self, cursor, since):
        page = super().changed_since(cursor, since)
        refs = tuple(one.snapshot.ref for one in self.desk.tickets.values())
        return page if page.more else replace(page, refs=refs)


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        (Forgetful, {1}),
        (Careless, {8, 9, 11}),
        (Grasping, {7, "an", "closed"}),
        (Unlisted, {"the"}),
        (Listed, set()),
    ],
)
def test_a_promise_that_is_not_kept_is_found(desk, clock, kind, points):
    found = tried(kind(desk), clock)
    assert failed(found) == points
    assert all(found[name].reason for name in points)


def test_a_field_that_the_product_ignores_is_named(desk, clock, monkeypatch):
    create = MemoryHelpdesk._create

    def without_category(self, change, body):
        body["fields"].pop("category", None)
        return create(self, change, body)

    monkeypatch.setattr(MemoryHelpdesk, "_create", without_category)
    found = tried(MemoryHelpdesk(desk), clock)
    assert failed(found) == {6}
    assert found[6].reason == "not as sent: category; see amends provision"


def test_a_ticket_that_turns_up_later_than_promised_is_found_and_told(desk, clock):
    class Slow(MemoryHelpdesk):
        def find(self, key, since):
            found = super().find(key, since)
            return found if clock.now >= began.replace(minute=1) else []

    began = clock.now
    able = replace(MemoryHelpdesk(desk).capabilities, find="eventual", find_lag_s=60)
    found = tried(Slow(desk, capabilities=able), clock)
    assert failed(found) == set()
    assert len(desk.tickets) == 1
    assert found[18].reason == "found after 60 s; promised are 60 s"


def test_a_doubt_for_another_reason_is_not_answered_by_a_second_ticket(desk, clock):
    desk.forecast.append(Weather.LOST)
    found = tried(MemoryHelpdesk(desk), clock)
    assert failed(found) == {2}
    assert "look for selftest-0a1b.open" in found[2].reason
    assert desk.tickets == {}


def test_a_product_that_cannot_be_searched_gets_one_ticket_without_a_doubt(desk, clock):
    able = replace(MemoryHelpdesk(desk).capabilities, find="none")
    found = tried(MemoryHelpdesk(desk, capabilities=able), clock)
    assert found[2].outcome is Outcome.CANNOT
    assert len(desk.tickets) == 1
    assert desk.tickets["1"].snapshot.status is TicketStatus.CLOSED


def test_without_a_ticket_the_rest_is_not_tried(desk, clock):
    desk.standing = Weather.DOWN
    found = tried(MemoryHelpdesk(desk), clock)
    assert failed(found) == {2}
    assert set(POINTS) <= set(found)
    assert found[8].reason == "there is no ticket to try it with"


def test_an_answer_is_lost_once_and_for_this_thread_and_block_alone(desk):
    helpdesk = MemoryHelpdesk(desk)
    with losing_an_answer() as loss, pytest.raises(OutcomeUnknown):
        helpdesk.open(a_ticket(1))
    assert loss.happened
    with losing_an_answer() as loss:
        pass
    helpdesk.open(a_ticket(2))
    assert not loss.happened
    with losing_an_answer():
        with pytest.raises(OutcomeUnknown):
            helpdesk.open(a_ticket(3))
        helpdesk.open(a_ticket(4))
    assert len(desk.tickets) == 4


def test_only_the_answer_to_a_write_that_succeeded_is_lost():
    with losing_an_answer() as loss:
        assert [is_lost(status) for status in (404, 429, 500, 302)] == [False] * 4
        assert not loss.happened
        assert (is_lost(201), is_lost(201)) == (True, False)
    assert not is_lost(200)


def test_a_run_is_on_record_before_anything_is_sent_and_with_its_end(store, desk, clock):
    report = try_out(store, Grasping(desk, name="desk"), pause=clock.advance)
    assert (report.level, report.ticket, report.url) == (1, "1", "memory:1")
    with store.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT action, body FROM ledger WHERE action LIKE 'selftest%' ORDER BY seq"
        ).all()
    assert [row.action for row in rows] == ["selftest.began", "selftest.ended"]
    assert f'"key":"{report.key}"' in rows[0].body
    assert '"failed":"7,an_update,closed_at"' in rows[1].body


def test_what_patients_would_notice_is_worse_than_the_rest(store, desk, clock):
    assert try_out(store, MemoryHelpdesk(desk), pause=clock.advance).level == 0
    assert try_out(store, Careless(desk), pause=clock.advance).level == 2


def test_a_daily_run_that_fails_is_an_error_in_the_log(store, desk, clock):
    with structlog.testing.capture_logs() as logs:
        fly(store, Grasping(desk, name="desk"), pause=clock.advance)
        fly(store, MemoryHelpdesk(desk, name="desk"), pause=clock.advance)
    assert [(one["event"], one["log_level"]) for one in logs] == [
        ("canary_failed", "error"),
        ("canary_passed", "info"),
    ]
    assert logs[0]["reason"] == "7,an_update,closed_at"


def test_no_daily_run_is_made_while_calls_are_paused(store, desk, clock):
    paused = jobs.Circuit(breaker="open", failures=3, reason="NotSent")
    store.write(lambda tx: jobs.set_circuit(tx, "memory", paused))
    assert fly(store, MemoryHelpdesk(desk), pause=clock.advance) is None
    assert desk.calls == []
