"""Verifying: chain arithmetic, checkpoints, commitments, and the tables against the ledger.

One pass over every chain in one consistent view, beside a running daemon. What is found
is a value; nothing here changes anything. Without a checkpoint kept elsewhere a whole
ledger is self-consistent, no more: see docs/audit.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.audit import accounting, reading
from connector.audit.accounting import Counts, Told
from connector.audit.checkpoint import Checkpoint, Head, heads_from
from connector.audit.commitments import ERASED_ACTION, Erasures, Held, held, mentions
from connector.audit.reading import Illegible
from connector.domain import ledger as arithmetic
from connector.domain.errors import LedgerError
from connector.domain.ledger import GENESIS, LedgerEntry
from connector.store import ledger
from connector.store.ledger import COMMAND_CHAIN, DAEMON_CHAIN
from connector.store.migrations.versions.v0001_first import APPEND_ONLY
from connector.store.schema import ledger as rows_of

OURS = frozenset({DAEMON_CHAIN, COMMAND_CHAIN})
"""The chains that amends writes."""
GUARDS = {
    f"ledger_no_{verb}": f"CREATE TRIGGER ledger_no_{verb} {guard}"
    for verb, guard in APPEND_ONLY.items()
}
"""Triggers by which SQLite itself refuses edits, word for word."""
VERIFIED = "audit.verified"
"""The entry that a verification leaves behind; it holds the heads it saw."""
MAX_FAULTS = 200
"""So many faults are told; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is not as amends wrote it."""

    what: str
    """A sentence without words of a patient."""
    chain: str = ""
    """The chain, or empty for what is no matter of one chain."""
    seq: int = 0
    """The entry in its chain, or 0."""


@dataclass(slots=True)
class Faults:
    """Faults on their way into a verification, with an end to the listing."""

    kept: list[Fault] = field(default_factory=list)
    total: int = 0

    def add(self, what: str, *, chain: str = "", seq: int = 0) -> None:
        """Keep a fault, or only count it."""
        self.total += 1
        if len(self.kept) < MAX_FAULTS:
            self.kept.append(Fault(what=what, chain=chain, seq=seq))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFound:
    """How one chain was found."""

    entries: int
    first_at: datetime | None
    last_at: datetime | None
    back_steps: int
    """How often an entry is earlier than the one before it: the clock was set back."""
    anchored: int
    """The last entry that a given checkpoint names, as it names it; 0 without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result."""

    checkpoint: Checkpoint
    """The heads as they were verified."""
    chains: Mapping[str, ChainFound]
    contents: Mapping[str, int]
    """Mentions of words by what became of them: intact, altered, erased, gone."""
    counts: Counts
    compared: int
    """How many given checkpoints it was compared with."""
    faults: tuple[Fault, ...]
    fault_count: int
    """All faults, those that are not listed included."""

    @property
    def ok(self) -> bool:
        """True when nothing was found."""
        return self.fault_count == 0

    def plain(self) -> dict[str, Any]:
        """Give it as JSON-ready values."""
        return {
            "ok": self.ok,
            "checkpoint": self.checkpoint.plain(),
            "chains": {name: _chain_plain(found) for name, found in self.chains.items()},
            "contents": dict(self.contents),
            "compared_tables": {
                "signals": self.counts.signals,
                "cases": self.counts.cases,
                "changes": self.counts.changes,
            },
            "compared_checkpoints": self.compared,
            "fault_count": self.fault_count,
            "faults": [
                {"chain": fault.chain, "entry": fault.seq, "what": fault.what}
                for fault in self.faults
            ],
        }


def verify(
    connection: Connection, *, instance: str, at: datetime, against: Sequence[Checkpoint] = ()
) -> Verification:
    """Verify everything that the connection sees; `instance` and `at` go into the checkpoint."""
    faults = Faults()
    _database(connection, faults)
    anchors = Anchors()
    for checkpoint in against:
        if checkpoint.instance != instance:
            faults.add(f"a checkpoint is of another state ({checkpoint.instance})")
        else:
            anchors.add(checkpoint.chains, "a checkpoint", given=True)
    for entry in reading.having_action(connection, VERIFIED):
        _remember(entry, anchors, faults)
    erasures = Erasures.of(reading.having_action(connection, ERASED_ACTION))
    walk = _Walk(connection=connection, erasures=erasures, anchors=anchors, faults=faults)
    names = sorted({*ledger.chains(connection), *anchors.wanted})
    chains = {name: walk.chain(name) for name in names}
    walk.count_gaps()
    _strays(connection, chains, faults)
    for what in accounting.compare(connection, walk.told):
        faults.add(what)
    return Verification(
        checkpoint=Checkpoint(instance=instance, at=at, chains=walk.heads),
        chains={name: found for name, found in chains.items() if found.entries},
        contents={state.value: walk.contents[state] for state in Held},
        counts=accounting.count(connection),
        compared=len(against),
        faults=tuple(faults.kept),
        fault_count=faults.total,
    )


@dataclass(slots=True)
class Anchors:
    """What entries must hash to, as somebody saw them."""

    wanted: dict[str, dict[int, dict[bytes, str]]] = field(default_factory=dict)
    """By chain and number: the hashes, each with who saw it."""
    given: dict[str, set[int]] = field(default_factory=dict)
    """Numbers that came from outside."""

    def add(self, heads: Mapping[str, Head], whose: str, *, given: bool) -> None:
        """Want these heads to be there."""
        for name, head in heads.items():
            self.wanted.setdefault(name, {}).setdefault(head.seq, {}).setdefault(head.hash, whose)
            if given:
                self.given.setdefault(name, set()).add(head.seq)


@dataclass(slots=True)
class _Chain:
    """Where the pass through one chain stands."""

    name: str
    prev: bytes = GENESIS
    seq: int = 0
    entries: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    back_steps: int = 0
    anchored: int = 0

    def step(self, entry: LedgerEntry) -> None:
        self.prev, self.seq = entry.hash, entry.seq
        if self.last_at is not None and entry.at < self.last_at:
            self.back_steps += 1
        self.first_at, self.last_at = self.first_at or entry.at, entry.at

    def found(self) -> ChainFound:
        return ChainFound(
            entries=self.entries,
            first_at=self.first_at,
            last_at=self.last_at,
            back_steps=self.back_steps,
            anchored=self.anchored,
        )


@dataclass(slots=True)
class _Walk:
    """One pass over the chains, gathering as it goes."""

    connection: Connection
    erasures: Erasures
    anchors: Anchors
    faults: Faults
    told: Told = field(default_factory=Told)
    heads: dict[str, Head] = field(default_factory=dict)
    contents: dict[Held, int] = field(default_factory=lambda: dict.fromkeys(Held, 0))
    gaps: set[int] = field(default_factory=set)
    """Numbers of contents that were erased on record."""

    def chain(self, name: str) -> ChainFound:
        at = _Chain(name=name)
        wanted = self.anchors.wanted.get(name, {})
        for found in reading.chain(self.connection, name):
            at.entries += 1
            if isinstance(found, Illegible):
                what = f"chain {name}: entry {found.seq} cannot be read: {found.what}"
                self.faults.add(what, chain=name, seq=found.seq)
                continue
            for what in arithmetic.verify((found,), prev=at.prev, seq=at.seq):
                self.faults.add(what, chain=name, seq=found.seq)
            at.step(found)
            if found.seq in wanted:
                self._anchor(at, wanted[found.seq])
            self._contents(found)
            self.told.take(found)
        if at.entries:
            self.heads[name] = Head(seq=at.seq, hash=at.prev)
            if name not in OURS:
                self.faults.add(f"chain {name}: amends writes no such chain", chain=name)
        self._missing(at, wanted)
        return at.found()

    def count_gaps(self) -> None:
        """Compare how many contents are gone with how many were erased on record."""
        if len(self.gaps) > self.erasures.rows:
            self.faults.add(
                f"{len(self.gaps)} contents are gone, but only {self.erasures.rows} were erased "
                "on record"
            )

    def _anchor(self, at: _Chain, wanted: Mapping[bytes, str]) -> None:
        for digest, whose in wanted.items():
            if digest != at.prev:
                what = f"chain {at.name}: entry {at.seq} is not the one that {whose} saw"
                self.faults.add(what, chain=at.name, seq=at.seq)
            elif at.seq in self.anchors.given.get(at.name, ()):
                at.anchored = at.seq

    def _missing(self, at: _Chain, wanted: Mapping[int, Mapping[bytes, str]]) -> None:
        for seq in sorted(number for number in wanted if number > at.seq):
            whose = next(iter(wanted[seq].values()))
            what = f"chain {at.name}: entry {seq} that {whose} saw is gone: the end was cut off"
            self.faults.add(what, chain=at.name, seq=seq)

    def _contents(self, entry: LedgerEntry) -> None:
        for mention in mentions(entry.body):
            state = held(self.connection, mention, self.erasures)
            self.contents[state] += 1
            where = f"chain {entry.chain_id}: entry {entry.seq}"
            if state is Held.ERASED:
                self.gaps.add(mention.content_id)
            elif state is not Held.INTACT:
                told = "was altered" if state is Held.ALTERED else "is gone without a record"
                what = f"{where}: content {mention.content_id} ({mention.what}) {told}"
                self.faults.add(what, chain=entry.chain_id, seq=entry.seq)


def _remember(entry: LedgerEntry, anchors: Anchors, faults: Faults) -> None:
    """Take the heads that an earlier verification found whole as something to compare with."""
    if entry.body.get("ok") is not True:
        return
    try:
        heads = heads_from(entry.body.get("chains"))
    except LedgerError:
        what = f"chain {entry.chain_id}: entry {entry.seq} names no heads"
        faults.add(what, chain=entry.chain_id, seq=entry.seq)
    else:
        anchors.add(heads, "an earlier verification", given=False)


def _database(connection: Connection, faults: Faults) -> None:
    """Look whether the database itself is whole and still guards the ledger."""
    if connection.dialect.name != "sqlite":
        return
    told = connection.execute(sa.text("PRAGMA integrity_check(1)")).scalar()
    if told != "ok":
        faults.add("the database is damaged: SQLite's own check failed")
    found = connection.execute(
        sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    ).all()
    there = {row[0]: row[1] for row in found}
    for guard, text in GUARDS.items():
        if there.get(guard) != text:
            faults.add(f"the database's guard {guard} against edits is gone or was changed")


def _strays(connection: Connection, chains: Mapping[str, ChainFound], faults: Faults) -> None:
    """Look whether every row was in one of the chains (a name may be no text)."""
    rows = connection.execute(sa.select(sa.func.count()).select_from(rows_of)).scalar_one()
    if strays := int(rows) - sum(found.entries for found in chains.values()):
        faults.add(f"{strays} rows of the ledger belong to no chain")


def _chain_plain(found: ChainFound) -> dict[str, Any]:
    return {
        "entries": found.entries,
        "first_at": arithmetic.timestamp(found.first_at) if found.first_at else None,
        "last_at": arithmetic.timestamp(found.last_at) if found.last_at else None,
        "clock_set_back": found.back_steps,
        "anchored_to": found.anchored,
    }
