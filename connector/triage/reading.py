"""What a text says, as far as words tell: complaints, topics, safety, risks, tone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from connector.domain.plain import one_line
from connector.triage.lexicon import Lexicon
from connector.triage.phrases import Hit
from connector.triage.safety.judge import Sign, judge
from connector.triage.tokens import STOP, Words, words_of

NEGATION_REACH: Final = 3
"""A negation turns what follows within so many words of the same clause."""

MAX_SAMPLES: Final = 4
"""So many different samples are kept as evidence of one finding."""

SAMPLE_CHARS: Final = 80
"""A sample is cut to this length."""

LABELS_REMEMBERED: Final = 512
"""There are far fewer labels than that."""

_NEGATION: Final = "tone:negation"
_FINE: Final = "tone:fine"
_CALLBACK: Final = "signal:callback"
_NOT: Final = frozenset({"not", "dont", "never", "stop"})
_CALL: Final = frozenset(
    {
        *("call", "calling", "ring", "ringing", "phone", "phoning", "telephone", "contact"),
        *("contacting", "text", "texting", "email", "emailing"),
    }
)
_SAFETY: Final = "safety"
_PERHAPS: Final = "perhaps"
_SIGN: Final = "sign:"
_HARMLESS: Final = "harmless:"
_HARMLESS_TO_ALL: Final = "harmless:safety"
_NOTHING: Final[dict[str, Finding]] = {}
_GRAVE: Final = frozenset({"safety", "sign"})
_TURNED: Final = frozenset({"complaint", "topic"})


@dataclass(slots=True)
class Finding:
    """All that was found under one label."""

    places: list[tuple[Words, int, int]] = field(default_factory=list)
    """In which text, from which token to which."""
    terms: list[str] = field(default_factory=list)
    """What weighed most in the safety model's eyes, where it spoke."""

    @property
    def count(self) -> int:
        """How often it was found."""
        return len(self.places)

    @property
    def evidence(self) -> str:
        """The person's own words, the first few different ones, in one line."""
        samples: list[str] = []
        for words, first, last in self.places:
            sample = _sample(words, first, last)
            if sample not in samples:
                samples.append(sample)
                if len(samples) == MAX_SAMPLES:
                    break
        return "; ".join(samples)


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
    body: Words
    """The body, cut into words."""
    _sections: dict[str, dict[str, Finding]] = field(default_factory=dict)

    def count(self, label: str) -> int:
        """How often a label was found."""
        finding = self.found.get(label)
        return finding.count if finding else 0

    def section(self, name: str) -> dict[str, Finding]:
        """All findings of one section, by name."""
        if not self._sections:
            for label, finding in self.found.items():
                section, _, own = label.partition(":")
                self._sections.setdefault(section, {})[own] = finding
        return self._sections.get(name, _NOTHING)


def read(subject: str, body: str, lexicon: Lexicon) -> Reading:
    """Read a message; its subject and its body count as one."""
    found: dict[str, Finding] = {}
    texts = [words_of(body)]
    if subject:
        texts.insert(0, words_of(subject))
    for words in texts:
        hits, signs = _hits(words, lexicon)
        for label, first, last in _meant(words, hits):
            if label == _CALLBACK and _unwanted(words.tokens[first : last + 1]):
                continue  # "please do not call me"
            _add(found, label, words, first, last)
        for alarm in judge().alarms(words, signs):
            label = f"{_SAFETY if alarm.sure else _PERHAPS}:{alarm.group}"
            finding = _add(found, label, words, alarm.first, alarm.last)
            finding.terms += [term for term in alarm.terms if term not in finding.terms]
    return Reading(
        found=found,
        words=sum(words.count for words in texts),
        cut=any(words.cut for words in texts),
        question="?" in texts[-1].text,
        body=texts[-1],
    )


def _unwanted(tokens: Sequence[str]) -> bool:
    """Say whether words about being called say not to."""
    return any(one in _NOT and other in _CALL for one, other in pairwise(tokens))


def signs_of(words: Words, lexicon: Lexicon) -> list[Sign]:
    """Give the phrases and patterns of safety that stand in a text, without harmless ones."""
    return _hits(words, lexicon)[1]


def _hits(words: Words, lexicon: Lexicon) -> tuple[list[Hit], list[Sign]]:
    hits = _longest(lexicon.finder.find(words.tokens))
    grave = lexicon.patterns.find(words.tokens)
    if grave:
        hits = _grave(words, grave, hits)
    signs = [
        Sign(hit.label.removeprefix(_SIGN), hit.first, hit.last)
        for hit in hits
        if hit.label.startswith(_SIGN)
    ]
    if signs:
        hits = [hit for hit in hits if not hit.label.startswith(_SIGN)]
    return hits, signs


