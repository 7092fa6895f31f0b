"""HTML mail to plain text: what a reader would see, with quotes marked by `> `.

Built on selectolax's lexbor parser. Its tree builder takes quadratic time on absurd nesting,
so the nesting is estimated in one linear pass first; what lies too deep is stripped of its
tags instead of parsed. Never raises, never fetches anything.
"""

from __future__ import annotations

import html as entities
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_HTML_CHARS = 1_000_000
"""What stands behind is not looked at."""
MAX_DEPTH = 2_000
"""Deeper nesting is not parsed as a tree (50,000 nested elements take seconds)."""
MAX_TAGS = 60_000
"""More tags are not parsed as a tree."""
MAX_ATTRIBUTES = 4_000
"""A single tag with more text than so many equals signs is not parsed as a tree."""
MAX_TEXT_CHARS = 262_144
"""Longest text given back."""
MAX_QUOTE_DEPTH = 10
"""Deeper quotes are marked as if they were this deep."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,20})([^<>]*)>")
_ANY_TAG = re.compile(r"<[^<>]*>")
_INVISIBLE = frozenset({"head", "script", "style", "template", "title", "noscript", "-comment"})
_INVISIBLE_BLOCKS = tuple(
    (re.compile(rf"<{tag}\b", re.IGNORECASE), re.compile(rf"</{tag}\s{{0,9}}>", re.IGNORECASE))
    for tag in ("script", "style", "head")
)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_CLOSED_BY_SIBLING = frozenset({"p", "li", "td", "th", "tr", "dt", "dd", "option"})
_LINE_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt"}
    | {"fieldset", "figure", "footer", "form", "header", "html", "li", "main", "nav", "ol"}
    | {"option", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul"}
)
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_CELLS = frozenset({"td", "th"})
_HIDDEN_STYLE = re.compile(r"display\s{0,5}:\s{0,5}none", re.IGNORECASE)
_INDENT_STYLE = re.compile(r"border(?:-left)?\s{0,5}:\s{0,5}(?:none|0)", re.IGNORECASE)


def html_to_text(html: str) -> str:
    """Give the visible text of a document or fragment, bounded; '' when there is none.

    Block elements start lines, paragraphs are set apart, list items begin with `- `, quotes
    (blockquote, unless it is a mere indentation) begin with `> ` for each level.
    """
    html = html[:MAX_HTML_CHARS].replace("\0", "\ufffd")
    if "<" not in html:
        return _tidy(entities.unescape(html))
    if not _parseable(html):
        return _strip_tags(html)
    root = LexborHTMLParser(html).root
    return "" if root is None else _Writer().write(root)


def _parseable(html: str) -> bool:
    """Say whether the tree builder will cope, from one pass over the tags."""
    depth = tags = 0
    for match in _TAG.finditer(html):
        closing, name, rest = match.groups()
        name = name.lower()
        tags += 1
        if name in _VOID or name in _CLOSED_BY_SIBLING or rest.endswith("/"):
            continue
        if rest.count("=") > MAX_ATTRIBUTES:
            return False
        depth = max(depth - 1, 0) if closing else depth + 1
        if depth > MAX_DEPTH or tags > MAX_TAGS:
            return False
    return tags <= MAX_TAGS


def _strip_tags(html: str) -> str:
    """Give the text without a tree: coarse, linear, loses no word outside of tags."""
    for opening, closing in _INVISIBLE_BLOCKS:
        html = _cut_blocks(html, opening, closing)
    text = _ANY_TAG.sub("\n", html)
    return _tidy(entities.unescape(text))


def _cut_blocks(html: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    kept, position = [], 0
    while (start := opening.search(html, position)) is not None:
        end = closing.search(html, start.end())
        if end is None:
            break
        kept.append(html[position : start.start()])
        position = end.end()
    kept.append(html[position:])
    return "".join(kept)


def _tidy(text: str) -> str:
    """Fold blanks within lines and runs of empty lines, cut the ends, bound the length."""
    lines = (" ".join(line.split()) for line in text[: MAX_TEXT_CHARS * 4].splitlines())
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept)[:MAX_TEXT_CHARS].strip()


class _Writer:
    """Collects lines while the tree is walked."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._words: list[str] = []
        self._quote = 0
        self._pre = 0
        self._chars = 0

    def write(self, root: LexborNode) -> str:
        """Walk in document order without recursion, telling where elements begin and end."""
        node: LexborNode | None = root
        top = root.mem_id
        while node is not None and self._chars < MAX_TEXT_CHARS:
            child = node.child if self._enter(node) else None
            if child is not None:
                node = child
                continue
            node = self._next_outside(node, top)
        self._end_line()
        return "\n".join(self._lines)[:MAX_TEXT_CHARS].strip("\n")

    def _next_outside(self, node: LexborNode, top: int) -> LexborNode | None:
        """Go on behind a node, leaving every element that ends there."""
        current: LexborNode | None = node
        while current is not None:
            self._leave(current)
            if current.mem_id == top:
                return None
            if current.next is not None:
                return current.next
            current = current.parent
        return None

    def _enter(self, node: LexborNode) -> bool:
        """Begin an element or take a text; False when its children are not to be seen."""
        tag = node.tag or ""
        if tag == "-text":
            self._take(node.text_content or "")
            return False
        if tag in _INVISIBLE or _hidden(node):
            return False
        if tag == "br":
            self._end_line(force=True)
        elif tag == "hr":
            self._end_line()
            self._add("---")
            self._end_line()
        elif tag in _PARAGRAPHS:
            self._end_line()
            self._blank_line()
        elif tag in _CELLS:
            self._add(" ")
        elif tag in _LINE_BLOCKS:
            self._end_line()
            self._quote += tag == "blockquote" and _is_quote(node)
            self._pre += tag == "pre"
            if tag == "li":
                self._add("- ")
        return True

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _PARAGRAPHS:
            self._end_line()
            self._blank_line()
        elif tag in _LINE_BLOCKS and not _hidden(node):
            self._end_line()
            self._quote -= tag == "blockquote" and _is_quote(node)
            self._pre -= tag == "pre"

    def _take(self, text: str) -> None:
        if not self._pre:
            self._add(text)
            return
        first, *others = text.splitlines() or [""]
        self._add(first)
        for line in others:
            self._end_line(force=True)
            self._add(line)

    def _add(self, text: str) -> None:
        self._words.append(text)
        self._chars += len(text)

    def _end_line(self, *, force: bool = False) -> None:
        """Finish the line; an empty one stays only when it was asked for (`<br>`)."""
        written = "".join(self._words)
        self._words.clear()
        text = written.rstrip() if self._pre else " ".join(written.split())
        if text or force:
            prefix = ">" * min(self._quote, MAX_QUOTE_DEPTH)
            self._lines.append(f"{prefix} {text}".rstrip() if prefix else text)
            self._chars += len(prefix) + 1
            if len(self._lines) > 2 and not any(self._lines[-3:]):  # noqa: PLR2004 - two blank lines at most
                self._lines.pop()

    def _blank_line(self) -> None:
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append((">" * min(self._quote, MAX_QUOTE_DEPTH)).rstrip())


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def _hidden(node: LexborNode) -> bool:
    style = _attribute(node, "style")
    return bool(style) and _HIDDEN_STYLE.search(style[:2_000]) is not None


def _is_quote(node: LexborNode) -> bool:
    """Tell a quotation from Gmail's indentation, which is a blockquote without a border."""
    if _attribute(node, "type").lower() == "cite" or "quote" in _attribute(node, "class"):
        return True
    return _INDENT_STYLE.search(_attribute(node, "style")[:2_000]) is None
