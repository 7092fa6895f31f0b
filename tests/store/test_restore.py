"""A database that was put back is noticed by its witness, however it came about."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from connector.domain.errors import StateError
from connector.store import copies, head, migrate, restoring
from connector.store.engine import DATABASE
from connector.store.head import HEAD, Head, HeadFile
from connector.store.store import Store
from connector.testing.builders import Clock, a_store


def note(store: Store, action: str = "x.y") -> None:
    store.write(lambda tx: tx.record(action))


def put_back(backup: Path, state: Path) -> None:
    for path in state.glob(f"{DATABASE}*"):
        path.unlink()
    shutil.copy(backup, state / DATABASE)


def reopened(state: Path, clock: Clock) -> str:
    """Start the daemon once; say why it went into recovery, or nothing."""
    store = a_store(state, clock)
    try:
        return store.recovery.why if store.recovery and store.recovery.active else ""
    finally:
        store.close()


@pytest.fixture
def backup(store: Store, state: Path, tmp_path: Path) -> Path:
    note(store)
    copies.copy_to(state / DATABASE, tmp_path / "backup.db")
    return tmp_path / "backup.db"


def test_a_state_that_was_left_alone_is_not_suspected(
    store: Store, state: Path, clock: Clock
) -> None:
    note(store)
    store.close()
    assert reopened(state, clock) == ""
    assert reopened(state, clock) == ""


def test_yesterdays_copy_put_back_by_hand_is_noticed(
    store: Store, state: Path, clock: Clock, backup: Path
) -> None:
    note(store, "lost.action")
    store.close()
    before = clock.now
    put_back(backup, state)
    clock.advance(86_400)
    again = a_store(state, clock)
    recovery = again.recovery
    assert recovery is not None
    assert (recovery.why, recovery.epoch, recovery.active) == ("ledger_shorter", 1, True)
    assert (recovery.lost_from, recovery.since) == (before, clock.now)
    again.close()
    clock.advance(60)
    assert reopened(state, clock) == "ledger_shorter", "it lasts until it was ended"


def test_a_copy_with_a_history_of_its_own_is_noticed(
    store: Store, state: Path, clock: Clock, backup: Path
) -> None:
    note(store, "one.thing")
    store.close()
    shutil.copytree(state, state.with_name("fork"))
    put_back(backup, state.with_name("fork"))
    (state.with_name("fork") / HEAD).unlink()
    fork = a_store(state.with_name("fork"), clock)
    for _ in range(3):
        note(fork, "another.thing")
    fork.close()
    put_back(state.with_name("fork") / DATABASE, state)
    assert reopened(state, clock) == "ledger_differs"


def test_a_database_without_its_witness_is_an_old_one(
    store: Store, state: Path, clock: Clock
) -> None:
    """As when only the database was copied to a new machine."""
    note(store)
    store.close()
    (state / HEAD).unlink()
    assert reopened(state, clock) == "head_missing"


def test_a_torn_slot_of_the_witness_leaves_the_other_one(
    store: Store, state: Path, clock: Clock
) -> None:
    for _ in range(5):
        note(store)
    store.close()
    image = bytearray((state / HEAD).read_bytes())
    known = head.read(state)
    assert known is not None
    slot = known.turn % head.SLOTS * head.SLOT_BYTES
    image[slot + 40 : slot + 60] = b"\0" * 20
    (state / HEAD).write_bytes(image)
    older = head.read(state)
    assert older is not None
    assert older.turn == known.turn - 1
    assert reopened(state, clock) == ""


@pytest.mark.parametrize("content", [b"", b"\0" * 2_048, b"amends\n" * 400, b"\xff" * 3_000])
def test_nonsense_is_no_witness(tmp_path: Path, content: bytes) -> None:
    (tmp_path / HEAD).write_bytes(content)
    assert head.read(tmp_path) is None


def test_the_log_that_was_deleted_after_a_death_is_noticed(state: Path, clock: Clock) -> None:
    a_store(state, clock).close()
    program = (
        "import os, pathlib; from connector.store.store import Store; "
        f"s = Store(pathlib.Path({str(state)!r}), role='daemon', actor='d'); "
        "[s.write(lambda tx: tx.record('x.y')) for _ in range(3)]; os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert ended.returncode == -9
    for end in ("-wal", "-shm"):
        (state / f"{DATABASE}{end}").unlink()
    assert reopened(state, clock) == "ledger_shorter"


def test_a_death_alone_is_not_suspected(state: Path, clock: Clock) -> None:
    program = (
        "import os, pathlib; from connector.store.store import Store; "
        f"s = Store(pathlib.Path({str(state)!r}), role='daemon', actor='d'); "
        "[s.write(lambda tx: tx.record('x.y')) for _ in range(3)]; os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    known = head.read(state)
    assert known is not None
    assert known.chains["daemon"][0] == 3, "written before anybody was told of the commit"
    assert reopened(state, clock) == ""


@pytest.mark.parametrize(("log", "why"), [(True, ""), (False, "log_missing")])
def test_after_a_power_cut_a_missing_log_is_believed_lost(
    store: Store, state: Path, clock: Clock, log: bool, why: str
) -> None:
    note(store)
    store.close()
    known = head.read(state)
    assert known is not None
    HeadFile(
        state,
        Head(
            instance=known.instance,
            epoch=0,
            boot="another start of this machine",
            clean=False,
            turn=known.turn,
            chains=known.chains,
        ),
    ).close()
    if log:
        (state / f"{DATABASE}-wal").touch()
    assert reopened(state, clock) == why


def test_the_database_of_another_installation_is_refused(
    store: Store, state: Path, clock: Clock, tmp_path: Path
) -> None:
    note(store)
    store.close()
    other = a_store(tmp_path / "other", clock, seed=2)
    note(other)
    other.close()
    put_back(tmp_path / "other" / DATABASE, state)
    with pytest.raises(StateError, match="another installation"):
        a_store(state, clock)


def test_what_is_refused_by_the_disk_is_not_in_the_witness(store: Store, state: Path) -> None:
    note(store)

    def fail(tx: object) -> None:
        tx.record("never.happened")  # type: ignore[attr-defined]
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - ours, from above
        store.write(fail)
    store.remember()
    known = head.read(state)
    assert known is not None
    assert known.chains["daemon"][0] == 1


def test_what_commands_did_is_in_the_witness_too(store: Store, state: Path, clock: Clock) -> None:
    command = a_store(state, clock, role="command")
    note(command)
    command.close()
    store.remember()
    known = head.read(state)
    assert known is not None
    assert known.chains["command"][0] == 1


def test_a_second_restore_during_recovery_goes_back_further(
    store: Store, state: Path, clock: Clock, backup: Path
) -> None:
    begin = clock.now
    for epoch in (1, 2):
        if store._writer is not None:
            note(store, "lost.action")
            store.close()
        put_back(backup, state)
        clock.advance(3_600)
        again = a_store(state, clock)
        assert again.recovery is not None
        assert (again.recovery.epoch, again.recovery.lost_from) == (epoch, begin)
        note(again)
        again.close()


def test_recovery_doubts_later_what_happened_before(
    store: Store, state: Path, clock: Clock, backup: Path
) -> None:
    note(store)
    store.close()
    put_back(backup, state)
    again = a_store(state, clock)
    recovery = again.recovery
    assert recovery is not None
    again.write(lambda tx: restoring.end(tx.connection) and None)
    again.refresh()
    assert again.recovery is not None
    assert not again.recovery.active
    with again.read() as connection:
        assert not restoring.doubts(again.recovery, connection, "C-NONE", "open")
    again.close()


# copies


def test_a_copy_is_whole_and_for_its_owner_alone(backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    with copies.opened(backup) as connection:
        assert copies.instance_of(connection)


def test_a_copy_overwrites_nothing(store: Store, state: Path, tmp_path: Path) -> None:
    del store
    (tmp_path / "there").write_text("precious")
    with pytest.raises(FileExistsError):
        copies.copy_to(state / DATABASE, tmp_path / "there")
    assert (tmp_path / "there").read_text() == "precious"


def test_before_a_migration_the_database_is_copied(
    store: Store, state: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(store)
    store.close()
    with closing(sqlite3.connect(state / DATABASE)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    monkeypatch.setattr(migrate, "migrate", lambda *_: None)
    a_store(state, clock).close()
    kept = state / f"before-{migrate.HEAD}.db"
    assert kept.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT count(*) FROM ledger").fetchone() == (1,)


def test_a_restored_moment_is_read_back_as_it_was(store: Store, clock: Clock) -> None:
    recovery = restoring.Recovery(
        epoch=3,
        since=clock.now,
        lost_from=clock.now - timedelta(microseconds=1),
        why="restored",
        settled_at=clock.now,
        read=frozenset({"a/b"}),
        active=False,
    )
    store.write(lambda tx: restoring._store(tx.connection, recovery))
    store.refresh()
    assert store.recovery == recovery