def _add(found: dict[str, Finding], label: str, words: Words, first: int, last: int) -> Finding:
    finding = found.get(label)
    if finding is None:
        finding = found[label] = Finding()
    finding.places.append((words, first, last))
    return finding


def _meant(words: Words, hits: Sequence[Hit]) -> Iterator[tuple[str, int, int]]:
    """Yield each hit as it is meant, turned or dropped by what stands by.

    With its label, its first token (or the one before that turned it) and its last.
    """
    if not hits:
        return
    kinds = [_kind(hit.label) for hit in hits]
    fine = _mask(words, [hit for hit in hits if hit.label == _FINE])
    blamed = _mask(words, [hit for hit, kind in zip(hits, kinds, strict=True) if kind.complaint])
    negations = {hit.first for hit in hits if hit.label == _NEGATION}
    for (label, first, last), kind in zip(hits, kinds, strict=True):
        if kind.certain:
            yield label, first, last
        elif (fine and fine[first] >= last) or (
            blamed and not kind.complaint and blamed[first] >= last
        ):
            continue
        elif not (negations and _negated(words.tokens, first, negations)):
            yield label, first, last
        elif kind.praise:
            yield "tone:unpraise", max(first - 1, 0), last
        elif kind.stays:
            yield label, first, last


def _grave(words: Words, grave: Sequence[Hit], hits: Sequence[Hit]) -> list[Hit]:
    """Join safety patterns with the phrases; both are dropped where harmless words cover them."""
    harmless = [hit for hit in grave if hit.label.startswith(_HARMLESS)]
    found = [hit for hit in grave if not hit.label.startswith(_HARMLESS)]
    if found:
        hits = _longest(sorted([*found, *hits], key=_place))
    if not harmless:
        return list(hits)
    masks = {
        label: _mask(words, [hit for hit in harmless if hit.label == label])
        for label in {hit.label for hit in harmless}
    }
    return [hit for hit in hits if not _is_harmless(hit, masks)]


def _is_harmless(hit: Hit, masks: Mapping[str, Sequence[int]]) -> bool:
    section, _, group = hit.label.partition(":")
    if section not in _GRAVE:
        return False
    return any(
        masks[name][hit.first] >= hit.last
        for name in (_HARMLESS_TO_ALL, f"{_HARMLESS}{group}")
        if name in masks
    )


class _Kind(NamedTuple):
    """What can become of hits under one label."""

    certain: bool
    """Nothing beside it turns it or drops it."""
    complaint: bool
    praise: bool
    stays: bool
    """A negation before it does not drop it."""


@lru_cache(maxsize=LABELS_REMEMBERED)
def _kind(label: str) -> _Kind:
    section, _, name = label.partition(":")
    return _Kind(
        certain=section in {"safety", "risk", "signal", "staff"} or name in {"fine", "negation"},
        complaint=section == "complaint",
        praise=name == "praise",
        stays=section not in _TURNED and name not in {"blame", "thanks"},
    )


def _longest(hits: Iterable[Hit]) -> list[Hit]:
    """Leave out hits that lie within another one of the same label."""
    reach: dict[str, int] = {}
    kept: list[Hit] = []
    for hit in hits:
        if hit.last > reach.get(hit.label, -1):
            reach[hit.label] = hit.last
            kept.append(hit)
    return kept


def _mask(words: Words, hits: Sequence[Hit]) -> list[int]:
    """For each token, the index of the last token of a hit that covers it; -1 for none.

    Without hits there is no mask at all.
    """
    if not hits:
        return []
    mask = [-1] * len(words.tokens)
    for hit in hits:
        for index in range(hit.first, hit.last + 1):
            mask[index] = max(mask[index], hit.last)
    return mask


def _negated(tokens: Sequence[str], first: int, negations: set[int]) -> bool:
    if first in negations:
        return False
    for index in range(first - 1, max(first - 1 - NEGATION_REACH, -1), -1):
        if tokens[index] == STOP:
            return False
        if index in negations:
            return tokens[index + 1] not in {"only", "just", "solo", "nur", "seulement"}
    return False


def _sample(words: Words, first: int, last: int) -> str:
    return one_line(words.text[words.spans[first][0] : words.spans[last][1]], SAMPLE_CHARS)


def _place(hit: Hit) -> tuple[int, int]:
    return hit.first, -hit.last
