"""What vendors' own records become: one short example of each cloud system."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from connector.domain.call import Direction, HangUp, Outcome
from connector.domain.practice import Practice
from connector.parsing.calls.found import Heard
from connector.sources.call_table import CallTableSettings

PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("America/New_York"))
CALLER = "+19175550106"


def calls(tmp_path, document):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(document))
    settings = CallTableSettings(name="phones", path=path, settle_seconds=0)
    found = [*settings.open(PRACTICE).calls()]
    assert all(isinstance(one, Heard) for one in found), found
    return [one.call for one in found]


def element(segment, node, start, result, kind, **more):
    return {
        "call_element_id": f"e{segment}{node}{start}{more.get('callee_ext_number', '')}",
        "call_id": "7",
        "segment": segment,
        "node": node,
        "start_time": f"2026-11-20T14:{start}Z",
        "result": result,
        "callee_ext_type": kind,
        **more,
    }


def zoom(*elements, **more):
    return {
        "call_history_uuid": "20261120-1",
        "call_id": "7",
        "direction": "inbound",
        "connect_type": "external",
        "caller_did_number": CALLER,
        "callee_did_number": "+12125550100",
        "start_time": "2026-11-20T14:00:00Z",
        "end_time": "2026-11-20T14:03:00Z",
        "call_elements": list(elements),
        **more,
    }


def test_zoom_a_queue_a_member_and_a_transfer(tmp_path):
    ends = {"end_time": "2026-11-20T14:03:00Z"}
    (call,) = calls(
        tmp_path,
        zoom(
            element(
                1, 1, "00:00", "answered", "auto_receptionist", end_time="2026-11-20T14:00:10Z"
            ),
            element(
                *(2, 1, "00:10", "answered", "call_queue"),
                **{"callee_name": "Front desk", "answer_time": "2026-11-20T14:00:40Z", **ends},
            ),
            element(
                *(3, 0, "00:12", "ring_timeout", "user"),
                callee_ext_number="101",
                end_time="2026-11-20T14:00:30Z",
            ),
            element(
                *(3, 1, "00:31", "answered", "user"),
                callee_ext_number="102",
                answer_time="2026-11-20T14:00:40Z",
                end_time="2026-11-20T14:02:00Z",
            ),
            element(
                *(4, 1, "02:00", "answered", "user"),
                callee_ext_number="103",
                event="blind_transfer",
                answer_time="2026-11-20T14:02:05Z",
                **ends,
            ),
        ),
    )
    assert (call.outcome, call.direction) == (Outcome.ANSWERED, Direction.INBOUND)
    assert call.staff == ("102", "103")
    assert [(t.by, t.to, t.kind.value) for t in call.transfers] == [("102", "103", "blind")]
    assert [(s.queue, s.wait_s, s.end) for s in call.queues] == [
        ("Front desk", 30, Outcome.ANSWERED)
    ]


def test_zoom_gave_up_in_the_queue(tmp_path):
    (call,) = calls(
        tmp_path,
        zoom(
            element(
                *(1, 1, "00:00", "abandoned", "call_queue"),
                callee_name="Front desk",
                end_time="2026-11-20T14:01:30Z",
            )
        ),
    )
    assert (call.outcome, call.wait_s) == (Outcome.ABANDONED, 90)


def webex(report, **cells):
    return {
        "Correlation ID": "c1",
        "Report ID": report,
        "Direction": "TERMINATING",
        "Call type": "SIP_INBOUND",
        "Call outcome": "Success",
        "Call outcome reason": "Normal",
        "Calling number": CALLER,
        "Called number": "+12125550100",
        "Start time": "2026-11-20T14:00:00.000Z",
        "Release time": "2026-11-20T14:02:00.000Z",
        "Duration": 0,
        "Ring duration": 20,
        **cells,
    }


def test_webex_legs_of_one_correlation_id(tmp_path):
    answered = {"Answered": "true", "Answer time": "2026-11-20T14:00:20.000Z"}
    (call,) = calls(
        tmp_path,
        {
            "items": [
                webex("1", **{"User type": "HuntGroup", "Answered": "false"}),
                webex("2", **{"User type": "User", "User number": "101", "Answered": "false"}),
                webex(
                    "3",
                    **{"User type": "User", "User number": "102", "Duration": 100, **answered},
                    **{"Releasing party": "Remote"},
                ),
            ]
        },
    )
    assert (call.outcome, call.staff, call.ended_by) == (
        Outcome.ANSWERED,
        ("102",),
        HangUp.CALLER,
    )
    assert call.wait_s == 20


def test_eight_by_eight_has_milliseconds(tmp_path):
    (call,) = calls(
        tmp_path,
        {
            "data": [
                {
                    "callId": 1,
                    "legId": 2,
                    "direction": "Incoming",
                    "startTimeUTC": 1_795_183_200_000,
                    "connectTimeUTC": 1_795_183_212_000,
                    "disconnectedTimeUTC": 1_795_183_272_000,
                    "ringDuration": 12_000,
                    "talkTimeMS": 60_000,
                    "answered": "Answered",
                    "caller": CALLER,
                    "callee": "101",
                    "dnis": "+12125550100",
                }
            ]
        },
    )
    assert (call.outcome, call.wait_s, call.talk_s) == (Outcome.ANSWERED, 12, 60)


@pytest.mark.parametrize(("seconds", "outcome"), [(0, Outcome.MISSED), (65, Outcome.ANSWERED)])
def test_teams_tells_one_row_a_call(tmp_path, seconds, outcome):
    (call,) = calls(
        tmp_path,
        {
            "value": [
                {
                    "id": "r1",
                    "callId": "not unique",
                    "callType": "user_in",
                    "inventoryType": "Subscriber",
                    "callerNumber": CALLER,
                    "calleeNumber": "+12125550100",
                    "startDateTime": "2026-11-20T14:00:00Z",
                    "endDateTime": "2026-11-20T14:01:05Z",
                    "duration": seconds,
                    "userDisplayName": "Front desk",
                }
            ]
        },
    )
    assert (call.key, call.outcome, call.direction) == ("r1", outcome, Direction.INBOUND)


def test_direct_routing_tells_by_the_sip_code(tmp_path):
    (call,) = calls(
        tmp_path,
        {
            "value": [
                {
                    "id": "d1",
                    "correlationId": "x",
                    "callType": "ByotIn",
                    "inviteDateTime": "2026-11-20T14:00:00Z",
                    "failureDateTime": "2026-11-20T14:00:25Z",
                    "startDateTime": None,
                    "duration": 0,
                    "finalSipCode": 487,
                    "successfulCall": False,
                    "callerNumber": CALLER,
                    "calleeNumber": "+12125550100",
                }
            ]
        },
    )
    assert (call.outcome, call.wait_s, call.ended_by) == (Outcome.MISSED, 25, HangUp.CALLER)
