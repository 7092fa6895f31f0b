"""Who may do what: OAuth client credentials, API tokens, scopes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from servers.weather import Answer, Request, json_answer
from servers.zendesk.account import Account
from servers.zendesk.errors import forbidden, invalid_token, oauth_refusal
from servers.zendesk.model import User

MIN_LIFE_S: Final = 300
MAX_LIFE_S: Final = 172_800
"""Both excluded."""
FINE: Final = "tickets users auditlogs organizations hc apps triggers automations targets webhooks"
SCOPES: Final = frozenset(
    ["read", "write", "impersonate", "any_channel:write"]
    + [f"{name}:{right}" for name in FINE.split() for right in ("read", "write")]
)
_SCOPE_OF: Final = (
    (re.compile(r"/tickets/\d+/audits|/ticket_audits"), ""),
    (re.compile(r"/tickets|/uploads|/attachments|/deleted_tickets|/incremental/ticket"), "tickets"),
    (re.compile(r"/search"), "tickets"),
    (re.compile(r"/users"), "users"),
    (re.compile(r"/triggers"), "triggers"),
    (re.compile(r"/automations"), "automations"),
)


@dataclass(frozen=True, kw_only=True)
class Token:
    user: User
    scopes: frozenset[str]
    """Empty: the scope that was asked for was malformed, and nothing is allowed."""
    expires_at: datetime


class Access:
    """Hands out tokens and recognises them."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._tokens: dict[str, Token] = {}
        self.grants = 0
        """How many tokens were handed out."""

    def revoke_all(self) -> None:
        """Let every token given so far be invalid."""
        self._tokens.clear()

    def grant(self, request: Request) -> Answer:
        """POST /oauth/tokens; raises the OAuth refusals."""
        asked = _asked(request)
        knobs = self._account.knobs
        if asked.get("grant_type") != "client_credentials":
            raise oauth_refusal(
                400,
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server.",
            )
        known = (knobs.client_id, knobs.client_secret)
        if (asked.get("client_id"), asked.get("client_secret")) != known:
            raise oauth_refusal(
                401,
                "invalid_client",
                "Client authentication failed due to unknown client, no client authentication "
                "included, or unsupported authentication method.",
            )
        life = _life(asked.get("expires_in"))
        scope = asked.get("scope")
        scopes = self._scopes(scope)
        self.grants += 1
        text = hashlib.sha256(f"{knobs.client_secret}:{self.grants}".encode()).hexdigest()
        self._tokens[text] = Token(
            user=self._account.client_user,
            scopes=scopes,
            expires_at=self._account.now() + timedelta(seconds=life or knobs.token_life_s),
        )
        said = scope if isinstance(scope, str) and scope else " ".join(sorted(scopes))
        answer = {"access_token": text, "token_type": "bearer", "scope": said}
        return json_answer(200, answer | ({"expires_in": life} if life else {}))

    def _scopes(self, scope: Any) -> frozenset[str]:
        allowed = self._account.knobs.allowed_scopes
        if scope in (None, ""):
            return allowed if allowed is not None else frozenset({"read", "write"})
        words = frozenset(scope.split(" ")) if isinstance(scope, str) else frozenset()
        if not words or not words <= SCOPES:
            return frozenset()
        if allowed is not None and not words <= allowed:
            raise oauth_refusal(
                400, "invalid_scope", "The requested scope is invalid, unknown, or malformed."
            )
        return words

    def actor(self, request: Request) -> User | None:
        """Recognise who asks; None is nobody. Raises 401 and 403."""
        kind, _, rest = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            token = self._tokens.get(rest.strip())
            if token is None or self._account.now() >= token.expires_at:
                if self._account.knobs.anonymous_bearer:
                    return None
                raise invalid_token()
            if not _covered(request, token.scopes):
                raise forbidden()
            return _sane(token.user)
        if kind.lower() == "basic":
            return self._by_api_token(rest)
        return None

    def _by_api_token(self, encoded: str) -> User | None:
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        email, slash, _ = name.partition("/token")
        knobs = self._account.knobs
        if not slash or not knobs.basic_allowed or secret != knobs.api_token:
            return None
        user = self._account.user_by_email(email)
        return user if user and user.is_agent and not user.suspended else None


def _sane(user: User) -> User:
    if user.suspended or not user.is_agent:
        raise forbidden()
    return user


def _asked(request: Request) -> dict[str, Any]:
    """JSON or a form, as both are taken."""
    if "json" in request.headers.get("content-type", ""):
        try:
            asked = request.json()
        except ValueError:
            asked = None
        return asked if isinstance(asked, dict) else {}
    return dict(parse_qsl(request.body.decode(errors="replace")))


def _life(value: Any) -> int | None:
    if value in (None, ""):
        return None
    try:
        life = int(value)
    except (TypeError, ValueError):
        life = 0
    if not MIN_LIFE_S < life < MAX_LIFE_S:
        raise oauth_refusal(400, "invalid_request", "expires_in is out of range.")
    return life


def _covered(request: Request, scopes: frozenset[str]) -> bool:
    right = "write" if request.is_write else "read"
    if right in scopes:
        return True
    for shape, name in _SCOPE_OF:
        if shape.search(request.path):
            return f"{name}:{right}" in scopes
    return request.path.startswith("/api/v2/users/me") and bool(scopes)
