"""A ticket's words are for agents: whoever is its requester reads none of them, at no time."""

from __future__ import annotations

import re

import pytest
from servers.weather import Answer, Fate, json_answer, writes

from connector.domain.errors import OutcomeUnknown, PartiallyApplied
from connector.domain.signal import Contact
from connector.domain.ticket import TicketStatus
from connector.testing.changes import CANARY, HOSTILE, a_file, a_note, a_ticket, an_update
from connector.testing.helpdesk.world import long_ago, ours, prepared

TEXT = (
    f"{CANARY} (severity 3) wrote:\n> zealots quibble about injections\n\n"
    "Why this is one: category visit.wait, score 810.\nApologize until Tuesday; offer a refund."
)
SUBJECT = "Had to wait too long C-00001"
CUTS = [(nth, loss) for nth in (2, 3) for loss in ("lose_request", "lose_answer")]


def staff_ticket(desk, **changes):
    return prepared(desk, a_ticket(**{"text": TEXT, "subject": SUBJECT} | changes))


def words_of(*texts):
    """Every word that the neutral description does not have too."""
    found = {word for text in texts for word in re.findall(r"[\w.]{2,}", text.lower())}
    return found - set(re.findall(r"\w+", PUBLIC.lower()))


PUBLIC = (
    "Thank you for telling us. We are looking into it. (Staff: what happened and what to do "
    "stands in the first private note below.)"
)


def cut_open(world, desk, ticket, nth=2, loss="lose_request"):
    with getattr(world, loss)(nth), pytest.raises(OutcomeUnknown):
        desk.open(ticket)
    [ref] = desk.find(ticket.key, long_ago())
    return ref


def assert_whole(world, desk, ref, ticket):
    assert desk.snapshot(ref).text == ticket.text
    assert desk.snapshot(ref).requester_email == ticket.requester.email
    [opening] = world.openings(ref)
    assert opening.private


# what the requester can see


@pytest.mark.parametrize("cut", [None, *CUTS])
def test_the_requester_reads_no_word_of_ticket_or_notes(world, desk, cut):
    ticket = staff_ticket(desk)
    if cut is None:
        ref = desk.open(ticket)
        desk.finish(ref, ticket)
    else:
        ref = cut_open(world, desk, ticket, *cut)
        desk.finish(ref, ticket)
        assert_whole(world, desk, ref, ticket)
        desk.finish(ref, ticket)
    note = a_note(text="Jubilant vixens phoned again.", attachments=(a_file("xray-knee.pdf"),))
    desk.note(ref, note)
    desk.update(ref, an_update(status=TicketStatus.RESOLVED, fields={"category": "other"}))
    desk.finish(ref, ticket)
    assert_whole(world, desk, ref, ticket)
    assert len(world.notes(ref)) == 2
    shown = world.shown_to_the_requester(ref).lower()
    assert "thank you for telling us" in shown
    hidden = words_of(TEXT, note.text, "Changed by amends", "xray", "resolved", "[amends ticket")
    hidden -= words_of(SUBJECT)
    assert len(hidden) > 20
    assert [word for word in sorted(hidden) if re.search(rf"\b{re.escape(word)}\b", shown)] == []


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])
def test_at_no_time_between_two_requests_is_a_word_shown(world, desk, nth, loss):
    with getattr(world, loss)(nth), pytest.raises(OutcomeUnknown):
        desk.open(staff_ticket(desk))
    for ticket in world.hand.tickets():
        assert CANARY not in ticket["description"]
        public = [one for one in world.hand.conversations(ticket["id"]) if not one.private]
        assert public == []


def test_the_patient_is_put_in_after_the_words_are_hidden(world, desk):
    desk.open(staff_ticket(desk))
    sent = [one.request for one in world.server.exchanges if one.request.is_write]
    last = [one.path.rpartition("/")[2] for one in sent]
    assert last == ["tickets", "notes", "1"]
    assert CANARY.encode() not in sent[0].body
    assert b'"private":true' in sent[1].body


