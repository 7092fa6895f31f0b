"""A mail as values: who wrote when, in which words, with which files; tolerant and bounded.

`parse_mail` never raises for any bytes. The record is always the raw message; what is found in
here are views of it. Measured against 680 foreign messages with the expectations of the
projects they come from (tests/parsing/test_mail_corpus.py).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from connector.domain.signal import Attachment
from connector.parsing.html import html_to_text
from connector.parsing.mail_charset import safe_text
from connector.parsing.mail_headers import (
    MAX_REFERENCES,
    Headers,
    Mailbox,
    mailboxes,
    message_ids,
    read_date,
)
from connector.parsing.mail_mime import Part, Tree, split_message, unify_line_ends
from connector.parsing.mail_packed import packed_text, unpacked
from connector.parsing.people import fold_space, without_controls
from connector.parsing.tnef import Tnef, TnefFile

MAX_TEXT_CHARS = 262_144
"""Longest text kept; the raw message holds all of it."""
MAX_SUBJECT_CHARS = 998
MAX_ATTACHMENTS = 100
"""Files behind these are not listed."""
MAX_ATTACHMENT_NAME_CHARS = 150
_KEY_BODY_BYTES = 262_144
_TINY_PLAIN_CHARS = 40
_FEW = 10
_BODY_BYTES = 4_194_304
"""Text parts are looked at until they hold so many bytes together."""

_TEXT_TYPES = frozenset({"text/plain", "text/html"})
_LOCAL_ADDRESS = re.compile(r"<\s{0,9}([A-Za-z0-9._+=-]{1,64})\s{0,9}>")
_FROM_LINE = re.compile(rb"^>*From ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What a message says, in plain values."""

    headers: Headers
    """The top-level fields, for rules that look at them."""
    message_id: str
    """Without angle brackets; empty when there is none."""
    references: tuple[str, ...]
    """Ids of the thread, oldest first, In-Reply-To included."""
    sender: Mailbox
    """From; empty parts when it is missing; mail within a machine (`<root>`) lacks the domain."""
    reply_to: Mailbox
    """Reply-To, where it differs from From; else empty."""
    recipients: tuple[Mailbox, ...]
    """To and Cc."""
    subject: str
    date: datetime | None
    """The Date field, UTC; else that of the last Received field; else None."""
    text: str
    """Best plain text: text/plain, else the HTML's; bounded."""
    attachments: tuple[Attachment, ...]
    part_types: frozenset[str]
    """Content types of all parts, for rules that look at them."""
    embedded_ids: tuple[str, ...]
    """Message ids of attached messages (the returned mail of a bounce)."""
    truncated: bool
    """True when a limit kept something from being looked at."""
    pictures: frozenset[int] = frozenset()
    """Places in `attachments` of pictures that are shown within the text (logos, smileys)."""


def parse_mail(raw: bytes, *, max_attachment_bytes: int = 10_485_760) -> Mail:
    """Read a message of any quality; files above the limit are listed without content."""
    tree = split_message(raw)
    headers = tree.root.headers
    parts = _walk(tree.root)
    sender = _sender(headers)
    reply_to = next((box for box in mailboxes(headers, "reply-to") if box.email), None)
    if reply_to is None or reply_to.email.lower() == sender.email.lower():
        reply_to = Mailbox(name="", email="")
    files = _file_parts(parts)
    packed = unpacked(files)
    return Mail(
        headers=headers,
        message_id=next(iter(message_ids(headers.get("message-id"))), ""),
        references=_references(headers),
        sender=sender,
        reply_to=reply_to,
        recipients=(*mailboxes(headers, "to"), *mailboxes(headers, "cc")),
        subject=without_controls(headers.words("subject"))[:MAX_SUBJECT_CHARS].strip(),
        date=_date(headers),
        text=_best_text(tree) or packed_text(packed),
        attachments=_attachments(files, packed, max_attachment_bytes),
        part_types=frozenset(part.content_type for part in parts),
        embedded_ids=_embedded_ids(parts),
        truncated=tree.truncated,
        pictures=frozenset(
            place for place, part in enumerate(_listed(files, packed)) if _is_picture(part)
        ),
    )


