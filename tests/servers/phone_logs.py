"""Logs of a phone system that grow along one time line, and what happens to logs meanwhile."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from servers.asterisk import START, Pbx

Script: TypeAlias = Sequence[tuple[float, str, bytes]]
"""What is written: when (epoch seconds), into which file, which line."""


def script(*logs: tuple[str, Sequence[tuple[float, str]]]) -> Script:
    """Put the lines of some files in the order in which they were written."""
    lines = [(at, name, line.encode()) for name, ones in logs for at, line in ones]
    return sorted(lines, key=lambda line: line[0])


class Growing:
    """A folder in which a script is written, byte by byte."""

    def __init__(self, folder: Path, lines: Script) -> None:
        self.folder, self.lines = folder, lines
        self.now = lines[0][0] - 1
        """When the last line was written."""
        self._next, self._inside, self._parts = 0, 0, 0
        for name in dict.fromkeys(name for _, name, _ in lines):
            (folder / name).touch()

    @property
    def over(self) -> bool:
        return self._next == len(self.lines)

    def write_all(self) -> None:
        for name in dict.fromkeys(name for _, name, _ in self.lines):
            rest = b"".join(data for _, where, data in self.lines[self._next :] if where == name)
            if not self.over and name == self.lines[self._next][1]:
                rest = rest[self._inside :]
            self._append(name, rest)
        self._next, self.now = len(self.lines), self.lines[-1][0]

    def grow(self, count: int, inside: int) -> None:
        """Write some whole lines, and of the next one the first bytes."""
        for _ in range(min(count, len(self.lines) - self._next)):
            at, name, data = self.lines[self._next]
            self._append(name, data[self._inside :])
            self._next, self._inside, self.now = self._next + 1, 0, at
        if not self.over:
            _, name, data = self.lines[self._next]
            upto = min(max(inside, self._inside), len(data) - 1)
            self._append(name, data[self._inside : upto])
            self._inside = upto

    def rotate(self, name: str, how: str) -> None:
        """Rotate a file: `rename`, or `copytruncate`; a line may be cut by the latter."""
        log = self.folder / name
        if not log.stat().st_size or (how == "rename" and self._cut(name)):
            return
        self._parts += 1
        part = log.with_name(f"{name}.{1_900_000_000 + self._parts}")
        if how == "rename":
            log.rename(part)
            log.touch()
        else:
            shutil.copyfile(log, part)
            with log.open("r+b") as file:
                file.truncate()

    def pack(self, name: str) -> None:
        """Pack the oldest rotated part of a file, as logrotate does."""
        parts = sorted(one for one in self.folder.glob(f"{name}.*") if one.suffix != ".gz")
        if len(parts) < 2:
            return  # delaycompress: the newest part may still be written
        packed = parts[0].with_name(f"{parts[0].name}.gz")
        packed.write_bytes(gzip.compress(parts[0].read_bytes()))
        shutil.copystat(parts[0], packed)
        parts[0].unlink()

    def _cut(self, name: str) -> bool:
        return self._inside > 0 and not self.over and self.lines[self._next][1] == name

    def _append(self, name: str, data: bytes) -> None:
        if data:
            with (self.folder / name).open("ab") as file:
                file.write(data)


def busy_day(
    zone: ZoneInfo | None = None, at: float = START, without: frozenset[str] = frozenset()
) -> Pbx:
    """Calls of many kinds, one after another and across one another."""
    pbx = Pbx(zone=zone, at=at, events=without)
    pbx.talk("7205550111")
    pbx.maze("7205550112", ["2001", "2002", "2003", "2004"])
    pbx.abandons("7205550113")
    pbx.wait(70)
    pbx.misses("7205550114")
    pbx.voicemail("7205550115")
    pbx.calls_out("17205550115")
    pbx.abandons("7205550116", wait=3)
    overflow = pbx.caller("7205550119")
    pbx.starts(overflow, "Queue", "first,tT,,,20")
    pbx.log(overflow, "first", "NONE", "ENTERQUEUE", "", "7205550119", 1)
    pbx.misses("7205550118")  # another call within this one
    pbx.log(overflow, "first", "NONE", "EXITWITHTIMEOUT", 1, 1, 20)
    pbx.starts(overflow, "Queue", "second,tT,,,20")
    pbx.log(overflow, "second", "NONE", "ENTERQUEUE", "", "7205550119", 1)
    pbx.talk("7205550117")
    pbx.log(overflow, "second", "NONE", "ABANDON", 1, 1, 64)
    pbx.gone(overflow, overflow.name, cause=0)
    pbx.over(overflow)
    return pbx
