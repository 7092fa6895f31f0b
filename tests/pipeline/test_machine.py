"""The engine in every weather, and planted faults that it must find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from servers.engine_machine import Engine, Mailbox

from connector import crash
from connector.pipeline import delivery as delivery_room
from connector.pipeline import edits as edits_room
from connector.pipeline import joining, merging
from connector.pipeline import owing as owing_room
from connector.pipeline.delivery import Delivery, Doubt
from connector.pipeline.intake import Intake, Pulled
from connector.pipeline.joining import Choice
from connector.pipeline.sync import Sync
from connector.pipeline.verdict import Attempt, Verdict, judge
from connector.store import outbox, restoring, signals
from connector.store.outbox import Owed

WEATHER = settings(
    max_examples=20,
    stateful_step_count=35,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
HUNT = settings(
    max_examples=150,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # the first find is enough: no search for the smallest
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


class TestEngine(Engine.TestCase):
    settings = WEATHER


def no_look() -> Any:
    """Send again what may have worked, without looking for it."""

    def blind(self: Delivery, owed: Owed, doubt: Doubt) -> None:
        doubt.standing = False
        if owed.doubted:
            self._store.write(lambda tx: outbox.intend(tx, owed))

    return patch.object(Delivery, "_look_for", blind)


def doubt_forgotten() -> Any:
    """Take a refusal to answer for an answer, as a prototype did."""

    def forgetful(error: Exception, attempt: Attempt, draw: Any) -> Verdict:
        verdict = judge(error, attempt, draw)
        refused = attempt.in_doubt and type(error).__name__ != "OutcomeUnknown"
        state = "ready" if refused else verdict.state
        return Verdict(state=state, due_at=verdict.due_at, code=verdict.code, effect=verdict.effect)

    return patch.object(delivery_room, "judge", forgetful)


def no_settle_time() -> Any:
    """Look at once, while a late effect is still on its way."""
    return patch.object(
        Engine,
        "_delivery",
        lambda self: Delivery(self.store, self.desk, settle_s=0, draw=lambda: 0.0),
    )


def cursor_first() -> Any:
    """Move the cursor in a commit of its own before the items are stored."""
    taking = Intake._take

    def early(self: Intake, batch: Any) -> Any:
        name = self.source.name
        empty = type(batch)(items=(), cursor=batch.cursor)
        self._store.write(lambda tx: signals.take(tx, self._tenant, name, self.kind, empty))
        crash.point("intake.committed")  # between the two commits
        return taking(self, batch)

    return patch.object(Intake, "_take", early)


def interruption_forgotten() -> Any:
    """After a crash, send again what was being sent."""

    def forget(tx: Any, due_at: datetime) -> int:
        del due_at
        tx.connection.execute(sa.text("UPDATE outbox SET state = 'ready' WHERE state = 'sending'"))
        return 0

    return patch.object(outbox, "doubt_interrupted", forget)


def order_forgotten() -> Any:
    """Let a later change of a case go before an earlier one is done."""

    def hasty(tx: Any, kinds: Any = None) -> Any:
        del kinds
        row = tx.connection.execute(
            sa.select(outbox.outbox, outbox.cases.c.ticket_id, outbox.cases.c.ticket_url)
            .join(outbox.cases, outbox.cases.c.id == outbox.outbox.c.case_id)
            .where(
                outbox.outbox.c.state.in_(("ready", "unknown")), outbox.outbox.c.due_at <= tx.now
            )
            .order_by(outbox.outbox.c.due_at, outbox.outbox.c.id)
        ).first()
        if row is None:
            return None
        owed = outbox._owed(tx, row)
        tx.connection.execute(
            sa.update(outbox.outbox)
            .where(outbox.outbox.c.id == owed.id)
            .values(attempts=owed.attempts)
        )
        if not owed.doubted:
            outbox.intend(tx, owed)
        return owed

    return patch.object(outbox, "claim", hasty)


@contextmanager
def index_dropped_and_joining_lost() -> Iterator[None]:
    """Without the unique index nothing forbids a second open case for one person."""
    opening = Engine._open

    def without(self: Engine) -> None:
        opening(self)
        self.store.write(
            lambda tx: tx.connection.exec_driver_sql("DROP INDEX IF EXISTS one_open_case") and None
        )

    def two_cases(self: Engine) -> None:
        looking(self)
        rows = self._rows(
            "SELECT count(*) FROM cases WHERE state <> 'closed' AND person IS NOT NULL "
            "GROUP BY tenant, person, grp HAVING count(*) > 1"
        )
        assert rows == [], "two open cases for one person and group"

    def alone(*_: object) -> Choice:
        return Choice(join=None, why="")

    looking = Engine._look
    with (
        patch.object(Engine, "_open", without),
        patch.object(Engine, "_look", two_cases),
        patch.object(joining, "choose", alone),
    ):
        yield


@contextmanager
def settled_first() -> Iterator[None]:
    """Move the mails away before they are stored."""

    def hasty(self: Intake) -> Any:
        with self._store.read() as connection:
            after = signals.cursor(connection, self._tenant, self.source.name)
        for batch in self.source.read(after):
            self._settle(batch)
            crash.point("intake.fetched")  # between the two
            self._take(batch)
        self._note(None, whole=True)
        return Pulled()

    always = property(lambda _: True, lambda *_: None)
    with patch.object(Intake, "pull", hasty), patch.object(Mailbox, "moves", always, create=True):
        yield


def rendered_again() -> Any:
    """Make the bytes anew for each attempt, with the words in force by then."""
    starting = Engine._open

    def opening(self: Engine) -> None:
        starting(self)
        claiming = self.delivery._deliver

        def deliver(owed: Owed) -> None:
            body = self._prepare(owed.change)
            claiming(replace(owed, change=replace(owed.change, body=body)))

        self.delivery._deliver = deliver  # type: ignore[method-assign]

    return patch.object(Engine, "_open", opening)


def restore_not_noticed() -> Any:
    """Go on with yesterday's database as if nothing had happened since."""
    return patch.object(restoring, "suspicion", lambda *_, **__: "")


