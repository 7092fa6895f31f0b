"""Files of signals and notes: stored once, referred to by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.signal import Attachment
from connector.store import content
from connector.store.schema import content_file
from connector.store.store import Tx


def put(
    tx: Tx, owner_id: int, attachments: Sequence[Attachment], known: Mapping[str, int] | None = None
) -> None:
    """Attach files to a content row; `known` maps sha256 to content rows that hold them already."""
    have = dict(known or {})
    rows = []
    for position, attachment in enumerate(attachments):
        digest = attachment.sha256
        if digest not in have:
            have[digest], _ = tx.put("file", attachment.content)
        rows.append({"owner_id": owner_id, "position": position, "file_id": have[digest]})
    if rows:
        tx.connection.execute(sa.insert(content_file), rows)


def ids(connection: Connection, owner_id: int | None) -> list[int | None]:
    """Content ids of the files of a content row, in order."""
    found = connection.execute(
        sa.select(content_file.c.file_id)
        .where(content_file.c.owner_id == owner_id)
        .order_by(content_file.c.position)
    )
    return [row[0] for row in found]


def get(connection: Connection, owner_id: int | None) -> list[bytes]:
    """Contents of the files of a content row, in order; erased ones come empty."""
    return [content.get(connection, file_id) or b"" for file_id in ids(connection, owner_id)]
