"""Text to words, in linear time and whatever the text is."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True, slots=True)
class Words:
    """A text and its tokens."""

    text: str
    """Cleaned: printable, NFKC, at most MAX_CHARS long."""
    tokens: tuple[str, ...]
    """Folded words (lower case, without accents and apostrophes) and stops, in order."""
    spans: tuple[tuple[int, int], ...]
    """Where each token begins and ends in the cleaned text."""
    cut: bool
    """True when the text was longer than what is judged."""

    @property
    def count(self) -> int:
        """How many words there are, stops left out."""
        return len(self.tokens) - self.tokens.count(STOP)


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
    clean = unicodedata.normalize("NFKC", printable(text[:MAX_CHARS]))[:MAX_CHARS]
    # of ASCII no letter changes its place by this; of other texts each word is folded by itself
    ascii_only = clean.isascii()
    if ascii_only and not any(sign in clean for sign in "'`_"):
        return _plainly(clean, cut=len(text) > MAX_CHARS)
    tokens: list[str] = []
    spans: list[tuple[int, int]] = []
    cut = len(text) > MAX_CHARS
    for found in _TOKEN.finditer(clean.lower() if ascii_only else clean):
        if len(tokens) >= MAX_TOKENS:
            cut = True
            break
        raw = found[0]
        if raw.isalnum() and (ascii_only or raw.isascii()):  # nearly all of them
            tokens.append(raw if ascii_only else raw.lower())
            spans.append(found.span())
        else:
            for word, start, end in _split(raw, *found.span()):
                tokens.append(word)
                spans.append((start, end))
    return Words(text=clean, tokens=tuple(tokens), spans=tuple(spans), cut=cut)


_TITLES: Final = frozenset(
    {"dr", "doctor", "mr", "mrs", "ms", "miss", "prof", "professor", "sister", "nurse"}
)


def name_of(person: str) -> str:
    """Give the words by which a text names somebody, without titles; empty when none is left."""
    return " ".join(word for word in words_of(person).tokens if word and word not in _TITLES)


def _plainly(clean: str, *, cut: bool) -> Words:
    """Likewise, where every token is a word of letters and digits or a stop: most texts."""
    found = list(_TOKEN.finditer(clean.lower()))
    if len(found) > MAX_TOKENS:
        found, cut = found[:MAX_TOKENS], True
    raws = [one[0] for one in found]
    return Words(
        text=clean,
        tokens=tuple([raw if raw.isalnum() else STOP for raw in raws]),
        spans=tuple([one.span() for one in found]),
        cut=cut,
    )


def plain_words_of(text: str) -> list[str]:
    """Give the tokens alone, without their places; the same ones, in less time."""
    clean = printable(text[:MAX_CHARS])
    if not clean.isascii():
        return list(words_of(text).tokens)
    tokens: list[str] = []
    for raw in _TOKEN.findall(clean.lower()):
        if raw.isalnum():
            tokens.append(raw)
        else:
            tokens += [word for word, _, _ in _split(raw, 0, 0)]
    return tokens[:MAX_TOKENS]


def _split(raw: str, start: int, end: int) -> tuple[tuple[str, int, int], ...]:
    if not (raw[0].isalnum() or raw[0] == "_"):
        return ((STOP, start, end),)
    if not raw.isascii() or "'" in raw or "`" in raw:
        head, *tail = _APOSTROPHE.split(raw, maxsplit=1)
        if tail and head.lower() in _ELISIONS:
            middle = start + len(head)
            return ((fold(head), start, middle), (fold(tail[0]) or STOP, middle + 1, end))
    return ((fold(raw) or STOP, start, end),)
