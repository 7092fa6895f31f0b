"""Calls: judged by what the phone system saw, because nobody wrote a word.

Facts: `call_end` (see `_ENDS`), `direction` (only calls from outside can be failures), `wait_s`
(seconds until answer or end), `transfers` (how often the call was passed on), `staff` (who spoke
with the caller, in order), `recording_repeats` (in how many places of the call the recording
heard most was heard), `hold_s` (longest hold), `last_talk_s` (seconds with the last person),
`ended_by`, `closed_notice` (the caller was told that the practice is closed), `truncated`.

What one call alone cannot tell (called back, tried three times) is said by `triage.callers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from connector.domain.assessment import Lane, Reason
from connector.domain.plain import one_line
from connector.domain.signal import Fact, Signal
from connector.triage.opinion import Opinion, about, plain
from connector.triage.settings import PhoneLimits

REPAIRABLE: Final = frozenset(
    {
        "phone.abandoned",
        "phone.unanswered",
        "phone.refused",
        "phone.menu",
        "phone.after_hours",
        "phone.voicemail",
    }
)
"""Failures that a call back within the window makes good: nothing is owed then."""


class _End(StrEnum):
    ANSWERED = "phone.answered"
    LEFT = "phone.left"
    ABANDONED = "phone.abandoned"
    UNANSWERED = "phone.unanswered"
    REFUSED = "phone.refused"
    VOICEMAIL = "phone.voicemail"
    HOLD = "phone.left_on_hold"
    CUT_OFF = "phone.cut_off"
    TRUNCATED = "phone.truncated"
    MENU = "phone.menu"


# How phone systems name the end of a call, as the sources report it.
_ENDS: Final[Mapping[str, _End]] = MappingProxyType(
    {
        "answered": _End.ANSWERED,
        "transferred": _End.ANSWERED,
        "abandoned": _End.ABANDONED,
        "abandoned_on_hold": _End.HOLD,
        "lost_after_transfer": _End.CUT_OFF,
        "timeout": _End.UNANSWERED,
        "empty": _End.UNANSWERED,
        "full": _End.REFUSED,
        "refused": _End.REFUSED,
        "missed": _End.UNANSWERED,
        "no_answer": _End.UNANSWERED,
        "busy": _End.UNANSWERED,
        "failed": _End.UNANSWERED,
        "incompatible": _End.UNANSWERED,
        "dropped": _End.UNANSWERED,
        "voicemail": _End.VOICEMAIL,
        "voicemail_unclear": _End.VOICEMAIL,
        "voicemail_no_message": _End.UNANSWERED,
        "menu": _End.MENU,
        "menu_dead_end": _End.MENU,
        "answered_and_truncated": _End.TRUNCATED,
        "key": _End.LEFT,
        "withdrawn": _End.LEFT,
    }
)
# Members of an enumeration cost 0.25 us each time they are named (until Python 3.12).
_ANSWERED: Final = _End.ANSWERED
_TRUNCATED: Final = _End.TRUNCATED
_ABANDONED: Final = _End.ABANDONED
_VOICEMAIL: Final = _End.VOICEMAIL
_MENU_END: Final = _End.MENU
_COUNTED: Final = frozenset({_End.ANSWERED, _End.LEFT, _End.TRUNCATED})
_PUT_ASIDE: Final = frozenset({_End.HOLD, _End.CUT_OFF})
_COUNT: Final = Lane.COUNT
_REVIEW: Final = Lane.REVIEW
_TICKET: Final = Lane.TICKET
_UNREACHED: Final = "access.unreached"
_MAZE: Final = "access.phone_maze"
_NOBODYS: Final = frozenset({"internal", "outbound"})
_MODERATE: Final = 2


def judge_call(signal: Signal, limits: PhoneLimits) -> Opinion:
    """Judge one call by itself."""
    contact = signal.contact
    return judge_facts(signal.facts, contact.phone, limits, nobody=contact.anonymous)


def judge_facts(
    facts: Mapping[str, Fact], number: str, limits: PhoneLimits, *, nobody: bool
) -> Opinion:
    """Judge a call by its facts and its number; `nobody` could be called back."""
    unasked = _uncounted(facts, number, limits)
    if unasked is not None:
        return Opinion(lane=_COUNT, reasons=(unasked,))
    end = str(facts.get("call_end", "")).strip().lower()
    wait_s = _whole(facts.get("wait_s"))
    kind = _ENDS.get(end)
    maze = _maze(facts, wait_s, limits, reached=kind is _ANSWERED)
    if facts.get("truncated") is True and facts.get("answered") is True:
        end, kind = "answered_and_truncated", _TRUNCATED
    first = _first(_Case(facts, end, kind, wait_s, nobody), limits)
    if not maze:
        return first
    reasons = (*first.reasons, *maze)
    return Opinion(lane=_TICKET, reasons=(*reasons, *_lost_prospect(facts, limits)))


def failures(reasons: Sequence[Reason]) -> list[str]:
    """Name the failures among reasons, for reports: the rules of calls that ask for something."""
    return [
        reason.rule.removeprefix("phone.")
        for reason in reasons
        if reason.rule.startswith("phone.") and reason.severity > 0
    ]


def repairable(reasons: Sequence[Reason]) -> bool:
    """Say whether a call back in time would make good all that went wrong."""
    asking = {reason.rule for reason in reasons if reason.severity > 0}
    return bool(asking) and asking <= REPAIRABLE


def listed(number: str, patterns: Sequence[str]) -> bool:
    """Say whether a number is one of a list, in which `*` stands for any digits."""
    return bool(number) and any(fnmatchcase(number, pattern) for pattern in patterns)


def _uncounted(facts: Mapping[str, Fact], number: str, limits: PhoneLimits) -> Reason | None:
    """Name the reason why a call can be no failure: nobody from outside called."""
    direction = facts.get("direction")
    if direction in _NOBODYS:
        return plain(f"phone.{direction}")
    if limits.ignored_numbers and listed(number, limits.ignored_numbers):
        return plain("phone.ignored_number")
    return None


@dataclass(slots=True)
class _Case:
    """What is looked at when a call is judged by its end."""

    facts: Mapping[str, Fact]
    end: str
    kind: _End | None
    wait_s: int | None
    nobody: bool

    @property
    def waited(self) -> str:
        return "" if self.wait_s is None else f"waited {self.wait_s} s"


def _first(case: _Case, limits: PhoneLimits) -> Opinion:
    kind = case.kind
    if kind in _COUNTED:
        return _counted(kind, case.waited)
    if kind is None:
        reason = about("phone.unknown_end", _UNREACHED, one_line(case.end, 40))
        return Opinion(lane=_REVIEW, reasons=(reason,))
    if kind is _VOICEMAIL:
        return _called(kind._value_, _UNREACHED, case.waited)
    if kind is _MENU_END:
        return _menu(case, limits)
    if kind in _PUT_ASIDE:
        return _ticket(case, kind._value_, _MAZE, case.waited, limits)
    return _unreached(case, kind, limits)


@lru_cache(maxsize=512)
def _counted(kind: _End, waited: str) -> Opinion:
    return Opinion(lane=_COUNT, reasons=(plain(kind.value, waited),))


@lru_cache(maxsize=2_048)
def _called(rule: str, category: str, evidence: str) -> Opinion:
    """Owe somebody an answer; the same seconds of waiting come again and again."""
    return Opinion(lane=_TICKET, reasons=(about(rule, category, evidence),))


def _unreached(case: _Case, kind: _End, limits: PhoneLimits) -> Opinion:
    waited, wait_s, end = case.waited, case.wait_s, case.end
    short = wait_s is not None and wait_s < limits.short_abandon_seconds
    if kind is _ABANDONED and short:  # only who gives up by themselves can have dialled wrong
        return Opinion(lane=_COUNT, reasons=(plain("phone.short_abandon", waited),))
    if case.facts.get("closed_notice") is True:
        return _ticket(case, "phone.after_hours", _UNREACHED, end, limits)
    evidence = f"{end}, {waited}" if end and waited else end or waited
    return _ticket(case, kind._value_, _UNREACHED, evidence, limits)


def _menu(case: _Case, limits: PhoneLimits) -> Opinion:
    """Judge who never got beyond menu and announcements.

    A caller who hangs up there may have heard what they wanted: counted, unless the practice
    wants to know. A menu that ends the call itself leaves the caller with nothing.
    """
    end = case.end
    dead_end = end == "menu_dead_end"
    closed = case.facts.get("closed_notice") is True
    rule = "phone.after_hours" if closed and dead_end else "phone.menu"
    if closed and not dead_end:
        return Opinion(lane=_COUNT, reasons=(plain("phone.heard_closed", end),))
    if dead_end or limits.menu_hang_ups == "ticket":
        return _ticket(case, rule, _UNREACHED, end, limits)
    return Opinion(lane=_COUNT, reasons=(about(rule, _UNREACHED, end),))


def _ticket(case: _Case, rule: str, category: str, evidence: str, limits: PhoneLimits) -> Opinion:
    """Owe somebody an answer; where nobody knows the number, as the practice wants it."""
    owed = _called(rule, category, evidence)
    if not case.nobody:
        return owed
    lane = Lane(limits.withheld_numbers)
    return Opinion(lane=lane, reasons=(*owed.reasons, plain("phone.withheld")))


def _maze(
    facts: Mapping[str, Fact], wait_s: int | None, limits: PhoneLimits, *, reached: bool
) -> list[Reason]:
    reasons: list[Reason] = []
    wait_limit = limits.answered_hold_seconds if reached else limits.long_hold_seconds
    transfers, repeats = _whole(facts.get("transfers")), _whole(facts.get("recording_repeats"))
    hold_s = _whole(facts.get("hold_s"))
    if wait_s is not None and wait_s >= wait_limit:
        reasons.append(about("phone.long_hold", _MAZE, f"waited {wait_s} s"))
    if hold_s is not None and hold_s >= limits.hold_seconds:
        reasons.append(about("phone.hold", _MAZE, f"on hold for {hold_s} s"))
    if transfers is not None and transfers >= limits.maze_transfers:
        reasons.append(about("phone.transfers", _MAZE, f"{transfers} transfers"))
    if repeats is not None and repeats >= limits.maze_recordings:
        reasons.append(about("phone.recording", _MAZE, f"the same recording {repeats} times"))
    back = ping_pong(facts.get("staff"))
    if back and (transfers is None or transfers >= 2):  # noqa: PLR2004 - there and back
        reasons.append(about("phone.ping_pong", _MAZE, f"{back} came back to the same person"))
    return reasons


def ping_pong(staff: Fact | None) -> str:
    """Say how often a call came back to somebody who had passed it on; '' when it did not.

    One way there and one back may be a question asked; A-B-A-B is being sent to and fro.
    """
    if not isinstance(staff, tuple) or len(staff) < 4:  # noqa: PLR2004 - A-B-A-B
        return ""
    returns = sum(
        1
        for place, who in enumerate(staff)
        if who and place >= 2 and who == staff[place - 2] and who != staff[place - 1]  # noqa: PLR2004 - two before
    )
    return "twice" if returns == 2 else f"{returns} times" if returns > 2 else ""  # noqa: PLR2004


def _lost_prospect(facts: Mapping[str, Fact], limits: PhoneLimits) -> list[Reason]:
    """Find who got through the maze and hung up right after reaching the right person.

    Whoever makes an appointment talks longer; the log cannot show more, so this rule only adds
    to what went wrong before and says what to ask.
    """
    talk_s = _whole(facts.get("last_talk_s"))
    if talk_s is None or facts.get("ended_by") in {"staff", "system"}:
        return []
    staff = facts.get("staff")
    last = staff[-1] if isinstance(staff, tuple) and staff else ""
    reached = facts.get("call_end") == "answered" and _is_scheduler(last, limits)
    if not reached or talk_s > limits.lost_prospect_seconds:
        return []
    evidence = f"hung up {talk_s} s after reaching {one_line(last, 40) or 'somebody'}"
    return [about("phone.lost_prospect", _MAZE, evidence, severity=_MODERATE)]


def _is_scheduler(who: str, limits: PhoneLimits) -> bool:
    return not limits.schedulers or who in limits.schedulers


def _whole(value: Fact | None) -> int | None:
    """Take a whole number that is not negative; anything else is unknown."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value
