"""The traps of the real product, each with what would happen to a careless client."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from selectolax.lexbor import LexborHTMLParser
from servers.helpdesk import PRACTICE, SiteWorld, running_site
from servers.scripted import answer, scripted

from connector.domain.errors import (
    Gone,
    Incomplete,
    OutcomeUnknown,
    PartiallyApplied,
    Rejected,
    Unavailable,
)
from connector.domain.signal import Contact
from connector.domain.ticket import TicketRef, TicketStatus
from connector.helpdesks.django_helpdesk import notes, scan
from connector.http import TooLarge
from connector.testing.changes import CANARY, DUE, a_file, a_note, a_ticket, an_update
from connector.testing.helpdesk.world import long_ago

LURE = (
    "![p](http://127.0.0.1:1/pixel.png) [click](https://evil.example/) <script>alert(1)</script> "
    "see #99999999999999999999\n<https://evil.example/> *2*3*4 {{ ticket.submitter_email }}"
)


@pytest.fixture
def world():
    world = SiteWorld(running_site())
    yield world
    world.close()


@pytest.fixture
def helpdesk(world):
    return world.open()


@pytest.fixture
def ref(helpdesk):
    return helpdesk.open(a_ticket())


def sql(world, statement, *values):
    with contextlib.closing(sqlite3.connect(world.site.folder / "db.sqlite3")) as database:
        rows = database.execute(statement, values).fetchall()
        database.commit()
        return rows


# --- what people see ---------------------------------------------------------------------


def test_an_agent_reads_on_the_page_what_was_sent_and_nothing_acts(world, helpdesk):
    ref = helpdesk.open(a_ticket(text=LURE, subject="Refund, see #99999999999999999999"))
    helpdesk.note(ref, a_note(text=LURE))
    with world.agent() as browser:
        answer = browser.get(f"{world.site.url}/tickets/{ref.id}/", timeout=30)
    assert answer.status_code == 200
    page = LexborHTMLParser(answer.text)
    comments = page.css("#followup-list .mt-3")
    shown = [" ".join(comment.text().replace("\u2060", "").split()) for comment in comments]
    assert [text.startswith(" ".join(LURE.split())) for text in shown] == [True, True]
    assert [node for comment in comments for node in comment.css("img, script, a")] == []


def test_headings_of_our_follow_ups_say_what_they_are(world, helpdesk, ref):
    helpdesk.note(ref, a_note())
    helpdesk.update(ref, an_update())
    titles = [followup["title"] for followup in world.ticket(ref)["followup_set"]]
    assert titles == [
        "For staff: what happened and what to do",
        "Note from amends",
        "Changed by amends",
    ]
    assert world.ticket(ref)["title"] == a_ticket().subject


def test_the_patients_page_shows_nothing_of_the_words_for_staff(world, helpdesk, ref):
    helpdesk.note(ref, a_note())
    helpdesk.update(ref, an_update())
    [(key, slug)] = sql(
        world,
        "SELECT secret_key, slug FROM helpdesk_ticket JOIN helpdesk_queue AS q ON q.id = queue_id "
        "WHERE helpdesk_ticket.id = ?",
        ref.id,
    )
    with world.browser() as stranger:
        where = {"ticket": f"{slug}-{ref.id}", "email": "patient1@example.com", "key": key}
        page = stranger.get(f"{world.site.url}/view/", params=where, timeout=30).text
    assert "Thank you for telling us" in page
    for word in (CANARY, "Call back", "amends", "severity", "visit.wait"):
        assert word not in page


def test_a_copy_of_a_private_note_by_mail_holds_none_of_its_words(world, helpdesk, ref):
    sql(world, "UPDATE helpdesk_queue SET updated_ticket_cc = 'boss@example.org'")
    before = len(world.mails())
    try:
        helpdesk.note(ref, a_note(attachments=(a_file("scan.pdf"),)))
    finally:
        sql(world, "UPDATE helpdesk_queue SET updated_ticket_cc = ''")
    mails = world.mails()[before:]
    assert len(mails) == 1  # the product does mail private follow-ups
    assert "boss@example.org" in mails[0]
    assert CANARY not in mails[0]
    assert "scan.pdf" not in mails[0]


def test_a_note_mailed_to_the_patient_is_said_aloud():
    class Chatty:
        edge = "helpdesk"

        def say(self, number, comment):
            del number
            shown = {"id": 7, "comment": comment, "public": False}
            return {**shown, "email_recipients": ["p@example.com"]}

        def edit(self, followup, body):
            return {"id": followup, **body}

    ticket = {"followup_set": [], "status": 1, "submitter_email": "p@example.com"}
    body = {"stub": "s", "comment": "c", "title": "t", "files": []}
    with pytest.raises(PartiallyApplied) as caught:
        notes.ensure_note(Chatty(), TicketRef(id="1"), ticket, body, "k")
    assert caught.value.missing == ("no_mail",)


@pytest.mark.parametrize("status", [3, 4])
@pytest.mark.parametrize("resolution", ["We refunded {{ you }} #1 % }.\nSorry.", "", None])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_the_resolution_that_patients_read_survives_our_notes(
    world, helpdesk, ref, status, resolution, nth
):
    change = {"status": status, "resolution": resolution}
    world.api("PATCH", f"/api/tickets/{ref.id}/", json=change)
    with world.lose_answer(nth), contextlib.suppress(OutcomeUnknown):
        helpdesk.note(ref, a_note())
    assert CANARY not in (world.ticket(ref)["resolution"] or "")
    helpdesk.note(ref, a_note())
    assert (world.ticket(ref)["resolution"] or None) == (resolution or None)
    assert len(world.notes(ref)) == 1


# --- opening -----------------------------------------------------------------------------


def test_the_queue_may_be_given_by_title_or_number(world):
    for queue in ("Patient Recovery", 1, "1"):
        helpdesk = world.open(queue=queue)
        assert helpdesk.check() == []
        assert world.ticket(helpdesk.open(a_ticket()))["queue"] == 1


def test_an_unknown_queue_makes_no_ticket(world):
    for queue in ("Nowhere", 77):
        with pytest.raises(Rejected) as caught:
            world.open(queue=queue).open(a_ticket())
        assert "queue" in caught.value.fields
    assert world.count(a_ticket().key) == 0


def test_a_field_that_the_site_ignores_is_said_and_the_ticket_is_there(world):
    helpdesk = world.open(fields={"no_such": "amends_no_such"})
    ticket = a_ticket(fields={"category": "visit.wait", "no_such": "x"})
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.open(ticket)
    assert caught.value.missing == ("amends_no_such",)
    assert helpdesk.find(ticket.key, long_ago()) == [caught.value.ref]
    assert world.ticket(caught.value.ref)["submitter_email"] == "patient1@example.com"


def test_an_address_that_the_site_refuses_is_said_and_the_ticket_is_there(helpdesk):
    ticket = a_ticket(requester=Contact(name="x", email="not an address"))
    with pytest.raises(PartiallyApplied) as caught:
        helpdesk.open(ticket)
    assert "requester" in caught.value.missing
    assert helpdesk.snapshot(caught.value.ref).text == ticket.text


def test_a_value_that_is_too_long_is_rejected_with_its_field(helpdesk):
    with pytest.raises(Rejected) as caught:
        helpdesk.open(a_ticket(fields={"category": "x" * 500}))
    assert caught.value.fields == ("custom_amends_category",)


@pytest.mark.parametrize("nth", [2, 3])
@pytest.mark.parametrize("lost", ["request", "answer"])
def test_an_opening_that_was_cut_is_found_and_finished(world, helpdesk, nth, lost):
    ticket = a_ticket()
    cut = world.lose_request if lost == "request" else world.lose_answer
    with cut(nth), pytest.raises(OutcomeUnknown):
        helpdesk.open(ticket)
    [ref] = helpdesk.find(ticket.key, long_ago())
    for _ in range(2):  # repeating it is harmless
        helpdesk.finish(ref, ticket)
        assert world.ticket(ref)["submitter_email"] == "patient1@example.com"
        assert world.ticket(ref)["followup_set"][0]["public"] is False
    assert helpdesk.snapshot(ref).text == ticket.text
    assert ticket.text not in world.ticket(ref)["description"]


@pytest.mark.parametrize("nth", [1, 2])
def test_finishing_that_is_cut_itself_can_be_repeated(world, helpdesk, nth):
    ticket = a_ticket()
    with world.lose_request(2), pytest.raises(OutcomeUnknown):
        helpdesk.open(ticket)
    [ref] = helpdesk.find(ticket.key, long_ago())
    with world.lose_answer(nth), pytest.raises(OutcomeUnknown):
        helpdesk.finish(ref, ticket)
    helpdesk.finish(ref, ticket)
    assert world.ticket(ref)["submitter_email"] == "patient1@example.com"
    assert world.ticket(ref)["followup_set"][0]["public"] is False
    assert ticket.text not in world.ticket(ref)["description"]


def test_finishing_leaves_alone_what_agents_have_changed(world, helpdesk, ref):
    world.api("PATCH", f"/api/tickets/{ref.id}/", json={"submitter_email": ""})
    helpdesk.finish(ref, a_ticket())
    assert world.ticket(ref)["submitter_email"] == ""


# --- finding -----------------------------------------------------------------------------


class Listed:
    """A site whose list of follow-ups is given; pages above a size are too large."""

    def __init__(self, followups, largest=1_000):
        self.all = followups
        self.largest = largest
        self.asked = []

    def followups(self, page, size):
        self.asked.append((page, size))
        if size > self.largest:
            raise TooLarge("helpdesk", "too large")
        number = max(-(-len(self.all) // size), 1) if page == "last" else page
        part = self.all[(number - 1) * size : number * size]
        return {"count": len(self.all), "results": part}


def opened(number, key, minutes=0):
    at = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(minutes=minutes)
    comment = f"\u2060words\n\u2060\n\u2060[amends ticket {key}]"
    return {"id": number, "ticket": number, "date": at.isoformat(), "comment": comment}


NOBODY_SINCE = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("largest", [1_000, 128, 64, 7, 1])
@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 300])
def test_every_holder_is_found_whatever_fits_on_a_page(count, largest):
    followups = [opened(n, "k" if n % 50 == 0 else f"k{n}", n) for n in range(count)]
    site = Listed(followups, largest)
    assert scan.holders(site, "k", NOBODY_SINCE) == list(range(0, count, 50))


def test_the_search_ends_where_it_is_too_old():
    site = Listed([opened(n, "k", n) for n in range(1_000)])
    since = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(minutes=990)
    assert scan.holders(site, "k", since) == list(range(990, 1_000))
    assert len(site.asked) == 1


def test_one_follow_up_that_is_too_large_is_no_answer():
    with pytest.raises(TooLarge):
        scan.holders(Listed([opened(1, "k")], largest=0), "k", NOBODY_SINCE)


def test_a_key_in_other_words_is_no_holder(helpdesk, ref):
    helpdesk.note(ref, a_note(text="[amends ticket open-X]"))
    helpdesk.open(a_ticket(2, text="[amends ticket open-X]"))
    assert helpdesk.find("open-X", long_ago()) == []


def test_a_closed_and_a_merged_ticket_are_found(world, helpdesk, ref):
    world.api("PATCH", f"/api/tickets/{ref.id}/", json={"status": 4})
    assert helpdesk.find(a_ticket().key, long_ago()) == [ref]
    world.merge(ref, helpdesk.open(a_ticket(2)))
    assert helpdesk.find(a_ticket().key, long_ago()) == [ref]


# --- gone, or only away ------------------------------------------------------------------


def test_a_server_that_answers_404_to_everything_is_no_deleted_ticket(world):
    def lost(server, conn):
        server.read_request(conn)
        conn.sendall(answer("404 Not Found", b"<h1>Not Found</h1>", "Content-Type: text/html"))

    with scripted(lost) as server:
        helpdesk = world.open(url=server.url)
        with pytest.raises(Unavailable, match="no API"):
            helpdesk.snapshot(TicketRef(id="1"))
        with pytest.raises(Unavailable, match="no API"):
            helpdesk.open(a_ticket())
        with pytest.raises(Unavailable, match="no API"):
            helpdesk.find("k", long_ago())
        assert "no API" in helpdesk.check()[0].what


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"id": "x"}', b'{"count": 1}'])
def test_json_of_another_shape_is_not_taken_for_an_answer(world, body):
    def odd(server, conn):
        server.read_request(conn)
        conn.sendall(answer("200 OK", body))

    with scripted(odd) as server:
        helpdesk = world.open(url=server.url, queue=1)
        with pytest.raises(OutcomeUnknown):
            helpdesk.open(a_ticket())
        with pytest.raises(Unavailable):
            helpdesk.find("k", long_ago())
        with pytest.raises(Unavailable):
            list(helpdesk.history(TicketRef(id="1")))
        assert helpdesk.check() != []


def test_a_history_that_is_too_large_is_incomplete(world, ref):
    def huge(server, conn):
        server.read_request(conn)
        conn.sendall(answer("200 OK", b'"' + b"x" * 5_000_000 + b'"'))

    with scripted(huge) as server, pytest.raises(Incomplete):
        list(world.open(url=server.url).history(ref))


def test_a_status_that_moved_under_our_hands_does_not_lose_the_update(world, helpdesk, ref):
    ticket = world.ticket(ref)
    world.api("PATCH", f"/api/tickets/{ref.id}/", json={"status": 3})
    changed = helpdesk._site.change(ticket, {"priority": 1})
    assert (changed["priority"], changed["status"]) == (1, 3)


def test_a_follow_up_deleted_under_our_hands_is_written_again(world, helpdesk, ref):
    with world.lose_request(2), pytest.raises(OutcomeUnknown):
        helpdesk.note(ref, a_note())
    [stub] = world.ticket(ref)["followup_set"][1:]
    world.api("DELETE", f"/api/followups/{stub['id']}/")
    with pytest.raises(Unavailable, match="deleted"):
        helpdesk._site.edit(stub["id"], {"public": False})
    helpdesk.note(ref, a_note())
    assert len(world.notes(ref)) == 1


def test_a_ticket_deleted_under_our_hands_is_gone(world, helpdesk, ref):
    ticket = world.ticket(ref)
    world.delete(ref)
    with pytest.raises(Gone) as caught:
        helpdesk._site.change(ticket, {"priority": 1})
    assert caught.value.kind == "deleted"


# --- what agents did ---------------------------------------------------------------------


def test_agents_work_is_read_in_our_words(world, helpdesk, ref):
    for body in (
        {"comment": "I called her, all well.", "public": True},
        {"comment": "refunded", "public": False, "new_status": 3},
        {"comment": "", "public": False, "new_status": 2},
    ):
        world.api("POST", "/api/followups/", json={"ticket": int(ref.id), **body})
    [agent] = [number for number, name in helpdesk._site.users().items() if name == "agent"]
    world.api("PATCH", f"/api/tickets/{ref.id}/", json={"assigned_to": agent, "on_hold": True})
    events = [(event.kind, event.text, event.data.get("to")) for event in helpdesk.history(ref)]
    assert events == [
        ("created", a_ticket().text, None),
        ("public_reply", "I called her, all well.", None),
        ("note", "refunded", None),
        ("status", "", "resolved"),
        ("status", "", "open"),
    ]
    shown = helpdesk.snapshot(ref)
    assert shown.assignee == "agent"
    assert shown.status is TicketStatus.PENDING
    assert {event.actor for event in helpdesk.history(ref)} == {"amends-bot"}


def test_the_version_changes_with_everything_that_is_shown(world, helpdesk, ref):
    versions = [helpdesk.snapshot(ref).version]
    assert helpdesk.snapshot(ref).version == versions[0]
    world.comment_by_hand(ref, "called")
    versions.append(helpdesk.snapshot(ref).version)
    world.tag_by_hand(ref, "vip")
    versions.append(helpdesk.snapshot(ref).version)
    assert len(set(versions)) == 3


def test_times_of_another_zone_are_read_in_utc(helpdesk, ref):
    paris = DUE.astimezone(tz=None)
    shown = helpdesk.update(ref, an_update(due_at=paris))
    assert shown.due_at == DUE
    assert shown.due_at.tzinfo is UTC


# --- check -------------------------------------------------------------------------------


@pytest.fixture
def field(world):
    """Add a custom field to the site; it is taken away after the test."""
    made = []

    def add(name, data_type="varchar", max_length=200, *, required=False):
        made.append(name)
        sql(
            world,
            "INSERT INTO helpdesk_customfield "
            "(name, label, data_type, max_length, required, staff_only, empty_selection_list) "
            "VALUES (?, 'x', ?, ?, ?, 1, 0)",
            *(name, data_type, max_length, required),
        )

    yield add
    for name in made:
        sql(world, "DELETE FROM helpdesk_customfield WHERE name = ?", name)


def whats(helpdesk):
    problems = helpdesk.check()
    assert all(problem.cure for problem in problems)
    return [problem.what for problem in problems]


def test_check_names_a_missing_field(world):
    assert "custom field nowhere" in whats(world.open(key_field="nowhere"))[0]
    [problem] = world.open(fields={"category": "nowhere"}).check()
    assert "for category" in problem.what
    assert not problem.fatal


def test_check_is_silent_about_a_field_that_is_not_wanted(world):
    assert world.open(fields={"category": ""}).check() == []


def test_check_names_a_field_that_is_too_short_or_no_text(world, field):
    field("short", max_length=10)
    field("number", "integer")
    assert "takes only 10 characters" in whats(world.open(key_field="short"))[0]
    assert "is no text" in whats(world.open(tags_field="number"))[0]


def test_check_names_a_field_that_the_site_demands(helpdesk, field):
    field("insurance", required=True)
    assert whats(helpdesk) == ["The site demands insurance for every ticket."]


@pytest.mark.parametrize("queue", ["Nowhere", 77])
def test_check_names_the_queues_that_there_are(world, queue):
    [problem] = world.open(queue=queue).check()
    assert "is not there" in problem.what
    assert "Patient Recovery (1)" in problem.cure
    assert problem.fatal


def test_check_says_when_the_user_is_not_staff(world, helpdesk):
    sql(world, "UPDATE auth_user SET is_staff = 0 WHERE username = 'amends-bot'")
    try:
        [problem] = helpdesk.check()
    finally:
        sql(world, "UPDATE auth_user SET is_staff = 1 WHERE username = 'amends-bot'")
    assert "not staff" in problem.what
    assert "staff status" in problem.cure


def test_check_says_when_the_address_is_wrong(world):
    [what] = whats(world.open(url=f"http://127.0.0.1:{world.port}/elsewhere"))
    assert "no API" in what


def test_check_says_when_the_clocks_differ(world):

    from connector.helpdesks.django_helpdesk.desk import DjangoHelpdesk  # noqa: PLC0415

    ahead = datetime.now(UTC) + timedelta(minutes=10)
    helpdesk = DjangoHelpdesk(world.settings(), PRACTICE, now=lambda: ahead)
    [problem] = helpdesk.check()
    helpdesk.close()
    assert "clock" in problem.what
    assert not problem.fatal


def test_check_says_when_the_site_is_too_old(world):
    old = b'{"actions": {"POST": {"ticket": {}, "comment": {}, "public": {}}}}'

    def ancient(server, conn):
        server.read_request(conn)
        conn.sendall(answer("200 OK", old))

    with scripted(ancient) as server:
        assert any("older than 2.6" in what for what in whats(world.open(url=server.url)))


def test_a_frozen_body_of_a_note_goes_with_its_files(world, helpdesk, ref):
    note = a_note(attachments=(a_file("a.pdf"), a_file("page.html", b"<b>")))
    frozen = replace(note, body=helpdesk.prepare(note))
    helpdesk.note(ref, frozen)
    [seen] = world.notes(ref)
    assert set(seen.files) == {"a.pdf", "page.html.txt"}
