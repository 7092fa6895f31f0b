"""On which kind of volume the state lies: locks and write-ahead log need a local one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from connector.domain.errors import StateError

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"}
    | {"fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "lustre"}
)
"""File systems on which SQLite's locks and write-ahead log cannot be trusted."""
MOUNTS = Path("/proc/self/mounts")


def refuse_network(state_dir: Path, mounts: Path = MOUNTS) -> None:
    """Raise StateError for a state on a network file system; `state_dir` need not exist yet."""
    kind = filesystem(state_dir, mounts)
    if kind in NETWORK:
        raise StateError(
            f"{state_dir} is on a network file system ({kind}), where locks do not hold and a "
            "database can be damaged; move the state to a local disk (state_on_network = true "
            "runs it there all the same)"
        )


def filesystem(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Name the type of the file system that holds a path; empty when it cannot be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return _deepest(path.resolve(), (line.split() for line in lines))


def _deepest(path: Path, mounts: Iterable[list[str]]) -> str:
    best, kind = -1, ""
    for fields in mounts:
        if len(fields) < 3:  # noqa: PLR2004 - device, place, type
            continue
        place = Path(fields[1].replace("\\040", " "))
        if path.is_relative_to(place) and len(place.parts) > best:
            best, kind = len(place.parts), fields[2]
    return kind
