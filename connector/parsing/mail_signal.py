"""From the bytes of a message to an item: what every source of mail has in common."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connector.domain.practice import Practice
from connector.domain.signal import Attachment, Channel, Contact, Fact, Item, Signal, Unreadable
from connector.parsing.auto_rules import listed
from connector.parsing.automatic import Finding, Surroundings, classify
from connector.parsing.bounces import Bounce
from connector.parsing.hearing import Hearing
from connector.parsing.mail import Mail, canonical_key, parse_mail
from connector.parsing.mail_exports import ExportRule, Exports
from connector.parsing.mail_files import FileOptions
from connector.parsing.notifications import NotificationOptions
from connector.parsing.people import email_key
from connector.parsing.replies import reply_text
from connector.parsing.staff import StaffOptions
from connector.parsing.tokens import tokens

OVERSIZE_BYTES = 1_048_576
"""So much of a message above the limit is read: its header and the beginning of its text."""
_AHEAD = timedelta(days=1)
_ROBOTS = re.compile(
    r"(?:no-?reply|do-?not-?reply|notifications?|wordpress|webmaster|forms?|web|website|mailer)\b.*",
    re.IGNORECASE,
)


class MailOptions(BaseModel):
    """How messages are read; the same for every source of mail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_message_bytes: int = Field(
        default=26_214_400,
        ge=65_536,
        le=104_857_600,
        description="Of a larger message only header and the first megabyte are read.",
    )
    max_attachment_bytes: int = Field(
        default=10_485_760,
        ge=0,
        le=104_857_600,
        description="A larger file is listed by name, without its content.",
    )
    never_automatic: tuple[str, ...] = Field(
        default=(),
        description="Senders that are always heard, though their mail is automatic: survey tools, "
        "web forms. Addresses or patterns such as *@surveys.example.com.",
    )
    always_automatic: tuple[str, ...] = Field(
        default=(), description="Senders whose mail is always parked; same form."
    )
    own_hosts: tuple[str, ...] = Field(
        default=(),
        description="Domains that stand in the Message-IDs of mail that you send by machine.",
    )
    trusted_authserv: tuple[str, ...] = Field(
        default=(),
        description="Under which names (authserv-id) your mail server writes its "
        "Authentication-Results (`mx.google.com`); `(none)` for Exchange Online, which writes no "
        "name.",
    )
    notifications: NotificationOptions = Field(
        default_factory=NotificationOptions,
        description="Mail in which services tell of reviews, surveys, web forms and voicemails.",
    )
    staff: StaffOptions = Field(
        default_factory=StaffOptions, description="Staff who report what patients told them."
    )
    files: FileOptions = Field(
        default_factory=FileOptions, description="What happens to files that come with mail."
    )
    exports: tuple[ExportRule, ...] = Field(
        default=(),
        max_length=50,
        description="Files that come by mail and belong into another source's folder.",
    )

    @model_validator(mode="after")
    def _exports_need_proof(self) -> Self:
        if self.exports and not self.trusted_authserv:
            message = "exports need trusted_authserv: without it no sender can be verified"
            raise ValueError(message)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReader:
    """Makes items of messages for one source."""

    tenant: str
    source: str
    options: MailOptions
    around: Surroundings
    hearing: Hearing

    @classmethod
    def for_source(
        cls, name: str, practice: Practice, options: MailOptions, *, looking: bool = False
    ) -> MailReader:
        """Make the reader of a source of that name; ConfigError for recipes that are wrong.

        With `looking` no export is put into its folder.
        """
        around = Surroundings(
            own_addresses=frozenset(email_key(own) for own in practice.own_addresses),
            own_hosts=frozenset(host.lower() for host in options.own_hosts),
            never_automatic=options.never_automatic,
            always_automatic=options.always_automatic,
        )
        hearing = Hearing.of(
            practice,
            options.notifications,
            options.staff,
            Exports(options.exports, looking=looking),
            options.files,
            options.trusted_authserv,
        )
        return cls(
            tenant=practice.tenant, source=name, options=options, around=around, hearing=hearing
        )

    def item(
        self,
        raw: bytes,
        locator: str,
        *,
        size_bytes: int | None = None,
        received: datetime | None = None,
    ) -> Item:
        """Make a Signal of a message; Unreadable when there is nothing to read.

        `size_bytes` is the whole size where `raw` is only its beginning; `received` is when the
        mailbox got it (UTC), used where the Date field is missing or lies in the future.
        """
        if not raw.strip(b"\0\r\n\t "):
            return self.unreadable(locator, "The message is empty.", raw)
        size = len(raw) if size_bytes is None else size_bytes
        oversize = size > self.options.max_message_bytes or size > len(raw)
        if oversize:
            raw = raw[:OVERSIZE_BYTES]
        try:
            mail = parse_mail(raw, max_attachment_bytes=self.options.max_attachment_bytes)
            signal = self._signal(mail, raw, locator, size if oversize else 0, received)
            return self.hearing.heard(mail, signal)
        except Exception as fault:  # noqa: BLE001 - a fault of ours must not stop the mail behind it
            kind = type(fault).__name__
            return self.unreadable(locator, f"The message could not be understood ({kind}).", raw)

    def unreadable(self, locator: str, problem: str, raw: bytes) -> Unreadable:
        """Make the item that shows a human what could not be read."""
        return Unreadable(
            tenant=self.tenant,
            source=self.source,
            locator=locator,
            problem=problem,
            raw=raw[:OVERSIZE_BYTES],
        )

    def _signal(
        self, mail: Mail, raw: bytes, locator: str, oversize: int, received: datetime | None
    ) -> Signal:
        when = mail.date
        if received is not None and (when is None or when > received + _AHEAD):
            when = received
        return Signal(
            tenant=self.tenant,
            source=self.source,
            natural_key=canonical_key(raw),
            locator=locator,
            channel=Channel.MAIL,
            event_time=when,
            contact=contact_of(mail, self.around.own_addresses),
            subject=mail.subject,
            text=mail.text,
            reply_text=reply_text(mail.text),
            facts=self._facts(mail, raw, oversize),
            attachments=_whole(mail.attachments) if oversize else mail.attachments,
            raw=raw,
        )

    def _facts(self, mail: Mail, raw: bytes, oversize: int) -> dict[str, Fact]:
        facts: dict[str, Fact] = {}
        if mail.message_id:
            facts["message_id"] = mail.message_id
        if mail.references:
            facts["references"] = mail.references
        if found := tokens(mail.subject):
            facts["tokens"] = found
        if listed(mail, self.around.never_automatic):
            facts["trusted"] = True
        finding = classify(mail, self.around, raw)
        if finding is not None:
            facts |= automatic_facts(finding)
        if oversize:
            facts["oversize"] = oversize
        if mail.truncated:
            facts["truncated"] = True
        return facts


