"""Records of a phone system as calls: a log that grows, or files that are put into a folder.

Everything that is needed to go on is in the cursor: the place in the log or the files that were
read, the header, open calls. Reading in one piece or in many, over restarts and rotations,
gives the same calls.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from connector.domain.errors import Unavailable
from connector.parsing.calls.drop_folder import (
    MAX_UNPACKED_BYTES,
    Dropped,
    at_rest,
    dropped,
    opened,
)
from connector.parsing.calls.found import Broken, Found, Heard, Piece
from connector.parsing.calls.leg_groups import Group, LegGroups
from connector.parsing.calls.leg_story import call_of, chained
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.presets import Preset
from connector.parsing.calls.signals import fingerprint
from connector.parsing.calls.table_legs import LegMaker, Record, Unusable
from connector.parsing.calls.table_rows import Header, Rows
from connector.parsing.logfiles import NotRegular, plain_fault
from connector.parsing.survey_times import DateOrder
from connector.parsing.tables import BadRow, examine, read_rows
from connector.parsing.tail import Chunk, Gap, Line, Position, follow

CURSOR_VERSION: Final = 1
BATCH_CALLS: Final = 200
"""A batch is handed on when it has so many calls."""
MAX_DOCUMENT_BYTES: Final = 64 * 1024**2
"""A larger JSON document is refused: write lines."""
MAX_BROKEN: Final = 1_000
"""After so many faulty rows the rest of a file is not read: it is no table of calls."""
MAX_RAW_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Where records are, and how to read them."""

    path: Path
    edge: str
    """The source's name, for errors."""
    presets: Mapping[str, Preset]
    preset: str = ""
    """Empty: recognised by the first line of each file."""
    columns: tuple[str, ...] = ()
    delimiter: str = ""
    pattern: str = "*"
    follow: bool | None = None
    """True: a file that grows; None: as the preset says."""
    zone: tzinfo
    order: DateOrder
    numbers: Numbers
    settle_s: float = 30.0
    late_s: int | None = None
    """None: as the preset says."""
    maker: Callable[[Preset, tzinfo, DateOrder], LegMaker] = LegMaker
    """Makes what reads a record."""


