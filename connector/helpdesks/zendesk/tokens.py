"""Who we are to the product: an OAuth token that is renewed in time, or an API token.

The client-credentials grant gives no refresh token, so a new one is asked for before the
old one ends and once after a 401. Several threads ask once (single flight). Asking for a
token changes nothing that matters: a lost answer is Unavailable, never doubt.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from connector.domain.errors import AuthenticationFailed, Gone, Rejected, Unavailable
from connector.helpdesks.zendesk.rates import TOKENS
from connector.helpdesks.zendesk.settings import AccountSettings
from connector.helpdesks.zendesk.tables import Json, canonical
from connector.http import Http

MARGIN_PERMILLE: Final = 100
"""A token is renewed when this much of its life is left."""


class Credentials(Protocol):
    """Gives the Authorization header of a request."""

    def header(self) -> str:
        """Give the header's value; may fetch a token first."""
        ...

    def renewed(self, refused: str) -> str | None:
        """Give another value after one was refused; None when there is no other."""
        ...


class ApiToken:
    """A user's API token: the same for ever, until it is revoked or the product ends them."""

    def __init__(self, settings: AccountSettings) -> None:
        """Take user and token."""
        secret = settings.token.get_secret_value() if settings.token else ""
        pair = f"{settings.email}/token:{secret}".encode()
        self._header = "Basic " + base64.b64encode(pair).decode()

    def header(self) -> str:
        """Give the header's value."""
        return self._header

    def renewed(self, refused: str) -> str | None:
        """There is no other."""
        del refused
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    header: str
    ends: float
    """Monotonic time from which it is no longer used."""


class ClientCredentials:
    """Tokens of an OAuth client, held in memory only."""

    def __init__(
        self,
        settings: AccountSettings,
        http: Http,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the client, and what speaks to the account."""
        self._settings = settings
        self._http = http
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def header(self) -> str:
        """Give the value for the token in use, a fresh one when it is near its end."""
        with self._lock:
            if self._token is None or self._monotonic() >= self._token.ends:
                self._token = self._fetch()
            return self._token.header

    def renewed(self, refused: str) -> str | None:
        """Give the value of a token other than the refused one; asked for once by all threads."""
        with self._lock:
            if self._token is None or self._token.header == refused:
                self._token = None
                self._token = self._fetch()
            return self._token.header

    def _fetch(self) -> _Token:
        secret = self._settings.client_secret
        asked = self._settings.token_seconds
        body: Json = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": secret.get_secret_value() if secret else "",
            "expires_in": asked,  # without it the answer does not tell the token's end
        }
        if self._settings.scope.strip():
            body["scope"] = " ".join(self._settings.scope.split())
        began = self._monotonic()
        given = self._ask(body)
        text, life = given.get("access_token"), given.get("expires_in")
        if not isinstance(text, str) or not text or not text.isascii() or not text.isprintable():
            raise Unavailable(self._http.edge, "answers a request for a token without one")
        told = life if isinstance(life, int) and 0 < life < asked else asked
        ends = began + told * (1000 - MARGIN_PERMILLE) / 1000
        return _Token(header=f"Bearer {text}", ends=ends)

    def _ask(self, body: Json) -> Json:
        edge = self._http.edge
        try:
            answer = self._http.request("POST", TOKENS, body=canonical(body), write=False)
        except Rejected as error:
            # invalid_grant, invalid_scope, invalid_request: all are for the admin to mend
            problem = "refuses the OAuth client or its scope; see client_id, client_secret, scope"
            raise AuthenticationFailed(edge, problem) from error
        except Gone:
            raise Unavailable(edge, "has no account at this address; is url right?") from None
        given = answer.json()
        return given if isinstance(given, dict) else {}
