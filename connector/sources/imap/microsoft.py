"""Tokens from Microsoft Entra ID: as the application itself, or for a person who logged in.

With a client secret the application logs in by itself (client credentials); it needs the right
IMAP.AccessAsApp and access to the mailbox in Exchange. Without one, a person logs in once by
`amends login` (device code); the library's cache of tokens is kept in the state directory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msal
import msal.exceptions
import requests

from connector.domain.errors import AuthenticationFailed, EdgeError, Unavailable
from connector.sources.imap.oauth import (
    NET_S,
    TokenFile,
    login_needed,
    no_login,
    unreachable,
)
from connector.sources.imap.settings import MailboxSettings, MicrosoftSettings

_FINAL: Final = frozenset(
    {
        "access_denied",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_resource",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
"""Answers that stay the same until a person does something; others pass."""
_CURES: Final = {
    7000215: "the client secret is wrong; give its value, not its id",
    7000222: "the client secret has expired; make a new one",
    700016: "no such application in this tenant; mend client_id or tenant_id",
    90002: "no such tenant; mend tenant_id",
    65001: "the application lacks consent; an administrator has to grant it",
    7000218: "the application is not a public client; allow public client flows",
    53003: "a conditional access policy forbids the login",
}
"""Error numbers (AADSTS...) that people meet, and what to do."""


_OUTAGES: Final = (requests.RequestException, msal.exceptions.MsalError, ValueError)
"""What the library raises when it gets no sensible answer."""


def issuer(settings: MailboxSettings) -> Application | Person:
    """Choose by configuration."""
    given = settings.microsoft
    assert given is not None  # noqa: S101 - the settings want it for this login
    return Application(settings, given) if given.client_secret else Person(settings, given)


class Application:
    """The application itself logs in; tokens are kept in memory by the library."""

    def __init__(self, settings: MailboxSettings, given: MicrosoftSettings) -> None:
        """Make no connection yet."""
        self._edge = settings.name
        self._given = given
        self._app: Any = None

    def token(self, *, renew: bool) -> str:
        """Give the token of the application."""
        try:
            if self._app is None:
                secret = self._given.client_secret
                assert secret is not None  # noqa: S101 - `issuer` chose by it
                self._app = msal.ConfidentialClientApplication(
                    self._given.client_id,
                    client_credential=secret.get_secret_value(),
                    authority=self._given.authority_url,
                    instance_discovery=False,
                    timeout=NET_S,
                )
            if renew:
                self._app.remove_tokens_for_client()
            answer = self._app.acquire_token_for_client([f"{self._given.resource}/.default"])
        except _OUTAGES as fault:
            raise _asking(self._edge, fault) from None
        return _token(self._edge, answer)

    def login(self, tell: Callable[[str], None]) -> None:
        """Refuse: it logs in by itself."""
        del tell
        raise no_login(self._edge, "has a client_secret and logs in by itself")


class Person:
    """A person logged in by a code; the refresh token lasts while it is used."""

    def __init__(self, settings: MailboxSettings, given: MicrosoftSettings) -> None:
        """Make no connection yet."""
        self._edge = settings.name
        self._user = settings.username
        self._given = given
        self._file = TokenFile(settings)

    @property
    def _scopes(self) -> list[str]:
        return [f"{self._given.resource}/IMAP.AccessAsUser.All"]

    def token(self, *, renew: bool) -> str:
        """Give a token for who logged in, refreshed where needed."""
        with self._file.locked():
            cache = msal.SerializableTokenCache()
            try:
                cache.deserialize(self._file.read())
                app = self._app(cache)
                accounts = app.get_accounts()
                if not accounts:
                    raise login_needed(self._edge, "nobody is logged in")
                answer = app.acquire_token_silent_with_error(
                    self._scopes, accounts[0], force_refresh=renew
                )
            except (KeyError, TypeError, AttributeError):
                raise login_needed(self._edge, "the stored tokens are damaged") from None
            except _OUTAGES as fault:
                raise _asking(self._edge, fault) from None
            if cache.has_state_changed:
                self._file.write(cache.serialize())
        if not answer:
            raise login_needed(self._edge, "the login has ended")
        return _token(self._edge, answer, person=True)

    def login(self, tell: Callable[[str], None]) -> None:
        """Show a code, wait until the person used it, keep the tokens."""
        cache = msal.SerializableTokenCache()
        try:
            app = self._app(cache)
            flow = app.initiate_device_flow(scopes=self._scopes)
            if "user_code" not in flow:
                raise _refused(self._edge, flow)
            tell(str(flow.get("message", "")))
            answer = app.acquire_token_by_device_flow(flow)
        except _OUTAGES as fault:
            raise _asking(self._edge, fault) from None
        _token(self._edge, answer)
        with self._file.locked():
            self._file.write(cache.serialize())

    def _app(self, cache: Any) -> Any:
        return msal.PublicClientApplication(
            self._given.client_id,
            authority=self._given.authority_url,
            token_cache=cache,
            instance_discovery=False,
            timeout=NET_S,
        )


def _token(edge: str, answer: Any, *, person: bool = False) -> str:
    if isinstance(answer, dict) and isinstance(answer.get("access_token"), str):
        return str(answer["access_token"])
    raise _refused(edge, answer, person=person)


def _refused(edge: str, answer: Any, *, person: bool = False) -> EdgeError:
    """Tell by code and number what was refused; the description may name people."""
    told = answer if isinstance(answer, dict) else {}
    error = told.get("error")
    if error not in _FINAL:
        return Unavailable(edge, "the token server cannot give a token now")
    numbers = [one for one in told.get("error_codes") or () if isinstance(one, int)]
    code = f"{error}, AADSTS{numbers[0]}" if numbers else str(error)
    cure = next((_CURES[one] for one in numbers if one in _CURES), "")
    if person and not cure:
        return login_needed(edge, f"the login is no longer valid [{code}]")
    return AuthenticationFailed(
        edge, f"Microsoft gives no token [{code}]{': ' if cure else ''}{cure}; mend it"
    )


def _asking(edge: str, fault: Exception) -> EdgeError:
    """Tell a tenant that is not there (the library raises ValueError) from an outage."""
    if isinstance(fault, ValueError) and "authority" in str(fault).lower():
        problem = "Microsoft knows no such tenant, or does not answer; check tenant_id"
        return Unavailable(edge, problem)
    return unreachable(edge, fault)
