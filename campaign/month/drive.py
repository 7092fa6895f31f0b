"""The month itself, in turns of simulated minutes; one thread, one seed, the same every time."""

from __future__ import annotations

import heapq
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

from campaign.month import world
from campaign.month.book import Book
from campaign.month.border import Border
from campaign.month.hands import Hands, taken
from campaign.month.world import BEGIN, OUTAGE_BEGINS, OUTAGE_ENDS, Heard, Plan
from connector.domain.errors import Unavailable
from connector.domain.signal import Batch
from connector.paging.page import Page
from connector.paging.settings import PageRoute
from connector.pipeline import casework as casework_room
from connector.pipeline.casework import Casework
from connector.pipeline.delivery import Delivery
from connector.pipeline.paging import Pager
from connector.pipeline.promises import Promises
from connector.pipeline.rules import Rules
from connector.pipeline.settings import PipelineSettings
from connector.pipeline.sync import Sync
from connector.store import signals
from connector.store.store import Store
from connector.store.writer import Writer, _Task
from connector.testing.builders import Clock, a_store, opinion_of_facts
from connector.triage.settings import TriageSettings

PAGES_AWAY = (timedelta(days=5), timedelta(days=5, hours=6))
"""The mail server and the chat of the pages are away for a night of their own."""
LONGEST_TURN = 9
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
"""Nobody pulls the plug in this month: where there is such a folder, the state lies there."""


@dataclass(kw_only=True)
class Month:
    """What came of it."""

    book: Book
    store: Store
    hands: Hands
    border: Border
    sent: list[str] = field(default_factory=list)
    """Keys of pages, as often as they were sent."""
    acts: Counter[str] = field(default_factory=Counter)
    turns: int = 0
    heard: int = 0
    seconds: float = 0.0
    asleep: list[str] = field(default_factory=list)
    """Acts of agents that amends did not look at in time."""


