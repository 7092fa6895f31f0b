"""Who is known, for a whole batch: asked for once, and anew where the batch itself changed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from connector.domain.case import Case, Group
from connector.domain.signal import Signal
from connector.pipeline import acquainting, joining
from connector.store import acquainted, cases, returning
from connector.store.acquainted import Pair
from connector.store.cases import Known
from connector.store.store import Tx

AT_ONCE = 500
"""So many contacts are asked for in one statement."""


class Acquaintance:
    """Open cases by contact, and how many cases each source founded; for one transaction."""

    def __init__(
        self, tx: Tx, signals: Iterable[Signal], window: timedelta, mark: str = ""
    ) -> None:
        """Ask for all contacts of these signals; `window` is how far back founding counts.

        `mark` is the form of the helpdesk's mark in subjects (`Capabilities.ticket_mark`).
        """
        self._tx = tx
        self._mark = mark
        self._since = tx.now - window
        self._known: dict[tuple[str, bytes], list[Known]] = {}
        self._changed_keys: set[tuple[str, bytes]] = set()
        self._changed_cases: set[str] = set()
        self._founded: dict[tuple[str, str], int] = {}
        self._done: set[tuple[str, ...]] = set()
        self._partners: dict[str, dict[bytes, Pair]] = {}
        keys: dict[str, dict[bytes, None]] = {}
        for signal in signals:
            wanted = joining.search_keys(tx.secret, signal)
            keys.setdefault(signal.tenant, {}).update((one.key, None) for one in wanted)
        for tenant, found in keys.items():
            pairs = acquainted.of_keys(tx.connection, tenant, list(found))
            self._partners[tenant] = acquainting.partners(pairs, found)
            others = {key: None for pair in pairs for key in (pair.email, pair.phone)}
            self._ask(tenant, list({**found, **others}))

    def _ask(self, tenant: str, keys: Sequence[bytes]) -> None:
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            for key, known in cases.find_open(self._tx.connection, tenant, part):
                self._known.setdefault((tenant, key), []).append(known)

    def known(self, signal: Signal) -> list[Known]:
        """Open or held cases that carry one of the signal's contacts, oldest first.

        Those that its subject names come with them, of the kinds `case_id` and `ticket`.
        """
        return self._named(signal) + self._met(signal)

    def _named(self, signal: Signal) -> list[Known]:
        ids, tickets = joining.case_ids(signal), joining.tickets(signal, self._mark)
        if not (ids or tickets):
            return []
        connection = self._tx.connection
        rows = [("case_id", row) for row in returning.by_id(connection, signal.tenant, ids)]
        found = returning.by_ticket(connection, signal.tenant, tickets)
        rows += [("ticket", row) for row in found]
        return [
            Known(case=cases.case_of(row), name="", kind=kind, channel=row.channel)
            for kind, row in rows
            if row.state != "closed"
        ]

    def _met(self, signal: Signal) -> list[Known]:
        wanted = dict.fromkeys(key.key for key in joining.search_keys(self._tx.secret, signal))
        pairs_of = self._partners.get(signal.tenant, {})
        wanted |= dict.fromkeys(acquainting.further(pairs_of, self._tx.secret, signal))
        places = [(signal.tenant, key) for key in wanted]
        pairs = [(key, one) for key in wanted for one in self._known.get((signal.tenant, key), ())]
        found = [known for _, known in pairs]
        if not self._changed_keys.isdisjoint(places) or any(
            known.case.id in self._changed_cases for known in found
        ):
            pairs = cases.find_open(self._tx.connection, signal.tenant, list(wanted))
            return [self._told_apart(signal, *pair) for pair in pairs]
        found = [self._told_apart(signal, *pair) for pair in pairs]
        return sorted(found, key=lambda one: (one.case.opened_at, one.case.id, one.kind))

    def _told_apart(self, signal: Signal, key: bytes, known: Known) -> Known:
        """Tell a thread from its weaker kinds: the mail's own id, the subject that it answers."""
        if known.kind != "thread":
            return known
        if key in joining.subject_keys(self._tx.secret, signal):
            return replace(known, kind="subject")
        if key in joining.own_id_keys(self._tx.secret, signal):
            return replace(known, kind="same_id")
        return known

    def person(self, signal: Signal, group: Group) -> bytes | None:
        """Say who a new case is about by what was brought together; None: nothing was.

        Also None where that person has a case of the group open, which this one did not join
        because its name did not agree: the database allows no second one.
        """
        pairs = self._partners.get(signal.tenant, {})
        person = acquainting.person(pairs, self._tx.secret, signal)
        if person is None or acquainted.taken(self._tx.connection, signal.tenant, person, group):
            return None
        return person

    def learn(self, signal: Signal, case: Case, shared: frozenset[str]) -> None:
        """Bring address and number together where the signal tells it for certain."""
        if acquainting.learn(self._tx, signal, case, shared):
            wanted = [one.key for one in joining.search_keys(self._tx.secret, signal)]
            pairs = acquainted.of_keys(self._tx.connection, signal.tenant, wanted)
            ours = self._partners.setdefault(signal.tenant, {})
            for key in wanted:
                ours.pop(key, None)
            ours |= acquainting.partners(pairs, wanted)

    def changed(self, case_id: str, tenant: str, keys: Iterable[bytes]) -> None:
        """Remember that a case was founded, raised or met under these contacts."""
        self._changed_cases.add(case_id)
        self._changed_keys.update((tenant, key) for key in keys)

    def founded(self, tenant: str, source: str) -> int:
        """How many cases a source founded within the window, those of this batch included."""
        place = (tenant, source)
        if place not in self._founded:
            self._founded[place] = cases.opened_since(
                self._tx.connection, tenant, source, self._since
            )
        return self._founded[place]

    def first(self, *what: str) -> bool:
        """Say whether something is done for the first time in this transaction."""
        known, before = self._done, len(self._done)
        known.add(what)
        return len(known) > before

    def count(self, tenant: str, source: str) -> None:
        """Count a case that was founded just now."""
        self._founded[tenant, source] = self.founded(tenant, source) + 1
