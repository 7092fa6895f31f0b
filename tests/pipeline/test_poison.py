"""An item that cannot be worked off must not stop those behind it, nor be lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from servers.desk import Killed
from servers.hearing import all_cases, hear, on_record, outcomes, said, work_off

from connector import crash
from connector.domain.assessment import Assessment
from connector.domain.errors import StateFull
from connector.domain.signal import Contact, Signal
from connector.domain.ticket import Change
from connector.pipeline import casework as casework_room
from connector.pipeline.casework import BATCH, MAX_ATTEMPTS, Casework
from connector.pipeline.choosing import BATCH_BYTES, choose_batch
from connector.pipeline.reconcile import account
from connector.store import codec
from connector.store.signals import Waiting
from connector.store.store import Store
from connector.testing.builders import Clock, a_store, opinion_of_facts, some_rules

POISON = "poison"


def people(count: int) -> list[Contact]:
    return [Contact(name=f"P{n} Patient", email=f"p{n}@example.com") for n in range(count)]


def deadly(signal: Signal, settings: Any) -> Assessment:
    if signal.facts.get(POISON):
        raise Killed
    return opinion_of_facts(signal, settings)


def faulty(signal: Signal, settings: Any) -> Assessment:
    if signal.facts.get(POISON):
        raise RecursionError
    return opinion_of_facts(signal, settings)


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


def test_an_item_that_kills_the_process_is_set_apart_after_three_starts(
    state: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casework_room, "assess", deadly)
    store = a_store(state, clock)
    hear(store, *(said(n, who, **{POISON: n == 3}) for n, who in enumerate(people(8))))
    store.close()
    deaths = 0
    while True:
        store = a_store(state, clock)
        try:
            work_off(Casework(store, some_rules()))
            break
        except Killed:
            deaths += 1
            store.close()
    assert deaths == MAX_ATTEMPTS
    assert outcomes(store) == {"opened": 7, "unreadable": 1}
    assert [one["problem"] for one in on_record(store, "signal.unreadable")] == [
        "interrupted_too_often"
    ]
    assert account(store).imbalance == 0
    store.close()


def test_an_item_that_kills_when_it_is_loaded_is_found_out_as_well(
    state: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = codec.signal_from

    def load(body: bytes, raw: bytes, files: list[bytes]) -> Signal:
        if raw == b"too much" and deaths < MAX_ATTEMPTS:
            raise Killed
        return reading(body, raw, files)

    monkeypatch.setattr(codec, "signal_from", load)
    deaths = 0
    store = a_store(state, clock)
    one, two, three = people(3)
    hear(store, said(1, one), a_poisonous(two), said(3, three))
    while True:
        try:
            work_off(Casework(store, some_rules()))
            break
        except Killed:
            deaths += 1
    assert deaths == MAX_ATTEMPTS
    assert outcomes(store) == {"opened": 2, "unreadable": 1}
    store.close()


def a_poisonous(who: Contact) -> Signal:
    from dataclasses import replace  # noqa: PLC0415

    return replace(said(2, who), raw=b"too much")


def test_a_crash_that_was_nobodys_fault_sets_nothing_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(store, *(said(n, who) for n, who in enumerate(people(5))))
    lives = iter([True, True, False, False, False, False, False, False])

    def die(name: str) -> None:
        if name == "casework.decided" and next(lives):
            raise Killed

    monkeypatch.setattr(crash, "point", die)
    for _ in range(2):
        with pytest.raises(Killed):
            Casework(store, some_rules()).step()
    work_off(Casework(store, some_rules()))
    assert outcomes(store) == {"opened": 5}


def test_a_fault_in_triage_is_tried_thrice_and_those_behind_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casework_room, "assess", faulty)
    hear(store, *(said(n, who, **{POISON: n == 0}) for n, who in enumerate(people(5))))
    casework = Casework(store, some_rules())
    faults = 0
    for _ in range(20):
        try:
            casework.step()
        except RecursionError:
            faults += 1
    assert faults == MAX_ATTEMPTS
    assert outcomes(store) == {"opened": 4, "unreadable": 1}


def test_a_change_that_cannot_be_prepared_takes_only_its_own_item_with_it(store: Store) -> None:
    def prepare(change: Change) -> bytes:
        if "P3" in str(change):
            raise KeyError("P3 Patient")
        return codec.change_bytes(change)

    hear(store, *(said(n, who) for n, who in enumerate(people(6))))
    work_off(Casework(store, some_rules(prepare)))
    assert outcomes(store) == {"opened": 5, "unreadable": 1}
    (told,) = on_record(store, "signal.unreadable")
    assert told["problem"] == "cannot_be_concluded"
    assert len(all_cases(store)) == 5
    assert account(store).imbalance == 0


def test_a_change_that_cannot_be_prepared_for_a_while_is_concluded_afterwards(
    store: Store,
) -> None:
    faults = iter([True, True])

    def prepare(change: Change) -> bytes:
        if next(faults, False):
            raise OSError
        return codec.change_bytes(change)

    hear(store, said(1))
    work_off(Casework(store, some_rules(prepare)))
    assert outcomes(store) == {"opened": 1}


def test_a_full_disk_gives_up_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    hear(store, *(said(n, who) for n, who in enumerate(people(3))))
    casework = Casework(store, some_rules())
    writing = Store.write

    def full(self: Store, work: Any) -> Any:
        if "begin" not in getattr(work, "__code__", work).co_names:
            raise StateFull("full")
        return writing(self, work)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", full)
        for _ in range(MAX_ATTEMPTS * 3):
            with pytest.raises(StateFull):
                casework.step()
    work_off(casework)
    assert outcomes(store) == {"opened": 3}


def test_what_was_interrupted_is_worked_off_alone() -> None:
    def waiting(*attempts: int, size: int = 10) -> list[Waiting]:
        return [Waiting(n=n, attempts=a, size=size) for n, a in enumerate(attempts)]

    assert choose_batch([]) == []
    assert choose_batch(waiting(0, 0, 0)) == [0, 1, 2]
    assert choose_batch(waiting(0, 0, 1, 0)) == [0, 1]
    assert choose_batch(waiting(1, 0, 0)) == [0]
    assert choose_batch(waiting(1, 1)) == [0]
    assert choose_batch(waiting(*[0] * BATCH, size=BATCH_BYTES // 4)) == [0, 1, 2, 3]
    assert choose_batch(waiting(0, 0, size=BATCH_BYTES * 9)) == [0]