def automatic_facts(finding: Finding) -> dict[str, Fact]:
    """Give the facts about automatic mail; those of a bounce tell which mail did not arrive."""
    facts: dict[str, Fact] = {"automatic": finding.kind, "auto_rule": finding.rule}
    bounce = finding.bounce
    if bounce is not None:
        facts |= _bounce_facts(bounce)
    return facts


def _bounce_facts(bounce: Bounce) -> dict[str, Fact]:
    told: dict[str, Fact] = {
        "bounced_status": bounce.status,
        "bounced_from": bounce.sender,
        "bounced_to": bounce.recipients,
        "bounced_ids": bounce.message_ids,
        "bounced_tokens": tokens(bounce.subject),
    }
    return {name: value for name, value in told.items() if value}


def _whole(attachments: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
    """Keep no half file: the last one of a message that was cut is only named."""
    if not attachments:
        return ()
    return (*attachments[:-1], replace(attachments[-1], content=b"", withheld="oversize"))


def contact_of(mail: Mail, own_addresses: frozenset[str]) -> Contact:
    """Say who wrote: Reply-To before From (web forms, groups), unless it is the practice's own.

    A machine's display name (`Website Form <noreply@...>`) is nobody's name, and an address
    without a domain (`<root>`) reaches nobody.
    """
    reply_to = mail.reply_to
    if not reply_to.email or email_key(reply_to.email) in own_addresses:
        email = mail.sender.email if "@" in mail.sender.email else ""
        return Contact(name=mail.sender.name, email=email)
    name = reply_to.name
    if not name and not _ROBOTS.fullmatch(mail.sender.email.partition("@")[0]):
        name = mail.sender.name
    return Contact(name=name, email=reply_to.email)
