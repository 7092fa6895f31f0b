"""Rich text, compressed as Outlook does (MS-OXRTFCP), to plain text; bounded, never raises."""

from __future__ import annotations

import re
import struct
from typing import Final

from connector.parsing.mail_charset import codec_name, safe_text

MAX_DEPTH: Final = 500
"""Deeper groups are read as if they were this deep."""

_PRESET: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What every dictionary begins with."""
_WINDOW: Final = 4_096
_PLAIN, _PACKED = b"MELA", b"LZFu"
_TOKEN: Final = re.compile(
    r"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])|([{}])"
    r"|([^\\{}\r\n]{1,4096})"
)
_SILENT: Final = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "themedata", "listtable"}
    | {"listoverridetable", "rsidtbl", "generator", "xmlnstbl", "datastore", "latentstyles"}
)
_SIGNS: Final = {"~": " ", "_": "-", "\n": "\n", "\r": "\n", "\\": "\\", "{": "{", "}": "}"}
_MOST_SKIPPED: Final = 8
_BREAKS: Final = {"par": "\n", "line": "\n", "row": "\n", "tab": " ", "cell": " ", "sect": "\n"} | {
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "endash": "\u2013",
    "emdash": "\u2014",
    "bullet": "\u2022",
}


def decompressed(data: bytes, limit: int) -> bytes:
    """Give the RTF, `limit` bytes at most; b'' when it is no compressed RTF."""
    if len(data) < 16:  # noqa: PLR2004 - the header
        return b""
    _, size, kind, _ = struct.unpack_from("<II4sI", data)
    size = min(size, limit)
    if kind == _PLAIN:
        return data[16 : 16 + size]
    return _unpacked(data[16:], size) if kind == _PACKED else b""


def _unpacked(data: bytes, size: int) -> bytes:
    window = bytearray(_PRESET.ljust(_WINDOW, b"\0"))
    at = len(_PRESET)
    out = bytearray()
    position = 0
    while position < len(data) and len(out) < size:
        control = data[position]
        position += 1
        for bit in range(8):
            if position >= len(data) or len(out) >= size:
                break
            if not control >> bit & 1:
                copied = data[position : position + 1]
                position += 1
            else:
                token = int.from_bytes(data[position : position + 2], "big")
                position += 2
                start = token >> 4
                if start == at:
                    return bytes(out)
                copied = _copied(window, start, (token & 15) + 2, at)
            for byte in copied:
                window[at] = byte
                at = (at + 1) % _WINDOW
            out += copied
    return bytes(out[:size])


def _copied(window: bytearray, start: int, count: int, at: int) -> bytes:
    """Read from the window; what reaches its own end repeats itself."""
    length = (at - start) % _WINDOW or _WINDOW
    return bytes(window[(start + number % length) % _WINDOW] for number in range(count))


def rtf_to_text(data: bytes) -> str:
    """Give the text of an RTF document, of HTML packed in RTF its visible words."""
    text = data.decode("latin-1")
    found = re.search(r"\\ansicpg(\d{1,5})", text[:1_000])
    writer = _Writer((codec_name(f"cp{found[1]}") if found else "") or "cp1252")
    for match in _TOKEN.finditer(text):
        writer.take(match)
    return safe_text(writer.text()).strip()


class _Writer:
    """Collects words while tokens are read; groups keep what is shown within them."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._out: list[str] = []
        self._high = bytearray()
        self._groups: list[tuple[bool, bool, int]] = []
        self._silent = self._hidden = False
        self._skip, self._wide = 0, 1

    def text(self) -> str:
        self._flush()
        return "".join(self._out)

    def take(self, match: re.Match[str]) -> None:
        """Take one token: a byte, a word of control, a sign, a brace or text."""
        code, word, number, sign, brace, plain = match.groups()
        if code:
            self._byte(code)
            return
        self._flush()
        if brace:
            self._group(opens=brace == "{")
        elif sign == "*" or word in _SILENT:
            self._silent = True
        elif word == "htmlrtf":
            self._hidden = number != "0"
        elif not (self._silent or self._hidden):
            if word:
                self._control(word, number)
            else:
                self._add(_SIGNS.get(sign, "") if sign else plain or "")

    def _byte(self, code: str) -> None:
        if self._skip:
            self._skip -= 1
        elif not (self._silent or self._hidden):
            self._high.append(int(code, 16))

    def _flush(self) -> None:
        if self._high:
            self._out.append(self._high.decode(self._codec, "replace"))
            self._high.clear()

    def _group(self, *, opens: bool) -> None:
        if opens:
            if len(self._groups) < MAX_DEPTH:
                self._groups.append((self._silent, self._hidden, self._wide))
        elif self._groups:
            self._silent, self._hidden, self._wide = self._groups.pop()

    def _control(self, word: str, number: str | None) -> None:
        if word == "uc":
            self._wide = min(abs(int(number or 1)), _MOST_SKIPPED)
        elif word == "u" and number:
            self._out.append(chr(int(number) % 0x10000))
            self._skip = self._wide
        else:
            self._out.append(_BREAKS.get(word, ""))

    def _add(self, text: str) -> None:
        """Add text, less the characters that stand for one given by its number."""
        self._out.append(text[self._skip :])
        self._skip = max(0, self._skip - len(text))
