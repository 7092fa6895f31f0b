"""Header fields of a mail: a tolerant block reader, words, addresses, ids, dates.

Everything is bounded and linear; nothing raises. Bytes stay bytes until the words are wanted,
because raw 8-bit headers can only be decoded when the charset of the body is known.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from connector.parsing.mail_charset import decode_text, safe_text
from connector.parsing.people import clean_name, email_address, fold_space

MAX_HEADER_BYTES = 65_536
"""A longer field is cut."""
MAX_HEADERS = 1_000
"""Fields behind these are not looked at."""
MAX_ADDRESSES = 200
"""Addresses behind these are not looked at."""
MAX_ID_CHARS = 998
"""A longer message id (RFC 5322: one line) is cut."""
MAX_REFERENCES = 100
"""The last so many ids of a thread are kept."""

_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:(.*)", re.DOTALL)
_FIELDS = re.compile(rb"^([!-9;-~]{1,100})[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.MULTILINE)
_CLEAN_BLOCK = re.compile(
    rb"(?:[!-9;-~]{1,100}[ \t]*:[^\n]*+\n(?:[ \t]++[^\s][^\n]*+\n)*+)++(?=\n)"
)
_ID = re.compile(r"<([^<>]{1,998})>")
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@\\]{1,64}@[^\s<>()\[\]\",;:@\\]{1,253}")
_YEAR_MIN, _YEAR_MAX = 1980, 2200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One address of a header with the name beside it; either may be empty."""

    name: str
    email: str


class Headers:
    """The fields of one header block, in order, names in lower case, values unfolded bytes."""

    __slots__ = ("_fields", "charset")

    def __init__(self, fields: list[tuple[str, bytes]]) -> None:
        """Take the fields; `charset` (of the body) may be set later for raw 8-bit values."""
        self._fields = fields
        self.charset = ""

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Give (name, raw value) pairs."""
        return iter(self._fields)

    def __contains__(self, name: str) -> bool:
        """Say whether a field is present."""
        return any(field == name for field, _ in self._fields)

    def raw(self, name: str) -> bytes:
        """Give the first non-empty value of that name, unfolded, or b''."""
        return next((value for field, value in self._fields if field == name and value), b"")

    def all(self, name: str) -> list[str]:
        """Give every value of that name as undecoded text."""
        return [self.text_of(value) for field, value in self._fields if field == name]

    def get(self, name: str) -> str:
        """Give the first value of that name as text, encoded words left as they are."""
        return self.text_of(self.raw(name))

    def words(self, name: str) -> str:
        """Give the first value of that name decoded, on one line."""
        return fold_space(decode_words(self.raw(name), self.charset))

    def text_of(self, value: bytes) -> str:
        """Turn raw bytes into text: UTF-8, else the body's charset, else Windows-1252."""
        return decode_text(value, known=self.charset)


def read_headers(block: bytes) -> Headers:
    """Read a header block (line ends LF); lines that are no header are left out."""
    fields: list[tuple[str, bytes]] = []
    for match in _FIELDS.finditer(block):
        value = match[2].replace(b"\n", b"").strip()[:MAX_HEADER_BYTES]
        fields.append((match[1].decode("ascii").lower(), value))
        if len(fields) >= MAX_HEADERS:
            break
    return Headers(fields)


def is_header_line(line: bytes) -> bool:
    """Say whether a line begins a header field."""
    return _FIELD.match(line) is not None


def clean_block_size(raw: bytes) -> int:
    """Give the size of a header block without any damage, up to its blank line; else 0."""
    match = _CLEAN_BLOCK.match(raw)
    return match.end() if match is not None else 0


def decode_words(value: bytes, known: str = "") -> str:
    """Decode RFC 2047 words and raw 8-bit in a header value.

    Neighbouring words of one charset are joined before decoding, since senders cut inside
    characters; unfinished or unknown words stay as they are.
    """
    text = decode_text(value, known=known)
    if "=?" not in text:
        return text
    out: list[str] = []
    pending: list[tuple[str, bytes]] = []
    position = 0
    while (word := _next_word(text, position)) is not None:
        start, end, charset, data = word
        between = text[position:start]
        if pending and (between.strip() or pending[-1][0] != charset):
            out.append(_join_words(pending))
            pending = []
        if between.strip() or not (position and between):
            out.append(between)
        pending.append((charset, data))
        position = end
    out.append(_join_words(pending))
    out.append(text[position:])
    return safe_text("".join(out))


def _join_words(words: list[tuple[str, bytes]]) -> str:
    if not words:
        return ""
    return decode_text(b"".join(data for _, data in words), label=words[0][0])


def _next_word(text: str, position: int) -> tuple[int, int, str, bytes] | None:
    """Find the next encoded word: (start, end, charset, bytes)."""
    while (start := text.find("=?", position)) >= 0:
        charset_end = text.find("?", start + 2)
        if charset_end < 0:
            return None
        encoding = text[charset_end + 1 : charset_end + 3].lower()
        charset = text[start + 2 : min(charset_end, start + 80)].partition("*")[0]
        if encoding in {"b?", "q?"} and charset and " " not in charset:
            end = text.find("?=", charset_end + 3)
            if end < 0:
                return None
            data = text[charset_end + 3 : end].encode("utf-8", "replace")
            decode = _base64 if encoding == "b?" else _quoted
            return start, end + 2, charset.lower(), decode(data)
        position = start + 2
    return None


