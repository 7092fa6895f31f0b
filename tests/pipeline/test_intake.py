"""Source to store: everything once, the source settled afterwards, trouble on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from servers.desk import Killed
from servers.hearing import outcomes

from connector import crash
from connector.domain.errors import AuthenticationFailed, StateFull, Unavailable
from connector.pipeline.intake import Intake, Pulled
from connector.store import signals
from connector.store.store import Store
from connector.testing.memory_source import MemorySource, a_signal, an_unreadable


def an_intake(store: Store, source: MemorySource, pause: Callable[[], str] = lambda: "") -> Intake:
    return Intake(
        store, source, tenant="practice", kind="memory", pause=pause, heartbeat=lambda: None
    )


def health(store: Store) -> Any:
    with store.read() as connection:
        (row,) = signals.sources(connection)
    return row


@pytest.fixture
def source() -> MemorySource:
    return MemorySource([a_signal(1), an_unreadable(2), a_signal(3)], batch_size=2)


def test_everything_is_taken_once_and_settled(store: Store, source: MemorySource) -> None:
    intake = an_intake(store, source)
    assert intake.pull() == Pulled(new=3, unreadable=1)
    assert source.settled == ["memory:1", "memory:2", "memory:3"]
    assert intake.pull() == Pulled()
    source.put(a_signal(4))
    assert intake.pull() == Pulled(new=1)
    assert outcomes(store) == {"waiting": 4}


@pytest.mark.parametrize("point", ["intake.fetched", "intake.committed"])
def test_death_in_between_loses_nothing_and_takes_nothing_twice(
    store: Store, source: MemorySource, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(name: str) -> None:
        if name == point:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(crash, "point", die)
        with pytest.raises(Killed):
            an_intake(store, source).pull()
    assert source.settled == [], "nothing is settled before it is ours, whatever happens"
    an_intake(store, source).pull()
    assert outcomes(store) == {"waiting": 3}


def test_a_source_that_cannot_be_settled_is_read_all_the_same(
    store: Store, source: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(locators: object) -> None:
        raise Unavailable("memory", f"cannot move {locators}")

    monkeypatch.setattr(source, "settle", refuse)
    assert an_intake(store, source).pull().new == 3


def test_trouble_is_on_record_until_it_is_over(store: Store, source: MemorySource) -> None:
    source.fault = AuthenticationFailed("memory", "the password is refused")
    with pytest.raises(AuthenticationFailed):
        an_intake(store, source).pull()
    assert health(store).last_error == "the password is refused"
    an_intake(store, source).pull()
    assert health(store).last_error is None


def test_a_fault_of_ours_in_a_source_shows_in_status(
    store: Store, source: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(after: object) -> None:
        raise LookupError(f"Jane Roe {after}")

    monkeypatch.setattr(source, "read", fault)
    with pytest.raises(LookupError):
        an_intake(store, source).pull()
    assert health(store).last_error == "a fault of ours while reading (LookupError); see the log"


def test_nothing_is_read_while_there_is_no_room(store: Store, source: MemorySource) -> None:
    reasons = iter(["disk_full", "", "backlog", ""])
    intake = an_intake(store, source, lambda: next(reasons, ""))
    assert intake.pull() == Pulled(paused="disk_full")
    assert intake.pull() == Pulled(new=2, unreadable=1, paused="backlog")
    assert intake.pull() == Pulled(new=1)


def test_a_disk_that_fills_up_leaves_the_cursor_where_it_was(
    store: Store, source: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StateFull("full")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", full)
        with pytest.raises(StateFull):
            an_intake(store, source).pull()
    assert source.settled == []
    assert an_intake(store, source).pull().new == 3
