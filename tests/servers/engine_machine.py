"""Store, casework, delivery and a helpdesk in every weather, driven by hypothesis.

Now and then somebody puts yesterday's database back, or changes the configuration.

Promises that are looked at after every step: no ticket and no note twice, the order within
each case, a ledger that holds, an account that balances. At the end the weather clears, and
everything that was ever heard must have arrived.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from servers.desk import Desk, FeedingDesk, Killed, Ticket
from servers.hearing import PRIVACY, called, said

from connector import crash
from connector.domain.assessment import Assessment
from connector.domain.ledger import LedgerEntry, verify
from connector.domain.signal import Batch, Contact, Cursor, Item, Signal, signal_id
from connector.domain.ticket import Change, TicketStatus, UpdateTicket
from connector.pipeline import casework as casework_room
from connector.pipeline import delivery as delivery_room
from connector.pipeline import feed as feed_room
from connector.pipeline import intake as intake_room
from connector.pipeline import recovering
from connector.pipeline import sync as sync_room
from connector.pipeline.casework import Casework
from connector.pipeline.delivery import Delivery
from connector.pipeline.intake import Intake
from connector.pipeline.reconcile import account
from connector.pipeline.settings import PipelineSettings
from connector.pipeline.sync import Sync
from connector.store import codec, content, ledger, outbox, parked
from connector.store.engine import DATABASE
from connector.store.store import Store
from connector.testing.builders import Clock, a_store, opinion_of_facts, some_rules
from connector.testing.memory_source import MemorySource, an_unreadable
from connector.triage.settings import TriageSettings

SETTLE_S = 90
LATE_S = 80
"""A late effect comes before the settle time is over: that is what the time is for."""
PEOPLE = [Contact(name=f"P{n} Patient", email=f"p{n}@example.com") for n in range(4)]
WEATHERS = ["mute", "late", "lost", "down", "unavailable", "limited", "unauthorised", "conflict"]
DEADLY = ["intake.fetched", "intake.committed", "casework.decided", "casework.committed"]
DEADLY += ["delivery.claimed", "delivery.sent", "delivery.committed"]


TALKATIVE = [casework_room, delivery_room, intake_room, recovering, sync_room, feed_room]


def opinion_of_machines(signal: Signal, settings: TriageSettings) -> Assessment:
    """Park what is marked as a machine's, and go by the facts for the rest."""
    facts = dict(signal.facts)
    if "automatic" in facts:
        facts["lane"] = "park"
    return opinion_of_facts(replace(signal, facts=facts), settings)


class Mailbox(MemorySource):
    """A source from which settled items can be moved away, as a mailbox may be configured."""

    def __init__(self) -> None:
        super().__init__(batch_size=3)
        self.moves = False

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        for batch in super().read(after):
            left = tuple(
                item for item in batch.items if not (self.moves and item.locator in self.settled)
            )
            yield Batch(items=left, cursor=batch.cursor)