def canonical_key(raw: bytes) -> str:
    """Give the natural key of a message: its id and a hash of what its author sent.

    Frozen: it must give the same for ever, or known mail would count as new after an upgrade.
    Hence it rests on raw bytes and no decoding: From, Date, Subject (unfolded) and the first
    256 KiB of the body with LF line ends, without trailing blank lines and without the `>` that
    mbox files put before `From `. What transport changes (Received, flags, folder) has no part;
    lines that are no header fields (text without headers, a lost blank line) have.
    """
    unified = unify_line_ends(raw).lstrip(b"\n")
    block, _, body = unified.partition(b"\n\n")
    fields: dict[bytes, bytes] = {}
    strays: list[bytes] = []
    for line in re.sub(rb"\n[ \t]+", b" ", block[:1_048_576]).split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and b" " not in name.strip():
            fields.setdefault(name.strip().lower(), b" ".join(value.split()))
        elif not line.startswith((b"From ", b">From ")):
            strays.append(line)
    hasher = hashlib.sha256()
    for name in (b"from", b"date", b"subject"):
        hasher.update(name + b":" + fields.get(name, b"") + b"\n")
    hasher.update(b"\n".join(strays))
    hasher.update(_key_body(body))
    message_id = fields.get(b"message-id", b"").strip(b"<> ").decode("ascii", "backslashreplace")
    digest = hasher.hexdigest()
    return f"{message_id[:400]} {digest}" if message_id else digest


def _key_body(body: bytes) -> bytes:
    """Give what of a body the key rests on; of a large one no more is looked at than needed."""
    head = body[: body.rfind(b"\n", 0, 4 * _KEY_BODY_BYTES) + 1]
    if len(body) > 4 * _KEY_BODY_BYTES and body[len(head) :].strip(b"\n \t"):
        found = _FROM_LINE.sub(b"From ", head)
        if len(found) >= _KEY_BODY_BYTES:
            return found[:_KEY_BODY_BYTES]
    return _FROM_LINE.sub(b"From ", body).rstrip(b"\n \t")[:_KEY_BODY_BYTES]


def _walk(root: Part) -> list[Part]:
    """Give all parts in document order, those inside attached messages too."""
    found: list[Part] = []
    todo = [root]
    while todo:
        part = todo.pop()
        found.append(part)
        todo.extend(reversed(part.children))
    return found


def _sender(headers: Headers) -> Mailbox:
    box = next(iter(mailboxes(headers, "from")), Mailbox(name="", email=""))
    if not box.email and (local := _LOCAL_ADDRESS.search(headers.get("from"))):
        return Mailbox(name=box.name, email=local[1])
    return box


def _references(headers: Headers) -> tuple[str, ...]:
    ids = message_ids(headers.get("references")) + message_ids(headers.get("in-reply-to"))
    return tuple(dict.fromkeys(ids))[-MAX_REFERENCES:]


def _date(headers: Headers) -> datetime | None:
    found = read_date(headers.get("date"))
    if found is None and "received" in headers:
        found = read_date(headers.get("received").rpartition(";")[2])
    return found


def _embedded_ids(parts: list[Part]) -> tuple[str, ...]:
    found: list[str] = []
    for part in parts:
        if part.content_type in {"message/rfc822", "message/global"} and part.children:
            found.extend(message_ids(part.children[0].headers.get("message-id")))
        elif part.content_type in {"text/rfc822-headers", "message/rfc822-headers"}:
            found.extend(_ids_in_text(part.text()))
    return tuple(dict.fromkeys(found))


def _ids_in_text(text: str) -> list[str]:
    for line in text[:65_536].splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip().lower() == "message-id":
            return message_ids(value)
    return []


def _best_text(tree: Tree) -> str:
    """Choose and join the texts of the message itself; else those of a message attached to it."""
    text = _text_of(tree.root)
    if text.strip():
        return text[:MAX_TEXT_CHARS].strip("\n")
    for part in _walk(tree.root):
        if part.content_type == "message/delivery-status":
            text = safe_text(part.text().replace("\r", ""))  # some put a report's prose there
        elif part.content_type in {"message/rfc822", "message/global"} and part.children:
            text = _text_of(part.children[0])
        if text.strip():
            break
    return text[:MAX_TEXT_CHARS].strip("\n")


def _text_of(root: Part) -> str:
    """Give the text of one message, not of those attached to it."""
    texts: list[str] = []
    todo = [root]
    seen = 0
    while todo and seen < _BODY_BYTES and sum(map(len, texts)) < MAX_TEXT_CHARS:
        part = todo.pop()
        if part.content_type == "multipart/alternative" and part.children:
            todo.extend(reversed(_best_alternative(part)))
        elif part.is_multipart:
            todo.extend(reversed(part.children))
        elif _is_body(part):
            texts.append(_plain(part))
            seen += len(part.body)
    return "\n\n".join(text for text in texts if text.strip())


def _best_alternative(part: Part) -> list[Part]:
    """Prefer text/plain, unless it is empty or a mere hint to look at the HTML."""
    plain = [child for child in part.children if child.content_type == "text/plain"]
    others = [child for child in part.children if child.content_type != "text/plain"]
    words = "".join(_plain(child) for child in plain[:_FEW] if _is_body(child)).strip()
    if not words:
        return others[-1:] or plain
    if len(words) < _TINY_PLAIN_CHARS and others:
        rich = "".join(_text_of_simple(child) for child in others[-1:])
        if len(rich) > 10 * len(words):
            return others[-1:]
    return plain


