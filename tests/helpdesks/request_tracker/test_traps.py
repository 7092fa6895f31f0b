"""What a careless client of Request Tracker falls into, tried on a real one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from servers.request_tracker import BARE

from connector.domain.errors import (
    AuthenticationFailed,
    EdgeError,
    Gone,
    Incomplete,
    OutcomeUnknown,
    PartiallyApplied,
    Unavailable,
)
from connector.domain.ticket import TicketStatus
from connector.testing.changes import CANARY, DUE, a_note, an_update
from connector.testing.helpdesk.world import long_ago, prepared


def test_the_patient_is_mailed_once_when_an_agent_replies_and_never_before(
    world, desk, ref, ticket
):
    desk.note(ref, a_note())
    desk.update(ref, an_update())
    assert world.mails() == []
    world.reply(ref, "We are sorry.")
    [mail] = world.mails()
    assert f"To: {ticket.requester.email}" in mail
    assert CANARY not in mail


def test_a_queue_that_is_called_quiet_and_is_not_mails_the_patient(world, ticket):
    quiet = world.open(quiet_queue=True)
    quiet.open(prepared(quiet, ticket))
    assert [mail for mail in world.mails() if ticket.requester.email in mail]


def test_the_patient_sees_the_neutral_words_and_nothing_else(world, desk, ref, ticket):
    desk.note(ref, a_note())
    desk.update(ref, an_update())
    browser = world.patient(ticket.requester.email)
    page = browser.get(f"{world.rt.url}/SelfService/Display.html?id={ref.id}", timeout=90).text
    assert "Thank you for telling us" in page
    for hidden in (CANARY, "Changed by amends", "amends_repeat", "visit.wait", ticket.key):
        assert hidden not in page


@pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_resolving_mails_nobody_and_leaves_the_requestor_also_after_a_cut(
    world, desk, ref, ticket, nth, loss
):
    change = an_update(status=TicketStatus.RESOLVED, severity=None, add_tags=(), remove_tags=())
    with getattr(world, loss)(nth), pytest.raises(OutcomeUnknown):
        desk.update(ref, change)
    shown = desk.update(ref, change)
    assert (shown.status, shown.requester_email) == (
        TicketStatus.RESOLVED,
        ticket.requester.email,
    )
    assert world.mails() == []


def test_a_requestor_whom_an_agent_took_out_stays_out(world, desk, ref):
    world.change(ref, Requestor=[])
    assert desk.update(ref, an_update()).requester_email == ""


def test_a_ticket_that_is_merged_just_before_we_write_keeps_the_other_untouched(
    world, desk, ref, ticket
):
    into = desk.open(prepared(desk, replace(ticket, key=f"{ticket.key}-2", body=b"")))
    before = desk.snapshot(into)
    with world.interject(lambda: world.merge(ref, into)), pytest.raises(Gone) as caught:
        desk.update(ref, an_update())
    assert (caught.value.kind, caught.value.merged_into) == ("merged", into.id)
    after = desk.snapshot(into)
    assert replace(after, version="") == replace(before, version="")


def test_a_ticket_in_a_closed_queue_is_gone_and_the_others_go_on(world, desk, ref, ticket):
    other = desk.open(prepared(desk, replace(ticket, key=f"{ticket.key}-2", body=b"")))
    world.change(ref, Queue="Elsewhere")
    with pytest.raises(Gone):
        desk.snapshot(ref)
    desk.note(other, a_note())


def test_a_level_is_set_and_the_due_time_is_still_ours(world, ticket):
    desk = world.open(sla={2: "standard", 4: "urgent"})
    ref = desk.open(prepared(desk, replace(ticket, body=b"")))
    assert (world.ticket(ref)["SLA"], desk.snapshot(ref).due_at) == ("standard", DUE)
    shown = desk.update(ref, an_update())
    assert (world.ticket(ref)["SLA"], shown.due_at) == ("urgent", DUE)


def test_an_unknown_level_is_not_set_and_told(world, ticket):
    desk = world.open(sla={2: "soon"})
    assert ["soon" in problem.what for problem in desk.check()] == [True]
    with pytest.raises(PartiallyApplied) as caught:
        desk.open(prepared(desk, replace(ticket, body=b"")))
    assert caught.value.missing == ("sla",)
    assert desk.snapshot(caught.value.ref).due_at == DUE


def test_an_account_that_sees_no_comments_is_told_and_its_history_is_not_whole(world, ref):
    blind = world.open(token=world.rt.tokens["blind"])
    with pytest.raises(AuthenticationFailed):
        blind.note(ref, a_note())
    with pytest.raises(Incomplete):
        list(blind.history(ref))


def test_rights_that_are_missing_are_found_by_check(world, ref):
    assert ref.id
    mute = world.open(token=world.rt.tokens["mute"])
    said = " ".join(problem.what for problem in mute.check() if problem.fatal)
    assert "comment" in said
    assert "Amends Key" in said


def test_without_its_field_for_keys_nobody_says_that_a_ticket_is_not_there(world, ticket):
    bare = world.open(queue=BARE)
    with pytest.raises(Unavailable):
        bare.find(ticket.key, long_ago())
    with pytest.raises(EdgeError):
        bare.open(ticket)
    assert world.count(ticket.key) == 0
    assert [problem.fatal for problem in bare.check()].count(True) == 2


def test_signs_of_the_query_language_in_a_key_find_nothing_else(desk, ref):
    assert ref.id
    for key in ("x' OR id > 0 OR Subject = 'x", "\\", "'", "%", "[", '"'):
        assert desk.find(key, long_ago()) == []


@pytest.mark.parametrize("nth", [2, 3])
def test_a_ticket_that_was_cut_off_is_finished(world, desk, ticket, nth):
    with world.lose_request(nth), pytest.raises(OutcomeUnknown):
        desk.open(ticket)
    [ref] = desk.find(ticket.key, long_ago())
    for _ in range(2):
        desk.finish(ref, ticket)
    shown = desk.snapshot(ref)
    assert (shown.text, shown.requester_email, shown.due_at) == (
        ticket.text,
        ticket.requester.email,
        ticket.due_at,
    )
    assert len(world.rt.database(WORDS, int(ref.id))) == 1


WORDS = "SELECT id FROM Transactions WHERE ObjectId = ? AND Data LIKE '[amends ticket %'"


def test_a_ticket_that_people_have_worked_on_gets_the_words_and_nothing_else(world, desk, ticket):
    with world.lose_request(2), pytest.raises(OutcomeUnknown):
        desk.open(ticket)
    [ref] = desk.find(ticket.key, long_ago())
    world.change(ref, Due="2030-01-01 00:00:00")
    desk.finish(ref, ticket)
    shown = desk.snapshot(ref)
    assert shown.text == ticket.text
    assert shown.due_at is not None
    assert shown.due_at.year == 2030


def test_the_history_tells_who_said_what_to_whom(world, desk, ref):
    world.change(ref, Owner="agent", Priority=100)
    world.reply(ref, "We are sorry.")
    world.change(ref, Status="stalled")
    told = {event.kind: event for event in desk.history(ref)}
    assert (told["public_reply"].actor, told["public_reply"].text) == ("agent", "We are sorry.")
    assert told["status"].data == {"from": "open", "to": "pending"}
    fields = {
        event.data["name"]: event.data for event in desk.history(ref) if event.kind == "field"
    }
    assert fields["severity"]["to"] == "100"
    assert desk.snapshot(ref).assignee == "agent"


def test_what_a_patient_writes_is_never_taken_for_contact(world, desk, ref, ticket):
    [[patient]] = world.rt.database("SELECT id FROM Users WHERE Name = ?", ticket.requester.email)
    world.comment_by_hand(ref, "Nobody called", kind="Correspond", creator=patient)
    [said] = [event for event in desk.history(ref) if event.text == "Nobody called"]
    assert (said.kind, said.actor) == ("patient_reply", ticket.requester.email)


def test_transactions_that_are_hidden_from_us_hide_no_others(world, desk, ref):
    for _ in range(110):
        world.record_by_hand(ref, "EmailRecord")
    world.comment_by_hand(ref, "I called her")
    told = list(desk.history(ref))
    assert told[-1].text == "I called her"
    assert all(event.data.get("automatic") is None for event in told)


def test_the_feed_goes_on_over_pages_that_are_hidden_from_us(world, desk, ref, ticket):
    for _ in range(130):
        world.record_by_hand(ref, "EmailRecord")
    other = desk.open(prepared(desk, replace(ticket, key=f"{ticket.key}-2", body=b"")))
    page = desk.changed_since("", long_ago())
    named = {one.id for one in page.refs}
    while page.more:
        page = desk.changed_since(page.cursor, long_ago())
        named |= {one.id for one in page.refs}
    assert {ref.id, other.id} <= named
