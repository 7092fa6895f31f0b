"""One reading of a mailbox: what is new in each folder, and the daily comparison of all UIDs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import structlog

from connector.domain.errors import Unavailable
from connector.domain.signal import Batch
from connector.sources.imap import uids
from connector.sources.imap.client import Mailbox
from connector.sources.imap.fetching import Fetcher
from connector.sources.imap.place import Position, Progress, read_locator

log = structlog.get_logger()

COMPARE_S = 86_400
"""All UIDs of a folder are compared with the known ones so often."""
CLOCK_MARGIN = timedelta(hours=1)
"""The server's clock may be behind ours by so much."""


class Reading:
    """Reads folder by folder; `position` is always behind the last batch that was yielded."""

    def __init__(
        self,
        edge: str,
        mailbox: Mailbox,
        position: Position,
        fetcher: Fetcher,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """`edge` is the source's name."""
        self._edge = edge
        self._mailbox = mailbox
        self._fetcher = fetcher
        self._clock = clock
        self.position = position

    def skip(self, name: str, shown: str) -> None:
        """Let everything that is in a folder now count as known."""
        self._mailbox.select(name, shown=shown)
        last = self._mailbox.last_uid()
        progress = Progress(
            uidvalidity=self._mailbox.uidvalidity,
            uid=last,
            known=((1, last),) if last else (),
            compared=self._now(),
            count=self._mailbox.count,
        )
        self.position = self.position.with_folder(name, progress)

    def due(self, name: str) -> bool:
        """Say whether all UIDs of a folder have to be compared now."""
        before = self.position.folders.get(name)
        return before is None or not 0 <= self._now() - before.compared < COMPARE_S

    def folder(self, name: str, shown: str) -> Iterator[Batch]:
        """Read what is new in a folder."""
        self._mailbox.select(name, shown=shown, again=self.due(name))
        uidvalidity = self._mailbox.uidvalidity
        progress = self.position.folders.get(name)
        if progress is None or progress.uidvalidity != uidvalidity:
            progress = Progress(uidvalidity=uidvalidity)
        elif not self.due(name):
            new = self._mailbox.uids_behind(progress.uid)
            yield from self._read(name, shown, progress, new)
            return
        yield from self._compare(name, shown, progress)

    def _compare(self, name: str, shown: str, progress: Progress) -> Iterator[Batch]:
        """Look at all UIDs that the server has, and read those that are not known."""
        now, first = self._now(), not progress.compared
        everything = self._mailbox.uids_behind(0)
        day = self.position.search_day() if first else None
        if day is not None:
            # searched after everything: what comes in between is read, not taken for old
            recent = self._mailbox.uids_behind(0, since=day)
            old = set(everything).difference(recent)
            progress = progress.past(sorted(old))
            everything = sorted({*everything, *recent})
        new = uids.unknown(everything, progress.known)
        highest = progress.uid
        missed = 0 if first else progress.pending + sum(uid <= highest for uid in new)
        earliest = self.position.earliest() if first else None
        for batch in self._read(name, shown, progress, new, earliest and earliest - CLOCK_MARGIN):
            yield batch if first else self._recovered(name, batch, highest)
        if not first:
            log.info("mailbox_compared", source=self._edge, count=len(everything), new=missed)
        done = self.position.folders.get(name, progress)
        done = replace(
            done,
            compared=now,
            count=len(everything),
            missed=missed,
            recovered=done.pending,
            pending=0,
        )
        self.position = self.position.with_folder(name, done)
        yield Batch(items=(), cursor=self.position.cursor())

    def _recovered(self, name: str, batch: Batch, highest: int) -> Batch:
        """Count the messages of a batch that had been passed over."""
        places = (read_locator(item.locator) for item in batch.items)
        found = sum(place is not None and place.uid <= highest for place in places)
        progress = self.position.folders[name]
        progress = replace(progress, pending=progress.pending + found)
        self.position = self.position.with_folder(name, progress)
        return replace(batch, cursor=self.position.cursor())

    def _read(
        self,
        name: str,
        shown: str,
        progress: Progress,
        new: list[int],
        earliest: datetime | None = None,
    ) -> Iterator[Batch]:
        if new:
            self.position = self.position.with_folder(name, progress)
        for items, read in self._fetcher.batches(self._mailbox, new, earliest):
            progress = self.position.folders[name].past(read)
            self.position = self.position.with_folder(name, progress)
            yield Batch(items=tuple(items), cursor=self.position.cursor())
            self._back_to(name, shown, progress.uidvalidity)

    def earlier(self, name: str, shown: str, since: date) -> Iterator[Batch]:
        """Read what arrived in a folder on that day or later; the position stays."""
        self._mailbox.select(name, shown=shown)
        uidvalidity = self._mailbox.uidvalidity
        found = self._mailbox.uids_behind(0, since=since)
        for items, _ in self._fetcher.batches(self._mailbox, found, None):
            yield Batch(items=tuple(items), cursor=self.position.cursor())
            self._back_to(name, shown, uidvalidity)

    def _back_to(self, name: str, shown: str, uidvalidity: int) -> None:
        """Settling may have gone to another folder meanwhile."""
        self._mailbox.select(name, shown=shown)
        if self._mailbox.uidvalidity != uidvalidity:
            raise Unavailable(self._edge, "the folder was renumbered while it was read")

    def _now(self) -> int:
        return int(self._clock().timestamp())
