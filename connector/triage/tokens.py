"""Text to words, in linear time and whatever the text is."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, NamedTuple

from connector.domain.plain import printable

MAX_CHARS: Final = 65_536
"""Of each part of a signal (subject, text) only so many characters are judged."""

MAX_TOKENS: Final = 16_384
"""And at most so many words and stops."""

STOP: Final = ""
"""The word of a token that ends a clause (full stop, comma, line end ...)."""

_TOKEN: Final = re.compile(r"\w+(?:['\u2019\u02bc`\u00b4]\w+)*|[.,;:!?\u00a1\u00bf()\n\u2026]")
_APOSTROPHE: Final = re.compile("['\u2019\u02bc`\u00b4]")
# French writes these as one word with the next one; English has none of them as a word's head.
_ELISIONS: Final = frozenset(
    ["c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu"]
)


class Token(NamedTuple):
    """One word or one stop."""

    word: str
    """Folded: lower case, without accents and apostrophes; STOP for the end of a clause."""
    start: int
    """Where it begins in the cleaned text."""
    end: int


@dataclass(frozen=True, slots=True)
class Words:
    """A text and its tokens."""

    text: str
    """Cleaned: printable, NFKC, at most MAX_CHARS long."""
    tokens: tuple[Token, ...]
    cut: bool
    """True when the text was longer than what is judged."""

    @property
    def count(self) -> int:
        """How many words there are, stops left out."""
        return sum(1 for token in self.tokens if token.word)


def fold(word: str) -> str:
    """Give the form in which words are compared: lower case, no accents, no apostrophes."""
    if word.isascii():
        return word.lower().replace("'", "").replace("`", "")
    plain = _APOSTROPHE.sub("", word.casefold())
    return "".join(
        char for char in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(char)
    )


def words_of(text: str) -> Words:
    """Cut a text into folded words and clause ends; never fails, time grows with length only."""
    head = text[:MAX_CHARS]
    clean = unicodedata.normalize("NFKC", printable(head))[:MAX_CHARS]
    tokens: list[Token] = []
    for found in _TOKEN.finditer(clean):
        if len(tokens) >= MAX_TOKENS:
            return Words(text=clean, tokens=tuple(tokens), cut=True)
        raw, (start, end) = found.group(), found.span()
        if raw.isascii() and raw.isalnum():  # nearly all of them
            tokens.append(Token(raw.lower(), start, end))
        else:
            tokens.extend(_split(raw, start, end))
    return Words(text=clean, tokens=tuple(tokens), cut=len(text) > MAX_CHARS)


def _split(raw: str, start: int, end: int) -> tuple[Token, ...]:
    if not (raw[0].isalnum() or raw[0] == "_"):
        return (Token(STOP, start, end),)
    if not raw.isascii() or "'" in raw or "`" in raw:
        head, *tail = _APOSTROPHE.split(raw, maxsplit=1)
        if tail and head.lower() in _ELISIONS:
            middle = start + len(head)
            return (
                Token(fold(head), start, middle),
                Token(fold(tail[0]) or STOP, middle + 1, end),
            )
    return (Token(fold(raw) or STOP, start, end),)
