"""After a restore: what may have been done is looked for, also when it turns up late."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from servers.desk import STRONG, Desk
from servers.hearing import all_cases, called, hear, owed, said, work_off
from servers.owing import a_delivery, drain

from connector.pipeline import casework as casework_room
from connector.pipeline import recovering
from connector.pipeline.casework import Casework
from connector.pipeline.settings import PipelineSettings
from connector.pipeline.sync import Sync
from connector.store import copies, outbox, restoring
from connector.store.engine import DATABASE
from connector.store.store import Store
from connector.testing.builders import Clock, a_store, opinion_of_facts, some_rules


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


@pytest.fixture
def put_back(store: Store, state: Path, clock: Clock, tmp_path: Path) -> Iterator[Store]:
    """A state of yesterday: put back a day after its last entry, with nothing owed."""
    store.write(lambda tx: tx.record("x.y"))
    copies.copy_to(state / DATABASE, tmp_path / "backup.db")
    store.write(lambda tx: tx.record("lost.action"))
    store.close()
    shutil.copy(tmp_path / "backup.db", state / DATABASE)
    clock.advance(86_400)
    again = a_store(state, clock)
    yield again
    again.close()


def end(store: Store) -> None:
    store.write(lambda tx: restoring.source_read(tx.connection, "practice", "memory"))
    assert recovering.step(store, "practice", ["memory"])


def test_a_key_that_the_product_has_forgotten_is_not_trusted_after_a_restore(
    put_back: Store, clock: Clock
) -> None:
    """The lost history may have sent it a day ago; the product knows keys for two hours."""
    desk = Desk(clock, replace(STRONG, native_idempotency_s=7_200))
    hear(put_back, said(1))
    work_off(Casework(put_back, some_rules()))
    delivery = a_delivery(put_back, desk)
    assert drain(delivery) == 0, "not before a late effect had its time"
    clock.advance(91)
    drain(delivery)
    assert desk.calls == ["find", "open"]


def test_what_is_held_is_looked_for_once_it_is_released(put_back: Store) -> None:
    rules = some_rules(pipeline=PipelineSettings(storm_cases_per_hour=1))
    hear(put_back, called(1, "+49301"), said(2, severity=2))
    work_off(Casework(put_back, rules))
    _, case = all_cases(put_back)
    assert owed(put_back, case.id) == [("open", "held")]
    put_back.write(lambda tx: outbox.release(tx, case.id))
    assert owed(put_back, case.id) == [("open", "unknown")]


def test_recovery_ends_when_all_was_read_and_concluded(put_back: Store) -> None:
    assert not recovering.step(put_back, "practice", ["memory"])
    hear(put_back, said(1))
    put_back.write(lambda tx: restoring.source_read(tx.connection, "practice", "memory"))
    assert not recovering.step(put_back, "practice", ["memory"]), "an item waits"
    work_off(Casework(put_back, some_rules()))
    assert not recovering.step(put_back, "practice", ["memory", "other"])
    assert recovering.step(put_back, "practice", ["memory"])
    assert not recovering.step(put_back, "practice", ["memory"])


def test_what_happened_before_and_turns_up_late_is_looked_for_too(
    put_back: Store, clock: Clock
) -> None:
    end(put_back)
    before = clock.now - timedelta(hours=3)
    clock.advance(3_600)
    hear(
        put_back,
        replace(said(1), event_time=before),
        replace(said(2, severity=3, categories=("privacy.confidentiality",)), event_time=clock.now),
    )
    work_off(Casework(put_back, some_rules()))
    states = {owed(put_back, case.id)[0] for case in all_cases(put_back)}
    assert states == {("open", "unknown"), ("open", "ready")}


def test_tickets_are_not_looked_at_until_all_was_heard_again_or_an_hour_is_over(
    put_back: Store, clock: Clock, desk: Desk
) -> None:
    sync = Sync(put_back, lambda: desk, some_rules())
    hear(put_back, said(1))
    work_off(Casework(put_back, some_rules()))
    drain(a_delivery(put_back, desk))
    clock.advance(100)
    drain(a_delivery(put_back, desk))
    clock.advance(100)
    drain(a_delivery(put_back, desk))
    assert sync.step() == 0
    clock.advance(3_600)
    assert recovering.holds_sync(put_back) is False
