"""The end of a story: how the call ended, how long everything took, and the call itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypedDict

from connector.domain.call import (
    Aspect,
    Call,
    Direction,
    HangUp,
    Outcome,
    QueueStay,
    StepKind,
)
from connector.parsing.calls.steps import Steps
from connector.parsing.calls.story import Stay, Story
from connector.parsing.calls.times import moment

QUEUE_ENDS_CALL_S = 3
"""A call that ends so shortly after a queue, as seconds of two logs tell it, ended with it."""

_ANSWERED: Final = Outcome.ANSWERED
_UNKNOWN: Final = Outcome.UNKNOWN
_REFUSED: Final = Outcome.REFUSED
_LEFT_QUEUE: Final = StepKind.LEFT_QUEUE
_NOBODY: Final = HangUp.UNKNOWN
_MESSAGE: Final = frozenset({Aspect.MESSAGE})


class Known(TypedDict, total=False):
    """What is known of a call beside its story; see `Call`."""

    key: str
    started_at: datetime
    direction: Direction
    linked_ids: tuple[str, ...]
    caller: str
    caller_e164: str
    caller_name: str
    anonymous: bool
    dialled: str
    dialled_e164: str


def told(
    story: Story,
    known: Known,
    stays: list[Stay] | None = None,
    *,
    truncated: bool = False,
    shows: frozenset[Aspect],
) -> Call:
    """Give the call; `stays` are a better source's."""
    if stays:
        _put_in(story, stays)
    end = story.ended if story.ended is not None else max(story.last, story.began)
    shows = shows | _MESSAGE if story.message_known else shows
    answered = story.answered
    return Call(
        **known,
        ended_at=moment(end),
        answered_at=None if answered is None else moment(answered),
        outcome=_UNKNOWN if truncated else _outcome(story),
        ended_by=_NOBODY if truncated else story.ended_by,
        wait_s=_wait_s(story, end),
        talk_s=None if answered is None else max(0, round(end - answered)),
        last_talk_s=_last_talk_s(story, end),
        queues=tuple(
            QueueStay(
                queue=stay.queue,
                entered_at=moment(stay.entered),
                wait_s=stay.wait_s,
                end=stay.end,
            )
            for stay in story.stays
        )
        if story.stays
        else (),
        staff=tuple(story.staff),
        transfers=tuple(story.transfers),
        holds=tuple(story.holds),
        recordings=tuple(story.heard),
        voicemail_box=story.voicemail_box,
        voicemail_s=story.message_s,
        closed_notice=story.closed_notice,
        truncated=truncated,
        shows=shows | frozenset(story.shows) if story.shows else shows,
        steps=_steps(story),
    )


def _put_in(story: Story, stays: list[Stay]) -> None:
    """Take the stays of a better source; what it cannot tell is kept."""
    last = stays[-1]
    if not story.stays and story.stage in {"", "ring", "menu"} and story.ended is not None:
        over = last.end is Outcome.ABANDONED or story.ended - last.left <= QUEUE_ENDS_CALL_S
        if last.end is not Outcome.ANSWERED and over:
            story.stage = "queue"  # these events do not tell of queues at all
    refused = [stay for stay in story.stays if stay.end is Outcome.REFUSED]
    story.stays = _with_refused(stays, refused)


def _steps(story: Story) -> Steps:
    for stay in story.stays:
        if stay.end is not _ANSWERED:
            end = stay.end._value_
            story.steps.append((stay.left, _LEFT_QUEUE, "", stay.queue, stay.wait_s, end))
    return Steps.of(story.steps)


def _wait_s(story: Story, end: float) -> int | None:
    if story.stays:
        waits = [stay.wait_s for stay in story.stays if stay.wait_s is not None]
        return sum(waits) if waits else None
    if story.answered is not None:
        return story.ring_wait_s or 0
    if story.ring_began is None:
        return None
    return max(0, round((story.ring_ended or end) - story.ring_began))


def _last_talk_s(story: Story, end: float) -> int | None:
    if story.talk_began is not None:
        return max(0, round(end - story.talk_began))
    return None if story.last_talk is None else max(0, round(story.last_talk))


def _outcome(story: Story) -> Outcome:
    return _BY_STAGE.get(story.stage, _menu_outcome)(story)


def _talk_outcome(story: Story) -> Outcome:
    if story.held_at_end and story.ended_by is not HangUp.STAFF:
        return Outcome.ABANDONED_ON_HOLD
    return _ANSWERED


def _voicemail_outcome(story: Story) -> Outcome:
    if story.message_s is not None:
        return Outcome.VOICEMAIL
    if story.message_known or Aspect.RECORDINGS in story.shows:
        return Outcome.VOICEMAIL_NO_MESSAGE
    return Outcome.VOICEMAIL_UNCLEAR


def _ring_outcome(story: Story) -> Outcome:
    if story.transfers and not story.transfers[-1].answered:
        return Outcome.LOST_AFTER_TRANSFER
    if story.answered is not None:
        return _ANSWERED
    return story.ring_result


def _menu_outcome(story: Story) -> Outcome:
    if story.answered is not None:
        return _ANSWERED
    if story.stays and story.stays[-1].end is not Outcome.ANSWERED:
        return story.stays[-1].end
    if story.ended_by is HangUp.SYSTEM:
        return Outcome.MENU_DEAD_END
    return Outcome.MENU


def _with_refused(stays: list[Stay], refused: list[Stay]) -> list[Stay]:
    """Add what no queue_log tells: callers whom the queue did not let in."""
    extra = [
        one
        for one in refused
        if not any(
            stay.queue == one.queue and abs(stay.entered - one.entered) <= 2  # noqa: PLR2004 - seconds of rounding
            for stay in stays
        )
    ]
    return sorted([*stays, *extra], key=lambda stay: stay.entered)


_BY_STAGE: Final[Mapping[str, Callable[[Story], Outcome]]] = {
    "voicemail": _voicemail_outcome,
    "queue": lambda one: one.stays[-1].end if one.stays else _UNKNOWN,
    "hold": lambda _: Outcome.ABANDONED_ON_HOLD,
    "parked": lambda _: Outcome.ABANDONED_ON_HOLD,
    "talk": _talk_outcome,
    "transfer": lambda _: Outcome.LOST_AFTER_TRANSFER,
    "ring": _ring_outcome,
}
