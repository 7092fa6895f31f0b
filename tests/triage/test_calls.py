"""Calls are judged by what the phone system saw."""

from __future__ import annotations

import pytest
from triage.builders import call

from connector.domain.assessment import Lane
from connector.domain.signal import Contact
from connector.triage.assess import assess
from connector.triage.settings import PhoneLimits, TriageSettings

USUAL = TriageSettings()


def rules(assessment):
    return [reason.rule for reason in assessment.reasons]


@pytest.mark.parametrize("end", ["abandoned", "timeout", "empty", "dropped", "incompatible"])
def test_a_caller_who_reached_nobody_is_a_ticket_of_severity_one(end):
    assessment = assess(call(call_end=end, wait_s=73), USUAL)
    assert (assessment.lane, assessment.severity) == (Lane.TICKET, 1)
    assert assessment.categories == ("access.unreached",)
    assert assessment.reasons[0].evidence == f"{end}, waited 73 s"


@pytest.mark.parametrize(("wait", "lane"), [(0, Lane.COUNT), (4, Lane.COUNT), (5, Lane.TICKET)])
def test_who_hangs_up_at_once_dialled_wrong(wait, lane):
    assert assess(call(call_end="abandoned", wait_s=wait), USUAL).lane is lane


def test_a_short_wait_that_the_system_ended_is_still_a_failure():
    assert assess(call(call_end="empty", wait_s=0), USUAL).lane is Lane.TICKET


@pytest.mark.parametrize("end", ["answered", "transferred", "key", "withdrawn"])
def test_who_was_answered_or_chose_to_leave_is_counted(end):
    assessment = assess(call(call_end=end, wait_s=30), USUAL)
    assert (assessment.lane, assessment.severity) == (Lane.COUNT, 0)


def test_giving_up_after_a_long_hold_is_moderate():
    assessment = assess(call(call_end="abandoned", wait_s=900), USUAL)
    assert assessment.severity == 2
    assert assessment.categories == ("access.phone_maze", "access.unreached")


def test_an_answered_call_after_half_an_hour_is_a_failure_too():
    assert assess(call(call_end="answered", wait_s=1799), USUAL).lane is Lane.COUNT
    assessment = assess(call(call_end="answered", wait_s=1800), USUAL)
    assert assessment.lane is Lane.TICKET
    assert "phone.long_hold" in rules(assessment)


def test_three_transfers_and_the_same_recording_are_a_phone_maze():
    """The call of 2009: answered, passed on three times, the same recording each time."""
    assessment = assess(
        call(call_end="answered", wait_s=200, transfers=3, recording_repeats=3), USUAL
    )
    assert assessment.lane is Lane.TICKET
    assert assessment.severity == 2
    assert assessment.categories == ("access.phone_maze",)
    assert {"phone.transfers", "phone.recording"} <= set(rules(assessment))


def test_two_transfers_are_no_maze():
    assert assess(call(call_end="answered", transfers=2), USUAL).lane is Lane.COUNT


def test_a_voicemail_is_owed_an_answer():
    assert assess(call(call_end="voicemail"), USUAL).lane is Lane.TICKET


@pytest.mark.parametrize("end", ["unknown", "", "teleported"])
def test_an_end_that_nobody_knows_is_looked_at(end):
    assessment = assess(call(call_end=end), USUAL)
    assert assessment.lane is Lane.REVIEW
    assert "phone.unknown_end" in rules(assessment)


def test_a_withheld_number_is_said_and_can_be_counted_instead():
    signal = call(call_end="abandoned", wait_s=60, contact=Contact())
    assert assess(signal, USUAL).lane is Lane.TICKET
    assert "phone.withheld" in rules(assess(signal, USUAL))
    counting = TriageSettings(phone=PhoneLimits(withheld_numbers="count"))
    assert assess(signal, counting).lane is Lane.COUNT


@pytest.mark.parametrize("wait", [-5, "73", True, ("a",)])
def test_a_wait_that_is_no_time_is_unknown(wait):
    assessment = assess(call(call_end="abandoned", wait_s=wait), USUAL)
    assert assessment.lane is Lane.TICKET
    assert assessment.reasons[0].evidence == "abandoned"


def test_the_phone_systems_own_sentence_is_no_complaint():
    assessment = assess(call(call_end="abandoned", wait_s=60), USUAL)
    assert rules(assessment) == ["phone.abandoned"]
