"""Reads settled exports in batches; what a row means is decided in `connector.parsing.surveys`."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any, BinaryIO

import structlog

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.response import VERSION_BYTES, Entry, Export, ExportRow, Responses
from connector.domain.signal import Batch, Cursor, Unreadable
from connector.parsing import tables
from connector.parsing.logfiles import open_regular, plain_fault
from connector.parsing.survey_files import is_cut
from connector.parsing.survey_proposal import Proposal
from connector.parsing.survey_times import DateOrder
from connector.parsing.tables import Examined
from connector.sources._exports import skipping
from connector.sources._exports.folder import Found, Gate, listing
from connector.sources._exports.progress import FileProgress, Progress
from connector.sources._exports.rows import ExportRows
from connector.sources._exports.settings import ExportOptions
from connector.sources._exports.skipping import Plan, Pool

log = structlog.get_logger()

BATCH_ITEMS = 1_000
"""A batch is handed on when it has so many rows that may have to be judged,"""
BATCH_KNOWN = 5_000
"""or so many where most of them are known,"""
BATCH_ROWS = 50_000
"""or so many in all: each commit writes pages all over the table of responses, whose keys are in
no order, so that few large ones write a fraction of what many small ones do,"""
BATCH_CHARS = 16_000_000
"""or so many characters."""
MAX_REFUSED_CHARS = 1_000
"""So much is remembered of why a file does not fit its map."""


class ExportSource:
    """Reads the exports of one survey or review site; used by one thread, except `close`."""

    def __init__(
        self,
        settings: ExportOptions,
        practice: Practice,
        *,
        clock: Callable[[], float] = time.time,
        rows: type[ExportRows] = ExportRows,
    ) -> None:
        """Keep the configuration; `clock` gives epoch seconds, `rows` reads a file."""
        self._rows_class = rows
        self.name = settings.name
        self._settings = settings
        self._practice = practice
        self._clock = clock
        self._gate = Gate(settings.settle_seconds, clock)
        self._digest = settings.digest()
        self._closing = threading.Event()
        self._told: set[tuple[str, ...]] = set()

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        """Yield the responses of all settled files that changed since the cursor.

        A file that cannot be opened does not stop the others: Unavailable comes at the end, and
        as long as the newest file that was read does not fit the map.
        """
        self._closing.clear()
        progress = Progress(after)
        files = self._listing()
        names = {file.name for file in files}
        progress.keep_only(names)
        self._gate.forget_all_but(names)
        faults = []
        last = after
        for file in files:
            try:
                for batch in self._changed(file, progress):
                    last = batch.cursor
                    yield batch
            except OSError as fault:
                faults.append(plain_fault(file.path, fault))
            if self._closing.is_set():
                return
        if progress.cursor() != last:
            yield Batch(items=(), cursor=progress.cursor())
        if refused := self._stopped_by(files, progress):
            faults.append(refused)
        if faults:
            more = f" ({len(faults)} files cannot be read.)" if len(faults) > 1 else ""
            raise Unavailable(self.name, faults[0] + more)

    def _stopped_by(self, files: Sequence[Found], progress: Progress) -> str:
        """Say why the newest export that was read could not be understood; empty: it was."""
        known = (progress.of(file.name) for file in reversed(files))
        newest = next((one for one in known if one is not None and one.done), None)
        return newest.refused if newest is not None and newest.options == self._digest else ""

    def _listing(self) -> list[Found]:
        settings = self._settings
        depth = settings.folder_depth
        return listing(settings.path, settings.pattern, edge=self.name, depth=depth)

    def settle(self, locators: Sequence[str]) -> None:
        """Do nothing: the exports belong to whoever put them there."""

    def close(self) -> None:
        """End a reading after its present batch."""
        self._closing.set()

    def probe(self) -> list[str]:
        """Say what keeps the exports from being read."""
        try:
            files = self._listing()
        except Unavailable as fault:
            return [fault.problem]
        problems = []
        for file in files:
            try:
                handle, _ = open_regular(file.path)
            except OSError as fault:
                problems.append(plain_fault(file.path, fault))
            else:
                os.close(handle)
        return problems or self._misfits(files[-1:])

    def _misfits(self, newest: Sequence[Found]) -> list[str]:
        """Say why the newest export would not be read, if so."""
        try:
            for file in newest:
                handle, _ = open_regular(file.path)
                with os.fdopen(handle, "rb") as opened:
                    return list(self._rows_of(file, tables.examine(opened)).faults(opened))
        except OSError as fault:
            return [plain_fault(newest[0].path, fault)]
        return []

    def cannot_show(self) -> Sequence[str]:
        """Say which dates of the newest export may be read in two ways."""
        try:
            for file in self._listing()[-1:]:
                handle, _ = open_regular(file.path)
                with os.fdopen(handle, "rb") as opened:
                    return list(self._rows_of(file, tables.examine(opened)).doubts(opened))
        except (Unavailable, OSError):
            return []  # told by `probe`
        return []

    def propose(self) -> Iterator[Proposal | str]:
        """Propose a map for each table of the file, or of the newest one of the folder."""
        files = self._listing()
        if not files:
            yield f"{self._settings.path}: no file matches {self._settings.pattern}"
            return
        handle, _ = open_regular(files[-1].path)
        with os.fdopen(handle, "rb") as opened:
            yield from self._rows_of(files[-1], tables.examine(opened)).proposals(opened)

    def _changed(self, file: Found, progress: Progress) -> Iterator[Batch]:
        """Read one file if it changed and is at rest. Raises OSError."""
        known = progress.of(file.name)
        if known and known.options != self._digest:
            known = None
        same = known and (known.size, known.mtime_ns) == (file.size, file.mtime_ns)
        due = known is not None and 0 < known.again_s <= self._clock()
        if (known and known.done and same and not due) or not self._gate.at_rest(file):
            return
        try:
            handle, _ = open_regular(file.path)
        except FileNotFoundError:
            return  # taken away between listing and opening
        with os.fdopen(handle, "rb") as opened:
            examined = tables.examine(opened, prefix=known.size if known else 0)
            if examined.size != file.size:
                return  # it grows again: later
            if is_cut(opened) and not self._gate.long_at_rest(file):
                return  # its end is missing: perhaps it is still being written
            if due:
                known = None
            if known and known.done and known.sha256 == examined.sha256:
                progress.put(file.name, replace(known, mtime_ns=file.mtime_ns))
                return
            yield from self._rows(file, opened, examined, progress, known)

    def _rows(
        self,
        file: Found,
        opened: BinaryIO,
        examined: Examined,
        progress: Progress,
        known: FileProgress | None,
    ) -> Iterator[Batch]:
        """Read the rows that are not known yet, in batches."""
        delimiter = self._settings.delimiter
        # blocks that hold a response that is waited for are never in a pool
        pool = progress.pool if not self._settings.encoding else None
        left_out = skipping.plan(opened, examined, pool, self._digest, delimiter)
        rows, clean = _resume(known, examined, left_out.mark)
        clean = clean and examined.ends_with_newline
        export = self._rows_of(file, examined, progress.order)
        export.numbers = left_out.numbers()
        passed = 0 if rows else left_out.rows

        def gathered(entries: Sequence[Entry], *, done: bool) -> Batch:
            nonlocal rows, clean, passed
            rows += len(entries)
            clean = clean and all(isinstance(entry, ExportRow) for entry in entries)
            state = FileProgress(
                size=file.size,
                mtime_ns=file.mtime_ns,
                sha256=examined.sha256,
                rows=rows,
                done=done,
                clean=clean,
                mark="" if done else left_out.mark,
                options=self._digest,
                again_s=export.again_s,
                refused=export.refused[:MAX_REFUSED_CHARS] if done else "",
            )
            progress.put(file.name, state)
            progress.order = export.order or progress.order
            if done and clean and export.header_rows and not export.again_s:
                progress.pool = self._pool(opened, examined, left_out, export) or progress.pool
            items = self._responses(entries, export, file, examined, last=done)
            items.passed_blocks, passed = passed, 0
            return Batch(items=items, cursor=progress.cursor())

        # a file that comes again holds little that is new
        most = BATCH_KNOWN if progress.begun else BATCH_ITEMS
        entries = islice(export.entries(left_out.opened(opened)), rows, None)
        batch = _some(entries, most)
        while following := next(entries, None):
            yield gathered(batch, done=False)
            if self._closing.is_set():
                return
            batch = []  # gone before the next one is read: it may be large
            batch = _some(chain([following], entries), most)
        yield gathered(batch, done=_unchanged(file))
        self._tell(export)

    def _tell(self, export: ExportRows) -> None:
        """Log what the admin should know of the header of a file that was read."""
        if export.refused:
            log.warning("export_refused", source=self.name, path=export.path)
        if export.unmapped and export.unmapped not in self._told:
            self._told.add(export.unmapped)
            log.info(
                "columns_unmapped", source=self.name, path=export.path, count=len(export.unmapped)
            )

    def _pool(
        self, opened: BinaryIO, examined: Examined, left_out: Plan, export: ExportRows
    ) -> Pool | None:
        return skipping.pool_of(
            opened,
            examined,
            left_out,
            header_rows=export.header_rows,
            options=self._digest,
            delimiter=self._settings.delimiter,
        )

    def _responses(
        self,
        entries: Sequence[Entry],
        export: ExportRows,
        file: Found,
        examined: Examined,
        *,
        last: bool,
    ) -> Responses:
        order = export.order
        about = Export(
            path=export.path,
            form=export.form,
            version=bytes.fromhex(examined.sha256)[:VERSION_BYTES],
            read_keys=lambda: self._keys(file, examined, order),
        )
        return Responses(entries, about, export.make, clash=export.clash, last=last)

    def _rows_of(
        self, file: Found, examined: Examined, order: DateOrder | None = None
    ) -> ExportRows:
        written_s = file.mtime_ns // 1_000_000_000
        return self._rows_class(
            self._settings,
            self._practice,
            file.path,
            examined,
            written_s,
            order=order,
            now_s=int(self._clock()),
        )

    def _keys(self, file: Found, examined: Examined, order: DateOrder | None) -> Iterator[str]:
        """Read the keys of all responses of a file. Raises OSError, also when it changed."""
        handle, _ = open_regular(file.path)
        with os.fdopen(handle, "rb") as opened:
            if not _unchanged(file):
                raise FileNotFoundError(errno.ENOENT, "changed while it was read", file.name)
            export = self._rows_of(file, examined, order)
            for entry in export.entries(opened):
                if isinstance(entry, ExportRow):
                    yield entry.key


def _some(entries: Iterator[Entry], most: int) -> list[Entry]:
    """Take a batch: so many rows that may have to be judged, rows in all, or characters."""
    batch: list[Entry] = []
    size = judged = 0
    for entry in entries:
        batch.append(entry)
        if isinstance(entry, Unreadable):
            size += len(entry.raw)
            judged += 1
        else:
            origin: Any = entry.origin
            size += len(origin.text)
            judged += entry.passed is None
        if judged >= most or size >= BATCH_CHARS or len(batch) >= BATCH_ROWS:
            break
    return batch


def _resume(known: FileProgress | None, examined: Examined, mark: str) -> tuple[int, bool]:
    """Decide how many rows are known already, and whether all of those were fine.

    `mark`: of the blocks that are left out; rows that were counted without other ones are not
    the same rows, and are read again.
    """
    if known is None:
        return 0, True
    if known.sha256 == examined.sha256:
        return (known.rows, known.clean) if known.mark == mark else (0, True)
    if not mark and known.done and known.clean and known.sha256 == examined.prefix_sha256:
        return known.rows, True
    return 0, True


def _unchanged(file: Found) -> bool:
    try:
        status = file.path.stat()
    except OSError:
        return True
    return (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)
