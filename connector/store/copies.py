"""Backups of the database, and putting one back.

A copy is made by SQLite itself (`VACUUM INTO`) in one consistent view, beside a running
daemon. Putting one back needs the daemon's lock, keeps what was there, and marks the
database, so that the next start looks for what may have been done since.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from connector.domain.errors import StateError
from connector.store import engine, head, lock, migrate, restoring
from connector.store.schema import meta

_BESIDE = ("", "-wal", "-shm")
"""A database and its files."""


def copy_to(database: Path, target: Path) -> None:
    """Copy a live database into a new file, readable for its owner alone.

    Raises StateError when the disk or the database refuses; then nothing is left.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    reader = engine.reader_engine(database, copying=True)
    try:
        with reader.connect() as connection:
            driver = connection.connection.dbapi_connection
            assert driver is not None  # noqa: S101 - a fresh connection has one
            # past SQLAlchemy, which would begin a transaction first; an empty file is accepted
            driver.cursor().execute("VACUUM INTO ?", (str(target),))
        _flush(target)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, engine.DRIVER_ERROR):
            raise engine.translate(error, str(database)) from None
        raise
    finally:
        reader.dispose()


@contextmanager
def opened(database: Path) -> Iterator[Connection]:
    """Check a copy and lend it for reading. Raises StateError when it is damaged or too new."""
    reader = engine.reader_engine(database)
    try:
        engine.quick_check(reader, str(database))
        with reader.connect() as connection, connection.begin():
            at = migrate.current(connection)
            if at is None:
                raise StateError(f"{database}: this is no database of amends")
            migrate.refuse_newer(at, str(database))
            yield connection
    except DatabaseError as error:
        raise engine.translate(error, str(database)) from None
    finally:
        reader.dispose()


def instance_of(connection: Connection) -> str:
    """Id of the installation that a database belongs to."""
    value = connection.execute(sa.select(meta.c.value).where(meta.c.key == "instance")).scalar()
    return "" if value is None else bytes(value).hex()


@contextmanager
def without_daemon(state_dir: Path) -> Iterator[None]:
    """Keep every daemon out. Raises StateLocked naming the one that runs."""
    with closing(lock.take(state_dir)) as held:
        if not lock.founded(state_dir):
            lock.found(held)
        yield


def bring(source: IO[bytes], state_dir: Path, at: datetime) -> Path:
    """Copy a backup beside the database, for its owner alone; gives where it lies."""
    part = state_dir / f"restoring-{at:%Y%m%dT%H%M%S}.part"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            shutil.copyfileobj(source, file)
        _flush(part)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise StateError(f"{part}: cannot be written ({error.strerror})") from None
    return part


def refuse_stranger(state_dir: Path, instance: str) -> None:
    """Refuse the backup of another installation: with its keys every ticket would come again."""
    known = head.read(state_dir)
    if known is not None and known.instance != instance:
        raise StateError(
            f"the backup is that of another installation ({instance}, not {known.instance}); "
            f"remove {state_dir / head.HEAD} only if you mean to go on with it"
        )


def mark(database: Path) -> None:
    """Let the next start of the daemon look for everything first."""
    writing = engine.writer_engine(database, checkpoints=True)
    try:
        with writing.connect() as connection, connection.begin():
            restoring.mark(connection)
        with writing.connect() as connection:
            engine.empty_log(connection)
    except DatabaseError as error:
        raise engine.translate(error, str(database)) from None
    finally:
        writing.dispose()


def put_in_place(part: Path, state_dir: Path, at: datetime) -> Path | None:
    """Rename the checked copy to the database; gives where the one before is kept, if any."""
    database = state_dir / engine.DATABASE
    kept: Path | None = state_dir / f"kept-{at:%Y%m%dT%H%M%S}.db"
    if not any(_beside(database, end).exists() for end in _BESIDE):
        kept = None
    try:
        for end in _BESIDE:
            if kept is not None and _beside(database, end).exists():
                _beside(database, end).rename(_beside(kept, end))
        part.rename(database)
        _flush(state_dir)
    except OSError as error:
        raise StateError(f"{database}: cannot be put in place ({error.strerror})") from None
    return kept


def _beside(database: Path, end: str) -> Path:
    return database.with_name(f"{database.name}{end}")


def _flush(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
