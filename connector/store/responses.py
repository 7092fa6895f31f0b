"""Statements about rows of exports: which responses are known, what is new, what was edited.

A whole archive comes every day, so most rows are known: they are told by key and content, and
only what is new or changed becomes a signal, in the commit that moves the cursor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from connector.domain.response import ExportRow, Responses, Row, same_answers
from connector.domain.signal import (
    Batch,
    Channel,
    Contact,
    Item,
    Signal,
    Unreadable,
    signal_id,
)
from connector.store import codec, content, signals
from connector.store import response_rows as rows_of
from connector.store.response_bulk import STATES, first_known, insert_unknown
from connector.store.response_rows import Known, State
from connector.store.signals import Taken
from connector.store.store import Tx

MAX_WATCHED: Final = 1_000
"""Of so many open cases of one source it is looked whether their answers were withdrawn."""
KEYS_AT_ONCE: Final = 5_000
"""So many keys of a file are looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done about one row."""

    row: Row
    known: Known | None
    """What is known from now on; None leaves what there is."""


_SEEN: Final = Decision(row=Row.SEEN, known=None)
_STALE: Final = Decision(row=Row.STALE, known=None)


def decide(found: Known | None, entry: ExportRow, form: bytes, version: bytes) -> Decision:
    """Compare a row with what is known of its response; pure."""
    content = form + entry.content
    if found is None:
        known = first_known(entry, form, version)
        return Decision(row=entry.passed or Row.NEW, known=known)
    known_form = found.content[: len(form)] == form
    if known_form and same_answers(found.content, content):
        return _SEEN
    if not known_form:  # its columns are read in another way now
        return Decision(row=Row.SEEN, known=found._replace(content=content, version=version))
    if found.stamp > entry.stamp:
        return _STALE
    twice = found.version == version and found.stamp == entry.stamp
    if twice or found.state == State.CLASH:
        return Decision(row=Row.PARSE_ERROR, known=found._replace(state=State.CLASH))
    changed = found._replace(content=content, version=version, stamp=entry.stamp)
    return _changed(found, changed, entry)


def _changed(found: Known, changed: Known, entry: ExportRow) -> Decision:
    if found.state in {State.JUDGED, State.WITHDRAWN}:
        changed = changed._replace(revision=found.revision + 1, state=State.JUDGED)
        return Decision(row=Row.EDITED, known=changed)
    if entry.passed is not None:
        return Decision(row=entry.passed, known=changed._replace(state=STATES[entry.passed]))
    return Decision(row=Row.NEW, known=changed._replace(state=State.JUDGED))


def take(tx: Tx, tenant: str, name: str, kind: str, batch: Batch, rows: Responses) -> Taken:
    """Store what is new or changed among the rows and move the cursor, all in one commit."""
    work = _Work(tx, tenant, name, rows)
    work.run()
    if rows.last:
        work.notice_withdrawn()
    counts = work.finish()
    counts[Row.SEEN] += rows.passed_blocks
    rows_of.count(tx, tenant, name, counts)
    signals.move(tx, tenant, name, kind, batch.cursor, heard=len(rows) > 0)
    return Taken(new=len(work.fresh), known=counts[Row.SEEN], unreadable=counts[Row.PARSE_ERROR])


class _Work:
    """The rows of one batch on their way into the tables."""

    def __init__(self, tx: Tx, tenant: str, name: str, rows: Responses) -> None:
        self.fresh: dict[bytes, Item] = {}
        self._tx, self._tenant, self._source = tx, tenant, name
        self._rows = rows
        self._names = rows_of.namer(tx.secret, tenant, name)
        self._items: list[tuple[bytes | None, Item]] = []
        self._changed: dict[bytes, Known] = {}
        self._counts: Counter[str] = Counter()
        self._marks: dict[bytes, list[bytes]] = {}
        export = rows.export
        self._form, self._version = export.form, export.version
        entries = [one for one in rows.entries if isinstance(one, ExportRow)]
        ids = self._names([one.key for one in entries])
        written = insert_unknown(tx.connection, entries, ids, self._form, self._version)
        if written is not None:
            self._counts.update(written)
            entries, ids = [], []
        self._named = list(zip(entries, ids, strict=True))
        self._known = rows_of.known(tx.connection, ids)
        self._replaced = self._replacements(self._named)

    def run(self) -> None:
        """Decide about all rows; most are known and unchanged, or too old to be judged."""
        known, form = self._known, self._form
        for entry, identity in self._named:
            found = known.get(identity)
            if found is not None and found.content == form + entry.content:
                self._counts[Row.SEEN] += 1
            else:
                self._do(entry, identity, found)
        for problem in self._rows.entries:
            if isinstance(problem, Unreadable):
                self._items.append((None, problem))
                self._counts[Row.PARSE_ERROR] += 1

    def _do(self, entry: ExportRow, identity: bytes, found: Known | None) -> None:
        """Decide about one row."""
        decision = decide(found, entry, self._form, self._version)
        if found is None:
            decision, found = self._first(identity, entry, decision)
        self._counts[decision.row] += 1
        if decision.known is not None:
            self._known[identity] = self._changed[identity] = decision.known
        if decision.row is Row.PARSE_ERROR:
            self._items.append((None, self._rows.clash(entry)))
        elif decision.row in {Row.NEW, Row.EDITED} and decision.known is not None:
            item = self._rows.make(entry)
            if isinstance(item, Signal) and decision.row is Row.EDITED:
                item = revised(item, entry, decision.known.revision, found)
            self._items.append((identity, item))

    def _first(
        self, identity: bytes, entry: ExportRow, decision: Decision
    ) -> tuple[Decision, Known | None]:
        """Take a response that was not known for the edited version of one that is gone."""
        if not entry.traces or decision.known is None:
            return decision, None
        self._marks[identity] = self._keys(entry)
        gone = next((one for one in self._marks[identity] if one in self._replaced), None)
        if gone is None or entry.passed is not None:
            return decision, None
        before, found = self._replaced[gone]
        self._replaced = {key: one for key, one in self._replaced.items() if one[0] != before}
        rows_of.forget_traces(self._tx.connection, [before])
        self._changed[before] = found._replace(state=State.WITHDRAWN)
        known = decision.known._replace(revision=found.revision + 1)
        return Decision(row=Row.EDITED, known=known), found

    def _keys(self, entry: ExportRow) -> list[bytes]:
        return rows_of.trace_keys(self._tx.secret, self._tenant, self._source, entry.traces)

    def _replacements(
        self, named: Sequence[tuple[ExportRow, bytes]]
    ) -> dict[bytes, tuple[bytes, Known]]:
        """Find, by mark, responses without an id that are gone from the file."""
        keys = [
            key
            for entry, identity in named
            if entry.traces and identity not in self._known
            for key in self._keys(entry)
        ]
        traced = rows_of.traced(self._tx.connection, keys)
        ids = list({one for those in traced.values() for one in those})
        met = rows_of.known(self._tx.connection, ids)
        candidates = {
            identity
            for identity, one in met.items()
            if one.version != self._version and one.state == State.JUDGED
        }
        gone = self._gone(candidates)
        return {
            key: (one, met[one]) for key, those in traced.items() for one in those if one in gone
        }

    def _gone(self, wanted: set[bytes]) -> set[bytes]:
        """Those that are not in the file, if that holds others that were known before."""
        if not wanted:
            return wanted
        missing, older = set(wanted), False
        try:
            for ids in self._ids_of_file():
                missing.difference_update(ids)
                if not missing:
                    break
                met = {} if older else rows_of.known(self._tx.connection, ids)
                older = older or any(one.version != self._version for one in met.values())
        except OSError:
            return set()  # it is being replaced: the next reading sees all of it
        return missing if older else set()

    def _ids_of_file(self) -> Iterator[list[bytes]]:
        keys = iter(self._rows.export.read_keys())
        while some := list(islice(keys, KEYS_AT_ONCE)):
            yield self._names(some)

    def notice_withdrawn(self) -> None:
        """Tell of answers whose case is open and that are gone from the file they came from."""
        connection = self._tx.connection
        watched = rows_of.watched(connection, self._tenant, self._source, MAX_WATCHED)
        bodies = content.get_all(connection, [one.content_id for one in watched])
        path = self._rows.export.path
        here = {
            one.id: one
            for one in watched
            if (body := bodies.get(one.content_id))
            and codec.locator_of(body).rpartition("#")[0] == path
        }
        for identity in sorted(self._gone(set(here)) - self._changed.keys()):
            signal = withdrawn(self._tenant, self._source, path, here[identity].signal_id)
            self._items.append((None, signal))
            known = rows_of.known(connection, [identity])[identity]
            self._changed[identity] = known._replace(state=State.WITHDRAWN)
            rows_of.forget_traces(connection, [identity])

    def finish(self) -> Counter[str]:
        """Store signals and responses; gives how many rows came to each end."""
        named = [(signal_id(self._tx.secret, item), at, item) for at, item in self._items]
        there = signals.known(self._tx.connection, [one for one, _, _ in named])
        for heard, at, item in named:
            if heard in there or heard in self.fresh:
                self._again(at, item)
            else:
                self.fresh[heard] = item
            if at is not None:
                self._changed[at] = self._known[at]._replace(signal_id=heard)
        signals.store_new(self._tx, self.fresh)
        rows_of.put(self._tx.connection, self._changed)
        rows_of.add_traces(self._tx.connection, self._marks)
        return self._counts

    def _again(self, at: bytes | None, item: Item) -> None:
        """Count a signal as known although its row was not: it is older than this table."""
        if at is None and isinstance(item, Signal):
            return
        row = Row.PARSE_ERROR
        if isinstance(item, Signal):
            row = Row.EDITED if ":rev:" in item.natural_key else Row.NEW
        self._counts[row] -= 1
        self._counts[Row.SEEN] += 1


def revised(item: Signal, entry: ExportRow, revision: int, found: Known | None) -> Signal:
    """Give a signal about an edited response, with an identity of its own and whose edit it is."""
    key = f"{item.natural_key}:rev:{revision}:{entry.content.hex()}"
    facts = dict(item.facts)
    if found is not None and found.signal_id is not None:
        facts["edit_of"] = found.signal_id.hex()
    if entry.traces:
        facts["edit_unsure"] = True
    return replace(item, natural_key=key, facts=facts)


def withdrawn(tenant: str, source: str, path: str, before: bytes) -> Signal:
    """Give the signal that an answer is gone from the export in which it stood."""
    return Signal(
        tenant=tenant,
        source=source,
        natural_key=f"withdrawn:{before.hex()}",
        locator=f"{path}#withdrawn",
        channel=Channel.SURVEY,
        event_time=None,
        contact=Contact(),
        facts={"edit_of": before.hex(), "withdrawn": True},
        raw=b"withdrawn",
    )
