"""Outbox to helpdesk: each change once, in order per case."""

from __future__ import annotations

import pytest
from servers.desk import Desk
from servers.owing import (
    SETTLE_S,
    actions,
    case_named,
    drain,
    note_of,
    owe,
    row_of,
    states,
    tag_of,
    ticket_of,
)

from connector.domain.case import Case
from connector.domain.ticket import OpenTicket
from connector.pipeline.delivery import Delivery
from connector.store import cases, codec, following, ledger, outbox
from connector.store.store import Store
from connector.testing.builders import Clock


def test_a_ticket_is_opened_and_what_follows_goes_to_it_in_order(
    store: Store, desk: Desk, delivery: Delivery, case: Case
) -> None:
    owe(store, case, ticket_of(case), note_of(case, 1), tag_of(case, 1), note_of(case, 2))
    drain(delivery)
    (ticket,) = desk.with_key(f"{case.id}.open")
    assert ticket.changes == [f"{case.id}.{end}" for end in ("open", "note1", "update1", "note2")]
    assert set(states(store).values()) == {"done"}
    with store.read() as connection:
        row = cases.get(connection, case.id)
    assert row is not None
    assert (row.ticket_id, row.ticket_url) == (ticket.id, f"https://desk.example/{ticket.id}")


def test_the_bytes_are_sent_as_they_were_frozen(
    store: Store, desk: Desk, delivery: Delivery, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    opening = desk.open
    monkeypatch.setattr(desk, "open", lambda ticket: (sent.append(ticket.body), opening(ticket))[1])
    owe(store, case, ticket_of(case))
    frozen = codec.change_bytes(ticket_of(case))
    desk.storm("down", "unavailable")
    clock = store.clock
    for _ in range(3):
        drain(delivery)
        clock.advance(100)  # type: ignore[attr-defined]
    assert sent == [frozen] * 3


def test_nothing_is_asked_of_the_helpdesk_when_nothing_is_due(
    delivery: Delivery, desk: Desk
) -> None:
    assert not delivery.step()
    assert desk.calls == []


def test_intent_is_on_disk_before_a_byte_leaves(
    store: Store, desk: Desk, delivery: Delivery, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, list[str]]] = []
    opening = desk.open

    def watch(ticket: OpenTicket) -> object:
        seen.append((states(store)["open"], actions(store)))
        return opening(ticket)

    monkeypatch.setattr(desk, "open", watch)
    owe(store, case, ticket_of(case))
    drain(delivery)
    assert [(state, entries[-1]) for state, entries in seen] == [("sending", "change.intended")]


def test_a_change_that_was_refused_for_good_holds_up_its_own_case_only(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    other = case_named("BBBBB", clock)
    owe(store, case, ticket_of(case), note_of(case, 1))
    owe(store, other, ticket_of(other), note_of(other, 1))
    desk.storm("rejected", on="open")
    drain(delivery)
    assert [ticket.case_id for ticket in desk.tickets.values()] == [other.id]
    with store.read() as connection:
        mine = [row.state for row in outbox.of_case(connection, case.id)]
        theirs = [row.state for row in outbox.of_case(connection, other.id)]
    assert (mine, theirs) == (["aside", "ready"], ["done", "done"])
    clock.advance(86_400)
    drain(delivery)
    assert len(desk.tickets) == 1
    store.write(lambda tx: outbox.retry(tx, row_of(store, "AAAAA-00000.open").id))
    drain(delivery)
    assert desk.with_key(f"{case.id}.open")[0].changes == [f"{case.id}.open", f"{case.id}.note1"]


def test_a_change_that_a_person_retries_is_looked_for_if_it_was_ever_sent(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    owe(store, case, ticket_of(case))
    desk.storm("mute")
    drain(delivery)
    store.write(lambda tx: outbox.move(tx, 1, to="aside", among=("unknown",)))
    store.write(lambda tx: outbox.retry(tx, 1))
    clock.advance(SETTLE_S)
    drain(delivery)
    assert desk.calls == ["open", "find"]
    assert len(desk.tickets) == 1


def test_a_case_whose_ticket_was_given_up_is_closed_and_what_was_owed_is_shown(
    store: Store, desk: Desk, delivery: Delivery, case: Case
) -> None:
    owe(store, case, ticket_of(case), note_of(case, 1))
    desk.storm("rejected")
    drain(delivery)
    store.write(lambda tx: outbox.drop(tx, 1))
    drain(delivery)
    with store.read() as connection:
        row = cases.get(connection, case.id)
    assert row is not None
    assert (row.state, row.close_reason) == ("closed", "dropped")
    assert states(store) == {"open": "dropped", "note1": "aside"}
    assert "case.closed" in actions(store)


def test_a_deleted_ticket_needs_a_person(
    store: Store, desk: Desk, delivery: Delivery, case: Case
) -> None:
    owe(store, case, ticket_of(case))
    drain(delivery)
    desk.tickets.clear()
    owe(store, case, note_of(case, 1))
    drain(delivery)
    assert states(store) == {"open": "done", "note1": "aside"}


def test_a_merged_ticket_is_followed(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock
) -> None:
    other = case_named("BBBBB", clock)
    owe(store, case, ticket_of(case))
    owe(store, other, ticket_of(other))
    drain(delivery)
    desk.tickets["1"].merged_into = "2"
    owe(store, case, note_of(case, 1))
    drain(delivery)
    clock.advance(60)
    drain(delivery)
    assert desk.tickets["2"].notes == [(f"{case.id}.note1", "Again, 1")]
    with store.read() as connection:
        row = cases.get(connection, case.id)
    assert row is not None
    assert row.ticket_id == "2"
    assert "ticket.merged" in actions(store)


@pytest.mark.parametrize(("moved", "own"), [("merged", False), ("closed", True)])
def test_a_ticket_that_follows_a_closed_one_is_ours_and_one_of_a_merge_is_not(
    store: Store, desk: Desk, delivery: Delivery, case: Case, clock: Clock, moved: str, own: bool
) -> None:
    other = case_named("BBBBB", clock)
    owe(store, case, ticket_of(case))
    owe(store, other, ticket_of(other))
    drain(delivery)
    desk.tickets["1"].merged_into, desk.tickets["1"].moved = "2", moved
    owe(store, case, note_of(case, 1))
    drain(delivery)
    with store.read() as connection:
        tickets = following.tickets_of(connection, case.id)
    assert {one.ticket_id: bool(one.own) for one in tickets} == {"1": True, "2": own}


def test_tickets_merged_in_a_circle_do_not_spin(
    store: Store, desk: Desk, case: Case, clock: Clock
) -> None:
    delivery = Delivery(store, desk, settle_s=SETTLE_S, draw=lambda: 0.999)
    other = case_named("BBBBB", clock)
    owe(store, case, ticket_of(case))
    owe(store, other, ticket_of(other))
    drain(delivery)
    desk.tickets["1"].merged_into, desk.tickets["2"].merged_into = "2", "1"
    owe(store, case, note_of(case, 1))
    assert sum(drain(delivery) for _ in range(60) if not clock.advance(60)) < 60


def test_what_the_helpdesk_ignored_is_on_record_and_the_ticket_counts(
    store: Store, desk: Desk, delivery: Delivery, case: Case
) -> None:
    owe(store, case, ticket_of(case))
    desk.storm("partial")
    drain(delivery)
    with store.read() as connection:
        last = list(ledger.entries(connection, ledger.DAEMON_CHAIN))[-1]
    assert (last.action, last.body["missing"]) == ("change.confirmed", ["category"])
    assert states(store) == {"open": "done"}
