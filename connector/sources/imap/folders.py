"""Which folders of a mailbox are read: patterns, special folders, names as servers write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from imapclient.imap_utf7 import decode as decode_utf7

MOST_FOLDERS = 200
"""More folders than these are no feedback mailbox: the pattern was too wide."""

_SPECIAL: Final = frozenset(
    {"\\sent", "\\drafts", "\\trash", "\\junk", "\\all", "\\flagged", "\\important"}
)
"""Attributes (RFC 6154) of folders that hold no mail to us, or every mail once more."""
_NO_FOLDER: Final = frozenset({"\\noselect", "\\nonexistent"})
_SPECIAL_NAMES: Final = frozenset(
    {"sent", "sent items", "sent mail", "sent messages", "drafts", "trash", "deleted",
     "deleted items", "deleted messages", "junk", "junk email", "junk e-mail", "spam", "outbox"}
)  # fmt: skip
"""What they are called where the server does not mark them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A folder as the server lists it."""

    name: str
    """Decoded from modified UTF-7."""
    attributes: frozenset[str]
    """Lower case, with their backslash."""
    delimiter: str
    """What parts the levels of its name; empty for a flat mailbox."""

    @property
    def path(self) -> str:
        """The name with / between its levels, and INBOX in capitals."""
        path = self.name.replace(self.delimiter, "/") if self.delimiter else self.name
        first, slash, rest = path.partition("/")
        return f"INBOX{slash}{rest}" if first.upper() == "INBOX" else path


def listed(answer: Iterable[tuple[Sequence[bytes], Any, Any]]) -> list[Listed]:
    """Read LIST answers; a name that is no modified UTF-7 cannot be opened and is left out."""
    found = []
    for attributes, delimiter, raw in answer:
        try:
            name = str(raw) if isinstance(raw, int) else decode_utf7(raw or b"NIL")
        except (ValueError, LookupError):
            continue
        found.append(
            Listed(
                name=name,
                attributes=frozenset(one.decode("ascii", "replace").lower() for one in attributes),
                delimiter=delimiter.decode("ascii", "replace") if delimiter else "",
            )
        )
    return found


def chosen(there: Sequence[Listed], patterns: Sequence[str], exclude: Sequence[str]) -> list[str]:
    """Give the names of the folders that patterns mean, in the order of the patterns.

    A name without * means that folder, whatever it is; it is kept as written when the server
    does not list it, so that opening it says what is wrong.
    """
    marked = any(one.attributes & _SPECIAL for one in there)
    shut = [one.path for one in there if _special(one, marked=marked)]
    names: dict[str, None] = {}
    for pattern in patterns:
        if "*" not in pattern:
            exact = (one.name for one in there if one.path == _plain(pattern))
            names[next(exact, pattern)] = None
            continue
        for one in sorted(there, key=lambda listed: listed.path):
            if (
                matches(one.path, pattern)
                and not one.attributes & _NO_FOLDER
                and not any(matches(one.path, out) for out in exclude)
                and not any(one.path == out or one.path.startswith(f"{out}/") for out in shut)
            ):
                names[one.name] = None
    return list(names)


def _special(one: Listed, *, marked: bool) -> bool:
    if marked:
        return bool(one.attributes & _SPECIAL)
    return one.path.rpartition("/")[2].lower() in _SPECIAL_NAMES


def matches(path: str, pattern: str) -> bool:
    """Tell whether a pattern means a path: * within a level, ** across levels.

    Follows all ways at once, so that no pattern takes long.
    """
    reached = {0}
    for part in re.split(r"(\*+)", _plain(pattern)):
        if part.startswith("*"):
            reached = {end for start in reached for end in _run(path, start, part)}
        else:
            reached = {start + len(part) for start in reached if path.startswith(part, start)}
    return len(path) in reached


def _run(path: str, start: int, stars: str) -> range:
    """Give the places up to which stars may stretch."""
    slash = path.find("/", start)
    return range(start, (len(path) if len(stars) > 1 or slash < 0 else slash) + 1)


def _plain(pattern: str) -> str:
    first, slash, rest = pattern.partition("/")
    return f"INBOX{slash}{rest}" if first.upper() == "INBOX" else pattern
