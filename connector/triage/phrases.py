"""Many phrases looked for at once, in time that grows with the text alone.

A phrase is a row of plain words. `*` at the end of a word stands for any
ending, `..` for up to three words between. There are no regular expressions
here, so no phrase that anybody writes can stall the daemon.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from connector.triage.tokens import STOP, words_of

GAP_WORDS: Final = 3
"""So many words may stand where a phrase has `..`."""

MIN_STEM: Final = 3
"""A word with `*` has at least so many letters before it."""

REMEMBERED: Final = 32_768
"""For so many words, and pairs of words, it is remembered which phrases can begin with them."""

_GAP: Final = ".."


class Hit(NamedTuple):
    """A phrase that was found."""

    label: str
    first: int
    """Index of its first token."""
    last: int
    """Index of its last token, inclusive."""


@dataclass(frozen=True, slots=True)
class _Step:
    word: str
    prefix: bool
    gap_before: bool

    def fits(self, word: str) -> bool:
        return word.startswith(self.word) if self.prefix else word == self.word


@dataclass(frozen=True, slots=True)
class _Phrase:
    label: str
    rest: tuple[_Step, ...]


class _Begun(NamedTuple):
    """A phrase whose beginning was found."""

    label: str
    ahead: int
    """So many tokens behind the first one are found already."""
    rest: tuple[_Step, ...]
    """What must still follow."""


class _Beginnings(NamedTuple):
    """What can be found where two words stand."""

    whole: tuple[tuple[str, int], ...]
    """Phrases that are found with these words, longest first: label, tokens behind the first."""
    begun: tuple[_Begun, ...]


@dataclass(slots=True)
class _Branch:
    """The phrases that begin with one word, so laid out that few have to be tried."""

    alone: list[_Phrase] = field(default_factory=list)
    """Phrases of that word only."""
    by_next: dict[str, list[_Phrase]] = field(default_factory=dict)
    """Phrases whose second word is certain."""
    loose: list[_Phrase] = field(default_factory=list)
    """Phrases that go on with a gap or a stem."""

    def add(self, phrase: _Phrase) -> None:
        """Put a phrase where it will be looked for."""
        if not phrase.rest:
            self.alone.append(phrase)
        elif phrase.rest[0].prefix or phrase.rest[0].gap_before:
            self.loose.append(phrase)
        else:
            self.by_next.setdefault(phrase.rest[0].word, []).append(phrase)

    def before(self, following: str) -> Iterator[_Begun]:
        """Yield the phrases that can still be found when that word follows the first one."""
        for phrase in self.alone:
            yield _Begun(phrase.label, 0, ())
        if following == STOP:
            return
        for phrase in self.by_next.get(following, ()):
            yield _Begun(phrase.label, 1, phrase.rest[1:])
        for phrase in self.loose:
            if phrase.rest[0].gap_before:
                yield _Begun(phrase.label, 0, phrase.rest)
            elif phrase.rest[0].fits(following):
                yield _Begun(phrase.label, 1, phrase.rest[1:])


class Finder:
    """Finds labelled phrases; made once, used by any thread."""

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        """Take pairs of label and phrase; a phrase that cannot be read raises ValueError."""
        self._exact: dict[str, _Branch] = {}
        self._stems: dict[str, _Branch] = {}
        for label, text in phrases:
            first, *rest = _steps(text)
            table = self._stems if first.prefix else self._exact
            table.setdefault(first.word, _Branch()).add(_Phrase(label, tuple(rest)))
        self._lengths = sorted({len(stem) for stem in self._stems})
        self._head = lru_cache(maxsize=REMEMBERED)(self._branches)
        self._beginnings = lru_cache(maxsize=REMEMBERED)(self._look_up)

    def find(self, tokens: Sequence[str]) -> list[Hit]:
        """Give every phrase found, in order of its first word, the longest first."""
        hits: list[Hit] = []
        heads = list(map(self._head, tokens))
        for index, (word, following) in enumerate(pairwise((*tokens, STOP))):
            if not heads[index]:  # most words begin no phrase
                continue
            whole, begun = self._beginnings(word, following)
            before = len(hits)
            for label, ahead in whole:
                hits.append(Hit(label, index, index + ahead))
            for label, ahead, rest in begun:
                last = _end(tokens, index + ahead, rest)
                if last is not None:
                    hits.append(Hit(label, index, last))
            if begun and len(hits) > before + 1:
                hits[before:] = sorted(hits[before:], key=_longest_first)
        return hits

    def _branches(self, word: str) -> tuple[_Branch, ...]:
        exact = self._exact.get(word)
        stems = (self._stems.get(word[:length]) for length in self._lengths if length <= len(word))
        return tuple(branch for branch in (exact, *stems) if branch is not None)

    def _look_up(self, word: str, following: str) -> _Beginnings:
        found = [begun for branch in self._head(word) for begun in branch.before(following)]
        whole = sorted((-one.ahead, one.label) for one in found if not one.rest)
        return _Beginnings(
            whole=tuple((label, -behind) for behind, label in whole),
            begun=tuple(one for one in found if one.rest),
        )


def _longest_first(hit: Hit) -> tuple[int, str]:
    return -hit.last, hit.label


def _steps(text: str) -> list[_Step]:
    steps: list[_Step] = []
    gap = False
    for part in text.split():
        if part == _GAP:
            gap = True
            continue
        prefix = part.endswith("*")
        for word in words_of(part.removesuffix("*")).tokens:
            steps.append(_Step(word, prefix=False, gap_before=gap))
            gap = False
        if prefix and steps:
            last = steps[-1]
            steps[-1] = _Step(last.word, prefix=True, gap_before=last.gap_before)
    fault = _fault(steps, dangling=gap)
    if fault:
        msg = f"phrase {text!r}: {fault}"
        raise ValueError(msg)
    return steps


def _fault(steps: list[_Step], *, dangling: bool) -> str:
    if not steps:
        return "has no words"
    if any(step.word == STOP for step in steps):
        return "must not hold punctuation"
    if dangling or steps[0].gap_before:
        return "must not begin or end with '..'"
    if any(step.prefix and len(step.word) < MIN_STEM for step in steps):
        return f"needs at least {MIN_STEM} letters before '*'"
    return ""


def _end(tokens: Sequence[str], first: int, rest: tuple[_Step, ...]) -> int | None:
    """Give the index of the last token when the rest of a phrase follows `first`."""
    at = first
    for step in rest:
        near = tokens[at + 1 : at + (2 + GAP_WORDS if step.gap_before else 2)]
        if not step.prefix and step.word not in near:  # the usual end, found without a loop
            return None
        for ahead, word in enumerate(near, at + 1):
            if word == STOP:
                return None
            if step.fits(word):
                at = ahead
                break
        else:
            return None
    return at
