"""IMAPClient, mended where it was measured to lose, misread or refuse.

Its poll does not see buffered answers, what comes before the prompt of IDLE is taken for a fault,
torn lines end the connection, EXISTS is swallowed, imaplib's debug log would hold patients' words.
"""

from __future__ import annotations

import contextlib
import re
import socket
from typing import Any

from imapclient import IMAPClient
from imapclient.imapclient import _parse_untagged_response

from connector.sources.imap.folders import Listed, listed

_LITERAL8 = re.compile(rb"~(\{\d{1,12}\+?\})$")


class MendedClient(IMAPClient):  # type: ignore[misc]  # imapclient ships no annotations
    """IMAPClient with eyes for what is already there."""

    def __init__(self, *args: Any, largest: int, **kwargs: Any) -> None:
        """`largest` is how many bytes a literal may have at most."""
        super().__init__(*args, **kwargs)
        self._imap.debug = 0  # imaplib would format (and could log) every line of every mail
        read = self._imap.read

        def bounded(size: int) -> bytes:
            if size > largest:  # a server that lies about sizes, or does not know partial fetches
                raise self.AbortError("a literal larger than anything that was asked for")
            data: bytes = read(size)
            return data

        self._imap.read = bounded
        self._keep = self._imap._append_untagged  # noqa: SLF001 - the one place all answers pass
        self._imap._append_untagged = self._untagged  # noqa: SLF001 - likewise
        self.exists = 0
        """How many messages the selected folder has, as the server told so far."""
        self.read_only = False
        """True when the server lets us only read the selected folder."""
        self.news = False
        """True when their number changed without anybody asking."""

    def _untagged(self, name: str, data: Any) -> None:
        """Look at each answer in its order before imaplib sorts them by name."""
        if name == "READ-ONLY":
            self.read_only = True
            return  # imaplib would take a mailbox that we may only read for a broken connection
        if name in {"EXISTS", "EXPUNGE"}:
            self.counted(name, data)
            return
        if isinstance(data, tuple):  # a binary literal (RFC 3516) is read like any other
            data = (_LITERAL8.sub(rb"\1", data[0]), data[1])
        self._keep(name, data)

    def counted(self, name: str, told: Any) -> None:
        """Take notice of EXISTS or EXPUNGE."""
        before = self.exists
        self.exists = int(told) if name == "EXISTS" else max(0, before - 1)
        self.news = self.news or self.exists != before

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> Any:
        """Look into the read buffers first; poll sees only what is still in the kernel."""
        with contextlib.suppress(OSError, ValueError):
            if self._imap.file.peek(1):
                return [(sock.fileno(), 1)]
        return super()._poll_socket(sock, timeout)

    def idle(self) -> None:
        """Begin IDLE; what the server tells before its prompt is kept, not taken for a fault."""
        self._idle_tag = self._imap._command("IDLE")  # noqa: SLF001 - as the overridden method
        while self._imap._get_response() is not None:  # noqa: SLF001 - likewise
            if self._imap.tagged_commands.get(self._idle_tag) is not None:
                raise self.Error("IDLE is refused")

    def idle_check(self, timeout: float | None = None) -> list[Any]:
        """Give what the server tells within the time; a line in several packets is waited for."""
        sock = self.socket()
        answers: list[Any] = []
        while True:
            sock.setblocking(False)
            try:
                ready = self._poll_socket(sock, 0 if answers else timeout)
            finally:
                self._set_read_timeout()
            if not ready:
                return answers
            try:
                line = self._imap._get_line()  # noqa: SLF001 - as the overridden method
            except self.AbortError:
                if answers:
                    return answers
                raise
            answers.append(_parse_untagged_response(line))

    def listed(self) -> list[Listed]:
        """List all folders, special ones marked where the server can mark them."""
        wanted = '"*"'
        if self.has_capability("SPECIAL-USE") and self.has_capability("LIST-EXTENDED"):
            wanted += " RETURN (SPECIAL-USE)"
        kind, data = self._imap._simple_command("LIST", '""', wanted)  # noqa: SLF001 - the library knows no RETURN
        self._checkok("LIST", kind, data)
        kind, data = self._imap._untagged_response(kind, data, "LIST")  # noqa: SLF001 - likewise
        self.folder_encode = False  # names are decoded one by one: a bad one spoils no other
        try:
            return listed(self._proc_folder_list(data))
        finally:
            self.folder_encode = True

    @property
    def greeted_as_known(self) -> bool:
        """True when the server's greeting was PREAUTH: there is nothing to log in."""
        return bool(self._imap.state == "AUTH")

    def introduce(self, user: str, secret: str) -> None:
        """Log in with a password in any script; raises LoginError."""
        plain = self.has_capability("AUTH=PLAIN")
        if plain and self.has_capability("LOGINDISABLED"):
            self.plain_login(user, secret)
        elif f"{user}{secret}".isascii():
            self.login(user, secret)
        elif plain:  # says itself that it is UTF-8
            self.plain_login(user, secret)
        else:
            before, self._imap._encoding = self._imap._encoding, "utf-8"  # noqa: SLF001 - or imaplib refuses
            try:
                self.login(user, secret)
            finally:
                self._imap._encoding = before  # noqa: SLF001 - likewise

    def take_news(self) -> bool:
        """Say whether the number of messages changed unasked since the last call."""
        news, self.news = self.news, False
        return news
