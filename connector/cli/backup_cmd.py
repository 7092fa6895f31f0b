"""`amends backup` and `amends restore`: a copy of the state, and putting it back."""

from __future__ import annotations

import os
import shutil
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from connector.audit.verify import Verification, verify
from connector.cli.common import config_option, echo_json, json_option
from connector.cli.state import become_owner, open_state
from connector.domain.errors import LedgerError, StateError
from connector.settings import Settings, load
from connector.store import copies, engine
from connector.store.store import Store


@click.command("backup", short_help="Copy the state into a file, beside the running daemon.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--no-record", is_flag=True, help="Write nothing to the state, as when its disk is full."
)
@config_option
@json_option
def backup(*, file: Path, no_record: bool, config: Path | None, as_json: bool) -> None:
    """Copy the database into FILE, in one consistent view, and verify the copy.

    Works beside the running daemon. FILE must not exist; only its owner can read it. It
    holds patients' words and the installation's key: keep it encrypted. Exit code 74 when
    the copy does not verify; then no file is left.
    """
    settings = load(config)
    with (
        _made(file) as target,  # before root becomes the owner of the state
        closing(open_state(settings, "reader" if no_record else "command")) as store,
    ):
        if not no_record:
            store.write(lambda tx: tx.record("backup.made"))
        found = _copy(store, target)
    size = file.stat().st_size if os.access(file.parent, os.X_OK) else 0
    if as_json:
        echo_json({"file": str(file), "bytes": size, "verification": found.plain()})
    else:
        click.echo(f"{file}: {size} bytes, verified")


@click.command("restore", short_help="Put a backup in place; tell that one was put back.")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@config_option
@json_option
def restore(*, file: Path | None, config: Path | None, as_json: bool) -> None:
    """Put the backup FILE in place of the database. The daemon must be stopped.

    The database that is there is kept beside it. At its next start the daemon looks in the
    helpdesk for everything that it may have done since the backup, before it does it.

    Without FILE the database stays: it was put back by other means, as with a snapshot of
    the whole machine, and only that is noted. Exit code 75 while a daemon runs.
    """
    settings = load(config)
    kept: Path | None = None
    if file is None:
        _only_mark(settings)
    else:
        with file.open("rb") as source:  # before root becomes the owner of the state
            kept = _put_back(settings, source)
    if as_json:
        echo_json({"restored": str(file or ""), "kept": str(kept or "")})
        return
    click.echo("restored; start the daemon: it looks for what was done since before it goes on")
    if kept is not None:
        click.echo(f"the database that was there is kept as {kept}")


class _made:  # noqa: N801 - used as a function
    """An output file made before anything is read; none is left half."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(self._path, flags, 0o600), "wb")
        return self._file

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            with suppress(OSError):
                self._file.truncate(0)  # who became another user cannot remove it
                self._path.unlink()
        self._file.close()


def _copy(store: Store, target: BinaryIO) -> Verification:
    """Copy within the state directory first: the target may be closed to the state's owner."""
    part = store.state_dir / f"backup-{os.getpid()}.part"
    part.unlink(missing_ok=True)
    copies.copy_to(store.state_dir / engine.DATABASE, part)
    try:
        found = _verified(part, store.clock())
        with part.open("rb") as source:
            shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
    finally:
        part.unlink(missing_ok=True)
    return found


def _verified(part: Path, at: datetime) -> Verification:
    with copies.opened(part) as connection:
        found = verify(connection, instance=copies.instance_of(connection), at=at)
    if not found.ok:
        first = found.faults[0].what if found.faults else ""
        raise LedgerError(f"{found.fault_count} faults in the record, as: {first}")
    return found


def _at_home(settings: Settings) -> Path:
    state_dir = settings.state_dir
    if not state_dir.is_dir():
        raise StateError(
            f"{state_dir} does not exist; make it and give it to the user that runs amends "
            f"(install -d -m 700 -o amends -g amends {state_dir})"
        )
    become_owner(state_dir)
    return state_dir


def _only_mark(settings: Settings) -> None:
    state_dir = _at_home(settings)
    database = state_dir / engine.DATABASE
    with copies.without_daemon(state_dir):
        if not database.exists():
            raise StateError(f"{database}: there is no database; name the backup to restore")
        with copies.opened(database):
            pass
        copies.mark(database)


def _put_back(settings: Settings, source: BinaryIO) -> Path | None:
    state_dir, at = _at_home(settings), datetime.now(UTC)
    with copies.without_daemon(state_dir):
        part = copies.bring(source, state_dir, at)
        try:
            found = _verified(part, at)
            copies.refuse_stranger(state_dir, found.checkpoint.instance)
            copies.mark(part)
            return copies.put_in_place(part, state_dir, at)
        finally:
            for path in state_dir.glob(f"{part.name}*"):
                path.unlink()
