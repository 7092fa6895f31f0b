"""The store: opens a state directory, hands out transactions and reading connections."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TextIO, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from connector.domain.errors import StateError
from connector.domain.ledger import Plain, commitment
from connector.store import bulk, content, copies, engine, ledger, lock, migrate, restoring, volume
from connector.store.entropy import Entropy
from connector.store.head import Head
from connector.store.restoring import Recovery
from connector.store.schema import content as words
from connector.store.schema import meta
from connector.store.schema_calls import metadata
from connector.store.witness import Witness, look_back
from connector.store.writer import Writer

T = TypeVar("T")
Role = Literal["daemon", "command", "reader"]
MIN_FREE_BYTES = 64 * 1024 * 1024
"""Below so much free space nothing new is read (Decision 9), so that commits still succeed."""
ORDER: Final = tuple(metadata.sorted_tables)
"""A table stands behind all that it refers to."""


def utc_now() -> datetime:
    """Read the wall clock, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Tx:
    """One write transaction; what `record` notes is appended to the ledger before the commit.

    Rows given to `later` are written together, one statement a table, as soon as anybody asks
    for the connection: every statement sees them, and a batch needs few statements.
    """

    lent: Connection
    now: datetime
    secret: bytes
    entropy: Entropy
    notes: list[ledger.Note] = field(default_factory=list)
    recovery: Recovery | None = None
    """The last time that this state was put back, if ever."""
    _waiting: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=dict)
    _ids: Iterator[int] | None = None

    @property
    def connection(self) -> Connection:
        """The connection; what waits to be written is written first."""
        self.flush()
        return self.lent

    def record(self, action: str, *, case_id: str = "", **body: Plain) -> None:
        """Put an entry on record; it commits with everything else or not at all."""
        self.notes.append(ledger.Note(action=action, case_id=case_id, body=body))

    def later(self, table: sa.Table, row: dict[str, Any]) -> None:
        """Insert a row with the next statement; all rows of a table name the same columns."""
        self._waiting.setdefault(table, []).append(row)

    def waiting(self, table: sa.Table) -> Sequence[dict[str, Any]]:
        """Rows that are not written yet; they may still be changed."""
        return self._waiting.get(table, ())

    def flush(self) -> None:
        """Write what waits; rows that others refer to come first."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        for table in ORDER:
            if table in waiting:
                bulk.insert(self.lent, table, waiting[table])

    def put(self, kind: str, body: bytes) -> tuple[int, str]:
        """Store words; gives content id and commitment."""
        if self._ids is None:
            self._ids = content.numbers(self.lent)
        salt, number = self.entropy(16), next(self._ids)
        row = {"id": number, "kind": kind, "salt": salt, "body": body, "created_at": self.now}
        self.later(words, row)
        return number, commitment(salt, body).hex()


class Store:
    """One state directory, open. Use `Store.open`, then `write` and `read`, then `close`."""

    def __init__(
        self,
        state_dir: Path,
        *,
        role: Role,
        actor: str,
        clock: Callable[[], datetime] = utc_now,
        entropy: Entropy = os.urandom,
        on_network: bool = False,
    ) -> None:
        """Open and, unless only reading, migrate. Raises StateError or StateLocked.

        `on_network` lets the daemon work on a network file system, which it refuses else.
        """
        self.state_dir = state_dir
        self.actor = actor
        self.clock = clock
        self.entropy = entropy
        self._path = state_dir / engine.DATABASE
        self._where = str(self._path)
        self._chain = ledger.DAEMON_CHAIN if role == "daemon" else ledger.COMMAND_CHAIN
        self._lock_file: TextIO | None = None
        self._writer: Writer | None = None
        self._engine: Engine | None = None
        self._witness: Witness | None = None
        self.recovery: Recovery | None = None
        """The last time that this state was put back, if ever; it may still last."""
        self._closing = threading.Lock()
        if role == "daemon" and not on_network:
            volume.refuse_network(state_dir)
        existed = self._prepare(role)
        self._reader = engine.reader_engine(self._path)
        if role == "daemon":
            self._lock_file = lock.take(state_dir)
        try:
            if existed and role == "daemon":
                engine.quick_check(self._reader, self._where)
            if existed and role != "reader":
                self._keep_older()
            if role != "reader":
                self._begin_writing(role)
            if self._lock_file is not None and not lock.founded(state_dir):
                lock.found(self._lock_file)
            self._read_meta()
        except BaseException:
            self.close()
            raise

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in one durable transaction; its ledger entries commit with it."""
        if self._writer is None:
            raise StateError(f"{self._where}: opened for reading only")

        def task(connection: Connection) -> T:
            tx = Tx(connection, self.clock(), self.secret, self.entropy, recovery=self.recovery)
            result = work(tx)
            tx.flush()
            head = ledger.append(
                connection, tx.notes, at=tx.now, actor=self.actor, chain=self._chain
            )
            if self._witness is not None and head is not None:
                self._witness.expect(self._chain, *head)
            return result

        return self._writer.run(task)

    def forget(self) -> bool:
        """Empty the log beside the database, where erased words would live on for a while.

        For the daemon only, as nobody else may checkpoint. False when somebody was reading.
        """
        if self._writer is None or self._lock_file is None:
            return False
        return self._writer.run(engine.empty_log, alone=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Lend a connection that sees one consistent state and cannot write."""
        try:
            with self._reader.connect() as connection, connection.begin():
                yield connection
        except DatabaseError as error:
            raise engine.translate(error, self._where) from None

    @property
    def broken(self) -> StateError | None:
        """The error after which this process must end, if there was one."""
        return self._writer.broken if self._writer else None

    @property
    def last_progress(self) -> float:
        """Monotonic time of the writer's last sign of life."""
        return self._writer.last_progress if self._writer else 0.0

    def roomy(self) -> bool:
        """Say whether there is enough free space to take in something new."""
        return engine.free_bytes(self.state_dir) >= MIN_FREE_BYTES

    def remember(self) -> None:
        """Flush the witness beside the database; the daemon does so every few seconds."""
        if self._witness is not None:
            with self.read() as connection:
                heads = ledger.heads(connection)
            self._witness.flush(heads)

    def refresh(self) -> None:
        """Learn anew whether recovery lasts; whoever changed that calls it."""
        with self.read() as connection:
            self.recovery = restoring.load(connection)

    def close(self) -> None:
        """Finish waiting writes and let go of lock and files."""
        with self._closing:
            failed = self.broken is not None
            self._reader.dispose()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None
            if self._witness is not None:
                # without the lock somebody else is the daemon already, as after a death
                self._witness.close(clean=self._lock_file is not None and not failed)
                self._witness = None
            if self._lock_file is not None:
                self._lock_file.close()
                self._lock_file = None

    def _prepare(self, role: Role) -> bool:
        exists = self._path.exists()
        self._logged = self._path.with_name(f"{engine.DATABASE}-wal").exists()
        if role == "reader" and not exists:
            raise StateError(f"{self._where}: there is no state yet; start the daemon once")
        lost = not exists and (self.state_dir / lock.LOCK).exists()
        emptied = exists and not self._path.stat().st_size and lock.founded(self.state_dir)
        if lost or emptied:
            gone = "missing" if lost else "empty"
            raise StateError(
                f"{self._where}: the database is {gone}, but this state was used before; restore "
                "it from a backup (starting empty would open tickets for everything again). "
                f"Remove {lock.LOCK} beside it only if you mean to begin anew"
            )
        if not exists:
            self._create()
        return exists

    def _create(self) -> None:
        try:
            self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            # created here, so that nobody else can read it for a moment
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR))
        except OSError as error:
            raise StateError(
                f"{self.state_dir}: cannot be written ({error.strerror}); "
                "it must exist and belong to the user that runs amends"
            ) from None

    def _keep_older(self) -> None:
        """Copy a database that is about to be migrated; nothing to do for one of today."""
        with self._reader.connect() as connection, connection.begin():
            at = migrate.current(connection)
        if at is not None and at < migrate.HEAD:
            kept = self.state_dir / f"before-{migrate.HEAD}.db"
            if not kept.exists():
                copies.copy_to(self._path, kept)

    def _begin_writing(self, role: Role) -> None:
        self._engine = engine.writer_engine(self._path, checkpoints=role == "daemon")
        try:
            with self._engine.connect() as connection, connection.begin():
                migrate.migrate(connection, self._where)
                self._found_meta(connection)
                looked = self._look_back(connection) if role == "daemon" else None
        except DatabaseError as error:
            raise engine.translate(error, self._where) from None
        if looked is not None:
            self._witness = Witness(self.state_dir, looked)
        ended = self._witness.ended if self._witness else lambda _: None
        self._writer = Writer(self._engine, self._where, ended)

    def _look_back(self, connection: Connection) -> Head:
        found = connection.execute(sa.select(meta.c.value).where(meta.c.key == "instance"))
        instance = bytes(found.scalar_one()).hex()
        return look_back(connection, self.state_dir, instance, log=self._logged, at=self.clock())

    def _found_meta(self, connection: Connection) -> None:
        there = connection.execute(sa.select(sa.func.count()).select_from(meta)).scalar_one()
        if not there:
            rows = [
                {"key": "secret", "value": self.entropy(32)},
                {"key": "instance", "value": self.entropy(8)},
            ]
            connection.execute(sa.insert(meta), rows)

    def _read_meta(self) -> None:
        try:
            with self._reader.connect() as connection, connection.begin():
                rows = connection.execute(sa.select(meta.c.key, meta.c.value)).all()
                self.recovery = restoring.load(connection)
        except DatabaseError as error:
            raise engine.translate(error, self._where) from None
        values = {str(row[0]): bytes(row[1]) for row in rows}
        self.secret = values["secret"]
        self.instance = values["instance"].hex()
