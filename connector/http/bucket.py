"""One limit of a product, and how much of it is ours just now: pure, time is handed in.

What leaves is kept in a log as long as the limit's window, and never more than our share
is in it: so the share holds in every window, wherever the product lets its own begin.
Within that, requests are spread (after a short burst), so that people who work in the
helpdesk never find the account used up by a backlog of ours.

Every answer tells how much of the limit is used. What is not ours is the use of others:
measured as used minus all that we sent in the last window, it is never taken for more
than it is. Where others need more than we leave, we give way.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

ACCOUNT: Final = "account"
"""The bucket of the whole account; a refusal that names no other is one of this."""

URGENT_PERMILLE: Final = 30
"""This slice of our share is kept for what is urgent or has begun; a backlog uses the rest."""

LEAST_SHARE_WITH_SLICE: Final = 25
"""From here on it is at least one request; a smaller share is too small to keep any."""

KEEP_FREE_PERMILLE: Final = 50
"""This much of a limit is never used by us while others use the rest of it."""

FLOOR_PERMILLE: Final = 100
"""So much of our share is tried, however much others seem to use."""

BURST_REQUESTS: Final = 10
BURST_PERMILLE: Final = 100
"""After a rest so many requests (or this much of our share) leave at once, then evenly."""

SQUEEZE_PERMILLE: Final = 750
"""A refusal leaves this much of what was allowed: the limit is smaller than believed."""

LEAST_SQUEEZE_PERMILLE: Final = 50

RELAX_PERMILLE: Final = 20
"""So much of our share comes back with each window without a refusal."""

PROBE_DIVISOR: Final = 6
"""A used-up limit whose end is not told is tried again after a sixth of its window."""

FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 300.0
"""A refusal without Retry-After pauses so long, doubling with each one in a row."""

LONGEST_ASKED_S: Final = 3_600.0
"""No pause and no window that a server tells is believed to be longer."""


class Lane(IntEnum):
    """Who wants to send."""

    AHEAD = 0
    """What is urgent, or belongs to an operation that has begun."""
    NORMAL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much a bucket holds: what is believed until an answer says otherwise."""

    requests: int
    """So many per window, for the whole account (or ticket ...); at least 1."""
    window_s: float = 60.0
    """Length of the window in seconds; no answer can change it unless its finding says so."""
    share_permille: int | None = None
    """Our share of this bucket; None: the one the admin set. 1000 for limits that nobody
    else can use up, as a limit for each user and ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the headers of one answer say about one bucket; None: they do not say it."""

    bucket: str
    limit: int | None = None
    """Requests per window for all together."""
    remaining: int | None = None
    """Requests left in the present window, after this one."""
    resets_s: float | None = None
    """Seconds from now until the present window ends."""
    window_s: float | None = None
    """Length of the window in seconds, where the answer tells."""
    cost: int | None = None
    """What this request was charged, where the answer tells."""
    exhausted: bool = False
    """True when the answer is a refusal (429) because of this bucket: it is paused as long as
    Retry-After says. A refusal without any such finding pauses ACCOUNT, which every request
    should be charged to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How full a bucket is, for status."""

    bucket: str
    limit: int | None
    """What all together may send per window; None: not known."""
    allowed: int | None
    """What we may send per window just now."""
    used: int
    """What we sent in the last window."""
    others: int
    """What others were seen to use in a window."""
    paused_s: float
    """How long it still rests because the product asked for it."""


