"""Whatever the account answers has a defined end, and no ticket is lost or doubled."""

from __future__ import annotations

import json

import pytest
from servers.weather import (
    BAD_GATEWAY,
    CAPTIVE_PORTAL,
    INTERNAL_ERROR,
    MAINTENANCE,
    REDIRECT,
    Answer,
    Fate,
    json_answer,
    reads,
    torn,
    truncated,
    writes,
)

from connector.domain.errors import (
    AuthenticationFailed,
    Conflict,
    EdgeError,
    Gone,
    OutcomeUnknown,
    PartiallyApplied,
    RateLimited,
    Rejected,
    Unavailable,
)
from connector.domain.ticket import TicketRef
from connector.testing.changes import a_note, a_ticket, an_update
from connector.testing.helpdesk.world import long_ago, ours, prepared


def flat(status, code, *headers):
    body = {"code": code, "message": "You are not allowed; jane@example.com"}
    return json_answer(status, body).with_headers(*headers)


def invalid(status, field, code):
    errors = [{"field": field, "message": "It should be 'Jane Roe'", "code": code}]
    return json_answer(status, {"description": "Validation failed", "errors": errors})


MOVED = Answer(status=301, headers=(("Location", "https://127.0.0.1:9/"),))

REFUSALS = [
    (flat(401, "invalid_credentials"), AuthenticationFailed),
    (flat(403, "access_denied"), AuthenticationFailed),
    (flat(403, "password_lockout"), AuthenticationFailed),
    (Answer(status=405), Rejected),
    (invalid(409, "email", "duplicate_value"), Conflict),
    (flat(413, "too_large"), Rejected),
    (flat(415, "invalid_content_type"), Rejected),
    (invalid(400, "subject", "invalid_value"), Rejected),
    (invalid(422, "subject", "invalid_value"), Rejected),
    (flat(429, "rate_limit_exceeded", ("Retry-After", "37")), RateLimited),
    (flat(429, "rate_limit_exceeded"), RateLimited),
    (MOVED, Unavailable),
]
DOUBTS = [BAD_GATEWAY, MAINTENANCE, INTERNAL_ERROR, CAPTIVE_PORTAL, REDIRECT, Answer(status=408)]
DOUBTS += [json_answer(201, {"id": "1"}), json_answer(200, None)]
NO_LIST = json_answer(200, [{"id": 1}])
CHANGES = [truncated, torn]


@pytest.mark.parametrize(
    ("answer", "error"), REFUSALS, ids=lambda one: getattr(one, "__name__", "")
)
def test_a_refused_create_is_told_and_makes_nothing(world, desk, answer, error):
    ticket = prepared(desk, a_ticket())
    with world.server.weather.upon(writes(), Fate(instead=answer)), pytest.raises(error) as caught:
        desk.open(ticket)
    assert "Jane" not in str(caught.value)
    assert "jane" not in str(caught.value)
    assert world.count(ticket.key) == 0
    world.open().open(ticket)
    assert world.count(ticket.key) == 1


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("answer", DOUBTS)
def test_an_unclear_answer_to_a_create_is_doubt(world, desk, answer, applied):
    ticket = prepared(desk, a_ticket())
    fate = Fate(applied=applied, instead=answer)
    with world.server.weather.upon(writes("/tickets$"), fate), pytest.raises(OutcomeUnknown):
        desk.open(ticket)
    found = desk.find(ticket.key, long_ago())
    assert len(found) == applied == world.count(ticket.key)
    for one in found:
        desk.finish(one, ticket)
        assert desk.snapshot(one).requester_email == ticket.requester.email


@pytest.mark.parametrize("change", CHANGES)
def test_half_an_answer_to_a_create_is_doubt(world, desk, change):
    ticket = prepared(desk, a_ticket())
    fate = Fate(applied=True, change=change)
    with world.server.weather.upon(writes("/tickets$"), fate), pytest.raises(OutcomeUnknown):
        desk.open(ticket)
    assert len(desk.find(ticket.key, long_ago())) == 1


WAYS = {error: answer for answer, error in REFUSALS} | {OutcomeUnknown: BAD_GATEWAY}
"""One answer for each of the ways that a request may end."""


@pytest.mark.parametrize("step", [r"/notes$", r"/tickets/\d+$"])
@pytest.mark.parametrize("answer", [*WAYS.values(), CAPTIVE_PORTAL])
def test_whatever_ends_a_later_step_leaves_one_ticket_that_can_be_completed(
    world, desk, answer, step
):
    """The ticket is there: what note or patient's contact meet is partial, all else is doubt."""
    ticket = prepared(desk, a_ticket())
    fate = Fate(instead=answer)
    with (
        world.server.weather.upon(writes(step), fate),
        pytest.raises((PartiallyApplied, OutcomeUnknown)),
    ):
        desk.open(ticket)
    desk = world.open()  # the old one keeps a pause that it was asked for
    [found] = desk.find(ticket.key, long_ago())
    desk.finish(found, ticket)
    desk.finish(found, ticket)
    shown = desk.snapshot(found)
    assert (shown.requester_email, shown.text) == (ticket.requester.email, ticket.text)
    assert len(world.openings(found)) == 1
    assert world.count(ticket.key) == 1
    assert world.mails() == []


