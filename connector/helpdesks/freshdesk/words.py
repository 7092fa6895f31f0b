"""Text that this product shows as it was written, and that comes back as it was sent.

Descriptions and notes are HTML there, and what agents send is rendered with Liquid: so a
patient could place pictures that report who opens them, forge links, or write
`{{ticket.requester.email}}` where somebody copies it into a reply. Text is escaped, and the
signs that open a Liquid tag are broken up by U+2060 (word joiner: no width, no line break).

The product makes plain text of HTML by itself in two ways, one of which loses line breaks.
So text is read back from the HTML, never from `description_text` or `body_text`.
"""

from __future__ import annotations

import html
import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from connector.parsing.html import html_to_text

JOINER: Final = "\u2060"

MAX_TAGS: Final = 500
"""With more tags it is no text of ours: line breaks aside, ours has four."""

_TAG: Final = re.compile(r"<(?!/?br\b)[a-zA-Z/]", re.IGNORECASE)

_LOST: Final = re.compile("[\x00\u2060\ud800-\udfff]")
"""What cannot be stored (NUL, half characters), and the joiner itself."""
_LIQUID: Final = re.compile(r"\{(?=[{%])")
_SPACES: Final = re.compile(r"(?:(?<=^)|(?<=[ \n])) | (?=$|\n)")
"""A space that HTML would not show: at an edge of a line, or behind another."""

NOTE: Final = "note"
TICKET: Final = "ticket"
"""What a mark says of its note: one of ours, or the one that holds the ticket's own words."""

_MARK: Final = re.compile(r"\[amends (note|ticket) ([\x21-\x5a\x5c\x5e-\x7e]{1,200})\]")
_MARK_STYLE: Final = "color:#b8b8b8;font-size:9px"

_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "body", "dd", "div", "dl", "dt", "fieldset"}
    | {"figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li"}
    | {"main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th"}
    | {"thead", "tr", "ul"}
)
_UNSEEN: Final = frozenset({"script", "style", "title", "head", "template", "noscript"})


def sendable(text: str) -> str:
    """Drop what cannot be stored; line breaks become line feeds. What is shown is this."""
    return _LOST.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def inert(text: str) -> str:
    """Break up what Liquid would act on; `plain` and `title_of` take the joiners out again."""
    return _LIQUID.sub("{" + JOINER, sendable(text))


def escape(text: str) -> str:
    """Make HTML that shows the text as it is; `plain` undoes it exactly."""
    escaped = html.escape(inert(text), quote=False)
    shown = _SPACES.sub("&nbsp;", escaped)
    return "<div>" + shown.replace("\n", "<br>") + "</div>"


def mark(key: str, kind: str = NOTE) -> str:
    """Give the small last line by which a note of ours is recognised."""
    return f'<div style="{_MARK_STYLE}">[amends {kind} {html.escape(key, quote=False)}]</div>'


def plain(source: str | None) -> str:
    """Give the text of HTML, ours exactly, agents' as one reads it."""
    if not source:
        return ""
    if sum(1 for _ in _TAG.finditer(source)) > MAX_TAGS:
        return _LOST.sub("", html_to_text(source))
    body = LexborHTMLParser(source).body
    pieces: list[str] = []
    if body is not None:
        _gather(body, pieces)
    return _LOST.sub("", "".join(pieces).replace("\u00a0", " "))


def unmarked(text: str, kind: str = NOTE) -> tuple[str, str]:
    """Give words and key of a note's text; the key is empty for any note but ours of that kind."""
    words, _, last = text.rstrip().rpartition("\n")
    found = _MARK.fullmatch(last.strip())
    return (words, found[2]) if found and found[1] == kind else (text, "")


def title(text: str, limit: int) -> str:
    """Make one line of at most `limit` characters in which Liquid finds nothing."""
    whole = inert(" ".join(sendable(text).split()) or "(no subject)")
    return whole if len(whole) <= limit else whole[: limit - 3].rstrip() + "..."


def title_of(text: str | None) -> str:
    """Give a subject without our joiners."""
    return (text or "").replace(JOINER, "")


def folded(text: str) -> str:
    """Give a text in which all white space counts alike, to compare what came back."""
    return " ".join(text.split())


def _gather(root: LexborNode, pieces: list[str]) -> None:
    """Append the text below a node; a line feed for `<br>` and between blocks.

    Walks with a list of its own: what agents paste may be nested deeper than Python recurses.
    """
    waiting: list[LexborNode | None] = [root]
    boundary = False
    while waiting:
        node = waiting.pop()
        if node is None:  # a block ends here
            boundary = True
            continue
        if node.tag == "-text":
            text, piece = node.text_content or "", ""
            if text.strip("\n\t ") or not boundary:
                piece = text
        elif node.tag == "br":
            piece = "\n"
        else:
            if node.tag in _UNSEEN:
                continue
            if node.tag in _BLOCKS:
                boundary = True
                waiting.append(None)
            waiting += reversed(list(node.iter(include_text=True)))
            continue
        if piece:
            if boundary and pieces:
                pieces.append("\n")
            boundary = False
            pieces.append(piece)
