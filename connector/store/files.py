"""Files of signals and notes: stored once, referred to by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.signal import Attachment
from connector.store import content
from connector.store.schema import content_file
from connector.store.store import Tx

_FILES: Final = (
    sa.select(content_file.c.owner_id, content_file.c.file_id)
    .where(content_file.c.owner_id.in_(sa.bindparam("owners", expanding=True)))
    .order_by(content_file.c.owner_id, content_file.c.position)
)


def put(
    tx: Tx, owner_id: int, attachments: Sequence[Attachment], known: Mapping[str, int] | None = None
) -> None:
    """Attach files to a content row; `known` maps sha256 to content rows that hold them already."""
    have = dict(known or {})
    for position, attachment in enumerate(attachments):
        digest = attachment.sha256
        if digest not in have:
            have[digest], _ = tx.put("file", attachment.content)
        tx.later(
            content_file, {"owner_id": owner_id, "position": position, "file_id": have[digest]}
        )


def ids(connection: Connection, owner_id: int | None) -> list[int | None]:
    """Content ids of the files of a content row, in order."""
    return [] if owner_id is None else of_all(connection, [owner_id]).get(owner_id, [])


def of_all(connection: Connection, owners: Sequence[int]) -> dict[int, list[int | None]]:
    """Content ids of the files of many content rows, in order; rows without files are left out."""
    found: dict[int, list[int | None]] = {}
    for start in range(0, len(owners), content.AT_ONCE):
        part = owners[start : start + content.AT_ONCE]
        for row in connection.execute(_FILES, {"owners": part}):
            found.setdefault(row.owner_id, []).append(row.file_id)
    return found


def get(connection: Connection, owner_id: int | None) -> list[bytes]:
    """Contents of the files of a content row, in order; erased ones come empty."""
    return [content.get(connection, file_id) or b"" for file_id in ids(connection, owner_id)]
