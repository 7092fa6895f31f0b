"""What reading a phone system's logs brings: calls, and bytes that nobody can understand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from connector.domain.call import Call

MAX_RAW_BYTES = 65_536
"""Bytes of a call's lines that are kept as evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A call, and where it was found."""

    call: Call
    locator: str
    """`PATH:ID`: the log, and the phone system's own id by which its lines are found there."""
    raw: bytes = b""
    """Its lines as they were read, as far as they are kept; or `rows` in place of them."""
    rows: Sequence[Sequence[str]] = ()
    """Its lines in fields: made to bytes only where somebody keeps them."""
    natural_key: str = ""
    """Natural key of its signal; empty: `call|` and the key of the call."""
    revises: str = ""
    """Natural key under which an earlier version of the call was told; empty for none."""

    @property
    def evidence(self) -> bytes:
        """Give its lines, those of `rows` each as a list in JSON; at most MAX_RAW_BYTES."""
        if self.raw:
            return self.raw[:MAX_RAW_BYTES]
        lines: list[str] = []
        room = MAX_RAW_BYTES
        for row in self.rows:
            lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
            room -= len(lines[-1])
            if room < 0:
                break
        return "\n".join(lines).encode("utf-8", "replace")[:MAX_RAW_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Bytes of a log that nobody can understand."""

    locator: str
    problem: str
    """One sentence, without the line's words."""
    raw: bytes


Found: TypeAlias = Heard | Broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What was found, and where to go on."""

    found: tuple[Found, ...]
    cursor: str
