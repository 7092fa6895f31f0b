"""Files of a mail: which go on to the helpdesk, which are held back, which are only decoration."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from connector.domain.signal import Attachment, Signal
from connector.parsing.file_types import danger_of
from connector.parsing.mail import Mail, parse_mail

MAX_MAILS_DEEP: Final = 2
"""Mails attached to attached mails below this depth are held back."""

_MAIL_TYPES: Final = frozenset({"message/rfc822", "message/global"})
_PICTURES: Final = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"BM", b"RIFF", b"<svg")


class FileOptions(BaseModel):
    """What happens to files that come with mail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decoration_bytes: int = Field(
        default=10_240,
        ge=0,
        le=1_048_576,
        description="Pictures up to this size that a mail shows within its text (logos of "
        "signatures) are left out; 0 keeps them.",
    )
    hold_back: tuple[str, ...] = Field(
        default=(),
        description="Endings of further files that never go to the helpdesk (`.html`); programs, "
        "scripts, office macros, disk images and archives with such never do.",
    )


def with_safe_files(mail: Mail, signal: Signal, options: FileOptions) -> Signal:
    """Give the signal without decoration, dangerous files named but without their content.

    The original message keeps everything. Facts: `decoration` (how many were left out),
    `held_back` (name, reason and SHA-256 of each file that was held back).
    """
    if not signal.attachments:
        return signal
    kept: list[Attachment] = []
    held: list[str] = []
    seen: set[str] = set()
    decoration = 0
    for place, file in enumerate(signal.attachments):
        again = bool(file.content) and file.sha256 in seen
        seen.add(file.sha256)
        if _is_decoration(file, options, shown=place in mail.pictures) or again:
            decoration += 1
            continue
        why = "" if file.withheld else _danger(file, options, depth=0)
        if why:
            held.append(f"{file.name}: {why}, sha256 {file.sha256}")
        kept.append(replace(file, content=b"", withheld=why) if why else file)
    facts = dict(signal.facts)
    if decoration:
        facts["decoration"] = decoration
    if held:
        facts["held_back"] = tuple(held)
    return replace(signal, attachments=tuple(kept), facts=facts)


def _is_decoration(file: Attachment, options: FileOptions, *, shown: bool) -> bool:
    return (
        shown
        and len(file.content) <= options.decoration_bytes
        and file.content.startswith(_PICTURES)
    )


def _danger(file: Attachment, options: FileOptions, *, depth: int) -> str:
    """Say why a file is held back; attached mails are looked through for theirs."""
    if file.name.casefold().endswith(tuple(end.casefold() for end in options.hold_back if end)):
        return "held back by the practice"
    why = danger_of(file.name, file.content)
    if why or not (file.media_type in _MAIL_TYPES or file.name.casefold().endswith(".eml")):
        return why
    if depth >= MAX_MAILS_DEEP:
        return "mails within mails"
    inner = parse_mail(file.content, max_attachment_bytes=len(file.content))
    reasons = (_danger(one, options, depth=depth + 1) for one in inner.attachments)
    return next((f"a mail with {reason} in it" for reason in reasons if reason), "")
