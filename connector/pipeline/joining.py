"""Who is this about: one case for one person and failure, links where that is not certain.

Families and switchboards share numbers and addresses, so a shared or name-less
contact, or a number alone, links cases and never joins them (exception: unanswered
calls from one number). Anonymous signals never join anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.domain.case import Case, Group
from connector.domain.signal import Channel, Signal
from connector.parsing.people import compatible_names, email_key
from connector.store.cases import ContactKey, Known
from connector.store.keys import keyed

UNANSWERED = "access.unreached"
"""The category of calls that nobody took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where a signal belongs."""

    join: Case | None
    """The open case that it belongs to; None founds a new one."""
    why: str
    """thread | person | number; empty for a new case."""
    links: tuple[tuple[str, str], ...] = ()
    """Other cases that may have to do with it, with the reason."""


def contact_keys(secret: bytes, signal: Signal) -> tuple[ContactKey, ...]:
    """Keyed hashes by which this signal's case can be found later; words stay out."""
    contact, keys = signal.contact, []
    message_id = signal.facts.get("message_id")
    if isinstance(message_id, str) and message_id:
        keys.append(ContactKey(kind="thread", key=keyed(secret, "thread", message_id)))
    if contact.email:
        key = keyed(secret, "email", email_key(contact.email))
        keys.append(ContactKey(kind="email", key=key, name=contact.name))
    if contact.phone:
        key = keyed(secret, "phone", contact.phone)
        keys.append(ContactKey(kind="phone", key=key, name=contact.name))
    return tuple(keys)


def search_keys(secret: bytes, signal: Signal) -> tuple[ContactKey, ...]:
    """Keys under which an open case of this signal might be known: its own, and its thread's.

    Only the patient's own message ids are ever registered, so the answers of many patients
    to one newsletter do not meet here.
    """
    references = signal.facts.get("references")
    thread = references if isinstance(references, tuple) else ()
    return contact_keys(secret, signal) + tuple(
        ContactKey(kind="thread", key=keyed(secret, "thread", reference)) for reference in thread
    )


def person_key(
    secret: bytes, signal: Signal, categories: Sequence[str], shared: frozenset[str]
) -> bytes | None:
    """Say who it is, for the database's own guard; None when that is not certain."""
    contact = signal.contact
    # a name that is not even compatible with itself (an address, two initials) is no name
    named = compatible_names(contact.name, contact.name)
    if contact.email and named and email_key(contact.email) not in shared:
        return keyed(secret, "person", email_key(contact.email), contact.name.casefold())
    if contact.phone and contact.phone not in shared:
        if named:
            return keyed(secret, "person", contact.phone, contact.name.casefold())
        if _unanswered(signal.channel.value, categories):
            return keyed(secret, "caller", contact.phone)
    return None


def choose(
    known: Sequence[Known],
    signal: Signal,
    categories: Sequence[str],
    group: Group,
    shared: frozenset[str],
) -> Choice:
    """Decide between the open cases that carry one of the signal's contacts, oldest first."""
    links: dict[str, str] = {}
    join: tuple[Case, str] | None = None
    for candidate in known:
        why, joins = _relation(candidate, signal, categories, shared)
        if joins and candidate.case.group is group and join is None:
            join = (candidate.case, why)
        else:
            links.setdefault(candidate.case.id, why if not joins else "other_matter")
    if join is None:
        return Choice(join=None, why="", links=tuple(links.items()))
    case, why = join
    links.pop(case.id, None)
    return Choice(join=case, why=why, links=tuple(links.items()))


def _relation(
    candidate: Known, signal: Signal, categories: Sequence[str], shared: frozenset[str]
) -> tuple[str, bool]:
    """Name the relation to one case and whether it is certain enough to join."""
    contact = signal.contact
    if candidate.kind == "thread":
        return "thread", True
    value = email_key(contact.email) if candidate.kind == "email" else contact.phone
    if value in shared:
        return "shared_contact", False
    if contact.name and candidate.name:
        same = compatible_names(contact.name, candidate.name)
        return ("person", True) if same else ("same_contact_other_name", False)
    if candidate.kind == "phone" and _both_unanswered(candidate, signal, categories):
        return "number", True
    return "same_contact_no_name", False


def _both_unanswered(candidate: Known, signal: Signal, categories: Sequence[str]) -> bool:
    return _unanswered(signal.channel.value, categories) and _unanswered(
        candidate.channel, candidate.case.categories
    )


def _unanswered(channel: str, categories: Sequence[str]) -> bool:
    return channel == Channel.PHONE.value and tuple(categories[:1]) == (UNANSWERED,)
