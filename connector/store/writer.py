"""One thread owns the writing connection and commits what waits together (group commit).

Every task runs in a savepoint of its own, so one that fails takes nothing else with it;
its caller is answered only after the commit that made its effects durable.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from connector.domain.errors import AmendsError, StateError, StateFull
from connector.store.engine import translate

T = TypeVar("T")
GROUP = 256
"""At most so many tasks in one commit."""
ANSWER_S = 300.0
"""A disk that takes longer is dead: whoever waits gets an error instead of waiting for ever."""
CLOSE_S = 60.0
"""How long `close` waits for the thread to finish what is queued."""


@dataclass(frozen=True, slots=True)
class _Task:
    work: Callable[[Connection], Any]
    answer: Future[Any]
    alone: bool = False
    """True for what cannot run inside a transaction."""


class Writer:
    """Runs tasks on the writing connection, in order, each exactly once or not at all."""

    def __init__(
        self, engine: Engine, where: str, ended: Callable[[bool], None] = lambda _: None
    ) -> None:
        """Start the thread; `where` names the database in errors.

        `ended` is told after each transaction, before any caller, whether it is durable.
        """
        self._ended = ended
        self._engine = engine
        self._where = where
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._broken: StateError | None = None
        self._closed = False
        self.last_progress = time.monotonic()
        """Monotonic time of the last commit or the last refusal that left the disk answering."""
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    @property
    def broken(self) -> StateError | None:
        """The error after which nothing may be written any more, if there was one."""
        return self._broken

    def run(self, work: Callable[[Connection], T], *, alone: bool = False) -> T:
        """Run `work` in a transaction and return its result once it is durable.

        Raises StateError when the database refused (StateFull: try again later) and
        whatever `work` raised; in both cases nothing of it was written. `alone` runs it
        between transactions, for the few statements that demand it.
        """
        answer: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise StateError(f"{self._where}: the store is closed")
            if self._broken is not None:
                raise self._broken
            self._tasks.put(_Task(work, answer, alone))
        try:
            return answer.result(ANSWER_S)
        except TimeoutError:
            if answer.done():  # `work` itself raised it
                raise
        raise StateError(f"{self._where}: the disk does not answer; check it, then restart")

    def close(self) -> None:
        """Finish what waits, then end the thread; may be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._tasks.put(None)
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while True:
                tasks, ending = self._take()
                for alone, group in itertools.groupby(tasks, key=lambda task: task.alone):
                    (self._between if alone else self._commit)(connection, list(group))
                if ending:
                    return

    def _take(self) -> tuple[list[_Task], bool]:
        task = self._tasks.get()
        tasks: list[_Task] = []
        while task is not None:
            tasks.append(task)
            if len(tasks) >= GROUP:
                return tasks, False
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return tasks, False
        return tasks, True

    def _commit(self, connection: Connection, tasks: list[_Task]) -> None:
        if self._broken is not None:
            _answer([], [(task, self._broken) for task in tasks])
            return
        done: list[tuple[_Task, Any]] = []
        failed: list[tuple[_Task, BaseException]] = []
        try:
            with connection.begin():
                for task in tasks:
                    self._one(connection, task, done, failed)
        except DatabaseError as error:
            self._ended(False)
            state = translate(error, self._where)
            self._remember(state)
            _answer([], [(task, state) for task in tasks])
            return
        except BaseException as error:  # noqa: BLE001 - nobody may wait for ever for a dead thread
            self._ended(False)
            state = StateError(f"{self._where}: a fault of ours in the writer; restart")
            state.__cause__ = error
            self._remember(state)
            _answer([], [(task, state) for task in tasks])
            return
        self._ended(True)
        self.last_progress = time.monotonic()
        _answer(done, failed)

    def _between(self, connection: Connection, tasks: list[_Task]) -> None:
        for task in tasks:
            try:
                result = task.work(connection)
            except Exception as error:  # noqa: BLE001 - the caller gets it, whatever it is
                _answer([], [(task, error)])
            else:
                _answer([(task, result)], [])

    def _one(
        self,
        connection: Connection,
        task: _Task,
        done: list[tuple[_Task, Any]],
        failed: list[tuple[_Task, BaseException]],
    ) -> None:
        try:
            with connection.begin_nested():
                result = task.work(connection)
            done.append((task, result))
        except DatabaseError as last:
            error = _first(last)
            if _ends_transaction(error) or not _in_transaction(connection):
                raise error from None
            failed.append((task, _constraint(error) or translate(error, self._where)))
        except Exception as error:
            if not _in_transaction(connection):
                raise
            failed.append((task, error))

    def _remember(self, error: StateError) -> None:
        """Keep what ends this process; a full disk or a busy one heals and counts as alive."""
        if isinstance(error, StateFull):
            self.last_progress = time.monotonic()
        elif self._broken is None:
            self._broken = error


class ConstraintBroken(AmendsError):
    """The database forbade what must not be (a second ticket, an edited ledger)."""


def _constraint(error: DatabaseError) -> ConstraintBroken | None:
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    if name.startswith("SQLITE_CONSTRAINT"):
        return ConstraintBroken(f"the database forbids it ({name})")
    return None


def _first(error: DatabaseError) -> DatabaseError:
    """Find what began it: where SQLite rolled back by itself, our rolling back fails after it."""
    earlier: BaseException | None = error
    while earlier is not None:
        error = earlier if isinstance(earlier, DatabaseError) else error
        earlier = earlier.__context__
    return error


def _ends_transaction(error: DatabaseError) -> bool:
    """Errors after which SQLite may have rolled the whole transaction back."""
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    return name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOMEM"))


def _in_transaction(connection: Connection) -> bool:
    """Look whether SQLite rolled everything back by itself; without it nothing would hold."""
    return bool(getattr(connection.connection.dbapi_connection, "in_transaction", True))


def _answer(done: list[tuple[_Task, Any]], failed: list[tuple[_Task, BaseException]]) -> None:
    for task, result in done:
        task.answer.set_result(result)
    for task, error in failed:
        task.answer.set_exception(error)
