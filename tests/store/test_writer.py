"""Group commit: what waits together is committed together, each task for itself."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest
import sqlalchemy as sa

from connector.domain.errors import StateError, StateFull
from connector.store import writer
from connector.store.engine import DATABASE
from connector.store.store import Store, Tx
from connector.store.writer import ConstraintBroken


class Together:
    """Lets several writes wait behind one that is being worked on, so that they share a commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._go = threading.Event()
        self._busy = threading.Event()
        self._threads: list[threading.Thread] = []
        self.answers: dict[str, object] = {}

    def __enter__(self) -> Self:
        def hold(tx: Tx) -> None:
            del tx
            self._busy.set()
            assert self._go.wait(10)

        self._begin("holder", hold)
        assert self._busy.wait(10)
        return self

    def write(self, name: str, work: Callable[[Tx], object]) -> None:
        queued = self._store._writer._tasks.qsize()  # type: ignore[union-attr]
        self._begin(name, work)
        while self._store._writer._tasks.qsize() == queued:  # type: ignore[union-attr]
            self._threads[-1].join(0.001)

    def __exit__(self, *error: object) -> None:
        self._go.set()
        for thread in self._threads:
            thread.join(10)

    def _begin(self, name: str, work: Callable[[Tx], object]) -> None:
        def run() -> None:
            try:
                self.answers[name] = self._store.write(work)
            except BaseException as error:  # noqa: BLE001 - looked at by the test
                self.answers[name] = error

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()


def _record(action: str) -> Callable[[Tx], str]:
    def work(tx: Tx) -> str:
        tx.record(action)
        return action

    return work


def _raising(error: BaseException, action: str = "never") -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        tx.put("raw", b"never")
        tx.record(action)
        raise error

    return work


def _sql(statement: str) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        tx.connection.exec_driver_sql(statement)

    return work


def _actions(store: Store) -> list[str]:
    with store.read() as connection:
        return [row[0] for row in connection.execute(sa.text("SELECT action FROM ledger"))]


def test_a_task_that_fails_takes_nothing_else_with_it(store: Store) -> None:
    with Together(store) as together:
        together.write("before", _record("before"))
        together.write("fails", _raising(ValueError("a fault of ours")))
        together.write("forbidden", _sql("INSERT INTO cases (id) VALUES ('C')"))
        together.write("after", _record("after"))
    assert _actions(store) == ["before", "after"]
    assert together.answers["before"] == "before"
    assert together.answers["after"] == "after"
    assert isinstance(together.answers["fails"], ValueError)
    assert isinstance(together.answers["forbidden"], ConstraintBroken)
    with store.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM content")).scalar() == 0


def test_a_statement_that_the_database_does_not_know_fails_alone(store: Store) -> None:
    with Together(store) as together:
        together.write("before", _record("before"))
        together.write("wrong", _sql("SELECT nothing FROM nowhere"))
        together.write("after", _record("after"))
    assert _actions(store) == ["before", "after"]
    assert isinstance(together.answers["wrong"], StateError)
    assert store.broken is None


def test_nobody_is_answered_before_the_commit(store: Store) -> None:
    answered = threading.Event()
    seen_while_open: list[tuple[bool, list[str]]] = []

    def look(tx: Tx) -> None:
        del tx
        # the first task of this group has run by now, in the same transaction
        seen_while_open.append((answered.is_set(), _actions(store)))

    with Together(store) as together:
        first = _record("first")
        together.write("first", first)
        watcher = threading.Thread(target=lambda: (together._threads[-1].join(10), answered.set()))
        watcher.start()
        together.write("look", look)
    watcher.join(10)
    assert seen_while_open == [(False, [])]
    assert answered.is_set()
    assert _actions(store) == ["first"]


def test_when_the_commit_is_refused_everybody_in_it_is_told_and_nothing_is_written(
    store: Store,
) -> None:
    store.write(_sql("PRAGMA max_page_count = 60"))
    with Together(store) as together:
        together.write("small", _record("small"))
        together.write("large", lambda tx: tx.put("raw", b"x" * 900_000))
        together.write("after", _record("after"))
    assert isinstance(together.answers["large"], StateFull)
    wrote = [name for name in ("small", "after") if together.answers[name] == name]
    assert _actions(store) == wrote
    assert store.broken is None
    store.write(_sql("PRAGMA max_page_count = 100000"))
    store.write(lambda tx: tx.put("raw", b"x" * 900_000))


def test_a_transaction_that_sqlite_gave_up_by_itself_is_not_taken_for_written(
    store: Store,
) -> None:
    """As after some disk errors: the tasks behind must not be committed one by one."""
    with Together(store) as together:
        together.write("before", _record("before"))
        together.write("gives up", _sql("ROLLBACK"))
        together.write("after", _record("after"))
    assert all(isinstance(together.answers[name], StateError) for name in ("before", "after"))
    assert _actions(store) == []
    assert isinstance(store.broken, StateError)


def test_a_fault_inside_the_writer_leaves_nobody_waiting(store: Store) -> None:
    with Together(store) as together:
        together.write("exits", _raising(SystemExit()))
        together.write("after", _record("after"))
    assert isinstance(together.answers["exits"], StateError)
    assert isinstance(together.answers["after"], StateError)
    with pytest.raises(StateError, match="fault of ours"):
        store.write(_record("later"))
    assert _actions(store) == []


def test_who_waits_for_a_dead_disk_is_told_at_last(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "ANSWER_S", 0.05)
    with Together(store), pytest.raises(StateError, match="does not answer"):
        store.write(_record("patience"))
    assert _actions(store) in ([], ["patience"])


def test_a_timeout_of_the_work_itself_is_passed_on(store: Store) -> None:
    with pytest.raises(TimeoutError, match="mine"):
        store.write(_raising(TimeoutError("mine")))


def test_what_waits_is_finished_before_the_store_closes(store: Store, state: Path) -> None:
    with Together(store) as together:
        for number in range(20):
            together.write(str(number), _record(f"entry.{number}"))
        closing = threading.Thread(target=store.close)
        closing.start()
        while not store._writer._closed:  # type: ignore[union-attr]
            closing.join(0.001)
        together._begin("too late", _record("too.late"))
    closing.join(10)
    with sqlite3.connect(state / DATABASE) as connection:
        found = [row[0] for row in connection.execute("SELECT action FROM ledger ORDER BY seq")]
    connection.close()
    assert found == [f"entry.{number}" for number in range(20)]
    assert isinstance(together.answers["too late"], StateError)


def test_closing_twice_is_closing_once(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StateError):
        store.write(_record("late"))


def test_more_tasks_than_fit_into_one_commit_are_all_done_in_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "GROUP", 4)
    with Together(store) as together:
        for number in range(11):
            together.write(str(number), _record(f"entry.{number}"))
    assert _actions(store) == [f"entry.{number}" for number in range(11)]


def test_the_ledger_commits_with_what_it_tells_or_not_at_all(store: Store) -> None:
    with pytest.raises(ValueError, match="after both"):
        store.write(_raising(ValueError("after both")))
    with pytest.raises(TypeError, match="integers only"):
        store.write(lambda tx: (tx.put("raw", b"words"), tx.record("has.float", share=0.5)))
    assert _actions(store) == []
    with store.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM content")).scalar() == 0
    store.write(lambda tx: (tx.put("raw", b"words"), tx.record("both")))
    with store.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM content")).scalar() == 1
    assert _actions(store) == ["both"]
