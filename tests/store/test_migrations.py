from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from connector.domain.errors import StateError
from connector.store import migrate
from connector.store.engine import DATABASE
from connector.store.schema import metadata
from connector.store.store import Store
from connector.testing.builders import Clock, a_store


def _tables(state: Path) -> set[str]:
    with sqlite3.connect(state / DATABASE) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return {row[0] for row in rows}


def test_a_migrated_database_is_what_the_tables_say(store: Store) -> None:
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_migrated_database_has_the_constraints_of_the_tables(store: Store) -> None:
    with store.read() as connection:
        found = sa.inspect(connection)
        for table in metadata.sorted_tables:
            checks = {row["name"] for row in found.get_check_constraints(table.name)}
            wanted = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
            assert checks == wanted, table.name
            partial = {
                row["name"]: row["dialect_options"].get("sqlite_where")
                for row in found.get_indexes(table.name)
            }
            for index in table.indexes:
                where = index.dialect_options["sqlite"]["where"]
                assert (partial[str(index.name)] is None) == (where is None), index.name


def test_the_known_head_is_the_newest_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_a_database_of_a_newer_program_is_refused_and_left_as_it_is(
    store: Store, state: Path, clock: Clock
) -> None:
    store.close()
    with sqlite3.connect(state / DATABASE) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = (state / DATABASE).read_bytes()
    with pytest.raises(StateError, match=r"newer amends \(schema 9999"):
        a_store(state, clock)
    assert (state / DATABASE).read_bytes() == before


def test_a_migration_that_is_cut_short_leaves_nothing_and_runs_again(
    state: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = op.create_table

    def cut(name: str, *rest: object, **more: object) -> object:
        if name == "signal":
            raise KeyboardInterrupt
        return make(name, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(op, "create_table", cut)
        with pytest.raises(KeyboardInterrupt):
            a_store(state, clock)
    assert _tables(state) == set()
    again = a_store(state, clock)
    again.close()
    assert set(metadata.tables) <= _tables(state)


def test_opening_again_changes_neither_schema_nor_secret(state: Path, clock: Clock) -> None:
    first = a_store(state, clock, seed=1)
    first.close()
    second = a_store(state, clock, seed=2)
    second.close()
    assert (first.secret, first.instance) == (second.secret, second.instance)
