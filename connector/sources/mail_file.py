"""Saved mail: one message in a file, an mbox, a Maildir, a folder of messages.

Read without touching anything. The cursor remembers what was read: the offset in an mbox (which
may grow), the time of arrival (ctime) and the names at it in a folder. What is read twice, say
after a restored backup, has the same natural key.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

from pydantic import Field, PrivateAttr

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Batch, Cursor, Item
from connector.parsing.logfiles import NotRegular, open_regular
from connector.parsing.mail_signal import OVERSIZE_BYTES, MailOptions, MailReader
from connector.parsing.mbox import is_from_line, read_mbox
from connector.sources.base import Source, SourceSettings

BATCH = 50
"""Items per batch."""
BATCH_BYTES = 33_554_432
"""Bytes read per batch, unless one message alone is larger."""
MAX_FILES = 1_000_000
"""A folder with more files is refused."""
MAX_FOLDER_DEPTH = 30
"""Folders below this depth are not entered."""
_VERSION = 1
_SNIFF_BYTES = 10_485_760
_TAIL_BYTES = 512
_NANO = 1_000_000_000


class MailFileSettings(SourceSettings):
    """Messages in files."""

    kind: Literal["mail_file"] = "mail_file"
    path: Path = Field(
        description="A message (.eml), an mbox, a Maildir, or a folder whose files are messages."
    )
    settle_seconds: int = Field(
        default=5,
        ge=0,
        le=3_600,
        description="Leave a file of a folder alone until it has not changed for so long, because "
        "somebody may still be writing it.",
    )
    mail: MailOptions = Field(default_factory=MailOptions, description="How messages are read.")
    _looking: bool = PrivateAttr(default=False)

    def open(self, practice: Practice) -> Source:
        """Make the source; the path is looked at when it is read."""
        reader = MailReader.for_source(self.name, practice, self.mail, looking=self._looking)
        return MailFileSource(self, reader)

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Read the path once, as it is now; no export goes into its folder."""
        settings = cls(name=name, path=path, settle_seconds=0)
        settings._looking = True
        return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One file of a folder."""

    stamp: int
    """When it arrived or changed last: its ctime in nanoseconds, which copying does not keep."""
    name: str
    """Path below the folder, with slashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """What was read of a folder: everything older than `stamp`, and these names at it."""

    stamp: int
    names: frozenset[str] = frozenset()

    def behind(self, entry: _Entry) -> bool:
        """Say whether an entry was not read yet."""
        return entry.stamp > self.stamp or (
            entry.stamp == self.stamp and entry.name not in self.names
        )

    def moved_to(self, entry: _Entry) -> _Mark:
        """Give the mark behind an entry, which comes in order."""
        names = self.names if entry.stamp == self.stamp else frozenset[str]()
        return _Mark(stamp=entry.stamp, names=names | {entry.name})

    def cursor(self) -> Cursor:
        return _cursor(folder={"stamp": self.stamp, "names": sorted(self.names)})


@dataclass(slots=True)
class _Gathering:
    """Items on their way into a batch."""

    items: list[Item] = field(default_factory=list)
    total: int = 0

    def add(self, item: Item) -> None:
        self.items.append(item)
        self.total += len(item.raw)

    @property
    def full(self) -> bool:
        return len(self.items) >= BATCH or self.total >= BATCH_BYTES

    def batch(self, cursor: Cursor) -> Batch:
        items, self.items, self.total = tuple(self.items), [], 0
        return Batch(items=items, cursor=cursor)


