"""Which logs are of one phone system: they are one source, or every call is counted twice."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Final

_LOGS: Final = ("path", "queue_log", "cdr")
"""Settings that name a log."""
_FOLDERS: Final = frozenset({"cel-custom", "cdr-csv", "cdr-custom"})
"""Folders inside the one into which Asterisk writes."""
_TABLES: Final = frozenset({"call_table", "cisco_cucm"})
_KINDS: Final = frozenset({"asterisk_cel", "asterisk_cdr", "asterisk_queue_log"})


def same_system(one: object, other: object) -> bool:
    """Say whether the settings of two sources name logs of one Asterisk.

    They do when they name the same file, or different logs of one folder of Asterisk's.
    """
    kinds = getattr(one, "kind", ""), getattr(other, "kind", "")
    if not _KINDS.issuperset(kinds):
        return False
    mine, theirs = _logs(one), _logs(other)
    if mine & theirs:
        return True
    return kinds[0] != kinds[1] and bool(
        {_home(path) for path in mine} & {_home(path) for path in theirs}
    )


def same_files(one: object, other: object) -> bool:
    """Say whether two sources of tables would read the same files."""
    kind, path, pattern = (getattr(one, name, None) for name in ("kind", "path", "pattern"))
    theirs, place = getattr(other, "pattern", None), getattr(other, "path", None)
    if kind not in _TABLES or getattr(other, "kind", "") not in _TABLES:
        return False
    if not isinstance(path, Path) or not isinstance(place, Path):
        return False
    return path.resolve() == place.resolve() and _overlap(str(pattern), str(theirs))


def _overlap(one: str, other: str) -> bool:
    """Say whether a file may fit both patterns, as far as one can tell without files."""
    return any(
        fnmatch(mine.strip(), theirs.strip()) or fnmatch(theirs.strip(), mine.strip())
        for mine in one.split("|")
        for theirs in other.split("|")
    )


def _logs(settings: object) -> set[Path]:
    named = (getattr(settings, name, None) for name in _LOGS)
    return {path.resolve() for path in named if isinstance(path, Path)}


def _home(path: Path) -> Path:
    return path.parent.parent if path.parent.name in _FOLDERS else path.parent
