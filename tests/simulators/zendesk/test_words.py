"""What becomes of any words, whatever stands in them."""

from __future__ import annotations

import html
import itertools

from hypothesis import given
from hypothesis import strategies as st
from servers.zendesk.words import MAX_BODY_BYTES, taken

ALPHABETS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.text("{}%<>&;# \nab/\\\"'", max_size=60),
)


def kept(**comment):
    values = {"body": None, "html_body": None} | comment
    return taken(**values, value_of={"ticket.id": "7"}.get)


@given(ALPHABETS)
def test_nothing_that_is_sent_fails_and_nothing_grows_over_the_limit(text):
    for comment in ({"body": text}, {"html_body": text}):
        plain, markup = kept(**comment)
        assert len(plain.encode()) <= MAX_BODY_BYTES
        assert markup.startswith('<div class="zd-comment"')


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_what_is_escaped_in_html_arrives_as_it_was(text):
    escaped = html.escape(text).replace("{", "&#123;").replace("}", "&#125;")
    assert kept(html_body=f"<p>{escaped}</p>")[0] == text


@given(st.lists(st.sampled_from(["{{ticket.id}}", "{{x}}", "{% if %}", "a"]), max_size=6))
def test_no_placeholder_survives_in_a_body(parts):
    plain, _ = kept(body=" ".join(parts))
    assert not any(mark in plain for mark in ("{{", "{%"))
    assert plain.count("7") == parts.count("{{ticket.id}}")


def test_half_a_character_is_not_kept():
    for length in itertools.chain(range(3)):
        plain, _ = kept(body="a" * length + "ü" * MAX_BODY_BYTES)
        assert len(plain.encode()) in {MAX_BODY_BYTES, MAX_BODY_BYTES - 1}
