"""A real mail server (SMTP) in this process, with TLS and login, that keeps what it takes."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER = "amends"
PASSWORD = "let-me-in"


@dataclass(slots=True)
class MailServer:
    """Where it listens, what it took, and how it answers."""

    port: int = 0
    ca_file: Path = Path()
    taken: list[Envelope] = field(default_factory=list)
    answer: str = "250 taken"
    """What is said after the mail."""
    refused: frozenset[str] = frozenset()
    """Recipients that it does not take."""

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        del server, session, options
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take the mail, or not."""
        del server, session
        if self.answer.startswith("250"):
            self.taken.append(envelope)
        return self.answer


class _AnyPort(Controller):
    """A controller that may choose its port."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def mail_server(home: Path, *, login: bool = True) -> Iterator[MailServer]:
    """Run one with STARTTLS on 127.0.0.1."""
    authority = trustme.CA()
    ca_file = home / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = MailServer(ca_file=ca_file)

    def allowed(
        _server: object, _session: object, _envelope: object, _how: str, data: object
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.login == USER.encode()
        good = good and data.password == PASSWORD.encode()  # type: ignore[union-attr] - as above
        return AuthResult(success=good, handled=False)

    running = _AnyPort(
        server,
        hostname="127.0.0.1",
        port=0,
        tls_context=context,
        authenticator=allowed if login else None,
        auth_required=login,
        require_starttls=True,
    )
    running.start()
    try:
        server.port = running.port
        yield server
    finally:
        running.stop()
