"""What stands around a mail when it is judged: released by a person, or one of too many.

A circle between machines need carry no mark, and its words may change at every turn: what
gives it away is that one sender writes more often than people do. Only mails are meant that are
not on the list of senders who are always heard.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.engine import Connection

from connector.domain.assessment import Assessment, Lane, Reason
from connector.domain.signal import Channel, Signal
from connector.store import mails, parked
from connector.store.signals import Stored

WINDOW: Final = timedelta(hours=1)
"""Mails of one sender are counted over so long, by the time at which they were written."""
CRITICAL: Final = 4
"""A mail of this severity is never parked for being one of many."""
RELEASED: Final = Reason(rule="person.released", category="", severity=0, evidence="")
CROWDED: Final = Reason(rule="mail.automatic.rate", category="", severity=0, evidence="")
_MACHINE: Final = ("automatic", "auto_rule", "bounced_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What is known of the items of a batch before they are judged."""

    released: frozenset[bytes] = frozenset()
    """Those that a person released from what was parked."""
    crowded: frozenset[bytes] = frozenset()
    """Those of which more came from one sender than allowed."""


def look(connection: Connection, secret: bytes, batch: Sequence[Stored], limit: int) -> Noted:
    """Look around for a batch; depends on what is stored alone, so asking again gives the same."""
    written = [one for one in batch if _is_mail(one)]
    if not written:
        return Noted()
    released = parked.is_released(connection, [one.id for one in written])
    return Noted(
        released=frozenset(released),
        crowded=_crowded(connection, secret, written, limit) - released,
    )


def as_spoken(stored: Stored, noted: Noted) -> Stored:
    """Give a released item without the marks of a machine: a person said that it counts."""
    item = stored.item
    if stored.id not in noted.released or not isinstance(item, Signal):
        return stored
    facts = {name: fact for name, fact in item.facts.items() if not name.startswith(_MACHINE)}
    return replace(stored, item=replace(item, facts=facts))


def considered(assessment: Assessment, stored: Stored, noted: Noted) -> Assessment:
    """Park one of too many, unless its words are critical; say that a person released it."""
    if stored.id in noted.released:
        return replace(assessment, reasons=(*assessment.reasons, RELEASED))
    owed = assessment.lane in {Lane.TICKET, Lane.REVIEW}
    if stored.id not in noted.crowded or not owed or assessment.severity >= CRITICAL:
        return assessment
    reasons = (CROWDED, *assessment.reasons)
    return replace(assessment, lane=Lane.PARK, severity=0, categories=(), reasons=reasons)


def parked_as(assessment: Assessment) -> str:
    """Name the reason for which something was parked, in one word for lists."""
    rules = [one.rule for one in assessment.reasons if one.rule.startswith("mail.automatic.")]
    return rules[0].rpartition(".")[2] if rules else "other"


def _is_mail(one: Stored) -> bool:
    return isinstance(one.item, Signal) and one.item.channel is Channel.MAIL


def _crowded(
    connection: Connection, secret: bytes, written: Sequence[Stored], limit: int
) -> frozenset[bytes]:
    """Find mails with `limit` or more of the same sender before them within the window.

    Before means written no later and stored earlier, so a decision never depends on what
    comes after.
    """
    keys = {
        one.id: key
        for one in written
        if isinstance(one.item, Signal) and (key := mails.sender_key(secret, one.item))
    }
    if not keys:
        return frozenset()
    at = {one.id: _written_at(one) for one in written}
    times = [at[identity] for identity in keys]
    rows = mails.of_senders(connection, keys.values(), min(times) - WINDOW, max(times))
    if all(len(found) <= limit for found in rows.values()):
        return frozenset()
    found = set()
    for one in written:
        if one.id in keys:
            known = sorted(when for when, n in rows.get(keys[one.id], ()) if n < one.n)
            since, until = (bisect_left(known, at[one.id] - ago) for ago in (WINDOW, timedelta(0)))
            if until - since + known.count(at[one.id]) >= limit:
                found.add(one.id)
    return frozenset(found)


def _written_at(one: Stored) -> datetime:
    item = one.item
    when = item.event_time if isinstance(item, Signal) else None
    return when or one.detected_at
