"""Who is known, for a whole batch: asked for once, and anew where the batch itself changed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from connector.domain.signal import Signal
from connector.pipeline import joining
from connector.store import cases
from connector.store.cases import Known
from connector.store.store import Tx

AT_ONCE = 500
"""So many contacts are asked for in one statement."""


class Acquaintance:
    """Open cases by contact, and how many cases each source founded; for one transaction."""

    def __init__(self, tx: Tx, signals: Iterable[Signal], window: timedelta) -> None:
        """Ask for all contacts of these signals; `window` is how far back founding counts."""
        self._tx = tx
        self._since = tx.now - window
        self._known: dict[tuple[str, bytes], list[Known]] = {}
        self._changed_keys: set[tuple[str, bytes]] = set()
        self._changed_cases: set[str] = set()
        self._founded: dict[tuple[str, str], int] = {}
        keys: dict[str, dict[bytes, None]] = {}
        for signal in signals:
            wanted = joining.search_keys(tx.secret, signal)
            keys.setdefault(signal.tenant, {}).update((one.key, None) for one in wanted)
        for tenant, found in keys.items():
            self._ask(tenant, list(found))

    def _ask(self, tenant: str, keys: Sequence[bytes]) -> None:
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            for key, known in cases.find_open(self._tx.connection, tenant, part):
                self._known.setdefault((tenant, key), []).append(known)

    def known(self, signal: Signal) -> list[Known]:
        """Open or held cases that carry one of the signal's contacts, oldest first."""
        wanted = dict.fromkeys(key.key for key in joining.search_keys(self._tx.secret, signal))
        places = [(signal.tenant, key) for key in wanted]
        found = [known for place in places for known in self._known.get(place, ())]
        if not self._changed_keys.isdisjoint(places) or any(
            known.case.id in self._changed_cases for known in found
        ):
            fresh = cases.find_open(self._tx.connection, signal.tenant, list(wanted))
            return [known for _, known in fresh]
        return sorted(found, key=lambda one: (one.case.opened_at, one.case.id, one.kind))

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

    def count(self, tenant: str, source: str) -> None:
        """Count a case that was founded just now."""
        self._founded[tenant, source] = self.founded(tenant, source) + 1
