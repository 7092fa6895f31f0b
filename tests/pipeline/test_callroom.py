"""Calls that reached nobody: not a flood of tickets, and none for what was made good."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from servers.hearing import all_cases, hear, on_record, outcomes, owed, work_off

from connector.domain.signal import Channel, Contact
from connector.pipeline.casework import Casework
from connector.recovery.settings import HoursSettings
from connector.recovery.sites import SiteSettings
from connector.store import signals
from connector.store.store import Store
from connector.testing.builders import Clock, some_rules
from connector.testing.memory_source import a_signal
from connector.triage.settings import PhoneLimits, TriageSettings

EVA = "+17205550161"
MINUTE = 60


@pytest.fixture
def casework(store: Store) -> Casework:
    return Casework(store, some_rules())


def a_call(number: int, clock: Clock, phone: str = EVA, ago_s: int = 60, **facts):
    """Make a call that ended so long ago; abandoned in the queue unless facts say otherwise."""
    stop = int(clock.now.timestamp()) - ago_s
    told = {
        "call_end": "abandoned",
        "direction": "inbound",
        "answered": False,
        "wait_s": 50,
        "line": "3035550140",
        "call_start": stop - 55,
        "call_stop": stop,
        **facts,
    }
    return replace(
        a_signal(number, contact=Contact(phone=phone), channel=Channel.PHONE, facts=told),
        event_time=datetime.fromtimestamp(stop, UTC),
    )


def reached(number: int, clock: Clock, phone: str = EVA, *, outbound: bool = True, ago_s: int = 1):
    return a_call(
        number,
        clock,
        phone,
        ago_s,
        call_end="answered",
        answered=True,
        direction="outbound" if outbound else "inbound",
    )


def read_to_the_end(store: Store) -> None:
    store.write(lambda tx: signals.source_read(tx, "practice", "memory", "memory", error=None))


def later(store: Store, casework: Casework, clock: Clock, minutes: float) -> None:
    clock.advance(minutes * MINUTE)
    read_to_the_end(store)
    work_off(casework)


def test_a_single_abandoned_call_waits_for_its_fate(store, casework, clock):
    hear(store, a_call(1, clock))
    work_off(casework)
    assert outcomes(store) == {"waiting": 1}
    assert all_cases(store) == []


def test_nobody_called_back_in_time_so_there_is_one_ticket(store, casework, clock):
    hear(store, a_call(1, clock))
    work_off(casework)
    later(store, casework, clock, 61)
    (case,) = all_cases(store)
    assert (case.severity, owed(store, case.id)) == (1, [("open", "ready")])
    assert outcomes(store) == {"opened": 1}


@pytest.mark.parametrize("outbound", [True, False])
def test_a_conversation_in_time_makes_it_good(store, casework, clock, outbound):
    hear(store, a_call(1, clock))
    work_off(casework)
    clock.advance(20 * MINUTE)
    hear(store, reached(2, clock, outbound=outbound))
    work_off(casework)
    assert outcomes(store) == {"counted": 2}
    later(store, casework, clock, 100)
    assert all_cases(store) == []


def test_a_conversation_with_somebody_else_makes_nothing_good(store, casework, clock):
    hear(store, a_call(1, clock), reached(2, clock, "+17205550162"))
    work_off(casework)
    later(store, casework, clock, 61)
    assert outcomes(store) == {"opened": 1, "counted": 1}


def test_the_third_try_of_a_day_opens_the_ticket_at_once_with_all_three(store, casework, clock):
    for number in range(3):
        hear(store, a_call(number, clock))
        work_off(casework)
        clock.advance(5 * MINUTE)
    work_off(casework)
    (case,) = all_cases(store)
    assert case.severity == 2
    assert outcomes(store) == {"opened": 1, "joined": 2}


def test_calling_back_in_time_resolves_a_ticket_that_is_open_already(store, casework, clock):
    for number in range(3):
        hear(store, a_call(number, clock))
        clock.advance(2 * MINUTE)
    work_off(casework)
    clock.advance(10 * MINUTE)
    hear(store, reached(9, clock))
    work_off(casework)
    (case,) = all_cases(store)
    kinds = [kind for kind, _ in owed(store, case.id)]
    assert kinds[-2:] == ["note", "update"]
    assert [entry["in_time"] for entry in on_record(store, "case.reached")] == [True]


def test_an_old_log_is_judged_with_all_its_calls_in_view(store, casework, clock):
    """The call back stands further down in the same log: no ticket in between."""
    old = 3 * 86_400
    hear(store, a_call(1, clock, ago_s=old))
    work_off(casework)
    assert outcomes(store) == {"waiting": 1}  # still being read
    hear(store, reached(2, clock, ago_s=old - 600))
    clock.advance(6)
    read_to_the_end(store)
    work_off(casework)
    assert outcomes(store) == {"counted": 2}


def test_a_voicemail_may_wait_a_day_of_opening_hours(store, casework, clock):
    hear(store, a_call(1, clock, call_end="voicemail"))
    later(store, casework, clock, 120)
    assert outcomes(store) == {"waiting": 1}
    later(store, casework, clock, 24 * 60)
    assert outcomes(store) == {"opened": 1}


def test_many_callers_of_one_line_and_hour_are_one_ticket(store, casework, clock):
    phones = [f"+172055501{last:02d}" for last in range(7)]
    hear(store, *(a_call(n, clock, phone) for n, phone in enumerate(phones)))
    later(store, casework, clock, 61)
    (case,) = all_cases(store)
    assert outcomes(store) == {"opened": 1, "joined": 6}
    with store.read() as connection:
        texts = [
            bytes(row[0]).decode("utf-8", "replace")
            for row in connection.execute(
                sa.text("SELECT body FROM content WHERE kind LIKE 'change%' OR kind = 'body'")
            )
        ]
    told = "\n".join(texts)
    assert case.person is None
    assert all(phone in told for phone in phones)


def test_a_day_has_only_so_many_tickets_for_single_callers(store, clock):
    limits = PhoneLimits(tickets_a_day=3)
    rules = replace(some_rules(), triage=TriageSettings(phone=limits))
    casework = Casework(store, rules)
    calls = [a_call(n, clock, f"+172055502{n:02d}", line=f"30355501{n:02d}") for n in range(6)]
    hear(store, *calls)
    later(store, casework, clock, 61)
    assert len(all_cases(store)) == 4
    assert outcomes(store) == {"opened": 4, "joined": 2}


def test_callers_without_a_number_are_one_ticket_a_day(store, casework, clock):
    hear(store, *(a_call(n, clock, "") for n in range(4)))
    work_off(casework)
    assert len(all_cases(store)) == 1


def test_the_maze_waits_for_nobody(store, casework, clock):
    facts = {"call_end": "answered", "answered": True, "transfers": 3, "recording_repeats": 3}
    hear(store, a_call(1, clock, **facts))
    work_off(casework)
    (case,) = all_cases(store)
    assert (case.severity, case.categories) == (2, '["access.phone_maze"]')


def test_a_machine_that_calls_without_end_is_counted(store, casework, clock):
    stop = int(clock.now.timestamp()) - 60
    many = [
        a_call(n, clock, call_start=stop - 10 - n * 30, call_stop=stop - n * 30) for n in range(12)
    ]
    hear(store, *many)
    work_off(casework)
    later(store, casework, clock, 61)
    assert "counted" in outcomes(store)
    assert len(all_cases(store)) <= 1


def test_no_time_to_call_back_means_a_ticket_at_once(store, clock):
    limits = PhoneLimits(callback_minutes=0)
    casework = Casework(store, replace(some_rules(), triage=TriageSettings(phone=limits)))
    hear(store, a_call(1, clock))
    later(store, casework, clock, 0.1)
    assert outcomes(store) == {"opened": 1}


def test_minutes_count_while_the_practice_is_open(store, casework, clock):
    saturday = datetime(2031, 3, 8, 16, 0, tzinfo=UTC)
    clock.now = saturday
    hear(store, a_call(1, clock))
    later(store, casework, clock, 12 * 60)
    assert outcomes(store) == {"waiting": 1}
    clock.now = saturday + timedelta(days=3)
    later(store, casework, clock, 1)
    assert outcomes(store) == {"opened": 1}


def test_waiting_calls_survive_a_restart(store, casework, clock):
    hear(store, a_call(1, clock))
    work_off(casework)
    again = Casework(store, some_rules())
    later(store, again, clock, 61)
    assert outcomes(store) == {"opened": 1}


# a phone system that corrects its records


def corrects(number: int, version: int, clock: Clock, **facts):
    """Tell the call of `a_call(number)` anew, as late exports do."""
    told = a_call(number, clock, **facts)
    before = told.natural_key if version == 1 else f"{told.natural_key}|{version - 1}"
    return replace(
        told,
        natural_key=f"{told.natural_key}|{version}",
        facts={**told.facts, "revises": before},
    )


ANSWERED = {"call_end": "answered", "answered": True, "wait_s": 8}


def test_a_correction_before_the_decision_is_the_call(store, casework, clock):
    hear(store, a_call(1, clock))
    work_off(casework)
    hear(store, corrects(1, 1, clock, **ANSWERED))
    work_off(casework)
    assert outcomes(store) == {"counted": 2}
    later(store, casework, clock, 61)
    assert all_cases(store) == []


def test_a_correction_resolves_the_ticket_with_a_note_and_opens_no_second(store, casework, clock):
    hear(store, a_call(1, clock))
    later(store, casework, clock, 61)
    (case,) = all_cases(store)
    hear(store, corrects(1, 1, clock, **ANSWERED))
    work_off(casework)
    assert len(all_cases(store)) == 1
    assert [kind for kind, _ in owed(store, case.id)] == ["open", "note", "update"]
    assert outcomes(store) == {"opened": 1, "joined": 1}
    assert "The phone system corrected its record of this call" in words_of(store)


def test_a_correction_that_is_still_a_failure_joins_its_ticket(store, casework, clock):
    hear(store, a_call(1, clock))
    later(store, casework, clock, 61)
    hear(store, corrects(1, 1, clock, wait_s=900, ago_s=4_000))
    later(store, casework, clock, 61)
    (case,) = all_cases(store)
    assert [kind for kind, _ in owed(store, case.id)][:2] == ["open", "note"]
    assert case.severity == 2  # kept on hold for a quarter of an hour, as it turns out


def test_a_correction_of_one_call_leaves_the_ticket_open_for_the_others(store, casework, clock):
    for number in range(3):
        hear(store, a_call(number, clock))
    work_off(casework)
    (case,) = all_cases(store)
    hear(store, corrects(1, 1, clock, call_end="menu", wait_s=2))
    work_off(casework)
    assert [kind for kind, _ in owed(store, case.id)][-1] == "note"
    assert len(all_cases(store)) == 1


def test_an_answered_call_that_turns_out_to_be_abandoned_opens_its_ticket(store, casework, clock):
    hear(store, reached(1, clock, outbound=False))
    work_off(casework)
    hear(store, corrects(1, 1, clock))
    later(store, casework, clock, 61)
    assert len(all_cases(store)) == 1
    hear(store, corrects(1, 2, clock, **ANSWERED))
    work_off(casework)
    (case,) = all_cases(store)
    assert [kind for kind, _ in owed(store, case.id)] == ["open", "note", "update"]


def test_a_call_counts_once_however_often_it_is_corrected(store, casework, clock):
    hear(store, a_call(1, clock))
    hear(store, corrects(1, 1, clock, wait_s=51))
    hear(store, corrects(1, 2, clock, wait_s=52))
    work_off(casework)
    assert all_cases(store) == []  # three tries of one day would be a ticket at once
    later(store, casework, clock, 61)
    (case,) = all_cases(store)
    assert case.severity == 1


def test_a_call_and_its_correction_may_come_in_one_batch(store, casework, clock):
    hear(
        store, a_call(1, clock), corrects(1, 1, clock, wait_s=51), corrects(1, 2, clock, wait_s=52)
    )
    work_off(casework)
    assert outcomes(store) == {"counted": 2, "waiting": 1}
    later(store, casework, clock, 61)
    assert len(all_cases(store)) == 1
    assert outcomes(store) == {"counted": 2, "opened": 1}


def words_of(store: Store) -> str:
    with store.read() as connection:
        rows = connection.execute(sa.text("SELECT body FROM content WHERE kind <> 'raw'")).all()
    return "\n".join(bytes(row[0]).decode("utf-8", "replace") for row in rows)


SITES = {
    "north": SiteSettings(lines=frozenset({"3035550140"}), manager="Nora"),
    "south": SiteSettings(lines=frozenset({"3035550150"}), manager="Sol"),
    "annex": SiteSettings(lines=frozenset({"3035550160"}), manager="Sol"),
}


def test_each_manager_has_a_budget_a_day(store, clock):
    limits = PhoneLimits(tickets_a_day=2, pattern_calls=50)
    rules = replace(some_rules(), triage=TriageSettings(phone=limits), sites=SITES)
    casework = Casework(store, rules)
    lines = ["3035550140"] * 4 + ["+1 303 555 0150"] * 2 + ["3035550160"] * 2
    hear(
        store, *(a_call(n, clock, f"+172055503{n:02d}", line=line) for n, line in enumerate(lines))
    )
    later(store, casework, clock, 61)
    by_site = Counter(case.site for case in all_cases(store))
    assert by_site["north"] == 3  # two of their own, one for all further callers
    assert by_site["south"] + by_site["annex"] == 3  # Sol sees to both
    assert outcomes(store) == {"opened": 6, "joined": 2}


def test_the_time_for_calling_back_runs_while_the_site_is_open(store, clock):
    weekend = HoursSettings(saturday=["09:00-17:00"], sunday=["09:00-17:00"])
    sites = {"urgent": SiteSettings(lines=frozenset({"3035550140"}), hours=weekend)}
    casework = Casework(store, replace(some_rules(), sites=sites))
    clock.now = datetime(2031, 3, 8, 10, 0, tzinfo=UTC)  # a Saturday
    hear(store, a_call(1, clock))
    later(store, casework, clock, 61)
    assert outcomes(store) == {"opened": 1}