class TableReader:
    """Reads the records of one phone system; one reading at a time."""

    def __init__(self, tables: Tables, cursor: str | None = None) -> None:
        """Go on where a cursor says; one that is not ours begins at the beginning."""
        plain = _plain(cursor)
        self._tables = tables
        self._position = Position.from_plain(plain.get("position"))
        done = plain.get("files")
        self._done = {str(one) for one in done} if isinstance(done, list) else set()
        self._seen: set[str] = set()
        self._header = Header.from_plain(plain.get("header"))
        self._makers: dict[str, LegMaker] = {}
        self._rows = self._new_rows()
        preset = self._header.preset if self._header else tables.preset
        self._groups = LegGroups(late_s=self._late_s(preset), plain=plain.get("calls"))
        self._found: list[Found] = []
        self._now = 0.0
        self._by_hand = False

    def __len__(self) -> int:
        """Count the calls that are open."""
        return len(self._groups)

    def read(self, now: float, *, flush: bool = False) -> Iterator[Piece]:
        """Yield what is new. Raises Unavailable; `now` is epoch seconds.

        `flush` closes every call and reads files that are not at rest, for a look by hand.
        """
        self._now, self._by_hand = now, flush
        following = self._follows()
        faults: list[str] = []
        if following:
            self._rows.resume(self._header)
            for chunk in follow(self._tables.path, self._position, edge=self._tables.edge):
                self._take(chunk)
                self._position = chunk.position
                if len(self._found) >= BATCH_CALLS:
                    yield self._piece()
        else:
            for _ in self._folder(now, faults, at_once=flush):
                if len(self._found) >= BATCH_CALLS:
                    yield self._piece()
        self._tell(self._groups.flush() if flush else self._groups.expire(now))
        if not following or self._position is not None:
            yield self._piece()
        if faults:
            raise Unavailable(self._tables.edge, faults[0])

    def _follows(self) -> bool:
        """Decide whether the path is a log; a file of an unknown system is one if it is lines."""
        tables = self._tables
        if tables.path.is_dir():
            return False
        if tables.follow is not None:
            return tables.follow
        if self._position is not None:
            return True
        return bool(tables.preset) and tables.presets[tables.preset].follow

    def _take(self, chunk: Chunk) -> None:
        for part in chunk.parts:
            if isinstance(part, Gap):
                self._found.append(Broken(locator=part.locator, problem=part.problem, raw=b""))
            elif isinstance(part, Line):
                self._broken(part.locator, part.problem, part.data)
            else:
                whole = part.data.split(b"\n")
                whole.pop()
                for number, data in enumerate(whole, part.first):
                    self._line(data, f"{part.path}:{number}")
        self._header = self._rows.header

    def _line(self, data: bytes, locator: str) -> bool:
        """Take one line; False when nobody can understand it."""
        if b"\0" in data:
            return self._broken(locator, "The row holds zero bytes.", data)
        try:
            self._records(self._rows.records(data), data, locator)
        except Unusable as fault:
            return self._broken(locator, str(fault), data)
        return True

    def _records(self, records: Iterable[Record], raw: bytes, locator: str) -> None:
        """Take the legs of one line, row or document. Raises Unusable."""
        text = raw.decode("utf-8", "replace")
        preset: Preset | None = None
        for record in records:
            maker = self._maker()
            preset = maker.preset
            leg = maker.leg(record)
            if leg is not None and not self._groups.feed(leg, text, locator, self._now):
                self._broken(locator, "The row belongs to a call that was told already.", raw)
        if preset is not None and preset.single:
            self._tell(self._groups.done(single=True))
        else:
            self._tell(self._groups.done())

    def _maker(self) -> LegMaker:
        header = self._rows.header
        name = header.preset if header else self._tables.preset
        if name not in self._makers:
            tables = self._tables
            zone = tables.zone
            self._makers[name] = tables.maker(tables.presets[name], zone, tables.order)
            if not len(self._groups):
                plain = self._groups.plain()
                self._groups = LegGroups(late_s=self._late_s(name), plain=plain)
        return self._makers[name]

    def _late_s(self, preset: str) -> int:
        if self._tables.late_s is not None:
            return self._tables.late_s
        return self._tables.presets[preset].late_seconds if preset else 0

    def _new_rows(self) -> Rows:
        tables = self._tables
        return Rows(tables.presets, tables.preset, tables.columns, tables.delimiter)

    def _folder(self, now: float, faults: list[str], *, at_once: bool) -> Iterator[None]:
        """Read the files that are new and at rest, by name; a turn after each row."""
        tables = self._tables
        files = dropped(tables.path, tables.pattern, edge=tables.edge)
        digests = {file.digest for file in files}
        self._done &= digests
        for file in files:
            if file.digest in self._done:
                continue
            if not at_once and not at_rest(file, self._seen, tables.settle_s, now):
                continue
            try:
                yield from self._file(file)
            except (OSError, EOFError, zlib.error) as fault:
                if isinstance(fault, NotRegular) or getattr(fault, "errno", None) is not None:
                    faults.append(plain_fault(file.path, cast("OSError", fault)))
                    continue
                self._broken(f"{file.path}#file-{file.digest}", "The file is damaged.", b"")
            self._done.add(file.digest)
            self._header = self._rows.header
        self._seen = digests

    def _file(self, file: Dropped) -> Iterator[None]:
        """Read one file. Raises OSError, EOFError, zlib.error."""
        self._rows = self._new_rows()
        with opened(file) as content:
            first = content.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
            content.seek(0)
            if first.startswith((b"[", b"{")):
                yield from self._json(file, content)
            else:
                yield from self._csv(file, content)

    def _csv(self, file: Dropped, content: BinaryIO) -> Iterator[None]:
        bounded = io.BytesIO(_bounded(content)) if file.path.name.endswith(".gz") else content
        examined = examine(bounded)
        bounded.seek(0)
        bad = 0
        tables = self._tables
        preset = tables.presets.get(tables.preset)
        delimiter = tables.delimiter or (preset.delimiter if preset else "")
        for row in read_rows(bounded, examined.encoding, delimiter):
            where = f"{file.path}#{row.number}"
            raw = row.text.encode("utf-8", "replace")[:MAX_RAW_BYTES]
            sound = False
            if isinstance(row, BadRow):
                self._broken(where, f"Row {row.number}: {row.problem}", raw)
            else:
                sound = self._row(row.cells, row.text, raw, where)
            bad += not sound
            if bad >= MAX_BROKEN:
                self._broken(f"{where}-rest", "Too many faulty rows: the rest is not read.", b"")
                return
            yield

    def _row(self, cells: Sequence[str], text: str, raw: bytes, where: str) -> bool:
        try:
            record = self._rows.of_cells(cells, text.rstrip("\r\n"))
            if record is not None:
                self._records([record], raw, where)
        except Unusable as fault:
            return self._broken(where, str(fault), raw)
        return True

    def _json(self, file: Dropped, content: BinaryIO) -> Iterator[None]:
        """Read JSON lines, or one document."""
        data = _bounded(content, MAX_DOCUMENT_BYTES)
        where = f"{file.path}#file-{file.digest}"
        if len(data) > MAX_DOCUMENT_BYTES:
            self._broken(where, "The document is too large: export fewer days, or lines.", b"")
            return
        lines = data.split(b"\n")
        if len(lines) > 1 and _is_json(lines[0]):
            bad = 0
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    bad += not self._line(line, f"{file.path}#{number}")
                    if bad >= MAX_BROKEN:
                        return
                    yield
            return
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            self._broken(where, "The document is no JSON, or was cut.", data[:MAX_RAW_BYTES])
            return
        yield from self._document(value, where)

    def _document(self, value: Any, where: str) -> Iterator[None]:
        """Take each record of a document, so that one that is odd stops none behind it."""
        try:
            records = self._rows.split(value)
        except Unusable as fault:
            self._broken(where, str(fault), b"")
            return
        for number, one in enumerate(records, start=1):
            raw = json.dumps(one, separators=(",", ":")).encode()[:MAX_RAW_BYTES]
            try:
                self._records(self._rows.record(one), raw, f"{where}-{number}")
            except Unusable as fault:
                self._broken(f"{where}-{number}", str(fault), raw)
            yield

    def _tell(self, groups: Iterable[Group]) -> None:
        for group in groups:
            preset = self._maker().preset
            legs = chained(group.legs) if preset.chained else group.legs
            call = call_of(legs, self._tables.numbers, preset.shows)
            raw = "\n".join(group.raw).encode("utf-8", "replace")[:MAX_RAW_BYTES]
            heard = Heard(call=call, locator=group.locator, raw=raw)
            if self._by_hand:
                self._found.append(heard)
            elif (version := _versioned(heard, group)) is not None:
                self._found.append(version)

    def _broken(self, locator: str, problem: str, raw: bytes) -> bool:
        self._found.append(Broken(locator=locator, problem=problem, raw=raw[:MAX_RAW_BYTES]))
        return False

    def _piece(self) -> Piece:
        found, self._found = tuple(self._found), []
        if self._by_hand:
            return Piece(found=found, cursor="")
        plain = {
            "version": CURSOR_VERSION,
            "position": self._position.plain() if self._position else None,
            "files": sorted(self._done),
            "header": self._header.plain() if self._header else None,
            "calls": self._groups.plain(),
        }
        return Piece(found=found, cursor=json.dumps(plain, separators=(",", ":")))


def _versioned(heard: Heard, group: Group) -> Heard | None:
    """Give a call as a new one or as a version of one that was told; None when it says the same."""
    call, said = heard.call, fingerprint(heard.call)
    if not group.told:
        group.base, group.told, group.said = call.key, f"call|{call.key}", said
        return heard
    if said == group.said:
        return None
    before = group.told
    group.version += 1
    group.told, group.said = f"call|{group.base}|{group.version}.{said}", said
    return replace(
        heard, call=replace(call, key=group.base), natural_key=group.told, revises=before
    )


def _bounded(content: BinaryIO, limit: int = MAX_UNPACKED_BYTES) -> bytes:
    """Read a file that is held in memory, up to one byte more than the limit."""
    return content.read(limit + 1)


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _plain(cursor: str | None) -> dict[str, Any]:
    try:
        plain = json.loads(cursor) if cursor else None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict) or plain.get("version") != CURSOR_VERSION:
        return {}
    return plain
