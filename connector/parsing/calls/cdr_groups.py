"""Records put together to calls, and when a call is over.

All records of one channel are written together when it ends. A call is over when the records of
the channel that began it are there and the log has gone on; records of other channels alone
(a consultation) wait for it for a while.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.parsing.calls.cdr_rows import Cdr

SETTLE_S = 5
"""The log has gone on when it has records that ended so much later."""
WAIT_S = 1_800
"""Records without those of the channel that began the call wait so long."""
MAX_OPEN = 1_000
"""More calls are no practice: the oldest is told as it is."""


@dataclass(slots=True, kw_only=True)
class Pending:
    """Records of one call."""

    records: list[Cdr] = field(default_factory=list)
    ended: float = 0.0
    """When the last of them ended."""
    whole: bool = False
    """Whether the records of the channel that began the call are there."""

    def add(self, record: Cdr) -> None:
        """Take a record; one that comes twice counts once."""
        if all(one.line != record.line for one in self.records):
            self.records.append(record)
            self.ended = max(self.ended, record.end)
            self.whole = self.whole or record.unique == record.linked

    @property
    def due(self) -> float:
        """When the call is over, if the log goes on without it."""
        return self.ended + (SETTLE_S if self.whole else WAIT_S)


class CdrGroups:
    """Takes records, gives calls."""

    def __init__(self) -> None:
        """Begin without open calls; a restart feeds the rows of open ones again."""
        self._open: dict[str, Pending] = {}
        self._soonest = 0.0
        """No open call is due before."""
        self.now = 0.0
        """When the newest record ended."""

    def __len__(self) -> int:
        """Count the open calls."""
        return len(self._open)

    def rows(self) -> list[list[str]]:
        """Give the rows of open calls, as what JSON can hold."""
        return [list(one.line) for group in self._open.values() for one in group.records]

    def feed(self, record: Cdr) -> list[list[Cdr]]:
        """Take a record; give the calls that are over by it."""
        key = record.linked or f"{record.channel}"
        group = self._open.setdefault(key, Pending())
        group.add(record)
        self._soonest = min(self._soonest, group.due)
        self.now = max(self.now, record.end)
        # records of one channel stand together: only another call's record shows it is over
        done: list[list[Cdr]] = []
        if record.end > self._soonest:
            done = self.expire(record.end, SETTLE_S, but=key)
            self._soonest = min((one.due for one in self._open.values()), default=0.0)
        if len(self._open) > MAX_OPEN:
            done.append(self._open.pop(next(iter(self._open))).records)
        return done

    def expire(self, now: float, settle_s: float, but: str = "") -> list[list[Cdr]]:
        """Give the calls that are over at a time, `but` left out."""
        over = [
            key
            for key, group in self._open.items()
            if key != but
            and now - group.ended > (settle_s if group.whole else max(settle_s, WAIT_S))
        ]
        return [self._open.pop(key).records for key in over]

    def is_open(self, unique: str) -> bool:
        """Say whether the call of a channel is not over."""
        return unique in self._open or any(
            one.unique == unique for group in self._open.values() for one in group.records
        )

    def flush(self) -> list[list[Cdr]]:
        """Give all calls: there will be no more records."""
        done = [group.records for group in self._open.values()]
        self._open.clear()
        return done

    def plain(self) -> dict[str, Any]:
        """Give what is open."""
        return {"rows": self.rows()}
