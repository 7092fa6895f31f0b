"""What the comment model hears in the answers of one response, or in a review.

A response may hold several answers; each is weighed with its own question, and the worst one
speaks for all. Facts: `comment_asks` (why, improve, good or open, an answer each) and
`comment_chars` (how long each is in `reply_text`, two line ends between), or `question`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from connector.domain.assessment import Lane, Reason
from connector.domain.signal import Channel, Signal
from connector.domain.taxonomy import TAXONOMY
from connector.triage.lexicon import Lexicon
from connector.triage.model.features import says_something
from connector.triage.model.questions import Asks, asks
from connector.triage.model.scorer import Score, Term, scorer
from connector.triage.model.settings import CommentSettings, Thresholds
from connector.triage.model.weights import Topic
from connector.triage.opinion import plain
from connector.triage.reading import Reading, read
from connector.triage.tokens import plain_words_of

MAX_ANSWERS: Final = 20
"""So many answers of one response are weighed by themselves; with more the whole is one."""

MIN_KNOWN_PERMILLE: Final = 450
"""Of a text of which the model knows fewer words it has no opinion."""

MIN_KNOWN_WORDS: Final = 3
"""A text of fewer words than this is judged however few of them are known."""

_SECTIONS: Final = ("complaint:", "topic:", "tone:", "risk:", "signal:irony")
_BETWEEN: Final = "\n\n"
# Questions in the model's eyes, for the roles that survey columns have.
_ROLES: Final = {
    "improve": "How could we improve?",
    "good": "What was good?",
    "why": "",
    "open": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The model's opinion about a comment."""

    score: Score
    """Of the answer that tells of a failure most likely."""
    topics: tuple[tuple[Topic, int], ...]
    """What that answer is about, with permille, likeliest first."""
    thresholds: Thresholds
    sure: bool
    """False when too few of the words are known: another language, noise."""
    nothing_good: bool = False
    """True where somebody who was asked what was good could name nothing."""

    @property
    def lane(self) -> Lane:
        """Where the probability alone would send it."""
        if self.score.permille >= self.thresholds.ticket_permille:
            return Lane.TICKET
        if self.score.permille >= self.thresholds.review_permille:
            return Lane.REVIEW
        return Lane.COUNT

    @property
    def reason(self) -> Reason:
        """The probability and the words behind it."""
        percent = f"{self.score.permille / 10:.1f} %"
        if not self.sure:
            return plain("model.unknown_words", f"{self.score.known_permille / 10:.0f} % known")
        return plain(f"model.{_RULES[self.lane]}", "; ".join((percent, *_shown(self.score.terms))))

    @property
    def about(self) -> list[Reason]:
        """Categories that the answer is likely about; they ask for no severity of their own."""
        return [
            Reason(
                rule="model.topic",
                category=topic.category,
                severity=0,
                evidence=f"{topic.category} {permille / 10:.0f} %",
            )
            for topic, permille in self.topics
            if self.sure and permille >= _least(topic.category)
        ]


def _least(category: str) -> int:
    """Give the permille from which a category is believed; never where lists have to speak."""
    if not category or category in _LISTS_ONLY:
        return _NEVER
    return _GRAVE_PERMILLE if TAXONOMY[category].floor >= _GRAVE else 0


_LISTS_ONLY: Final = frozenset({"clinical.safety", "privacy.confidentiality", "people.rights"})
_NEVER: Final = 1_001
_GRAVE: Final = 3
_GRAVE_PERMILLE: Final = 750
"""A category with a high floor makes a case grave; a guess at it has to be a good one."""
_RULES: Final = {Lane.TICKET: "failure", Lane.REVIEW: "unsure", Lane.COUNT: "fine"}


def hear(
    signal: Signal, reading: Reading, words: Lexicon, settings: CommentSettings
) -> Heard | None:
    """Weigh the comments of a survey or a review; None where there is nothing to weigh."""
    if not settings.model or signal.channel is Channel.PHONE:
        return None
    answers = [one for one in _answers(signal) if says_something(one[0])]
    if not answers:
        return None
    heard = []
    for text, question, labels, tokens in _labelled(answers, reading, words):
        found, names = scorer().judged(text, question, labels, tokens)
        way = asks(question)
        heard.append((_settled(found, text, way), names, way))
    score, names, way = heard[0] if len(heard) == 1 else max(heard, key=lambda one: one[0].permille)
    thresholds = settings.of(signal.source)
    worth = score.permille >= thresholds.review_permille
    return Heard(
        score=score,
        topics=scorer().likely(names, way) if worth else (),
        thresholds=thresholds,
        sure=score.known_permille >= MIN_KNOWN_PERMILLE or reading.words < MIN_KNOWN_WORDS,
        nothing_good=any(
            asks(question) is Asks.PRAISE and _names_nothing(text) for text, question in answers
        ),
    )


