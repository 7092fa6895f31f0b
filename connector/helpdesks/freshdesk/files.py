"""Attachments: their names, which do not fit, and the form that carries them; pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from connector.domain.signal import Attachment
from connector.helpdesks.freshdesk.settings import MAX_TICKET_BYTES, AccountSettings
from connector.helpdesks.freshdesk.tables import Json

MAX_NAME: Final = 100
"""A longer file name is cut."""

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "txt": "text/plain",
    "asc": "text/plain",
    "csv": "text/csv",
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "heic": "image/heic",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "eml": "message/rfc822",
}
"""Endings under which files are sent as they are. Anything else goes as .txt with the same
bytes: an agent who clicks on it runs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An attachment as it is sent."""

    name: str
    """Unique within its note; without quotes and line breaks."""
    content: bytes

    @property
    def media_type(self) -> str:
        """What its ending stands for."""
        return MEDIA_TYPES.get(self.name.rpartition(".")[2], "application/octet-stream")


def plan(
    settings: AccountSettings, attachments: Sequence[Attachment]
) -> tuple[list[tuple[str, int]], list[str]]:
    """Decide how each attachment goes: name and place of those sent, a remark on the others."""
    sent: list[tuple[str, int]] = []
    remarks: list[str] = []
    for place, attachment in enumerate(attachments):
        name = safe_name(attachment.name, {name for name, _ in sent})
        if attachment.withheld or not attachment.content:
            remarks.append(f"Not attached: {attachment.name} ({attachment.withheld or 'empty'})")
        elif len(attachment.content) > settings.max_attachment_bytes:
            remarks.append(f"Not attached: {attachment.name} (too large for this helpdesk)")
        else:
            sent.append((name, place))
            if name != attachment.name:
                remarks.append(f"Attached as {name}: {attachment.name}")
    return sent, remarks


def safe_name(name: str, taken: set[str]) -> str:
    """Give a file name that does no harm and is not taken in this note."""
    base = re.sub(r"[^\w.() -]", "_", PurePosixPath(name.replace("\\", "/")).name).strip(" .")
    stem, dot, ending = (base or "attachment").rpartition(".")
    stem, ending = (stem, ending.lower()) if dot and stem else (base or "attachment", "")
    if ending not in MEDIA_TYPES:
        stem, ending = (f"{stem}.{ending}" if ending else stem), "txt"
    stem = stem[: MAX_NAME - len(ending) - 6]
    number = 1
    while (unique := f"{stem}{f'-{number}' if number > 1 else ''}.{ending}") in taken:
        number += 1
    return unique


def weight(holders: Iterable[Json]) -> int:
    """Give how many bytes of files a ticket and its conversations hold.

    The reference prints `file_size` in places; live answers say `size`.
    """
    return sum(
        file.get("size") or file.get("file_size") or 0
        for holder in holders
        for file in holder.get("attachments") or ()
    )


def fitting(files: Sequence[File], already: int) -> list[File]:
    """Give those files, in order, for which the ticket still has room."""
    kept: list[File] = []
    room = MAX_TICKET_BYTES - already
    for file in files:
        if len(file.content) <= room:
            kept.append(file)
            room -= len(file.content)
    return kept


def multipart(fields: Mapping[str, str], files: Sequence[File]) -> tuple[str, bytes]:
    """Assemble a form with files as `attachments[]`; the same input gives the same bytes.

    The boundary comes from the content: 256 bits that the content cannot hold by accident.
    """
    proof = hashlib.sha256("\x00".join(fields.values()).encode())
    for file in files:
        proof.update(file.content)
    boundary = f"amends-{proof.hexdigest()}"
    parts: list[bytes] = []
    for name, value in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        parts += [head.encode(), value.encode(), b"\r\n"]
    for file in files:
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="attachments[]"; '
            f'filename="{file.name}"\r\nContent-Type: {file.media_type}\r\n\r\n'
        )
        parts += [head.encode(), file.content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)
