"""What else happens on phone systems: other numbers, contexts and endpoints than any real log."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from servers.asterisk import Pbx

from connector.domain.call import Call, Direction, Outcome, TransferKind
from connector.domain.practice import Practice
from connector.sources.asterisk_cel import AsteriskCelSettings

PRACTICE = Practice(tenant="clinic", name="Clinic", zone=ZoneInfo("America/Denver"))
PAT = "7205550111"


@pytest.fixture
def told(tmp_path):
    """Give the calls from outside that a phone system's logs tell, and all others with them."""

    def told(pbx: Pbx, **calls: object) -> list[Call]:
        cel, queue = Path(tmp_path, "Master.csv"), Path(tmp_path, "queue_log")
        cel.write_bytes(pbx.cel_bytes())
        queue.write_bytes(pbx.queue_bytes())
        settings = AsteriskCelSettings(name="phones", path=cel, queue_log=queue, calls=calls)
        return [found.call for found in settings.open(PRACTICE).calls()]

    return told


def held_in_queue(pbx: Pbx, queue: str = "frontline"):
    caller = pbx.caller(PAT)
    pbx.emit("ANSWER", caller)
    pbx.starts(caller, "Queue", f"{queue},t,,,300")
    pbx.emit("STREAM_BEGIN", caller, **{"class": "default"})
    pbx.log(caller, queue, "NONE", "ENTERQUEUE", "", PAT, 1)
    return caller


def test_members_behind_local_channels_are_people(told):
    """FreePBX rings members through Local channels; both halves stand for the phone behind."""
    pbx = Pbx(inside="PJSIP")
    caller = held_in_queue(pbx)
    one = pbx.channel("Local/2001@from-queue", "", "from-queue", "2001", linked=caller.linked)
    one.name = "Local/2001@from-queue-0000001a;1"
    two = pbx.channel("Local/2001@from-queue", "", "from-queue", "2001", linked=caller.linked)
    two.name = "Local/2001@from-queue-0000001a;2"
    leg = pbx.phone("2001", caller)
    pbx.wait(12)
    pbx.emit("ANSWER", leg)
    inner = pbx.bridge(leg, two)
    pbx.emit("STREAM_END", caller)
    outer = pbx.bridge(one, caller)
    pbx.log(caller, "frontline", "Ann", "CONNECT", 12, leg.unique, 12)
    pbx.wait(70)
    pbx.log(caller, "frontline", "Ann", "COMPLETECALLER", 12, 70, 1)
    pbx.leave(outer, caller, one)
    pbx.leave(inner, two, leg)
    for channel in (one, two, leg):
        pbx.gone(channel, caller.name)
    pbx.ends(caller)
    pbx.gone(caller, caller.name, status="ANSWER")
    pbx.over(caller)
    (call,) = told(pbx)
    assert (call.outcome, call.staff, call.wait_s) == (Outcome.ANSWERED, ("2001",), 12)
    assert call.hold_s_max == 0


def test_a_consultation_that_was_broken_off_is_a_hold_and_no_transfer(told):
    pbx = Pbx()
    caller = pbx.caller(PAT)
    leg = pbx.rings(caller, "2001", 5)
    bridge = pbx.answers(caller, leg)
    pbx.wait(10)
    pbx.emit("STREAM_BEGIN", caller, **{"class": "default"})
    asks = pbx.channel("SIP/2001", "2001", "clinic-phones", "2002")
    pbx.starts(asks, "Dial", "SIP/2002,20")
    other = pbx.channel("SIP/2002", "2002", "clinic-phones", "s", linked=asks.linked)
    pbx.wait(3)
    second = pbx.answers(asks, other)
    pbx.wait(20)
    pbx.leave(second, asks, other)
    pbx.gone(other, asks.name)
    pbx.gone(asks, asks.name)
    pbx.over(asks)
    pbx.emit("STREAM_END", caller)
    pbx.wait(15)
    pbx.finish(bridge, caller, leg)
    calls = told(pbx)
    (call,) = [one for one in calls if one.from_outside]
    assert (call.transfers, call.staff, call.outcome) == ((), ("2001",), Outcome.ANSWERED)
    assert 22 <= call.hold_s_max <= 24
    assert [one.direction for one in calls if one is not call] == [Direction.INTERNAL]