def test_the_description_is_the_practices_own_and_nothing_in_it_acts(world):
    own = "Danke! {{ticket.requester.email}} <b>bald</b>\nIhre Praxis"
    desk = world.open(public_description=own)
    ticket = staff_ticket(desk)
    ref = desk.open(ticket)
    shown = world.hand.ticket(ref.id)["description"]
    assert "Danke!" in shown
    assert "{{" not in shown
    assert "<b>" not in shown
    assert desk.snapshot(ref).text == TEXT
    assert next(iter(desk.history(ref))).data["shown"] == own


# cuts


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])
def test_finishing_that_is_cut_itself_can_be_repeated(world, desk, nth, loss):
    ticket = staff_ticket(desk)
    ref = cut_open(world, desk, ticket)
    with getattr(world, loss)(nth), pytest.raises(OutcomeUnknown):
        desk.finish(ref, ticket)
    desk.finish(ref, ticket)
    assert_whole(world, desk, ref, ticket)


def test_an_anonymous_opening_that_was_cut_gets_its_words(world, desk):
    ticket = staff_ticket(desk, requester=Contact())
    ref = cut_open(world, desk, ticket)
    desk.finish(ref, ticket)
    assert_whole(world, desk, ref, ticket)


# what agents did in between


def test_private_words_of_agents_do_not_keep_the_patient_out(world, desk):
    ticket = staff_ticket(desk)
    ref = cut_open(world, desk, ticket)
    world.hand.comment(ref.id, "whose is this?")
    world.hand.assign(ref.id)
    desk.finish(ref, ticket)
    assert_whole(world, desk, ref, ticket)


@pytest.mark.parametrize("act", ["public note", "reply", "description"])
def test_what_agents_said_to_nobody_is_not_shown_to_the_patient(world, desk, act):
    """While the ticket was the service contact's, they may have written what they liked."""
    ticket = staff_ticket(desk)
    ref = cut_open(world, desk, ticket)
    {
        "public note": lambda: world.hand.comment(ref.id, "who is this?", private=False),
        "reply": lambda: world.hand.reply(ref.id, "who are you?"),
        "description": lambda: world.hand.set(ref.id, description="<div>mad again</div>"),
    }[act]()
    for _ in range(2):
        with pytest.raises(PartiallyApplied) as caught:
            desk.finish(ref, ticket)
        assert caught.value.missing == ("requester",)
        assert desk.snapshot(ref).requester_email == ""
    assert desk.snapshot(ref).text == TEXT
    assert len(world.openings(ref)) == 1


def test_a_ticket_that_an_agent_gave_to_somebody_gets_its_words_and_keeps_its_requester(
    world, desk
):
    ticket = staff_ticket(desk)
    ref = cut_open(world, desk, ticket)
    mother = world.account.add_contact(email="mother@example.com")
    world.account.tickets[int(ref.id)].requester_id = mother.id
    desk.finish(ref, ticket)
    shown = desk.snapshot(ref)
    assert (shown.requester_email, shown.text) == ("mother@example.com", TEXT)


def test_a_merged_ticket_gets_its_words_and_nobody(world, desk):
    ticket = staff_ticket(desk)
    ref = cut_open(world, desk, ticket)
    other = desk.open(prepared(desk, a_ticket(2)))
    world.hand.merge(ref.id, other.id)
    before = world.hand.ticket(ref.id)["requester_id"]
    desk.finish(ref, ticket)
    assert next(iter(desk.history(ref))).text == TEXT
    assert world.hand.ticket(ref.id)["requester_id"] == before


@pytest.mark.parametrize("kind", ["spam", "delete", "archive"])
def test_a_ticket_that_was_put_away_is_left_alone(world, desk, kind):
    ticket = staff_ticket(desk)
    ref = cut_open(world, desk, ticket)
    getattr(world.hand, kind)(ref.id)
    world.server.knobs.archive_visible = False
    sent = len([one for one in world.server.exchanges if one.request.is_write])
    desk.finish(ref, ticket)
    assert len([one for one in world.server.exchanges if one.request.is_write]) == sent