class Engine(RuleBasedStateMachine):
    """One practice through good days and bad ones."""

    restores = True
    """False for a hunt after a fault that has nothing to do with it: found sooner."""
    people = True
    """Likewise for what agents do."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.desk = Desk(self.clock)
        self.desk.late_by *= LATE_S / 60
        self.source = Mailbox()
        self.revision = 0
        self.backup: Path | None = None
        self.lost: dict[str, int] = {}
        """How many changes each ticket had when the database was last put back."""
        self.heard: list[Item] = []
        self.directory = Path(tempfile.mkdtemp(prefix="amends-machine-"))
        self.dropped: list[Store] = []
        self.deadly = ""
        self.patches = [
            *(patch.object(room, "log", Mock()) for room in TALKATIVE),
            patch.object(casework_room, "assess", opinion_of_machines),
            patch.object(crash, "point", self._point),
        ]
        for one in self.patches:
            one.start()

    @initialize(moves=st.booleans(), feeds=st.booleans())
    def start(self, moves: bool, feeds: bool) -> None:
        self.source.moves = moves
        if feeds and self.people:
            late_by = self.desk.late_by
            self.desk = FeedingDesk(self.clock)
            self.desk.late_by = late_by
        self._open()

    # the world

    @rule(
        who=st.sampled_from(PEOPLE),
        severity=st.integers(1, 4),
        lane=st.sampled_from(["ticket", "ticket", "ticket", "review", "count", "park"]),
        private=st.booleans(),
    )
    def somebody_writes(self, who: Contact, severity: int, lane: str, private: bool) -> None:
        facts: dict[str, Any] = {"severity": severity, "lane": lane}
        if lane == "park":
            facts |= {"lane": "ticket", "automatic": "list"}
        if private:
            facts["categories"] = PRIVACY
        self._arrives(said(len(self.heard) + 1, who, **facts))

    @rule()
    def a_person_releases_what_was_parked(self) -> None:
        with self.store.read() as connection:
            rows = parked.listing(connection, limit=1)
        for row in rows * 2:  # twice is harmless
            self._release(row)

    def _release(self, row: Any) -> None:
        self.store.write(lambda tx: parked.release(tx, row))

    @rule(number=st.integers(1, 2))
    def somebody_rings_in_vain(self, number: int) -> None:
        self._arrives(called(len(self.heard) + 1, f"+493011{number}"))

    @rule()
    def something_unreadable_arrives(self) -> None:
        self._arrives(an_unreadable(len(self.heard) + 1))

    @precondition(lambda self: self.heard)
    @rule()
    def the_source_is_read_from_the_beginning(self) -> None:
        """The mailbox was renumbered, the file exported anew."""
        with self._mortal():
            for batch in self.source.read(None):
                self.intake._take(batch)

    @rule(
        on=st.sampled_from(["open", "note", "update", "find", "look", "any"]),
        weathers=st.lists(st.sampled_from(WEATHERS), min_size=1, max_size=4),
    )
    def clouds_gather(self, on: str, weathers: list[str]) -> None:
        self.desk.storm(*weathers, on=on)

    @rule(
        who=st.sampled_from(PEOPLE),
        sending=st.sampled_from(WEATHERS[:3]),
        looking=st.sampled_from(["fine", *WEATHERS[2:], "rejected"]),
        pauses=st.tuples(*[st.sampled_from([1, 10, SETTLE_S + 1, 900])] * 2),
        reworded=st.booleans(),
    )
    def somebody_writes_on_a_bad_day(
        self, who: Contact, sending: str, looking: str, pauses: tuple[int, int], reworded: bool
    ) -> None:
        """The answer to a new ticket is lost, and looking for it has its own weather."""
        self._arrives(said(len(self.heard) + 1, who))
        self.desk.storm(sending, on="open")
        self.desk.storm(looking, on="find")
        self.everything_has_its_turn()
        self.revision += reworded
        for seconds in pauses:
            self.clock.advance(seconds)
            self.changes_are_delivered(4)

    @rule(on=st.sampled_from(["open", "note", "any"]), when=st.sampled_from(["before", "after"]))
    def a_power_cut_is_due_within_a_request(self, on: str, when: str) -> None:
        self.desk.storm(f"killed_{when}", on=on)

    @rule(refusal=st.sampled_from(["rejected", "unauthorised", "unavailable"]))
    def searching_is_refused(self, refusal: str) -> None:
        self.desk.climate["find"] = refusal

    @rule()
    def searching_works_again(self) -> None:
        self.desk.climate.clear()

    @precondition(lambda self: self.people and self._living())
    @rule(data=st.data(), status=st.sampled_from(TicketStatus))
    def an_agent_closes_or_opens_a_ticket(self, data: st.DataObject, status: TicketStatus) -> None:
        self.desk.sets_status(self._some(data), status)

    @precondition(lambda self: self.people and self._living())
    @rule(data=st.data(), public=st.booleans(), by=st.sampled_from(["kim", ""]))
    def somebody_writes_on_a_ticket(self, data: st.DataObject, public: bool, by: str) -> None:
        kind = "public_reply" if public else "note"
        self.desk.happens(self._some(data), kind, actor=by)

    @precondition(lambda self: self.people and self._living())
    @rule(data=st.data(), severity=st.integers(1, 4))
    def an_agent_edits_a_ticket(self, data: st.DataObject, severity: int) -> None:
        ticket = self._some(data)
        ticket.severity = severity
        if ticket.tags:
            ticket.tags.discard(data.draw(st.sampled_from(sorted(ticket.tags))))
        self.desk.happens(ticket, "field")

    @precondition(lambda self: self.people and self._living())
    @rule(data=st.data())
    def an_agent_deletes_a_ticket(self, data: st.DataObject) -> None:
        ticket = self._some(data)
        ticket.deleted = True
        self.desk.touched(ticket)

    @precondition(lambda self: self.people and len(self._living()) > 1)
    @rule(data=st.data())
    def an_agent_merges_two_tickets(self, data: st.DataObject) -> None:
        ticket = self._some(data)
        others = [one for one in self._living() if one is not ticket]
        ticket.merged_into = data.draw(st.sampled_from(others)).id
        self.desk.touched(ticket)

    @precondition(lambda self: self.people)
    @rule(who=st.sampled_from(PEOPLE), severity=st.integers(1, 4))
    def an_edit_is_seen_and_a_graver_complaint_comes(self, who: Contact, severity: int) -> None:
        self._arrives(said(len(self.heard) + 1, who, severity=2))
        self.everything_has_its_turn()
        self._look_in_a_while()
        for ticket in self._living()[-1:]:
            ticket.severity = severity
            self.desk.happens(ticket, "field")
        self._look_in_a_while()
        self._arrives(said(len(self.heard) + 1, who, severity=4))
        self.everything_has_its_turn()

    @precondition(lambda self: self.people)
    @rule(pair=st.permutations(PEOPLE), looks=st.booleans())
    def a_ticket_is_merged_under_a_doubted_note(self, pair: list[Contact], looks: bool) -> None:
        first = self._hears_of(pair[0])
        into = self._hears_of(pair[1])
        self.desk.storm("mute", on="note")
        self._hears_of(pair[0])
        living = self._living()
        if first in living and into in living and first is not into:
            assert first is not None
            assert into is not None
            first.merged_into = into.id
            self.desk.touched(first)
        if looks:
            self._look_in_a_while()
        self.clock.advance(SETTLE_S + 10)
        self.changes_are_delivered(4)

    # the daemon

    @rule()
    def sources_are_read(self) -> None:
        with self._mortal():
            self.intake.pull()

    @rule()
    def cases_are_worked_off(self) -> None:
        with self._mortal():
            while self.casework.step():
                pass

    @rule(steps=st.integers(1, 6))
    def changes_are_delivered(self, steps: int) -> None:
        with self._mortal():
            for _ in range(steps):
                if not self.delivery.step():
                    return

    @rule()
    def everything_has_its_turn(self) -> None:
        self.sources_are_read()
        self.cases_are_worked_off()
        recovering.step(self.store, "practice", ["memory"])
        self.changes_are_delivered(8)

    @rule()
    def tickets_are_looked_at(self) -> None:
        with self._mortal():
            self.sync.step()

    @rule(seconds=st.sampled_from([1, 10, 45, SETTLE_S, 300, 3_600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(point=st.sampled_from(DEADLY))
    def a_power_cut_is_due(self, point: str) -> None:
        self.deadly = point

    @rule(who=st.sampled_from(PEOPLE), point=st.sampled_from(DEADLY[:2]))
    def the_power_is_cut_while_a_mail_is_fetched(self, who: Contact, point: str) -> None:
        self._arrives(said(len(self.heard) + 1, who))
        self.deadly = point
        self.sources_are_read()
        self.deadly = ""

    @rule()
    def the_power_is_cut(self) -> None:
        self._die()

    @rule()
    def the_daemon_is_restarted(self) -> None:
        self.store.close()
        self._open()

    @rule()
    def the_configuration_changes(self) -> None:
        """From now on everything is worded otherwise; what is owed already keeps its bytes."""
        self.revision += 1

    @precondition(lambda self: self.restores)
    @rule()
    def a_backup_is_made(self) -> None:
        self.backup = self.directory / "backup.db"
        with closing(sqlite3.connect(self.directory / "state" / DATABASE)) as live:
            self.backup.unlink(missing_ok=True)
            live.execute("VACUUM INTO ?", (str(self.backup),))

    @precondition(lambda self: self.backup is not None)
    @rule()
    def yesterdays_database_is_put_back(self) -> None:
        """By hand, without a word to anybody; mails that were moved away are moved back."""
        assert self.backup is not None
        self.store.close()
        for path in (self.directory / "state").glob(f"{DATABASE}*"):
            path.unlink()
        shutil.copy(self.backup, self.directory / "state" / DATABASE)
        self.source.settled.clear()
        self.desk.sent.clear()
        self.lost = {key: len(ticket.changes) for key, ticket in self.desk.tickets.items()}
        self._open()

    @precondition(lambda self: self.restores)
    @rule(who=st.sampled_from(PEOPLE), pause=st.sampled_from([1, SETTLE_S + 1]))
    def a_day_is_lost(self, who: Contact, pause: int) -> None:
        """What somebody wrote was answered; then the copy of the evening before is put back."""
        self.a_backup_is_made()
        self._arrives(said(len(self.heard) + 1, who))
        self.everything_has_its_turn()
        self.yesterdays_database_is_put_back()
        for _ in range(2):
            self.everything_has_its_turn()
            self.clock.advance(pause)

    # what must hold

    def teardown(self) -> None:
        try:
            if hasattr(self, "store"):
                self._clear_up()
                self._look()
                self._look_at_the_end()
        finally:
            self._put_away()

    def _clear_up(self) -> None:
        self.desk.forecast.clear()
        self.desk.climate.clear()
        self.deadly = ""
        self.everything_has_its_turn()
        self._deliver_all()
        for _ in range(
            3 if self.people else 0
        ):  # a look may owe something, which is looked at in turn
            self.clock.advance(21_601)
            while self.sync.step():
                pass
            self._deliver_all()

    def _deliver_all(self) -> None:
        idle = 0
        while idle < 3:  # what waits behind a deleted ticket waits for ever
            self.clock.advance(1_000)
            idle += 1
            while self.delivery.step():
                idle = 0
            with self.store.read() as connection:
                if not outbox.undone(connection):
                    return

    def _look(self) -> None:
        assert self.desk.copies() == [], "something is in the helpdesk twice"
        assert self.desk.altered == [], "something was sent again in other bytes"
        turns = self._rows("SELECT key, case_id, seq FROM outbox")
        turn_of = {row.key: (row.case_id, row.seq) for row in turns}
        for ticket in self.desk.tickets.values():
            since = ticket.changes[self.lost.get(ticket.id, 0) :]
            order = [turn_of[key] for key in dict.fromkeys(since) if key in turn_of]
            for case_id in {turn[0] for turn in order}:
                mine = [seq for case, seq in order if case == case_id]
                assert mine == sorted(mine), "the order within a case was lost"

    def _look_at_the_end(self) -> None:
        found = account(self.store)
        assert found.imbalance == 0, found.line()
        assert found.outcomes["waiting"] == 0
        gone = self._cases_without_a_ticket()
        rows = self._rows("SELECT DISTINCT state, case_id FROM outbox")
        states = {row.state for row in rows if row.case_id not in gone}
        assert states <= {"done"}, f"not everything arrived: {states}"
        if self.people:
            self._look_at_people()
        known = {bytes(row.id): row for row in self._rows("SELECT * FROM signal")}
        for item in self.heard:
            row = known.get(signal_id(self.store.secret, item))
            assert row is not None, "something heard was lost"
            if row.outcome in {"opened", "joined"} and row.case_id not in gone:
                self._told(row)
        with self.store.read() as connection:
            faults = [
                fault
                for chain in ledger.chains(connection)
                for fault in verify(ledger.entries(connection, chain))
            ]
        assert faults == []

    def _told(self, row: Any) -> None:
        end = "open" if row.outcome == "opened" else "note"
        key = f"{bytes(row.id).hex()}.{end}"
        there = [ticket for ticket in self.desk.tickets.values() if key in ticket.changes]
        assert len(there) == 1, "a complaint is not in the helpdesk"
        chains = [self._chain(ticket) for ticket in self.desk.of_case(row.case_id)]
        assert any(there[0] in chain for chain in chains), "a complaint is on another's ticket"

    def _look_at_people(self) -> None:
        """What agents did was followed: each event is known once, and their edits stand."""
        observed = {(row.ticket_id, row.event_id) for row in self._rows("SELECT * FROM observed")}
        recorded = [
            (entry.body["ticket"], entry.body["event"])
            for entry in self._entries()
            if entry.action == "ticket.observed"
        ]
        assert len(recorded) == len(set(recorded)), "an event is on record twice"
        assert set(recorded) == observed
        for case in self._rows("SELECT * FROM cases WHERE state = 'open' AND ticket_id <> ''"):
            ticket = self.desk.tickets[case.ticket_id]
            told = {(ticket.id, event.id) for event in ticket.events}
            assert told <= observed, "something that happened was not seen"
            if not self.lost and ticket.case_id == case.id:
                self._look_at_edits(case.id, ticket)
        self._look_at_updates()

    def _look_at_edits(self, case_id: str, ticket: Ticket) -> None:
        marks = self._rows(f"SELECT name FROM edit WHERE theirs = 1 AND case_id = '{case_id}'")  # noqa: S608 - an id of ours
        theirs = {row.name for row in marks}
        ours = {tag for tag, there in ticket.wrote.items() if there is True}
        assert {f"tag:{tag}" for tag in ours - ticket.tags} <= theirs, "an edit was not seen"
        changed = ticket.severity != ticket.wrote["severity"]
        assert changed == ("severity" in theirs), "a changed priority was not seen"

    def _look_at_updates(self) -> None:
        """No update that was made after an edit was seen names what was edited."""
        theirs: dict[str, set[str]] = {}
        for entry in self._entries():
            names = theirs.setdefault(entry.case_id, set())
            match entry.action:
                case "ticket.edited":
                    names.add(str(entry.body["name"]))
                case "ticket.edit_undone":
                    names.discard(str(entry.body["name"]))
                case "ticket.merged":
                    names.clear()
                case "change.owed" if entry.body["op"] == "update":
                    with self.store.read() as connection:
                        words = content.get(connection, int(str(entry.body["change_id"])))
                    assert words is not None
                    update = codec.change_from(words, b"", [])
                    assert isinstance(update, UpdateTicket)
                    named = {f"tag:{tag}" for tag in update.add_tags}
                    named |= {"severity"} if update.severity else set()
                    assert not named & names, "an agent's edit was overwritten"
                case _:
                    pass

    # who is there

    def _hears_of(self, who: Contact) -> Ticket | None:
        """Let somebody write, and give the ticket where it is told, if it is there by then."""
        item = said(len(self.heard) + 1, who)
        self._arrives(item)
        self.everything_has_its_turn()
        key = signal_id(self.store.secret, item).hex()
        there = (
            ticket
            for ticket in self.desk.tickets.values()
            if {f"{key}.open", f"{key}.note"} & set(ticket.changes)
        )
        return next(there, None)

    def _look_in_a_while(self) -> None:
        self.clock.advance(301)
        self.tickets_are_looked_at()

    def _living(self) -> list[Ticket]:
        self.desk.catch_up()
        there = self.desk.tickets.values()
        return [ticket for ticket in there if not (ticket.deleted or ticket.merged_into)]

    def _some(self, data: st.DataObject) -> Ticket:
        return data.draw(st.sampled_from(self._living()))

    def _chain(self, ticket: Ticket) -> list[Ticket]:
        """The ticket and all into which it was merged, one after the other."""
        chain = [ticket]
        while chain[-1].merged_into:
            chain.append(self.desk.tickets[chain[-1].merged_into])
        return chain

    def _cases_without_a_ticket(self) -> set[str]:
        """Cases of which a ticket was deleted, as such or where it had been merged."""
        return {
            ticket.case_id
            for ticket in self.desk.tickets.values()
            if any(one.deleted for one in self._chain(ticket))
        }

    def _entries(self) -> list[LedgerEntry]:
        with self.store.read() as connection:
            return list(ledger.entries(connection, ledger.DAEMON_CHAIN))

    # how it is done

    def _arrives(self, item: Item) -> None:
        self.heard.append(item)
        self.source.put(item)

    def _rows(self, statement: str) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(sa.text(statement)))

    def _open(self) -> None:
        self.store = a_store(self.directory / "state", self.clock)
        self.source.fault = None
        self.intake = Intake(
            self.store,
            self.source,
            tenant="practice",
            kind="memory",
            pause=lambda: "",
            heartbeat=lambda: None,
        )
        rules = some_rules(self._prepare, pipeline=PipelineSettings(storm_cases_per_hour=100_000))
        self.casework = Casework(self.store, rules)
        self.delivery = self._delivery()
        self.delivery.recover()
        self.sync = Sync(self.store, lambda: self.desk, rules)

    def _delivery(self) -> Delivery:
        return Delivery(self.store, self.desk, settle_s=SETTLE_S, draw=lambda: 0.0)

    def _prepare(self, change: Change) -> bytes:
        return self.desk.prepare(change) + b" " * self.revision

    def _mortal(self) -> suppress:
        machine = self

        class Mortal(suppress):
            def __exit__(self, *error: object) -> bool:
                ended = bool(super().__exit__(*error))  # type: ignore[arg-type]
                if ended and error[0] is not None:
                    machine._die()
                machine._look()
                return ended

        return Mortal(Killed)

    def _point(self, name: str) -> None:
        if name == self.deadly:
            self.deadly = ""
            raise Killed

    def _die(self) -> None:
        """Leave everything lying about, as a dead process does; only its lock is let go."""
        dead = self.store
        self.dropped.append(dead)
        assert dead._lock_file is not None
        dead._lock_file.close()
        dead._lock_file = None
        self._open()

    def _put_away(self) -> None:
        for one in self.patches:
            one.stop()
        for store in [*self.dropped, *([self.store] if hasattr(self, "store") else [])]:
            store.close()
        shutil.rmtree(self.directory, ignore_errors=True)
