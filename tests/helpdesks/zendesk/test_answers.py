"""Whatever comes back, each operation has one defined outcome, and no ticket is lost or doubled."""

from __future__ import annotations

import pytest
from servers.weather import (
    BAD_GATEWAY,
    CAPTIVE_PORTAL,
    FORBIDDEN,
    INTERNAL_ERROR,
    MAINTENANCE,
    REDIRECT,
    Fate,
    json_answer,
    reads,
    text_answer,
    torn,
    truncated,
    writes,
)

from connector.domain.errors import (
    AuthenticationFailed,
    Conflict,
    Gone,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from connector.testing.changes import a_note, a_ticket, an_update
from connector.testing.helpdesk.world import long_ago, ours, prepared

UNAUTHORIZED = json_answer(401, {"error": "invalid_token"})
NOT_FOUND = json_answer(404, {"error": "RecordNotFound", "description": "Not found"})
COLLISION = json_answer(409, {"error": "DatabaseConflict", "description": "Database collision"})
TOO_LARGE = text_answer(413, "Request Entity Too Large")
INVALID = json_answer(
    422,
    {
        "error": "RecordInvalid",
        "description": "Record validation errors",
        "details": {"subject": [{"description": "Subject: is too long", "error": "ValueTooLong"}]},
    },
)
ODD = json_answer(422, {"error": {"title": "Invalid attribute", "message": "Quirina"}})
PAUSE = json_answer(429, {"error": "APIRateLimitExceeded"}).with_headers(("Retry-After", "17"))
PLAIN_PAUSE = text_answer(429, "Number of allowed API requests per minute exceeded").with_headers(
    ("Retry-After", "17")
)
OTHER_JSON = json_answer(200, {"hello": "world"})

OUTCOMES = [
    # answer, on a create, on a write to a ticket, on a read
    pytest.param(UNAUTHORIZED, *[AuthenticationFailed] * 3, id="401"),
    pytest.param(FORBIDDEN, *[AuthenticationFailed] * 3, id="403"),
    pytest.param(NOT_FOUND, Unavailable, Gone, Unavailable, id="404"),
    pytest.param(COLLISION, OutcomeUnknown, Conflict, Conflict, id="409"),
    pytest.param(TOO_LARGE, *[Rejected] * 3, id="413"),
    pytest.param(INVALID, *[Rejected] * 3, id="422"),
    pytest.param(ODD, *[Rejected] * 3, id="422 with an object as its error"),
    pytest.param(PAUSE, *[RateLimited] * 3, id="429"),
    pytest.param(PLAIN_PAUSE, *[RateLimited] * 3, id="429 in plain text"),
    pytest.param(INTERNAL_ERROR, OutcomeUnknown, OutcomeUnknown, Unavailable, id="500"),
    pytest.param(BAD_GATEWAY, OutcomeUnknown, OutcomeUnknown, Unavailable, id="502"),
    pytest.param(MAINTENANCE, OutcomeUnknown, OutcomeUnknown, RateLimited, id="503"),
    pytest.param(CAPTIVE_PORTAL, OutcomeUnknown, OutcomeUnknown, Unavailable, id="HTML"),
    pytest.param(REDIRECT, OutcomeUnknown, OutcomeUnknown, Unavailable, id="redirect"),
    pytest.param(OTHER_JSON, OutcomeUnknown, OutcomeUnknown, Unavailable, id="other JSON"),
    pytest.param(None, OutcomeUnknown, OutcomeUnknown, Unavailable, id="reset"),
]


@pytest.mark.parametrize(("answer", "on_create", "on_write", "on_read"), OUTCOMES)
def test_an_answer_means_the_same_every_time(world, helpdesk, answer, on_create, on_write, on_read):
    ref = helpdesk.open(prepared(helpdesk, a_ticket()))
    ticket = prepared(helpdesk, a_ticket(2))
    fate = Fate(instead=answer)
    with world.desk.weather.upon(writes("/api/"), fate):
        for helper, call in (
            (on_create, lambda desk: desk.open(ticket)),
            (on_write, lambda desk: desk.note(ref, a_note())),
            (on_write, lambda desk: desk.update(ref, an_update())),
        ):
            # a fresh one each time: a pause that was asked for is kept
            with pytest.raises(helper):
                call(_warm(world))
    with world.desk.weather.upon(reads("/tickets$"), fate), pytest.raises(on_read):
        _warm(world).find(ticket.key, long_ago())
    assert world.count(ticket.key) == 0
    assert len(world.desk.comments(ref.id)) == 1


def _warm(world):
    """A fresh helpdesk that has its token and its names already."""
    helpdesk = world.open()
    helpdesk._names.known()
    return helpdesk


@pytest.mark.parametrize("fault", [truncated, torn, lambda _own: BAD_GATEWAY])
def test_a_damaged_answer_to_what_was_done_is_doubt_and_doubles_nothing(world, helpdesk, fault):
    ref = helpdesk.open(prepared(helpdesk, a_ticket()))
    ticket = prepared(helpdesk, a_ticket(2))
    done = Fate(applied=True, change=fault)
    for call in (
        lambda: helpdesk.open(ticket),
        lambda: helpdesk.note(ref, a_note()),
        lambda: helpdesk.update(ref, an_update()),
    ):
        with world.desk.weather.upon(writes("/api/"), done), pytest.raises(OutcomeUnknown):
            call()
        call()
    assert world.count(ticket.key) == 1
    assert len(ours(helpdesk, ref, "note-1")) == 1
    assert len(ours(helpdesk, ref, "update-1")) == 1


@pytest.mark.parametrize("fault", [truncated, torn])
def test_a_damaged_list_is_no_answer(world, helpdesk, fault):
    ticket = prepared(helpdesk, a_ticket())
    helpdesk.open(ticket)
    with (
        world.desk.weather.upon(reads(), Fate(applied=True, change=fault)),
        pytest.raises(Unavailable),
    ):
        helpdesk.find(ticket.key, long_ago())


@pytest.mark.parametrize("plain", [False, True])
def test_a_pause_is_told_with_its_length(world, plain):
    helpdesk = _warm(world)
    answer = PLAIN_PAUSE if plain else PAUSE
    with (
        world.desk.weather.upon(writes("/api/"), Fate(instead=answer)),
        pytest.raises(RateLimited) as caught,
    ):
        helpdesk.open(prepared(helpdesk, a_ticket()))
    assert caught.value.retry_after_s == 17


def test_no_ticket_is_made_twice_by_a_pause(world, helpdesk):
    ticket = prepared(helpdesk, a_ticket())
    with world.desk.weather.upon(writes("/api/"), Fate(instead=PAUSE)), pytest.raises(RateLimited):
        helpdesk.open(ticket)
    assert world.open().open(ticket)
    assert world.count(ticket.key) == 1


def test_a_ticket_that_alone_is_kept_from_us_is_gone(world, helpdesk):
    """As when an agent moved it to a private group: nothing else may stop for it."""
    ref = helpdesk.open(prepared(helpdesk, a_ticket()))
    with world.desk.weather.upon(reads(f"/tickets/{ref.id}(/|$)"), Fate(instead=FORBIDDEN)):
        for call in (
            lambda: helpdesk.snapshot(ref),
            lambda: helpdesk.note(ref, a_note()),
            lambda: list(helpdesk.history(ref)),
        ):
            with pytest.raises(Gone) as caught:
                call()
            assert caught.value.kind == "deleted"


@pytest.mark.parametrize("path", ["/tickets", "/audits$"])
def test_a_right_that_lacks_never_looks_like_a_deleted_ticket(world, helpdesk, path):
    ref = helpdesk.open(prepared(helpdesk, a_ticket()))
    world.desk.close_ticket(ref.id)
    with world.desk.weather.upon(reads(path), Fate(instead=FORBIDDEN)):
        for call in (
            lambda: helpdesk.snapshot(ref),
            lambda: helpdesk.note(ref, a_note()),
            lambda: list(helpdesk.history(ref)),
        ):
            with pytest.raises(AuthenticationFailed):
                call()


def test_an_account_that_is_away_never_looks_like_a_deleted_ticket(world, helpdesk):
    ref = helpdesk.open(prepared(helpdesk, a_ticket()))
    with world.desk.weather.upon(reads(), Fate(instead=NOT_FOUND)), pytest.raises(Unavailable):
        helpdesk.snapshot(ref)
