"""Statements about which mail address and which number are one person's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.case import CaseState, Group
from connector.store.schema import case_contact, cases
from connector.store.schema import content as words
from connector.store.schema_rounds import acquainted
from connector.store.signals import insert_new
from connector.store.store import Tx

AT_ONCE = 500
"""So many keys are asked for in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A mail address and a number of one person, as keyed hashes."""

    email: bytes
    phone: bytes
    person: bytes
    """Key of who it is, as of a signal from that address."""
    name: str
    """As it was written when both were learned."""


def of_keys(connection: Connection, tenant: str, keys: Sequence[bytes]) -> list[Pair]:
    """Pairs in force that have one of these keys on either side."""
    found: dict[tuple[bytes, bytes], Pair] = {}
    for start in range(0, len(keys), AT_ONCE):
        part = list(keys[start : start + AT_ONCE])
        query = (
            sa.select(acquainted, words.c.body.label("name"))
            .join(words, words.c.id == acquainted.c.name_id, isouter=True)
            .where(
                acquainted.c.tenant == tenant,
                acquainted.c.undone == 0,
                sa.or_(acquainted.c.email.in_(part), acquainted.c.phone.in_(part)),
            )
        )
        for row in connection.execute(query):
            email, phone = bytes(row.email), bytes(row.phone)
            name = (row.name or b"").decode("utf-8", "surrogatepass")
            found[email, phone] = Pair(
                email=email, phone=phone, person=bytes(row.person), name=name
            )
    return list(found.values())


def learn(tx: Tx, tenant: str, pair: Pair, *, case_id: str, how: str) -> bool:
    """Remember a pair, once; what a person undid is not learned again by itself."""
    key = {"tenant": tenant, "email": pair.email, "phone": pair.phone}
    where = [acquainted.c[name] == value for name, value in key.items()]
    known = tx.connection.execute(sa.select(acquainted.c.undone).where(*where)).scalar()
    if known is not None:
        if known and how == "by_a_person":
            tx.connection.execute(sa.update(acquainted).where(*where).values(undone=0))
            return True
        return False
    name_id = tx.put("name", pair.name.encode("utf-8", "surrogatepass"))[0]
    row = {**key, "person": pair.person, "name_id": name_id, "case_id": case_id, "at": tx.now}
    return insert_new(tx.connection, acquainted, {**row, "how": how, "undone": 0})


def taken(connection: Connection, tenant: str, person: bytes, group: Group) -> bool:
    """Say whether a person has a case of a group that is not closed."""
    query = sa.select(cases.c.id).where(
        cases.c.tenant == tenant,
        cases.c.person == person,
        cases.c.grp == group.value,
        cases.c.state != CaseState.CLOSED.value,
    )
    return connection.execute(query.limit(1)).first() is not None


def undo(tx: Tx, tenant: str, keys: Iterable[bytes]) -> int:
    """Let no pair among these keys be in force; gives how many were."""
    some = list(keys)
    done = tx.connection.execute(
        sa.update(acquainted)
        .where(
            acquainted.c.tenant == tenant,
            acquainted.c.undone == 0,
            acquainted.c.email.in_(some),
            acquainted.c.phone.in_(some),
        )
        .values(undone=1)
    )
    return done.rowcount


def contacts(connection: Connection, case_id: str) -> dict[str, list[tuple[bytes, str]]]:
    """Give a case's addresses and numbers by kind (email, phone), each key with its name."""
    query = (
        sa.select(case_contact.c.kind, case_contact.c.key, words.c.body)
        .join(words, words.c.id == case_contact.c.name_id, isouter=True)
        .where(case_contact.c.case_id == case_id)
    )
    found: dict[str, list[tuple[bytes, str]]] = {"email": [], "phone": []}
    for kind, key, body in connection.execute(query):
        if kind in found:
            name = (body or b"").decode("utf-8", "surrogatepass")
            found[kind].append((bytes(key), name))
    return found
