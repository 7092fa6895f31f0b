"""Outlook's containers among the files of a mail: what was packed in them is read as if sent."""

from __future__ import annotations

from typing import Final

from connector.parsing.html import html_to_text
from connector.parsing.mail_charset import safe_text
from connector.parsing.mail_mime import Part
from connector.parsing.tnef import NAME, TYPES, Tnef, read_tnef

MAX_CONTAINERS: Final = 5
"""Containers behind these stay as they are."""
MAX_TEXT_CHARS: Final = 262_144


def unpacked(files: list[Part]) -> dict[int, Tnef]:
    """Unpack the containers among files, by place; those that are damaged stay files."""
    found: dict[int, Tnef] = {}
    for place, part in enumerate(files):
        named = part.filename[:200].lower().endswith(NAME)
        if part.content_type not in TYPES and not named:
            continue
        tnef = read_tnef(part.data())
        if tnef is not None:
            found[place] = tnef
        if len(found) == MAX_CONTAINERS:
            break
    return found


def packed_text(packed: dict[int, Tnef]) -> str:
    """Give the first text that was packed."""
    for tnef in packed.values():
        text = tnef.text or html_to_text(tnef.html)
        if text.strip():
            unified = text.replace("\r\n", "\n").replace("\r", "\n")
            return safe_text(unified[:MAX_TEXT_CHARS]).strip("\n")
    return ""
