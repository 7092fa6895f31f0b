"""A case is told in order, in sentences, without a patient's words."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.lived_state import BEGIN, PLANTED, close_ticket

from connector.audit import timeline as telling
from connector.audit.gather import gather, in_order
from connector.audit.naming import span, who
from connector.audit.timeline import timeline
from connector.domain.ledger import GENESIS, LedgerEntry
from connector.domain.ticket import TicketEvent

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_A_CASE = {
    "account.counted",
    "audit.verified",
    "backup.made",
    "daemon.started",
    "provision.began",
    "recovery.ended",
    "selftest.began",
    "selftest.ended",
    "rows.read",
}
PLAIN = {"storm.began"}
"""Actions whose fields tell enough."""


def told(lived, **how):
    with lived.store.read() as connection:
        record = gather(
            connection, lived.case_id, lived.practice, instance=lived.store.instance, **how
        )
    return timeline(record)


def test_a_case_is_told_from_hearing_to_closing(lived):
    close_ticket(lived)
    lines = told(lived)
    story = [line.what for line in lines if not line.minor]
    assert story[0].startswith("Judged: a failure, severity ")
    assert story[1].startswith("Case opened with severity ")
    assert story[2].startswith("Clocks started: first contact due Tue 3 Mar 2026, 10:30 CET")
    assert story[3] == "Ticket is in the helpdesk (ticket 1)"
    assert "A further signal joined the case" in story
    assert "First contact was due, and none had been seen" in story
    assert [line.who for line in lines if line.what == "Status changed"] == ["agent"]
    assert lines[-1].what == "Case closed"
    assert lines[-1].why == "its ticket was closed in the helpdesk"
    assert lines[0].proof == "daemon 2"
    assert {line.who for line in lines} == {"amends", "agent"}


def test_no_word_of_a_patient_is_in_the_lines(lived):
    text = str(told(lived)).lower()
    assert [word for word in PLANTED if word.lower() in text] == []


def test_a_person_and_their_reason_are_told(lived):
    def drop(tx):
        number, proof = tx.put("reason", b"answered by phone")
        tx.record("change.dropped", case_id=lived.case_id, key="x", reason=proof, reason_id=number)

    lived.store.actor = "cli:alice"
    lived.store.write(drop)
    line = told(lived)[-1]
    assert (line.who, line.what) == ("alice (command line)", "Change given up")
    assert line.why == "answered by phone"


def test_an_action_of_a_later_version_is_told_by_its_fields(lived):
    lived.store.write(
        lambda tx: tx.record("owner.changed", case_id=lived.case_id, to="agent 7", steps=[1, 2])
    )
    line = told(lived)[-1]
    assert (line.what, line.why) == ("Owner changed", "steps: 1, 2, to: agent 7")


def test_the_helpdesks_events_stand_between_ours_by_time(lived):
    events = tuple(lived.helpdesk.history(lived.ticket()))
    late = TicketEvent(id="z", at=BEGIN + timedelta(days=99), actor="", kind="oddity")
    lines = told(lived, history=(late, *events))
    proofs = [line.proof for line in lines]
    assert proofs.index("helpdesk 1-1") == proofs.index("daemon 9") + 1
    assert lines[-1].who == "the helpdesk itself"
    assert lines[-1].what == "Something else happened (oddity)"


def entry(chain, seq, seconds):
    return LedgerEntry(
        chain_id=chain,
        seq=seq,
        at=BEGIN + timedelta(seconds=seconds),
        actor="daemon",
        action="x.y",
        case_id="",
        body={},
        prev=GENESIS,
        hash=GENESIS,
    )


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(-99, 99)), max_size=12))
def test_each_chain_keeps_its_order_whatever_the_clock_did(steps):
    entries = [entry(chain, seq, seconds) for seq, (chain, seconds) in enumerate(steps, start=1)]
    ordered = list(in_order([*entries[::-1], *entries]))
    assert len(ordered) == len(entries)
    for chain in "ab":
        mine = [one.seq for one in ordered if one.chain_id == chain]
        assert mine == sorted(mine)


def test_chains_are_woven_together_by_time():
    ordered = in_order([entry("a", 1, 0), entry("a", 2, 10), entry("b", 1, 5)])
    assert [(one.chain_id, one.seq) for one in ordered] == [("a", 1), ("b", 1), ("a", 2)]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (8, "8 s"),
        (60, "1 min"),
        (95, "1 min 35 s"),
        (3_600, "1 h"),
        (11_520, "3 h 12 min"),
        (-90_000, "1 d 1 h"),
        (86_400 * 400, "400 d"),
    ],
)
def test_a_duration_has_two_units(seconds, text):
    assert span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        ("daemon", "amends"),
        ("cli:alice", "alice (command line)"),
        ("agent:7", "agent 7 (helpdesk)"),
        ("somebody", "somebody"),
    ],
)
def test_actors_have_names(actor, name):
    assert who(actor) == name


def test_every_action_that_is_recorded_has_a_sentence():
    """Whoever adds an action to the ledger tells here what it means to an auditor."""
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "connector").rglob("*.py")
        if "audit" not in path.parts
    )
    calls = re.findall(r"\.record\((.{0,200}?)\)", text, re.DOTALL)
    recorded = {name for call in calls for name in re.findall(r'"([a-z]+\.[a-z_]+)"', call)}
    assert "change.doubted" in recorded
    unknown = recorded - set(telling._SENTENCES) - WITHOUT_A_CASE - PLAIN
    assert unknown == set()
