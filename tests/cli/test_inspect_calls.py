"""`amends inspect --calls` for every kind that tells calls, and for several paths together."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from servers.asterisk import Pbx
from servers.kinds import register

from connector.plugins import SOURCES

PAGE = Path(__file__).parents[2] / "docs/sources/call_table.md"
SAMPLES = re.findall(r"<!-- sample: (\S+) .+? -->\n```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL)
FIELDS = {
    "type",
    "caller",
    "did",
    "start",
    "end",
    "answered",
    "abandoned",
    "short_abandon",
    "wait_s",
    "transfers",
    "same_recording_max",
    "hold_s_max",
    "voicemail_left",
    "voicemail_returned",
    "ended_by",
    "missed",
    "internal",
    "outbound",
    "truncated",
    "staff",
    "failures",
    "linked_ids",
}
HEAD = "calldate,src,dst,disposition,duration,billsec,uniqueid\n"


KINDS = {
    "asterisk_cel": "asterisk_cel:AsteriskCelSettings",
    "asterisk_cdr": "asterisk_cdr:AsteriskCdrSettings",
    "asterisk_queue_log": "asterisk_queue_log:AsteriskQueueLogSettings",
    "call_table": "call_table:CallTableSettings",
    "cisco_cucm": "cisco_cucm:CiscoCucmSettings",
    "mail_file": "mail_file:MailFileSettings",
}


@pytest.fixture
def run(amends, monkeypatch):
    real = [(kind, f"connector.sources.{place}") for kind, place in KINDS.items()]
    register(monkeypatch, {SOURCES: real})

    def run(*targets: str) -> tuple[int, list[dict]]:
        code, out, _ = amends("inspect", *targets, "--calls", "--json")
        return code, [json.loads(line) for line in out.splitlines() if line.startswith("{")]

    return run


@pytest.fixture
def logs(tmp_path):
    pbx = Pbx()
    pbx.talk("7205550111")
    pbx.maze("7205550112", ["2001", "2002", "2003", "2004"])
    pbx.abandons("7205550113")
    pbx.voicemail("7205550115")
    (tmp_path / "cel.csv").write_bytes(pbx.cel_bytes())
    (tmp_path / "queue_log").write_bytes(pbx.queue_bytes())
    (tmp_path / "cdr.csv").write_bytes(pbx.cdr_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("named", "calls"),
    [
        (["asterisk_cel:cel.csv"], 4),
        (["asterisk_cdr:cdr.csv"], 4),
        (["asterisk_queue_log:queue_log"], 1),
        (["asterisk_cdr:cdr.csv", "asterisk_queue_log:queue_log"], 4),
        (["asterisk_queue_log:queue_log", "asterisk_cel:cel.csv"], 4),
        (["asterisk_cel:cel.csv", "asterisk_cdr:cdr.csv", "asterisk_queue_log:queue_log"], 4),
    ],
)
def test_all_logs_of_one_asterisk_tell_each_call_once(run, logs, monkeypatch, named, calls):
    monkeypatch.chdir(logs)
    code, found = run(*named)
    assert (code, len(found)) == (0, calls)
    assert all(call.keys() >= FIELDS for call in found)
    assert len({call["start"] for call in found}) == calls


@pytest.mark.parametrize(("preset", "rows"), SAMPLES, ids=[preset for preset, _ in SAMPLES])
def test_every_table_is_told_as_calls(run, tmp_path, preset, rows):
    path = tmp_path / preset
    path.write_text(rows)
    code, found = run(f"call_table:{path}")
    assert code == 0
    assert found
    assert all(call.keys() >= FIELDS for call in found)


def test_a_call_back_in_another_export_makes_the_first_one_good(run, tmp_path):
    one, two = tmp_path / "morning.csv", tmp_path / "noon.csv"
    one.write_text(f"{HEAD}2026-11-20 09:00:00,9175550106,400,NO ANSWER,30,0,1.1\n")
    two.write_text(f"{HEAD}2026-11-20 09:20:00,9175550106,101,ANSWERED,90,80,1.2\n")
    (alone,) = run(f"call_table:{one}")[1]
    assert alone["failures"] == ["unanswered"]
    for named in ((one, two), (two, one)):
        code, (first, _) = run(*(f"call_table:{path}" for path in named))
        assert (code, first["failures"]) == (0, [])


def test_what_cannot_be_read_stops_no_other_path(run, tmp_path, logs):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.csv").write_text("")
    code, found = run(
        f"asterisk_cel:{tmp_path / 'folder'}",
        f"call_table:{tmp_path / 'empty.csv'}",
        f"cisco_cucm:{logs / 'queue_log'}",
    )
    assert code == 74
    assert all(one["type"] == "unreadable" for one in found)


def test_a_kind_without_calls_is_refused(run, tmp_path):
    (tmp_path / "a.mbox").write_text("")
    assert run(f"mail_file:{tmp_path / 'a.mbox'}")[0] == 64
