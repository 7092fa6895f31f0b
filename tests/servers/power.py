"""What a disk holds after a power cut: a process's writes, replayed up to their flushes.

A disk may lose every write that was not flushed, keep any of them, or tear one in the middle
of a page into sectors. Here the system calls of a process are recorded with their bytes; the
files are built again as they may be found after a cut at any moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECTOR = 512
CALLS = "openat,pwrite64,write,sendto,fsync,fdatasync,ftruncate,unlink,unlinkat"

_LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?([a-z0-9]+)(\(| resumed>)(.*)$")
_FD = re.compile(r"^\d+<([^>]*)>")
_SECOND = re.compile(r"^[^,]*, (\d+)")
_LAST = re.compile(r", (\d+)(?:\)| <)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Event:
    """One system call that matters."""

    kind: str
    """write | flush_begin | flush_end | cut | unlink | sent."""
    path: str
    data: bytes = b""
    offset: int = 0
    """Also the length after a cut; for the end of a flush, the place of its beginning."""


@dataclass(slots=True)
class Disk:
    """Files as they surely are on the disk, and what may have come there beside."""

    files: dict[str, bytearray]
    pending: list[Event] = field(default_factory=list)

    def after_cut(self, chance: Random) -> dict[str, bytes]:
        """Give the files after a cut now: any part of what was not flushed may be there."""
        files = {path: bytearray(content) for path, content in self.files.items()}
        share = chance.choice((0.0, 0.5, 1.0))
        for event in self.pending:
            if chance.random() >= share:
                continue
            if event.kind == "write" and chance.random() < 0.2:
                for start in range(0, len(event.data), SECTOR):
                    if chance.random() < 0.5:
                        piece = event.data[start : start + SECTOR]
                        apply(files, Event("write", event.path, piece, event.offset + start))
            else:
                apply(files, event)
        return {path: bytes(content) for path, content in files.items()}


def apply(files: dict[str, bytearray], event: Event) -> None:
    content = files.setdefault(event.path, bytearray())
    if event.kind == "unlink":
        del files[event.path]
    elif event.kind == "cut":
        content[event.offset :] = b""
        content.extend(bytes(event.offset - len(content)))
    else:
        content.extend(bytes(max(0, event.offset - len(content))))
        content[event.offset : event.offset + len(event.data)] = event.data


def events(trace: str, folder: Path) -> Iterator[Event]:
    """Read a trace of `CALLS` (strace -f -y -xx): what happened to the files of a folder."""
    begun: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(trace.splitlines()):
        match = _LINE.match(line)
        if match is None:
            continue
        thread, call, opening, rest = match.groups()
        if opening != "(":
            if thread in begun and rest.rstrip().endswith("= 0"):
                path, since = begun.pop(thread)
                yield Event("flush_end", path, offset=since)
            continue
        yield from _event(call, rest, thread, number, begun, folder)


def _event(
    call: str,
    rest: str,
    thread: str,
    number: int,
    begun: dict[str, tuple[str, int]],
    folder: Path,
) -> Iterator[Event]:
    found = _FD.match(rest)
    path = _text(found.group(1)) if found else ""
    if call == "sendto" and (data := _bytes(rest)):
        yield Event("sent", "", data)
        return
    if call.startswith("unlink"):
        name = _bytes(rest).decode()
        if Path(name).parent == folder:
            yield Event("unlink", Path(name).name)
        return
    if not path or Path(path).parent != folder:
        return
    name = Path(path).name
    if call in {"fsync", "fdatasync"}:
        yield Event("flush_begin", name, offset=number)
        if "unfinished" in rest:
            begun[thread] = (name, number)
        elif rest.rstrip().endswith("= 0"):
            yield Event("flush_end", name, offset=number)
    elif call == "ftruncate":
        yield Event("cut", name, offset=int(_SECOND.findall(rest)[0]))
    elif call == "pwrite64":
        place = _LAST.findall(rest)[-1]
        yield Event("write", name, _bytes(rest), int(place))


def _text(path: str) -> str:
    """A path in angle brackets is printed in hex too."""
    return _bytes(f'"{path}"').decode() if path.startswith("\\x") else path


def _bytes(rest: str) -> bytes:
    found = _STRING.search(rest)
    return bytes.fromhex(found.group(1).replace("\\x", "")) if found else b""


def replay(happened: Sequence[Event], files: Mapping[str, bytes]) -> Iterator[tuple[Event, Disk]]:
    """Step through what happened; the disk is as it may be just after each event."""
    disk = Disk({name: bytearray(content) for name, content in files.items()})
    flushing: dict[int, tuple[str, int]] = {}
    for event in happened:
        if event.kind == "flush_begin":
            flushing[event.offset] = (event.path, len(disk.pending))
        elif event.kind == "flush_end":
            path, count = flushing.pop(event.offset)
            safe = [one for one in disk.pending[:count] if one.path == path]
            rest = [one for one in disk.pending[:count] if one.path != path]
            for one in safe:
                apply(disk.files, one)
            disk.pending = [*rest, *disk.pending[count:]]
            # other flushes under way counted places in the list as it was
            flushing = {at: (p, max(0, n - len(safe))) for at, (p, n) in flushing.items()}
        elif event.kind != "sent":
            disk.pending.append(event)
        yield event, disk