class MailFileSource:
    """A source of saved mail; implements `Source` and `Probes`."""

    def __init__(
        self,
        settings: MailFileSettings,
        reader: MailReader,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take configuration, reader, and the clock that file systems go by."""
        self.name = settings.name
        self._path = settings.path
        self._settle_ns = settings.settle_seconds * _NANO
        self._reader = reader
        self._limit = settings.mail.max_message_bytes
        self._now = now
        self._closed = threading.Event()

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        """Yield what was not read before; in a folder by time of arrival, then name."""
        self._closed.clear()
        state = _read_state(after)
        try:
            if self._path.is_dir():
                yield from self._read_folder(state.get("folder"))
            elif _is_mbox(self._path):
                yield from self._read_growing_mbox(state.get("mbox"))
            else:
                yield from self._read_single(state.get("single"))
        except OSError as fault:
            raise Unavailable(self.name, f"{self._path}: {_plain(fault)}") from None

    def settle(self, locators: Sequence[str]) -> None:
        """Do nothing: files stay as they are."""

    def close(self) -> None:
        """End a reading after the item at hand."""
        self._closed.set()

    def probe(self) -> list[str]:
        """Look whether the path can be read, and folders of exports written."""
        problems = self._reader.hearing.exports.problems()
        try:
            if self._path.is_dir():
                next(self._path.iterdir(), None)
            else:
                with _opened(self._path) as file:
                    file.read(1)
        except OSError as fault:
            problems.insert(0, f"{self._path}: {_plain(fault)}.")
        return problems

    def _read_single(self, known: object) -> Iterator[Batch]:
        raw, size = self._content(self._path)
        digest = hashlib.sha256(raw).hexdigest()
        if known == digest or (not raw and self._path.suffix.lower() != ".eml"):
            return
        item = self._reader.item(raw, str(self._path), size_bytes=size)
        yield Batch(items=(item,), cursor=_cursor(single=digest))

    def _content(self, path: Path) -> tuple[bytes, int]:
        """Give the bytes of a file, of a huge one only the beginning, and its size."""
        with _opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            raw = file.read(self._limit + 1)
        if len(raw) > self._limit:
            return raw[:OVERSIZE_BYTES], max(size, len(raw))
        return raw, len(raw)

    def _read_folder(self, known: object) -> Iterator[Batch]:
        mark = _read_mark(known)
        gathering = _Gathering()
        for entry in self._entries(mark):
            for item in self._entry_items(entry):
                if self._closed.is_set():
                    return
                gathering.add(item)
            mark = mark.moved_to(entry)
            if gathering.full:
                yield gathering.batch(mark.cursor())
        if gathering.items:
            yield gathering.batch(mark.cursor())

    def _entry_items(self, entry: _Entry) -> Iterator[Item]:
        """Give the message of a file, or the messages of a file that is named as an mbox."""
        path = self._path / entry.name
        locator = f"{self._path}/{entry.name}"
        try:
            if _named_mbox(path) and _is_mbox(path):
                with _opened(path) as file:
                    yield from self._mbox_items(file, locator)
                return
            raw, size = self._content(path)
        except FileNotFoundError:
            return  # taken away meanwhile, or renamed: then it comes again under its new name
        except OSError as fault:
            problem = f"The file cannot be read: {_plain(fault)}."
            yield self._reader.unreadable(locator, problem, b"")
            return
        yield self._reader.item(raw, locator, size_bytes=size)

    def _mbox_items(self, file: BinaryIO, locator: str) -> Iterator[Item]:
        for number, message in enumerate(read_mbox(file, self._limit + 1), start=1):
            yield self._reader.item(message.raw, f"{locator}#{number}", size_bytes=message.size)

    def _entries(self, mark: _Mark) -> list[_Entry]:
        """List unread files, oldest first, up to the first that may still be written."""
        tops = [self._path]
        if (self._path / "cur").is_dir() and (self._path / "new").is_dir():
            tops = [self._path / "cur", self._path / "new"]  # a Maildir
        found = [entry for top in tops for entry in self._walk(top) if mark.behind(entry)]
        found.sort(key=lambda entry: (entry.stamp, entry.name))
        now_ns = int(self._now() * _NANO)
        for index, entry in enumerate(found):
            if 0 <= now_ns - entry.stamp < self._settle_ns:
                return found[:index]
        return found

    def _walk(self, top: Path) -> Iterator[_Entry]:
        """Find regular files below a folder; hidden ones are left out, links are followed once."""
        count = 0
        for folder, folders, files in os.walk(top):
            depth = len(Path(folder).relative_to(top).parts)
            folders[:] = sorted(
                name for name in folders if name[0] != "." and depth < MAX_FOLDER_DEPTH
            )
            for name in files:
                path = Path(folder) / name
                with contextlib.suppress(FileNotFoundError):
                    told = path.stat()
                    if name[0] != "." and stat.S_ISREG(told.st_mode):
                        below = path.relative_to(self._path).as_posix()
                        yield _Entry(stamp=told.st_ctime_ns, name=below)
                count += 1
                if count > MAX_FILES:
                    raise Unavailable(self.name, f"{self._path}: more than {MAX_FILES} files")

    def _read_growing_mbox(self, known: object) -> Iterator[Batch]:
        """Go on where the last reading ended; begin anew when the file is another one now."""
        with _opened(self._path) as file:
            offset, number = _mbox_start(file, known)
            file.seek(offset)
            gathering = _Gathering()
            last = None
            for message in read_mbox(file, self._limit + 1):
                if self._closed.is_set():
                    return
                number += 1
                locator = f"{self._path}#{number}"
                gathering.add(self._reader.item(message.raw, locator, size_bytes=message.size))
                last = (message.start, message.end, number)
                if gathering.full:
                    yield gathering.batch(self._mbox_cursor(*last))
            if gathering.items and last is not None:
                yield gathering.batch(self._mbox_cursor(*last))

    def _mbox_cursor(self, start: int, end: int, number: int) -> Cursor:
        with _opened(self._path) as file:
            tail = _tail(file, end)
        return _cursor(mbox={"start": start, "end": end, "number": number, "tail": tail})


def _mbox_start(file: BinaryIO, known: object) -> tuple[int, int]:
    """Give (offset, messages before it) to go on from.

    When the last message was read half-written, it is read again; when the bytes before the
    offset are not those of last time (compacted, replaced), everything is.
    """
    if not isinstance(known, dict):
        return 0, 0
    try:
        start, end, number = (int(known[key]) for key in ("start", "end", "number"))
    except (KeyError, TypeError, ValueError):
        return 0, 0
    if start < 0 or end < start or known.get("tail") != _tail(file, end):
        return 0, 0
    file.seek(end)
    line = file.readline(_TAIL_BYTES)
    return (end, number) if not line.strip() or is_from_line(line) else (start, number - 1)


def _tail(file: BinaryIO, end: int) -> str:
    """Give a hash of the bytes before an offset."""
    file.seek(max(0, end - _TAIL_BYTES))
    return hashlib.sha256(file.read(min(end, _TAIL_BYTES))).hexdigest()


def _opened(path: Path) -> BinaryIO:
    """Open a regular file, never waiting as for a named pipe. Raises OSError (NotRegular)."""
    handle, _ = open_regular(path)
    return os.fdopen(handle, "rb")


def _named_mbox(path: Path) -> bool:
    return path.suffix.lower() in {".mbox", ".mbx"} or path.name.lower() == "mbox"


def _is_mbox(path: Path) -> bool:
    """Tell an mbox from a message: by name and first line, or by several separator lines."""
    with _opened(path) as file:
        first = file.readline(_TAIL_BYTES)
        if _named_mbox(path):
            return not first.strip() or is_from_line(first)
        if not is_from_line(first):
            return False
        rest = file.read(_SNIFF_BYTES)
    position = -1
    while (position := rest.find(b"\nFrom ", position + 1)) >= 0:
        line = rest[position + 1 : position + _TAIL_BYTES].split(b"\n", 1)[0]
        blank = rest[max(0, position - 1) : position] in {b"\n", b"\r"} or position == 0
        if blank and is_from_line(line):
            return True
    return False


def _cursor(**state: object) -> Cursor:
    return json.dumps({"version": _VERSION, **state})


def _read_state(cursor: Cursor | None) -> dict[str, Any]:
    """Read a cursor of ours; for a foreign one everything is read again, which is harmless."""
    try:
        data = json.loads(cursor or "null")
    except ValueError:
        return {}
    if not isinstance(data, dict) or data.get("version") != _VERSION:
        return {}
    return data


def _read_mark(known: object) -> _Mark:
    if not isinstance(known, dict):
        return _Mark(stamp=-1)
    try:
        names = frozenset(str(name) for name in known["names"])
        return _Mark(stamp=int(known["stamp"]), names=names)
    except (KeyError, TypeError, ValueError):
        return _Mark(stamp=-1)


def _plain(fault: OSError) -> str:
    """Say what the system said, without the path, which may be anything."""
    if isinstance(fault, NotRegular):
        return str(fault)
    return (fault.strerror or type(fault).__name__).lower()