def _base64(data: bytes) -> bytes:
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    try:
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    except binascii.Error:
        return data


def _quoted(data: bytes) -> bytes:
    return binascii.a2b_qp(data, header=True)


def mailboxes(headers: Headers, name: str) -> list[Mailbox]:
    """Give the addresses of all fields of that name, in order, at most `MAX_ADDRESSES`."""
    found: list[Mailbox] = []
    for field, value in headers:
        if field == name:
            found.extend(parse_mailboxes(value, headers.charset))
            if len(found) >= MAX_ADDRESSES:
                break
    return found[:MAX_ADDRESSES]


def parse_mailboxes(value: bytes, known: str = "") -> list[Mailbox]:
    """Read an address list; structure first, words after, so that an encoded comma is no comma."""
    text = decode_text(value, known=known)
    found = [
        mailbox
        for display, address in _split_addresses(text)
        if (mailbox := _mailbox(display, address, known)) is not None
    ]
    if any(mailbox.email for mailbox in found) or "@" not in (words := decode_words(value, known)):
        return found
    match = _ADDRESS.search(words)
    if match is None:
        return found
    name = words[: match.start()] + " " + words[match.end() :]
    return [Mailbox(name=_name(name.strip("<> ")), email=email_address(match[0]))]


def _mailbox(display: str, address: str, known: str) -> Mailbox | None:
    email = email_address(address) or email_address(re.sub(r"\s", "", address))
    if not email and (match := _ADDRESS.search(address or display)):
        email = email_address(match[0])
        if not address:
            display = display.replace(match[0], " ")
    name = _name(decode_words(display.encode("utf-8", "replace"), known))
    return Mailbox(name=name, email=email) if name or email else None


def _name(text: str) -> str:
    return clean_name(safe_text(text))


def _split_addresses(text: str) -> Iterator[tuple[str, str]]:
    """Cut a list at its commas: (display, address); quotes, comments and groups respected."""
    display: list[str] = []
    comment: list[str] = []
    address = ""
    position = 0
    quotes_end, groups_end = text.rfind('"'), text.rfind(";")
    while position < len(text):
        char = text[position]
        if char == '"' and position < quotes_end:
            part, position = _quoted_string(text, position)
            display.append(part)
        elif char == "(":
            part, position = _comment(text, position)
            comment.append(part)
        elif char == "<":
            end = text.find(">", position)
            end = len(text) if end < 0 else end
            address = address or text[position + 1 : end]
            position = end + 1
        elif char in ",;" or (char == ":" and position < groups_end and "@" not in text[:position]):
            if char != ":" and (address or "".join(display).strip()):
                yield _finish(display, comment, address)
            display, comment, address = [], [], ""
            position += 1
        else:
            end = position + 1
            while end < len(text) and text[end] not in '"(<,;:':
                end += 1
            display.append(text[position:end])
            position = end
    if address or "".join(display).strip() or comment:
        yield _finish(display, comment, address)


def _finish(display: list[str], comment: list[str], address: str) -> tuple[str, str]:
    name = "".join(display).strip()
    if address.strip():
        return name or " ".join(comment), address.rpartition(":")[2] if address[
            0
        ] == "@" else address
    if _ADDRESS.fullmatch(name) or (name.startswith('"') and "@" in name):
        return " ".join(comment), name
    return name or " ".join(comment), ""


def _quoted_string(text: str, start: int) -> tuple[str, int]:
    """Read from an opening quote to the closing one, or to the end."""
    out: list[str] = []
    position = start + 1
    while position < len(text):
        char = text[position]
        if char == "\\" and position + 1 < len(text):
            out.append(text[position + 1])
            position += 2
        elif char == '"':
            return "".join(out), position + 1
        else:
            out.append(char)
            position += 1
    return "".join(out), position


def _comment(text: str, start: int) -> tuple[str, int]:
    """Read a comment with those inside it; an unclosed one ends with the text."""
    depth = 0
    for position in range(start, len(text)):
        if text[position] == "(":
            depth += 1
        elif text[position] == ")":
            depth -= 1
            if depth == 0:
                return text[start + 1 : position], position + 1
    return text[start + 1 :], len(text)


def message_ids(text: str) -> list[str]:
    """Give the ids of a Message-ID, In-Reply-To or References field, without angle brackets."""
    found = [re.sub(r"\s", "", match) for match in _ID.findall(text)]
    if not found and text.strip():
        found = [word for word in text.split() if "@" in word] or text.split()[:1]
    return [safe_text(item)[:MAX_ID_CHARS] for item in found if item]


def read_date(text: str) -> datetime | None:
    """Give a date field in UTC, or None when it is none; without a zone it is taken as UTC.

    A day, time or zone that does not exist (31 February, +9999) makes no date: what relays wrote
    is the better witness then.
    """
    try:
        parts = parsedate_tz(text[:200])
        if parts is None:
            return None
        year, month, day, hour, minute, second = parts[:6]
        zone = timezone(timedelta(seconds=parts[9] or 0))
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        moment = local.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if _YEAR_MIN <= moment.year <= _YEAR_MAX else None
