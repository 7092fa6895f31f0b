"""Who is this about: one case for one person and failure, links where that is not certain.

Families and switchboards share numbers and addresses, so a shared or name-less
contact, or a number alone, links cases and never joins them (exception: unanswered
calls from one number). Anonymous signals never join anything.

What a mail refers to comes before who wrote it: ids of the thread, our case id, the ticket's
mark in its subject (a number proves little: its writer must be known on the case), and at last
the subject that it answers, from the same address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connector.domain.case import Case, Group
from connector.domain.signal import Channel, Signal
from connector.parsing.people import compatible_names, email_key
from connector.parsing.tokens import answered_subject, is_case_id, plain_subject
from connector.store.cases import ContactKey, Known
from connector.store.keys import keyed

REFERRING = ("thread", "case_id", "ticket")
"""Kinds of relation that say which case a mail refers to, whoever wrote it."""
UNANSWERED = "access.unreached"
"""The category of calls that nobody took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where a signal belongs."""

    join: Case | None
    """The open case that it belongs to; None founds a new one."""
    why: str
    """thread | case_id | ticket | subject | person | number; empty for a new case."""
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
        if matter := plain_subject(signal.subject):
            keys.append(_subject_key(secret, signal, matter))
    if contact.phone:
        key = keyed(secret, "phone", contact.phone)
        keys.append(ContactKey(kind="phone", key=key, name=contact.name))
    return tuple(keys)


def search_keys(secret: bytes, signal: Signal) -> tuple[ContactKey, ...]:
    """Keys under which an open case of this signal might be known: its own, and its thread's.

    A subject is looked for where it is answered only. Only the patient's own message ids are
    ever registered, so the answers of many patients to one newsletter do not meet here.
    """
    references = signal.facts.get("references")
    thread = references if isinstance(references, tuple) else ()
    own = contact_keys(secret, signal)
    if not answered_subject(signal.subject):
        own = tuple(one for one in own if one.key not in subject_keys(secret, signal))
    return own + tuple(
        ContactKey(kind="thread", key=keyed(secret, "thread", reference)) for reference in thread
    )


def subject_keys(secret: bytes, signal: Signal) -> frozenset[bytes]:
    """Keys of one address's matter, as told by the subject; empty where it tells none."""
    matter = plain_subject(signal.subject)
    if not (matter and signal.contact.email):
        return frozenset()
    return frozenset({_subject_key(secret, signal, matter).key})


def own_id_keys(secret: bytes, signal: Signal) -> frozenset[bytes]:
    """The key of a mail's own id, unless its thread names that too."""
    references, own = signal.facts.get("references"), signal.facts.get("message_id")
    named = references if isinstance(references, tuple) else ()
    if not isinstance(own, str) or not own or own in named:
        return frozenset()
    return frozenset({keyed(secret, "thread", own)})


def _subject_key(secret: bytes, signal: Signal, matter: str) -> ContactKey:
    key = keyed(secret, "subject", email_key(signal.contact.email), matter)
    return ContactKey(kind="thread", key=key)


def case_ids(signal: Signal) -> list[str]:
    """Our case ids in a signal's subject."""
    return [token for token in _tokens(signal) if is_case_id(token)]


def ticket_ids(found: Sequence[str], form: str) -> list[str]:
    """Give the helpdesk's ids of tickets among marks; `form` has the id as its first group."""
    matches = [re.fullmatch(form, token) for token in found] if form else []
    return [match[1] for match in matches if match is not None]


def tickets(signal: Signal, form: str) -> list[str]:
    """Ids of tickets that a signal's subject names."""
    return ticket_ids(_tokens(signal), form)


def _tokens(signal: Signal) -> tuple[str, ...]:
    found = signal.facts.get("tokens")
    return found if isinstance(found, tuple) else ()


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
    acquainted = {one.case.id: one for one in known if one.kind == "email"}
    for candidate in sorted(known, key=lambda one: one.kind not in REFERRING):
        met = acquainted.get(candidate.case.id)
        found = _reference(candidate, met, signal, shared)
        why, joins = found or _relation(candidate, signal, categories, shared)
        if not why:
            continue
        if joins and candidate.case.group is group and join is None:
            join = (candidate.case, why)
        else:
            links.setdefault(candidate.case.id, why if not joins else "other_matter")
    if join is None:
        return Choice(join=None, why="", links=tuple(links.items()))
    case, why = join
    links.pop(case.id, None)
    return Choice(join=case, why=why, links=tuple(links.items()))


def _reference(
    candidate: Known, met: Known | None, signal: Signal, shared: frozenset[str]
) -> tuple[str, bool] | None:
    """Name the relation to a case that the mail refers to; None where it is another one.

    An empty name is no relation at all. `met` is the same case, as known by the address.
    """
    match candidate.kind:
        case "thread" | "case_id":
            return candidate.kind, True
        case "ticket":
            return "ticket", met is not None
        case "same_id":  # resent in other words; machines that repeat an id are not joined
            return ("thread", True) if met is not None else ("", False)
        case "subject":
            if met is None or email_key(signal.contact.email) in shared:
                return "", False
            both = bool(signal.contact.name and met.name)
            contradict = both and not compatible_names(signal.contact.name, met.name)
            return ("", False) if contradict else ("subject", True)
        case _:
            return None


def _relation(
    candidate: Known, signal: Signal, categories: Sequence[str], shared: frozenset[str]
) -> tuple[str, bool]:
    """Name the relation to one case and whether it is certain enough to join."""
    contact = signal.contact
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
