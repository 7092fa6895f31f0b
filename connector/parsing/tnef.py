"""winmail.dat (TNEF, MS-OXTNEF): the text and the files that Outlook packed for itself.

Read here because the one library on the registry is not kept any more and reads whatever size a
message claims. Bounded and linear, never raises; what is damaged is read as far as it goes. The
sums of blocks are not checked: words are worth more than a proof.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connector.parsing.mail_charset import decode_text
from connector.parsing.rtf import decompressed, rtf_to_text

MAX_BLOCKS: Final = 5_000
"""Blocks behind these are not looked at."""
MAX_PROPERTIES: Final = 5_000
"""Properties of a message or file behind these are not looked at."""
MAX_FILES: Final = 100
"""Files behind these are not listed."""
MAX_TEXT_BYTES: Final = 1_048_576
"""So much of a body is looked at."""
TYPES: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
NAME: Final = "winmail.dat"

_SIGNATURE: Final = 0x223E9F78
_BODY, _CODEPAGE = 0x800C, 0x9007
_TITLE, _DATA, _RENDER, _PROPS, _FILE_PROPS = 0x8010, 0x800F, 0x9002, 0x9003, 0x9005
_PR_BODY, _PR_RTF, _PR_HTML, _PR_CPID = 0x1000, 0x1009, 0x1013, 0x3FDE
_PR_LONG_NAME, _PR_NAME, _PR_MIME = 0x3707, 0x3704, 0x370E
_SIZES: Final = {0x01: 0, 0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8} | {
    0x0A: 4,
    0x0B: 4,
    0x14: 8,
    0x40: 8,
    0x48: 16,
}
"""Bytes of properties of a fixed size, by type."""
_VARIABLE: Final = frozenset({0x0D, 0x1E, 0x1F, 0x0102})
_UNICODE: Final = 0x1F
_NAMED: Final = 0x8000
_MANY: Final = 0x1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TnefFile:
    """A file that was packed."""

    name: str
    """As declared; may be empty or hold anything."""
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tnef:
    """What was packed."""

    text: str
    """Plain text: as packed, else of the RTF; empty when there is only HTML, or nothing."""
    html: str
    files: tuple[TnefFile, ...]


def read_tnef(data: bytes) -> Tnef | None:
    """Unpack; None when the bytes are no TNEF."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:  # noqa: PLR2004 - signature and key
        return None
    reader = _Reader()
    for number, (attribute, content) in enumerate(_blocks(data)):
        if number >= MAX_BLOCKS:
            break
        reader.take(attribute, content)
    return reader.result()


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give (id, content) of each block; the last one may be cut."""
    position = 6
    while position + 9 <= len(data):
        _, attribute, _, size = struct.unpack_from("<BHHI", data, position)
        yield attribute, data[position + 9 : position + 9 + size]
        position += 9 + size + 2


class _Reader:
    """Collects what the blocks of one container say."""

    def __init__(self) -> None:
        self._label = ""
        self._body = b""
        self._found: dict[int, tuple[int, bytes]] = {}
        self._files: list[dict[str, bytes | str]] = []

    def take(self, attribute: int, content: bytes) -> None:
        """Take one block in its order."""
        if attribute == _CODEPAGE and len(content) >= 4:  # noqa: PLR2004 - a 32-bit number
            self._label = f"cp{struct.unpack_from('<I', content)[0]}"
        elif attribute == _BODY:
            self._body = content[:MAX_TEXT_BYTES]
        elif attribute == _PROPS:
            self._found |= dict(_properties(content))
        elif attribute == _RENDER and len(self._files) < MAX_FILES:
            self._files.append({})
        elif self._files and len(self._files) <= MAX_FILES:
            self._take_for_file(attribute, content)

    def _take_for_file(self, attribute: int, content: bytes) -> None:
        file = self._files[-1]
        if attribute == _TITLE:
            file["title"] = decode_text(content.rstrip(b"\0"), self._label)
        elif attribute == _DATA:
            file["data"] = content
        elif attribute == _FILE_PROPS:
            found = dict(_properties(content))
            for key, prop in (("name", _PR_LONG_NAME), ("name", _PR_NAME), ("mime", _PR_MIME)):
                if not file.get(key) and prop in found:
                    file[key] = self._words(found[prop])

    def result(self) -> Tnef:
        """Give what was collected."""
        text = self._words(self._found[_PR_BODY]) if _PR_BODY in self._found else ""
        html = self._html()
        if not text.strip():
            text = decode_text(self._body.rstrip(b"\0"), self._label)
        if not text.strip() and not html and _PR_RTF in self._found:
            text = rtf_to_text(decompressed(self._found[_PR_RTF][1], MAX_TEXT_BYTES))
        return Tnef(text=text, html=html, files=tuple(_file(file) for file in self._files))

    def _html(self) -> str:
        kind, value = self._found.get(_PR_HTML, (0, b""))
        if kind == _UNICODE:
            return self._words((kind, value))
        _, number = self._found.get(_PR_CPID, (0, b""))
        label = f"cp{struct.unpack_from('<I', number)[0]}" if len(number) >= 4 else self._label  # noqa: PLR2004 - a 32-bit number
        return decode_text(
            value[:MAX_TEXT_BYTES].rstrip(b"\0"), {"cp65001": "utf-8"}.get(label, label)
        )

    def _words(self, found: tuple[int, bytes]) -> str:
        kind, value = found
        if kind == _UNICODE:
            return value[:MAX_TEXT_BYTES].decode("utf-16-le", "replace").rstrip("\0")
        return decode_text(value[:MAX_TEXT_BYTES].rstrip(b"\0"), self._label)


def _file(file: dict[str, bytes | str]) -> TnefFile:
    data = file.get("data", b"")
    return TnefFile(
        name=str(file.get("name") or file.get("title") or ""),
        media_type=str(file.get("mime") or "application/octet-stream").lower()[:100],
        data=data if isinstance(data, bytes) else b"",
    )


def _properties(data: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """Give (id, (type, value)) of MAPI properties; of several values the first."""
    position = 4
    try:
        for _ in range(min(struct.unpack_from("<I", data)[0], MAX_PROPERTIES)):
            kind, prop = struct.unpack_from("<HH", data, position)
            position += 4
            if prop >= _NAMED:
                position = _behind_name(data, position)
            value, position = _value(data, position, kind)
            yield prop, (kind & ~_MANY, value)
    except (struct.error, ValueError):
        return


def _behind_name(data: bytes, position: int) -> int:
    """Skip the name of a named property: a GUID and a number or a text."""
    kind, size = struct.unpack_from("<II", data, position + 16)
    return position + 24 + (_padded(size) if kind else 0)


def _value(data: bytes, position: int, kind: int) -> tuple[bytes, int]:
    """Read the value of a property of a type; ValueError for a type that does not exist."""
    count = 1
    base = kind & ~_MANY
    if kind & _MANY or base in _VARIABLE:
        count = struct.unpack_from("<I", data, position)[0]
        position += 4
    if base in _SIZES:
        size = _SIZES[base]
        return data[position : position + size], position + _padded(size) * count
    if base not in _VARIABLE:
        raise ValueError(kind)
    first = b""
    for number in range(min(count, MAX_PROPERTIES)):
        size = struct.unpack_from("<I", data, position)[0]
        if number == 0:
            first = data[position + 4 : position + 4 + size]
        position += 4 + _padded(size)
    return first, position


def _padded(size: int) -> int:
    return (size + 3) & ~3
