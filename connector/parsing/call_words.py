"""What happened to a caller in a queue, in one sentence that an agent understands."""

from __future__ import annotations

from collections.abc import Mapping

from connector.parsing.queue_events import CallEnd
from connector.parsing.queue_log import EndedStay

_MINUTE_S = 60
_HOUR_S = 3_600

_OUTCOMES: Mapping[CallEnd, str] = {
    CallEnd.ABANDONED: "and hung up without reaching anyone.",
    CallEnd.TIMEOUT: "and was sent on because nobody answered in time.",
    CallEnd.EMPTY: "and was turned away because nobody was there to answer any more.",
    CallEnd.KEY: "and pressed a key to stop waiting before anyone answered.",
    CallEnd.WITHDRAWN: "and was taken out of the queue by the phone system before anyone "
    "answered (for a callback, for example).",
    CallEnd.INCOMPATIBLE: "and was cut off by a technical fault while being put through.",
    CallEnd.DROPPED: "and was cut off just before the conversation began.",
}


def duration_words(seconds: int) -> str:
    """Give a duration as people write it: `45 s`, `3 min 20 s`, `1 h 5 min`."""
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        minutes, rest = divmod(seconds, _MINUTE_S)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(seconds, _HOUR_S)
    minutes = rest // _MINUTE_S
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def stay_sentence(stay: EndedStay, queue: str) -> str:
    """Tell a stay in one sentence; `queue` is the queue's name as people know it."""
    waited = "Waited" if stay.wait_s is None else f"Waited {duration_words(stay.wait_s)}"
    where = f"{waited} in queue {queue}"
    if stay.end is CallEnd.UNKNOWN:
        return f"{where}; the phone system did not record how the wait ended."
    if stay.end in {CallEnd.ANSWERED, CallEnd.TRANSFERRED}:
        length = "" if stay.call_s is None else f" for {duration_words(stay.call_s)}"
        passed = " and was passed on" if stay.end is CallEnd.TRANSFERRED else ""
        return f"{where}, then spoke with somebody{length}{passed}."
    place = "" if stay.position is None else f" at position {stay.position}"
    return f"{where}{place} {_OUTCOMES[stay.end]}"