class Driver:
    """Lets time pass."""

    def __init__(
        self,
        hands: Callable[[Callable[[], datetime]], Hands],
        *,
        seed: int,
        count: int,
        days: int,
        longest_turn: int = LONGEST_TURN,
    ) -> None:
        """`count` complaints within so many days, in a helpdesk of this kind."""
        self._chance = random.Random(seed)
        self._clock = Clock(BEGIN)
        self._end = BEGIN + timedelta(days=days)
        self._heard = world.complaints(self._chance, count, days)
        self._agenda: list[tuple[datetime, int, str, Plan]] = []
        self._number = 0
        self._acted: dict[str, datetime] = {}
        self._make_hands = hands
        self._share = days / 30
        self._longest_turn = longest_turn

    @contextmanager
    def run(self) -> Iterator[Month]:
        """Live through the month; what came of it can be looked at inside."""
        began = time.perf_counter()
        with ExitStack() as stack:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="amends-month-", dir=_quick_folder())
            )
            stack.enter_context(mock.patch.object(Writer, "run", _written_here))
            stack.enter_context(mock.patch.object(casework_room, "assess", opinion_of_facts))
            stack.enter_context(mock.patch.object(casework_room, "lexicon"))  # nobody reads words
            hands = self._make_hands(self._clock)
            stack.callback(hands.close)
            book = Book(BEGIN - timedelta(days=1))
            self._patience = hands.seen_within + 2 * timedelta(minutes=self._longest_turn)
            store = a_store(Path(folder) / "state", self._clock)
            stack.callback(store.close)
            border = Border(hands.plugin(), book, self._clock)
            stack.callback(border.close)
            self._month = Month(book=book, store=store, hands=hands, border=border)
            self._stages()
            self._live()
            self._month.seconds = time.perf_counter() - began
            yield self._month

    def _stages(self) -> None:
        month, paging = self._month, world.paging()
        rules = Rules(
            practice=world.PRACTICE,
            triage=TriageSettings(),
            recovery=world.recovery(),
            pipeline=PipelineSettings(storm_cases_per_hour=10_000, **month.hands.pace),
            prepare=month.border.prepare,
            sites=world.sites(),
            version="0" * 16,
        )
        self._casework = Casework(month.store, rules)
        self._delivery = Delivery(month.store, month.border, settle_s=0, draw=lambda: 0.0)
        self._sync = Sync(month.store, lambda: month.border, rules)
        self._promises = Promises(month.store, lambda: rules, paging.routes)
        self._pager = Pager(month.store, paging, world.PRACTICE, self._send)

    def _live(self) -> None:
        waiting = list(reversed(self._heard))
        while self._clock.now < self._end:
            now = self._clock.now
            self._month.turns += 1
            away = self._away(now)
            self._month.hands.away(away=away)
            self._month.hands.passes(now)
            if not away:
                self._people(now)
            while self._sync.step():
                pass
            while waiting and waiting[-1].at <= now:
                self._hears(replace(waiting.pop(), at=now))
            self._deliver()
            self._tick(now)
            self._deliver()
            while self._pager.step():
                pass
            self._check_sight(now)
            self._clock.advance(60 * self._chance.randint(1, self._longest_turn))
        self._month.hands.away(away=False)

    def _away(self, now: datetime) -> bool:
        """Say whether the helpdesk is away: from Friday evening to Monday morning."""
        return OUTAGE_BEGINS * self._share <= now - BEGIN < OUTAGE_ENDS * self._share

    def _hears(self, heard: Heard) -> None:
        month = self._month
        batch = Batch(items=(heard.signal,), cursor=str(heard.number))
        month.store.write(lambda tx: signals.take(tx, "practice", "memory", "memory", batch))
        while self._casework.step():
            pass
        month.book.hear(heard)
        month.heard += 1

    def _deliver(self) -> None:
        known = set(self._month.book.truth)
        while self._delivery.step():
            pass
        for ticket in sorted(set(self._month.book.truth) - known, key=int):
            self._intend(ticket)

    def _tick(self, now: datetime) -> None:
        store = self._month.store
        due = sa.text("SELECT count(*) FROM round WHERE ended_at IS NULL AND next_at <= :now")
        stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        while True:
            self._promises.tick()
            with store.read() as connection:
                if not connection.execute(due, {"now": stamp}).scalar():
                    break
        self._promises.tick()
        self._month.book.tick(now)

    def _send(self, route: PageRoute, page: Page, now: datetime) -> int:
        if PAGES_AWAY[0] <= now - BEGIN < PAGES_AWAY[1]:
            raise Unavailable(route.name, "did not answer")
        self._month.sent.append(page.key)
        return 0

    # agents

    def _intend(self, ticket: str) -> None:
        """Let an agent make a plan for a new ticket."""
        file = next(one for one in self._month.book.files if one.ticket == ticket)
        at = self._clock.now
        if file.second_look:
            answer = self._chance.choice(("right", "right", "wrong", "close"))
            at += timedelta(minutes=1 + int(self._chance.expovariate(1 / 900)))
            self._put(at, ticket, Plan(act=answer, after_minutes=0))
            if answer != "right":
                return
        for plan in world.intentions(self._chance):
            at += timedelta(minutes=plan.after_minutes)
            self._put(at, ticket, plan)

    def _put(self, at: datetime, ticket: str, plan: Plan) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (at, self._number, ticket, plan))

    def _people(self, now: datetime) -> None:
        while self._agenda and self._agenda[0][0] <= now:
            _, _, ticket, plan = heapq.heappop(self._agenda)
            before = dict(self._month.book.truth[ticket].fields)
            if self._do(ticket, plan, now):
                self._month.acts[plan.act] += 1
                if self._shows(ticket, plan.act, before):
                    self._acted.setdefault(ticket, now)

    def _shows(self, ticket: str, act: str, before: dict[str, str]) -> bool:
        """Say whether a product can tell that something was done: the same again is nothing."""
        after = self._month.book.truth[ticket].fields
        names = {*before, *after} - {"case"}  # not every product keeps that
        changed = any(after.get(name, "") != before.get(name, "") for name in names)
        filled = act == "fill" or (act == "call" and not self._month.hands.calls)
        return changed if filled else act not in {"assign", "untag"}

    def _do(self, ticket: str, plan: Plan, now: datetime) -> bool:
        """Do one thing, and let the clerk's truth know; False where it makes no sense now."""
        truth, hands = self._month.book.truth[ticket], self._month.hands
        act, values = self._in_this_product(plan)
        over = truth.ended_at is not None
        if truth.gone or truth.into or (over and act not in {"reopen", "fill"}):
            return False
        if act == "reopen" and not over:
            return False
        if act == "merge":
            return self._merge(ticket)
        if act == "untag" and not taken(values["tag"], hands.stands(ticket).tags):
            return False
        if act == "priority":
            values = {"severity": "1" if hands.stands(ticket).severity != 1 else "2"}
        hands.act(ticket, act, values)
        truth.did(now, act, values)
        return True

    def _in_this_product(self, plan: Plan) -> tuple[str, dict[str, str]]:
        """Say what an agent does here: where no calls are logged, a field says that they spoke."""
        if plan.act == "call" and not self._month.hands.calls:
            return "fill", {"first_contact": "reached"}
        return plan.act, dict(plan.values)

    def _merge(self, ticket: str) -> bool:
        others = [
            number
            for number, truth in self._month.book.truth.items()
            if not (truth.gone or truth.into or truth.ended_at or number == ticket or truth.wrong)
        ]
        if not others:
            return False
        into = self._chance.choice(others)
        self._month.hands.merge(ticket, into)
        said = self._month.hands.merge_says
        for one in (ticket, into) if said else ():
            self._month.book.truth[one].words.append((self._clock.now, said))
        self._month.book.truth[ticket].into = into
        return True

    def _check_sight(self, now: datetime) -> None:
        """Hold that what agents did was looked at soon, wherever it could be."""
        book = self._month.book
        looked = {one.ticket: one.looked for one in book.files}
        for ticket, at in list(self._acted.items()):
            seen = looked.get(ticket)
            gone = ticket not in looked  # merged away
            if gone or (seen is not None and seen >= at):
                del self._acted[ticket]
            elif now - at > self._patience and not self._away(now - self._patience):
                self._month.asleep.append(ticket)
                del self._acted[ticket]


def _written_here(writer: Any, work: Callable[[Any], Any], *, alone: bool = False) -> Any:
    """Write as the writer's thread does, in the month's only thread: switching takes longest."""
    if not hasattr(writer, "month"):
        writer.month = writer._engine.connect()  # noqa: SLF001 - the same steps, elsewhere
    task = _Task(work, Future(), alone)
    (writer._between if alone else writer._commit)(writer.month, [task])  # noqa: SLF001 - likewise
    return task.answer.result(0)


def _quick_folder() -> Path | None:
    return IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
