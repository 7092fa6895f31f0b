"""What is sent comes back, and is shown as it was written: escaping, tags, names, bodies."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown import Markdown
from pydantic import ValidationError
from selectolax.lexbor import LexborHTMLParser
from servers.helpdesk import PRACTICE

from connector.domain.signal import Contact
from connector.domain.ticket import TicketStatus
from connector.helpdesks.django_helpdesk import DjangoHelpdeskSettings
from connector.helpdesks.django_helpdesk.bodies import File, safe_name, ticket_body
from connector.helpdesks.django_helpdesk.escape import (
    JOINER,
    escape,
    escape_template,
    escape_title,
    sendable,
    unescape,
    unescape_title,
)
from connector.helpdesks.django_helpdesk.reading import status_of, status_patch
from connector.helpdesks.django_helpdesk.site import multipart
from connector.helpdesks.django_helpdesk.tables import (
    marked,
    merge_tags,
    split_tags,
    unmarked,
)
from connector.testing.changes import HOSTILE, a_file, a_note, a_ticket, an_update

SIGNS = st.text(st.sampled_from("ab 1.#*_`\\[]()<>&!{}%=-+~|:\n\t\"'/ü"), max_size=60)
TYPES = (".txt", ".pdf", ".png")


def rendered(text):
    """What the product makes of a comment: HTML in it is text, line breaks are kept."""
    product = Markdown(extensions=["markdown.extensions.nl2br", "markdown.extensions.fenced_code"])
    product.preprocessors.deregister("html_block")
    product.inlinePatterns.deregister("html")
    return LexborHTMLParser(product.convert(text))


def folded(text):
    """Without what cannot be seen: the joiner, and two controls that Markdown keeps to itself."""
    return " ".join(re.sub(f"[{JOINER}\x02\x03]", "", text).split())


@given(st.one_of(st.text(max_size=200), SIGNS))
@example("trailing \n ")
@example("\\")
def test_a_text_comes_back_as_it_was_sent(text):
    assert unescape(escape(text).strip()) == sendable(text)


@given(st.one_of(st.text(max_size=80), SIGNS))
@example("__init__ _a_ a_b_ *x* `y`")
@example("&#42; &amp; <b>x</b> [a](http://x) ![p](http://x/p.png)")
@example("[a]: http://x\n[a]")
@example("a\n===\nb\n---")
@example("1. x\n7. y\n\n    code\n\n> q\n```\nf\n```")
def test_a_text_is_shown_as_it_was_written(text):
    page = rendered(escape(text))
    assert folded(page.body.text(separator="")) == folded(sendable(text))
    assert {node.tag for node in page.body.css("*")} <= {"body", "p", "br"}


@given(SIGNS)
@example("{{ x }} {% y %} {# z #}")
@example("%}#}}}{{{%")
def test_no_template_sign_and_no_reference_is_left(text):
    for made in (escape(text), escape_template(text)):
        assert not re.search(r"\{\{|\{%|\{#|\}\}|%\}|#\}|#\d|HELPDESK-COMMENT", made)
    assert escape_template(text).replace(JOINER, "") == sendable(text)


def test_a_text_of_others_is_left_alone():
    assert unescape("an agent wrote \\* #1") == "an agent wrote \\* #1"


@given(st.one_of(st.text(max_size=300), SIGNS), st.integers(20, 60))
def test_a_title_is_one_line_within_its_limit(text, limit):
    title = escape_title(text, limit)
    assert 0 < len(title) <= limit
    assert "\n" not in title
    assert not re.search(r"#\d", title)
    whole = " ".join(sendable(text).split())
    assert unescape_title(title) == whole or title.endswith("...") or not whole


@given(st.text(max_size=50), st.sampled_from(["k", "open-1", "x]y", "a b"]))
def test_a_mark_is_taken_off_again(text, key):
    assert unmarked(marked(text, "amends note", key), "amends note") == (text, key)
    assert unmarked(marked(text, "amends note", key), "amends ticket")[1] == ""


# --- tags --------------------------------------------------------------------------------

TAG = st.text(st.sampled_from("abc _"), min_size=1, max_size=5).map(str.strip).filter(bool)


@given(st.lists(TAG), st.lists(TAG), st.lists(TAG))
def test_foreign_tags_stay_in_their_place(there, add, remove):
    before = ", ".join(there)
    after = split_tags(merge_tags(before, add, remove))
    foreign = [tag for tag in dict.fromkeys(there) if tag not in remove]
    assert list(after[: len(foreign)]) == foreign
    assert set(after) == (set(there) - set(remove)) | set(add)
    assert merge_tags(merge_tags(before, add, []), add, []) == merge_tags(before, add, [])


@pytest.mark.parametrize(
    ("field", "tags"),
    [
        (None, ()),
        ("", ()),
        ("-", ()),
        ("vip, needs call,vip ,,", ("vip", "needs call")),
    ],
)
def test_tags_are_words_between_commas(field, tags):
    assert split_tags(field) == tags


# --- files -------------------------------------------------------------------------------


@given(st.text(max_size=200), st.sets(st.sampled_from(["a.txt", "a-2.txt", "attachment.txt"])))
@example("a.txt", {"a.txt"})
@example("../../etc/passwd", set())
@example("con.\x00html", set())
def test_a_file_name_is_made_acceptable(name, taken):
    made = safe_name(name, taken, TYPES)
    assert made not in taken
    assert made.endswith(TYPES)
    assert re.fullmatch(r"[\w.() -]{1,110}", made)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("scan.PDF", "scan.pdf"),
        ("page.html", "page.html.txt"),
        ("C:\\Users\\me\\x.pdf", "x.pdf"),
        ("README", "README.txt"),
        (".bashrc", "bashrc.txt"),
        ("", "attachment.txt"),
        ('a"b\r\n.txt', "a_b__.txt"),
    ],
)
def test_a_type_that_is_not_taken_becomes_text(name, made):
    assert safe_name(name, set(), TYPES) == made


def test_a_form_is_the_same_every_time_and_its_boundary_is_not_in_the_file():
    file = File(name="a.pdf", content=b"--amends-\r\n%PDF\x00")
    kind, body = multipart({"followup": "1"}, file)
    assert (kind, body) == multipart({"followup": "1"}, file)
    boundary = kind.partition("boundary=")[2].encode()
    assert boundary not in file.content
    assert body.count(b"--" + boundary) == 3
    assert b'filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n--amends-' in body


# --- statuses ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [1, 2, 3, 4, 5, 77])
@pytest.mark.parametrize("on_hold", [False, True])
@pytest.mark.parametrize("wanted", list(TicketStatus))
def test_any_status_is_reached_from_any(status, on_hold, wanted):
    ticket = {"status": status, "on_hold": on_hold}
    patch = status_patch(wanted.value, ticket)
    assert status_of(ticket | patch) is wanted
    assert (patch == {}) is (status_of(ticket) is wanted)


def test_a_closed_ticket_is_reopened_and_an_open_one_stays_as_it_is():
    assert status_patch("open", {"status": 4})["status"] == 2
    assert status_patch("open", {"status": 1, "on_hold": True}) == {"status": 1, "on_hold": False}
    assert status_patch("pending", {"status": 2})["status"] == 2


# --- bodies and settings -----------------------------------------------------------------


def settings(**changes):
    values = {"url": "http://localhost", "token": "t0ken", "queue": 1, **changes}
    return DjangoHelpdeskSettings(**values)


def body_of(change, **changes):
    helpdesk = settings(**changes).open(PRACTICE)
    body = json.loads(helpdesk.prepare(change))
    helpdesk.close()
    return body


def test_a_ticket_is_created_without_an_address_and_gets_it_afterwards():
    body = body_of(a_ticket())
    assert body["create"]["submitter_email"] == ""
    assert body["after"]["submitter_email"] == "patient1@example.com"
    assert body["opening"]["public"] is False
    assert "Canary" not in json.dumps(body["after"])


def test_the_stub_of_a_note_holds_none_of_its_words():
    body = body_of(a_note(attachments=(a_file(),)))
    assert "called" not in body["stub"]
    assert "called" in body["comment"]
    assert "title" not in body["create"] if "create" in body else True


def test_an_update_tells_what_it_sets_with_the_practices_time():
    change = an_update(
        due_at=a_ticket().due_at, status=TicketStatus.CLOSED, fields={"category": "x"}
    )
    words = unescape(body_of(change)["note"]["comment"])
    for part in (
        "severity 4",
        "status closed",
        "due 2026-11-22 11:30 (Europe/Berlin)",
        "tag + amends_repeat",
        "tag - amends_visit_wait",
        "category: x",
    ):
        assert part in words


def test_a_field_may_have_another_name_or_none():
    ticket = replace(a_ticket(), fields={"category": "a", "contact_due": "b", "other": "c"})
    names = {"category": "grund", "contact_due": "", "other": "amends_other"}
    body = body_of(ticket, fields=names)
    custom = {name for name in body["create"] if name.startswith("custom_")}
    assert custom == {"custom_amends_key", "custom_tags", "custom_grund", "custom_amends_other"}


def test_findings_without_a_field_of_their_own_stay_in_the_text():
    ticket = replace(a_ticket(), fields={"category": "a", "source": "feedback", "lane": "ticket"})
    custom = {name for name in body_of(ticket)["create"] if name.startswith("custom_")}
    assert custom == {"custom_amends_key", "custom_tags", "custom_amends_category"}


@pytest.mark.parametrize("text", HOSTILE)
def test_bodies_are_canonical_json(text):
    helpdesk = settings().open(PRACTICE)
    body = helpdesk.prepare(a_ticket(text=text))
    helpdesk.close()
    again = json.dumps(json.loads(body), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert again.encode() == body


@pytest.mark.parametrize(
    "wrong",
    [
        {"queue": ""},
        {"queue": 0},
        {"queue": -1},
        {"token": ""},
        {"url": "http://desk.example.org"},
        {"url": "https://u:p@desk.example.org"},
        {"key_field": "with space"},
        {"attachment_types": (".pdf",)},
        {"attachment_types": ("txt",)},
        {"public_description": ""},
        {"unknown": 1},
        {"key_field": "tags"},
        {"fields": {"category": "amends_key"}},
        {"fields": {"category": "kind", "severity": "kind"}},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_a_queue_may_be_a_number_in_quotes():
    assert settings(queue="12").queue == 12
    assert settings(queue="Patient Recovery").queue == "Patient Recovery"


def test_the_token_is_not_printed():
    assert "t0ken" not in repr(settings())
    assert all(info.description for info in DjangoHelpdeskSettings.model_fields.values())


@pytest.mark.parametrize("who", [Contact(phone="+17205550161"), Contact(name="Anonymous")])
def test_a_number_alone_makes_nobody_a_submitter(who):
    settings = DjangoHelpdeskSettings(url="https://desk.example", token="t", queue="Q")
    body = ticket_body(settings, a_ticket(requester=who))
    assert body["create"]["submitter_email"] == ""
    assert "submitter_email" not in body["after"]
