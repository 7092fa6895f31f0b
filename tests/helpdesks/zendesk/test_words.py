"""Words come through as they were and act nowhere; pure functions."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.zendesk.words import taken

from connector.domain.plain import printable
from connector.domain.taxonomy import TAXONOMY
from connector.helpdesks.zendesk.bodies import MAX_FILE_NAME, safe_name
from connector.helpdesks.zendesk.tables import marked_as, moment, option_tag, option_value
from connector.helpdesks.zendesk.words import (
    MAX_HTML_BYTES,
    as_html,
    as_text,
    fit,
    letters,
    plain_subject,
    sendable,
    subject,
    text_of_html,
)
from connector.testing.changes import HOSTILE

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=300)
PIECES = st.lists(
    st.sampled_from(["{", "{{", "}}", "{%", "%}", "<", ">", "&", "&#123;", "&nbsp;", '"', "'"])
    | st.sampled_from([" ", "  ", "\n", "\n\n", "\t", "<br>", "<script>", "\x00", "\u202e", "a"]),
    max_size=40,
).map("".join)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, attrs))


@given(ANY | PIECES)
def test_no_sign_of_a_text_acts(text):
    markup = as_html(text)
    tags = Tags()
    tags.feed(markup)
    assert all(one == ("br", []) for one in tags.seen)
    assert "{" not in markup
    assert "}" not in markup


@given(ANY | PIECES)
def test_the_product_shows_what_was_written(text):
    shown, markup = taken(body=None, html_body=as_html(text), value_of=lambda _name: "EXPANDED")
    assert as_text(shown).strip("\n") == as_text(sendable(text)).strip("\n")
    assert letters(text_of_html(markup)) == letters(sendable(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_shown_as_they_were(text):
    shown, _ = taken(body=None, html_body=as_html(text), value_of=lambda _name: "EXPANDED")
    assert as_text(shown).strip("\n") == sendable(text).strip("\n")


@given(ANY | PIECES)
def test_a_subject_is_one_line_in_which_nothing_acts(text):
    line = subject(text, 150)
    assert 0 < len(line) <= 150
    assert "\n" not in line
    assert "{{" not in line
    assert "{%" not in line
    if len(line) < 140 and text.split():
        assert plain_subject(line) == " ".join(sendable(text).split() or ["(no subject)"])


@given(PIECES.map(lambda text: text * 3), st.integers(min_value=400, max_value=2_000))
def test_what_does_not_fit_is_counted(text, room):
    markup, rest = fit(text, "(Cut: {rest} left out.)", room=room)
    assert len(markup.encode()) <= room
    assert sendable(text).endswith(rest)
    if rest:
        assert f"(Cut: {len(rest)} left out.)" in text_of_html(markup)
    else:
        assert markup == as_html(text)


@pytest.mark.parametrize("sign", ["x", "<", "{", "\U0001f600", "\n", "  "])
def test_the_largest_text_is_within_the_products_limit(sign):
    markup, rest = fit(sign * 40_000, "(Cut: {rest} left out.)")
    assert len(markup.encode()) <= MAX_HTML_BYTES
    assert bool(rest) is (len(as_html(sign * 40_000).encode()) > MAX_HTML_BYTES)


def test_a_text_that_is_beyond_all_measure_is_cut_in_no_time():
    _, rest = fit("waited {{very}} long\n" * 500_000, "(Cut: {rest} left out.)")
    assert len(rest) > 10_000_000


@given(ANY)
def test_a_file_name_is_safe_and_its_own(name):
    first = safe_name(name, set())
    second = safe_name(name, {first})
    assert first != second
    for made in (first, second):
        assert 0 < len(made) <= MAX_FILE_NAME
        assert printable(made).strip() == made or "_" in made
        assert "/" not in made
        assert not made.startswith(".")


def test_every_category_has_an_option_of_its_own_that_leads_back():
    tags = {option_tag("category", key): key for key in TAXONOMY}
    assert len(tags) == len(TAXONOMY)
    assert all(tag == tag.lower() and "." not in tag and " " not in tag for tag in tags)
    assert all(option_value("category", tag) == key for tag, key in tags.items())
    assert option_value("category", "their_own") == "their_own"


def test_a_mark_is_found_wherever_it_stands():
    assert marked_as({"description": "What went wrong. [amends category]"}) == "category"
    assert marked_as({"agent_description": "[amends key]", "description": None}) == "key"
    assert marked_as({"title": "Recovery: category", "description": "amends"}) == ""


@pytest.mark.parametrize("text", ["", None, "soon", "2026-13-01T00:00:00Z", 7])
def test_what_is_no_time_is_none(text):
    assert moment(text) is None
