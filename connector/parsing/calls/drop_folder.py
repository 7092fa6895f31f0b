"""A place into which records are put: which files are there, at rest, and not read yet.

What is remembered of a file is a digest of its name, size and time: a file that changed is read
again, which is harmless, because calls are known by their own ids.
"""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import os
import stat
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from connector.domain.errors import Unavailable
from connector.parsing.logfiles import open_regular, plain_fault

MAX_FILES: Final = 20_000
"""A folder with more matching files is refused: every one of them is remembered."""
MAX_UNPACKED_BYTES: Final = 256 * 1024**2
"""A packed file is read up to this size."""

_UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp", ".temp", ".swp", "~")
_PASSED = (".", "~$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """One file that may hold records."""

    path: Path
    size: int
    changed_s: float
    """When content or name changed last, epoch seconds, by the file system's clock."""
    digest: str
    """Of name, size and time of change."""


def dropped(path: Path, pattern: str, *, edge: str) -> list[Dropped]:
    """List files by the order of their names. Raises Unavailable when the place cannot be read."""
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            names = [name for name in os.listdir(path) if _wanted(name, pattern)]  # noqa: PTH208 - names only, and many
            paths = [path / name for name in sorted(names)]
        else:
            paths = [path]
    except OSError as fault:
        raise Unavailable(edge, plain_fault(path, fault)) from fault
    if len(paths) > MAX_FILES:
        raise Unavailable(
            edge, f"{path} holds {len(paths)} files, more than {MAX_FILES}: move old ones away."
        )
    return [one for one in map(_found, paths) if one is not None]


def at_rest(file: Dropped, seen: AbstractSet[str], settle_s: float, now: float) -> bool:
    """Say whether a file is whole: unchanged for long enough, or since the last look.

    The last look counts where the clock of a file server is ahead of ours.
    """
    return now - file.changed_s >= settle_s or (file.changed_s > now and file.digest in seen)


@contextmanager
def opened(file: Dropped) -> Iterator[BinaryIO]:
    """Open a file, unpacked if it is a gz. Raises OSError."""
    handle, _ = open_regular(file.path)
    with os.fdopen(handle, "rb") as raw:
        if file.path.name.endswith(".gz"):
            with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
                yield cast("BinaryIO", unpacked)
        else:
            yield raw


def _wanted(name: str, pattern: str) -> bool:
    folded = name.casefold()
    if folded.startswith(_PASSED) or folded.endswith(_UNFINISHED):
        return False
    return any(fnmatch.fnmatch(name, one.strip()) for one in pattern.split("|"))


def _found(path: Path) -> Dropped | None:
    try:
        status = path.stat()
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return None
    known = f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}"
    digest = hashlib.blake2b(known.encode("utf-8", "surrogateescape"), digest_size=5).hexdigest()
    return Dropped(
        path=path,
        size=status.st_size,
        changed_s=max(status.st_mtime, status.st_ctime),
        digest=digest,
    )
