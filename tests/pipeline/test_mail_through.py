"""Mail from its bytes to the case: copies, repeated ids, returned mail, as servers print them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from servers.hearing import all_cases, hear, on_record, outcomes, owed, work_off

from connector.domain.signal import Signal
from connector.parsing.mail_signal import MailOptions, MailReader
from connector.pipeline.casework import Casework
from connector.store import cases
from connector.store.store import Store
from connector.testing.builders import some_rules

HELP = "help@practice.example"
COMPLAINT = """\
Received: from out.example.com by mx.practice.example; Thu, 19 Nov 2026 10:00:02 +0000
From: Jane Doe <jane@example.com>
To: {to}
Subject: Long wait
Date: Thu, 19 Nov 2026 10:00:00 +0000
Message-ID: <first@example.com>

I waited for two hours, nobody told me why, and I was sent home without my prescription.
"""
RETURNED = {
    "exim": """\
From: Mail Delivery System <Mailer-Daemon@mx.practice.example>
To: help@practice.example
Subject: Mail delivery failed: returning message to sender
X-Failed-Recipients: jane@example.com
Auto-Submitted: auto-replied
Message-ID: <E1-exim@mx.practice.example>

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  jane@example.com
    host mx.example.com: 550 5.1.1 User unknown

------ This is a copy of the message, including all the headers. ------

Return-path: <help@practice.example>
From: Clinic Help <help@practice.example>
To: jane@example.com
Subject: Re: Long wait
Message-ID: <out-1@helpdesk.example>
In-Reply-To: <first@example.com>

Dear Ms Doe
""",
    "postfix": """\
From: MAILER-DAEMON@mx.practice.example (Mail Delivery System)
To: help@practice.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <P1@mx.practice.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.practice.example

Final-Recipient: rfc822; jane@example.com
Action: failed
Status: 5.1.1

--B
Content-Type: message/rfc822

From: Clinic Help <help@practice.example>
To: jane@example.com
Subject: Re: Long wait [#17]
Message-ID: <out-2@helpdesk.example>

Dear Ms Doe
--B--
""",
    "exchange": """\
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@practice.example>
To: help@practice.example
Subject: Unzustellbar: Re: Long wait [#17]
Message-ID: <X1@practice.example>
X-MS-Exchange-Message-Is-Ndr:
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/html; charset=utf-8

<p>Fehler bei der Nachrichtenzustellung an folgende Empf&auml;nger oder Gruppen:</p>
<p><a href="mailto:jane@example.com">jane@example.com</a></p>
--B
Content-Type: message/delivery-status

Reporting-MTA: dns;practice.example

Final-recipient: RFC822;jane@example.com
Action: failed
Status: 5.1.10

--B
Content-Type: message/rfc822

From: Clinic Help <help@practice.example>
To: jane@example.com
Subject: Re: Long wait [#17]
Message-ID: <out-3@helpdesk.example>

Dear Ms Doe
--B--
""",
}
VACATION = """\
Return-Path: <>
From: Jane Doe <jane@example.com>
To: help@practice.example
Subject: Re: Long wait
Message-ID: <away@example.com>
In-Reply-To: <first@example.com>

I'm out of the office until Monday and will answer when I return.
"""


@pytest.fixture
def casework(store: Store) -> Casework:
    rules = some_rules()
    practice = replace(rules.practice, own_addresses=frozenset({HELP}))
    return Casework(
        store, replace(rules, ticket_mark=r"(?:[^#]{0,60})#(\d{1,19})", practice=practice)
    )


def read(text: str, casework: Casework, source: str = "box", number: int = 1) -> Signal:
    practice = casework.rules.practice
    reader = MailReader.for_source(source, practice, MailOptions())
    item = reader.item(text.replace("\n", "\r\n").encode(), f"{source}:{number}")
    assert isinstance(item, Signal)
    return item


def a_case(store: Store, casework: Casework) -> Any:
    hear(store, read(COMPLAINT.format(to=HELP), casework))
    work_off(casework)
    (case,) = all_cases(store)
    store.write(lambda tx: cases.set_ticket(tx, case.id, "17", ""))
    return case


def test_a_mail_sent_to_two_watched_mailboxes_is_one_case(store: Store, casework: Casework) -> None:
    text = COMPLAINT.format(to=f"{HELP}, billing@practice.example")
    other = text.replace("10:00:02", "10:00:05").replace("mx.practice", "mx2.practice")
    hear(store, read(text, casework))
    hear(store, read(other, casework, source="second"), source="second")
    work_off(casework)
    assert len(all_cases(store)) == 1
    assert outcomes(store) == {"opened": 1, "joined": 1}


def test_the_same_message_id_with_other_words_is_no_copy(store: Store, casework: Casework) -> None:
    first = COMPLAINT.format(to=HELP)
    second = first.replace("I waited", "And the bill was wrong by 300 dollars. I waited")
    hear(store, read(first, casework), read(second, casework, number=2))
    work_off(casework)
    assert sum(outcomes(store).values()) == 2
    assert outcomes(store) == {"opened": 1, "joined": 1}


@pytest.mark.parametrize("server", sorted(RETURNED))
def test_a_mail_of_an_agent_that_came_back_is_a_failed_attempt_on_its_case(
    store: Store, casework: Casework, server: str
) -> None:
    case = a_case(store, casework)
    hear(store, read(RETURNED[server], casework, number=2))
    work_off(casework)
    assert len(all_cases(store)) == 1
    (failed,) = on_record(store, "contact.failed")
    assert failed["closed"] is False
    assert ("note", "ready") in owed(store, case.id)


def test_an_answer_of_a_machine_with_an_empty_path_is_no_failed_attempt(
    store: Store, casework: Casework
) -> None:
    a_case(store, casework)
    hear(store, read(VACATION, casework, number=2))
    work_off(casework)
    assert on_record(store, "contact.failed") == []
    assert outcomes(store) == {"opened": 1, "parked": 1}
