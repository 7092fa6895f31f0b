"""The tree of a mail's parts, split without recursion and within bounds.

The standard library's parser fails with RecursionError on a few hundred nested parts and copies
bodies often, so the structure is read here: one stack, explicit limits, line ends of any kind,
and a rule for each kind of damage that foreign mail was seen to have. Decoding of transfer
encodings and parameters rests on the standard library.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

from connector.parsing.mail_charset import GUESSED_BYTES, decode_text, guess_charset
from connector.parsing.mail_headers import (
    Headers,
    clean_block_size,
    decode_words,
    is_header_line,
    read_headers,
)
from connector.parsing.mail_parameters import parameters

MAX_DEPTH = 30
"""Deeper parts are taken as they are, not split."""
MAX_PARTS = 500
"""Parts behind these are not looked at."""
MAX_HEADER_BLOCK_BYTES = 1_048_576
"""A header block ends here at the latest."""
MAX_TEXT_BYTES = 4_194_304
"""So much of an encoded body is decoded where its words are wanted."""
MAX_DELIMITERS = 100_000
"""Look-alikes of a boundary behind these are not looked at."""
_SNIFF_BYTES = 65_536
_ENVELOPE_LINES = 100
_GUESSED_PARTS = 10

_FURTHER = re.compile(
    rb"(?:content-[a-z-]{1,40}|mime-version|x-[a-z0-9-]{1,60}|received|dkim-signature|message-id"
    rb"|return-path|authentication-results|list-[a-z-]{1,30})[ \t]*:",
    re.IGNORECASE,
)
"""Fields that no form in a body begins with: a line of blanks above them ended no header."""
_BASE64_NOISE = bytes(byte for byte in range(256) if not re.match(rb"[A-Za-z0-9+/]", bytes([byte])))
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\n]{0,200})\n", re.MULTILINE)
_GUESSED_BOUNDARY = re.compile(rb"^--([^\s-][^\n]{0,68}?)[ \t]*$", re.MULTILINE)


@dataclass(slots=True, kw_only=True)
class Part:
    """One part of a message: its headers and either its body or its children."""

    headers: Headers
    body: bytes
    """Still transfer-encoded, line ends LF; empty for a multipart that was split."""
    content_type: str
    """`type/subtype` in lower case; the default where none is declared."""
    type_params: dict[str, str]
    disposition: str
    """`attachment`, `inline`, or empty."""
    filename: str
    """As declared, decoded; may be a path or hold anything."""
    depth: int
    assumed: str = ""
    """The charset that the words of a part without a label seem to be in."""
    children: list[Part] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        """True when the part was split into others (not so for an attached message)."""
        return self.content_type.startswith("multipart/") and bool(self.children)

    def data(self) -> bytes:
        """Give the body with its transfer encoding undone, as well as it goes."""
        return decode_transfer(self.body, self.headers.get("content-transfer-encoding"))

    def text(self) -> str:
        """Give the body as text, of `MAX_TEXT_BYTES` at most."""
        encoding = self.headers.get("content-transfer-encoding")
        data = decode_transfer(self.body[:MAX_TEXT_BYTES], encoding)
        label = self.charset or _meta_charset(self, data)
        return decode_text(data, label, known=self.assumed)

    @property
    def charset(self) -> str:
        """The declared charset label, or empty."""
        return self.type_params.get("charset", "")


@dataclass(slots=True, kw_only=True)
class Tree:
    """A whole message in parts."""

    root: Part
    truncated: bool
    """True when a limit (depth, parts) kept something from being split."""


def unify_line_ends(raw: bytes) -> bytes:
    """Give the bytes with LF line ends, whatever they had (CRLF, CR CR LF, CR alone)."""
    if b"\r" not in raw:
        return raw
    raw = raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
    return raw.replace(b"\r", b"\n") if b"\r" in raw else raw


def split_message(raw: bytes) -> Tree:
    """Split a message into its parts; always gives a tree."""
    tree = _Splitter()
    root = tree.part(_without_envelope(unify_line_ends(raw)), "text/plain", 0)
    todo = [root]
    unlabelled: list[Part] = []
    while todo:
        part = todo.pop()
        if part.content_type in {"text/plain", "text/html"} and not part.charset:
            unlabelled.append(part)
        part.children = tree.children_of(part)
        todo.extend(reversed(part.children))
    if root.charset or root.children:
        charset = root.charset or next((c.charset for c in root.children if c.charset), "")
        root.headers.charset = charset
    _assume_charset(root, unlabelled)
    return Tree(root=root, truncated=tree.truncated)


def _assume_charset(root: Part, unlabelled: list[Part]) -> None:
    """Guess once for a message, on its first body without a label that is not ASCII."""
    for first in unlabelled[:_GUESSED_PARTS]:
        sample = decode_transfer(
            first.body[: 2 * GUESSED_BYTES], first.headers.get("content-transfer-encoding")
        )
        if sample.isascii():
            continue
        guess = guess_charset(sample)
        for part in unlabelled:
            part.assumed = guess
        root.headers.charset = root.headers.charset or guess
        return


def _without_envelope(raw: bytes) -> bytes:
    """Drop what may stand before the first header: blank lines, mbox `From ` lines."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\n")
    position = 0
    for _ in range(_ENVELOPE_LINES):
        if position >= len(raw):
            break
        end = raw.find(b"\n", position)
        end = len(raw) if end < 0 else end
        line = raw[position : min(end, position + 200)]
        if line.strip() and not line.startswith((b"From ", b">From ")):
            break
        position = end + 1
    return raw[position:]


