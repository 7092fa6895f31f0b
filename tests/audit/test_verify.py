"""Verification finds what was tampered with, and says what it cannot find."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from servers.lived_state import BEGIN, PLANTED, close_ticket
from servers.tampering import recompute, tamper

from connector.audit import verify as verifying
from connector.audit.checkpoint import parse
from connector.audit.verify import verify
from connector.pipeline.retention import retain
from connector.store.schema import ledger
from connector.store.store import Store


def verified(state, against=()):
    store = Store(state, role="reader", actor="test")
    with store.read() as connection:
        return verify(connection, instance=store.instance, at=BEGIN, against=against)


def told(found):
    return "\n".join(fault.what for fault in found.faults)


def test_a_state_that_was_only_lived_in_is_whole(state):
    found = verified(state)
    assert told(found) == ""
    assert found.ok
    assert found.chains["daemon"].entries > 25
    assert found.contents["intact"] > 10
    assert found.contents["erased"] == found.contents["gone"] == found.contents["altered"] == 0
    assert (found.counts.signals, found.counts.cases) == (4, 1)


def test_no_identifier_of_a_patient_is_in_the_ledger(state):
    store = Store(state, role="reader", actor="test")
    with store.read() as connection:
        everything = str(connection.execute(sa.select(ledger)).all())
    assert "signal.stored" in everything
    assert [word for word in PLANTED if word.lower() in everything.lower()] == []


EDIT = "UPDATE ledger SET body = replace(body, '\"severity\":', '\"severity\":1') WHERE seq = 3"
ACTOR = "UPDATE ledger SET actor = 'cli:nobody' WHERE seq = 7"
DELETE = "DELETE FROM ledger WHERE chain_id = 'daemon' AND seq = 9"
CUT = (
    "DELETE FROM ledger WHERE chain_id = 'daemon' AND seq > "
    "(SELECT max(seq) - 10 FROM ledger WHERE chain_id = 'daemon')"
)
EDIT_HARMLESS = (
    "UPDATE ledger SET body = replace(body, '\"heard\":4', '\"heard\":5') "
    "WHERE action = 'account.counted'"
)


def swap(connection):
    for before, after in ((11, -1), (12, 11), (-1, 12)):
        connection.execute("UPDATE ledger SET seq = ? WHERE seq = ?", (after, before))


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (EDIT, "chain daemon: entry 3 was changed after it was written"),
        (ACTOR, "chain daemon: entry 7 was changed after it was written"),
        (DELETE, "chain daemon: entry 9 is missing before 10"),
        (swap, "chain daemon: entry 11 does not follow its predecessor"),
    ],
)
def test_an_edit_a_deletion_and_a_swap_are_found_by_the_chain_alone(state, act, sentence):
    tamper(state, act)
    found = verified(state)
    assert sentence in told(found)
    assert found.faults[0].chain == "daemon"
    assert str(found.faults[0].seq) in sentence


@pytest.mark.parametrize("act", [EDIT, ACTOR, DELETE, CUT, EDIT_HARMLESS, swap])
def test_everything_is_found_against_a_checkpoint_kept_elsewhere(state, act):
    checkpoint = verified(state).checkpoint
    tamper(state, act)
    assert not verified(state, [checkpoint]).ok
    tamper(state, recompute)
    assert "that a checkpoint saw" in told(verified(state, [checkpoint]))


def test_a_recomputed_edit_is_not_found_without_a_checkpoint(state):
    tamper(state, EDIT_HARMLESS, recompute)
    assert verified(state).ok


def test_a_cut_of_what_tables_do_not_know_is_not_found_without_a_checkpoint(state):
    tamper(state, "DELETE FROM ledger WHERE action = 'account.counted'")
    assert verified(state).ok


def test_what_came_after_a_checkpoint_is_no_fault(lived):
    checkpoint = verified(lived.store.state_dir).checkpoint
    close_ticket(lived)
    found = verified(lived.store.state_dir, [checkpoint])
    assert found.ok
    assert found.chains["daemon"].anchored == checkpoint.chains["daemon"].seq
    assert found.chains["daemon"].anchored < found.checkpoint.chains["daemon"].seq


def test_a_checkpoint_of_another_state_is_told(state, lived):
    lived.store.close()
    other = Store(state.parent / "other", role="daemon", actor="daemon")
    with other.read() as connection:
        checkpoint = verify(connection, instance=other.instance, at=BEGIN).checkpoint
    other.close()
    assert "of another state" in told(verified(state, [checkpoint]))


def test_an_earlier_verification_on_record_anchors_the_other_chain(state):
    heads = verified(state).checkpoint.plain()["chains"]
    store = Store(state, role="command", actor="cli:test")
    store.write(lambda tx: tx.record(verifying.VERIFIED, ok=True, faults=0, chains=heads))
    store.close()
    assert verified(state).ok
    tamper(state, EDIT_HARMLESS)
    found = verified(state)
    assert "was changed after it was written" in told(found)


def test_cutting_one_chain_is_found_by_the_verification_on_record_in_the_other(state):
    heads = verified(state).checkpoint.plain()["chains"]
    store = Store(state, role="command", actor="cli:test")
    store.write(lambda tx: tx.record(verifying.VERIFIED, ok=True, faults=0, chains=heads))
    store.close()
    tamper(state, "DELETE FROM ledger WHERE action = 'account.counted'")
    assert "that an earlier verification saw is gone: the end was cut off" in told(verified(state))


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        ("UPDATE ledger SET body = '{' WHERE seq = 4", "entry 4 cannot be read"),
        ("UPDATE ledger SET body = '[]' WHERE seq = 4", "entry 4 cannot be read"),
        ("UPDATE ledger SET body = body || ' ' WHERE seq = 4", "not in the ledger's form"),
        ("UPDATE ledger SET body = '{\"a\":1.5}' WHERE seq = 4", "entry 4 cannot be read"),
        (
            "UPDATE ledger SET body = replace(body, '{', '{\"readable\":0,') WHERE seq = 4",
            "not in the ledger's form",
        ),
        ("UPDATE ledger SET body = x'ff00' WHERE seq = 4", "entry 4 cannot be read"),
        ("UPDATE ledger SET at = 'yesterday' WHERE seq = 4", "entry 4 cannot be read"),
        ("UPDATE ledger SET at = '2026-03-02T13:30:00Z' WHERE seq = 4", "its time is not"),
        ("UPDATE ledger SET hash = 'abc' WHERE seq = 4", "its hash is not of 32 bytes"),
        ("UPDATE ledger SET prev = x'00' WHERE seq = 4", "its hash is not of 32 bytes"),
        ("UPDATE ledger SET actor = 5, seq = 'four' WHERE seq = 4", "entry 0 cannot be read"),
        ("UPDATE ledger SET actor = x'ff' WHERE seq = 4", "a column holds another type"),
    ],
)
def test_a_row_that_amends_cannot_have_written_is_told_not_a_traceback(state, act, sentence):
    tamper(state, act)
    assert sentence in told(verified(state))


def test_deep_nesting_in_a_body_is_told(state):
    deep = '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"
    tamper(
        state,
        lambda connection: connection.execute("UPDATE ledger SET body = ? WHERE seq = 4", (deep,)),
    )
    assert "entry 4 cannot be read: RecursionError" in told(verified(state))


def test_a_chain_that_amends_does_not_write_is_told(state):
    tamper(state, "UPDATE ledger SET chain_id = 'shadow' WHERE action = 'account.counted'")
    assert "chain shadow: amends writes no such chain" in told(verified(state))


def test_a_row_that_belongs_to_no_chain_is_told(state):
    tamper(state, "UPDATE ledger SET chain_id = x'ff' WHERE action = 'account.counted'")
    assert "1 rows of the ledger belong to no chain" in told(verified(state))


def test_a_chain_with_an_odd_name_still_gives_a_checkpoint(state):
    tamper(state, "UPDATE ledger SET chain_id = 'chäin\n\"' WHERE action = 'account.counted'")
    assert parse(verified(state).checkpoint.line()) == verified(state).checkpoint


def test_dropped_guards_are_told(state):
    tamper(state)
    assert verified(state).ok
    store = Store(state, role="command", actor="cli:test")
    store.write(lambda tx: tx.connection.execute(sa.text("DROP TRIGGER ledger_no_delete")))
    store.close()
    assert "guard ledger_no_delete against edits is gone" in told(verified(state))


def test_a_guard_that_guards_nothing_is_told(state):
    store = Store(state, role="command", actor="cli:test")
    for statement in (
        "DROP TRIGGER ledger_no_update",
        "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT 1; END",
    ):
        store.write(lambda tx, text=statement: tx.connection.execute(sa.text(text)))
    store.close()
    assert "guard ledger_no_update against edits is gone or was changed" in told(verified(state))


def test_many_faults_are_counted_and_some_are_told(state):
    tamper(state, "UPDATE ledger SET actor = 'x'")
    found = verified(state)
    assert found.fault_count == len(found.faults) >= found.chains["daemon"].entries


def test_faults_beyond_the_limit_are_only_counted():
    faults = verifying.Faults()
    for _ in range(verifying.MAX_FAULTS + 5):
        faults.add("x")
    assert (len(faults.kept), faults.total) == (verifying.MAX_FAULTS, verifying.MAX_FAULTS + 5)


def test_a_clock_that_was_set_back_keeps_the_order_and_is_counted(lived):
    lived.clock.advance(-3600)
    lived.store.write(lambda tx: tx.record("daemon.started", config="0"))
    found = verified(lived.store.state_dir)
    assert found.ok
    assert found.chains["daemon"].back_steps == 1


class TestWords:
    """Commitments against what is stored."""

    def test_altered_words_are_found(self, state):
        tamper(state, "UPDATE content SET body = CAST(body || 'x' AS BLOB) WHERE kind = 'raw'")
        assert told(verified(state)).count("(raw) was altered") == 4

    @pytest.mark.parametrize("value", ["'text'", "123456789012345", "''"])
    def test_words_of_another_type_are_altered_words(self, state, value):
        tamper(state, f"UPDATE content SET body = {value} WHERE kind = 'raw'")  # noqa: S608 (three constants)
        assert told(verified(state)).count("(raw) was altered") == 4

    def test_altered_evidence_and_frozen_bytes_are_found(self, state):
        tamper(state, "UPDATE content SET body = x'7b7d' WHERE kind IN ('assessment', 'body')")
        assert "(evidence) was altered" in told(verified(state))
        assert "(body) was altered" in told(verified(state))

    def test_words_that_went_without_a_record_are_found(self, state):
        tamper(state, "DELETE FROM content WHERE kind = 'raw'")
        found = verified(state)
        assert "(raw) is gone without a record" in told(found)
        assert found.contents["gone"] == 4

    def test_words_that_retention_erased_are_no_fault(self, lived):
        close_ticket(lived)
        lived.clock.advance(400 * 86_400)
        assert retain(lived.store, 365) > 0
        found = verified(lived.store.state_dir)
        assert told(found) == ""
        assert found.contents["erased"] > 10
        assert found.contents["intact"] == 0

    def test_more_gaps_than_were_erased_on_record_are_found(self, lived):
        lived.clock.advance(400 * 86_400)
        assert retain(lived.store, 365) > 0  # the case is open and keeps its words
        assert verified(lived.store.state_dir).ok
        tamper(
            lived.store.state_dir,
            "DELETE FROM content WHERE id > 1 AND id < (SELECT max(id) FROM content)",
        )
        found = verified(lived.store.state_dir)
        assert "contents are gone, but only" in told(found) or "without a record" in told(found)


class TestTables:
    """Tables against the ledger."""

    @pytest.mark.parametrize(
        ("act", "sentence"),
        [
            ("DELETE FROM signal WHERE outcome = 'counted'", "on record as stored, but not there"),
            ("DELETE FROM signal WHERE outcome = 'counted'", "identities were seen, but 3"),
            ("UPDATE signal SET outcome = 'waiting' WHERE n = 1", "waiting, but case C-"),
            (
                "UPDATE signal SET outcome = 'unreadable' WHERE outcome = 'counted'",
                "unreadable, but that is not on record",
            ),
            (
                "UPDATE signal SET outcome = 'parked' WHERE outcome = 'unreadable'",
                "parked, but no assessment is on record",
            ),
            (
                "UPDATE signal SET case_id = NULL WHERE outcome = 'joined'",
                "belongs to case None, but on record is C-",
            ),
            ("UPDATE signal SET id = 'text' WHERE n = 1", "signal number 1: there, but not on"),
            ("UPDATE cases SET state = 'closed'", "closed, but that is not on record"),
            ("UPDATE cases SET ticket_id = '999'", "its ticket is not the one on record"),
            ("UPDATE cases SET id = 'C-AAAAA-AAAAA'", "its opening is not on record"),
            ("UPDATE cases SET id = 'C-AAAAA-AAAAA'", "on record as opened, but not there"),
            ("UPDATE outbox SET state = 'ready' WHERE id = 1", "but a confirmation is on record"),
            ("UPDATE outbox SET state = 'dropped' WHERE id = 1", "dropped, but that is not on"),
            ("UPDATE outbox SET key = 'x' WHERE id = 1", "there, but not on record as owed"),
            ("DELETE FROM outbox WHERE id = 1", "is on record as owed, but not there"),
            (
                "UPDATE outbox SET case_id = 'C-AAAAA-AAAAA' WHERE id = 1",
                "on record it is owed by case C-",
            ),
        ],
    )
    def test_a_row_that_was_changed_by_hand_is_found(self, state, act, sentence):
        tamper(state, act)
        assert sentence in told(verified(state))

    def test_a_signal_without_its_entry_is_found(self, state):
        tamper(state, "DELETE FROM ledger WHERE action = 'signal.stored'", recompute)
        assert "there, but not on record as stored" in told(verified(state))

    def test_a_done_change_without_its_entry_is_found(self, state):
        tamper(state, "DELETE FROM ledger WHERE action = 'change.confirmed'", recompute)
        assert "done, but its confirmation is not on record" in told(verified(state))
