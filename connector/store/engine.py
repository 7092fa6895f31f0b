"""Opening the database: one writer connection, read-only readers, and the checks at the door."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool, StaticPool

from connector.domain.errors import StateError, StateFull

DATABASE = "amends.db"
"""File name inside the state directory."""

BUSY_MS = 10_000
"""How long a statement waits for another process's write transaction."""

_FULL_HINT = "free some space; amends goes on by itself"
_BUSY_HINT = "another program holds a write lock on it; close that program, amends waits"
_FATAL = {
    "SQLITE_CORRUPT": "the database is damaged; stop, keep the files, restore a backup",
    "SQLITE_NOTADB": "the file is no database; stop, keep it, restore a backup",
    "SQLITE_READONLY": "it cannot be written; check owner, permissions and mount options",
    "SQLITE_CANTOPEN": "it cannot be opened; check that the directory exists and is ours",
    "SQLITE_IOERR": "the disk answers with an error; check the disk, then restart",
    "SQLITE_PERM": "access is denied; check owner and permissions",
}


DRIVER_ERROR = sqlite3.Error
"""What the driver raises when it is used past SQLAlchemy."""


class StateBusy(StateFull):
    """Another program holds the write lock: nothing was written, goes on when it lets go.

    A kind of StateFull, because the same follows from it: wait, repeat, count as alive.
    """


def translate(error: BaseException, where: str) -> StateError:
    """Turn a database error into a sentence with its cure."""
    original = getattr(error, "orig", None) or error
    name = getattr(original, "sqlite_errorname", "") or type(original).__name__
    # SHMSIZE: no room for the shared memory beside the database, which is what a full disk
    # says to whoever opens it
    full = name in {"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"}
    if full or getattr(original, "errno", None) == errno.ENOSPC:
        return StateFull(f"{where}: the disk is full; {_FULL_HINT}")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StateBusy(f"{where}: {_BUSY_HINT} ({name}{_openers(where)})")
    for code, cure in _FATAL.items():
        if name.startswith(code):
            return StateError(f"{where}: {cure} ({name})")
    return StateError(f"{where}: the database refused a statement ({name})")


def _openers(where: str) -> str:
    """Name the other processes that have the database open, as far as we may see that."""
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        pid = link.parts[2]
        with suppress(OSError):
            if str(link.readlink()) == where and int(pid) != os.getpid() and pid not in found:
                found.append(pid)
    return f"; open in process {', '.join(found)}" if found else ""


def writer_engine(path: Path, *, checkpoints: bool) -> Engine:
    """Make the engine of the one writing connection; only the daemon's may checkpoint."""
    pragmas = [
        f"PRAGMA busy_timeout={BUSY_MS}",  # first: switching to WAL can itself meet a lock
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=ON",
        "PRAGMA cell_size_check=ON",
        "PRAGMA trusted_schema=OFF",
        "PRAGMA secure_delete=ON",
        f"PRAGMA wal_autocheckpoint={1000 if checkpoints else 0}",
    ]
    return _engine(path, "rwc", pragmas, begin="BEGIN IMMEDIATE", static=True)


def reader_engine(path: Path, *, copying: bool = False) -> Engine:
    """Make an engine whose connections can only read; a few are kept open for the next use.

    `copying` allows VACUUM INTO, which SQLite takes for a write.
    """
    pragmas = [
        f"PRAGMA busy_timeout={BUSY_MS}",
        f"PRAGMA query_only={'OFF' if copying else 'ON'}",
        "PRAGMA trusted_schema=OFF",
    ]
    return _engine(path, _reading_mode(path), pragmas, begin="BEGIN", static=False)


def _reading_mode(path: Path) -> str:
    """Read as an equal, except on a volume that became read-only: nothing can be made there."""
    if not os.statvfs(path.parent).f_flag & os.ST_RDONLY:
        return "rw"
    # immutable reads without the files beside the database, but would not see a log's content
    logged = path.with_name(f"{path.name}-wal").exists()
    return "ro" if logged else "ro&immutable=1"


def empty_log(connection: sa.Connection) -> bool:
    """Move the whole write-ahead log into the database and cut it; no transaction may be open."""
    if connection.dialect.name != "sqlite":
        return True
    # past SQLAlchemy, which would begin a transaction first
    driver: Any = connection.connection.dbapi_connection
    busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def quick_check(engine: Engine, where: str) -> None:
    """Refuse a damaged database before anything is built on it."""
    try:
        with engine.connect() as connection:
            found = connection.execute(sa.text("PRAGMA quick_check(1)")).scalar()
    except DatabaseError as error:
        raise translate(error, where) from None
    if found != "ok":
        raise StateError(f"{where}: {_FATAL['SQLITE_CORRUPT']}")


def _engine(path: Path, mode: str, pragmas: list[str], *, begin: str, static: bool) -> Engine:
    engine = sa.create_engine(
        "sqlite+pysqlite://",
        creator=_connector(path, mode, pragmas),
        # opening costs a millisecond; as many more as there are threads are opened and closed
        **({"poolclass": StaticPool} if static else {"poolclass": QueuePool, "max_overflow": -1}),
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _connector(path: Path, mode: str, pragmas: list[str]) -> Callable[[], Any]:
    uri = f"{path.resolve().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # isolation_level None: we begin ourselves, so that every write is BEGIN IMMEDIATE
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000
        )
        try:
            for pragma in pragmas:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def sqlite_version() -> tuple[int, ...]:
    """Version of the SQLite library in use (for `amends check`)."""
    return sqlite3.sqlite_version_info


def free_bytes(path: Path) -> int:
    """Free space for us on the volume that holds the state."""
    stat = os.statvfs(path)
    return stat.f_bavail * stat.f_frsize
