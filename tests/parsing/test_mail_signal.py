"""From a message's bytes to the item that the pipeline stores."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from connector.domain.practice import Practice
from connector.domain.signal import Channel, Signal, Unreadable
from connector.parsing import mail_signal
from connector.parsing.mail_signal import OVERSIZE_BYTES, MailOptions, MailReader

PRACTICE = Practice(
    tenant="practice",
    name="Practice",
    zone=ZoneInfo("UTC"),
    own_addresses=frozenset({"feedback@practice.example"}),
)
RECEIVED = datetime(2026, 11, 19, 10, tzinfo=UTC)


def read(raw, **more):
    reader = MailReader.for_source("box", PRACTICE, MailOptions(max_message_bytes=2_000_000))
    return reader.item(raw, "imap:INBOX;UIDVALIDITY=1;UID=5", **more)


def test_a_complaint_becomes_a_signal():
    raw = (
        b"From: Jane Doe <jane@example.com>\nSubject: Visit\nMessage-ID: <1@example.com>\n"
        b"References: <0@x>\nDate: Thu, 19 Nov 2026 09:00:00 +0000\n\n"
        b"I waited for two hours.\n\n> How was it?\n"
    )
    signal = read(raw)
    assert isinstance(signal, Signal)
    assert (signal.tenant, signal.source, signal.channel) == ("practice", "box", Channel.MAIL)
    assert (signal.contact.name, signal.contact.email) == ("Jane Doe", "jane@example.com")
    assert signal.text == "I waited for two hours.\n\n> How was it?"
    assert signal.reply_text == "I waited for two hours."
    assert signal.facts == {"message_id": "1@example.com", "references": ("0@x",)}
    assert signal.raw == raw
    assert signal.locator not in signal.natural_key


def test_a_web_form_is_from_the_person_in_reply_to_and_not_named_as_the_form():
    signal = read(b"From: Website <noreply@web.example>\nReply-To: jane@example.com\n\nToo long.\n")
    assert (signal.contact.name, signal.contact.email) == ("", "jane@example.com")


def test_our_own_address_in_reply_to_is_not_the_patient():
    signal = read(
        b"From: Jane <jane@example.com>\nReply-To: feedback@practice.example\n\nToo long.\n"
    )
    assert signal.contact.email == "jane@example.com"


def test_a_date_of_the_future_or_none_gives_way_to_the_arrival():
    future = b"From: a@example.com\nDate: Thu, 19 Nov 2037 10:00:00 +0000\n\nx\n"
    assert read(future, received=RECEIVED).event_time == RECEIVED
    assert read(b"From: a@example.com\n\nx\n", received=RECEIVED).event_time == RECEIVED
    assert read(b"From: a@example.com\n\nx\n").event_time is None


def test_automatic_mail_says_which_rule_found_it():
    signal = read(b"From: a@example.com\nAuto-Submitted: auto-replied\n\nI am away.\n")
    assert signal.facts["automatic"] == "auto_reply"
    assert signal.facts["auto_rule"] == "answer.submitted"


def test_an_oversize_message_has_one_key_whole_or_in_part():
    raw = b"From: a@example.com\nSubject: x\n\n" + b"words and words\n" * 200_000
    whole = read(raw)
    partly = read(raw[:OVERSIZE_BYTES], size_bytes=len(raw))
    assert whole.natural_key == partly.natural_key
    assert whole.facts["oversize"] == partly.facts["oversize"] == len(raw)
    assert whole.raw == partly.raw


def test_an_empty_message_is_shown_to_a_human():
    item = read(b"\r\n\0\r\n")
    assert isinstance(item, Unreadable)
    assert item.problem == "The message is empty."


def test_a_fault_of_ours_is_shown_with_the_message_and_without_its_words(monkeypatch):
    def broken(raw, **_):
        raise RecursionError(raw)

    monkeypatch.setattr(mail_signal, "parse_mail", broken)
    item = read(b"From: a@example.com\n\nvery private\n")
    assert isinstance(item, Unreadable)
    assert "private" not in item.problem
    assert item.raw.endswith(b"very private\n")


def test_a_sender_without_a_domain_is_nobody_whom_a_helpdesk_could_answer():
    signal = read(b"From: Cron Daemon <root>\nSubject: x\n\nbackup: no space left\n")
    assert isinstance(signal, Signal)
    assert (signal.contact.name, signal.contact.email) == ("Cron Daemon", "")
