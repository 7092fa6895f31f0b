"""Sends pages: one attempt each, with a deadline; repeating is the business of the caller."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import socket
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

from connector.domain.errors import (
    AuthenticationFailed,
    ConfigError,
    EdgeError,
    Rejected,
    Unavailable,
)
from connector.http import Http, HttpConfig
from connector.paging.page import Page
from connector.paging.settings import MailRoute, WebhookRoute

LOOP_HEADER: Final = "X-Amends-Loop"
"""Our own mail is known by it and never becomes a case."""
MAX_ANSWER_BYTES: Final = 64 * 1024
"""Nothing of what a webhook answers is read, only its status."""


def send(route: MailRoute | WebhookRoute, page: Page, at: datetime) -> int:
    """Send one page; gives how many recipients were refused while others were taken.

    Raises an EdgeError that says what happened, without the message's content.
    """
    if isinstance(route, MailRoute):
        return _mail(route, page, at)
    _post(route, page)
    return 0


def probe(route: MailRoute | WebhookRoute) -> None:
    """Try a route as far as that is possible without telling anybody anything.

    A mail server is greeted and logged in to; of a webhook nothing can be tried.
    """
    if isinstance(route, MailRoute):
        with _Server(route):
            return


def letter(route: MailRoute, page: Page, at: datetime) -> EmailMessage:
    """Make the mail of a page; pure."""
    message = EmailMessage(policy=SMTP)
    message["From"] = route.sender
    message["To"] = ", ".join(route.to)
    message["Subject"] = page.subject
    message["Date"] = format_datetime(at)
    digest = hashlib.sha256(f"{route.name} {page.key}".encode()).hexdigest()[:32]
    message["Message-ID"] = f"<amends.{digest}@{route.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message[LOOP_HEADER] = "page"
    message.set_content(page.text)
    return message


class _Server:
    """A conversation with the mail server of a route."""

    def __init__(self, route: MailRoute) -> None:
        self._route = route

    def __enter__(self) -> smtplib.SMTP:
        try:
            self._smtp = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            raise AuthenticationFailed(
                self._edge, f"refuses the login ({error.smtp_code})"
            ) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise Unavailable(self._edge, f"cannot be spoken to ({_name(error)})") from None
        return self._smtp

    def __exit__(self, *exc: object) -> None:
        self._smtp.close()

    @property
    def _edge(self) -> str:
        return f"route {self._route.name}"

    def _connect(self) -> smtplib.SMTP:
        route = self._route
        trust = _trust(route)
        where, limit = (route.host, route.port_number), route.deadline_seconds
        smtp = (
            smtplib.SMTP_SSL(*where, timeout=limit, context=trust)
            if route.security == "tls"
            else smtplib.SMTP(*where, timeout=limit)
        )
        try:
            if route.security == "starttls":
                smtp.starttls(context=trust)
            if route.username and route.password is not None:
                smtp.login(route.username, route.password.get_secret_value())
        except BaseException:
            smtp.close()
            raise
        return smtp


def _mail(route: MailRoute, page: Page, at: datetime) -> int:
    edge = f"route {route.name}"
    message = letter(route, page, at)
    with _Server(route) as smtp:
        try:
            return len(smtp.sendmail(route.sender, list(route.to), message.as_bytes()))
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            raise _refusal(edge, codes[0], "no recipient is taken") from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(edge, error.smtp_code, "the mail is not taken") from None
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(edge, f"broke off ({_name(error)})") from None


def _refusal(edge: str, code: int, what: str) -> EdgeError:
    temporary = 400 <= code < 500  # noqa: PLR2004 - RFC 5321: try again later
    problem = f"{what} (code {code})"
    return Unavailable(edge, problem) if temporary else Rejected(edge, problem)


def _post(route: WebhookRoute, page: Page) -> None:
    edge = f"route {route.name}"
    parts = urlsplit(route.url)
    body = json.dumps(page.data, ensure_ascii=False, sort_keys=True).encode()
    headers = {"Idempotency-Key": page.key}
    if route.token is not None:
        headers["Authorization"] = f"Bearer {route.token.get_secret_value()}"
    if route.secret is not None:
        key = route.secret.get_secret_value().encode()
        headers["X-Amends-Signature"] = f"sha256={hmac.digest(key, body, 'sha256').hex()}"
    client = Http(
        edge,
        HttpConfig(
            base_url=f"{parts.scheme}://{parts.netloc}",
            deadline_seconds=route.deadline_seconds,
            ca_file=route.ca_file,
            max_answer_bytes=MAX_ANSWER_BYTES,
        ),
        headers=lambda: headers,
    )
    try:
        client.request("POST", parts.path or "/", body=body, write=True, expect_json=False)
    finally:
        client.close()


def _trust(route: MailRoute) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if route.ca_file is not None:
        try:
            context.load_verify_locations(cafile=route.ca_file)
        except (OSError, ssl.SSLError):
            fault = f"paging route {route.name}: {route.ca_file} cannot be read as certificates"
            raise ConfigError([fault]) from None
    return context


def _name(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ssl.SSLError):
        return "its certificate is not trusted, or it speaks no TLS there"
    if isinstance(error, TimeoutError):
        return "it takes too long"
    return type(error).__name__
