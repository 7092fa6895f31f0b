"""Words of mails and comments: the tone decides how sure we are.

The weights are quarter points, fitted on ten thousand patients' comments (see
docs/triage.md); mails need no such figure, because a mail is a ticket unless it
is clearly thanks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connector.domain.assessment import Lane, Reason
from connector.domain.signal import Signal
from connector.triage.heard import Heard
from connector.triage.opinion import STRENGTH, Opinion, plain
from connector.triage.reading import Reading

TICKET_POINTS: Final = 8
"""From so many points a comment without a score is a ticket: nine in ten are failures."""

REVIEW_POINTS: Final = 2
"""From so many points a person looks at a comment."""

BELIEVED_PERMILLE: Final = 60
"""Words of complaint in a comment that the model finds less likely a failure are praise's own."""

_COMPLAINT_POINTS: Final = 6
_COMPLAINT_CAP: Final = 3
_RISK_POINTS: Final = 8

_COMMENT_RULES: Final[Mapping[Lane, str]] = MappingProxyType(
    {
        Lane.TICKET: "comment.negative",
        Lane.REVIEW: "comment.unsure",
        Lane.COUNT: "comment.fine",
    }
)
# Quarter points for each finding, and how many of them count.
_TONE: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "tone:blame": (3, 5),
        "tone:unpraise": (1, 3),
        "tone:wish": (3, 4),
        "tone:contrast": (2, 2),
        "tone:negation": (1, 2),
        "tone:praise": (-4, 6),
        "tone:thanks": (-12, 2),
        "tone:fine": (-4, 2),
    }
)

_MAX_BESIDE_THANKS: Final = 3
"""So many other words (names) may stand beside bare thanks and praise."""

_MAX_THANKS_WORDS: Final = 150
"""A longer mail is read by a person, however kind it begins."""

_SURE_PRAISE: Final = 2


def points(reading: Reading) -> int:
    """Weigh what was found: the more, the surer a failure; kind words count against it."""
    complaints = reading.section("complaint").values()
    total = _COMPLAINT_POINTS * sum(min(one.count, _COMPLAINT_CAP) for one in complaints)
    total += _RISK_POINTS * len(reading.section("risk"))
    return total + sum(
        weight * min(reading.count(label), cap) for label, (weight, cap) in _TONE.items()
    )


def judge_comment(reading: Reading, score: Opinion | None, heard: Heard | None = None) -> Opinion:
    """Judge a survey's or a review's comment, with what score and comment model said.

    The model decides where it knows the words; the lists decide for other languages.
    """
    said = (heard.reason,) if heard else ()
    if score is not None and score.lane is Lane.TICKET:
        return Opinion(lane=Lane.TICKET, reasons=(*score.reasons, *said))
    if heard is None or not heard.sure:
        found = _judge_by_words(reading, score)
    else:
        found = _judge_by_model(reading, score, heard)
    lane = found.lane
    if score is not None and score.lane is Lane.REVIEW:
        lane = Lane.REVIEW
    if heard is not None and not heard.sure and score is None:
        lane = max(lane, Lane.REVIEW, key=STRENGTH.index)
    reasons = found.reasons
    if lane is Lane.COUNT and (doubt := _hidden(reading, heard)):
        lane, reasons = Lane.REVIEW, (plain(doubt),)
    return Opinion(lane=lane, reasons=(*(score.reasons if score else ()), *said, *reasons))


def _hidden(reading: Reading, heard: Heard | None) -> str:
    """Name the rule by which a comment that seems fine needs a person's eyes; empty for none."""
    if reading.count("signal:irony"):
        return "comment.irony"
    return "comment.nothing_good" if heard is not None and heard.nothing_good else ""


def _judge_by_model(reading: Reading, score: Opinion | None, heard: Heard) -> Opinion:
    """Follow the model; words of complaint that it does not believe are looked at by a person.

    Beside a good score a comment has to be as bad as a ticket's to get a second look.
    """
    lane = heard.lane
    if score is not None:
        lane = Lane.REVIEW if lane is Lane.TICKET else Lane.COUNT
        return Opinion(lane=lane, reasons=(plain(_COMMENT_RULES[lane]),))
    if lane is Lane.COUNT and heard.score.permille >= BELIEVED_PERMILLE and _complains(reading):
        return Opinion(lane=Lane.REVIEW, reasons=(plain("comment.unsure"),))
    return Opinion(lane=lane, reasons=(plain(_COMMENT_RULES[lane]),))


def _complains(reading: Reading) -> bool:
    return bool(reading.section("complaint") or reading.section("risk"))


def _judge_by_words(reading: Reading, score: Opinion | None) -> Opinion:
    weight = points(reading)
    if score is None and weight >= TICKET_POINTS:
        lane, rule = Lane.TICKET, "comment.negative"
    elif weight >= REVIEW_POINTS:
        lane, rule = Lane.REVIEW, "comment.unsure"
    elif reading.words:
        lane, rule = Lane.COUNT, "comment.fine"
    else:
        lane, rule = Lane.COUNT, "comment.none"
    return Opinion(lane=lane, reasons=(plain(rule),))


def judge_mail(signal: Signal, reading: Reading) -> Opinion:
    """Judge a mail that a person wrote: a ticket, unless it is clearly thanks."""
    if reading.words == 0:
        return Opinion(lane=Lane.REVIEW, reasons=(plain("mail.empty"),))
    if not _kind(reading) or _blames(reading):
        return Opinion(lane=Lane.TICKET, reasons=(plain("mail.human"),))
    doubts = _doubts(reading) or bool(signal.attachments)
    rule, lane = ("mail.unsure", Lane.REVIEW) if doubts else ("mail.thanks", Lane.COUNT)
    return Opinion(lane=lane, reasons=(plain(rule),))


def _kind(reading: Reading) -> bool:
    """Tell whether thanks is what the mail is for, not only how it ends."""
    thanks, praise = reading.count("tone:thanks"), reading.count("tone:praise")
    beside = reading.words - reading.count("tone:filler") - thanks - praise
    bare = thanks > 0 and beside <= _MAX_BESIDE_THANKS
    warm = praise >= _SURE_PRAISE and (thanks > 0 or praise > _SURE_PRAISE)
    return bare or warm


def _blames(reading: Reading) -> bool:
    named = ("tone:blame", "tone:unpraise", "tone:request")
    return bool(
        reading.section("complaint")
        or reading.section("risk")
        or reading.section("safety")
        or any(reading.count(label) for label in named)
    )


def _doubts(reading: Reading) -> bool:
    limits = ("tone:negation", "tone:contrast", "tone:wish")
    return (
        reading.question
        or reading.cut
        or reading.words > _MAX_THANKS_WORDS
        or any(reading.count(label) for label in limits)
    )


_TONE_RULES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "words.blame": ("tone:blame",),
        "words.not_praise": ("tone:unpraise",),
        "words.wish": ("tone:wish",),
        "words.request": ("tone:request",),
        "words.doubt": ("tone:contrast",),
        "words.praise": ("tone:praise", "tone:fine"),
        "words.thanks": ("tone:thanks",),
    }
)


def tone_reasons(reading: Reading) -> list[Reason]:
    """Give what was found about the tone, as reasons that ask for nothing."""
    reasons: list[Reason] = []
    for rule, labels in _TONE_RULES.items():
        found = [reading.found[label].evidence for label in labels if label in reading.found]
        if found:
            reasons.append(plain(rule, "; ".join(found)))
    return reasons
