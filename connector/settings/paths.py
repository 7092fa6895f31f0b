"""Dotted paths: how a place in the configuration is called in messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top."""

_BARE = re.compile(r"^[A-Za-z0-9_-]{1,60}$")
_LONGEST_KEY = 60


def dotted(path: Sequence[str | int]) -> str:
    """Print a path as `sources[1].mapping."What went wrong?"`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE.match(part) else '"' + _printable(part) + '"'
            text += f".{name}" if text else name
    return text


def _printable(key: str) -> str:
    cut = "".join(letter if letter.isprintable() else "?" for letter in key[:_LONGEST_KEY])
    return cut if len(key) <= _LONGEST_KEY else cut + "..."
