"""The place into which exports are put: what is there, and which files are at rest."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.domain.errors import Unavailable
from connector.parsing.logfiles import plain_fault

MAX_FILES = 10_000
"""A folder with more matching files is refused: every one of them is remembered."""

CUT_PATIENCE = 20
"""A file whose end is missing is waited for so many times as long as others."""

_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".filepart", "~")
_LOCKS = ("~$", ".", "lock.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One file that may hold responses."""

    name: str
    """Below the folder, with slashes."""
    path: Path
    size: int
    """Bytes."""
    mtime_ns: int
    changed_s: float
    """When content or name changed last, epoch seconds, by the file system's clock."""


def passing(name: str) -> bool:
    """Say whether a file is a lock, hidden, or not finished yet by its name."""
    folded = name.casefold()
    return folded.startswith(_LOCKS) or folded.endswith(_UNFINISHED)


def listing(path: Path, pattern: str, *, edge: str, depth: int = 0) -> list[Found]:
    """List the files in order of age, those of folders within too down to `depth`.

    Raises Unavailable when the place cannot be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            paths = [
                one
                for one in _walk(path, depth)
                if fnmatch.fnmatch(one.name, pattern) and not passing(one.name)
            ]
        else:
            paths = [path]
    except OSError as fault:
        raise Unavailable(edge, plain_fault(path, fault)) from fault
    if len(paths) > MAX_FILES:
        raise Unavailable(
            edge, f"{path} holds {len(paths)} exports, more than {MAX_FILES}: move old ones away."
        )
    found = [one for one in (_found(path, file) for file in paths) if one is not None]
    return sorted(found, key=lambda one: (one.mtime_ns, one.name))


def _walk(path: Path, depth: int) -> Iterator[Path]:
    for name in os.listdir(path):  # noqa: PTH208 - names only, and many
        one = path / name
        if depth and not name.startswith(".") and one.is_dir() and not one.is_symlink():
            yield from _walk(one, depth - 1)
        else:
            yield one


def _found(top: Path, path: Path) -> Found | None:
    """Give the file; None when it vanished or is a folder within the folder."""
    try:
        status = path.stat()
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return None
    return Found(
        name=path.name if path == top else path.relative_to(top).as_posix(),
        path=path,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        changed_s=max(status.st_mtime, status.st_ctime),
    )


class Gate:
    """Lets a file pass when it did not change for a while.

    By the file system's own stamps where they are plausible, so that one reading is enough;
    else by what earlier readings saw, so that a server whose clock is ahead is no obstacle.
    """

    def __init__(self, settle_seconds: int, clock: Callable[[], float]) -> None:
        """Take how long a file must rest, and the clock (epoch seconds)."""
        self._settle_s = settle_seconds
        self._clock = clock
        self._seen: dict[str, tuple[int, int, float]] = {}

    def at_rest(self, file: Found) -> bool:
        """Say whether the file may be read."""
        now = self._clock()
        if now - file.changed_s >= self._settle_s:
            return True
        size, mtime_ns, since = self._seen.get(file.name, (-1, -1, now))
        if (size, mtime_ns) != (file.size, file.mtime_ns) or since > now:
            since = now
        self._seen[file.name] = (file.size, file.mtime_ns, since)
        return now - since >= self._settle_s

    def long_at_rest(self, file: Found) -> bool:
        """Say whether a file that looks cut has had time enough to be completed."""
        return self._clock() - file.changed_s >= self._settle_s * CUT_PATIENCE

    def forget_all_but(self, names: set[str]) -> None:
        """Keep nothing of files that are gone."""
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}
