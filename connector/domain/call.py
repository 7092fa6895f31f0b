"""One call as the caller lived it, whatever phone system wrote it down.

A call begins when somebody dials and ends when that person is off the line: every leg,
every transfer and every queue between is part of it. What a log cannot show is left at its
default, and `shows` says which parts are known at all: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Direction(StrEnum):
    """Between whom the call was."""

    INBOUND = "inbound"
    """Somebody from outside called the practice."""
    OUTBOUND = "outbound"
    """The practice called somebody outside."""
    INTERNAL = "internal"
    """Two phones of the practice."""
    UNKNOWN = "unknown"
    """The log does not tell; judged like an inbound call."""


class Outcome(StrEnum):
    """How a call ended for the one who called; the last thing that happened decides."""

    ANSWERED = "answered"
    """A person spoke with the caller, and nothing was left open."""
    ABANDONED = "abandoned"
    """The caller hung up while waiting in a queue."""
    ABANDONED_ON_HOLD = "abandoned_on_hold"
    """The caller had been answered, was put on hold or parked, and hung up there."""
    LOST_AFTER_TRANSFER = "lost_after_transfer"
    """The caller was passed on to where nobody answered, and got no further."""
    TIMEOUT = "timeout"
    """Nobody answered in the time the queue allows, and nothing came after it."""
    EMPTY = "empty"
    """The queue had nobody on duty any more."""
    REFUSED = "refused"
    """The queue did not let the caller in: full, or nobody on duty."""
    KEY = "key"
    """The caller pressed a key to leave the queue, and nobody answered afterwards."""
    WITHDRAWN = "withdrawn"
    """The system or a supervisor took the caller out of the queue."""
    MISSED = "missed"
    """Phones rang, nobody answered."""
    BUSY = "busy"
    """The line that was called was busy."""
    FAILED = "failed"
    """A technical fault: no route, congestion, a phone that does not exist."""
    VOICEMAIL = "voicemail"
    """The voicemail took the call and the caller left a message."""
    VOICEMAIL_NO_MESSAGE = "voicemail_no_message"
    """The voicemail took the call and the caller left none."""
    VOICEMAIL_UNCLEAR = "voicemail_unclear"
    """The voicemail took the call; the log cannot tell whether a message was left."""
    MENU = "menu"
    """The caller hung up in a menu or during an announcement, before any phone rang."""
    MENU_DEAD_END = "menu_dead_end"
    """A menu or an announcement ended the call by itself."""
    UNKNOWN = "unknown"
    """The log ends, or does not tell."""


class HangUp(StrEnum):
    """Who ended the call."""

    CALLER = "caller"
    STAFF = "staff"
    SYSTEM = "system"
    """The phone system: a menu that ended, a queue that gave up, a restart."""
    UNKNOWN = ""


class Aspect(StrEnum):
    """A part of a call that some logs show and others do not."""

    QUEUES = "queues"
    """Which queues, and how long in each."""
    TRANSFERS = "transfers"
    HOLDS = "holds"
    RECORDINGS = "recordings"
    HANG_UP = "hang_up"
    """Who hung up."""
    MESSAGE = "message"
    """Whether a voicemail message was left."""
    MENU = "menu"
    """Whether the caller was in a menu."""


_HOLDS: Final = Aspect.HOLDS
_RECORDINGS: Final = Aspect.RECORDINGS
_FROM_OUTSIDE: Final = frozenset({Direction.INBOUND, Direction.UNKNOWN})


class TransferKind(StrEnum):
    """How a call was passed on."""

    BLIND = "blind"
    """Without asking whoever gets it."""
    ATTENDED = "attended"
    """After speaking with whoever gets it."""
    QUEUE = "queue"
    """Into a queue."""
    UNKNOWN = "unknown"


class StepKind(StrEnum):
    """What can happen in a call; the timeline tells each in one sentence."""

    RANG = "rang"
    """`who` was called, `seconds` long, and did not answer."""
    ANSWERED = "answered"
    """`who` answered, `seconds` after the waiting began."""
    QUEUED = "queued"
    """The caller entered queue `what`."""
    LEFT_QUEUE = "left_queue"
    """The caller left queue `what` after `seconds`; `detail` is an `Outcome`."""
    TRANSFERRED = "transferred"
    """`who` passed the caller on to `what`; `detail` is a `TransferKind`."""
    HELD = "held"
    """The caller was put on hold, `seconds` long."""
    PARKED = "parked"
    """The caller was parked, `seconds` long; `who` took the call back, if anybody."""
    HEARD = "heard"
    """Recording `what` was played; `seconds` is the how-many-eth time."""
    VOICEMAIL = "voicemail"
    """Voicemail box `what` took the call."""
    MESSAGE = "message"
    """The caller left a message, `seconds` long."""
    HUNG_UP = "hung_up"
    """The call ended; `detail` is a `HangUp`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened in a call."""

    at: datetime
    """UTC."""
    kind: StepKind
    who: str = ""
    """Extension or member as the system names it; empty where nobody acts."""
    what: str = ""
    """Queue, recording, box or destination; see `StepKind`."""
    seconds: int | None = None
    """How long, or which time; see `StepKind`."""
    detail: str = ""
    """See `StepKind`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStay:
    """The caller's time in one queue."""

    queue: str
    """The queue's id in the phone system."""
    entered_at: datetime
    """UTC."""
    wait_s: int | None
    """Seconds until somebody answered or the caller left; None when the log does not tell."""
    end: Outcome
    """ANSWERED, ABANDONED, TIMEOUT, EMPTY, REFUSED, KEY, WITHDRAWN, FAILED or UNKNOWN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One time that the caller was passed on."""

    at: datetime
    """UTC."""
    kind: TransferKind
    by: str
    """Who passed the call on; empty when the log does not tell."""
    to: str
    """Extension or queue; empty when the log does not tell."""
    answered: bool
    """Whether a person spoke with the caller afterwards, before the next transfer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One time that the caller was put aside after being answered."""

    at: datetime
    """UTC."""
    seconds: int
    parked: bool = False
    """True when the call was parked, so that any phone could take it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A recording that was played to the caller."""

    at: datetime
    """UTC."""
    name: str
    """As the phone system names it, without path of the sound folder and without ending."""
    place: int = 0
    """Counts on whenever the caller was answered, passed on or left a queue: the same
    recording in one place is a menu that repeats itself, in another place a repetition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call from its first ring to its end."""

    key: str
    """What the phone system calls it (id of its first leg); stable over re-reading."""
    linked_ids: tuple[str, ...] = ()
    """Further ids of the system for the same call, sorted; `key` may be among them."""
    direction: Direction = Direction.UNKNOWN
    caller: str = ""
    """Number of the one who called, as the system wrote it; may be an extension or empty."""
    caller_e164: str = ""
    """The same in E.164 where it is a possible number, else empty (also for extensions)."""
    caller_name: str = ""
    """As the phone network sent it, cleaned; empty when it is only the number again."""
    anonymous: bool = False
    """True when the caller withheld the number; False also when it is merely missing."""
    dialled: str = ""
    """What was dialled, as the system wrote it: the line (DID) of an inbound call, the
    patient's number of an outbound one."""
    dialled_e164: str = ""
    """The same in E.164 where it is a possible number, else empty."""
    started_at: datetime
    """UTC."""
    ended_at: datetime
    """UTC; the last sign of life when `truncated`."""
    answered_at: datetime | None = None
    """When the first person answered, UTC; machines (menu, queue, voicemail) are no person."""
    outcome: Outcome = Outcome.UNKNOWN
    ended_by: HangUp = HangUp.UNKNOWN
    wait_s: int | None = None
    """Seconds of waiting in queues, all together; without a queue, seconds of ringing until
    the first answer or the end. Menus and announcements are no waiting."""
    talk_s: int | None = None
    """Seconds from the first answer by a person to the end; None when nobody answered."""
    last_talk_s: int | None = None
    """Seconds with the last person who answered; None when nobody did or nobody knows."""
    queues: tuple[QueueStay, ...] = ()
    """In order; the same queue may come again."""
    staff: tuple[str, ...] = ()
    """Who spoke with the caller, in order; the same person may come again."""
    transfers: tuple[Transfer, ...] = ()
    holds: tuple[Hold, ...] = ()
    recordings: tuple[Heard, ...] = ()
    """What the practice had recorded; system sounds (digits, beeps, places in the queue) and
    the prompts of the voicemail do not count."""
    voicemail_box: str = ""
    """Box that took the call; empty when none did."""
    voicemail_s: int | None = None
    """Length of the message; None when there is none or nobody knows."""
    closed_notice: bool = False
    """True when the caller was told that the practice is closed."""
    truncated: bool = False
    """True when the end is not in the log: restart, crash, lost lines, or too long ago."""
    shows: frozenset[Aspect] = frozenset()
    """What the logs of this call can show at all; the rest is unknown, not absent."""
    steps: Sequence[Step] = ()
    """Everything in order, for the timeline of a ticket; may be made when first asked for."""

    @property
    def answered(self) -> bool:
        """Say whether a person spoke with the caller at any time."""
        return self.answered_at is not None

    @property
    def from_outside(self) -> bool:
        """Say whether somebody from outside called: the only calls that can be failures."""
        return self.direction in _FROM_OUTSIDE

    @property
    def hold_s_max(self) -> int | None:
        """Give the longest hold in seconds; 0 when there was none, None when nobody knows."""
        if not self.holds:
            return 0 if _HOLDS in self.shows else None
        return max((hold.seconds for hold in self.holds), default=0)

    @property
    def same_recording_max(self) -> int | None:
        """Give how often the recording heard most was heard; None when nobody knows."""
        if not self.recordings:
            return 0 if _RECORDINGS in self.shows else None
        return most(tuple(heard.name for heard in self.recordings))

    @property
    def recording_places_max(self) -> int:
        """Give in how many places of the call the same recording was heard, at most."""
        places = {(heard.name, heard.place) for heard in self.recordings}
        return most(tuple(name for name, _ in places))


def most(names: tuple[str, ...]) -> int:
    """Count the name that occurs most; 0 for none."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return max(counts.values(), default=0)
