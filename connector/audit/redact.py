"""Withholding: what happened, when and by whom stays; words, contacts and files go.

A redacted record still holds every entry of the ledger, so its hashes can be recomputed,
and in the place of words the commitments to them. The salts go with the words: with a
salt, words that somebody guesses could be confirmed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from connector.audit.record import CaseRecord, Heard, Sent, Words
from connector.domain.assessment import Assessment
from connector.domain.signal import Attachment, Contact, Fact, Item, Unreadable
from connector.domain.ticket import AddNote, Change, OpenTicket, TicketEvent

WITHHELD: Final = "[withheld]"
"""Stands where words were."""
MASKED: Final = "***"
"""Stands where a part of a contact was."""
PLAIN_FACTS: Final = frozenset({"automatic", "score", "score_kind", "wants_contact"})
"""Findings of parsers that tell nothing of a person, if they are figures or codes of ours; all
others go."""
_CODE: Final = re.compile(r"[a-z_]{1,20}")


def redact(record: CaseRecord) -> CaseRecord:
    """Take all words, contacts and files out of a record."""
    names = _pseudonyms(record.history)
    return replace(
        record,
        heard=tuple(_heard(heard) for heard in record.heard),
        sent=tuple(_sent(sent) for sent in record.sent),
        contents={number: _words(words) for number, words in record.contents.items()},
        history=tuple(_event(event, names) for event in record.history),
        withheld=True,
    )


def _words(words: Words) -> Words:
    return replace(words, body=None, salt=None)


def _heard(heard: Heard) -> Heard:
    return replace(
        heard,
        item=_item(heard.item) if heard.item else None,
        locators=tuple(WITHHELD for _ in heard.locators),
        assessment=_assessment(heard.assessment) if heard.assessment else None,
    )


def _item(item: Item) -> Item:
    if isinstance(item, Unreadable):
        return replace(item, locator=WITHHELD, problem=WITHHELD, raw=b"")
    return replace(
        item,
        natural_key=WITHHELD,
        locator=WITHHELD,
        contact=_contact(item.contact),
        subject=_text(item.subject),
        text=_text(item.text),
        reply_text=_text(item.reply_text),
        facts={name: _fact(name, fact) for name, fact in item.facts.items()},
        attachments=tuple(_file(file) for file in item.attachments),
        raw=b"",
    )


def _assessment(assessment: Assessment) -> Assessment:
    reasons = tuple(
        replace(reason, evidence=_text(reason.evidence)) for reason in assessment.reasons
    )
    return replace(assessment, reasons=reasons)


def _sent(sent: Sent) -> Sent:
    change = _change(sent.change) if sent.change else None
    return replace(sent, change=change, error=_text(sent.error))


def _change(change: Change) -> Change:
    if isinstance(change, AddNote):
        files = tuple(_file(file) for file in change.attachments)
        return replace(change, text=_text(change.text), attachments=files, body=b"")
    fields = dict.fromkeys(change.fields, WITHHELD)
    if isinstance(change, OpenTicket):
        return replace(
            change,
            subject=_text(change.subject),
            text=_text(change.text),
            requester=_contact(change.requester),
            fields=fields,
            body=b"",
        )
    return replace(change, fields=fields, body=b"")


def _event(event: TicketEvent, names: Mapping[str, str]) -> TicketEvent:
    return replace(
        event,
        actor=names.get(event.actor, ""),
        text=_text(event.text),
        data={name: _text(value) for name, value in event.data.items()},
    )


def _pseudonyms(history: tuple[TicketEvent, ...]) -> dict[str, str]:
    """Number the people of a ticket in the order of their appearance: one may be the patient."""
    actors = dict.fromkeys(event.actor for event in history if event.actor)
    return {actor: f"person {number}" for number, actor in enumerate(actors, start=1)}


def _contact(contact: Contact) -> Contact:
    return Contact(
        name=MASKED if contact.name else "",
        email=MASKED if contact.email else "",
        phone=MASKED if contact.phone else "",
    )


def _file(file: Attachment) -> Attachment:
    return Attachment(
        name=WITHHELD, media_type=WITHHELD, content=b"", withheld=file.withheld or "redacted"
    )


def _fact(name: str, fact: Fact) -> Fact:
    code = not isinstance(fact, str) or _CODE.fullmatch(fact)
    return fact if name in PLAIN_FACTS and code else WITHHELD


def _text(text: str) -> str:
    return WITHHELD if text else ""
