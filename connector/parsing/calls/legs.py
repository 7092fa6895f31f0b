"""A leg: what a row of a phone system's records says, whatever its columns are called.

Most systems write one row for each pair of parties: a ring attempt, a conversation, a stay in a
queue. Rows of one call share an id; `leg_story` puts them together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from connector.domain.call import Direction, HangUp, Outcome, TransferKind

_ENUMS = {
    "outcome": Outcome,
    "direction": Direction,
    "ended_by": HangUp,
    "transfer": TransferKind,
}
_FIGURES = ("started_at", "answered_at", "ended_at")
_SECONDS = ("ring_s", "wait_s", "talk_s", "hold_s", "park_s", "message_s")


@dataclass(slots=True, kw_only=True)
class Leg:
    """One row; what it does not say is at its default.

    Nobody changes it. Not frozen: one is made for each row, in a third of the time.
    """

    key: str
    """Id of the call: rows with the same one belong together."""
    links: tuple[str, ...] = ()
    """Further ids: calls that share one of them are one call."""
    ident: str = ""
    """Id of the row itself; the same one again is an update. Empty: the row's content."""
    version: str = ""
    """Sorts updates of a row; the highest counts, of equal ones the last read."""
    started_at: float
    """Epoch seconds."""
    answered_at: float | None = None
    """Epoch seconds; None: nobody answered, or nobody knows when."""
    ended_at: float
    """Epoch seconds."""
    direction: Direction = Direction.UNKNOWN
    caller: str = ""
    caller_name: str = ""
    dialled: str = ""
    who: str = ""
    """Extension or member that was called; empty for the outside line, queues and menus."""
    outcome: Outcome = Outcome.UNKNOWN
    """Of this leg: ANSWERED only when a person answered."""
    queue: str = ""
    """Queue of which the row tells; empty for none."""
    ring_s: int | None = None
    wait_s: int | None = None
    """Seconds in the queue."""
    talk_s: int | None = None
    hold_s: int | None = None
    park_s: int | None = None
    message_s: int | None = None
    """Length of a voicemail message."""
    ended_by: HangUp = HangUp.UNKNOWN
    transfer: TransferKind | None = None
    """Set when this leg began by a transfer."""
    whole: bool = False
    """True for a row that sums the call up: its outcome is that of the call."""
    last: bool | None = None
    """What a continuation flag says: True, no more rows come; False, more do; None: no flag."""
    going_on: bool = False
    """True for a row that was exported while the call went on: its end is still to come."""

    def plain(self) -> dict[str, object]:
        """Give what is not at its default, as what JSON can hold."""
        plain: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                plain[field.name] = list(value) if isinstance(value, tuple) else value
        return plain

    @classmethod
    def from_plain(cls, plain: Any) -> Leg:
        """Read what `plain` gave. Raises TypeError or ValueError for anything else."""
        if not isinstance(plain, dict):
            raise TypeError("no leg")
        made: dict[str, Any] = dict(plain)
        for name, enum in _ENUMS.items():
            if name in made:
                made[name] = enum(made[name])
        made["links"] = tuple(str(link) for link in made.get("links", ()))
        for name in _FIGURES:
            if made.get(name) is not None:
                made[name] = float(made[name])
        for name in _SECONDS:
            if made.get(name) is not None:
                made[name] = int(made[name])
        return cls(**made)
