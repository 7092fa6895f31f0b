"""Attachments: their names, which do not fit, and what carries them; pure.

The product fails on a name with anything but ASCII in it, for good.

What a browser would show as text or as a page goes as bytes without a meaning: RT turns texts
into another coding, and nothing opens it by mistake.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from connector.domain.signal import Attachment
from connector.helpdesks.request_tracker.settings import InstanceSettings
from connector.helpdesks.request_tracker.tables import Json

MAX_NAME: Final = 100
"""A longer file name is cut."""

BYTES: Final = "application/octet-stream"

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}
"""Endings that say what a file is; anything else goes as bytes."""


def plan(
    settings: InstanceSettings, attachments: Sequence[Attachment]
) -> tuple[list[Json], list[str]]:
    """Decide how each attachment goes, and give a remark on those that do not, or not as named."""
    sent: list[Json] = []
    remarks: list[str] = []
    for place, one in enumerate(attachments):
        name = safe_name(one.name, {other["name"] for other in sent})
        if one.withheld or not one.content:
            remarks.append(f"Not attached: {one.name} ({one.withheld or 'empty'})")
        elif len(one.content) > settings.max_attachment_bytes:
            remarks.append(f"Not attached: {one.name} (too large for this helpdesk)")
        else:
            sent.append({"name": name, "place": place, "sha256": one.sha256})
            if name != one.name:
                remarks.append(f"Attached as {name}: {one.name}")
    return sent, remarks


def safe_name(name: str, taken: set[str]) -> str:
    """Give a file name that does no harm and is not taken in this comment."""
    base = re.sub(r"[^A-Za-z0-9_.() -]", "_", PurePosixPath(name.replace("\\", "/")).name).strip(
        " ."
    )
    stem, dot, ending = (base or "attachment").rpartition(".")
    stem, ending = (stem, f".{ending.lower()[:10]}") if dot and stem else (base or "attachment", "")
    stem = stem[: MAX_NAME - len(ending) - 6]
    number = 1
    while (unique := f"{stem}{f'-{number}' if number > 1 else ''}{ending}") in taken:
        number += 1
    return unique


def carried(planned: Sequence[Json], attachments: Sequence[Attachment]) -> list[Json]:
    """Give the files as the API takes them."""
    return [
        {
            "FileName": one["name"],
            "FileType": MEDIA_TYPES.get(one["name"].rpartition(".")[2], BYTES),
            "FileContent": base64.b64encode(attachments[one["place"]].content).decode(),
        }
        for one in planned
    ]