class Bucket:
    """One limit; used under its budget's lock. All times are seconds of one monotonic clock."""

    def __init__(self, name: str, limit: Limit | None, share_permille: int) -> None:
        """Begin with what is believed; None: unlimited until an answer tells."""
        self.name = name
        own = limit.share_permille if limit is not None else None
        self._share = share_permille if own is None else own
        self._limit = limit.requests if limit is not None else None
        self._window_s = limit.window_s if limit is not None else 60.0
        self._log: deque[tuple[float, int]] = deque()
        self._used = 0
        self._total = 0
        self._even_at = 0.0
        self._left: int | None = None
        self._left_until = 0.0
        self._told_end = False
        self._others = [0, 0]
        self._block_ends = 0.0
        self._paused_until = 0.0
        self._refusals = 0
        self._squeeze = 1_000
        self._relaxed_at = 0.0

    def wait_s(self, now: float, cost: int, lane: Lane, *, promised: int = 0) -> float:
        """Say how long to wait before `cost` may leave; 0: now.

        `promised` is kept for others who go first. Before any answer told a limit, and
        where none was configured, only pauses count.
        """
        self._forget(now)
        wait = max(0.0, self._paused_until - now)
        cap = self.allowed(now)
        if cap is None:
            return wait
        if lane is Lane.NORMAL:
            cap = self._normal(cap)
            wait = max(wait, self._even_wait_s(now, cap))
        cost = min(cost, max(1, cap // 2))  # what takes more than that begins all the same
        wait = max(wait, self._log_wait_s(now, self._used + promised + cost - cap))
        return max(wait, self._left_wait_s(now, cost + promised, lane))

    def charge(self, now: float, cost: int) -> int:
        """Count what leaves now; gives a mark for `learn`."""
        self._forget(now)
        self._log.append((now, cost))
        self._used += cost
        self._total += cost
        cap = self.allowed(now)
        if cap is not None:
            self._even_at = max(self._even_at, now) + cost * self._window_s / self._normal(cap)
        if self._left is not None:
            self._spend(now, cost, self._left)
        return self._total

    def learn(self, now: float, mark: int, charged: int, finding: Finding) -> None:
        """Take in what an answer says; `mark` and `charged` are those of its request."""
        self._forget(now)
        if finding.window_s is not None and finding.window_s > 0:
            self._window_s = min(finding.window_s, LONGEST_ASKED_S)
        if finding.limit is not None and finding.limit > 0:
            self._limit = finding.limit
        extra = (finding.cost or charged) - charged
        if extra > 0:
            self.charge(now, extra)
            mark += extra
        if finding.remaining is not None and self._limit is not None:
            self._see(now, mark, finding.remaining, finding.resets_s)

    def refused(self, now: float, retry_after_s: float | None) -> None:
        """Rest after a refusal, as long as it says.

        One that the use of others does not explain shows that the limit is smaller than
        believed: less is tried from then on. Refusals of requests that left before the
        pause began say the same once more.
        """
        if retry_after_s is None:
            pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._refusals, 10))
        else:
            pause = min(max(retry_after_s, 0.0), LONGEST_ASKED_S)
        if now >= self._paused_until:
            self._refusals += 1
            if self._left is None or self._left > self._free():
                less = self._squeeze * SQUEEZE_PERMILLE // 1_000
                self._squeeze = max(LEAST_SQUEEZE_PERMILLE, less)
        self._paused_until = max(self._paused_until, now + pause)
        self._relaxed_at = self._paused_until

    def accepted(self) -> None:
        """Take note of an answer that was no refusal."""
        self._refusals = 0

    def allowed(self, now: float) -> int | None:
        """Say how much of the limit is ours per window just now; None: no limit is known."""
        if self._limit is None:
            return None
        ours = self._ours(self._limit)
        floor = max(1, ours * FLOOR_PERMILLE // 1_000)
        spared = self._limit - self._others_use(now) - self._free()
        self._relax(now)
        return max(1, min(ours, max(floor, spared)) * self._squeeze // 1_000)

    def idle(self, now: float) -> bool:
        """True when forgetting this bucket would change nothing."""
        self._forget(now)
        return not self._log and now >= self._paused_until

    def level(self, now: float) -> Level:
        """Tell how full it is."""
        self._forget(now)
        return Level(
            bucket=self.name,
            limit=self._limit,
            allowed=self.allowed(now),
            used=self._used,
            others=self._others_use(now),
            paused_s=max(0.0, self._paused_until - now),
        )

    @property
    def _probe_s(self) -> float:
        return self._window_s / PROBE_DIVISOR

    @staticmethod
    def _normal(cap: int) -> int:
        slice_ = cap * URGENT_PERMILLE // 1_000
        return cap - max(slice_, 1 if cap >= LEAST_SHARE_WITH_SLICE else 0)

    def _ours(self, limit: int) -> int:
        return max(1, limit * self._share // 1_000)

    def _free(self) -> int:
        """Say how much of the limit stays free; nothing where all of it is ours."""
        limit = self._limit or 0
        return min(limit * KEEP_FREE_PERMILLE // 1_000, max(0, limit - self._ours(limit)) // 2)

    def _forget(self, now: float) -> None:
        while self._log and self._log[0][0] + self._window_s <= now:
            self._used -= self._log.popleft()[1]

    def _even_wait_s(self, now: float, cap: int) -> float:
        burst = min(cap, max(BURST_REQUESTS, cap * BURST_PERMILLE // 1_000))
        ahead_s = (burst - 1) * self._window_s / cap
        return min(LONGEST_ASKED_S, max(0.0, self._even_at - ahead_s - now))

    def _log_wait_s(self, now: float, too_much: int) -> float:
        if too_much <= 0:
            return 0.0
        for at, cost in self._log:
            too_much -= cost
            if too_much <= 0:
                return at + self._window_s - now
        # the rest is promised to others: it shows soon whether they use it
        return min(self._probe_s, 1.0)

    def _left_wait_s(self, now: float, wanted: int, lane: Lane) -> float:
        if self._left is None or now >= self._left_until:
            return 0.0
        keep = self._free() if lane is Lane.NORMAL else 0
        return 0.0 if self._left - wanted >= keep else self._left_until - now

    def _spend(self, now: float, cost: int, left: int) -> None:
        if now < self._left_until:
            self._left = left - cost
        elif self._told_end or left > self._free():
            self._left = None
        else:  # one goes ahead to see whether there is room again; others wait for its answer
            self._left, self._left_until = self._free() - cost, now + self._probe_s

    def _see(self, now: float, mark: int, remaining: int, resets_s: float | None) -> None:
        """Compare what all have used with what we sent."""
        limit = self._limit or 0
        later = self._total - mark
        used_by_all = max(0, limit - remaining)
        self._note_others(now, max(0, used_by_all - (self._used - later)))
        self._left = remaining - later
        self._told_end = resets_s is not None
        rest_s = self._probe_s if resets_s is None else min(max(resets_s, 0.0), LONGEST_ASKED_S)
        self._left_until = now + rest_s

    def _note_others(self, now: float, use: int) -> None:
        self._turn_block(now)
        self._others[0] = max(self._others[0], use)

    def _others_use(self, now: float) -> int:
        """Say the most that others used within the last one to two windows."""
        self._turn_block(now)
        return max(self._others)

    def _turn_block(self, now: float) -> None:
        if now < self._block_ends:
            return
        gone = now >= self._block_ends + self._window_s
        self._others = [0, 0 if gone else self._others[0]]
        self._block_ends = now + self._window_s

    def _relax(self, now: float) -> None:
        if self._squeeze == 1_000 or now <= self._relaxed_at:  # noqa: PLR2004 - the whole
            return
        windows = int((now - self._relaxed_at) / self._window_s)
        if windows:
            self._squeeze = min(1_000, self._squeeze + windows * RELAX_PERMILLE)
            self._relaxed_at += windows * self._window_s
