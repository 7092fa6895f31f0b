"""The state as figures."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from connector.report.figures import exposition, routes
from connector.report.status import SourceStatus, Status

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STATUS = Status(
    level="degraded",
    reasons=("the source phones cannot be read",),
    daemon="pid 12",
    sources=(
        SourceStatus(
            name="feedback",
            kind="imap",
            last_read_at=NOW,
            last_item_at=NOW - timedelta(hours=1),
            error="",
            error_since=None,
            silent=False,
        ),
        SourceStatus(
            name="phones",
            kind="asterisk_queue_log",
            last_read_at=None,
            last_item_at=None,
            error="unavailable",
            error_since=NOW,
            silent=True,
        ),
    ),
    helpdesk="helpdesk",
    breaker="open",
    breaker_reason="",
    outbox={"ready": 3, "done": 9},
    oldest_change_at=NOW - timedelta(minutes=20),
    accounting={"ticket": 8, "counted": 5},
    heard=13,
    imbalance=0,
    open_cases=4,
    held_cases=1,
    overdue_cases=2,
)


def figures(status):
    text = exposition(status, now=NOW).decode()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_state_is_printed_as_figures():
    found = figures(STATUS)
    assert found["amends_source_up", "feedback"] == 1
    assert found["amends_source_up", "phones"] == 0
    assert found["amends_source_silent", "phones"] == 1
    assert found["amends_source_last_success_timestamp_seconds", "feedback"] == NOW.timestamp()
    assert ("amends_source_last_success_timestamp_seconds", "phones") not in found
    assert found["amends_outbox_items", "ready"] == 3
    assert found["amends_outbox_oldest_age_seconds",] == 1_200
    assert found["amends_signals_total", "ticket"] == 8
    assert found["amends_cases", "overdue"] == 2
    assert found["amends_status", "degraded"] == 1
    assert found["amends_status", "ok"] == 0
    assert found["amends_breaker_state", "helpdesk", "open"] == 1
    assert found["amends_ledger_imbalance",] == 0


def test_every_figure_is_explained_in_the_docs():
    page = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(amends_[a-z_]+)` \|", page, re.MULTILINE))
    assert explained == {name for name, *_ in figures(STATUS)}


def test_nothing_owed_has_no_age():
    assert figures(replace(STATUS, oldest_change_at=None))["amends_outbox_oldest_age_seconds",] == 0


def test_an_outage_of_others_is_no_reason_to_start_again():
    page = routes(lambda: STATUS, lambda: True)
    health = page["/healthz"]()
    assert health.status == 200
    assert json.loads(health.body)["level"] == "degraded"
    assert page["/livez"]().status == 200
    assert b"amends_cases" in page["/metrics"]().body


def test_a_daemon_that_is_down_or_stuck_says_so_by_code():
    page = routes(lambda: replace(STATUS, level="down"), lambda: False)
    assert page["/healthz"]().status == 503
    assert page["/livez"]().status == 503
