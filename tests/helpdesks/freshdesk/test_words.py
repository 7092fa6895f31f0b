"""Words, tags, files and figures on their way there and back; pure."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.freshdesk.calls import parse_form

from connector.helpdesks.freshdesk import bodies, files, rates, reading, tags, words
from connector.helpdesks.freshdesk.settings import AccountSettings
from connector.http import ACCOUNT, Request
from connector.testing.changes import CANARY, HOSTILE, a_file, a_note, a_ticket, carried

SOME = settings(max_examples=25)

TEXT = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_characters="\u00a0"),
        st.sampled_from(" \n\t<>&{}%[]"),
    )
)


@SOME
@given(TEXT)
def test_any_text_comes_back_as_it_was(text):
    assert words.plain(words.escape(text)) == words.sendable(text)


@SOME
@given(TEXT, st.from_regex(r"[A-Za-z0-9._-]{1,80}", fullmatch=True))
def test_a_note_is_known_by_its_last_line(text, key):
    html = words.escape(text) + words.mark(key)
    assert words.unmarked(words.plain(html)) == (words.sendable(text), key)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_text_is_rendered(text):
    html = words.escape(text)
    assert "{{" not in html
    assert "{%" not in html
    assert "<script" not in html
    assert "<img" not in html
    assert words.plain(html) == carried(text)
    assert words.title_of(words.title(text, 60_000)) == " ".join(carried(text).split())


def test_a_text_of_two_spaces_is_shown_as_two():
    assert words.escape("a  b\n c ") == "<div>a &nbsp;b<br>&nbsp;c&nbsp;</div>"


def test_a_note_that_quotes_the_mark_of_a_ticket_is_a_note():
    html = words.escape("as in [amends ticket open-C00001]") + words.mark("note-1")
    one = {"source": 2, "incoming": False, "body": html}
    assert (reading.key_of(one, "ticket"), reading.key_of(one, "note")) == ("", "note-1")


def test_the_html_may_come_back_tidied_up():
    there = '<div dir="ltr">a<br />b</div>\n<div style="color:#b8b8b8">[amends note k.1]</div>\n'
    assert words.unmarked(words.plain(there)) == ("a\nb", "k.1")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello</p><p>she <b>called</b></p>", "Hello\nshe called"),
        ("<ul>\n<li>one</li>\n<li>two</li>\n</ul>", "one\ntwo"),
        ("<style>p{}</style><script>x()</script>words", "words"),
        ("a&nbsp;b &amp;lt; c", "a b &lt; c"),
        (None, ""),
        ("", ""),
    ],
)
def test_what_agents_write_is_read_as_people_do(html, text):
    assert words.plain(html) == text


@pytest.mark.parametrize("html", ["<div>" * 50_000 + "deep", "<b>" * 3_000 + "x", "<" * 100_000])
def test_absurd_html_is_read_in_no_time(html):
    assert len(words.plain(html)) <= len(html)


def test_tags_are_cut_apart_and_given_back_whole():
    long = "amends_cat_privacy_confidentiality"
    assert len(tags.theirs(long)) == 32
    assert tags.ours(tags.theirs(long)) == long
    assert tags.theirs("x" * 40 + "a") != tags.theirs("x" * 40 + "b")
    assert tags.theirs("vip") == tags.ours("vip") == "vip"


@SOME
@given(st.lists(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdefgh")))
def test_joining_tags_keeps_all_others_in_their_order(standing, ours):
    add, remove = sorted(ours)[::2], sorted(ours)[1::2]
    joined = tags.union(standing, add, remove)
    assert set(joined) == (set(standing) - set(remove)) | set(add)
    kept = [tag for tag in dict.fromkeys(standing) if tag not in ours]
    assert [tag for tag in joined if tag not in ours] == kept


@SOME
@given(
    st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.text(), max_size=3),
    st.lists(st.binary(min_size=1, max_size=200), max_size=3),
)
def test_a_form_with_files_is_read_as_it_was_meant(fields, contents):
    kept = {name: words.sendable(value) for name, value in fields.items()}
    sent = [files.File(name=f"f{n}.txt", content=one) for n, one in enumerate(contents)]
    kind, body = files.multipart(kept, sent)
    read, uploads = parse_form(body, kind)
    assert read == kept
    assert [(one.name, one.content) for one in uploads] == [(f.name, f.content) for f in sent]


@SOME
@given(st.text(max_size=300), st.sets(st.text(max_size=20), max_size=3))
def test_a_file_name_is_harmless(name, taken):
    safe = files.safe_name(name, taken)
    assert 0 < len(safe) <= files.MAX_NAME
    assert not set(safe) & set('/\\"\r\n\0<>')
    assert safe.rpartition(".")[2] in files.MEDIA_TYPES
    assert safe not in taken


def test_files_go_along_while_there_is_room():
    mega = 1024 * 1024
    three = [files.File(name=n, content=b"x" * 9 * mega) for n in "abc"]
    assert [one.name for one in files.fitting(three, 0)] == ["a", "b"]
    assert files.fitting(three, 12 * mega) == []
    there = [{"attachments": [{"size": 5}, {"file_size": 7}]}, {"attachments": None}, {}]
    assert files.weight(there) == 12


SETTINGS = AccountSettings(url="https://clinic.freshdesk.com", api_key="k")


def test_a_frozen_body_holds_what_was_decided_and_nothing_of_the_account():
    body = json.loads(json.dumps(bodies.ticket_body(SETTINGS, a_ticket())))
    assert body["key"] == "open-C00001"
    assert body["fields"] == {"category": "visit.wait"}
    assert "custom_fields" not in body["create"]
    assert "email" not in body["create"]
    assert CANARY not in json.dumps(body["create"])
    assert words.unmarked(
        words.plain(body["opening"]["words"] + body["opening"]["mark"]), "ticket"
    ) == (
        a_ticket().text,
        "open-C00001",
    )


def test_what_was_not_attached_is_said_in_the_note():
    note = a_note(attachments=(a_file("x.exe"), a_file("y.pdf", b"")))
    said = words.plain(bodies.note_body(SETTINGS, note)["words"])
    assert "Attached as x.exe.txt: x.exe" in said
    assert "Not attached: y.pdf (empty)" in said


@pytest.mark.parametrize(
    ("method", "path", "family"),
    [
        ("POST", "/tickets", "ticket_create"),
        ("GET", "/tickets", "ticket_list"),
        ("PUT", "/tickets/7", "ticket_update"),
        ("GET", "/tickets/7", "tickets"),
        ("POST", "/tickets/7/notes", "tickets"),
        ("GET", "/contacts", "contact_list"),
        ("GET", "/ticket_fields", ACCOUNT),
        ("GET", "/agents/me", ACCOUNT),
    ],
)
def test_each_family_has_a_bucket_of_its_own(method, path, family):
    request = Request(method=method, path=f"/api/v2{path}")
    headers = {"x-ratelimit-total": "40", "x-ratelimit-remaining": "39"}
    headers["x-ratelimit-used-currentrequest"] = "3"
    [found] = rates.read(request, 200, headers)
    assert (found.bucket, found.limit, found.remaining, found.cost) == (family, 40, 39, 3)
    assert rates.charges(request)[family] == 1
    assert rates.charges(request)[ACCOUNT] == 1


@pytest.mark.parametrize("headers", [{}, {"x-ratelimit-total": "many"}, {"retry-after": "7"}])
def test_headers_that_tell_nothing_find_nothing(headers):
    request = Request(method="GET", path="/api/v2/tickets")
    assert list(rates.read(request, 429, headers)) == []
