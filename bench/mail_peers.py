"""Libraries that read mail or replies, behind one face; each is left out where it is missing."""

from __future__ import annotations

import email
import email.policy
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from importlib.metadata import PackageNotFoundError, version
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a library says of a message."""

    sender: str
    subject: str
    body: str
    files: int


Reader = Callable[[bytes], Read]
"""May raise."""
Replier = Callable[[str], str]
"""A text to the reply in it; may raise."""
LANGUAGES = ("cs", "da", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "zh")


def naive(raw: bytes) -> Message:
    """Read a message as a program without special care does: structure and decoded bodies."""
    message = email.message_from_bytes(raw)
    for part in message.walk():
        part.get_payload(decode=True)
    return message


def readers() -> dict[str, Reader]:
    """Give the libraries that read messages."""
    found = {"stdlib compat32": _compat32, "stdlib policy.default": _policy_default}
    if (mailparser := _module("mail-parser", "mailparser")) is not None:

        def _mailparser(raw: bytes) -> Read:
            mail = mailparser.parse_from_bytes(raw)
            subject = mail.subject or ""
            first = subject[0] if isinstance(subject, list) else subject
            return Read(
                sender=mail.from_[0][1] if mail.from_ else "",
                subject=str(first),
                body="\n".join(mail.text_plain),
                files=len(mail.attachments),
            )

        found[_named("mail-parser")] = _mailparser
    return found


def repliers() -> dict[str, Replier]:
    """Give the libraries that take quotes off."""
    found: dict[str, Replier] = {}
    if (talon := _module("talon", "talon.quotations")) is not None:
        found[_named("talon")] = talon.extract_from_plain
    if (many := _module("mail-parser-reply", "mailparser_reply")) is not None:
        parser = many.EmailReplyParser(languages=list(LANGUAGES))
        found[_named("mail-parser-reply")] = lambda text: str(parser.parse_reply(text) or "")
    if (github := _module("email-reply-parser", "email_reply_parser")) is not None:
        found[_named("email-reply-parser")] = github.EmailReplyParser.parse_reply
    if (quotequail := _module("quotequail", "quotequail")) is not None:
        found[_named("quotequail")] = lambda text: "\n".join(
            part for shown, part in quotequail.quote(text) if shown
        )
    return found


def _named(project: str) -> str:
    return f"{project} {version(project)}"


def _module(project: str, module: str) -> Any | None:
    try:
        version(project)
    except PackageNotFoundError:
        return None
    return importlib.import_module(module)


def _or_lost(read: Callable[[], Any], lost: Any) -> Any:
    """Let a fault in one field not count against the others."""
    try:
        return read()
    except Exception:  # noqa: BLE001 - a library that fails is counted, not followed
        return lost


def _compat32(raw: bytes) -> Read:
    message = naive(raw)
    subject = make_header(decode_header(str(message.get("Subject", ""))))
    parts = [part for part in message.walk() if not part.is_multipart()]
    files = [part for part in parts if part.get_filename()]
    texts = [p for p in parts if p.get_content_type() == "text/plain" and p not in files]
    return Read(
        sender=parseaddr(str(message.get("From", "")))[1],
        subject=str(subject),
        body=_or_lost(lambda: "\n".join(map(_decoded, texts)), "\0"),
        files=len(files),
    )


def _decoded(part: Message) -> str:
    data = part.get_payload(decode=True)
    charset = part.get_content_charset() or "utf-8"
    return data.decode(charset, "replace") if isinstance(data, bytes) else ""


def _policy_default(raw: bytes) -> Read:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    sender = message.get("From")
    addresses = getattr(sender, "addresses", ())
    body = _or_lost(lambda: message.get_body(("plain",)), None)
    return Read(
        sender=addresses[0].addr_spec if addresses else "",
        subject=str(message.get("Subject", "")),
        body=_or_lost(lambda: str(body.get_content()), "\0") if body is not None else "",
        files=_or_lost(lambda: len(list(message.iter_attachments())), -1),
    )
