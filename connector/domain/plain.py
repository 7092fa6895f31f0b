"""Text from outside made harmless to print: what cannot be seen cannot deceive.

Control characters could forge lines, bidirectional marks could turn a sentence
round, zero-width characters could hide a word from the rules. All go.
"""

from __future__ import annotations

import re
from typing import Final

_INVISIBLE: Final = re.compile(
    "["
    "\u0000-\u0008\u000b-\u001f\u007f-\u009f"  # controls; tab and line feed stay
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners, fillers
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f"  # zero width, bidirectional, isolates
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"  # selectors, marks, halves
    "\U000e0000-\U000e0fff"  # tags and further selectors
    "]"
)
_BREAKS: Final = re.compile("\r\n?|[\u2028\u2029\u0085\u000b\u000c]")
_SPACES: Final = re.compile(r"[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def printable(text: str) -> str:
    """Keep what a person can see, spaces and line feeds; every line break becomes a line feed."""
    # most texts; the patterns would find nothing
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return _INVISIBLE.sub("", _SPACES.sub(" ", _BREAKS.sub("\n", text)))


def one_line(text: str, limit: int) -> str:
    """Make text printable on one line of at most `limit` characters, `...` where it was cut."""
    line = " ".join(printable(text[: limit * 8]).split())
    if len(line) <= limit and len(text) <= limit * 8:
        return line
    return line[: max(limit - 3, 0)].rstrip() + "..."
