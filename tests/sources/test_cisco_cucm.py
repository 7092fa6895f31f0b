"""Cisco CUCM: files of records as they are pushed, calls as callers lived them."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from servers.cucm import QUEUE_COLUMNS, START, record

from connector.domain.call import Direction, HangUp, Outcome
from connector.domain.practice import Practice
from connector.parsing.calls.cucm import _COLUMNS
from connector.parsing.calls.found import Broken, Heard
from connector.sources.cisco_cucm import CiscoCucmSettings
from connector.testing.source import SourceContract, drain

PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("America/New_York"))
CORPUS = Path(__file__).parents[3] / "shared/corpora/phone/cisco-cucm"


def write(folder, minute, *records, names=True, types=True):
    head = [",".join((*_COLUMNS, *QUEUE_COLUMNS))] if names else []
    head += [",".join(["INTEGER"] * (len(_COLUMNS) + 3))] if types else []
    path = folder / f"cdr_StandAloneCluster_01_2025112010{minute:02}_{minute}"
    path.write_text("\n".join([*head, *records, ""]))
    os.utime(path, (START + minute * 60,) * 2)
    return path


def open_source(path, **more):
    return CiscoCucmSettings(name="cucm", path=path, settle_seconds=0, **more).open(PRACTICE)


def calls(path, **more):
    return [found.call for found in open_source(path, **more).calls() if isinstance(found, Heard)]


def answered(call, connect=10, end=130, **more):
    return record(
        call,
        dateTimeConnect=str(START + connect),
        dateTimeDisconnect=str(START + end),
        duration=str(end - connect),
        **more,
    )


class FolderWorld:
    def __init__(self, folder):
        self.folder = folder
        self.minute = 0

    def open(self):
        return open_source(self.folder, late_seconds=0)

    def put_good(self, number):
        self.minute += 1
        write(self.folder, self.minute, answered(number + 100))

    def put_broken(self, number):
        self.minute += 1
        bad = record(number + 500, dateTimeOrigination="never")
        write(self.folder, self.minute, bad)

    def fingerprint(self):
        return tuple((p.name, p.stat().st_mtime_ns) for p in sorted(self.folder.iterdir()))


class TestCiscoCucm(SourceContract):
    @pytest.fixture
    def world(self, tmp_path, monkeypatch):
        monkeypatch.setattr("connector.parsing.calls.table_reader.BATCH_CALLS", 1)
        return FolderWorld(tmp_path)


def test_a_call_that_was_answered_has_ringing_talk_and_who_hung_up(tmp_path):
    write(tmp_path, 1, answered(1, origCause_value="16", destCause_value="0"))
    (call,) = calls(tmp_path)
    assert (call.outcome, call.direction) == (Outcome.ANSWERED, Direction.INBOUND)
    assert (call.wait_s, call.talk_s, call.ended_by) == (10, 120, HangUp.CALLER)
    assert call.staff == ("2001",)
    assert call.caller_e164 == "+19175550106"


def test_nobody_answered(tmp_path):
    write(tmp_path, 1, record(1, origCause_value="16", destCause_value="0"))
    write(tmp_path, 2, record(2, origCause_value="0", destCause_value="17"))
    write(tmp_path, 3, record(3, destCause_value="41"))
    assert [call.outcome for call in calls(tmp_path)] == [
        Outcome.MISSED,
        Outcome.BUSY,
        Outcome.FAILED,
    ]


def test_whoever_gives_up_in_a_hunt_pilots_queue_is_abandoned(tmp_path):
    queued = {"huntPilotDN": "5000", "wasCallQueued": "1", "totalWaitTimeInQueue": "25"}
    write(tmp_path, 1, record(1, finalCalledPartyNumber="5000", destDeviceName="", **queued))
    write(tmp_path, 2, answered(2, connect=25, **queued))
    lost, reached = calls(tmp_path)
    assert (lost.outcome, lost.wait_s) == (Outcome.ABANDONED, 25)
    assert lost.queues[0].queue == "5000"
    assert (reached.outcome, reached.wait_s) == (Outcome.ANSWERED, 25)


def transfer(folder, *, reached):
    """A caller, 2001 who passes the call on after asking 2002, and 2002."""
    passed = {"origCallTerminationOnBehalfOf": "10", "destCallTerminationOnBehalfOf": "10"}
    split = {"origCause_value": "393216", "destCause_value": "393216", **passed}
    write(folder, 1, answered(1, destLegIdentifier="11", **split))
    consult = {
        "callingPartyNumber": "2001",
        "origDeviceName": "SEP0011223344AA",
        "destDeviceName": "SEP0011223344BB",
        "finalCalledPartyNumber": "2002",
        "originalCalledPartyNumber": "2002",
        "origLegCallIdentifier": "21",
        "destLegIdentifier": "22",
    }
    write(folder, 2, answered(2, connect=100, end=130, **consult, **split))
    last = {
        "origLegCallIdentifier": "10",
        "destLegIdentifier": "22",
        "finalCalledPartyNumber": "2002",
        "destDeviceName": "SEP0011223344BB",
        "joinOnBehalfOf": "10",
        "dateTimeOrigination": str(START + 130),
        "dateTimeDisconnect": str(START + 400),
        "pk": 3,
    }
    if reached:
        last |= {"dateTimeConnect": str(START + 130), "duration": "270"}
    write(folder, 3, record(1, **last))


@pytest.mark.parametrize("reached", [True, False])
def test_the_three_records_of_a_transfer_are_one_call(tmp_path, reached):
    transfer(tmp_path, reached=reached)
    (call,) = calls(tmp_path)
    assert call.direction is Direction.INBOUND
    assert call.outcome is (Outcome.ANSWERED if reached else Outcome.LOST_AFTER_TRANSFER)
    assert [(one.by, one.to, one.answered) for one in call.transfers] == [("2001", "2002", reached)]
    assert call.staff == (("2001", "2002") if reached else ("2001",))
    assert call.talk_s == 390


def test_a_transfer_is_waited_for_although_the_first_record_is_old(tmp_path, monkeypatch):
    transfer(tmp_path, reached=True)
    third = sorted(tmp_path.iterdir())[2]
    content = third.read_bytes()
    third.unlink()
    source = open_source(tmp_path, late_seconds=60)
    source._watched = type(source._watched)(
        **{
            name: getattr(source._watched, name)
            for name in ("name", "files", "open", "names", "practice")
        },
        now=lambda: START + 3_000.0,
    )
    items, cursor = drain(source)
    assert items == []
    third.write_bytes(content)
    os.utime(third, (START + 180,) * 2)
    monkeypatch.setattr("connector.parsing.calls.table_reader.at_rest", lambda *_: True)
    items, cursor = drain(source, cursor)
    assert [item.facts["transfers"] for item in items] == [1]
    assert drain(source, cursor)[0] == []


def test_a_call_that_the_voicemail_took(tmp_path):
    to_unity = {"destDeviceName": "CiscoUM1-VI5", "finalCalledPartyNumber": "8000"}
    write(tmp_path, 1, answered(1, **to_unity))
    write(tmp_path, 2, answered(2, destDeviceName="SIP_VM", finalCalledPartyNumber="8100"))
    assert [c.outcome for c in calls(tmp_path, voicemail=["8100"])] == [
        Outcome.VOICEMAIL_UNCLEAR
    ] * 2


@pytest.mark.parametrize(("names", "types"), [(False, True), (False, False), (True, False)])
def test_lines_of_names_and_types_may_be_missing(tmp_path, names, types):
    write(tmp_path, 1, answered(1), names=names, types=types)
    assert [call.outcome for call in calls(tmp_path)] == [Outcome.ANSWERED]


def test_records_of_call_quality_are_no_calls(tmp_path):
    path = tmp_path / "cmr_StandAloneCluster_01_202511201001_1"
    path.write_text("a file of another kind")
    write(tmp_path, 1, record(1, cdrRecordType="2"))
    assert [*open_source(tmp_path).calls()] == []


def test_a_file_that_is_still_being_pushed_waits_and_a_folder_in_its_place_is_passed(tmp_path):
    write(tmp_path, 1, answered(1)).rename(tmp_path / "cdr_a.filepart")
    (tmp_path / "cdr_folder").mkdir()
    assert drain(open_source(tmp_path))[0] == []


def test_outbound_and_internal_calls_are_told_apart(tmp_path):
    phone = {"origDeviceName": "CSFjdoe", "callingPartyNumber": "2001"}
    write(
        tmp_path, 1, answered(1, **phone, destDeviceName="GW", finalCalledPartyNumber="912125550")
    )
    write(tmp_path, 2, answered(2, **phone, finalCalledPartyNumber="2002"))
    assert [c.direction for c in calls(tmp_path)] == [Direction.OUTBOUND, Direction.INTERNAL]


def test_check_names_the_setting_without_which_lost_callers_are_not_logged(tmp_path):
    assert "Zero Duration Flag" in " ".join(open_source(tmp_path).cannot_show())


def test_the_records_that_others_published_are_understood():
    if not CORPUS.exists():
        pytest.skip("no corpus of CUCM records here")
    for name, count in (("cdr-examples_cdr.txt", 3), ("test_fixtures_sample_cdr.txt", 1)):
        found = [*open_source(CORPUS / name).calls()]
        assert len(found) == count
        assert not any(isinstance(one, Broken) for one in found)
