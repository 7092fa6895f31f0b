"""Every label of a key to real Asterisk logs, from the channel log and the queue_log together.

The logs and their key are not part of this repository; without them this says so and skips.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.domain.practice import Practice
from connector.parsing.calls.timeline import Names
from connector.report.calls import CallJudge, describe_call
from connector.sources.asterisk_cdr import AsteriskCdrSettings
from connector.sources.asterisk_cel import AsteriskCelSettings
from connector.triage.settings import TriageSettings

CORPUS = Path(__file__).parents[4] / "shared" / "corpora" / "phone" / "asterisk-22"
PRACTICE = Practice(tenant="t", name="", zone=ZoneInfo("America/New_York"))
TRIAGE = TriageSettings()

needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the real Asterisk logs are not beside this checkout"
)


def calls(folder: str, *, cel: bool = True) -> list[dict]:
    place = CORPUS / folder
    earlier = (place / "queue_log.0",) if (place / "queue_log.0").exists() else ()
    settings = AsteriskCelSettings(
        name="phones",
        path=place / "cel-custom" / "Master.csv",
        queue_log=place / "queue_log" if cel else None,
        queue_log_earlier=earlier,
    )
    source = settings.open(PRACTICE)
    return [
        describe_call(judged, TRIAGE.phone, PRACTICE.zone, Names())
        for judged in CallJudge(TRIAGE).judge(source.calls())
    ]


def key(name: str) -> list[dict]:
    lines = (CORPUS / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def ends(call: dict) -> set[str]:
    return {stay["end"] for stay in call["queues"]}


LABELS = {
    "answered": lambda call: call["answered"],
    "staff_hangup": lambda call: call["ended_by"] == "staff" and call["answered"],
    "abandoned": lambda call: call["abandoned"],
    "short": lambda call: call["short_abandon"],
    "timeout": lambda call: "timeout" in ends(call),
    "voicemail": lambda call: call["voicemail_left"] is True,
    "voicemail_no_message": lambda call: (
        call["outcome"] == "voicemail_no_message" and not call["queues"]
    ),
    "called_back": lambda call: call["voicemail_returned"] is True,
    "ivr_hangup": lambda call: call["outcome"] == "menu" and not call["after_hours"],
    "ivr_dead_end": lambda call: call["outcome"] == "menu_dead_end",
    "missed": lambda call: call["missed"],
    "busy": lambda call: call["outcome"] == "busy",
    "lost_after_transfer": lambda call: "cut_off" in call["failures"],
    "abandoned_on_hold": lambda call: "left_on_hold" in call["failures"],
    "parked": lambda call: call["parked"],
    "exitwithkey": lambda call: "key" in ends(call),
    "refused_empty": lambda call: "refused" in call["failures"],
    "refused_full": lambda call: "refused" in call["failures"],
    "exitempty": lambda call: "empty" in ends(call),
    "no_number": lambda call: call["anonymous"],
    "internal": lambda call: call["internal"],
    "outbound_noanswer": lambda call: call["outbound"] and not call["answered"],
    "callback_of": lambda call: call["outbound"] and call["answered"],
    "pingpong": lambda call: "ping_pong" in call["failures"],
    "withdraw": lambda call: "withdrawn" in ends(call),
    "crash": lambda call: call["truncated"],
    "after_hours": lambda call: call["after_hours"],
}
"""How each label of the key shows in a call."""
FIGURES = {
    "transfers": ("transfers", 0),
    "same_recording": ("same_recording_max", 0),
    "hold": ("hold_s_max", 1),
    "wait": ("wait_s", 1),
    "repeat": ("tries", 0),
}
"""Labels that are numbers, the field that tells them, and what a second's rounding may differ."""
SPARSE = {"answered", "voicemail", "transfers", "same_recording", "hold", "wait", "repeat"}
"""Labels that the key gives only where a scenario is about them: no false alarms to count."""
NOT_LABELLED = {"102", "19175550131"}
"""Calls of scenarios whose label is about another one: a pickup that failed (internal), and who
was first in line where the second was refused."""


def of(scenario: dict, found: list[dict]) -> list[dict]:
    linked = set(scenario["linkedids"])
    return [call for call in found if linked & set(call["linked_ids"])]


