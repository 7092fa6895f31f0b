"""What may have worked is looked for, and only an answer puts the doubt to rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from servers.desk import STRONG, Desk, Killed
from servers.owing import (
    SETTLE_S,
    a_delivery,
    actions,
    case_named,
    drain,
    note_of,
    owe,
    row_of,
    states,
    ticket_of,
)

from connector import crash
from connector.domain.case import Case
from connector.domain.errors import (
    AuthenticationFailed,
    Gone,
    NotSent,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from connector.domain.ticket import OpenTicket, TicketRef
from connector.pipeline.delivery import Delivery
from connector.store import cases, ledger, outbox
from connector.store.store import Store
from connector.testing.builders import Clock, a_store


@pytest.mark.parametrize("weather", ["mute", "late", "lost"])
def test_a_lost_answer_makes_no_second_ticket(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock, weather: str
) -> None:
    owe(store, case, ticket_of(case), note_of(case, 1))
    desk.storm(weather)
    drain(delivery)
    assert states(store) == {"open": "unknown", "note1": "ready"}
    assert desk.calls == ["open"]
    clock.advance(SETTLE_S - 1)
    drain(delivery)
    assert desk.calls == ["open"], "looked before a late effect had its time"
    clock.advance(3)
    drain(delivery)
    assert desk.calls[1] == "find"
    assert len(desk.with_key(f"{case.id}.open")) == 1
    assert set(states(store).values()) == {"done"}


@pytest.mark.parametrize(
    "refusal",
    ["down", "unavailable", "limited", "unauthorised", "rejected", "conflict", "unknown", "gone"],
)
def test_a_refusal_to_answer_leaves_the_change_in_doubt(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock, refusal: str
) -> None:
    """A prototype took a refused look for an absent ticket, and made duplicates."""
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    drain(delivery)
    if refusal == "gone":
        monkey = desk.find
        desk.find = _gone  # type: ignore[method-assign]
    else:
        desk.climate["find"] = refusal
    for _ in range(30):
        clock.advance(400)
        drain(delivery)
        assert states(store) == {"open": "unknown"}
    assert desk.calls.count("open") == 1
    desk.climate.clear()
    if refusal == "gone":
        desk.find = monkey  # type: ignore[method-assign]
    clock.advance(4_000)
    drain(delivery)
    assert states(store) == {"open": "done"}
    assert len(desk.tickets) == 1


class Halting(Desk):
    """Opens a ticket in several requests, of which the later ones can be cut."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.finished: list[str] = []
        self.cuts: list[Exception] = []

    def finish(self, ref: TicketRef, ticket: OpenTicket) -> None:
        if self.cuts:
            raise self.cuts.pop(0)
        self.finished.append(f"{ref.id} {ticket.key}")


