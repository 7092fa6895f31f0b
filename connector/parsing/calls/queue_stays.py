"""Stays of a queue_log in the form in which calls take them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from connector.domain.call import Outcome
from connector.parsing.calls.story import Stay
from connector.parsing.queue_events import CallEnd
from connector.parsing.queue_log import EndedStay

MAX_WAITING_STAYS = 2_000
"""Stays whose call has not come yet; more are a queue_log without its channel log."""

_ENDS: Final[Mapping[CallEnd, Outcome]] = MappingProxyType(
    {
        CallEnd.ABANDONED: Outcome.ABANDONED,
        CallEnd.TIMEOUT: Outcome.TIMEOUT,
        CallEnd.EMPTY: Outcome.EMPTY,
        CallEnd.KEY: Outcome.KEY,
        CallEnd.WITHDRAWN: Outcome.WITHDRAWN,
        CallEnd.INCOMPATIBLE: Outcome.FAILED,
        CallEnd.DROPPED: Outcome.FAILED,
        CallEnd.ANSWERED: Outcome.ANSWERED,
        CallEnd.TRANSFERRED: Outcome.ANSWERED,
        CallEnd.UNKNOWN: Outcome.UNKNOWN,
    }
)


def stay_of(ended: EndedStay) -> Stay:
    """Give an ended stay as a part of a call."""
    entered = ended.ended_at if ended.entered_at is None else ended.entered_at
    return Stay(
        queue=ended.queue,
        entered=float(entered),
        wait_s=ended.wait_s,
        end=_ENDS[ended.end],
        left=float(ended.ended_at),
    )


def stay_to_plain(stay: EndedStay, where: str) -> dict[str, Any]:
    """Give an ended stay and its place as what JSON can hold, without its lines."""
    plain: dict[str, Any] = {
        name: getattr(stay, name) for name in EndedStay.__dataclass_fields__ if name != "lines"
    }
    plain["end"] = stay.end.value
    plain["where"] = where
    return plain


def stay_from_plain(plain: Any, lines: tuple[bytes, ...] = ()) -> tuple[EndedStay, str]:
    """Read what `stay_to_plain` gave. Raises TypeError, ValueError or KeyError."""
    kept = dict(plain)
    where = str(kept.pop("where"))
    kept["end"] = CallEnd(kept["end"])
    stay = EndedStay(**kept, lines=lines)
    if not isinstance(stay.callid, str) or not isinstance(stay.ended_at, int):
        raise TypeError
    return stay, where
