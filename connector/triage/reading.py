"""What a text says, as far as words tell: complaints, topics, safety, risks, tone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from connector.domain.plain import one_line
from connector.triage.lexicon import Lexicon
from connector.triage.phrases import Hit
from connector.triage.tokens import STOP, Token, Words, words_of

NEGATION_REACH: Final = 3
"""A negation turns what follows within so many words of the same clause."""

MAX_SAMPLES: Final = 4
"""So many different samples are kept as evidence of one finding."""

SAMPLE_CHARS: Final = 80
"""A sample is cut to this length."""

_NEGATION: Final = "tone:negation"
_FINE: Final = "tone:fine"
_TURNED: Final = frozenset({"complaint", "topic"})


@dataclass(slots=True)
class Finding:
    """All that was found under one label."""

    count: int = 0
    samples: list[str] = field(default_factory=list)
    """The person's own words, the first few."""

    def add(self, words: Words, hit: Hit, before: int) -> None:
        """Count one more and keep its words, and so many before it, if there is room."""
        self.count += 1
        if len(self.samples) < MAX_SAMPLES:
            sample = _sample(words, hit, before)
            if sample not in self.samples:
                self.samples.append(sample)

    @property
    def evidence(self) -> str:
        """The samples in one line."""
        return "; ".join(self.samples)


@dataclass(frozen=True, slots=True)
class Reading:
    """The findings of one text."""

    found: dict[str, Finding]
    """By label; see `connector.triage.lexicon`. `tone:unpraise` is praise turned round."""
    words: int
    cut: bool
    """True when the text was longer than what is judged."""
    question: bool
    """True when the body (not the subject) has a question mark."""

    def count(self, label: str) -> int:
        """How often a label was found."""
        finding = self.found.get(label)
        return finding.count if finding else 0

    def section(self, name: str) -> dict[str, Finding]:
        """All findings of one section, by name."""
        head = f"{name}:"
        return {
            label.removeprefix(head): finding
            for label, finding in self.found.items()
            if label.startswith(head)
        }


def read(subject: str, body: str, lexicon: Lexicon) -> Reading:
    """Read a message; its subject and its body count as one."""
    found: dict[str, Finding] = {}
    texts = [words_of(subject), words_of(body)]
    for words in texts:
        for label, hit, before in _meant(words, _longest(list(lexicon.finder.find(words.tokens)))):
            found.setdefault(label, Finding()).add(words, hit, before)
    return Reading(
        found=found,
        words=sum(words.count for words in texts),
        cut=any(words.cut for words in texts),
        question="?" in texts[1].text,
    )


def _meant(words: Words, hits: Sequence[Hit]) -> Iterable[tuple[str, Hit, int]]:
    """Yield each hit as it is meant, turned or dropped by what stands by.

    With its label, and how many words before it belong to it.
    """
    fine = [hit for hit in hits if hit.label == _FINE]
    masks = [_mask(words, fine), _mask(words, [h for h in hits if h.label[:9] == "complaint"])]
    negations = {hit.first for hit in hits if hit.label == _NEGATION}
    for hit in hits:
        section, _, name = hit.label.partition(":")
        if section in {"safety", "risk"} or name in {"fine", "negation"}:
            yield hit.label, hit, 0
        elif _inside(hit, masks[0]) or (section != "complaint" and _inside(hit, masks[1])):
            continue
        elif not _negated(words.tokens, hit, negations):
            yield hit.label, hit, 0
        elif name == "praise":
            yield "tone:unpraise", hit, 1
        elif section not in _TURNED and name not in {"blame", "thanks"}:
            yield hit.label, hit, 0


def _longest(hits: Sequence[Hit]) -> list[Hit]:
    """Leave out hits that lie within another one of the same label."""
    reach: dict[str, int] = {}
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (one.first, -one.last, one.label)):
        if hit.last > reach.get(hit.label, -1):
            reach[hit.label] = hit.last
            kept.append(hit)
    return kept


def _mask(words: Words, hits: Iterable[Hit]) -> list[int]:
    """For each token, the index of the last token of a hit that covers it; -1 for none."""
    mask = [-1] * len(words.tokens)
    for hit in hits:
        for index in range(hit.first, hit.last + 1):
            mask[index] = max(mask[index], hit.last)
    return mask


def _inside(hit: Hit, mask: Sequence[int]) -> bool:
    return mask[hit.first] >= hit.last


def _negated(tokens: Sequence[Token], hit: Hit, negations: set[int]) -> bool:
    if hit.first in negations:
        return False
    for index in range(hit.first - 1, max(hit.first - 1 - NEGATION_REACH, -1), -1):
        if tokens[index].word == STOP:
            return False
        if index in negations:
            return tokens[index + 1].word not in {"only", "just", "solo", "nur", "seulement"}
    return False


def _sample(words: Words, hit: Hit, before: int) -> str:
    first = max(hit.first - before, 0)
    return one_line(
        words.text[words.tokens[first].start : words.tokens[hit.last].end], SAMPLE_CHARS
    )
