"""How the product makes plain text of HTML, which it does in two ways.

A ticket's `description_text` has a line break for each block and `<br>`; a conversation's
`body_text` has a mere space there, and keeps the line breaks of the source. Both are from
a recording of a live account.
"""

from __future__ import annotations

import html
from html.parser import HTMLParser
from typing import Final

BLOCKS: Final = frozenset({"p", "div", "ul", "ol", "li", "table", "tr", "blockquote", "pre"})
BREAKS: Final = frozenset({"br", "hr"})
UNSEEN: Final = frozenset({"script", "style"})


class _Pieces(HTMLParser):
    """Words, and None for each boundary; an empty block is one boundary."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str | None] = []
        self._unseen = 0
        self._just_opened = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in UNSEEN:
            self._unseen += 1
        if tag in BLOCKS | BREAKS:
            self.pieces.append(None)
        self._just_opened = tag

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        if tag in BLOCKS and self._just_opened != tag:
            self.pieces.append(None)
        self._just_opened = ""

    def handle_data(self, data: str) -> None:
        if not self._unseen and data.strip():
            self.pieces.append(data)
            self._just_opened = ""


def _pieces(text: str) -> list[str | None]:
    parser = _Pieces()
    parser.feed(text)
    parser.close()
    return parser.pieces


def description_text(text: str) -> str:
    """Give the text of a ticket's description."""
    words = [
        "\n" if piece is None else " ".join(line.strip(" \t") for line in piece.split("\n")).strip()
        for piece in _pieces(text)
    ]
    return "".join(words).strip()


def body_text(text: str) -> str:
    """Give the text of a conversation's body."""
    return "".join(" " if piece is None else piece for piece in _pieces(text)).strip()


class _Writer(HTMLParser):
    """Writes HTML anew: no scripts, no handlers, entities only where they must be."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._unseen += 1
            return
        kept = [(name, value or "") for name, value in attrs if not name.startswith("on")]
        told = "".join(f' {name}="{html.escape(value)}"' for name, value in kept)
        self.parts.append(f"<{tag}{told}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag not in BREAKS:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(html.escape(data, quote=False))


def rewritten(text: str) -> str:
    """Give HTML as a careful product keeps it: `&#x27;` is an apostrophe again."""
    writer = _Writer()
    writer.feed(text)
    writer.close()
    return "".join(writer.parts)
