"""HTML of mail programs, newsletters and attackers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.html import MAX_TEXT_CHARS, html_to_text


def test_blocks_breaks_lists_and_entities_become_lines():
    html = (
        "<html><head><title>x</title><style>p{}</style></head><body><p>Hello&nbsp;<b>Dr</b>. X</p>"
        "<div>I waited<br>two hours</div><ul><li>cold<li>rude</ul><table><tr><td>a<td>b</table>"
    )
    assert html_to_text(html) == "Hello Dr. X\n\nI waited\ntwo hours\n- cold\n- rude\na b"


def test_quotes_are_marked_and_indentation_is_not_a_quote():
    html = (
        "<div>Mine</div><blockquote type=cite>Yours<blockquote>Older</blockquote></blockquote>"
        '<blockquote style="margin:0 0 0 40px;border:none">Indented</blockquote>'
    )
    assert html_to_text(html) == "Mine\n> Yours\n>> Older\nIndented"


def test_what_no_reader_sees_is_left_out():
    html = '<div style="display: none">secret</div><script>x()</script><!-- c --><p>seen</p>'
    assert html_to_text(html) == "seen"


def test_preformatted_text_keeps_its_lines():
    assert html_to_text("<pre>a  b\n  c</pre>") == "a  b\n  c"


def test_text_without_tags_is_unescaped():
    assert html_to_text("a &amp; b\n\n\nc") == "a & b\n\nc"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "end",
        "<b>" * 60_000 + "end",
        "".join(f"<b a={n}><p>" for n in range(30_000)) + "end",
        "<a " + " ".join(f"a{n}=1" for n in range(100_000)) + ">end",
        "<" * 1_000_000,
        "<!--" * 200_000,
        "<table><tr><td>" * 20_000 + "end",
        "&amp;" * 250_000,
        "<script>" * 50_000,
        "</div" * 100_000,
    ],
)
def test_hostile_html_ends_soon_and_is_bounded(html):
    assert len(html_to_text(html)) <= MAX_TEXT_CHARS


def test_words_in_absurd_nesting_are_not_lost():
    assert html_to_text("<div>" * 10_000 + "I waited" + "</div>" * 10_000) == "I waited"


@given(st.text(alphabet="<>/abdivp &;#\"'=!-\n\0", max_size=300))
def test_no_html_makes_it_fail(html):
    assert "\0" not in html_to_text(html)