def measure(found: list[dict], scenarios: list[dict], hidden: frozenset = frozenset()):
    """Count for each label: right, missed, and false alarms."""
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for scenario in scenarios:
        own = of(scenario, found)
        truth = {name: value for name, value in scenario["truth"].items() if name not in hidden}
        for name, value in truth.items():
            if name in FIGURES:
                field, slack = FIGURES[name]
                right = any(abs((call[field] or 0) - value) <= slack for call in own)
            elif name in LABELS:
                right = any(LABELS[name](call) for call in own) is bool(value)
            else:
                continue
            table[name][0 if right else 1] += 1
        for name, tells in LABELS.items():
            if name in SPARSE | hidden or name in truth:
                continue
            shown = [call for call in own if call["caller_as_logged"] not in NOT_LABELLED]
            if any(tells(call) for call in shown) and not _synonym(name, truth):
                table[name][2] += 1
    return dict(table)


def _synonym(name: str, truth: dict) -> bool:
    pairs = {
        "refused_empty": "refused_full",
        "refused_full": "refused_empty",
        "voicemail_no_message": "timeout",
    }
    return pairs.get(name) in truth


def show(table: dict[str, list[int]]) -> str:
    rows = [f"{'label':<22} right missed false"]
    rows += [f"{name:<22} {r:>5} {m:>6} {f:>5}" for name, (r, m, f) in sorted(table.items())]
    return "\n".join(rows)


@needs_corpus
def test_every_label_is_found_and_nothing_else(capsys):
    found = calls("main") + calls("night_midnight_dst")
    table = measure(found, key("scenario_key.jsonl"))
    with capsys.disabled():
        print(f"\n{show(table)}")  # noqa: T201 - the table is what a reader of this test wants
    assert not {name: row for name, row in table.items() if row[1] or row[2]}
    assert sum(row[0] for row in table.values()) >= 60


@needs_corpus
def test_shipped_defaults_show_all_but_what_they_leave_out(capsys):
    """No application but Dial, no recordings, no transfers, whole seconds without a zone."""
    found = calls("variant_defaults")
    table = measure(found, key("scenario_key_variant.jsonl"), hidden=frozenset({"same_recording"}))
    with capsys.disabled():
        print(f"\n{show(table)}")  # noqa: T201 - the table is what a reader of this test wants
    assert not {name: row for name, row in table.items() if row[1] or row[2]}
    maze = next(call for call in found if call["caller"].endswith("0103"))
    assert maze["same_recording_max"] is None  # said to be unknown, never guessed


@needs_corpus
def test_each_scenario_is_one_call_in_one_piece():
    found = calls("main") + calls("night_midnight_dst")
    for scenario in key("scenario_key.jsonl"):
        expected = len(scenario["linkedids"]) if scenario["id"] == "S31" else 1
        assert len(of(scenario, found)) == expected, scenario["id"]


@needs_corpus
def test_times_of_logs_without_a_zone_are_utc_in_the_end():
    """The key knows when each call began; the log says 10:06:21 without a zone."""
    for scenario in key("scenario_key_variant.jsonl"):
        (call,) = of(scenario, calls("variant_defaults"))
        assert call["start"].startswith("2026-11-20T15:")


CDR_CANNOT = frozenset(
    [
        "staff_hangup",
        "voicemail",
        "voicemail_no_message",
        "ivr_dead_end",
        "ivr_hangup",
        "abandoned_on_hold",
        "parked",
        "refused_empty",
        "refused_full",
        "crash",
        "after_hours",
        "same_recording",
        "hold",
        "missed",
    ]
)
"""What records cannot show: known, said by `amends check`, and left out below."""
CONSULTATIONS = frozenset({"internal"})
"""In records, a consultation before a transfer is an internal call of its own."""


@needs_corpus
def test_records_and_queue_log_show_what_they_can(capsys):
    """Transfers, queues, answers and call-backs from CDR; the rest is a known limit."""
    place = CORPUS / "main"
    settings = AsteriskCdrSettings(
        name="phones",
        path=place / "cdr-csv" / "Master.csv",
        queue_log=place / "queue_log",
        queue_log_earlier=(place / "queue_log.0",),
    )
    found = [
        describe_call(judged, TRIAGE.phone, PRACTICE.zone, Names())
        for judged in CallJudge(TRIAGE).judge(settings.open(PRACTICE).calls())
    ]
    scenarios = [one for one in key("scenario_key.jsonl") if one["id"][0] in "SR"]
    table = measure(found, scenarios, hidden=CDR_CANNOT | CONSULTATIONS)
    with capsys.disabled():
        print(f"\n{show(table)}")  # noqa: T201 - as above
    assert not {name: row for name, row in table.items() if row[1] or row[2]}
