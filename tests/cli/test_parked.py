"""`amends parked` lists what machines wrote, and lets a person have it heard, on record."""

import json

import pytest
from servers.house import WORDS

NOTE = """\
From: Philippa Quillfeather <pq.quill@mail.example>
Subject: Automatic reply: My bill
Message-ID: <away@mail.example>
Auto-Submitted: auto-replied

I am away. And I was charged twice and nobody called me back; my file is 4417-88-zebra.
"""


@pytest.fixture
def away(amends, house):
    """An out-of-office note that was parked; gives its id."""
    house.mail.joinpath("away.eml").write_text(NOTE, "utf-8")
    assert amends("once", "-c", house.config)[0] == 0
    [(identity,)] = house.ask("SELECT lower(hex(id)) FROM signal WHERE outcome = 'parked'")
    return identity


def test_what_is_parked_is_listed_without_words(amends, house, away):
    code, out, err = amends("parked", "list", "-c", house.config)
    assert (code, err) == (0, "")
    [_, row] = out.splitlines()
    assert row.split()[:2] == [away[:12], "feedback"]
    assert row.split()[-1] == "auto_reply"
    assert [word for word in WORDS if word in out] == []


@pytest.mark.usefixtures("away")
def test_words_are_shown_when_they_are_asked_for(amends, house):
    _, out, _ = amends("parked", "list", "--words", "-c", house.config)
    assert "pq.quill@mail.example" in out
    assert "Automatic reply: My bill" in out
    [found] = json.loads(amends("parked", "list", "--words", "--json", "-c", house.config)[1])
    assert found["subject"] == "Automatic reply: My bill"


def test_json_has_every_figure(amends, house, away):
    [found] = json.loads(amends("parked", "list", "--json", "-c", house.config)[1])
    assert set(found) == {"signal", "source", "heard_at", "written_at", "why"}
    assert (found["signal"], found["why"]) == (away, "auto_reply")
    assert found["heard_at"].endswith("Z")


def test_what_is_released_gets_a_ticket_and_is_on_record_with_user_and_reason(amends, house, away):
    code, out, _ = amends(
        "parked", "release", away[:12].upper(), "--reason", "real, says Ann Lee", "-c", house.config
    )
    assert (code, out) == (0, "1 released\n")
    [(actor, _, body)] = house.on_record("signal.released")
    assert (actor, body["signal"], body["was"]) == ("cli:alice", away, "auto_reply")
    assert "Ann" not in str(body)
    assert amends("audit", "verify", "-c", house.config)[0] == 0
    assert amends("once", "-c", house.config)[0] == 0
    assert len(house.desk.tickets) == 1
    assert house.ask("SELECT outcome FROM signal") == [("opened",)]
    assert json.loads(amends("parked", "list", "--json", "-c", house.config)[1]) == []
    assert amends("audit", "verify", "-c", house.config)[0] == 0


def test_releasing_again_changes_nothing(amends, house, away):
    ask = ("parked", "release", away, "--reason", "x", "--json", "-c", house.config)
    assert json.loads(amends(*ask)[1])["released"] == [away]
    for _ in range(2):
        code, out, _ = amends(*ask)
        assert code == 0
        assert json.loads(out) == {"released": [], "unchanged": [away], "unknown": []}
        assert amends("once", "-c", house.config)[0] == 0
    assert len(house.desk.tickets) == 1
    assert len(house.on_record("signal.released")) == 1


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("00000000", "--reason", "x"), "not parked, or not the id of one item: 00000000"),
        (("abc", "--reason", "x"), "not parked"),
        (("' OR 1=1", "--reason", "x"), "not parked"),
        (("abcdef01",), "Missing option '--reason'"),
        (("abcdef01", "--reason", " "), "--reason must not be empty"),
        (("--reason", "x"), "Missing argument"),
    ],
)
def test_what_cannot_be_released_is_told_and_leaves_no_record(amends, house, arguments, told):
    code, out, err = amends("parked", "release", *arguments, "-c", house.config)
    assert (code, out) == (64, "")
    assert told in err
    assert house.on_record("signal.released") == []
    assert house.ask("SELECT id FROM content WHERE kind = 'reason'") == []


@pytest.mark.usefixtures("away")
def test_what_became_a_case_is_not_released(amends, house):
    house.complain(1)
    amends("once", "-c", house.config)
    [(identity,)] = house.ask("SELECT lower(hex(id)) FROM signal WHERE outcome = 'opened'")
    code, _, err = amends("parked", "release", identity, "--reason", "x", "-c", house.config)
    assert code == 64
    assert "not parked" in err


BOUNCE = """\
From: Mail Delivery System <MAILER-DAEMON@mx.practice.example>
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn@mx.practice.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B

It was not delivered.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.practice.example

Final-Recipient: rfc822; pq.quill1@mail.example
Action: {action}
Status: 5.1.1

--B
Content-Type: text/rfc822-headers

From: help@practice.example
Subject: Re: My bill
Message-ID: <answer@practice.example>
In-Reply-To: <1@mail.example>
--B--
"""


@pytest.mark.parametrize(("action", "notes", "parked"), [("failed", 1, 0), ("delayed", 0, 1)])
def test_an_answer_that_came_back_is_a_note_on_its_ticket_and_a_late_one_is_parked(
    amends, house, action, notes, parked
):
    house.complain(1)
    amends("once", "-c", house.config)
    house.mail.joinpath("dsn.eml").write_text(BOUNCE.format(action=action), "utf-8")
    assert amends("once", "-c", house.config)[0] == 0
    assert len(house.on_record("contact.failed")) == notes
    assert house.ask("SELECT count(*) FROM outbox WHERE op = 'note' AND state = 'done'") == [
        (notes,)
    ]
    assert len(json.loads(amends("parked", "list", "--json", "-c", house.config)[1])) == parked
    assert amends("audit", "verify", "-c", house.config)[0] == 0