def _settled(score: Score, text: str, way: Asks) -> Score:
    """Give "nothing" the probability that it has as an answer to what was asked."""
    if way is Asks.ANYTHING or not _names_nothing(text):
        return score
    return score._replace(permille=_NOTHING_PERMILLE[way])


_NOTHING_PERMILLE: Final = {Asks.PRAISE: 400, Asks.FAILURE: 60}
"""Of such answers in the public data 3 of 7, and 4 of 51, were failures."""


def _names_nothing(text: str) -> bool:
    """Recognise "Not a lot, honestly."; praise and blame have other words beside."""
    if len(text) > _SHORT_CHARS:
        return False
    words = {word for word in plain_words_of(text) if word}
    none = not words.isdisjoint(_NOTHING) or ("not" in words and not words.isdisjoint(_MUCH))
    return none and words <= _HARDLY_A_WORD


_SHORT_CHARS: Final = 60
"""Who can name nothing says it in few words."""
_NOTHING: Final = frozenset({"nothing", "nil", "nowt", "zero", "zilch", "little"})
_MUCH: Final = frozenset({"lot", "alot", "much"})
_HARDLY_A_WORD: Final = (_NOTHING | _MUCH).union(
    (
        "a", "absolutely", "all", "as", "at", "be", "can", "could", "did", "far", "good", "honest",
        "honestly", "i", "in", "not", "really", "so", "that", "think", "this", "time", "to", "very",
        "was", "well", "whatsoever", "you",
    )
)  # fmt: skip


def _answers(signal: Signal) -> list[tuple[str, str]]:
    """Give each answer with what was asked."""
    whole = signal.reply_text or signal.text
    roles, lengths = signal.facts.get("comment_asks"), signal.facts.get("comment_chars")
    if isinstance(roles, tuple) and isinstance(lengths, tuple) and len(roles) <= MAX_ANSWERS:
        parts = _parts(whole, lengths)
        if len(parts) == len(roles):
            asked = [_ROLES.get(role, "") for role in roles]
            return [one for one in zip(parts, asked, strict=True) if one[0].strip()]
    question = signal.facts.get("question")
    text = f"{signal.subject}\n{whole}" if signal.subject else whole
    return [(text, question if isinstance(question, str) else "")] if text.strip() else []


def _parts(whole: str, lengths: Sequence[str]) -> list[str]:
    """Cut a text where its answers end; nothing when the lengths are of another text."""
    parts, at = [], 0
    for length in lengths:
        end = at + (int(length) if length.isdecimal() else 0)
        parts.append(whole[at:end])
        at = end + len(_BETWEEN)
    return parts if at - len(_BETWEEN) == len(whole) else []


def _labelled(
    answers: Sequence[tuple[str, str]], reading: Reading, words: Lexicon
) -> Iterator[tuple[str, str, tuple[str, ...], Sequence[str] | None]]:
    """Yield each answer, its question, its labels, and its tokens where they are known."""
    if len(answers) == 1:
        text, question = answers[0]
        whole = text == reading.body.text  # of ASCII, and without a subject before it
        yield text, question, labels_of(reading.found), reading.body.tokens if whole else None
        return
    for text, question in answers:
        yield text, question, labels_of(read("", text, words).found), None


def labels_of(found: Iterable[str]) -> tuple[str, ...]:
    """Keep the labels that the model knows: all but those of safety."""
    return tuple(label for label in found if label.startswith(_SECTIONS))


def _shown(terms: Sequence[Term]) -> Iterator[str]:
    """Name terms as people read them, with their share of the log odds."""
    for term in terms:
        yield f"{readable(term.name)} {term.millilogit / 1000:+.2f}"


@lru_cache(maxsize=4_096)
def readable(name: str) -> str:
    """Put a feature of the model in words."""
    if name.startswith("#"):
        return f"list {name[1:]}"
    shown = " ".join(_CLASSES.get(part, part.removeprefix("not_")) for part in name.split(" "))
    shown = shown.replace("*", "...").strip()
    mark = "not " if "not_" in name else ""
    return f'{mark}"{shown}"' if shown else name


_CLASSES: Final = {
    "<": "",
    ">": "",
    ".": "",
    "@N": "(not)",
    "@I": "(very)",
    "@+": "(kind)",
    "@-": "(unkind)",
    "@n+": "(not kind)",
    "@n-": "(not unkind)",
    "@NN": "(not, not)",
    "@NI": "(not, very)",
    "@IN": "(very, not)",
    "@II": "(very, very)",
    "@I+": "(very, kind)",
    "@I-": "(very, unkind)",
    "@N+": "(not, kind)",
    "@N-": "(not, unkind)",
}
