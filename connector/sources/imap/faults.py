"""What goes wrong with an IMAP server, as our errors with a cure in the sentence.

Never quoted: what the server said, since it may hold the login name. Only its response code
(RFC 5530) is.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient.exceptions import LoginError, ProtocolError

from connector.domain.errors import AuthenticationFailed, EdgeError, RateLimited, Unavailable

_CODE = re.compile(r"\[([A-Z][A-Z-]{2,30})(?:[\] ])")
_PASSING = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA", "EXPUNGEISSUED"})
_THROTTLED = frozenset({"THROTTLED", "LIMIT", "OVERQUOTA"})
_NOT_CONNECTED = "authenticated but not connected"
_THROTTLE_S = 300

_CERTIFICATE = {
    9: "is not valid yet; check the clocks of both machines",
    10: "has expired; renew it on the mail server",
    18: "is self-signed; name it in ca_file if it is yours",
    19: "ends in a self-signed authority that is not trusted; name that authority in ca_file",
    20: "comes from an authority that is not trusted; name that authority in ca_file",
    21: "cannot be verified, the server sends no complete chain; mend it there or use ca_file",
    62: "is for another host name; use the name that stands in the certificate",
    64: "is for another address; use the name that stands in the certificate",
}


class CommandRefused(Unavailable):
    """The server said NO to this one command; the connection lives on."""


def response_code(text: str) -> str:
    """Give the code in brackets of a server's answer (`AUTHENTICATIONFAILED`), or ''."""
    match = _CODE.search(text[:500])
    return match[1] if match else ""


@contextmanager
def our_errors(edge: str, doing: str) -> Iterator[None]:
    """Turn whatever imapclient, imaplib, ssl and sockets raise into one of our errors."""
    try:
        yield
    except EdgeError:
        raise
    except (imaplib.IMAP4.error, OSError, ValueError, LookupError, TypeError, MemoryError) as fault:
        raise explain(edge, doing, fault) from None  # the chain could hold the server's words


def explain(edge: str, doing: str, fault: BaseException) -> EdgeError:
    """Choose the error and the sentence for a fault met while doing something."""
    if isinstance(fault, LoginError):
        return _login(edge, fault)
    if isinstance(fault, imaplib.IMAP4.abort):
        return Unavailable(edge, f"the server ended the connection while {doing}")
    if isinstance(fault, ProtocolError):
        return Unavailable(edge, f"the server's answer makes no sense while {doing}")
    if isinstance(fault, imaplib.IMAP4.error):
        return _refused(edge, doing, str(fault))
    if isinstance(fault, OSError):
        return _network(edge, doing, fault)
    kind = type(fault).__name__
    return Unavailable(edge, f"the server's answer could not be read while {doing} ({kind})")


def _login(edge: str, fault: LoginError) -> EdgeError:
    cause = fault.__context__
    if isinstance(cause, imaplib.IMAP4.abort):
        return Unavailable(edge, "the server ended the connection at login")
    code = response_code(str(fault))
    if code in _THROTTLED:
        return _throttled(edge, code)
    if code in _PASSING:
        return Unavailable(edge, f"the server cannot take logins now [{code}]")
    told = f" [{code}]" if code else ""
    return AuthenticationFailed(edge, f"the server refuses user name or password{told}; mend them")


def token_refused(edge: str, fault: BaseException, status: str) -> EdgeError:
    """Choose the error for a token that a server does not take; `status` is what it told of it."""
    code = response_code(str(fault))
    if code in _THROTTLED:
        return _throttled(edge, code)
    if code in _PASSING:
        return Unavailable(edge, f"the server cannot take logins now [{code}]")
    told = f" [{code or status}]" if code or status else ""
    return AuthenticationFailed(
        edge,
        f"the server refuses the token{told}; check that username is the mailbox's address, that "
        "IMAP is enabled for it, and that who logged in may open it",
    )


def _throttled(edge: str, code: str) -> RateLimited:
    return RateLimited(edge, f"the server asks for a pause [{code}]", retry_after_s=_THROTTLE_S)


def _refused(edge: str, doing: str, text: str) -> EdgeError:
    code = response_code(text)
    if _NOT_CONNECTED in text.lower():
        return AuthenticationFailed(
            edge,
            "the server accepts the login, but gives no access to the mailbox; check that the "
            "account has a mailbox with IMAP enabled",
        )
    if code in _THROTTLED:
        return _throttled(edge, code)
    if code == "NONEXISTENT":
        return CommandRefused(edge, f"there is no such folder (while {doing}); mend folder")
    told = f" [{code}]" if code else ""
    return CommandRefused(edge, f"the server refuses{told} while {doing}")


def _network(edge: str, doing: str, fault: OSError) -> EdgeError:
    if isinstance(fault, ssl.SSLCertVerificationError):
        problem = _CERTIFICATE.get(fault.verify_code, "cannot be verified; see ca_file")
        return Unavailable(edge, f"the server's certificate {problem}")
    if isinstance(fault, ssl.SSLError):
        return Unavailable(edge, f"TLS fails while {doing}; check port and security")
    if isinstance(fault, TimeoutError):
        return Unavailable(edge, f"the server does not answer while {doing}")
    if isinstance(fault, socket.gaierror):
        return Unavailable(edge, "the server's name is not found; check host and DNS")
    if isinstance(fault, ConnectionRefusedError):
        return Unavailable(edge, "no server accepts connections there; check host and port")
    return Unavailable(edge, f"the network fails while {doing} (errno {fault.errno})")