class _Splitter:
    """Counts parts while a message is split."""

    def __init__(self) -> None:
        self.count = 0
        self.truncated = False

    def part(self, raw: bytes, default_type: str, depth: int) -> Part:
        """Make a part from its bytes: headers, blank line, body."""
        self.count += 1
        block, body = _split_headers(raw)
        headers = read_headers(block)
        content_type, type_params = parameters(headers.get("content-type"))
        if "/" not in content_type:
            content_type = {"text": "text/plain", "multipart": "multipart/mixed"}.get(
                content_type, default_type
            )
        disposition, disposition_params = parameters(headers.get("content-disposition"))
        filename = disposition_params.get("filename") or type_params.get("name") or ""
        return Part(
            headers=headers,
            body=body,
            content_type=content_type,
            type_params=type_params,
            disposition=disposition,
            filename=decode_words(filename.encode("utf-8", "replace")),
            depth=depth,
        )

    def children_of(self, part: Part) -> list[Part]:
        """Split a multipart or an attached message; [] when it is neither, or at a limit."""
        message = part.content_type in {"message/rfc822", "message/global"}
        if not message and not part.content_type.startswith("multipart/"):
            return []
        if part.depth >= MAX_DEPTH or self.count >= MAX_PARTS:
            self.truncated = True
            return []
        if message:
            return [self.part(_without_envelope(part.data()), "text/plain", part.depth + 1)]
        pieces, cut = _split_body(part, MAX_PARTS - self.count)
        self.truncated = self.truncated or cut
        digest = part.content_type == "multipart/digest"
        default = "message/rfc822" if digest else "text/plain"
        children = [self.part(piece, default, part.depth + 1) for piece in pieces]
        if children:
            part.body = b""
        return children


def _split_headers(raw: bytes) -> tuple[bytes, bytes]:
    """Divide at the first blank line; bytes without any header are all body.

    A line that is no header ends the block (the blank line was lost), unless headers go on
    behind it (a line was damaged on the way).
    """
    size = clean_block_size(raw)
    if 0 < size <= MAX_HEADER_BLOCK_BYTES:
        return raw[:size], raw[size + 1 :]
    position = 0
    while position < min(len(raw), MAX_HEADER_BLOCK_BYTES):
        end = raw.find(b"\n", position)
        end = len(raw) if end < 0 else end
        line = raw[position:end]
        if not line.strip() and not (line and _FURTHER.match(raw, end + 1)):
            return raw[:position], raw[end + 1 :]
        damaged = line.strip() and line[:1] not in {b" ", b"\t"} and not is_header_line(line)
        if damaged and not _headers_go_on(raw, end + 1):
            return raw[:position], raw[position:]
        position = end + 1
    return raw[:position], raw[position:]


