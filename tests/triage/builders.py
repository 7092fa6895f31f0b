"""Short ways to say what was heard."""

from __future__ import annotations

from connector.domain.signal import Attachment, Channel, Contact, Fact, Signal

JANE = Contact(name="Jane Doe", email="jane@example.org", phone="+15555550123")


def mail(
    text: str, *, subject: str = "", files: tuple[Attachment, ...] = (), **facts: Fact
) -> Signal:
    return heard(Channel.MAIL, text, subject=subject, files=files, **facts)


def answer(text: str = "", **facts: Fact) -> Signal:
    return heard(Channel.SURVEY, text, **facts)


def call(*, contact: Contact = JANE, **facts: Fact) -> Signal:
    return heard(Channel.PHONE, "Waited in queue main.", contact=contact, **facts)


def heard(
    channel: Channel,
    text: str,
    *,
    subject: str = "",
    contact: Contact = JANE,
    files: tuple[Attachment, ...] = (),
    **facts: Fact,
) -> Signal:
    return Signal(
        tenant="practice",
        source="source",
        natural_key="key",
        locator="place",
        channel=channel,
        event_time=None,
        contact=contact,
        subject=subject,
        text=text,
        facts=facts,
        attachments=files,
    )
