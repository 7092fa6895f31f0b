"""A text cut into passages: sentences, and neighbouring short ones together.

What is grave is mostly said in one breath, amid parking and thanks. Judged as a whole a long
comment would drown it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from connector.triage.tokens import STOP, Words

LONGEST: Final = 40
"""A passage has at most so many words; two sentences together likewise."""
STEP: Final = 20
"""Longer sentences are cut into passages that begin so many words apart."""

_ENDS: Final = frozenset(".!?;\n\u2026\u00a1\u00bf")
_TITLES: Final = frozenset({"dr", "mr", "mrs", "ms", "prof", "st", "sr", "sra", "vs", "no"})


class Passage(NamedTuple):
    """A part of a text."""

    first: int
    """Index of its first token."""
    last: int
    """Index of its last token, inclusive."""
    tokens: tuple[str, ...]
    """Its words, without stops."""


def passages(words: Words) -> list[Passage]:
    """Give the passages of a text, in order; every word is in one at least, in three at most."""
    sentences = list(_sentences(words))
    found: list[Passage] = []
    for at, (first, last, count) in enumerate(sentences):
        if count > LONGEST:
            found += _pieces(words, first, last)
            continue
        found.append(_passage(words, first, last))
        if at + 1 < len(sentences) and count + sentences[at + 1][2] <= LONGEST:
            found.append(_passage(words, first, sentences[at + 1][1]))
    return found


def _sentences(words: Words) -> Iterator[tuple[int, int, int]]:
    """Yield first and last token of each sentence that has words, and how many words."""
    first, count, last = 0, 0, -1
    for at, token in enumerate(words.tokens):
        if token != STOP:
            count, last = count + 1, at
        elif count and _ends(words, at):
            yield first, last, count
            first, count = at + 1, 0
        elif not count:
            first = at + 1
    if count:
        yield first, last, count


def _ends(words: Words, at: int) -> bool:
    """Say whether a stop ends a sentence: not the one of a decimal or a title."""
    begin, end = words.spans[at]
    if words.text[begin:end] not in _ENDS:
        return False
    if words.text[begin] != ".":
        return True
    return words.tokens[at - 1] not in _TITLES and not words.text[end : end + 1].isalnum()


def _pieces(words: Words, first: int, last: int) -> Iterator[Passage]:
    """Cut one long sentence, each piece half over the next."""
    places = [at for at in range(first, last + 1) if words.tokens[at] != STOP]
    for begin in range(0, len(places), STEP):
        piece = places[begin : begin + LONGEST]
        yield _passage(words, piece[0], piece[-1])
        if begin + LONGEST >= len(places):
            return


def _passage(words: Words, first: int, last: int) -> Passage:
    tokens = tuple(token for token in words.tokens[first : last + 1] if token != STOP)
    return Passage(first, last, tokens)
