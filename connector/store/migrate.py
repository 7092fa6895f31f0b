"""Bring a database to this program's schema, in one transaction."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.errors import StateError

HEAD = "0015"
"""The newest step; a test compares it with the scripts."""


def current(connection: Connection) -> str | None:
    """Say at which step the database is; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(sa.text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row else None


def refuse_newer(at: str, where: str) -> None:
    """Raise StateError for a database made by a newer program."""
    if at > HEAD:
        raise StateError(
            f"{where}: the database was made by a newer amends (schema {at}, this program knows "
            f"{HEAD}); install that version again or restore a backup"
        )


def migrate(connection: Connection, where: str) -> None:
    """Run the missing steps; refuses a database made by a newer program."""
    at = current(connection)
    if at == HEAD:
        return
    if at is not None:
        refuse_newer(at, where)
    # imported here: alembic takes longer to import than a start with nothing to do
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