def _text_of_simple(part: Part) -> str:
    bodies = [item for item in _walk(part) if not item.is_multipart and _is_body(item)]
    return "".join(_plain(item) for item in bodies[:_FEW])


def _is_body(part: Part) -> bool:
    """Say whether a part's words belong to the message's text."""
    if part.disposition == "attachment" or part.children:
        return False
    if part.content_type in _TEXT_TYPES:
        return not (part.filename and part.disposition != "inline") or part.depth == 0
    if part.content_type.startswith("multipart/"):
        return True  # could not be split: its body is text with delimiter lines
    return part.content_type in {"text/enriched", "text/richtext", "text/markdown"}


def _plain(part: Part) -> str:
    text = part.text()
    if part.content_type == "text/html":
        return html_to_text(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.type_params.get("format", "").lower() == "flowed":
        text = unflow(text, delete_space=part.type_params.get("delsp", "").lower() == "yes")
    return safe_text(text[:MAX_TEXT_CHARS])


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the soft line breaks of format=flowed (RFC 3676); quotes keep their depth."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        piece = content[:-1] if flows and delete_space else content
        if depth == open_depth and content != "-- ":
            out.append(piece)
        else:
            out.extend(("\n", ">" * depth, " " if depth else "", piece))
        open_depth = depth if flows else -1
    return "".join(out[1:])


def _is_picture(part: Part) -> bool:
    """Tell a picture that HTML refers to from one that was sent as a file."""
    shown = part.disposition == "inline" or not part.disposition
    return part.content_type.startswith("image/") and shown and "content-id" in part.headers


def _file_parts(parts: list[Part]) -> list[Part]:
    """List the files of the message, those of attached messages within these."""
    found: list[Part] = []
    inside: set[int] = set()
    first: Part | None = None
    for part in parts:
        if id(part) in inside:
            inside.update(id(child) for child in part.children)
            continue
        if part.is_multipart or (_is_body(part) and not _is_named_text(part, first)):
            first = first or (part if _is_body(part) else None)
            continue
        if part.content_type.startswith("multipart/"):
            continue
        inside.update(id(child) for child in part.children)
        found.append(part)
        if len(found) == MAX_ATTACHMENTS:
            break
    return found


def _listed(files: list[Part], packed: dict[int, Tnef]) -> list[Part]:
    """Leave out containers that were unpacked; what was in them is listed at the end."""
    return [
        part for place, part in enumerate(files) if place not in packed or not packed[place].files
    ]


def _attachments(
    files: list[Part], packed: dict[int, Tnef], max_bytes: int
) -> tuple[Attachment, ...]:
    own = [
        _attachment(part, number, max_bytes)
        for number, part in enumerate(_listed(files, packed), start=1)
    ]
    inside = [file for tnef in packed.values() for file in tnef.files]
    own += [_unpacked(file, number, max_bytes) for number, file in enumerate(inside, len(own) + 1)]
    return tuple(own[:MAX_ATTACHMENTS])


def _unpacked(file: TnefFile, number: int, max_bytes: int) -> Attachment:
    oversize = len(file.data) > max_bytes
    return Attachment(
        name=attachment_name(file.name) or f"part-{number}",
        media_type=file.media_type,
        content=b"" if oversize else file.data,
        withheld="oversize" if oversize else "",
    )


def _is_named_text(part: Part, first: Part | None) -> bool:
    """Tell a text file that is shown within the mail, behind the mail's own text: it is both."""
    named = bool(part.filename) and part.content_type in _TEXT_TYPES
    return named and first is not None and part.depth > 0


def _attachment(part: Part, number: int, max_bytes: int) -> Attachment:
    name = attachment_name(part.filename)
    if not name:
        name = f"message-{number}.eml" if part.children else f"part-{number}"
    if len(part.body) * 3 // 4 > max_bytes:
        data, withheld = b"", "oversize"
    else:
        data, withheld = part.data(), ""
        if len(data) > max_bytes:
            data, withheld = b"", "oversize"
    return Attachment(
        name=name, media_type=part.content_type[:100], content=data, withheld=withheld
    )


def attachment_name(declared: str) -> str:
    """Give a base name that is safe to show and to store; '' when nothing is left."""
    name = fold_space(without_controls(safe_text(declared[:2_000])))
    name = name.replace("\\", "/").rpartition("/")[2].strip(". ")
    if len(name) > MAX_ATTACHMENT_NAME_CHARS:
        stem, dot, suffix = name.rpartition(".")
        keep = MAX_ATTACHMENT_NAME_CHARS - len(dot + suffix)
        name = (
            f"{stem[:keep]}{dot}{suffix}" if dot and keep > 0 else name[:MAX_ATTACHMENT_NAME_CHARS]
        )
    return name
