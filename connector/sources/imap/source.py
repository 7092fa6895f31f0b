"""Reads one folder: sync, then IDLE, then sync, for ever; the caller owns the rhythm."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

from connector.domain.errors import ConfigError, EdgeError, Unavailable
from connector.domain.signal import Batch, Cursor
from connector.parsing.mail_signal import MailReader
from connector.sources.imap.client import Mailbox
from connector.sources.imap.fetching import Fetcher
from connector.sources.imap.place import Place, read_cursor, read_locator
from connector.sources.imap.settings import MailboxSettings

POLL_SECONDS = 30
"""How often a server without IDLE is asked while waiting."""


class ImapSource:
    """A source of mail; implements `Source`, `Waits` and `Probes`."""

    def __init__(self, settings: MailboxSettings, reader: MailReader) -> None:
        """Take configuration and reader; connects at the first reading."""
        self.name = settings.name
        self._settings = settings
        self._fetcher = Fetcher(reader, settings)
        self._mailbox: Mailbox | None = None
        self._closed = threading.Event()
        self._owed: set[int] = set()
        """UIDs that could not be settled yet."""
        self._owed_in = 0
        """UIDVALIDITY for which they are meant."""

    @property
    def vanished(self) -> int:
        """Messages that were gone before they could be read, since the start."""
        return self._fetcher.vanished

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        """Yield the messages behind the cursor; connects anew when needed.

        A new UIDVALIDITY, another folder or a foreign cursor means reading the folder again
        from the beginning; the store knows each message by its natural key.
        """
        self._closed.clear()
        try:
            mailbox = self._connected()
            yield from self._batches(mailbox, read_cursor(after), first=after is None)
        except EdgeError:
            self._drop()
            raise

    def _batches(self, mailbox: Mailbox, place: Place | None, *, first: bool) -> Iterator[Batch]:
        start = Place(folder=self._settings.folder, uidvalidity=mailbox.uidvalidity, uid=0)
        if place is not None and (place.folder, place.uidvalidity) == (
            start.folder,
            start.uidvalidity,
        ):
            start = place
        since = self._settings.start_from if start.uid == 0 else None
        uids = mailbox.uids_behind(start.uid, since=since)
        if since is not None and first and not uids and (last := mailbox.last_uid()):
            behind = Place(folder=start.folder, uidvalidity=start.uidvalidity, uid=last)
            yield Batch(items=(), cursor=behind.cursor())
        for items, uid in self._fetcher.batches(mailbox, uids):
            behind = Place(folder=start.folder, uidvalidity=start.uidvalidity, uid=uid)
            yield Batch(items=tuple(items), cursor=behind.cursor())

    def wait(self, seconds: float) -> bool:
        """Wait for news by IDLE, renewed every `idle_seconds`; polls where there is no IDLE."""
        mailbox = self._mailbox
        if mailbox is None:
            return not self._closed.wait(0)
        end = time.monotonic() + seconds
        try:
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    return mailbox.noop()
                if mailbox.can_idle:
                    if mailbox.idle(min(left, self._settings.idle_seconds)):
                        return True
                elif self._closed.wait(min(left, POLL_SECONDS)) or mailbox.noop():
                    return True
        except EdgeError:
            self._drop()
            raise

    def settle(self, locators: Sequence[str]) -> None:
        """Flag or move committed messages if so configured; what fails is tried next time."""
        if self._settings.after == "leave":
            return
        places = [place for locator in locators if (place := read_locator(locator)) is not None]
        for place in places:
            if place.folder == self._settings.folder:
                self._owe(place)
        if not self._owed:
            return
        try:
            mailbox = self._connected()
            if mailbox.uidvalidity != self._owed_in:
                self._owed.clear()  # other numbers now: they will be read and settled again
                return
            self._settle(mailbox, sorted(self._owed))
            self._owed.clear()
        except (EdgeError, ConfigError):
            self._drop()

    def _owe(self, place: Place) -> None:
        if place.uidvalidity != self._owed_in:
            self._owed.clear()
            self._owed_in = place.uidvalidity
        self._owed.add(place.uid)

    def _settle(self, mailbox: Mailbox, uids: list[int]) -> None:
        if self._settings.after == "flag":
            mailbox.add_flag(uids, self._settings.flag)
        else:
            mailbox.move(uids, self._settings.processed_folder)

    def probe(self) -> list[str]:
        """Connect beside the working connection and look; changes nothing."""
        try:
            mailbox = Mailbox(self._settings, readonly=True)
        except EdgeError as fault:
            return [f"{fault.problem}."]
        problems = []
        if not mailbox.uidvalidity:
            problems.append("The server gives no UIDVALIDITY, so messages cannot be told apart.")
        mailbox.logout()
        return problems

    def close(self) -> None:
        """Cut the connection, from any thread; a later reading connects anew."""
        self._closed.set()
        self._drop()

    def _connected(self) -> Mailbox:
        if self._mailbox is None:
            readonly = self._settings.after == "leave"
            mailbox = Mailbox(self._settings, readonly=readonly)
            if self._closed.is_set():
                mailbox.abort()
                raise Unavailable(self.name, "the source was closed")
            self._mailbox = mailbox
        return self._mailbox

    def _drop(self) -> None:
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            mailbox.abort()
