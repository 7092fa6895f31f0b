"""Rows of an archive that nobody has to judge and nobody knew: written without being looked up.

The first import of an archive is a million of them. Their keys are in no order, so looking each
up and then writing it would read every page of the table twice a batch. Here a few of them are
looked up; where none of those is known, all are inserted, and the primary key says whether that
was right. If not, nothing was written, and they go the way of every other row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from connector.domain.response import ExportRow, Row
from connector.store import response_rows as rows_of
from connector.store.response_rows import Known, State

STATES: Final[Mapping[Row, State]] = {
    row: State[row.name] for row in Row if row.name in State.__members__
}
"""What is known of a row that came to this end."""
WRITTEN_AT_ONCE: Final = 5_000
"""So many rows are made ready for the database together."""


def insert_unknown(
    connection: Connection,
    entries: Sequence[ExportRow],
    ids: Sequence[bytes],
    form: bytes,
    version: bytes,
) -> Counter[Row] | None:
    """Insert rows under these identities if none is known, and say how many came to which end.

    None, with nothing written: one of them is known, comes twice, may be somebody's edit, or has
    to be judged. `form` and `version` are those of the export.
    """
    passed = [one.passed for one in entries if one.passed is not None and not one.traces]
    if not entries or len(passed) < len(entries) or len(set(ids)) < len(ids):
        return None
    if rows_of.known(connection, _sample(ids)):
        return None
    states = [STATES[why] for why in passed]
    # in the order of the key, so that neighbours are written together
    order = sorted(range(len(ids)), key=ids.__getitem__)
    try:
        with connection.begin_nested():
            for start in range(0, len(order), WRITTEN_AT_ONCE):
                some = order[start : start + WRITTEN_AT_ONCE]
                lines = [
                    (ids[at], form + entries[at].content, version, entries[at].stamp, states[at])
                    for at in some
                ]
                rows_of.insert(connection, lines)
    except IntegrityError:
        return None
    return Counter(passed)


def _sample(ids: Sequence[bytes]) -> Sequence[bytes]:
    """Choose as many as one statement asks for, evenly."""
    return ids[:: max(1, -(-len(ids) // rows_of.AT_ONCE))]


def first_known(entry: ExportRow, form: bytes, version: bytes) -> Known:
    """Give what is known of a response from its first row on."""
    state = State.JUDGED if entry.passed is None else STATES[entry.passed]
    return Known(form + entry.content, version, entry.stamp, 0, state, None)
