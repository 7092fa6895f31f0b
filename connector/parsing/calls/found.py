"""What reading a phone system's logs brings: calls, and bytes that nobody can understand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from connector.domain.call import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A call, and where it was found."""

    call: Call
    locator: str
    """`PATH:ID`: the log, and the phone system's own id by which its lines are found there."""
    raw: bytes = b""
    """Its lines, as far as they are kept."""


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
