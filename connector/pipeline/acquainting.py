"""A person's mail address and number are brought together where that is certain, and only there.

Certain is what a survey row says that has both, what staff enter of a person, and what a person
of the practice says (`amends cases link --same-person`). It never joins by itself: the names have
to be compatible as well, and whoever says no name is only linked. `cases unlink --same-person`
takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connector.domain.case import Case
from connector.domain.signal import Channel, Signal
from connector.parsing.people import compatible_names, email_key
from connector.pipeline import joining
from connector.store import acquainted
from connector.store.acquainted import Pair
from connector.store.keys import keyed
from connector.store.store import Tx


def both(secret: bytes, signal: Signal, shared: frozenset[str]) -> Pair | None:
    """Give the pair that a signal tells for certain; None: it tells none."""
    contact = signal.contact
    sure = signal.channel is Channel.SURVEY or signal.facts.get("verbal") is True
    if not (sure and contact.email and contact.phone):
        return None
    if email_key(contact.email) in shared or contact.phone in shared:
        return None
    person = joining.person_key(secret, signal, (), shared)
    named = compatible_names(contact.name, contact.name)
    if person is None or not named:
        return None
    email, phone = _keys(secret, signal)
    return Pair(email=email, phone=phone, person=person, name=contact.name)


def learn(tx: Tx, signal: Signal, case: Case, shared: frozenset[str]) -> bool:
    """Remember the pair that a signal tells for certain, if it does; True when it is new."""
    pair = both(tx.secret, signal, shared)
    if pair is None:
        return False
    if not acquainted.learn(tx, signal.tenant, pair, case_id=case.id, how=signal.channel.value):
        return False
    tx.record("person.acquainted", case_id=case.id, how=signal.channel.value)
    return True


def partners(pairs: Iterable[Pair], keys: Iterable[bytes]) -> dict[bytes, Pair]:
    """Give the pair of each key that has exactly one; a number of two people is nobody's; pure."""
    wanted, found = set(keys), dict[bytes, list[Pair]]()
    for pair in pairs:
        for key in {pair.email, pair.phone} & wanted:
            found.setdefault(key, []).append(pair)
    return {key: some[0] for key, some in found.items() if len(some) == 1}


def further(known: Mapping[bytes, Pair], secret: bytes, signal: Signal) -> Sequence[bytes]:
    """Give the keys under which a signal's person may be known beside its own; pure."""
    own = [key for key in _keys(secret, signal) if key]
    pairs = [known[key] for key in own if key in known]
    return [key for pair in pairs for key in (pair.email, pair.phone) if key not in own]


def person(known: Mapping[bytes, Pair], secret: bytes, signal: Signal) -> bytes | None:
    """Say who it is by what was brought together, where the name agrees; pure."""
    for key in _keys(secret, signal):
        pair = known.get(key)
        if pair is not None and compatible_names(pair.name, signal.contact.name):
            return pair.person
    return None


def _keys(secret: bytes, signal: Signal) -> tuple[bytes, bytes]:
    contact = signal.contact
    email = keyed(secret, "email", email_key(contact.email)) if contact.email else b""
    return email, keyed(secret, "phone", contact.phone) if contact.phone else b""
