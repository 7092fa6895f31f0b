"""Notes, replies, files, and the two ways to read them."""

from __future__ import annotations

import hashlib

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from servers.freshdesk.account import MAX_TICKET_FILE_BYTES
from servers.freshdesk.calls import parse_form
from servers.freshdesk.text import body_text, description_text

from .conftest import COMPLAINT, codes


def test_a_note_is_private_unless_said_otherwise(api, desk):
    number = api.ticket()
    note = api.post(f"/tickets/{number}/notes", body="<div>called</div>")
    assert note.status_code == 201
    assert note.json()["private"] is True
    assert note.json()["source"] == 2
    assert note.json()["body_text"] == "called"
    public = api.post(f"/tickets/{number}/notes", body="x", private=False).json()
    assert public["private"] is False
    assert desk.mails == []


def test_a_reply_mails_the_patient(api, desk):
    number = api.ticket()
    answer = api.post(f"/tickets/{number}/reply", body="<p>We are sorry.</p>")
    assert (answer.status_code, answer.json()["source"]) == (201, 0)
    (mail,) = desk.mails
    assert (mail.to, mail.text, mail.reason) == ("pq@mail.example", "We are sorry.", "reply")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({}, ("body", "missing_field")),
        ({"body": ""}, ("body", "missing_field")),
        ({"body": 5}, ("body", "datatype_mismatch")),
        ({"body": "x", "private": "true"}, ("private", "datatype_mismatch")),
        ({"body": "x", "text": "y"}, ("text", "invalid_field")),
        ({"body": "x", "user_id": 5}, ("user_id", "invalid_value")),
    ],
)
def test_a_note_that_is_not_one_is_refused(api, data, fault):
    number = api.ticket()
    assert codes(api.post(f"/tickets/{number}/notes", **data)) == (400, [fault])
    assert api.get(f"/tickets/{number}/conversations").json() == []


def test_the_ticket_shows_ten_and_the_pages_all(api, desk):
    number = api.ticket()
    for one in range(35):
        desk.hand.comment(number, f"No. {one}")
    shown = api.get(f"/tickets/{number}", include="conversations").json()["conversations"]
    assert [one["body_text"] for one in shown] == [f"No. {one}" for one in range(10)]
    first = api.get(f"/tickets/{number}/conversations")
    second = api.session.get(first.links["next"]["url"], timeout=30)
    texts = [one["body_text"] for one in first.json() + second.json()]
    assert texts == [f"No. {one}" for one in range(35)]
    assert (len(first.json()), second.links) == (30, {})
    assert "conversations" not in api.get(f"/tickets/{number}").json()


def test_a_note_can_be_rewritten_and_says_so(api, desk):
    number = api.ticket()
    note = api.post(f"/tickets/{number}/notes", body="before").json()
    assert note["last_edited_at"] is None
    desk.clock.advance(seconds=5)
    edited = api.put(f"/conversations/{note['id']}", body="after").json()
    assert (edited["body"], edited["last_edited_at"]) == ("after", "2026-11-23T09:00:05Z")
    assert api.delete(f"/conversations/{note['id']}").status_code == 204
    assert api.get(f"/tickets/{number}/conversations").json() == []


def test_a_reply_cannot_be_rewritten(api, desk):
    number = api.ticket()
    reply = desk.hand.reply(number, "sorry")
    assert api.put(f"/conversations/{reply.id}", body="x").status_code == 405
    assert api.delete(f"/conversations/{reply.id}").status_code == 405


def test_files_come_with_a_form_in_which_all_is_a_string(api, desk):
    content = bytes(range(256)) + b"\r\n--not-the-boundary\r\n"
    answer = api(
        "POST",
        "/tickets",
        data={
            **COMPLAINT,
            "priority": "3",
            "tags[]": ["amends", "amends_billing"],
            "custom_fields[cf_amends_key]": "k-1",
        },
        files=[
            ("attachments[]", ('möbel "1".bin', content, None)),
            ("attachments[]", ("b.txt", b"", "text/plain")),
        ],
    )
    ticket = answer.json()
    assert answer.status_code == 201, ticket
    assert (ticket["priority"], ticket["tags"]) == (3, ["amends", "amends_billing"])
    assert ticket["custom_fields"] == {"cf_amends_key": "k-1"}
    first, second = ticket["attachments"]
    assert (first["name"], first["size"]) == ('möbel "1".bin', len(content))
    assert (second["content_type"], second["size"]) == ("text/plain", 0)
    file = requests.get(first["attachment_url"], timeout=30)
    assert file.content == content
    assert requests.get(first["attachment_url"] + "0", timeout=30).status_code == 404
    assert desk.hand.files(ticket["id"])['möbel "1".bin'] == hashlib.sha256(content).hexdigest()


def test_a_note_takes_files_too(api):
    number = api.ticket()
    answer = api(
        "POST",
        f"/tickets/{number}/notes",
        data={"body": "see file", "private": "false"},
        files=[("attachments[]", ("a.txt", b"hello", "text/plain"))],
    )
    note = answer.json()
    assert (answer.status_code, note["private"]) == (201, False)
    assert [file["name"] for file in note["attachments"]] == ["a.txt"]


def test_twenty_megabytes_are_for_the_whole_ticket(api):
    number = api.ticket()

    def note(size):
        files = [("attachments[]", ("a.bin", b"x" * size, None))]
        return api("POST", f"/tickets/{number}/notes", data={"body": "x"}, files=files)

    assert note(MAX_TICKET_FILE_BYTES - 10).status_code == 201
    assert codes(note(11)) == (400, [("attachments", "invalid_size")])
    assert note(10).status_code == 201


def test_json_that_is_none_and_other_content_are_refused_flatly(api):
    headers = {"Content-Type": "application/json"}
    answer = api("POST", "/tickets", data=b"{", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")
    assert api("POST", "/tickets", data=b"[]", headers=headers).status_code == 400
    answer = api("POST", "/tickets", data=b"a=1", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("html", "ticket", "note"),
    [
        ("<p>Hi,</p><br /><p>there</p>", "Hi,\n\n\nthere", "Hi,   there"),
        ("<div>Hi,</div>\n<br><div>there!\n<br>I", "Hi,\n\n\nthere!\nI", "Hi,   there!\n I"),
        ("a &lt;b&gt; &amp; c", "a <b> & c", "a <b> & c"),
        ("x<script>alert(1)</script>y", "xy", "xy"),
        ("x.</div>\n<br><div></div>\n<hr>\n<div></div>\n<div>P", "x.\n\n\n\n\n\nP", "x.      P"),
        ("", "", ""),
    ],
)
def test_html_becomes_text_in_two_ways(html, ticket, note):
    assert description_text(html) == ticket
    assert body_text(html) == note


@given(content=st.binary(max_size=300), name=st.text("abcä \"'.", min_size=1, max_size=9))
def test_every_file_survives_the_form(content, name):
    request = requests.Request(
        "POST", "http://x", data={"body": "x"}, files=[("attachments[]", (name, content, None))]
    ).prepare()
    data, (file,) = parse_form(request.body, request.headers["Content-Type"])
    assert data == {"body": "x"}
    assert (file.name, file.content) == (name, content)
