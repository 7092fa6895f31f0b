"""Logging in with a token instead of a password: XOAUTH2 (Microsoft 365, Google).

Who gets the token (`microsoft`, `google`) is loaded only where it is configured, because its
libraries are optional extras. Tokens are asked for by one thread at a time; whoever waited gets
what the other one fetched. No token and no secret ever stands in a message.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from connector.domain.errors import AuthenticationFailed, ConfigError, EdgeError, Unavailable
from connector.sources.imap.settings import MailboxSettings

FOLDER = "tokens"
"""Inside the state directory: one file of mode 0600 for each source that a person logged in."""
MAX_TOKEN_BYTES = 1_048_576
"""A file of tokens is never larger: it is none of ours."""
MOST_CHALLENGES = 3
"""A server that asks more often than this is not speaking XOAUTH2."""
NET_S = 30
"""No single answer of a token server takes longer."""
_STATUS = re.compile(r"\d{3}")


class Issuer(Protocol):
    """Gets access tokens from one vendor; `Tokens` lets one thread in at a time."""

    def token(self, *, renew: bool) -> str:
        """Give a token; with `renew` never the one that was given before. Raises EdgeError."""
        ...

    def login(self, tell: Callable[[str], None]) -> None:
        """Let a person log in; raises ConfigError where none is needed, EdgeError otherwise."""
        ...


class Tokens:
    """The tokens of one source, for all of its threads."""

    def __init__(self, issuer: Issuer) -> None:
        """Ask this issuer."""
        self._issuer = issuer
        self._lock = threading.Lock()
        self._latest = ""

    def token(self, *, refused: str = "") -> str:
        """Give a valid token; never again the one that a server `refused`."""
        with self._lock:
            another = bool(refused) and self._latest not in {"", refused}
            if not another:
                self._latest = self._issuer.token(renew=bool(refused))
            return self._latest

    def login(self, tell: Callable[[str], None]) -> None:
        """Let a person log in; `tell` shows what to do."""
        with self._lock:
            self._issuer.login(tell)
            self._latest = ""


def tokens_for(settings: MailboxSettings) -> Tokens | None:
    """Make what gets this source's tokens; None where a password is used.

    Raises ConfigError when the vendor's library is not installed.
    """
    vendor = settings.login
    if vendor == "password":
        return None
    try:
        module = importlib.import_module(f"connector.sources.imap.{vendor}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("connector"):
            raise
        raise ConfigError(
            [f"{settings.name}: logging in at {vendor} needs: pip install 'amends[{vendor}]'"]
        ) from None
    issuer: Issuer = module.issuer(settings)
    return Tokens(issuer)


class Xoauth2:
    """The client's side of one AUTHENTICATE XOAUTH2; called once for each challenge."""

    def __init__(self, user: str, token: str) -> None:
        """`user` is the mailbox that is opened, which need not be whose token it is."""
        self._first = f"user={user}\1auth=Bearer {token}\1\1".encode()
        self._calls = 0
        self.status = ""
        """What the server said about the token (`400`), or empty."""

    def __call__(self, challenge: bytes) -> bytes | None:
        """Answer: first the token, then nothing, which lets the server say NO."""
        self._calls += 1
        if self._calls == 1:
            return self._first
        if self._calls > MOST_CHALLENGES:
            return None
        self.status = _status(challenge)
        return b""


def _status(challenge: bytes) -> str:
    """Read the status of an error challenge; anything but three digits is not repeated."""
    with suppress(ValueError, RecursionError):
        told = json.loads(challenge[:4_096])
        if isinstance(told, dict) and _STATUS.fullmatch(str(told.get("status", ""))):
            return str(told["status"])
    return ""


class TokenFile:
    """Where the tokens of a login by a person are kept: mode 0600, replaced in one step."""

    def __init__(self, settings: MailboxSettings) -> None:
        """Take the place from the settings; nothing is read or made yet."""
        self._edge = settings.name
        self._home = settings.home

    @property
    def path(self) -> Path:
        """The file. Raises ConfigError when there is no state directory to keep it in."""
        if self._home is None:
            raise ConfigError([f"{self._edge}: a login by a person needs a state_dir"])
        return self._home / FOLDER / f"{self._edge}.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes (`amends login`, `amends check`) from refreshing at once."""
        path = self.path
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(
                path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as fault:
            raise self._unusable(fault) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def read(self) -> str:
        """Give what was kept; raises AuthenticationFailed with the cure when there is nothing."""
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_TOKEN_BYTES + 1)
        except FileNotFoundError:
            raise login_needed(self._edge, "nobody has logged in yet") from None
        except OSError as fault:
            raise self._unusable(fault) from None
        try:
            text = content.decode()
            if len(content) <= MAX_TOKEN_BYTES and isinstance(json.loads(text), dict):
                return text
        except (ValueError, RecursionError):
            pass
        raise login_needed(self._edge, "the stored tokens are damaged")

    def write(self, content: str) -> None:
        """Replace what is kept, on disk before it is believed."""
        path = self.path
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{self._edge}.")  # 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content.encode())
                    file.flush()
                    os.fsync(file.fileno())
                Path(draft).replace(path)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
        except OSError as fault:
            raise self._unusable(fault) from None

    def _unusable(self, fault: OSError) -> Unavailable:
        return Unavailable(self._edge, f"the stored tokens cannot be used ({fault.strerror})")


def login_needed(edge: str, why: str) -> AuthenticationFailed:
    """Make the error that asks for a person."""
    return AuthenticationFailed(edge, f"{why}; run: amends login {edge}")


def unreachable(edge: str, fault: Exception) -> EdgeError:
    """Make the error for a token server that does not answer as it should."""
    kind = type(fault).__name__
    return Unavailable(edge, f"the token server cannot be asked now ({kind})")


def no_login(edge: str, how: str) -> ConfigError:
    """Make the error for a login that nobody has to do."""
    return ConfigError([f"{edge} {how}: there is nobody to log in"])


def parsed(text: str) -> dict[str, Any]:
    """Read JSON that must be an object; ValueError for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 - pydantic turns only ValueError into a fault
    return found