# what the account refuses


def test_a_note_that_is_public_keeps_the_patient_out(world, desk):
    """Should the account ever ignore `private`: the words are there, and nobody reads them."""

    def made_public(answer):
        for one in world.account.tickets[1].conversations:
            one.private = False
        return json_answer(201, answer.json() | {"private": False})

    ticket = staff_ticket(desk)
    with (
        world.server.weather.upon(writes("/notes"), Fate(applied=True, change=made_public)),
        pytest.raises(PartiallyApplied) as caught,
    ):
        desk.open(ticket)
    assert caught.value.missing == ("private", "requester")
    with pytest.raises(PartiallyApplied) as again:
        desk.finish(caught.value.ref, ticket)
    assert again.value.missing == ("private", "requester")
    assert desk.snapshot(caught.value.ref).requester_email == ""
    assert len(world.openings(caught.value.ref)) == 1


def test_a_note_that_comes_back_shorter_is_told(world, desk):
    def cut(answer):
        return json_answer(201, answer.json() | {"body": "<div>Quirina</div>"})

    with (
        world.server.weather.upon(writes("/notes"), Fate(applied=True, change=cut)),
        pytest.raises(PartiallyApplied) as caught,
    ):
        desk.open(staff_ticket(desk))
    assert caught.value.missing == ("text",)
    assert "Quirina" not in str(caught.value)


def test_a_refused_note_leaves_a_ticket_that_says_what_it_lacks(world, desk):
    ticket = staff_ticket(desk)
    with (
        world.server.weather.upon(writes("/notes"), Fate(instead=Answer(status=405))),
        pytest.raises(PartiallyApplied) as caught,
    ):
        desk.open(ticket)
    assert caught.value.missing == ("text",)
    assert desk.snapshot(caught.value.ref).requester_email == ticket.requester.email
    desk.finish(caught.value.ref, ticket)
    assert_whole(world, desk, caught.value.ref, ticket)


# read again


@pytest.mark.parametrize("text", ["x\n[amends ticket open-C00009]", "[amends note n]", HOSTILE[0]])
def test_words_that_look_like_a_mark_are_words(world, desk, text):
    ref = desk.open(staff_ticket(desk, text=text))
    world.hand.patient_writes(ref.id, "x\n[amends ticket open-C00001]")
    assert desk.snapshot(ref).text == text
    assert [event.kind for event in desk.history(ref)] == ["created", "patient_reply"]
    assert ours(desk, ref, "n") == []


def test_the_first_words_are_told_once_with_what_became_of_them(world, desk):
    ref = desk.open(staff_ticket(desk))
    [note] = world.hand.conversations(ref.id)
    mended = TEXT.replace("Tuesday", "Wednesday")
    world.hand.edit(note, f"{mended}\n[amends ticket open-C00001]")
    [created] = desk.history(ref)
    assert created.kind == "created"
    assert created.text.split() == mended.split()
    assert created.text == desk.snapshot(ref).text
    assert created.data["shown"].replace("\n\n", " ") == PUBLIC
    assert "edited_at" in created.data
    world.hand.remove(note)
    assert desk.snapshot(ref).text.startswith("Thank you")


def test_a_ticket_that_somebody_else_opened_tells_its_description(world, desk):
    number = world.hand.opens("Waited", "two hours", "patient1@example.com")
    for count in range(101):
        world.hand.comment(number, f"comment {count}")
    ref = desk._account.ref(number)
    begun = len(world.server.exchanges)
    assert desk.snapshot(ref).text == "two hours"
    asked = [one.request.path for one in world.server.exchanges[begun:]]
    assert sum(path.endswith("/conversations") for path in asked) == 1, "no further than needed"
    assert next(iter(desk.history(ref))).text == "two hours"
