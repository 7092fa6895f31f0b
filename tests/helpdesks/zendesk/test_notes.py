"""Notes appear once; closed, merged and deleted tickets are gone on from, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from servers.weather import Fate, json_answer, reads, writes

from connector.domain.errors import Conflict, Gone, OutcomeUnknown, PartiallyApplied, Rejected
from connector.domain.ticket import TicketRef
from connector.testing.changes import a_file, a_note, a_ticket
from connector.testing.helpdesk.world import ours, prepared


@pytest.fixture
def ref(helpdesk):
    return helpdesk.open(prepared(helpdesk, a_ticket()))


def note(helpdesk, number=1, **changes):
    made = a_note(number, **changes)
    return replace(made, body=helpdesk.prepare(made))


def gone(helpdesk, ref, what):
    with pytest.raises(Gone) as caught:
        helpdesk.note(ref, what)
    return caught.value


def test_a_note_takes_two_reads_and_one_write(world, helpdesk, ref):
    before = len(world.asked())
    helpdesk.note(ref, note(helpdesk))
    where = f"/api/v2/tickets/{ref.id}"
    assert world.asked()[before:] == [
        ("GET", where),
        ("GET", f"{where}/audits"),
        ("PUT", where),
    ]


def test_the_same_note_again_takes_no_write(world, helpdesk, ref):
    helpdesk.note(ref, note(helpdesk))
    before = len(world.asked())
    world.open().note(ref, note(helpdesk))
    assert {method for method, _ in world.asked()[before:]} == {"GET"}


def test_somebody_who_is_faster_makes_it_begin_anew(world, helpdesk, ref):
    def an_agent_comes_first(own):
        world.desk.clock.advance(seconds=5)
        world.comment_by_hand(ref, "called back")
        return own

    fate = Fate(applied=True, change=an_agent_comes_first)
    with world.desk.weather.upon(reads("/audits$"), fate, times=1):
        helpdesk.note(ref, note(helpdesk))
    assert [one.text for one in helpdesk.history(ref) if one.kind == "note"] == [
        "called back",
        a_note().text,
    ]


@pytest.mark.parametrize("applied", [True, False])
def test_a_collision_in_its_database_leads_to_a_look_and_one_note(world, helpdesk, ref, applied):
    world.desk.conflict(applied=applied)
    helpdesk.note(ref, note(helpdesk))
    assert len(ours(helpdesk, ref, "note-1")) == 1


def test_a_ticket_that_changes_all_the_time_is_a_conflict(world, helpdesk, ref):
    outdated = json_answer(409, {"error": "UpdateConflict"})
    with (
        world.desk.weather.upon(writes(), Fate(instead=outdated)),
        pytest.raises(Conflict),
    ):
        helpdesk.note(ref, note(helpdesk))


def test_a_late_effect_of_a_lost_note_is_seen_in_time(world, helpdesk, ref):
    """The first attempt comes through between our look and our write."""
    late = note(helpdesk)

    def it_comes_through(own):
        world.desk.clock.advance(seconds=5)
        world.open().note(ref, late)
        return own

    fate = Fate(applied=True, change=it_comes_through)
    with world.desk.weather.upon(reads("/audits$"), fate, times=1):
        helpdesk.note(ref, late)
    assert len(ours(helpdesk, ref, late.key)) == 1


def test_a_file_whose_upload_is_refused_leaves_a_word(world, helpdesk, ref):
    refused = json_answer(422, {"error": "AttachmentUnprocessable"})
    with (
        world.desk.weather.upon(writes("/uploads$"), Fate(instead=refused), times=1),
        pytest.raises(PartiallyApplied) as caught,
    ):
        helpdesk.note(ref, note(helpdesk, attachments=(a_file("a.pdf"), a_file("b.pdf"))))
    assert caught.value.missing == ("attachment 1",)
    [made] = ours(helpdesk, ref, "note-1")
    assert "The helpdesk refused: attachment 1" in made.text
    assert made.data["files"] == "b.pdf"


def test_an_upload_that_answers_nonsense_is_doubt_and_repeated(world, helpdesk, ref):
    nonsense = json_answer(201, {"upload": {}})
    with (
        world.desk.weather.upon(writes("/uploads$"), Fate(applied=True, instead=nonsense)),
        pytest.raises(OutcomeUnknown),
    ):
        helpdesk.note(ref, note(helpdesk, attachments=(a_file(),)))
    helpdesk.note(ref, note(helpdesk, attachments=(a_file(),)))
    assert len(ours(helpdesk, ref, "note-1")) == 1


def test_what_does_not_fit_into_a_note_goes_as_a_file(world, helpdesk, ref):
    text = "so it went on & on\n" * 5_000
    helpdesk.note(ref, note(helpdesk, text=text))
    made = world.desk.comments(ref.id)[-1]
    assert "more characters do not fit; see the file whole-text.txt" in made["plain_body"]
    [file] = made["attachments"]
    assert world.desk.file(file).content.decode() == text


def test_a_note_without_its_mark_is_said(world, helpdesk, ref):
    world.desk.knobs.drops = {"metadata"}
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.note(ref, note(helpdesk))
    assert caught.value.missing == ("mark",)


# --- closed for good --------------------------------------------------------------------------


def test_news_about_a_closed_ticket_open_its_follow_up_and_go_on_there(world, helpdesk, ref):
    world.tag_by_hand(ref, "vip")
    world.desk.close_ticket(ref.id)
    error = gone(helpdesk, ref, note(helpdesk))
    assert error.kind == "closed"
    into = TicketRef(id=error.merged_into)
    helpdesk.note(into, note(helpdesk))
    shown = helpdesk.snapshot(into)
    assert shown.status == "open"
    assert shown.severity == a_ticket().severity
    assert shown.tags == {*a_ticket().tags, "vip"}
    assert shown.fields["category"] == "visit.wait"
    assert shown.requester_email == a_ticket().requester.email
    assert len(ours(helpdesk, into, "note-1")) == 1
    assert not any(comment["public"] for comment in world.desk.comments(into.id))
    assert world.mails() == []


def test_all_news_about_a_closed_ticket_go_into_one_follow_up(world, helpdesk, ref):
    world.desk.close_ticket(ref.id)
    told = {gone(helpdesk, ref, note(helpdesk, number)).merged_into for number in (1, 2, 1)}
    told.add(gone(world.open(), ref, note(helpdesk, 3)).merged_into)
    assert len(told) == 1
    assert len(world.desk.tickets) == 2


@pytest.mark.parametrize("loss", ["lose_request", "lose_answer"])
def test_a_cut_while_following_up_leaves_one_follow_up(world, helpdesk, ref, loss):
    world.desk.close_ticket(ref.id)
    world.desk.knobs.list_lag_s = 60  # the list does not show it yet: the key has to do
    with getattr(world, loss)(1), pytest.raises(OutcomeUnknown):
        helpdesk.note(ref, note(helpdesk))
    gone(helpdesk, ref, note(helpdesk))
    assert len(world.desk.tickets) == 2


def test_a_suspended_requester_does_not_keep_the_follow_up_away(world, helpdesk, ref):
    world.desk.close_ticket(ref.id)
    world.desk.suspend(a_ticket().requester.email)
    into = TicketRef(id=gone(helpdesk, ref, note(helpdesk)).merged_into)
    assert helpdesk.snapshot(into).requester_email == ""


def test_a_ticket_that_closes_between_look_and_write_is_followed_up(world, helpdesk, ref):
    def it_closes(own):
        world.desk.close_ticket(ref.id)
        return own

    fate = Fate(applied=True, change=it_closes)
    with world.desk.weather.upon(reads("/audits$"), fate, times=1):
        assert gone(helpdesk, ref, note(helpdesk)).kind == "closed"
    assert len(world.desk.tickets) == 2


def test_a_solved_ticket_takes_a_note_and_stays_solved(world, helpdesk, ref):
    world.desk.set_status(ref.id, "solved")
    helpdesk.note(ref, note(helpdesk))
    assert helpdesk.snapshot(ref).status == "resolved"


def test_an_archived_ticket_is_read_whole_and_followed_up(world, helpdesk, ref):
    for number in range(3):
        world.comment_by_hand(ref, f"comment {number}")
    world.desk.archive(ref.id)
    assert helpdesk.snapshot(ref).status == "closed"
    assert len([one for one in helpdesk.history(ref) if one.kind == "note"]) == 3
    assert gone(helpdesk, ref, note(helpdesk)).kind == "closed"


def test_an_archived_ticket_too_large_for_one_answer_is_closed_all_the_same(world, helpdesk, ref):
    world.desk.archive(ref.id)
    part = json_answer(200, {"audits": [], "next_page": None, "count": 9_999})
    with world.desk.weather.upon(reads("/audits$"), Fate(instead=part)):
        assert helpdesk.snapshot(ref).status == "closed"
        assert gone(helpdesk, ref, note(helpdesk)).kind == "closed"


# --- merged, deleted, spam --------------------------------------------------------------------


@pytest.fixture
def other(helpdesk):
    return helpdesk.open(prepared(helpdesk, a_ticket(2)))


def test_news_about_a_merged_ticket_go_where_it_was_merged_to(world, helpdesk, ref, other):
    world.merge(ref, other)
    error = gone(helpdesk, ref, note(helpdesk))
    assert (error.kind, error.merged_into) == ("merged", other.id)
    assert len(world.desk.tickets) == 2


def test_a_patient_who_writes_of_a_merge_is_not_believed(world, helpdesk, ref, other):
    patient = world.desk.account.user_by_email(a_ticket().requester.email)
    lure = f"This request was closed and merged into request #{other.id}"
    world.desk.comment_by_hand(ref.id, lure, public=True, author=patient)
    world.desk.close_ticket(ref.id)
    assert helpdesk.snapshot(ref).status == "closed"
    assert gone(helpdesk, ref, note(helpdesk)).merged_into != other.id


def test_an_agent_who_only_mentions_another_ticket_does_not_lead_there(world, helpdesk, ref, other):
    world.comment_by_hand(ref, f"may be merged into request #{other.id} one day")
    world.desk.close_ticket(ref.id)
    assert gone(helpdesk, ref, note(helpdesk)).merged_into != other.id


def test_both_tickets_have_to_tell_of_a_merge_by_the_same_hand(world, helpdesk, ref, other):
    world.comment_by_hand(ref, f"to be merged into request #{other.id}?")
    patient = world.desk.account.user_by_email(a_ticket(2).requester.email)
    world.desk.comment_by_hand(other.id, f"see #{ref.id}", public=True, author=patient)
    world.desk.close_ticket(ref.id)
    assert gone(helpdesk, ref, note(helpdesk)).merged_into != other.id


def test_a_merge_that_cannot_be_told_is_followed_up(world, helpdesk, ref):
    world.tag_by_hand(ref, "closed_by_merge")
    world.desk.close_ticket(ref.id)
    with pytest.raises(Gone) as caught:
        helpdesk.snapshot(ref)
    assert (caught.value.kind, caught.value.merged_into) == ("merged", "")
    assert gone(helpdesk, ref, note(helpdesk)).kind == "closed"


@pytest.mark.parametrize("how", ["delete", "scrub", "mark_as_spam"])
def test_a_ticket_that_goes_away_under_our_hands_is_gone(world, helpdesk, ref, how):
    def it_goes(own):
        getattr(world.desk, how)(ref.id)
        return own

    fate = Fate(applied=True, change=it_goes)
    with world.desk.weather.upon(reads(f"/tickets/{ref.id}$"), fate, times=1):
        assert gone(helpdesk, ref, note(helpdesk)).kind == "deleted"
    assert len(world.desk.tickets) == 1


def test_a_refused_follow_up_is_set_aside_with_a_reason(world, helpdesk, ref):
    world.desk.close_ticket(ref.id)
    refused = json_answer(422, {"error": "RecordInvalid", "details": {"base": [{}]}})
    with (
        world.desk.weather.upon(writes("/tickets$"), Fate(instead=refused)),
        pytest.raises(Rejected, match="follow-up of a closed ticket"),
    ):
        helpdesk.note(ref, note(helpdesk))
