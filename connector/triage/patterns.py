"""Patterns of word sets: many ways to say one thing, found in time that grows with the text alone.

A pattern is a row of steps. A step is a word, a stem (`inject*`), a named set (`@medicine`) or
several of them (`pill*|@medicine`); `?` behind a step makes it optional. Between steps `..` stands
for up to three words of the same clause, `...` for up to eight words of the same or the next
clause. `a & b` means both, in either order, with such a wide gap between.

Every pattern waits for its rarest step; only where that stands in a text the rest is tried, to
the left and to the right. No step is tried twice at one place, so no text can stall it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import Final, NamedTuple

from connector.triage.phrases import GAP_WORDS, MIN_STEM, Hit
from connector.triage.tokens import STOP, words_of

WIDE_WORDS: Final = 8
"""So many words and clause ends may stand where a pattern has `...`."""

MAX_OPTIONAL: Final = 4
"""A pattern has at most so many optional steps: each doubles what is looked for."""

MAX_TOGETHER: Final = 3
"""At most so many parts may be joined by `&`."""

REMEMBERED: Final = 32_768
"""For so many words it is remembered in which sets they are."""

# Words that stand in nearly every text: a pattern does not wait for them.
_COMMON: Final = frozenset(
    re.findall(
        r"\w+",
        """
