"""The arithmetic of the ledger: the same pure code writes and checks it.

An entry's hash covers the previous hash and one canonical form of the entry
(JSON, keys sorted, no spaces, UTF-8, integers only, times as RFC 3339 UTC with
microseconds), so a changed, missing or swapped row is found. Cutting the end or
recomputing everything is only found against a checkpoint kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

GENESIS = bytes(32)
"""The `prev` of a chain's first entry."""

SCHEMA = 1
"""Version of the canonical form; part of every hash."""

_PRINTER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)
_text = json.encoder.encode_basestring
"""Prints a text as the printer does."""

Plain: TypeAlias = str | int | bool | list["Plain"] | dict[str, "Plain"] | None
"""What a ledger body may hold; floats are refused because they do not print alike everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One thing that was done or decided; holds ids, rule ids and integers, never words."""

    chain_id: str
    seq: int
    """1, 2, 3 ... without a gap within its chain."""
    at: datetime
    actor: str
    """`daemon`, `cli:<user>`, `agent:<helpdesk id>`."""
    action: str
    """Stable, `object.verb` (`signal.stored`, `ticket.confirmed`)."""
    case_id: str
    """The case it belongs to, or empty."""
    body: Mapping[str, Plain]
    prev: bytes
    hash: bytes


def canonical(body: object) -> bytes:
    """Print a value in the one form that is hashed; floats and other types raise TypeError."""
    _refuse_floats(body)
    return _PRINTER.encode(body).encode("utf-8")


def timestamp(at: datetime) -> str:
    """Print an aware datetime as RFC 3339 UTC with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entry_hash(
    *,
    prev: bytes,
    chain_id: str,
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    case_id: str,
    body: Mapping[str, Plain],
) -> bytes:
    """Hash one entry over its predecessor: SHA-256(prev || canonical form)."""
    return hash_printed(
        canonical(dict(body)).decode("utf-8"),
        prev=prev,
        chain_id=chain_id,
        seq=seq,
        at=timestamp(at),
        actor=actor,
        action=action,
        case_id=case_id,
    )


def hash_printed(
    body: str,
    *,
    prev: bytes,
    chain_id: str,
    seq: int,
    at: str,
    actor: str,
    action: str,
    case_id: str,
) -> bytes:
    """Hash an entry whose body and time are printed already; the same as `entry_hash`.

    The keys of the form stand here in their sorted order.
    """
    form = (
        f'{{"action":{_text(action)},"actor":{_text(actor)},"at":{_text(at)},"body":{body},'
        f'"case":{_text(case_id)},"chain":{_text(chain_id)},"schema":{SCHEMA},"seq":{seq}}}'
    )
    return hashlib.sha256(prev + form.encode("utf-8")).digest()


def commitment(salt: bytes, content: bytes) -> bytes:
    """Commit to a content without revealing it; destroying the salt makes it meaningless."""
    return hashlib.sha256(salt + content).digest()


def verify(entries: Iterable[LedgerEntry], *, prev: bytes = GENESIS, seq: int = 0) -> Iterator[str]:
    """Yield one sentence for each fault in a chain given in order; nothing when it is whole."""
    for entry in entries:
        if entry.seq != seq + 1:
            yield f"chain {entry.chain_id}: entry {seq + 1} is missing before {entry.seq}"
        if entry.prev != prev:
            yield f"chain {entry.chain_id}: entry {entry.seq} does not follow its predecessor"
        expected = entry_hash(
            prev=entry.prev,
            chain_id=entry.chain_id,
            seq=entry.seq,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            case_id=entry.case_id,
            body=entry.body,
        )
        if expected != entry.hash:
            yield f"chain {entry.chain_id}: entry {entry.seq} was changed after it was written"
        prev, seq = entry.hash, entry.seq


_SIMPLE = frozenset({str, int, bool, type(None)})


def _refuse_floats(value: object) -> None:
    if type(value) in _SIMPLE:
        return
    if isinstance(value, float):
        msg = "a ledger body holds integers only (use permille, seconds, bytes)"
        raise TypeError(msg)
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            msg = "the keys of a ledger body are text"
            raise TypeError(msg)
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            if type(inner) not in _SIMPLE:  # a call for each would cost as much as printing it
                _refuse_floats(inner)
    elif value is not None and not isinstance(value, str | int | bool):
        msg = f"a ledger body cannot hold a {type(value).__name__}"
        raise TypeError(msg)