def _headers_go_on(raw: bytes, position: int) -> bool:
    """Say whether the next two lines look like headers, after a line that did not."""
    lines = raw[position : position + 2_000].split(b"\n")[:2]
    return len(lines) > 1 and all(
        is_header_line(line) and b" " not in line.partition(b":")[0] for line in lines
    )


def _split_body(part: Part, limit: int) -> tuple[list[bytes], bool]:
    """Cut a multipart body at its boundary; the boundary is guessed when it was lost."""
    boundary = part.type_params.get("boundary", "").rstrip().encode("latin-1", "replace")
    pieces, cut = _cut_at(part.body, boundary, limit) if boundary else ([], False)
    if not pieces and (guess := _GUESSED_BOUNDARY.search(part.body[:_SNIFF_BYTES])):
        pieces, cut = _cut_at(part.body, guess[1], limit)
    return pieces, cut


def _cut_at(body: bytes, boundary: bytes, limit: int) -> tuple[list[bytes], bool]:
    """Give the pieces between delimiter lines; the last one may lack its end."""
    delimiter = b"--" + boundary
    pieces: list[bytes] = []
    start = -1
    position = seen = 0
    while (found := body.find(delimiter, position)) >= 0:
        seen += 1
        if seen > MAX_DELIMITERS:
            break
        position = found + len(delimiter)
        line_end = body.find(b"\n", position)
        line_end = len(body) if line_end < 0 else line_end
        tail = body[position : min(line_end, position + 200)].strip()
        if (found and body[found - 1 : found] != b"\n") or tail not in {b"", b"--"}:
            continue
        if start >= 0:
            if len(pieces) >= limit:
                return pieces, True
            pieces.append(body[start : max(found - 1, start)])
        if tail == b"--":
            return pieces, False
        start = min(line_end + 1, len(body))
        position = line_end
    if start >= 0 and body[start:].strip() and len(pieces) < limit:
        pieces.append(body[start:])
    return pieces, False


def decode_transfer(body: bytes, encoding: str) -> bytes:
    """Undo base64, quoted-printable or uuencode; damaged content is decoded as far as it goes."""
    words = encoding.replace(";", " ").split()
    name = words[0].lower().strip("\"'") if words else ""
    if name in {"base64", "b"}:
        return _decode_base64(body)
    if name in {"quoted-printable", "quoted", "qp", "q"}:
        return binascii.a2b_qp(body)
    if name in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        return _decode_uu(body)
    return body


def _decode_base64(body: bytes) -> bytes:
    head, pad, tail = body.partition(b"=")
    if pad and tail.strip(b"= \t\n") and not tail.translate(None, _BASE64_NOISE):
        tail = b""
    clean = head.translate(None, _BASE64_NOISE)
    data = _base64_run(clean)
    if pad and len(tail) > 4:  # noqa: PLR2004 - several encodings one behind the other
        rest = tail.translate(None, _BASE64_NOISE)
        if len(rest) >= 4:  # noqa: PLR2004 - one group of base64
            data += _base64_run(rest)
    return data


def _base64_run(clean: bytes) -> bytes:
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def _decode_uu(body: bytes) -> bytes:
    begin = _UU_BEGIN.search(body)
    if begin is None:
        return body
    out: list[bytes] = []
    for line in body[begin.end() :].split(b"\n"):
        if line.rstrip() == b"end":
            break
        if not line:
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            count = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                out.append(binascii.a2b_uu(line[:count]))
            except binascii.Error:
                continue
    return b"".join(out)


_META = re.compile(
    rb"<meta[^<>]{0,200}charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE
)


def _meta_charset(part: Part, data: bytes) -> str:
    """Give the charset that an HTML part names itself."""
    if part.content_type != "text/html":
        return ""
    match = _META.search(data[:_SNIFF_BYTES])
    return match[1].decode("ascii") if match else ""
