"""Tokens from Google: of a service account that may act for the mailbox, or of a person.

With `service_account` (domain-wide delegation, scope https://mail.google.com/) nobody has to log
in. With `client`, a person consents once by `amends login`, in a browser on the same machine;
the refresh token is kept in the state directory.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import requests
from google.auth import exceptions
from google.auth.transport.requests import Request
from google.oauth2 import credentials, service_account
from google_auth_oauthlib.flow import InstalledAppFlow, WSGITimeoutError
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from connector.domain.errors import AuthenticationFailed, ConfigError, EdgeError, Unavailable
from connector.sources.imap.oauth import (
    NET_S,
    TokenFile,
    login_needed,
    no_login,
    parsed,
    unreachable,
)
from connector.sources.imap.settings import MailboxSettings

SCOPES = ("https://mail.google.com/",)
"""The only scope that opens a mailbox by IMAP."""
CONSENT_S = 900
"""So long the page waits for the person."""
_SERVICE: Any = service_account.Credentials  # the library annotates only half of itself
_PERSON: Any = credentials.Credentials  # likewise


def issuer(settings: MailboxSettings) -> Delegate | Person:
    """Choose by configuration."""
    given = settings.google
    assert given is not None  # noqa: S101 - the settings want it for this login
    if given.service_account is not None:
        return Delegate(settings, given.service_account.get_secret_value())
    assert given.client is not None  # noqa: S101 - the settings want one of the two
    return Person(settings, given.client.get_secret_value(), given.consent_port)


class Delegate:
    """A service account that an administrator lets act for the mailbox."""

    def __init__(self, settings: MailboxSettings, key: str) -> None:
        """Read the key; raises ConfigError when it is none."""
        self._edge = settings.name
        try:
            self._credentials = _SERVICE.from_service_account_info(
                parsed(key), scopes=list(SCOPES), subject=settings.username
            )
        except (ValueError, TypeError, KeyError, exceptions.GoogleAuthError):
            raise ConfigError(
                [f"{self._edge}: google.service_account is no key of a service account (JSON)"]
            ) from None

    def token(self, *, renew: bool) -> str:
        """Give a token for the mailbox."""
        if renew or not self._credentials.valid:
            _refresh(self._edge, self._credentials, person=False)
        return str(self._credentials.token)

    def login(self, tell: Callable[[str], None]) -> None:
        """Refuse: it logs in by itself."""
        del tell
        raise no_login(self._edge, "has a service account and logs in by itself")


class Person:
    """A person who consented."""

    def __init__(self, settings: MailboxSettings, client: str, port: int) -> None:
        """Make no connection yet; raises ConfigError when `client` is none."""
        self._edge = settings.name
        self._user = settings.username
        self._file = TokenFile(settings)
        self._port = port
        try:
            self._client = parsed(client)
        except ValueError:
            raise ConfigError([f"{self._edge}: google.client is no client file (JSON)"]) from None
        self._latest: Any = None

    def token(self, *, renew: bool) -> str:
        """Give a token for who consented, refreshed where needed."""
        if renew or self._latest is None or not self._latest.valid:
            with self._file.locked():
                self._latest = self._renewed(renew=renew)
        return str(self._latest.token)

    def _renewed(self, *, renew: bool) -> Any:
        try:
            found = _kept(parsed(self._file.read()))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise login_needed(self._edge, "the stored tokens are damaged") from None
        if renew or not found.valid:
            _refresh(self._edge, found, person=True)
            self._file.write(found.to_json())
        return found

    def login(self, tell: Callable[[str], None]) -> None:
        """Show an address, wait for the consent, keep the tokens."""
        try:
            flow = _Consent.from_client_config(self._client, list(SCOPES))
            flow.tell = tell
            given = flow.run_local_server(
                host="127.0.0.1",
                port=self._port,
                open_browser=False,
                authorization_prompt_message="",
                timeout_seconds=CONSENT_S,
                login_hint=self._user,
                access_type="offline",
                prompt="consent",
            )
        except (WSGITimeoutError, OAuth2Error) as fault:
            problem = f"no consent was given ({type(fault).__name__}); try again"
            raise AuthenticationFailed(self._edge, problem) from None
        except ValueError:
            raise ConfigError([f"{self._edge}: google.client is no client file (JSON)"]) from None
        except (requests.RequestException, OSError) as fault:
            raise unreachable(self._edge, fault) from None
        if not given.refresh_token:
            raise AuthenticationFailed(self._edge, "Google gave no lasting token; try again")
        with self._file.locked():
            self._file.write(given.to_json())


def _kept(told: dict[str, Any]) -> Any:
    """Make credentials of what was stored; the library's own way forgets the token's address."""
    expiry = datetime.fromisoformat(told["expiry"]).replace(tzinfo=None)  # as the library wants it
    return _PERSON(
        token=str(told["token"]),
        refresh_token=str(told["refresh_token"]),
        token_uri=str(told["token_uri"]),
        client_id=str(told["client_id"]),
        client_secret=str(told["client_secret"]),
        scopes=list(SCOPES),
        expiry=expiry,
    )


class _Consent(InstalledAppFlow):  # type: ignore[misc]  # the library ships no annotations
    """The library's flow; it tells the address by our means instead of printing it."""

    tell: Callable[[str], None]

    def authorization_url(self, **kwargs: Any) -> tuple[str, str]:
        """Make the address and show it."""
        url, state = super().authorization_url(**kwargs)
        self.tell(
            "Open this address in a browser on this machine (from afar: forward the port of "
            f"its redirect_uri with ssh -L):\n{url}"
        )
        return url, state


def _refresh(edge: str, found: Any, *, person: bool) -> None:
    try:
        with requests.Session() as session:
            found.refresh(partial(Request(session=session), timeout=NET_S))
    except exceptions.RefreshError as fault:
        raise _refused(edge, fault, person=person) from None
    except (exceptions.GoogleAuthError, requests.RequestException, ValueError) as fault:
        raise unreachable(edge, fault) from None


def _refused(edge: str, fault: exceptions.RefreshError, *, person: bool) -> EdgeError:
    """Tell by code what was refused; the description may name people."""
    told = fault.args[1] if len(fault.args) > 1 and isinstance(fault.args[1], dict) else {}
    code = told.get("error")
    known = {"invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope"}
    if fault.retryable or code not in known:
        return Unavailable(edge, "the token server cannot give a token now")
    if person:
        return login_needed(edge, f"the consent is no longer valid [{code}]")
    return AuthenticationFailed(
        edge,
        f"Google gives no token [{code}]; check domain-wide delegation (client id, scope "
        "https://mail.google.com/), that the mailbox exists, and this machine's clock",
    )
