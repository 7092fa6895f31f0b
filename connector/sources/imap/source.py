"""Reads the folders of one mailbox: sync, then IDLE, then sync; the caller owns the rhythm.

There is one connection. IDLE watches the first folder only, the others are asked at every
reading. Once a day every UID that the server has is compared with those that are known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from connector.domain.errors import (
    AuthenticationFailed,
    ConfigError,
    EdgeError,
    RateLimited,
    Unavailable,
)
from connector.domain.signal import Batch, Cursor
from connector.parsing.mail_signal import MailReader
from connector.sources.imap.client import Mailbox
from connector.sources.imap.faults import CommandRefused
from connector.sources.imap.fetching import Fetcher
from connector.sources.imap.folders import MOST_FOLDERS, chosen
from connector.sources.imap.forecast import forecast
from connector.sources.imap.oauth import Tokens, tokens_for
from connector.sources.imap.place import Position, read_cursor, read_locator
from connector.sources.imap.reading import Reading
from connector.sources.imap.settings import MailboxSettings

POLL_SECONDS = 30
"""How often a server without IDLE is asked while waiting."""
MOST_OWED = 10_000
"""So many messages that could not be flagged or moved are remembered."""
AT_ONCE = timedelta(minutes=1)
"""With start_from = now: a folder opened so soon after the first start is passed over by number;
later, what arrived since the first start is read."""
LOCKOUT_S = 300.0
"""After a refused login the server is left alone for so long, so that no account gets locked."""


class ImapSource:
    """A source of mail; has every ability that `connector.sources.base` knows."""

    def __init__(
        self,
        settings: MailboxSettings,
        reader: MailReader,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take configuration and reader; connects at the first reading. Raises ConfigError."""
        self.name = settings.name
        self._settings = settings
        self._fetcher = Fetcher(reader, settings)
        self._exports = reader.hearing.exports
        self._tokens: Tokens | None = tokens_for(settings)
        self._clock = clock
        self._monotonic = monotonic
        self._mailbox: Mailbox | None = None
        self._closed = threading.Event()
        self._home = ""
        """The folder that IDLE watches; empty before the first reading."""
        self._refused_until = 0.0
        """Monotonic time before which nobody logs in."""
        self._refusal = ""
        """Why the last login was refused."""
        self._read_to: dict[str, tuple[int, int]] = {}
        """Folder that is not watched -> UIDVALIDITY and next UID before it was last read."""
        self._owed: dict[tuple[str, int], set[int]] = {}
        """(folder, UIDVALIDITY) -> UIDs that could not be settled yet."""

    @property
    def vanished(self) -> int:
        """Messages that were gone before they could be read, since the start."""
        return self._fetcher.vanished

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        """Yield the messages behind the cursor; connects anew when needed.

        The very first batch may hold nothing but the moment of the first start, and is yielded
        before the server is asked: what comes while it cannot be reached is not taken for old.
        A new UIDVALIDITY means reading the folder again from the start that was chosen at the first
        reading, a foreign cursor from its beginning; the store knows each message by its natural
        key. A folder that cannot be opened is told at the end: the others are read.
        """
        self._closed.clear()
        try:
            position = self._position(after)
            if after is None and position.since:
                yield Batch(items=(), cursor=position.cursor())
            reading, names = self._reading(position)
            if after is None and self._settings.start_from == "now":
                yield from self._pass_over(reading, names)
            # the watched folder comes last, so that nothing comes unseen before IDLE
            refused = None
            for name in [*names[1:], names[0]]:
                try:
                    state = self._state(reading, name)
                    if state == self._read_to.get(name):
                        continue
                    self._read_to.pop(name, None)
                    yield from reading.folder(name, self._shown(name))
                    if all(state):  # only now: who stops half-way has to come back
                        self._read_to[name] = state
                except CommandRefused as fault:
                    refused = fault
            if refused is not None:
                raise refused
        except EdgeError:
            self._drop()
            raise

    def read_earlier(self, after: Cursor | None, since: date) -> Iterator[Batch]:
        """Yield everything that arrived since that day again; no cursor moves."""
        self._closed.clear()
        try:
            position = self._position(after)
            yield Batch(items=(), cursor=position.cursor())
            reading, names = self._reading(position)
            for name in names:
                yield from reading.earlier(name, self._shown(name), since)
        except EdgeError:
            self._drop()
            raise

    def _pass_over(self, reading: Reading, names: Sequence[str]) -> Iterator[Batch]:
        """Take what is in the folders for old, as long as the first start is but a moment ago."""
        begun = reading.position.earliest()
        for name in names:
            if begun is not None and self._clock() - begun <= AT_ONCE:
                with suppress(CommandRefused):  # told by the reading that follows
                    reading.skip(name, self._shown(name))
                    yield Batch(items=(), cursor=reading.position.cursor())

    def _reading(self, position: Position) -> tuple[Reading, list[str]]:
        mailbox = self._connected()
        names = self._folders(mailbox)
        self._home = names[0]
        position = position.meaning(names, int(self._clock().timestamp()))
        return Reading(self.name, mailbox, position, self._fetcher, clock=self._clock), names

    def _state(self, reading: Reading, name: str) -> tuple[int, int]:
        """Ask for the numbers of a folder before it is opened; zeros where it is opened anyway."""
        mailbox = self._connected()
        if name in {self._home, mailbox.folder} or reading.due(name):
            return 0, 0
        return mailbox.state(name)

    def _position(self, after: Cursor | None) -> Position:
        """Give where to go on; a foreign cursor means everything, lest what came since is lost."""
        return (read_cursor(after) or Position()) if after is not None else self._beginning()

    def _beginning(self) -> Position:
        start, now = self._settings.start_from, self._clock()
        if start == "everything":
            return Position()
        if start == "now":
            return Position(since=now.isoformat(timespec="seconds"))
        # a day to come would leave out new mail whenever the mailbox is renumbered
        return Position(since=min(start, now.date()).isoformat())

    def _folders(self, mailbox: Mailbox) -> list[str]:
        """Choose the folders; the first is the one that IDLE watches."""
        names = [self._settings.folder]
        if self._settings.folders:
            excluded = self._settings.exclude_folders
            if self._settings.after == "move":
                excluded = (*excluded, self._settings.processed_folder)
            names = chosen(mailbox.folders(), self._settings.folders, excluded)
        if not names:
            raise Unavailable(self.name, "no folder of the mailbox is meant by folders; mend it")
        if len(names) > MOST_FOLDERS:
            told = f"folders means {len(names)} folders, more than {MOST_FOLDERS}; mend it"
            raise Unavailable(self.name, told)
        return names

    def _shown(self, name: str) -> str:
        """Call a folder by its name only if it is in the configuration."""
        if name in {self._settings.folder, *self._settings.folders}:
            return f"the folder {name}"
        return "a folder that a pattern means"

    def wait(self, seconds: float) -> bool:
        """Wait for news by IDLE, renewed every `idle_seconds`; polls where there is no IDLE."""
        mailbox = self._mailbox
        if mailbox is None:
            return not self._closed.wait(0)
        if mailbox.folder != self._home or not mailbox.watched:
            return True  # settling went elsewhere: who knows what came meanwhile
        end = time.monotonic() + seconds
        try:
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    return mailbox.noop()
                if mailbox.can_idle:
                    if self._idle(mailbox, min(left, self._settings.idle_seconds)):
                        return True
                elif self._closed.wait(min(left, POLL_SECONDS)) or mailbox.noop():
                    return True
        except EdgeError:
            self._drop()
            raise

    def _idle(self, mailbox: Mailbox, seconds: float) -> bool:
        try:
            return mailbox.idle(seconds)
        except CommandRefused:
            mailbox.can_idle = False  # it promised more than it does: then it is asked
            return False

    def settle(self, locators: Sequence[str]) -> None:
        """Flag or move committed messages if so configured; what fails is tried next time."""
        if self._settings.after == "leave":
            return
        for locator in locators:
            place = read_locator(locator)
            if place is not None:
                owed = self._owed.setdefault((place.folder, place.uidvalidity), set())
                owed.add(place.uid)
        if sum(len(uids) for uids in self._owed.values()) > MOST_OWED:
            self._owed.clear()  # a mailbox that lets nothing be flagged: no harm, but no end
        if not self._owed:
            return
        try:
            self._settle(self._connected())
        except (CommandRefused, RateLimited):
            return  # no right to flag or move, or no room: nothing is lost, and reading goes on
        except EdgeError:
            self._drop()

    def _settle(self, mailbox: Mailbox) -> None:
        """Do what is owed, the selected folder first."""
        for folder, uidvalidity in sorted(self._owed, key=lambda key: key[0] != mailbox.folder):
            mailbox.select(folder, shown=self._shown(folder))
            if mailbox.uidvalidity == uidvalidity and not mailbox.read_only:
                uids = sorted(self._owed[folder, uidvalidity])
                if self._settings.after == "flag":
                    mailbox.add_flag(uids, self._settings.flag)
                else:
                    mailbox.move(uids, self._settings.processed_folder)
            # under other numbers they will be read and settled again
            del self._owed[folder, uidvalidity]

    def probe(self) -> list[str]:
        """Connect beside the working connection and look; changes nothing."""
        try:
            mailbox = self._opened(readonly=True)
        except EdgeError as fault:
            return [f"{fault.problem}.", *self._exports.problems()]
        problems = self._exports.problems()
        try:
            for name in self._folders(mailbox):
                mailbox.select(name, shown=self._shown(name))
                if not mailbox.uidvalidity:
                    problems.append(
                        "The server gives no UIDVALIDITY, so messages cannot be told apart."
                    )
        except EdgeError as fault:
            problems.append(f"{fault.problem}.")
        mailbox.logout()
        return problems

    def forecast(self, after: Cursor | None) -> str:
        """Say what the next reading will bring, by a connection of its own; changes nothing."""
        start = self._settings.start_from
        if isinstance(start, date) and start > self._clock().date():
            return f"start_from = {start} is still to come; mend it"
        position = None if after is None else self._position(after)
        mailbox = self._opened(readonly=True)
        try:
            return forecast(mailbox, self._folders(mailbox), position, start)
        finally:
            mailbox.logout()

    @property
    def alone(self) -> str:
        """Why nobody has to log in, or empty."""
        return self._settings.alone

    def login(self, tell: Callable[[str], None]) -> None:
        """Let a person log in where tokens are used."""
        if self._tokens is None:
            raise ConfigError([f"{self.name} has a password: there is nobody to log in"])
        self._tokens.login(tell)
        self._refused_until = 0.0

    def close(self) -> None:
        """Cut the connection, from any thread; a later reading connects anew."""
        self._closed.set()
        self._drop()

    def _connected(self) -> Mailbox:
        if self._mailbox is None:
            mailbox = self._opened(readonly=self._settings.after == "leave")
            if self._closed.is_set():
                mailbox.abort()
                raise Unavailable(self.name, "the source was closed")
            self._mailbox = mailbox
        return self._mailbox

    def _opened(self, *, readonly: bool) -> Mailbox:
        """Connect and log in; a refused token is replaced once, a refusal is not repeated soon."""
        left = self._refused_until - self._monotonic()
        if left > 0:
            told = f"{self._refusal}; the next try is in {int(left) + 1} seconds"
            raise AuthenticationFailed(self.name, told)
        try:
            if self._tokens is None:
                return Mailbox(self._settings, readonly=readonly)
            token = self._tokens.token()
            try:
                return Mailbox(self._settings, readonly=readonly, token=token)
            except AuthenticationFailed:
                token = self._tokens.token(refused=token)
                return Mailbox(self._settings, readonly=readonly, token=token)
        except AuthenticationFailed as fault:
            self._refused_until = self._monotonic() + LOCKOUT_S
            self._refusal = fault.problem
            raise

    def _drop(self) -> None:
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            mailbox.abort()