def test_a_call_forwarded_to_a_mobile_is_answered_there(told):
    pbx = Pbx()
    caller = pbx.caller(PAT)
    pbx.starts(caller, "Dial", "SIP/denver-carrier/13035550199,30")
    far = pbx.channel(pbx.trunk, "13035550199", "pstn-in", "s", linked=caller.linked)
    pbx.wait(9)
    bridge = pbx.answers(caller, far)
    pbx.wait(50)
    pbx.finish(bridge, caller, far)
    (call,) = told(pbx)
    assert (call.direction, call.outcome, call.staff) == (
        Direction.INBOUND,
        Outcome.ANSWERED,
        ("13035550199",),
    )


def test_a_parked_call_that_nobody_takes_is_lost_on_hold(told):
    pbx = Pbx()
    caller = pbx.caller(PAT)
    leg = pbx.rings(caller, "2001", 5)
    bridge = pbx.answers(caller, leg)
    pbx.wait(10)
    pbx.blind(bridge, caller, leg, "700")
    pbx.emit("PARK_START", caller, parking_lot="default")
    parked = pbx.bridge(caller, technology="holding_bridge")
    pbx.emit("STREAM_BEGIN", caller, **{"class": "default"})
    pbx.wait(60)
    pbx.emit("STREAM_END", caller)
    pbx.emit("PARK_END", caller, reason="ParkedCallAbandoned")
    pbx.leave(parked, caller)
    pbx.gone(caller, caller.name)
    pbx.over(caller)
    (call,) = told(pbx)
    assert (call.outcome, call.transfers) == (Outcome.ABANDONED_ON_HOLD, ())
    assert call.hold_s_max in {59, 60}


def test_overflow_from_queue_to_queue_counts_all_waiting(told):
    pbx = Pbx()
    caller = held_in_queue(pbx, "frontline")
    pbx.wait(40)
    pbx.log(caller, "frontline", "NONE", "EXITWITHTIMEOUT", 1, 1, 40)
    pbx.ends(caller)
    pbx.starts(caller, "Queue", "backoffice,t,,,60")
    pbx.log(caller, "backoffice", "NONE", "ENTERQUEUE", "", PAT, 1)
    pbx.wait(30)
    pbx.log(caller, "backoffice", "NONE", "ABANDON", 1, 1, 30)
    pbx.ends(caller)
    pbx.gone(caller, caller.name)
    pbx.over(caller)
    (call,) = told(pbx)
    assert (call.outcome, call.wait_s) == (Outcome.ABANDONED, 70)
    assert [stay.end for stay in call.queues] == [Outcome.TIMEOUT, Outcome.ABANDONED]


def test_a_transfer_into_a_queue_is_told_as_one(told):
    pbx = Pbx()
    caller = pbx.caller(PAT)
    leg = pbx.rings(caller, "2001", 5)
    bridge = pbx.answers(caller, leg)
    pbx.wait(10)
    pbx.blind(bridge, caller, leg, "8800")
    pbx.starts(caller, "Queue", "billing,t")
    pbx.log(caller, "billing", "NONE", "ENTERQUEUE", "", PAT, 1)
    pbx.wait(33)
    pbx.log(caller, "billing", "NONE", "ABANDON", 1, 1, 33)
    pbx.ends(caller)
    pbx.gone(caller, caller.name)
    pbx.over(caller)
    (call,) = told(pbx)
    assert [one.kind for one in call.transfers] == [TransferKind.QUEUE]
    assert (call.outcome, call.wait_s, call.answered) == (Outcome.ABANDONED, 33, True)


def test_announcements_of_a_queue_are_no_repeated_recording(told):
    pbx = Pbx()
    caller = held_in_queue(pbx)
    for _ in range(4):
        pbx.wait(20)
        pbx.emit("STREAM_BEGIN", caller, sound="custom/your-call-matters")
        pbx.emit("STREAM_END", caller)
    pbx.log(caller, "frontline", "NONE", "ABANDON", 1, 1, 80)
    pbx.ends(caller)
    pbx.gone(caller, caller.name)
    pbx.over(caller)
    (call,) = told(pbx)
    assert call.same_recording_max == 0


