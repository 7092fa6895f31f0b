"""One connection to one mailbox: TLS, login, folders, search, fetch, IDLE.

A thin layer over the mended IMAPClient that speaks in our errors: a dead connection never looks
like silence, and no answer is longer than imaplib reads.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imapclient import SocketTimeout

from connector.domain.errors import Unavailable
from connector.sources.imap import uids
from connector.sources.imap.faults import CommandRefused, our_errors, token_refused
from connector.sources.imap.folders import Listed
from connector.sources.imap.mended import MendedClient
from connector.sources.imap.oauth import Xoauth2
from connector.sources.imap.settings import MailboxSettings

SEARCH_WINDOW = 20_000
"""Messages per SEARCH: imaplib refuses an answer line above one million bytes."""
_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
_DEAD_SHARE = 0.9
_SLACK_BYTES = 2_097_152
"""A literal may be so much larger than the largest message that is read whole."""
_FIRST_YEAR = 1970
"""There is no older mail, and some servers refuse older dates."""


def tls_context(edge: str, ca_file: Path | None) -> ssl.SSLContext:
    """Give the shared context: the system's authorities and, besides, those of the file.

    A file that was replaced is read anew. Raises Unavailable when it cannot be used.
    """
    try:
        return _context(ca_file, ca_file.stat().st_mtime_ns if ca_file else 0)
    except ssl.SSLError:
        problem = "ca_file holds no certificate of an authority (PEM); mend it"
    except OSError as fault:
        problem = f"ca_file cannot be read ({fault.strerror}); mend it"
    raise Unavailable(edge, problem)


@functools.lru_cache(maxsize=64)
def _context(ca_file: Path | None, _changed_ns: int) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


class Mailbox:
    """A logged-in connection, with one folder selected; used by one thread, except `abort`."""

    def __init__(self, settings: MailboxSettings, *, readonly: bool, token: str = "") -> None:
        """Connect and log in, with the token if there is one; raises our errors.

        Reading never sets a flag.
        """
        self._edge = settings.name
        self._readonly = readonly
        self.folder = ""
        """The selected folder, or empty."""
        self.uidvalidity = 0
        """UIDVALIDITY of the selected folder, 0 when the server gives none."""
        self.uidnext = 0
        """The UID that the next message would have got at the selection, 0 when not told."""
        self.watched = False
        """True when all messages of the selected folder were looked at since its selection."""
        with our_errors(self._edge, "connecting"):
            self._client = _connect(settings)
        try:
            self._enter(settings, token)
        except BaseException:
            self.abort()
            raise

    def _enter(self, settings: MailboxSettings, token: str) -> None:
        with our_errors(self._edge, "logging in"):
            if settings.security == "starttls":
                self._start_tls(settings)
            if not self._client.greeted_as_known:
                if token:
                    self._show(settings.username, token)
                else:
                    secret = settings.password.get_secret_value() if settings.password else ""
                    self._client.introduce(settings.username, secret)
            self.capabilities = frozenset(self._client.capabilities())
        self.can_idle = b"IDLE" in self.capabilities
        """True when the server can tell of news by itself."""

    def _show(self, user: str, token: str) -> None:
        mechanism = Xoauth2(user, token)
        try:
            self._client.sasl_login("XOAUTH2", mechanism)
        except self._client.Error as fault:
            if isinstance(fault.__context__, self._client.AbortError):
                raise
            raise token_refused(self._edge, fault, mechanism.status) from None

    def _start_tls(self, settings: MailboxSettings) -> None:
        if self._client.greeted_as_known:  # then nobody could begin TLS: somebody may be between
            problem = "the server greets us as logged in before TLS began; use security = tls"
            raise Unavailable(self._edge, problem)
        if not self._client.has_capability("STARTTLS"):
            problem = 'the server offers no STARTTLS; use security = "tls"'
            raise Unavailable(self._edge, problem)
        self._client.starttls(tls_context(self._edge, settings.ca_file))

    def folders(self) -> list[Listed]:
        """List all folders."""
        with our_errors(self._edge, "listing folders"):
            return self._client.listed()

    @property
    def read_only(self) -> bool:
        """True when the server lets us only read the selected folder."""
        return self._client.read_only

    def select(self, folder: str, *, shown: str, again: bool = False) -> None:
        """Select a folder unless it is selected; `shown` is how messages may call it.

        `again` selects anyhow: only then servers tell that they renumbered it.
        Raises CommandRefused when just this folder cannot be opened.
        """
        if folder == self.folder and not again:
            return
        self.folder, self.watched = "", False
        try:
            with our_errors(self._edge, f"opening {shown}"):
                self._client.exists, self._client.read_only = 0, False
                answer = self._client.select_folder(folder, readonly=self._readonly)
                self.uidvalidity = int(answer.get(b"UIDVALIDITY", 0))
                self.uidnext = int(answer.get(b"UIDNEXT", 0))
        finally:
            self._client.take_news()
        self.folder = folder

    def state(self, folder: str) -> tuple[int, int]:
        """Give UIDVALIDITY and next UID of a folder that is not selected; zeros when not told."""
        try:
            with our_errors(self._edge, "asking for news"):
                told = self._client.folder_status(folder, ["UIDVALIDITY", "UIDNEXT"])
        except CommandRefused:
            return 0, 0
        return int(told.get(b"UIDVALIDITY", 0)), int(told.get(b"UIDNEXT", 0))

    def uids_behind(self, uid: int, *, since: Any = None) -> list[int]:
        """Give the UIDs above `uid`, ascending; `since` (a date) leaves out what came before.

        Searched in windows from the newest down: a message expunged meanwhile moves others into
        windows that are still to come, so none is missed.
        """
        with our_errors(self._edge, "searching"):
            self.watched = True
            self._client.noop()  # servers show new messages at the end of a command
            self._client.take_news()
            found: set[int] = set()
            most = top = self._client.exists
            while True:
                bottom = max(1, top - SEARCH_WINDOW + 1)
                criteria: list[Any] = ["UID", f"{uid + 1}:*"]
                if most > SEARCH_WINDOW:
                    end = "*" if top == most else str(top)
                    criteria = [f"{bottom}:{end}", *criteria]
                if since is not None and since.year >= _FIRST_YEAR:
                    criteria += ["SINCE", since]
                found.update(self._client.search(criteria))
                top = bottom - 1
                if top < 1:
                    break
        return sorted(number for number in found if number > uid)

    @property
    def count(self) -> int:
        """How many messages the selected folder has, as far as the server told."""
        return self._client.exists

    def last_uid(self) -> int:
        """Give the highest UID in the folder, 0 when it is empty."""
        with our_errors(self._edge, "searching"):
            return max(self._client.search(["UID", "*"]), default=0)

    def still_there(self, uids: Sequence[int]) -> list[int]:
        """Give those of the UIDs that the folder has, once the server told what was removed."""
        with our_errors(self._edge, "searching"):
            self._client.noop()
            found = self._client.search(["UID", _set(uids)])
            return sorted(set(uids).intersection(found))

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, dict[bytes, Any]]:
        """Fetch data items of messages; vanished ones are missing from the answer."""
        with our_errors(self._edge, "fetching messages"):
            answer: dict[int, dict[bytes, Any]] = self._client.fetch(uids, items)
            return answer

    def noop(self) -> bool:
        """Ask whether the server is there; True when it told of new messages."""
        with our_errors(self._edge, "asking for news"):
            self._client.noop()
        return self._client.take_news()

    def idle(self, seconds: float) -> bool:
        """Wait in IDLE; True as soon as there is news, False after the time.

        Always ends with a round trip, which proves that the server is still there.
        """
        with our_errors(self._edge, "waiting for news"):
            if self._client.take_news():
                return True
            self._client.idle()
            news = self._client.take_news()
            if not news:
                news = self._idle_until(time.monotonic() + seconds)
            _, late = self._client.idle_done()
            return self._tells_news(late) or news

    def _idle_until(self, end: float) -> bool:
        while (left := end - time.monotonic()) > 0:
            answers = self._client.idle_check(timeout=left)
            if not answers:
                if end - time.monotonic() > left * (1 - _DEAD_SHARE):
                    raise Unavailable(self._edge, "the connection died while waiting for news")
                return False
            if any(answer[0] == b"BYE" for answer in answers):
                raise Unavailable(self._edge, "the server said goodbye while waiting for news")
            if self._tells_news(answers):
                return True
        return False

    def _tells_news(self, answers: Sequence[Any]) -> bool:
        for answer in answers:
            if len(answer) > 1 and answer[1] in {b"EXISTS", b"EXPUNGE"}:
                self._client.counted(answer[1].decode(), answer[0])
        return self._client.take_news()

    def add_flag(self, uids: Sequence[int], flag: str) -> None:
        """Set a flag or keyword."""
        with our_errors(self._edge, "flagging messages"):
            self._client.add_flags(_set(uids), [flag], silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move messages, creating the folder when it is missing; those gone already are no fault.

        Without MOVE: copy, mark as deleted, and remove just these where UIDPLUS allows it.
        """
        with our_errors(self._edge, "moving messages"):
            if not self._client.folder_exists(folder):
                self._client.create_folder(folder)
            if b"MOVE" in self.capabilities:
                self._client.move(_set(uids), folder)
                return
            self._client.copy(_set(uids), folder)
            self._client.delete_messages(_set(uids), silent=True)
            if b"UIDPLUS" in self.capabilities:
                self._client.uid_expunge(_set(uids))

    def logout(self) -> None:
        """Say goodbye, then close; never raises."""
        with contextlib.suppress(Exception):
            self._client.logout()
        self.abort()

    def abort(self) -> None:
        """Cut the connection, from any thread; whoever waits on it wakes with an error."""
        with contextlib.suppress(Exception):
            self._client.socket().shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(Exception):
            self._client.shutdown()


def _set(numbers: Sequence[int]) -> str:
    """Write UIDs as a set of ranges, which keeps commands short."""
    return uids.to_text(uids.add((), numbers))


def _connect(settings: MailboxSettings) -> MendedClient:
    implicit = settings.security == "tls"
    client = MendedClient(
        settings.host,
        port=settings.effective_port,
        ssl=implicit,
        ssl_context=tls_context(settings.name, settings.ca_file) if implicit else None,
        timeout=SocketTimeout(settings.timeout_seconds, settings.timeout_seconds),
        largest=settings.mail.max_message_bytes + _SLACK_BYTES,
    )
    raw = client.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return client