@pytest.mark.parametrize(
    "cut",
    [
        NotSent("desk", "no route"),
        Unavailable("desk", "away"),
        OutcomeUnknown("desk", "no answer"),
        AuthenticationFailed("desk", "no"),
        Rejected("desk", "no"),
        ValueError("a fault of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_ticket_that_was_found_half_made_is_completed_and_never_made_again(
    store: Store, case: Case, clock: Clock, cut: Exception
) -> None:
    desk = Halting(clock)
    delivery = a_delivery(store, desk)
    owe(store, case, ticket_of(case), note_of(case, 1))
    desk.storm("mute")
    drain(delivery)
    desk.cuts = [cut, cut]
    for _ in range(2):
        clock.advance(4_000)
        drain(delivery)
        assert states(store) == {"open": "unknown", "note1": "ready"}
    clock.advance(4_000)
    drain(delivery)
    assert set(states(store).values()) == {"done"}
    assert desk.finished == [f"{next(iter(desk.tickets))} {case.id}.open"]
    assert desk.calls.count("open") == 1


def _gone(*_: object) -> list[Any]:
    raise Gone("desk", "the search has moved", kind="deleted")


def test_a_refused_look_is_repeated_ever_more_slowly(
    store: Store, desk: Desk, case: Case, clock: Clock
) -> None:
    delivery = Delivery(store, desk, settle_s=0, draw=lambda: 0.999)
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    desk.climate["find"] = "rejected"
    for _ in range(6 * 60):
        clock.advance(60)
        drain(delivery)
    assert desk.calls.count("find") < 40


def test_what_was_being_sent_when_the_process_died_is_looked_for_first(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock, state: Path
) -> None:
    owe(store, case, ticket_of(case))
    desk.storm("killed_after")
    with pytest.raises(Killed):
        delivery.step()
    assert states(store) == {"open": "sending"}
    store.close()
    with_next = a_store(state, clock)
    again = a_delivery(with_next, desk)
    assert states(with_next) == {"open": "unknown"}
    assert not again.step(), "a late effect gets its time after a crash, too"
    clock.advance(SETTLE_S)
    drain(again)
    assert desk.calls == ["open", "find"]
    assert states(with_next) == {"open": "done"}
    assert "change.doubted" in actions(with_next)
    with_next.close()


def test_what_died_before_a_byte_left_is_sent_after_a_look(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock, state: Path
) -> None:
    owe(store, case, ticket_of(case))
    desk.storm("killed_before")
    with pytest.raises(Killed):
        delivery.step()
    store.close()
    with_next = a_store(state, clock)
    again = a_delivery(with_next, desk)
    clock.advance(SETTLE_S)
    drain(again)
    assert desk.calls == ["open", "find", "open"]
    assert len(desk.tickets) == 1
    with_next.close()


@pytest.mark.parametrize("point", ["delivery.claimed", "delivery.sent", "delivery.committed"])
def test_death_at_any_point_makes_one_ticket_and_one_note(
    store: Store,
    desk: Desk,
    case: Case,
    clock: Clock,
    state: Path,
    point: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owe(store, case, ticket_of(case), note_of(case, 1))
    died = 0
    lives = iter((point, point, point, ""))
    deadly = ""

    def die(name: str) -> None:
        if name == deadly:
            raise Killed

    monkeypatch.setattr(crash, "point", die)
    store.close()
    for deadly in lives:  # noqa: B007 - `die` looks at it
        now = a_store(state, clock)
        delivery = a_delivery(now, desk)
        clock.advance(SETTLE_S)
        try:
            drain(delivery)
        except Killed:
            died += 1
        now.close()
    assert died >= 2
    assert [ticket.changes for ticket in desk.tickets.values()] == [
        [f"{case.id}.open", f"{case.id}.note1"]
    ]


def test_a_search_that_lags_is_not_believed_before_its_time(
    store: Store, clock: Clock, case: Case
) -> None:
    desk = Desk(clock, replace(STRONG, find="eventual", find_lag_s=300))
    delivery = Delivery(store, desk, settle_s=SETTLE_S, draw=lambda: 0.0)
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    drain(delivery)
    clock.advance(SETTLE_S + 1)
    drain(delivery)
    assert "find" not in desk.calls
    clock.advance(2 * 300 - SETTLE_S - 2)
    drain(delivery)
    assert "find" not in desk.calls
    clock.advance(1)
    drain(delivery)
    assert desk.calls == ["open", "find"]
    assert states(store) == {"open": "done"}


def test_without_any_way_to_look_a_person_decides(store: Store, clock: Clock, case: Case) -> None:
    desk = Desk(clock, replace(STRONG, find="none"))
    delivery = Delivery(store, desk, settle_s=SETTLE_S, draw=lambda: 0.0)
    owe(store, case, ticket_of(case), note_of(case, 1))
    desk.storm("lost")
    drain(delivery)
    clock.advance(SETTLE_S + 1)
    drain(delivery)
    assert states(store) == {"open": "aside", "note1": "ready"}
    assert desk.calls == ["open"]
    assert row_of(store, ".open").last_error == "cannot_tell"


def test_a_product_that_knows_its_keys_is_asked_again_while_it_remembers(
    store: Store, clock: Clock, case: Case
) -> None:
    desk = Desk(clock, replace(STRONG, native_idempotency_s=7_200))
    delivery = Delivery(store, desk, settle_s=SETTLE_S, draw=lambda: 0.0)
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    drain(delivery)
    clock.advance(SETTLE_S + 1)
    drain(delivery)
    assert desk.calls == ["open", "open"]
    assert len(desk.tickets) == 1


def test_a_key_near_its_end_is_not_trusted_any_more(store: Store, clock: Clock, case: Case) -> None:
    desk = Desk(clock, replace(STRONG, native_idempotency_s=7_200))
    delivery = Delivery(store, desk, settle_s=SETTLE_S, draw=lambda: 0.0)
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    drain(delivery)
    clock.advance(7_200 - 599)
    desk.keys_known.clear()  # the product forgot a little early
    drain(delivery)
    assert desk.calls == ["open", "find"]
    assert len(desk.tickets) == 1


def test_the_doubt_stands_while_a_known_key_is_sent_again(
    store: Store, clock: Clock, case: Case
) -> None:
    """The repetition is refused for good, yet the first attempt may have worked."""
    desk = Desk(clock, replace(STRONG, native_idempotency_s=7_200))
    delivery = Delivery(store, desk, settle_s=SETTLE_S, draw=lambda: 0.0)
    owe(store, case, ticket_of(case))
    desk.storm("mute", "rejected")
    drain(delivery)
    clock.advance(SETTLE_S + 1)
    assert delivery.step()
    assert states(store) == {"open": "unknown"}


def test_a_clock_set_back_does_not_make_an_old_key_young(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    """Without native keys a doubted change is always looked for, also in negative time."""
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    drain(delivery)
    store.write(
        lambda tx: (
            tx.connection.exec_driver_sql(
                "UPDATE outbox SET due_at = '2000-01-01T00:00:00.000000Z'"
            )
            and None
        )
    )
    clock.advance(-3_600)
    drain(delivery)
    assert desk.calls == ["open", "find"]
    assert len(desk.tickets) == 1


def test_what_a_wrong_clock_put_off_is_due_soon_after_a_start(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    owe(store, case, ticket_of(case))
    clock.advance(30 * 86_400)
    desk.storm("unavailable")
    drain(delivery)
    clock.advance(-30 * 86_400)
    again = a_delivery(store, desk)
    clock.advance(2 * 3_600)
    drain(again)
    assert states(store) == {"open": "done"}


def test_tickets_that_were_there_twice_are_told_and_the_oldest_is_ours(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    drain(delivery)
    desk.open(ticket_of(case))  # made by hand, or by a version before this one
    clock.advance(SETTLE_S + 1)
    drain(delivery)
    with store.read() as connection:
        last = list(ledger.entries(connection, ledger.DAEMON_CHAIN))[-1]
        row = cases.get(connection, case.id)
    assert (last.action, last.body["how"], last.body["copies"]) == ("change.confirmed", "found", 2)
    assert row is not None
    assert row.ticket_id == "1"


def test_a_claim_whose_lease_ended_sends_nothing(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    """The machine slept for two hours between looking and sending; another sender took over."""
    owe(store, case, ticket_of(case))
    desk.storm("lost")
    drain(delivery)
    clock.advance(SETTLE_S + 1)
    looking = desk.find
    slept: list[bool] = []

    def sleep(key: str, since: Any) -> Any:
        found = looking(key, since)
        if not slept:
            slept.append(True)
            clock.advance(2 * 3_600)
            assert delivery.step(), "the other sender finds the lease over"
        return found

    desk.find = sleep  # type: ignore[method-assign]
    drain(delivery)
    assert len(desk.tickets) == 1
    assert states(store) == {"open": "done"}


def test_a_change_that_was_dropped_while_it_was_looked_for_is_not_sent(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    owe(store, case, ticket_of(case))
    desk.storm("lost")
    drain(delivery)
    clock.advance(SETTLE_S + 1)
    looking = desk.find

    def drop(key: str, since: Any) -> Any:
        store.write(lambda tx: outbox.drop(tx, row_of(store, ".open").id))
        return looking(key, since)

    desk.find = drop  # type: ignore[method-assign]
    drain(delivery)
    assert states(store) == {"open": "dropped"}
    assert desk.tickets == {}


def test_two_senders_never_have_the_same_change(store: Store, clock: Clock) -> None:
    for name in ("AAAAA", "BBBBB"):
        one = case_named(name, clock)
        owe(store, one, ticket_of(one), note_of(one, 1))
    claimed = [store.write(outbox.claim) for _ in range(3)]
    assert [owed.change.key if owed else None for owed in claimed] == [
        "C-AAAAA-00000.open",
        "C-BBBBB-00000.open",
        None,
    ]


def test_the_longest_due_change_of_any_case_goes_first(
    store: Store, desk: Desk, delivery: Delivery, clock: Clock
) -> None:
    names = [f"{number:05}" for number in range(5)]
    for name in names:
        one = case_named(name, clock)
        owe(store, one, ticket_of(one))
        clock.advance(1)
    desk.storm("unavailable")
    drain(delivery)
    clock.advance(60)
    drain(delivery)
    assert [ticket.case_id[2:7] for ticket in desk.tickets.values()] == [*names[1:], names[0]]
