"""What becomes of a comment's words on their way in."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Final

MAX_BODY_BYTES: Final = 65_535
"""What is longer is cut without an error."""

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_LIQUID_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
_BLOCKS: Final = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "blockquote", "pre"})
_SILENT: Final = frozenset({"script", "style", "head", "title"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._silent += tag in _SILENT
        if tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def text_of(markup: str) -> str:
    """HTML to text; paragraphs and breaks to newlines."""
    parser = _Text()
    parser.feed(markup)
    parser.close()
    return "".join(parser.parts).strip("\n")


def cut(text: str) -> str:
    return text.encode()[:MAX_BODY_BYTES].decode(errors="ignore")


def expanded(text: str, value_of: Callable[[str], str | None]) -> str:
    """Replace placeholders; an unknown one vanishes."""
    text = _PLACEHOLDER.sub(lambda found: value_of(found[1].strip()) or "", text)
    return _LIQUID_TAG.sub("", text)


def taken(
    *, body: str | None, html_body: str | None, value_of: Callable[[str], str | None]
) -> tuple[str, str]:
    """Give what is kept as (plain text, HTML)."""
    if html_body is not None:
        markup = cut(expanded(html_body, value_of)).replace("\0", "")
        markup = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", "", markup)
        return text_of(markup), f'<div class="zd-comment" dir="auto">{markup}</div>'
    plain = cut(expanded(body or "", value_of)).replace("\0", "")
    if re.search(r"<[a-zA-Z/!]", plain):
        plain = text_of(plain)
    plain = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]{2,}", " ", plain.replace("\r\n", "\n")))
    paragraphs = [
        f'<p dir="auto">{html.escape(part, quote=False).replace(chr(10), "<br>")}</p>'
        for part in plain.strip("\n").split("\n\n")
    ]
    return plain.strip("\n"), f'<div class="zd-comment" dir="auto">{"".join(paragraphs)}</div>'
