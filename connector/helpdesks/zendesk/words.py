r"""Text that this product shows as it was written, and that comes back as it was sent.

Zendesk expands placeholders (`{{ticket.requester.email}}`) and Liquid tags (`{% ... %}`) in
whatever a comment holds, also in a patient's words; it strips HTML from plain bodies, folds
their spaces and line breaks, and cuts what is over 64 kB without a word. So comments go as
HTML in which every sign that acts is an entity:

- `&`, `<`, `>` and quotes, `{` and `}`;
- line feeds become `<br>`, spaces that HTML would fold become `&nbsp;`;
- what does not fit is left out, and the words say so (`fit`).

A subject is no HTML: there U+2060 (word joiner, no width) breaks up `{{` and `{%`.
"""

from __future__ import annotations

import html
import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from connector.domain.plain import printable

MAX_HTML_BYTES: Final = 64_000
"""A longer comment would be cut by the product without a word."""

JOINER: Final = "\u2060"

_LOST: Final = re.compile("[\x00\u2060\ud800-\udfff]")
"""What no product carries (NUL, half characters), and the joiner itself."""
_BRACES: Final = {ord("{"): "&#123;", ord("}"): "&#125;"}
_FOLDED: Final = re.compile(r"(?<= ) |(?m:^) | (?m:$)")
_PLACEHOLDER: Final = re.compile(r"\{(?=[{%])|[}%](?=\})")


def sendable(text: str) -> str:
    """Drop what cannot be stored; line breaks become line feeds. What is shown is this."""
    return _LOST.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def as_html(text: str) -> str:
    """Make words inert; `as_text` of what the product makes of it gives them back."""
    inert = html.escape(sendable(text)).translate(_BRACES)
    return _FOLDED.sub("&nbsp;", inert).replace("\n", "<br>")


def as_text(shown: str) -> str:
    """Give the plain words that the product made of ours (`description`, `plain_body`).

    It may leave `&nbsp;` in them as it is.
    """
    return shown.replace("\u00a0", " ").replace("&nbsp;", " ").replace("\r\n", "\n")


def text_of_html(markup: str) -> str:
    """Give the words of a comment's HTML, breaks as line feeds."""
    tree = LexborHTMLParser(re.sub(r"<br\s*/?>", "\n", markup))
    return (tree.body.text() if tree.body is not None else "").replace("\u00a0", " ")


def letters(text: str) -> str:
    """Give what a person sees of a text without any white space: for comparison only."""
    return "".join(printable(text).split())


def subject(text: str, limit: int) -> str:
    """Make one line of at most `limit` characters in which no placeholder acts."""
    line = " ".join(sendable(text).split()) or "(no subject)"
    whole = _PLACEHOLDER.sub(lambda sign: sign[0] + JOINER, line)
    if len(whole) <= limit:
        return whole
    return whole[: limit - 3].rstrip() + "..."


def plain_subject(text: str) -> str:
    """Give the subject without our joiners."""
    return text.replace(JOINER, "")


def fit(text: str, remark: str, *, room: int = MAX_HTML_BYTES) -> tuple[str, str]:
    """Give the HTML of as much text as fits, and the rest that did not.

    When something is left out, `remark` stands below what is shown, with `{rest}` replaced
    by the number of characters that are missing.
    """
    text = sendable(text)
    if len(text) <= room:  # no character takes less than a byte
        whole = as_html(text)
        if len(whole.encode()) <= room:
            return whole, ""
    room -= len(as_html(remark).encode()) + 64
    low, high = 0, min(len(text), room)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        if len(as_html(text[:middle]).encode()) <= room:
            low = middle
        else:
            high = middle - 1
    rest = text[low:]
    return as_html(f"{text[:low]}\n\n{remark.replace('{rest}', str(len(rest)))}"), rest
