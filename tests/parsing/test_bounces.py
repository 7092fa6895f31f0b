"""What a report of a mail system tells: did it fail or is it late, for whom, of which mail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.automatic import Surroundings, classify
from connector.parsing.bounces import MAX_IDS, MAX_RECIPIENTS, read_bounce
from connector.parsing.mail import parse_mail

STANDARD = """\
From: Mail Delivery System <MAILER-DAEMON@mx.practice.example>
To: help@practice.example
Subject: {subject}
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B

I'm sorry to have to inform you that your message was not delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.practice.example

{groups}
--B
Content-Type: {returned}

From: Clinic Help <help@practice.example>
To: jane@example.com
Subject: Re: Waiting time [#17]
Message-ID: <out-17@helpdesk.example>
In-Reply-To: <first@example.com>

Dear Jane, we are sorry.
--B--
"""


def read(text):
    raw = text.encode()
    return read_bounce(raw, parse_mail(raw))


def standard(*groups, subject="Undelivered Mail", returned="message/rfc822"):
    return read(STANDARD.format(subject=subject, groups="\n\n".join(groups), returned=returned))


def group(action, status, to="jane@example.com"):
    return f"Final-Recipient: rfc822; {to}\nAction: {action}\nStatus: {status}\n"


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_standard_report_names_recipient_code_and_the_mail_that_was_returned(returned):
    found = standard(group("failed", "5.1.1"), returned=returned)
    assert (found.kind, found.status) == ("bounce", "5.1.1")
    assert found.recipients == ("jane@example.com",)
    assert found.sender == "help@practice.example"
    assert found.subject == "Re: Waiting time [#17]"
    assert found.message_ids == ("out-17@helpdesk.example", "first@example.com")


@pytest.mark.parametrize(
    ("actions", "kind"),
    [
        (["delayed"], "delay"),
        (["Delayed (will be tried)"], "delay"),
        (["failed"], "bounce"),
        (["delayed", "failed"], "bounce"),
        (["relayed"], "report"),
        (["delivered"], "report"),
        (["delivered", "failed"], "bounce"),
    ],
)
def test_what_happened_is_what_the_fields_say(actions, kind):
    groups = [group(action, "4.4.1", f"p{n}@example.com") for n, action in enumerate(actions)]
    assert standard(*groups).kind == kind


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("Warning: message 14jRTi delayed 24 hours", "It could not be delivered yet.", "delay"),
        ("Delayed Mail (still being retried)", "", "delay"),
        ("Delivery warning", "We will keep trying for four days.", "delay"),
        ("Warning: could not send message for past 4 hours", "", "delay"),
        ("Undeliverable: Re: your letter", "We stopped trying: user unknown", "bounce"),
        ("Returned mail", "Delayed for five days, now returned to sender.", "bounce"),
        ("failure notice", "<jane@example.com>:\nUser unknown", "bounce"),
    ],
)
def test_prose_is_late_only_without_words_of_an_end(subject, text, kind):
    found = read(f"From: mailer-daemon@mx.example\nSubject: {subject}\n\n{text}\n")
    assert found.kind == kind


def test_a_report_in_prose_names_recipient_and_the_returned_mail():
    found = read(
        "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program.\n\n<Jane@Example.com>:\nUser unknown (#5.1.1)\n\n"
        "--- Below this line is a copy of the message.\n\nReturn-Path: <help@practice.example>\n"
        "Subject: Re: bill [#9]\nMessage-ID: <o9@helpdesk.example>\nFrom: help@practice.example\n"
    )
    assert found.recipients == ("jane@example.com",)
    assert (found.subject, found.message_ids) == ("Re: bill [#9]", ("o9@helpdesk.example",))


def test_an_abuse_report_is_no_bounce():
    found = read(
        "From: fbl@isp.example\nContent-Type: multipart/report; report-type=feedback-report;"
        " boundary=B\n\n--B\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--B--\n"
    )
    assert (found.action, found.kind) == ("complaint", "report")


def test_a_notice_of_a_mailing_service_is_read():
    raw = b'From: no-reply@sns.example\n\n{"notificationType":"Delivery","mail":{}}\n'
    finding = classify(parse_mail(raw), Surroundings(), raw)
    assert (finding.kind, finding.rule) == ("report", "bounce.notice")


def test_a_report_about_thousands_is_read_within_bounds():
    many = [group("failed", "5.0.0", f"p{n}@example.com") for n in range(3_000)]
    assert len(standard(*many).recipients) == MAX_RECIPIENTS
    ids = " ".join(f"<{n}@x.example>" for n in range(5_000))
    text = STANDARD.replace("<first@example.com>", ids)
    found = read(
        text.format(subject="x", groups=group("failed", "5.0.0"), returned="message/rfc822")
    )
    assert len(found.message_ids) == MAX_IDS


@given(st.binary(max_size=400), st.sampled_from([STANDARD.encode(), b""]), st.integers(0, 900))
def test_no_bytes_can_break_it(noise, around, at):
    raw = around[:at] + noise + around[at:]
    found = read_bounce(raw, parse_mail(raw))
    assert found.kind in {"bounce", "delay", "report"}
