"""How long a text message is: in letters of GSM 03.38, or UCS-2 when one is not among them."""

from __future__ import annotations

import unicodedata
from typing import Final

GSM_LIMIT: Final = 159
"""One message of seven-bit letters; one below the 160 that fit, for those who count the end."""

UCS2_LIMIT: Final = 70
"""One message as soon as a single letter is not among them."""

_BASIC: Final = frozenset(
    "@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8\r\u00c5\u00e5\u0394_\u03a6"
    "\u0393\u039b\u03a9\u03a0\u03a8\u03a3\u0398\u039e\u00c6\u00e6\u00df\u00c9 !\"#\u00a4%&'()*+,-./"
    "0123456789:;<=>?\u00a1ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c4\u00d6\u00d1\u00dc\u00a7\u00bf"
    "abcdefghijklmnopqrstuvwxyz\u00e4\u00f6\u00f1\u00fc\u00e0"
)
_EXTENDED: Final = frozenset("^{}\\[~]|\u20ac\f")
"""These take two."""


def length(text: str) -> tuple[int, int]:
    """Give how many units a message takes and how many one message holds."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        return sum(2 if letter in _EXTENDED else 1 for letter in text), GSM_LIMIT
    return len(text.encode("utf-16-be", "replace")) // 2, UCS2_LIMIT


def strangers(text: str) -> str:
    """Give the letters that make a message three times as dear, each once, in order."""
    return "".join(dict.fromkeys(one for one in text if one not in _BASIC | _EXTENDED))


def plain(value: str) -> str:
    """Write a name with letters that every message holds, where they have such a form."""
    return "".join(
        letter if letter in _BASIC else unicodedata.normalize("NFKD", letter)[:1]
        for letter in value
    )