a about after all am an and any are as at back be because been before being but by call came can
care come could day did didnt do doctor doctors does dont down even ever every first for from
get getting give go going good got had has have he her here him his how i if im in into is it
its ive just know last left like made make me more much my need never next no not now nurse
nurses of off on one only or our out over own people put said say see seen she should so some
someone staff still such take than that the their them then there they things this time to told
too took two under up us very want was wasnt way we well went were what when where which while
who why will with wont would you your
""",
    )
)

Sets = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Step:
    alternatives: tuple[str, ...]
    """Words and stems (with `*`), sorted: the step's identity."""
    gap: int
    """So many tokens may stand before it."""
    wide: bool
    """Clause ends may be among them."""
    optional: bool = False

    @property
    def cost(self) -> int:
        """How often it is likely to stand in a text."""
        return sum(50 if word in _COMMON else 1 for word in self.alternatives)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A pattern, seen from the step it waits for."""

    label: str
    before: tuple[tuple[int, int, bool], ...]
    """Steps to the left, nearest first: alternative, gap, wide."""
    after: tuple[tuple[int, int, bool], ...]
    needs: int
    """A bit for each step; a text that has not all of them somewhere needs no trying."""


class PatternFinder:
    """Finds labelled patterns; made once, used by any thread."""

    def __init__(
        self,
        patterns: Iterable[tuple[str, str, Sets]],
        variants: Callable[[str], Sequence[str]] = lambda word: (word,),
    ) -> None:
        """Take label, pattern and the sets it may name; ValueError for one that cannot be read.

        `variants` gives the words that a word of a text may stand for (misspellings).
        """
        self._ids: dict[tuple[str, ...], int] = {}
        self._waiting: dict[int, list[_Waiting]] = {}
        self._exact: dict[str, set[int]] = {}
        self._stems: dict[str, set[int]] = {}
        for label, text, sets in patterns:
            for steps in _rows(text, sets):
                self._add(label, steps)
        self._lengths = sorted({len(stem) for stem in self._stems})
        self._variants = variants
        self._known = lru_cache(maxsize=REMEMBERED)(self._look_up)

    def find(self, tokens: Sequence[str]) -> list[Hit]:
        """Give every pattern found, in order of its first word; each label once for one place."""
        known = list(map(self._known, tokens))
        present = 0
        for word in known:
            present |= word.mask
        hits: set[Hit] = set()
        for index, word in enumerate(known):
            for needs, one in word.waiting:
                if needs & present != needs:  # nearly all end here
                    continue
                last = _reach(tokens, known, index, one.after, 1)
                if last is None:
                    continue
                first = _reach(tokens, known, index, one.before, -1)
                if first is not None:
                    hits.add(Hit(one.label, first, last))
        return sorted(hits, key=_first_then_longest) if hits else []

    def _add(self, label: str, steps: Sequence[_Step]) -> None:
        ids = [self._id(step.alternatives) for step in steps]
        rarest = min(range(len(steps)), key=lambda at: (steps[at].cost, at))
        after = tuple(
            (ids[at], steps[at].gap, steps[at].wide) for at in range(rarest + 1, len(steps))
        )
        before = tuple((ids[at - 1], steps[at].gap, steps[at].wide) for at in range(rarest, 0, -1))
        self._waiting.setdefault(ids[rarest], []).append(_Waiting(label, before, after, _mask(ids)))

    def _id(self, alternatives: tuple[str, ...]) -> int:
        if alternatives not in self._ids:
            number = self._ids[alternatives] = len(self._ids)
            for word in alternatives:
                table = self._stems if word.endswith("*") else self._exact
                table.setdefault(word.removesuffix("*"), set()).add(number)
        return self._ids[alternatives]

    def _look_up(self, token: str) -> _Known:
        """Give the sets a word is in, and the patterns that wait for it."""
        if token == STOP:
            return _STOPPED
        ids: set[int] = set()
        for word in self._variants(token):
            ids |= self._exact.get(word, set())
            for length in self._lengths:
                if length > len(word):
                    break
                ids |= self._stems.get(word[:length], set())
        waiting = [one for number in sorted(ids) for one in self._waiting.get(number, ())]
        return _Known(frozenset(ids), _mask(ids), tuple((one.needs, one) for one in waiting))


class _Known(NamedTuple):
    """What is known about one word."""

    ids: frozenset[int]
    """The sets of alternatives that it is in."""
    mask: int
    """The same as bits."""
    waiting: tuple[tuple[int, _Waiting], ...]
    """The patterns that wait for it, each behind what it needs."""


_STOPPED: Final = _Known(frozenset(), 0, ())


def _mask(ids: Iterable[int]) -> int:
    mask = 0
    for number in ids:
        mask |= 1 << number
    return mask


def _first_then_longest(hit: Hit) -> tuple[int, int, str]:
    return hit.first, -hit.last, hit.label


def _reach(
    tokens: Sequence[str],
    known: Sequence[_Known],
    start: int,
    steps: tuple[tuple[int, int, bool], ...],
    way: int,
) -> int | None:
    """Follow the steps from `start` in one direction; give the nearest end or None.

    All places where a step may stand are kept, so an early stray word hides nothing.
    """
    places = {start}
    for number, gap, wide in steps:
        found: set[int] = set()
        for place in places:
            for ahead in range(1, gap + 2):
                at = place + way * ahead
                if not 0 <= at < len(tokens) or (not wide and tokens[at] == STOP):
                    break
                if number in known[at].ids:
                    found.add(at)
        if not found:
            return None
        places = found
    return min(places) if way > 0 else max(places)


def _rows(text: str, sets: Sets) -> list[list[_Step]]:
    """Read a pattern; one row of steps for each way in which it can be said."""
    parts = [part.strip() for part in text.split("&")]
    if len(parts) == 1:
        return _without_optional(_steps(text, text, sets))
    if len(parts) > MAX_TOGETHER:
        raise _unreadable(text, f"joins more than {MAX_TOGETHER} parts")
    rows = []
    for order in permutations(parts):
        rows += _without_optional(_steps(" ... ".join(order), text, sets))
    return rows


def _without_optional(steps: list[_Step]) -> list[list[_Step]]:
    rows: list[list[_Step]] = [[]]
    for step in steps:
        present = [[*row, step] for row in rows]
        rows = [*present, *rows] if step.optional else present
    return rows


def _steps(text: str, shown: str, sets: Sets) -> list[_Step]:
    steps: list[_Step] = []
    gap, wide = 0, False
    for part in text.split():
        if part in {"..", "..."}:
            gap, wide = (GAP_WORDS, False) if part == ".." else (WIDE_WORDS, True)
            continue
        optional = part.endswith("?")
        words = tuple(sorted(set(_alternatives(part.removesuffix("?"), shown, sets))))
        steps.append(_Step(words, gap, wide, optional))
        gap, wide = 0, False
    if not steps or gap or steps[0].gap:
        raise _unreadable(shown, "must begin and end with a word")
    if sum(step.optional for step in steps) > MAX_OPTIONAL or all(one.optional for one in steps):
        raise _unreadable(shown, "has too many optional steps")
    return steps


def _alternatives(part: str, shown: str, sets: Sets) -> list[str]:
    words: list[str] = []
    for one in part.split("|"):
        if one.startswith("@"):
            if one[1:] not in sets:
                raise _unreadable(shown, f"names no set {one!r}")
            for member in sets[one[1:]]:
                words += _alternatives(member, shown, sets)
            continue
        stem = one.endswith("*")
        tokens = words_of(one.removesuffix("*")).tokens
        if len(tokens) != 1 or tokens[0] == STOP:
            raise _unreadable(shown, f"{one!r} is not one word")
        if stem and len(tokens[0]) < MIN_STEM:
            raise _unreadable(shown, f"needs at least {MIN_STEM} letters before '*'")
        words.append(tokens[0] + ("*" if stem else ""))
    return words


def _unreadable(text: str, fault: str) -> ValueError:
    return ValueError(f"pattern {text!r}: {fault}")
