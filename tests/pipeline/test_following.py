"""What people do in the helpdesk is followed, each event once, and their edits win."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from servers.hearing import JANE, PRIVACY, on_record, owed, said
from servers.people import House, PolledHelpdesk

from connector.domain.errors import AuthenticationFailed, Incomplete, Rejected, Unavailable
from connector.domain.signal import Contact
from connector.domain.ticket import OpenTicket, TicketEvent, TicketRef, TicketStatus
from connector.pipeline import casework as casework_room
from connector.pipeline import observing as observing_room
from connector.pipeline import sync as sync_room
from connector.pipeline.retention import retain
from connector.recovery import tags
from connector.store import copies, observing
from connector.store.engine import DATABASE
from connector.store.store import Store
from connector.testing.builders import Clock, a_store, opinion_of_facts
from connector.testing.memory_desk import MemoryDesk, Weather

OTTO = Contact(name="Otto Oak", email="otto@example.com")
SECRET = "zebra-4417"


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    return House(store, clock)


@pytest.fixture
def polled(store: Store, clock: Clock) -> House:
    return House(store, clock, helpdesk=PolledHelpdesk(MemoryDesk(now=clock)))


@pytest.fixture
def opened(house: House) -> House:
    """One case, whose ticket was looked at once."""
    house.hears(said(1))
    house.looks()
    return house


class TestTheFeed:
    def test_only_tickets_that_changed_are_looked_at(self, opened: House) -> None:
        opened.hears(said(2, OTTO))
        opened.looks()
        opened.desk.calls.clear()
        assert opened.looks() == 0
        assert opened.desk.calls == ["changed_since"]
        opened.desk.say("1", "I rang")
        assert opened.looks() == 1
        assert opened.desk.calls.count("snapshot") == 1

    def test_it_is_asked_no_more_often_than_it_was_said(self, opened: House) -> None:
        opened.desk.calls.clear()
        for _ in range(5):
            opened.looks(10)
        assert opened.desk.calls == []

    def test_tickets_of_others_are_left_alone(self, opened: House) -> None:
        opened.helpdesk.open(theirs())
        opened.desk.say("2", "not our business")
        opened.desk.calls.clear()
        assert opened.looks() == 0
        assert "snapshot" not in opened.desk.calls

    def test_many_pages_are_read_in_one_go(self, opened: House) -> None:
        for n in range(40):
            opened.desk.say("1", f"number {n}")
        opened.desk.calls.clear()
        assert opened.looks() == 1
        assert opened.desk.calls.count("changed_since") == 8

    def test_it_goes_on_where_it_was_after_a_restart(self, opened: House) -> None:
        opened.use(opened.store)
        opened.desk.calls.clear()
        opened.desk.say("1", "after the restart")
        opened.looks()
        assert opened.desk.calls.count("changed_since") == 1

    def test_what_was_named_is_not_forgotten_by_a_crash_before_the_look(
        self, opened: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened.desk.say("1", "just before the power cut")
        with monkeypatch.context() as patch:
            patch.setattr(opened.sync, "_choose", lambda **_: [])
            opened.looks()
        opened.use(opened.store)
        assert opened.looks(1) == 1
        assert ("1-2", "note") in opened.observed()

    def test_a_cursor_that_is_no_longer_taken_begins_anew_without_a_gap(
        self, opened: House
    ) -> None:
        opened.desk.say("1", "meanwhile")
        opened.desk.era += 1
        opened.looks()
        assert ("1-2", "note") in opened.observed()
        assert len(opened.observed()) == len(set(opened.observed())) == 2

    @pytest.mark.parametrize("error", [AuthenticationFailed, Rejected])
    def test_a_feed_that_is_refused_is_replaced_by_looking_in_turn(
        self, opened: House, error: Any
    ) -> None:
        opened.desk.feed_refusal = error("memory", "no right to export")
        opened.desk.say("1", "meanwhile")
        assert opened.looks() == 0
        assert opened.looks(301) == 1
        opened.desk.calls.clear()
        opened.looks(301)
        assert "changed_since" not in opened.desk.calls, "left alone for an hour"
        opened.desk.feed_refusal = None
        opened.looks(3_600)
        assert "changed_since" in opened.desk.calls

    def test_a_feed_that_does_not_answer_for_long_is_replaced_too(self, opened: House) -> None:
        opened.desk.feeding = Weather.BUSY
        opened.desk.say("1", "meanwhile")
        opened.looks()
        assert ("1-2", "note") not in opened.observed()
        opened.looks(301)
        assert ("1-2", "note") in opened.observed()

    def test_a_feed_with_a_fault_does_not_end_all_looking(
        self, opened: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise KeyError("items")

        monkeypatch.setattr(opened.helpdesk, "changed_since", broken, raising=False)
        opened.desk.say("1", "meanwhile")
        opened.looks()
        opened.looks(301)
        assert ("1-2", "note") in opened.observed()

    def test_what_the_feed_forgot_is_found_by_the_slow_round(self, opened: House) -> None:
        opened.desk.say("1", "meanwhile")
        opened.desk.changes.pop()
        opened.looks()
        assert ("1-2", "note") not in opened.observed()
        for _ in range(7):
            opened.looks(3_600)
        assert ("1-2", "note") in opened.observed()

    def test_without_a_feed_open_tickets_are_looked_at_in_turn(self, polled: House) -> None:
        polled.hears(said(1))
        assert polled.looks() == 1
        polled.desk.say("1", "I rang")
        assert polled.looks() == 0
        assert polled.looks(301) == 1
        assert ("1-2", "note") in polled.observed()


class TestHistory:
    def test_each_event_is_recorded_once_with_its_words_apart(self, opened: House) -> None:
        opened.desk.say("1", f"Her file is {SECRET}")
        for _ in range(3):
            opened.looks()
            opened.desk.edit("1", assignee="kim")
        told = on_record(opened.store, "ticket.observed")
        assert [one["event"] for one in told] == ["1-1", "1-2", "1-3"]
        assert [one["kind"] for one in told] == ["created", "note", "field"]
        assert SECRET not in str(told)
        words = opened.rows("SELECT body FROM content WHERE kind = 'event'")
        assert sum(SECRET.encode() in row.body for row in words) == 1

    def test_a_history_that_did_not_change_is_not_read_again(self, polled: House) -> None:
        polled.hears(said(1))
        polled.looks()
        polled.desk.calls.clear()
        polled.looks(301)
        assert polled.desk.calls == ["snapshot"]

    def test_our_own_notes_are_known_as_ours(self, opened: House) -> None:
        opened.hears(said(2))
        opened.looks()
        assert [one["ours"] for one in on_record(opened.store, "ticket.observed")] == [False, True]

    def test_an_incomplete_history_is_on_record_once_and_so_is_its_end(
        self, opened: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = opened.helpdesk.history

        def half(ref: TicketRef) -> Iterator[TicketEvent]:
            yield from list(whole(ref))[:2]
            raise Incomplete("memory", "the rest is not to be had")

        with monkeypatch.context() as patch:
            patch.setattr(opened.helpdesk, "history", half)
            for text in ("one", "two"):
                opened.desk.say("1", text)
                opened.looks()
        assert [one["why"] for one in on_record(opened.store, "ticket.history_incomplete")] == [
            "incomplete"
        ]
        assert len(opened.observed()) == 2
        opened.desk.say("1", "three")
        opened.looks()
        assert len(opened.observed()) == 4
        assert len(on_record(opened.store, "ticket.history_whole")) == 1

    def test_a_history_that_fails_again_and_again_does_not_hide_the_close(
        self, opened: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing(_: TicketRef) -> Iterator[TicketEvent]:
            raise Unavailable("memory", "500")

        monkeypatch.setattr(opened.helpdesk, "history", failing)
        opened.desk.edit("1", status=TicketStatus.CLOSED)
        opened.looks()
        assert opened.case.state == "open"
        for _ in range(5):
            opened.looks()
        assert opened.case.state == "closed"
        assert on_record(opened.store, "ticket.history_incomplete")[0]["why"] == "Unavailable"

    def test_more_events_than_are_kept_are_incomplete(
        self, opened: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(observing_room, "MAX_EVENTS", 3)
        for n in range(9):
            opened.desk.say("1", f"number {n}")
        opened.looks()
        assert len(opened.observed()) == 3
        assert on_record(opened.store, "ticket.history_incomplete")[0]["why"] == "too_many_events"

    def test_a_long_history_is_stored_in_parts(
        self, opened: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sync_room, "EVENTS_AT_ONCE", 4)
        for n in range(10):
            opened.desk.say("1", f"number {n}")
        opened.looks()
        assert [one[0] for one in opened.observed()] == [f"1-{n}" for n in range(1, 12)]

    def test_a_product_without_changes_in_its_history_is_compared_by_looking(
        self, store: Store, clock: Clock
    ) -> None:
        house = House(store, clock)
        house.helpdesk.capabilities = replace(house.helpdesk.capabilities, history="notes_only")
        house.hears(said(1))
        house.looks()
        house.desk.edit("1", assignee="kim", severity=4)
        house.looks()
        seen = [one for one in events_of(house) if one.data.get("found") == "by looking"]
        assert {(one.data["name"], one.data["to"]) for one in seen} == {
            ("assignee", "kim"),
            ("severity", "4"),
        }
        house.looks()
        assert len(events_of(house)) == len(house.observed())

    def test_the_words_go_with_those_of_the_case(self, opened: House) -> None:
        opened.desk.say("1", f"Her file is {SECRET}")
        opened.desk.edit("1", status=TicketStatus.CLOSED)
        opened.looks()
        opened.clock.advance(86_400 * 40)
        retain(opened.store, 30)
        assert opened.rows("SELECT * FROM content WHERE kind = 'event'") == []
        assert len(opened.observed()) == 3


def events_of(house: House) -> list[TicketEvent]:
    with house.store.read() as connection:
        rows = observing.of_case(connection, house.case.id)
        return observing.words_of(connection, rows)


class TestFirstContact:
    def test_the_first_public_reply_by_a_person_is_a_fact(self, opened: House) -> None:
        opened.desk.say("1", "to colleagues only")
        opened.clock.advance(600)
        opened.desk.say("1", "We are sorry", public=True)
        said_at = opened.clock.now
        opened.desk.say("1", "And again", public=True)
        opened.looks()
        (contact,) = on_record(opened.store, "contact.made")
        assert (contact["event"], contact["kind"]) == ("1-3", "public_reply")
        (row,) = opened.rows("SELECT * FROM first_contact")
        assert row.at.startswith(f"{said_at:%Y-%m-%dT%H:%M:%S}")
        opened.looks()
        assert len(on_record(opened.store, "contact.made")) == 1

    def test_a_logged_call_is_contact(self, opened: House) -> None:
        opened.desk.call("1", "spoke with her")
        opened.looks()
        assert on_record(opened.store, "contact.made")[0]["kind"] == "call"

    @pytest.mark.parametrize(
        "act",
        [
            lambda desk: desk.say("1", "We have received your message", public=True, actor=""),
            lambda desk: desk.say("1", "I wait!", public=True, actor=JANE.email.upper()),
            lambda desk: desk.answer("1", "I wait!"),
            lambda desk: desk.say("1", "to colleagues"),
            lambda desk: desk.edit("1", assignee="kim"),
            lambda desk: desk.happen(
                desk.tickets["1"],
                "public_reply",
                actor="macro",
                text="auto",
                data={"automatic": "true"},
            ),
        ],
    )
    def test_rules_patients_and_private_words_are_none(self, opened: House, act: Any) -> None:
        act(opened.desk)
        opened.looks()
        assert len(opened.observed()) == 2
        assert on_record(opened.store, "contact.made") == []

    def test_a_reply_before_the_complaint_on_a_ticket_into_which_it_was_merged_is_none(
        self, house: House
    ) -> None:
        other = house.helpdesk.open(theirs())
        house.desk.say(other.id, "about another matter", public=True)
        house.clock.advance(3_600)
        house.hears(said(1))
        house.looks()
        house.desk.merge("2", other.id)
        house.looks()
        house.looks(1)
        assert on_record(house.store, "contact.made") == []
        house.desk.say(other.id, "about both", public=True)
        house.looks()
        assert len(on_record(house.store, "contact.made")) == 1


class TestEditsWin:
    def test_a_priority_that_an_agent_changed_is_left_alone(self, opened: House) -> None:
        opened.desk.edit("1", severity=1)
        opened.looks()
        assert [one["name"] for one in on_record(opened.store, "ticket.edited")] == ["severity"]
        opened.hears(said(2, severity=4))
        assert opened.snapshot().severity == 1
        assert tags.severity_tag(4) in opened.snapshot().tags, "our own tags still follow"
        assert on_record(opened.store, "change.trimmed")[0]["left_out"] == ["severity"]

    def test_an_unchanged_priority_follows_the_case(self, opened: House) -> None:
        opened.hears(said(2, severity=4))
        assert opened.snapshot().severity == 4
        opened.looks()
        assert on_record(opened.store, "ticket.edited") == []

    def test_a_value_that_was_put_back_is_ours_again(self, opened: House) -> None:
        opened.desk.edit("1", severity=1)
        opened.looks()
        opened.desk.edit("1", severity=2)
        opened.looks()
        assert len(on_record(opened.store, "ticket.edit_undone")) == 1
        opened.hears(said(2, severity=4))
        assert opened.snapshot().severity == 4

    def test_a_tag_that_was_taken_away_does_not_come_back(self, opened: House) -> None:
        gone = tags.category_tag("visit.wait")
        opened.desk.retag("1", remove=[gone])
        opened.looks()
        opened.hears(said(2, severity=4))
        assert gone not in opened.snapshot().tags

    def test_a_tag_of_ours_that_an_agent_put_there_stays(self, opened: House) -> None:
        opened.desk.retag("1", add=[tags.severity_tag(3), "vip"])
        opened.looks()
        opened.hears(said(2, severity=4))
        assert {tags.severity_tag(3), tags.severity_tag(4), "vip"} <= opened.snapshot().tags

    def test_a_field_that_was_changed_is_left_alone(self, opened: House) -> None:
        opened.desk.edit("1", fields={**opened.snapshot().fields, "category": "other"})
        opened.looks()
        opened.hears(said(2, severity=4))
        assert opened.snapshot().fields["category"] == "other"
        assert opened.snapshot().fields["severity"] == "4"

    def test_a_due_time_that_was_changed_is_left_alone(self, opened: House) -> None:
        later = opened.clock.now + timedelta(days=9)
        opened.desk.edit("1", due_at=later)
        opened.looks()
        opened.hears(said(2, severity=4))
        assert opened.snapshot().due_at == later

    def test_an_assignee_is_remembered_without_the_name(self, opened: House) -> None:
        opened.desk.edit("1", assignee="kim.agent")
        opened.looks()
        (told,) = on_record(opened.store, "ticket.edited")
        assert told["name"] == "assignee"
        assert "kim" not in str(opened.rows("SELECT * FROM edit"))

    def test_what_is_ours_and_on_its_way_is_not_taken_for_an_edit(self, opened: House) -> None:
        opened.desk.forecast.extend([Weather.FAIR, Weather.LATE])  # the note, then the update
        opened.hears(said(2, severity=4))
        opened.desk.land()
        opened.looks()
        opened.clock.advance(3_600)
        opened.delivers()
        opened.looks()
        assert on_record(opened.store, "ticket.edited") == []

    def test_an_update_of_which_nothing_is_left_is_not_sent(self, opened: House) -> None:
        opened.desk.retag("1", remove=[tags.SLA_RUNNING], add=[tags.SLA_LATE])
        opened.desk.edit("1", severity=4)
        opened.looks()
        opened.clock.advance(86_400 * 9)
        opened.promises.tick()
        assert [op for op, _ in owed(opened.store, opened.case.id)] == ["open", "note"]


class TestTheEndOfATicket:
    @pytest.mark.parametrize(
        ("act", "reason"),
        [
            (lambda desk: desk.edit("1", status=TicketStatus.RESOLVED), "ticket_closed"),
            (lambda desk: desk.delete("1"), "ticket_deleted"),
            (lambda desk: desk.mark_as_spam("1"), "ticket_spam"),
            (lambda desk: desk.retag("1", add=[tags.WRONG]), "judged_wrong"),
        ],
    )
    def test_it_closes_the_case_with_its_reason(self, opened: House, act: Any, reason: str) -> None:
        act(opened.desk)
        opened.looks()
        assert (opened.case.state, opened.case.close_reason) == ("closed", reason)
        assert [one["why"] for one in on_record(opened.store, "case.closed")] == [reason]

    @pytest.mark.parametrize(
        ("end", "back"),
        [
            (
                lambda desk: desk.edit("1", status=TicketStatus.CLOSED),
                lambda desk: desk.edit("1", status=TicketStatus.OPEN),
            ),
            (lambda desk: desk.mark_as_spam("1"), lambda desk: desk.bring_back("1")),
            (lambda desk: desk.delete("1"), lambda desk: desk.bring_back("1")),
            (
                lambda desk: desk.retag("1", add=[tags.WRONG]),
                lambda desk: desk.retag("1", remove=[tags.WRONG]),
            ),
        ],
    )
    @pytest.mark.parametrize("fed", [True, False])
    def test_what_agents_take_back_opens_the_case_again(
        self, house: House, polled: House, end: Any, back: Any, fed: bool
    ) -> None:
        house = house if fed else polled
        house.hears(said(1))
        house.looks()
        end(house.desk)
        house.looks(301)
        assert house.case.state == "closed"
        back(house.desk)
        house.looks(61 if fed else 21_601)
        assert (house.case.state, house.case.close_reason) == ("open", None)
        assert len(on_record(house.store, "case.reopened")) == 1
        house.hears(said(2))
        assert len(house.desk.tickets) == 1, "a further complaint joins it"

    def test_a_case_does_not_open_beside_another_of_the_same_person(self, opened: House) -> None:
        opened.desk.edit("1", status=TicketStatus.CLOSED)
        opened.looks()
        opened.hears(said(2))
        opened.looks()
        opened.desk.edit("1", status=TicketStatus.OPEN)
        for _ in range(3):
            opened.looks()
        assert [case.state for case in opened.cases] == ["closed", "open"]
        notes = [one for one in opened.desk.tickets["1"].events if one.kind == "note"]
        assert [opened.cases[1].id in note.text for note in notes] == [True]
        told = [one["why"] for one in on_record(opened.store, "case.linked")]
        assert told == ["repeat", "reopened_beside"]

    def test_cases_closed_long_ago_are_looked_at_no_more(self, polled: House) -> None:
        polled.hears(said(1))
        polled.looks()
        polled.desk.edit("1", status=TicketStatus.CLOSED)
        polled.looks(301)
        assert polled.looks(86_400) == 1
        assert polled.looks(86_400 * 15) == 0


class TestMerges:
    @pytest.fixture
    def two(self, house: House) -> House:
        """Two cases with a ticket each."""
        house.hears(said(1), said(2, OTTO, severity=3))
        house.looks()
        assert len(house.cases) == len(house.desk.tickets) == 2
        return house

    def test_both_cases_are_known_and_notes_go_to_the_survivor(self, two: House) -> None:
        two.desk.merge("1", "2")
        two.looks()
        assert [case.ticket_id for case in two.cases] == ["2", "2"]
        assert "tickets_merged" in [one["why"] for one in on_record(two.store, "case.linked")]
        two.hears(said(3))
        notes = [one for one in two.desk.tickets["2"].events if one.data.get("note_key")]
        assert len(notes) == 1
        assert len(two.desk.keys()) == len(set(two.desk.keys())) == 2

    def test_whose_ticket_it_is_stands_on_record_also_where_the_cases_were_linked_before(
        self, house: House
    ) -> None:
        house.hears(said(1), said(2, severity=3, categories=PRIVACY))
        house.looks()
        house.desk.merge("1", "2")
        house.looks()
        (merged,) = on_record(house.store, "ticket.merged")
        assert merged["shared_with"] == [house.cases[1].id]

    def test_each_event_of_the_survivor_is_stored_once_and_counts_for_both(
        self, two: House
    ) -> None:
        two.desk.merge("1", "2")
        two.looks()
        two.desk.say("2", "sorry for both", public=True)
        two.looks()
        assert len(two.observed()) == len(set(two.observed())) == 4
        contacts = on_record(two.store, "contact.made")
        assert [one["event"] for one in contacts] == ["2-3", "2-3"]
        with two.store.read() as connection:
            both = [
                {row.event_id for row in observing.of_case(connection, case.id)}
                for case in two.cases
            ]
        assert both == [{"1-1", "2-1", "2-2", "2-3"}, {"2-1", "2-2", "2-3"}]

    def test_the_guest_changes_nothing_but_tags_there(self, two: House) -> None:
        two.desk.merge("1", "2")
        two.looks()
        before = two.snapshot("2")
        two.hears(said(3, severity=4))
        after = two.snapshot("2")
        assert (after.severity, dict(after.fields)) == (before.severity, dict(before.fields))
        assert before.tags < after.tags

    def test_closing_the_survivor_closes_both(self, two: House) -> None:
        two.desk.merge("1", "2")
        two.looks()
        two.desk.edit("2", status=TicketStatus.CLOSED)
        two.looks()
        assert [case.state for case in two.cases] == ["closed", "closed"]

    def test_tickets_merged_in_a_circle_come_to_rest(self, two: House) -> None:
        two.desk.merge("1", "2")
        two.looks()
        two.desk.merge("2", "1")
        two.desk.tickets["1"].gone = None
        two.desk.merge("1", "2")
        for _ in range(5):
            two.looks()
        merged = on_record(two.store, "ticket.merged")
        assert len(merged) <= 3


class TestTrouble:
    def test_one_ticket_with_a_fault_does_not_stop_the_others(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.hears(*(said(n, replace(OTTO, email=f"p{n}@example.com")) for n in range(1, 4)))
        reading = house.helpdesk.snapshot

        def bad(ref: TicketRef) -> Any:
            if ref.id == "1":
                raise KeyError("status")
            return reading(ref)

        monkeypatch.setattr(house.helpdesk, "snapshot", bad)
        assert house.looks() == 2
        monkeypatch.undo()
        monkeypatch.setattr(casework_room, "assess", opinion_of_facts)
        assert house.looks(601) == 1

    def test_one_ticket_out_of_reach_is_put_off_after_some_tries(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.hears(said(1), said(2, OTTO))
        reading = house.helpdesk.snapshot

        def hidden(ref: TicketRef) -> Any:
            if ref.id == "1":
                raise AuthenticationFailed("memory", "403")
            return reading(ref)

        monkeypatch.setattr(house.helpdesk, "snapshot", hidden)
        assert [house.looks() for _ in range(4)] == [0, 0, 0, 1]


class TestAfterARestore:
    @pytest.fixture
    def restored(self, opened: House, state: Path, tmp_path: Path) -> Iterator[House]:
        """Yesterday's state is back; since then a complaint was delivered, read and closed."""
        house = opened
        copies.copy_to(state / DATABASE, tmp_path / "backup.db")
        house.clock.advance(600)
        self.second = replace(said(2), event_time=house.clock.now)
        house.hears(self.second)
        house.clock.advance(600)
        house.desk.edit("1", status=TicketStatus.CLOSED)
        house.store.close()
        shutil.copy(tmp_path / "backup.db", state / DATABASE)
        house.clock.advance(3_600)
        again = a_store(state, house.clock)
        assert again.recovery is not None
        house.use(again)
        yield house
        again.close()

    def test_a_ticket_that_agents_closed_since_the_backup_stays_closed(
        self, restored: House
    ) -> None:
        restored.hears(self.second)
        restored.clock.advance(100)
        restored.delivers()
        restored.looks(3_700)
        assert restored.case.close_reason == "ticket_closed"
        assert on_record(restored.store, "ticket.reopened") == []
        notes = [one for one in restored.desk.tickets["1"].events if one.kind == "note"]
        assert len(notes) == 1

    def test_so_it_does_where_the_helpdesk_tells_no_history(self, restored: House) -> None:
        able = replace(restored.helpdesk.capabilities, history="none")
        restored.helpdesk.capabilities = able
        restored.hears(self.second)
        restored.clock.advance(100)
        restored.delivers()
        restored.looks(3_700)
        assert restored.case.close_reason == "ticket_closed"

    def test_a_complaint_that_came_after_the_restore_opens_it_again(self, restored: House) -> None:
        restored.hears(self.second, replace(said(3), event_time=restored.clock.now))
        restored.clock.advance(100)
        restored.delivers()
        restored.looks(3_700)
        assert restored.snapshot().status is TicketStatus.OPEN
        assert len(on_record(restored.store, "ticket.reopened")) == 1


def test_a_complaint_that_stood_on_the_ticket_before_it_was_closed_was_read(
    opened: House,
) -> None:
    """Between two looks a note arrives, somebody reads it and closes the ticket."""
    opened.hears(said(2))
    opened.clock.advance(120)
    opened.desk.edit("1", status=TicketStatus.CLOSED)
    opened.looks()
    assert opened.case.close_reason == "ticket_closed"


def test_a_complaint_that_came_in_the_moment_of_the_close_was_not(opened: House) -> None:
    opened.hears(said(2))
    opened.clock.advance(5)
    opened.desk.edit("1", status=TicketStatus.CLOSED)
    opened.looks()
    assert opened.case.state == "open"
    assert opened.snapshot().status is TicketStatus.OPEN


def theirs() -> OpenTicket:
    return OpenTicket(key="theirs", case_id="", subject="s", text="t", requester=OTTO, severity=1)