def test_a_conference_is_a_conversation(told):
    pbx = Pbx()
    caller = pbx.caller(PAT)
    pbx.starts(caller, "ConfBridge", "500")
    doctor = pbx.channel("SIP/2005", "2005", "clinic-phones", "500")
    pbx.starts(doctor, "ConfBridge", "500")
    pbx.over(doctor)
    doctor.linked = caller.linked  # whoever enters a bridge takes the linked id that is oldest
    bridge = pbx.bridge(caller, doctor, technology="softmix")
    pbx.wait(100)
    pbx.leave(bridge, caller, doctor)
    for channel in (doctor, caller):
        pbx.gone(channel, caller.name)
    pbx.over(caller)
    (call,) = [one for one in told(pbx) if one.from_outside]
    assert (call.outcome, call.talk_s) == (Outcome.ANSWERED, 100)


def test_named_endpoints_are_told_apart_by_what_the_admin_says(told):
    pbx = Pbx(trunk="PJSIP/acme", inside="PJSIP")
    caller = pbx.channel("PJSIP/alice", "2001", "office", "2002")
    pbx.starts(caller, "Dial", "PJSIP/bob")
    leg = pbx.channel("PJSIP/bob", "2002", "office", "s", linked=caller.linked)
    bridge = pbx.answers(caller, leg)
    pbx.wait(5)
    pbx.finish(bridge, caller, leg)
    pbx.talk(PAT)
    inner, outer = told(pbx)
    assert inner.direction is Direction.INTERNAL
    assert outer.direction is Direction.INBOUND
    inner, outer = told(pbx, trunks=["acme"])
    assert (inner.direction, outer.direction) == (Direction.INTERNAL, Direction.INBOUND)


@pytest.mark.parametrize("message", [0, 15])
def test_a_message_is_one_only_when_something_was_recorded(told, message):
    pbx = Pbx()
    pbx.voicemail(PAT, message=message)
    (call,) = told(pbx)
    wanted = Outcome.VOICEMAIL if message else Outcome.VOICEMAIL_NO_MESSAGE
    assert call.outcome is wanted


def test_whole_seconds_of_local_time_over_the_change_of_clocks(told):
    """2030-11-03 01:59:50 MDT: the hour comes twice, and the ids know which it is."""
    zone = ZoneInfo("America/Denver")
    pbx = Pbx(at=1_919_923_190.0, zone=zone, caller_name="")
    pbx.talk(PAT, ring=5, talk=40)
    (call,) = told(pbx)
    assert call.started_at.timestamp() == 1_919_923_190
    assert (call.talk_s, call.wait_s) == (40, 5)


def test_anonymous_callers_are_kept_apart_from_missing_numbers(told):
    pbx = Pbx(caller_name="")
    for number in ("anonymous", "", PAT):
        pbx.talk(number)
    calls = told(pbx)
    assert [call.anonymous for call in calls] == [True, False, False]
    assert [call.caller_e164 for call in calls] == ["", "", "+17205550111"]


def test_shipped_events_still_show_transfers(told):
    """The sample's events lack transfers, ends of calls and streams: they are inferred."""
    left_out = {"LINKEDID_END", "BLINDTRANSFER", "ATTENDEDTRANSFER", "STREAM_BEGIN", "STREAM_END"}
    pbx = Pbx(events=frozenset(left_out))
    pbx.maze(PAT, ["2001", "2002", "2003", "2004"])
    (call,) = told(pbx)
    assert len(call.transfers) == 3
    assert call.staff == ("2001", "2002", "2003", "2004")


def test_a_zone_that_is_configured_wrongly_is_found_out_by_the_ids(told):
    pbx = Pbx(at=1_912_345_600.0, zone=ZoneInfo("Asia/Kolkata"))
    pbx.talk(PAT, ring=5, talk=40)
    pbx.wait(100)
    pbx.maze(PAT, ["2001", "2002", "2003"])
    first, second = told(pbx)
    assert first.started_at.timestamp() == 1_912_345_600
    assert (first.talk_s, len(second.transfers)) == (40, 2)
