"""Which mail no person wrote for the practice; one situation a test."""

from __future__ import annotations

import pytest

from connector.parsing.automatic import KINDS, RULES, Surroundings, classify
from connector.parsing.mail import parse_mail

OWN = Surroundings(
    own_addresses=frozenset({"feedback@practice.example"}),
    own_hosts=frozenset({"amends.practice.example"}),
    never_automatic=("*@surveys.example.com", "form@web.example"),
    always_automatic=("news@vendor.example",),
)


def found(*headers, body="I waited for two hours.", around=OWN):
    given = {line.partition(":")[0].lower() for line in headers}
    lines = [*headers]
    if "from" not in given:
        lines.insert(0, "From: Jane Doe <jane@example.com>")
    if "subject" not in given:
        lines.append("Subject: My visit")
    finding = classify(parse_mail(("\n".join(lines) + f"\n\n{body}\n").encode()), around)
    return (finding.kind, finding.rule) if finding else None


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Auto-Submitted: no"],
        ["Auto-Submitted: auto-forwarded"],
        ["X-Auto-Response-Suppress: All"],  # Exchange puts it on human mail
        ["Return-Path: <jane@example.com>"],
        ["Subject: Re: Automatic reply: we got your mail"],  # she answers our robot
        ["Subject: Out of office hours nobody answers"],
        ["Subject: On vacation and no prescription"],
        ["Subject: Your delivery of my results failed"],
        ["Subject: Undeliverable promises"],
        ["Subject: My doctor is out of the office until May, and nobody told me"],
        ["Subject: Fwd: Undelivered Mail Returned to Sender"],  # she shows what she got
        ["Precedence: first-class"],
        ["List-Id: <feedback.practice.example>"],  # the mailbox is a group
        ["Precedence: list", "List-Post: <mailto:feedback@practice.example>"],
        [
            "From: Jane via Group <group@practice.example>",
            "Reply-To: jane@example.com",
            "X-Original-From: Jane <jane@example.com>",
            "List-Id: <group.practice.example>",
        ],
        ["X-Loop: feedback@other.example"],
    ],
)
def test_a_person_is_heard(headers):
    assert found(*headers) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["Return-Path: <>"], ("bounce", "bounce.return_path")),
        (["From: Mail Delivery <MAILER-DAEMON@mx.example>"], ("bounce", "bounce.sender")),
        (["From: postmaster@mx.example"], ("bounce", "bounce.sender")),
        (["From: <>"], ("bounce", "bounce.no_sender")),
        (["X-Failed-Recipients: x@example.com"], ("bounce", "bounce.failed")),
        (
            ["Content-Type: multipart/report; report-type=delivery-status; boundary=B"],
            ("bounce", "bounce.report"),
        ),
        (["Auto-Submitted: auto-replied (vacation)"], ("auto_reply", "answer.submitted")),
        (["Auto-Submitted: Auto-Generated; x=y"], ("auto_reply", "answer.submitted")),
        (["From: post_master@mx.example"], ("bounce", "bounce.sender")),
        (["X-MS-Exchange-Message-Is-Ndr:"], ("bounce", "bounce.failed")),
        (["Content-Type: message/feedback-report"], ("report", "report.complaint")),
        (
            ["Subject: Report Domain: practice.example Submitter: mx.example Report-ID: 1"],
            ("report", "report.complaint"),
        ),
        (["Precedence: bulk"], ("auto_reply", "answer.precedence")),
        (["Preference: auto_reply"], ("auto_reply", "answer.precedence")),
        (["X-Apple-Action: VACATION/1"], ("auto_reply", "answer.header")),
        (["X-POST-MessageClass: 9; Autoresponder"], ("auto_reply", "answer.header")),
        (
            ["Subject: Jane Doe is out of the office (returning 3 May)"],
            ("auto_reply", "answer.subject"),
        ),
        (["Subject: Automatyczna odpowiedź: wizyta"], ("auto_reply", "answer.subject")),
        (["X-Autoreply: yes"], ("auto_reply", "answer.header")),
        (["X-Autoresponder: anything"], ("auto_reply", "answer.header")),
        (["Subject: Automatic reply: your feedback"], ("auto_reply", "answer.subject")),
        (["Subject: Out of Office: Jane"], ("auto_reply", "answer.subject")),
        (["Subject: Abwesenheitsnotiz: Besuch"], ("auto_reply", "answer.subject")),
        (["Subject: Réponse automatique : visite"], ("auto_reply", "answer.subject")),
        (
            ["X-Auto-Response-Suppress: All", "X-MS-Exchange-Inbox-Rules-Loop: a@b"],
            ("auto_reply", "answer.exchange"),
        ),
        (
            ["Content-Type: message/disposition-notification"],
            ("auto_reply", "answer.receipt"),
        ),
        (["List-Id: <news.vendor.example>"], ("list", "list.header")),
        (["List-Unsubscribe: <https://x.example>"], ("list", "list.header")),
        (["From: news@vendor.example"], ("list", "sender.always")),
        (["X-Loop: yes"], ("loop", "loop.header")),
        (["X-Amends-Loop: installation"], ("loop", "own.loop_header")),
        (["From: Feedback@practice.example"], ("own", "own.address")),
        (
            ["Message-ID: <1@amends.practice.example>", "Precedence: bulk"],
            ("own", "own.message_id"),
        ),
    ],
)
def test_a_machine_is_recognised(headers, expected):
    assert found(*headers) == expected


def test_a_bounce_without_any_header_is_known_by_subject_and_words():
    kind = found(
        "Subject: Undelivered Mail Returned to Sender",
        body="Your message could not be delivered: user unknown",
    )
    assert kind == ("bounce", "bounce.subject")


def test_a_survey_tool_on_the_list_is_heard_although_it_is_a_machine():
    marks = ["Auto-Submitted: auto-generated", "List-Unsubscribe: <https://x.example>"]
    assert found("From: Survey <noreply@surveys.example.com>", *marks) is None
    assert found("From: Form <Form@Web.example>", *marks) is None
    assert found("From: Survey <noreply@elsewhere.example>", *marks) is not None


def test_our_own_mail_is_a_loop_even_from_an_allowed_sender():
    headers = ["From: x@surveys.example.com", "X-Amends-Loop: installation"]
    assert found(*headers) == ("loop", "own.loop_header")


def test_rules_have_distinct_names_and_known_kinds():
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert {rule.kind for rule in RULES} | {"delay"} == set(KINDS)
