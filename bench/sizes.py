"""How much of everything a bench does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """One set of sizes; `QUICK` only shows that the benches work."""

    messages: int = 1_000
    """Mails in the mailbox that both read."""
    big_mailbox: int = 200_000
    """Mails in the mailbox that is read through a kill."""
    signals: int = 20_000
    """Signals taken in, in batches of 100."""
    deliveries: int = 4_000
    backlog: int = 10_000
    """Changes that wait behind a rate limit."""
    keys: int = 10_000_000
    """Known identities among which is looked."""
    lookups: int = 20_000
    stored: int = 1_000_000
    """Signals in the state that the daemon starts with."""
    mails: int = 200
    """Mails sent one by one for the latency."""
    mail_rounds: int = 7
    """How often every message of other projects is read for the speed."""
    rows: int = 1_000_000
    """Rows of a survey's export."""
    events: int = 1_000_000
    """Events of a phone system's channel log; `--long` reads LONG_EVENTS."""
    idle_s: int = 60


LONG_EVENTS = 10_000_000
"""Years of a practice: shows that memory does not grow with the log. Takes ten minutes."""
QUICK = Sizes(
    messages=20,
    big_mailbox=5_000,
    signals=500,
    deliveries=40,
    backlog=30,
    keys=20_000,
    lookups=500,
    stored=2_000,
    mails=5,
    mail_rounds=1,
    rows=50_000,
    events=60_000,
    idle_s=2,
)
