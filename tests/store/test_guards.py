"""What the database itself forbids, whatever the program does."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from servers.owing import case_named, owe, ticket_of

from connector.domain.case import Case, CaseState, Group
from connector.domain.ledger import verify
from connector.store import cases, content, erasing, ledger, outbox
from connector.store.engine import DATABASE
from connector.store.store import Store, Tx
from connector.store.writer import ConstraintBroken
from connector.testing.builders import Clock, a_store

ANNA, BERT = b"a" * 16, b"b" * 16


def insert(store: Store, case: Case, person: bytes | None) -> None:
    origin = cases.Origin(source="s", channel="mail", person=person, kind="case")
    store.write(lambda tx: cases.insert(tx, case, origin))


def test_a_person_has_one_open_case_in_each_group(store: Store, clock: Clock) -> None:
    insert(store, case_named("AAAAA", clock), ANNA)
    with pytest.raises(ConstraintBroken, match="SQLITE_CONSTRAINT_UNIQUE"):
        insert(store, case_named("BBBBB", clock), ANNA)
    insert(store, replace(case_named("CCCCC", clock), group=Group.CONFIDENTIAL), ANNA)
    insert(store, case_named("DDDDD", clock), BERT)
    insert(store, replace(case_named("EEEEE", clock), tenant="other"), ANNA)
    for name in ("FFFFF", "GGGGG"):
        insert(store, case_named(name, clock), None)


def test_a_held_case_counts_as_open_and_a_closed_one_makes_room(store: Store, clock: Clock) -> None:
    held = replace(case_named("AAAAA", clock), state=CaseState.HELD)
    insert(store, held, ANNA)
    with pytest.raises(ConstraintBroken):
        insert(store, case_named("BBBBB", clock), ANNA)
    store.write(lambda tx: cases.close(tx, held.id, "done"))
    insert(store, case_named("BBBBB", clock), ANNA)


def test_a_key_is_owed_once(store: Store, clock: Clock) -> None:
    one, other = case_named("AAAAA", clock), case_named("BBBBB", clock)
    owe(store, one, ticket_of(one))
    with pytest.raises(ConstraintBroken):
        owe(store, other, replace(ticket_of(one), case_id=other.id))
    with store.read() as connection:
        assert outbox.counts(connection) == {"ready": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET actor = 'somebody else'",
        "DELETE FROM ledger",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger",
    ],
)
def test_the_ledger_can_only_grow(store: Store, statement: str) -> None:
    store.write(lambda tx: tx.record("first"))
    with pytest.raises(ConstraintBroken):
        store.write(lambda tx: tx.connection.exec_driver_sql(statement) and None)
    with store.read() as connection:
        entries = list(ledger.entries(connection, ledger.DAEMON_CHAIN))
    assert [(entry.action, entry.actor) for entry in entries] == [("first", "daemon")]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("outbox", "state", "perhaps"),
        ("cases", "state", "perhaps"),
        ("cases", "grp", "everybody"),
        ("cases", "severity", 5),
        ("outbox", "op", "delete"),
    ],
)
def test_words_that_nobody_knows_are_refused(
    store: Store, clock: Clock, table: str, column: str, value: object
) -> None:
    case = case_named("AAAAA", clock)
    owe(store, case, ticket_of(case))
    statement = f"UPDATE {table} SET {column} = :value"  # noqa: S608 - names from the table above
    with pytest.raises(ConstraintBroken, match="SQLITE_CONSTRAINT_CHECK"):
        store.write(lambda tx: tx.connection.execute(sa.text(statement), {"value": value}) and None)


def test_a_time_without_a_zone_is_refused(store: Store, clock: Clock) -> None:
    naive = replace(case_named("AAAAA", clock), opened_at=clock.now.replace(tzinfo=None))
    with pytest.raises(sa.exc.StatementError, match="naive datetime"):
        insert(store, naive, ANNA)


def test_the_chain_holds_over_many_commits_restarts_and_two_writers(
    store: Store, state: Path, clock: Clock
) -> None:
    command = a_store(state, clock, role="command")
    for number in range(40):
        (command if number % 3 else store).write(
            lambda tx, n=number: [tx.record("entry", number=n, part=part) for part in range(n % 4)]
        )
        clock.advance(-7 if number % 5 == 0 else 3)
    command.close()
    store.close()
    again = a_store(state, clock)
    again.write(lambda tx: tx.record("entry", number=40))
    with again.read() as connection:
        chains = ledger.chains(connection)
        faults = [fault for chain in chains for fault in verify(ledger.entries(connection, chain))]
        length = sum(1 for chain in chains for _ in ledger.entries(connection, chain))
    assert chains == ["command", "daemon"]
    assert faults == []
    assert length == sum(number % 4 for number in range(40)) + 1
    again.close()


def test_an_edited_ledger_is_found_though_the_trigger_was_dropped(
    store: Store, state: Path
) -> None:
    for number in range(5):
        store.write(lambda tx, n=number: tx.record("entry", number=n))
    with sqlite3.connect(state / DATABASE) as connection:
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute("""UPDATE ledger SET body = '{"number":9}' WHERE seq = 3""")
    connection.close()
    with store.read() as opened:
        (fault,) = verify(ledger.entries(opened, ledger.DAEMON_CHAIN))
    assert fault == "chain daemon: entry 3 was changed after it was written"


def test_erased_words_are_gone_from_the_files(store: Store, state: Path) -> None:
    secret_words = b"the patient's very own words 7f3a9c"
    filler = b"other words, other people. " * 40

    def put(tx: Tx) -> list[int]:
        found = [tx.put("raw", secret_words)[0]]
        for _ in range(50):
            tx.put("raw", filler)
        return found

    ids = store.write(put)
    with store.read() as connection:
        assert content.get(connection, ids[0]) == secret_words
    store.write(lambda tx: content.erase(tx.connection, ids))
    store.forget()
    for path in state.iterdir():
        assert secret_words not in path.read_bytes(), path.name
    with store.read() as connection:
        assert content.get(connection, ids[0]) is None


def test_the_clean_up_erases_what_is_over_and_leaves_what_is_not(
    store: Store, clock: Clock
) -> None:
    done, running = case_named("AAAAA", clock), case_named("BBBBB", clock)
    for case in (done, running):
        owe(store, case, ticket_of(case))
    store.write(lambda tx: cases.close(tx, done.id, "done"))
    clock.advance(29 * 86_400)
    assert store.write(lambda tx: erasing.erase_old(tx, 30, 500)) == 0
    clock.advance(2 * 86_400)
    assert store.write(lambda tx: erasing.erase_old(tx, 30, 500)) == 2
    assert store.write(lambda tx: erasing.erase_old(tx, 30, 500)) == 0
    with store.read() as connection:
        kept = {
            row.case_id: row.content_id
            for row in outbox.listing(connection, states=("ready",), limit=10)
        }
        proof = [entry.action for entry in ledger.entries(connection, ledger.DAEMON_CHAIN)]
    assert (kept[done.id] is None, kept[running.id] is None) == (True, False)
    assert proof.count("content.erased") == 1


def test_the_ledger_holds_nothing_that_could_be_guessed_back(store: Store, clock: Clock) -> None:
    case = case_named("AAAAA", clock)
    owe(store, case, ticket_of(case))
    with store.read() as connection:
        (entry,) = ledger.entries(connection, ledger.DAEMON_CHAIN)
    assert not re.search("Jane|example|waited", str(entry))
