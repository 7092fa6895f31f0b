"""Replies in HTML, as mail programs lay out what they quote; one a line of `printed/`."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.parsing.html import html_to_text
from connector.parsing.replies import own_words

PRINTED = Path(__file__).parent / "printed" / "html_replies.txt"
QUOTED = "<p>Dear Ms Doe,</p><p>QQ thank you for your visit QQ</p>"
REPLIES = [line.split("\t") for line in PRINTED.read_text(encoding="utf-8").splitlines() if line]
"""(program, its HTML with `@@` where the quoted words stand)"""


@pytest.mark.parametrize(("program", "html"), REPLIES)
def test_the_quote_of_any_program_is_not_the_writers(program, html):
    assert own_words(html_to_text(html.replace("@@", QUOTED))) == "I waited.", program


@pytest.mark.parametrize(("program", "html"), REPLIES)
def test_the_quoted_words_stay_in_the_text_of_the_mail(program, html):
    if "@@" in html:
        assert "QQ thank you" in html_to_text(html.replace("@@", QUOTED)), program


def test_an_indentation_is_no_quote():
    html = '<p>He said:</p><blockquote style="margin:0 0 0 40px;border:none">wait</blockquote>'
    assert own_words(html_to_text(html)).split() == ["He", "said:", "wait"]