LASTING = [answer for answer, error in REFUSALS if error is not RateLimited]
"""Without those after which we wait by ourselves."""


@pytest.mark.parametrize("answer", [*LASTING, *DOUBTS, NO_LIST])
def test_whatever_ends_a_read_is_an_error_and_never_an_empty_answer(world, desk, ref, answer):
    with world.server.weather.upon(reads(), Fate(instead=answer)):
        for call in (
            lambda: desk.find("open-C00001", long_ago()),
            lambda: desk.snapshot(ref),
            lambda: desk.note(ref, a_note()),
            lambda: desk.update(ref, an_update()),
            lambda: list(desk.history(ref)),
            lambda: desk.changed_since("", long_ago()),
        ):
            with pytest.raises(EdgeError) as caught:
                call()
            assert "jane" not in str(caught.value).lower()
        assert desk.check() != []
    assert world.notes(ref) == []


@pytest.mark.parametrize("view", ["spam", "deleted"])
def test_a_list_that_is_refused_leaves_the_doubt(world, desk, view):
    """Live tickets were listed: that the key is not among them says nothing yet."""

    def of_view(request):
        return request.params.get("filter") == view

    with (
        world.server.weather.upon(of_view, Fate(instead=BAD_GATEWAY)),
        pytest.raises(Unavailable),
    ):
        desk.find("another", long_ago())


def test_a_pause_is_told_with_its_length_and_its_kind(world, desk):
    headers = (
        ("Retry-After", "37"),
        ("X-Ratelimit-Total", "80"),
        ("X-Ratelimit-Remaining", "0"),
    )
    answer = flat(429, "rate_limit_exceeded", *headers)
    ticket = prepared(desk, a_ticket())
    with (
        world.server.weather.upon(writes(), Fate(instead=answer)),
        pytest.raises(RateLimited) as caught,
    ):
        desk.open(ticket)
    assert (caught.value.retry_after_s, caught.value.bucket) == (37, "ticket_create")
    assert desk.pause_s("open") > 30
    assert desk.pause_s("note") == 0


def test_a_pause_without_figures_is_one_for_all(world, desk):
    answer = flat(429, "rate_limit_exceeded", ("Retry-After", "37"))
    with world.server.weather.upon(writes(), Fate(instead=answer)), pytest.raises(RateLimited):
        desk.open(prepared(desk, a_ticket()))
    assert desk.pause_s("note") > 30


@pytest.mark.parametrize("answer", DOUBTS)
def test_a_note_in_doubt_is_written_once(world, desk, ref, answer):
    note = a_note()
    fate = Fate(applied=True, instead=answer)
    with world.server.weather.upon(writes("/notes"), fate), pytest.raises(OutcomeUnknown):
        desk.note(ref, note)
    desk.note(ref, note)
    assert len(ours(desk, ref, note.key)) == 1


def test_an_answer_to_a_note_that_lacks_what_the_reference_leaves_out_will_do(world, desk, ref):
    """The sample of the reference has no `source`."""

    def as_documented(answer):
        said = answer.json()
        kept = {name: said[name] for name in ("id", "body", "private", "incoming", "created_at")}
        return json_answer(201, kept)

    with world.server.weather.upon(writes("/notes"), Fate(applied=True, change=as_documented)):
        desk.note(ref, a_note())
    assert len(ours(desk, ref, "note-1")) == 1


def test_an_address_that_is_none_of_the_product_is_said(world):
    desk = world.open_at(f"{world.server.url}/elsewhere")
    with pytest.raises(Unavailable, match="own address"):
        desk.open(prepared(desk, a_ticket()))
    with pytest.raises(Unavailable):
        desk.snapshot(TicketRef(id="1"))
    assert any("own address" in problem.what for problem in desk.check())


def test_a_public_note_is_told(world, desk, ref):
    """Should the account ever ignore `private`, somebody has to know."""

    def made_public(answer):
        return json_answer(201, answer.json() | {"private": False})

    with (
        world.server.weather.upon(writes("/notes"), Fate(applied=True, change=made_public)),
        pytest.raises(PartiallyApplied) as caught,
    ):
        desk.note(ref, a_note())
    assert caught.value.missing == ("private",)


def test_every_note_says_that_it_is_private(world, desk, ref):
    desk.note(ref, a_note())
    sent = [one.request for one in world.server.exchanges if one.request.path.endswith("/notes")]
    assert [json.loads(one.body)["private"] for one in sent] == [True, True]


def test_a_ticket_that_vanished_between_read_and_write_is_gone(world, desk, ref):
    """404 on a write to a ticket that can still be read: it went to the archive."""
    with (
        world.server.weather.upon(writes(), Fate(instead=Answer(status=404))),
        pytest.raises(Gone) as caught,
    ):
        desk.update(ref, an_update())
    assert caught.value.kind == "archived"