def heard_again_not_doubted() -> Any:
    """After a restore, doubt what was owed, but not what is heard once more."""
    return patch.object(restoring, "doubts", lambda *_: False)


@contextmanager
def edits_overwritten() -> Iterator[None]:
    """Owe and send updates whatever agents have made of it meanwhile."""
    with (
        patch.object(owing_room, "respected", lambda _, changes: iter(changes)),
        patch.object(edits_room, "still_ours", lambda _, change, __: change),
    ):
        yield


def deaf_to_people() -> Any:
    """Look at tickets, but not at what happened there."""
    return patch.object(Sync, "_to_read", lambda *_: False)


@contextmanager
def merges_forgotten() -> Iterator[None]:
    """Look for a doubted note only on the ticket that the case has now."""
    with (
        patch.object(merging, "stood_there", lambda *_: False),
        patch.object(merging, "found_before", lambda *_: []),
    ):
        yield


FAULTS = {
    "edits overwritten": (edits_overwritten, "edit was overwritten"),
    "deaf to people": (deaf_to_people, "was not seen"),
    "merges forgotten": (merges_forgotten, "twice"),
    "no look after doubt": (no_look, "twice"),
    "doubt forgotten when the look is refused": (doubt_forgotten, "twice"),
    "no settle time": (no_settle_time, "twice"),
    "cursor before the items": (cursor_first, "lost"),
    "interruption forgotten": (interruption_forgotten, "twice"),
    "order forgotten": (order_forgotten, "order|arrived|helpdesk"),
    "settled before it is stored": (settled_first, "lost"),
    "bytes rendered again": (rendered_again, "other bytes"),
    "a restore not noticed": (restore_not_noticed, "twice"),
    "heard again and not doubted": (heard_again_not_doubted, "twice"),
    "index dropped": (index_dropped_and_joining_lost, "two open cases"),
}


AMONG_PEOPLE = {"edits overwritten", "deaf to people", "merges forgotten"}
AFTER_A_RESTORE = {"a restore not noticed", "heard again and not doubted"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    plant, what = FAULTS[fault]
    restores = patch.object(Engine, "restores", fault in AFTER_A_RESTORE)
    people = patch.object(Engine, "people", fault in AMONG_PEOPLE)
    with restores, people, plant(), pytest.raises(AssertionError, match=what):
        run_state_machine_as_test(Engine, settings=HUNT)
