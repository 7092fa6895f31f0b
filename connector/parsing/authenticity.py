"""Whether a mail really comes from the domain that its From names (RFC 8601).

Only the receiving server can know. It says so in Authentication-Results, under a name
(authserv-id) that the admin trusts; everybody else may write such a field too, so only those
names count, only the topmost run of them, and of several answers to one question the topmost.
A domain is taken as proven when DMARC passes for it, or when a signature (DKIM) or the envelope
(SPF) passes for it or a parent of it.

Exchange Online writes its results without any name: it is trusted as `(none)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.parsing.mail_headers import Headers

NAMELESS = "(none)"
"""Stands for results without a name among the trusted ones."""
MAX_FIELD_CHARS = 16_384
"""A longer field is cut."""
MAX_RESULTS = 100
"""Results behind these are not looked at."""

_FIELD = "authentication-results"
_COMMENT = re.compile(r"\([^()]{0,1000}\)")
_NESTING = 5
_RESULT = re.compile(r"\s*(dmarc|dkim|spf)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(
    r"\b(header\.from|header\.d|header\.i|smtp\.mailfrom)\s*=\s*\"?([^\s\";]{1,320})", re.IGNORECASE
)
_BROKEN = frozenset({"temperror", "permerror"})
_METHODS = ("dmarc", "dkim", "spf")


class Proof(StrEnum):
    """What is known of the sender's domain."""

    VERIFIED = "verified"
    """A trusted server vouches for it."""
    UNVERIFIED = "unverified"
    """Nobody who is trusted says anything."""
    FAILED = "failed"
    """A trusted server looked and found that nothing fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """One answer of a server."""

    method: str
    """dmarc | dkim | spf."""
    said: str
    """pass | fail | none | temperror ..., lower case."""
    domains: tuple[str, ...]
    """For which domains, lower case."""


def proof_of(headers: Headers, sender: str, trusted: Sequence[str]) -> Proof:
    """Judge the domain of `sender` (an address) by what trusted servers wrote into the mail.

    `trusted` holds authserv-ids; the receiving server has to remove foreign fields that bear
    its own name (RFC 8601, section 5), as the usual ones do.
    """
    domain = sender.rpartition("@")[2].lower().rstrip(".")
    results = list(_trusted_results(headers, frozenset(name.lower() for name in trusted)))
    if not domain or not results:
        return Proof.UNVERIFIED
    said = {method: [one for one in results if one.method == method] for method in _METHODS}
    if any(_vouches(one, domain) for one in said["dmarc"]):
        return Proof.VERIFIED
    if any(one.said == "fail" for one in said["dmarc"]):
        return Proof.FAILED
    if any(_vouches(one, domain) for one in (*said["dkim"], *said["spf"])):
        return Proof.VERIFIED
    return Proof.UNVERIFIED if any(one.said in _BROKEN for one in results) else Proof.FAILED


def _vouches(result: _Result, domain: str) -> bool:
    if result.said != "pass":
        return False
    if result.method == "dmarc":
        return not result.domains or domain in result.domains
    return any(_covers(one, domain) for one in result.domains)


def _covers(signer: str, domain: str) -> bool:
    """Say whether a signing domain is the domain itself or a parent of it, never a bare ending."""
    return signer == domain or ("." in signer and domain.endswith(f".{signer}"))


def _trusted_results(headers: Headers, trusted: frozenset[str]) -> Iterator[_Result]:
    """Give the answers of the topmost run of trusted fields, the first field for each method."""
    seen: set[str] = set()
    for text in _topmost_run(headers, trusted):
        here = list(_results(text))
        yield from (one for one in here if one.method not in seen)
        seen.update(one.method for one in here)


def _topmost_run(headers: Headers, trusted: frozenset[str]) -> Iterator[str]:
    """Give trusted fields from the top until another server's Received follows one of them."""
    begun = False
    for name, value in headers:
        if name == "received" and begun:
            return
        if name != _FIELD:
            continue
        text = _without_comments(headers.text_of(value)[:MAX_FIELD_CHARS])
        if _authserv(text) in trusted:
            begun = True
            yield text


def _authserv(text: str) -> str:
    """Give the name in front of the results, or NAMELESS when the first result stands there."""
    first = text.partition(";")[0]
    words = first.split()
    if _RESULT.match(first):
        return NAMELESS
    return words[0].strip('"').lower() if words else ""


def _results(text: str) -> Iterator[_Result]:
    for part in text.split(";")[:MAX_RESULTS]:
        match = _RESULT.match(part)
        if match is None:
            continue
        method, said = match[1].lower(), match[2].lower()
        wanted = {"dmarc": {"header.from"}, "dkim": {"header.d", "header.i"}}.get(
            method, {"smtp.mailfrom"}
        )
        domains = [
            value.rpartition("@")[2].lower().rstrip(".")
            for name, value in _PROPERTY.findall(part)
            if name.lower() in wanted
        ]
        yield _Result(method=method, said=said, domains=tuple(domains))


def _without_comments(text: str) -> str:
    for _ in range(_NESTING):
        text, count = _COMMENT.subn(" ", text)
        if not count:
            break
    return text
