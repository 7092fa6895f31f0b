"""What time asks for while a case is open, when agents act, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from servers.hearing import JANE, SAFETY, on_record, owed, said
from servers.people import House

from connector.domain.ticket import TicketStatus
from connector.pipeline import casework as casework_room
from connector.recovery import tags
from connector.store import rounds
from connector.store.store import Store
from connector.testing.builders import Clock, a_store, opinion_of_facts
from connector.testing.memory_desk import Weather

STEPS = {
    "step_apologize": "yes",
    "step_review": "yes",
    "step_fix": "yes",
    "step_document": "yes",
    "root_cause": "workflow",
    "told_change": "yes",
}


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def house(store: Store, clock: Clock) -> House:
    return House(store, clock)


def passes(house: House, seconds: float) -> None:
    """Let time pass, with a look at the clocks, and deliver what is owed."""
    house.clock.advance(seconds)
    house.promises.tick()
    house.delivers()


def fill(house: House, **fields: str) -> None:
    """Fill in fields of the ticket, as an agent would."""
    house.desk.edit(house.ticket, fields={**house.snapshot().fields, **fields})


def notes(house: House) -> list[str]:
    events = house.desk.tickets[house.ticket].events
    return [event.text for event in events if event.kind == "note"]


def escalations(house: House) -> list[tuple[str, int]]:
    return [(one["clock"], one["percent"]) for one in on_record(house.store, "clock.escalated")]


def shown(house: House) -> set[str]:
    ours = {tags.SLA_RUNNING, tags.SLA_MET, tags.SLA_LATE, tags.INCOMPLETE}
    return set(house.snapshot().tags) & ours


def test_each_rung_is_climbed_once_whatever_the_number_of_looks(house: House) -> None:
    house.hears(said(1, severity=4))  # one hour by calendar
    for _ in range(30):
        passes(house, 300)

    assert escalations(house) == [("contact", percent) for percent in (50, 80, 100, 200)]
    assert len(on_record(house.store, "clock.contact_due_passed")) == 1
    assert shown(house) == {tags.SLA_LATE}


def test_after_an_outage_the_highest_rung_alone_is_told(house: House) -> None:
    house.hears(said(1, severity=4))
    passes(house, 90 * 60)

    assert escalations(house) == [("contact", 100)]
    (note,) = notes(house)
    assert "Not told in its time" in note
    assert "50 %, 80 %" in note


def test_a_late_first_contact_raises_the_priority_by_one(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 9 * 86_400)

    assert house.snapshot().severity == 3
    assert house.case.severity == 2


def test_what_agents_edited_while_an_update_waited_is_left_to_them(house: House) -> None:
    house.hears(said(1, severity=2))
    house.desk.standing = Weather.DOWN  # for us: agents go on working
    passes(house, 9 * 86_400)
    house.desk.edit(house.ticket, severity=1)
    house.desk.standing = Weather.FAIR
    house.looks()
    passes(house, 4_000)

    assert house.snapshot().severity == 1
    assert shown(house) == {tags.SLA_LATE}, "the rest of the same update arrived"
    (trimmed,) = on_record(house.store, "change.trimmed")
    assert trimmed["left_out"] == ["severity"]


def test_a_reply_by_a_human_in_time_stops_the_clock(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry. May I call you?", public=True)
    house.looks()
    passes(house, 1)
    passes(house, 60)

    assert shown(house) == {tags.SLA_MET}
    assert len(on_record(house.store, "clock.contact_met")) == 1
    assert escalations(house) == []


def test_what_an_agent_says_of_the_first_contact_stops_the_clock_too(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    fill(house, first_contact="reached")
    house.looks()
    passes(house, 1)

    assert shown(house) == {tags.SLA_MET}


def test_a_voicemail_stops_no_clock(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    fill(house, first_contact="attempted")
    house.looks()
    passes(house, 9 * 86_400)

    assert shown(house) == {tags.SLA_LATE}


def test_after_the_contact_the_clock_of_the_four_steps_runs(house: House) -> None:
    house.hears(said(1, severity=4))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry.", public=True)
    house.looks()
    passes(house, 30 * 86_400)

    assert escalations(house) == [("resolution", 200)]


def test_all_four_steps_end_the_ladder(house: House) -> None:
    house.hears(said(1, severity=4))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry.", public=True)
    fill(house, **STEPS)
    house.looks()
    passes(house, 30 * 86_400)

    assert escalations(house) == []


def test_a_case_closed_without_its_steps_is_said_to_be_incomplete(house: House) -> None:
    house.hears(said(1, severity=3))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry.", public=True)
    fill(house, step_apologize="yes", step_review="yes")
    house.desk.edit(house.ticket, status=TicketStatus.RESOLVED)
    house.looks()
    passes(house, 60)

    (told,) = on_record(house.store, "recovery.incomplete")
    assert told["lacking"] == ["step_fix", "step_document", "root_cause", "told_change"]
    assert tags.INCOMPLETE in shown(house)
    assert "does not count as recovered" in notes(house)[-1]


def test_what_agents_fill_in_after_the_close_still_counts(house: House) -> None:
    house.hears(said(1, severity=3))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry.", public=True)
    house.desk.edit(house.ticket, status=TicketStatus.RESOLVED)
    house.looks()
    passes(house, 60)
    fill(house, **STEPS)
    house.looks(86_400)

    assert len(on_record(house.store, "recovery.complete")) == 1
    assert tags.INCOMPLETE not in shown(house)


def test_a_case_with_all_its_steps_counts_as_recovered(house: House) -> None:
    house.hears(said(1, severity=3))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry.", public=True)
    fill(house, **STEPS)
    house.desk.edit(house.ticket, status=TicketStatus.RESOLVED)
    house.looks()
    passes(house, 60)

    assert len(on_record(house.store, "recovery.complete")) == 1
    assert on_record(house.store, "recovery.incomplete") == []


def test_a_case_judged_wrong_lacks_nothing(house: House) -> None:
    house.hears(said(1, severity=3))
    passes(house, 60)
    house.desk.retag(house.ticket, add=[tags.WRONG])
    house.looks()
    passes(house, 60)

    assert on_record(house.store, "recovery.incomplete") == []


def test_reopening_starts_new_clocks_and_keeps_the_old_ones(house: House) -> None:
    house.hears(said(1, severity=3))
    passes(house, 60)
    first_due = house.case.contact_due
    house.desk.say(house.ticket, "I am so sorry.", public=True)
    house.desk.edit(house.ticket, status=TicketStatus.RESOLVED)
    house.looks()
    passes(house, 60)
    house.desk.edit(house.ticket, status=TicketStatus.OPEN)
    house.looks(86_400)
    passes(house, 1)

    with house.store.read() as connection:
        found: list[Any] = rounds.of_case(connection, house.case.id)
    assert [(one.number, one.ended_at is not None) for one in found] == [(1, True), (2, False)]
    assert house.case.contact_due > first_due
    assert shown(house) == {tags.SLA_RUNNING}
    (anew,) = on_record(house.store, "clock.started_anew")
    assert anew["round"] == 2


def test_a_reply_from_before_the_reopening_does_not_stop_the_new_clock(house: House) -> None:
    house.hears(said(1, severity=4))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry.", public=True)
    house.desk.edit(house.ticket, status=TicketStatus.RESOLVED)
    house.looks()
    house.desk.edit(house.ticket, status=TicketStatus.OPEN)
    house.looks(86_400)
    passes(house, 1)
    passes(house, 2 * 3_600)

    assert escalations(house)[-1] == ("contact", 200)


def test_a_raise_brings_the_ladder_forward(house: House) -> None:
    house.hears(said(1, severity=1))
    passes(house, 60)
    house.hears(said(2, severity=4))
    passes(house, 31 * 60)

    assert ("contact", 50) in escalations(house)


def test_a_second_look_runs_no_clock(house: House) -> None:
    house.hears(said(1, lane="review"))
    passes(house, 90 * 86_400)

    assert escalations(house) == []


def test_a_restart_between_any_two_turns_changes_nothing(house: House, state: Path) -> None:
    house.hears(said(1, severity=4))
    for _ in range(30):
        house.store.close()
        house.use(a_store(state, house.clock))
        passes(house, 300)

    assert escalations(house) == [("contact", percent) for percent in (50, 80, 100, 200)]
    keys = [op for op, _ in owed(house.store, house.case.id)]
    assert keys.count("note") == 4
    house.store.close()


def test_a_round_that_cannot_be_looked_at_does_not_stop_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.hears(said(1, severity=4))
    house.hears(said(2, who=JANE, severity=4, categories=SAFETY))
    passes(house, 1)
    real = rounds.evidence_of
    bad = house.cases[0].id

    def evidence_of(connection: Any, case_id: str) -> dict[str, str]:
        if case_id == bad:
            raise ValueError("planted")
        return real(connection, case_id)

    monkeypatch.setattr(rounds, "evidence_of", evidence_of)
    passes(house, 2 * 3_600)
    assert len(escalations(house)) == len(house.cases) - 1
    monkeypatch.setattr(rounds, "evidence_of", real)
    passes(house, 700)
    assert len(escalations(house)) == len(house.cases)


@pytest.fixture
def store(state: Path, clock: Clock) -> Iterator[Store]:
    opened = a_store(state, clock)
    yield opened
    if opened.last_progress:
        opened.close()


def test_the_ladder_runs_from_the_opening_also_after_a_late_start(house: House) -> None:
    house.hears(said(1, severity=4))
    house.clock.advance(timedelta(minutes=50).total_seconds())
    house.promises.tick()

    assert escalations(house) == [("contact", 80)]


def test_a_hold_with_a_reason_lets_the_clocks_rest_and_gives_the_time_back(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    due = datetime.fromisoformat(house.case.contact_due)
    fill(house, hold="waiting_for_patient")
    house.looks()
    passes(house, 1)
    passes(house, 7 * 86_400)
    assert escalations(house) == []

    fill(house, hold="")
    house.looks()
    passes(house, 1)
    assert datetime.fromisoformat(house.case.contact_due) > due + timedelta(days=6)
    assert shown(house) == {tags.SLA_RUNNING}
    assert house.snapshot().fields["contact_due"][:16] == str(house.case.contact_due)[:16]
    passes(house, 9 * 86_400)
    assert escalations(house) == [("contact", 200)]


def test_holds_end_after_fourteen_days_whatever_the_ticket_says(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    fill(house, hold="legal_hold")
    house.looks()
    for _ in range(40):
        passes(house, 86_400)

    assert escalations(house)[-1] == ("contact", 200)
    (told,) = on_record(house.store, "clock.resumed")
    assert told["held_s"] == 14 * 86_400


def test_a_critical_case_never_rests(house: House) -> None:
    house.hears(said(1, severity=4))
    passes(house, 60)
    fill(house, hold="third_party")
    house.looks()
    passes(house, 3 * 3_600)

    assert ("contact", 200) in escalations(house)


def test_a_hold_without_a_known_reason_changes_nothing(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    fill(house, hold="too busy")
    house.looks()
    passes(house, 9 * 86_400)

    assert escalations(house) == [("contact", 200)]


def test_an_answer_and_a_close_in_one_go_are_shown_as_met(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry.", public=True)
    house.desk.edit(house.ticket, status=TicketStatus.RESOLVED)
    house.looks()
    passes(house, 60)

    assert tags.SLA_MET in shown(house)
    assert tags.SLA_RUNNING not in shown(house)
    assert len(on_record(house.store, "clock.contact_met")) == 1


def test_a_case_that_ends_in_time_without_a_contact_owes_none_any_more(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    house.desk.retag(house.ticket, add=[tags.WRONG])
    house.looks()
    passes(house, 60)

    assert shown(house) == set()


def test_a_close_after_the_time_without_a_contact_is_late(house: House) -> None:
    house.hears(said(1, severity=4))
    house.promises.tick()
    house.clock.advance(3 * 3_600)
    house.desk.edit(house.ticket, status=TicketStatus.RESOLVED)
    house.looks()
    passes(house, 1)

    assert shown(house) == {tags.SLA_LATE, tags.INCOMPLETE}


def test_the_clocks_of_a_second_look_run_from_its_answer(house: House) -> None:
    house.hears(said(1, lane="review"))
    passes(house, 5 * 86_400)  # now it is Saturday
    house.desk.retag(house.ticket, add=[tags.RIGHT])
    house.looks()
    began = house.clock.now
    passes(house, 1)

    (row,) = house.rows("SELECT started_at FROM round")
    assert datetime.fromisoformat(row.started_at) == began
    assert escalations(house) == []


def test_a_raise_after_the_contact_does_not_claim_that_it_is_owed(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry.", public=True)
    house.looks()
    passes(house, 60)
    house.hears(said(2, severity=3))

    assert shown(house) == {tags.SLA_MET}


def test_a_helpdesk_that_was_away_gets_the_note_of_the_highest_rung_alone(house: House) -> None:
    house.hears(said(1, severity=4))
    passes(house, 1)
    house.desk.standing = Weather.DOWN
    for _ in range(25):
        passes(house, 300)
    assert escalations(house) == [("contact", percent) for percent in (50, 80, 100, 200)]
    house.desk.standing = Weather.FAIR
    passes(house, 600)

    (note,) = notes(house)
    assert "Twice the time" in note
    assert "50 %, 80 %, 100 %" in note
    assert shown(house) == {tags.SLA_LATE}
    assert house.snapshot().severity == 4


def test_that_somebody_called_is_shown_while_the_steps_rest(house: House) -> None:
    house.hears(said(1, severity=2))
    passes(house, 60)
    house.desk.say(house.ticket, "I am so sorry. When may I call you?", public=True)
    fill(house, hold="waiting_for_patient")
    house.looks()
    passes(house, 1)

    assert shown(house) == {tags.SLA_MET}


def test_a_hold_takes_nothing_from_the_open_hours_that_a_share_means(house: House) -> None:
    house.hears(said(1, severity=2))  # Monday 10:00 in Berlin
    passes(house, 3_600)
    fill(house, hold="later_date")
    house.looks(0)
    passes(house, 0)
    passes(house, 8 * 3_600)  # until Monday 19:00: six of them were open
    fill(house, hold="")
    house.looks(0)
    passes(house, 0)
    passes(house, 20 * 3_600)

    (told,) = on_record(house.store, "clock.escalated")[:1]
    assert told["percent"] == 80  # after 6.4 of 8 open hours, one of which was on Monday
    assert datetime.fromisoformat(told["due"]) == datetime(2026, 3, 3, 13, 24, tzinfo=UTC)


def test_a_hold_moves_a_ceiling_by_no_more_than_its_own_length(house: House) -> None:
    house.clock.advance(4 * 86_400)  # Friday 10:00 in Berlin
    house.clock.advance(4 * 3_600)  # 14:00
    house.hears(said(1, severity=3))
    passes(house, 1)
    due = datetime.fromisoformat(house.case.contact_due)
    assert due == datetime(2026, 3, 7, 13, tzinfo=UTC)  # a day, whatever the opening hours
    fill(house, hold="third_party")
    house.looks(0)
    passes(house, 0)
    house.clock.advance(2 * 3_600)
    fill(house, hold="")
    house.looks(0)
    passes(house, 0)

    assert datetime.fromisoformat(house.case.contact_due) == due + timedelta(hours=2)
