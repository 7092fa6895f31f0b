"""What somebody with the database file can do to a ledger, by plain SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from connector.domain.ledger import GENESIS, entry_hash
from connector.store.migrations.versions.v0001_first import APPEND_ONLY

Tamper = Callable[[sqlite3.Connection], object]


def tamper(state: Path, *acts: Tamper | str) -> None:
    """Drop the guards, act (a statement, or a function), and put the guards back."""
    with closing(sqlite3.connect(state / "amends.db")) as connection, connection:
        for verb in APPEND_ONLY:
            connection.execute(f"DROP TRIGGER ledger_no_{verb}")
        for act in acts:
            if isinstance(act, str):
                assert connection.execute(act).rowcount != 0, "nothing was tampered with"
            else:
                act(connection)
        for verb, guard in APPEND_ONLY.items():
            connection.execute(f"CREATE TRIGGER ledger_no_{verb} {guard}")


def recompute(connection: sqlite3.Connection) -> None:
    """Number and chain all entries anew, so that the arithmetic holds again."""
    chains = [row[0] for row in connection.execute("SELECT DISTINCT chain_id FROM ledger")]
    for chain in chains:
        rows = connection.execute(
            "SELECT at, actor, action, case_id, body FROM ledger WHERE chain_id = ? ORDER BY seq",
            (chain,),
        ).fetchall()
        connection.execute("DELETE FROM ledger WHERE chain_id = ?", (chain,))
        prev = GENESIS
        for seq, (at, actor, action, case_id, body) in enumerate(rows, start=1):
            digest = entry_hash(
                prev=prev,
                chain_id=chain,
                seq=seq,
                at=datetime.fromisoformat(at),
                actor=actor,
                action=action,
                case_id=case_id,
                body=json.loads(body),
            )
            connection.execute(
                "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (chain, seq, at, actor, action, case_id, body, prev, digest),
            )
            prev = digest
