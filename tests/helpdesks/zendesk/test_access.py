"""Tokens are renewed in time, and `check` finds what is wrong with an account."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from servers.weather import BAD_GATEWAY, Fate, json_answer, reads, writes
from servers.zendesk_world import PRACTICE, ZendeskWorld

from connector.domain.errors import AuthenticationFailed, NotSent, Unavailable
from connector.domain.ticket import TicketRef
from connector.helpdesks.zendesk import Zendesk, ZendeskSettings
from connector.helpdesks.zendesk.tokens import ClientCredentials
from connector.http import Http, HttpConfig
from connector.testing.changes import a_ticket
from connector.testing.helpdesk.world import long_ago, prepared


def asked_for(world):
    """The bodies of all requests for a token."""
    return [
        one.request.json() for one in world.desk.exchanges if one.request.path == "/oauth/tokens"
    ]


class Time:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def credentials(world, time):
    settings = world.settings()
    http = Http("zendesk", HttpConfig(base_url=settings.url))
    yield ClientCredentials(settings, http, monotonic=time)
    http.close()


def test_a_token_is_asked_for_with_its_life_and_scope(world, credentials):
    assert credentials.header().startswith("Bearer ")
    assert asked_for(world) == [
        {
            "grant_type": "client_credentials",
            "client_id": world.desk.knobs.client_id,
            "client_secret": world.desk.knobs.client_secret,
            "scope": "read write",
            "expires_in": 1_800,
        }
    ]


def test_without_a_scope_none_is_asked_for(world):
    world.open(scope="").find("x", long_ago())
    assert "scope" not in asked_for(world)[0]


def test_a_token_is_used_until_shortly_before_its_end(world, credentials, time):
    first = credentials.header()
    time.now += 1_619
    assert credentials.header() == first
    time.now += 2
    assert credentials.header() != first
    assert len(asked_for(world)) == 2


def test_a_life_that_is_shorter_than_asked_for_counts(credentials, world, time):
    shorter = json_answer(200, {"access_token": "t", "token_type": "bearer", "expires_in": 400})
    with world.desk.weather.upon(writes("/oauth/tokens$"), Fate(instead=shorter)):
        credentials.header()
        time.now += 361
        credentials.header()
    assert len(asked_for(world)) == 2


def test_several_threads_ask_for_one_token(world, credentials):
    refused = credentials.header()
    given = []
    threads = [
        threading.Thread(target=lambda: given.append(credentials.renewed(refused)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(given) == 8
    assert len(set(given)) == 1
    assert len(asked_for(world)) == 2


def test_a_token_that_ended_early_is_renewed_and_the_ticket_is_made_once(world, helpdesk):
    helpdesk.find("x", long_ago())
    world.desk.expire_tokens()
    ticket = prepared(helpdesk, a_ticket())
    helpdesk.open(ticket)
    assert world.count(ticket.key) == 1
    assert len(asked_for(world)) == 2


def test_a_second_refusal_stops_us(world, helpdesk):
    refused = json_answer(401, {"error": "invalid_token"})
    with (
        world.desk.weather.upon(reads("/tickets$"), Fate(instead=refused)),
        pytest.raises(AuthenticationFailed),
    ):
        helpdesk.find("x", long_ago())
    assert len(asked_for(world)) == 2


def test_a_right_that_lacks_asks_for_no_other_token(world, helpdesk):
    with world.refuse_reads(), pytest.raises(AuthenticationFailed):
        helpdesk.find("x", long_ago())
    assert len(asked_for(world)) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (json_answer(400, {"error": "invalid_scope"}), AuthenticationFailed),
        (json_answer(401, {"error": "invalid_client"}), AuthenticationFailed),
        (json_answer(404, {"error": "not_found"}), Unavailable),
        (json_answer(200, {"token_type": "bearer"}), Unavailable),
        (json_answer(200, {"access_token": "two\r\nlines"}), Unavailable),
        (json_answer(200, []), Unavailable),
        (BAD_GATEWAY, Unavailable),
        (None, Unavailable),
    ],
)
def test_without_a_token_nothing_was_sent_and_there_is_no_doubt(world, helpdesk, answer, error):
    """Also when the answer to the request for it was lost."""
    ticket = prepared(helpdesk, a_ticket())
    with (
        world.desk.weather.upon(writes("/oauth/tokens$"), Fate(instead=answer)),
        pytest.raises(error),
    ):
        helpdesk.open(ticket)
    assert world.asked() == []


def test_after_closing_no_token_is_asked_for(world, helpdesk):
    helpdesk.close()
    with pytest.raises(NotSent):
        helpdesk.find("x", long_ago())
    assert asked_for(world) == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_id": "a"},
        {"client_secret": "b"},
        {"client_id": "a", "client_secret": "b", "email": "c@d.example", "token": "e"},
        {"email": "c@d.example"},
        {"client_id": "a", "client_secret": "b", "token_seconds": 300},
        {"client_id": "a", "client_secret": "b", "token_seconds": 172_800},
        {"client_id": "a", "client_secret": "b", "scope": "read\nwrite"},
        {"client_id": "a", "client_secret": "b", "group": -1},
        {"client_id": "a", "client_secret": "b", "url": "http://elm.example"},
        {"client_id": "a", "client_secret": "b", "url": "https://elm.example/agent/tickets"},
    ],
)
def test_settings_that_cannot_work_are_refused(given):
    with pytest.raises(ValidationError):
        ZendeskSettings(**{"url": "https://elm.zendesk.com", **given})


# --- check --------------------------------------------------------------------------------------


def found(helpdesk):
    return {problem.what: problem for problem in helpdesk.check()}


def only(helpdesk):
    [problem] = helpdesk.check()
    assert problem.cure
    return problem


def test_an_api_token_works_until_its_end_and_every_check_names_the_date(world):
    helpdesk = world.open_by_token()
    helpdesk.open(prepared(helpdesk, a_ticket()))
    problem = only(helpdesk)
    assert "2027-04-30" in problem.what
    assert not problem.fatal
    assert asked_for(world) == []


def test_after_the_end_of_api_tokens_the_check_says_so(world):
    world.desk.knobs.basic_allowed = False
    email, token = world.desk.client_user.email, world.desk.knobs.api_token
    settings = ZendeskSettings(url=world.desk.url, email=email, token=token)
    helpdesk = Zendesk(settings, PRACTICE, now=lambda: datetime(2027, 5, 1, tzinfo=UTC))
    whats = list(found(helpdesk))
    helpdesk.close()
    assert whats[0] == "Zendesk has ended all API tokens on 2027-04-30."
    assert len(whats) > 1


def test_the_friendly_answer_to_wrong_credentials_fools_nobody(world):
    problems = world.open_by_token(token="wrong").check()
    assert problems[-1].fatal
    assert "refuses the credentials" in problems[-1].what


def test_a_client_whose_scope_forbids_everything_is_told(world, helpdesk):
    forbidden = json_answer(403, {"error": "Forbidden"})
    with world.desk.weather.upon(reads(), Fate(instead=forbidden)):
        assert "scope" in only(helpdesk).cure


def test_audits_that_may_not_be_read_are_told(world, helpdesk):
    helpdesk.open(prepared(helpdesk, a_ticket()))
    with world.desk.weather.upon(reads("/audits$"), Fate(instead=json_answer(403, {}))):
        problem = only(helpdesk)
    assert problem.fatal
    assert "audits" in problem.what


def test_an_agent_instead_of_an_administrator_is_a_warning(world, helpdesk):
    world.desk.client_user.role = "agent"
    problem = only(helpdesk)
    assert "feed" in problem.what
    assert not problem.fatal


def test_a_patient_instead_of_an_agent_is_fatal(world, helpdesk):
    world.desk.client_user.role = "end-user"
    assert only(helpdesk).fatal


@pytest.mark.parametrize("what", ["group", "brand", "form"])
def test_a_name_that_the_account_has_not_is_fatal(world, what):
    problem = only(world.open(**{what: "No Such"}))
    assert problem.fatal
    assert what in problem.what


def test_a_form_in_an_account_without_forms_is_told(world):
    world.desk.knobs.has_forms = False
    assert "form" in only(world.open(form="Complaint")).what


def test_a_field_that_the_settings_name_in_vain_is_a_warning(world):
    problem = only(world.open(fields={"lane": "No Such"}))
    assert not problem.fatal
    assert "lane" in problem.what


def test_an_account_that_was_not_set_up_is_told_how():
    world = ZendeskWorld(set_up=False)
    try:
        problem = only(world.open())
    finally:
        world.close()
    assert "category, contact_due, resolution_due" in problem.what
    assert "amends provision" in problem.cure


def test_a_category_without_its_options_is_a_warning(world):
    for record in world.desk.account.shelves["ticket_fields"].records.values():
        if record["title"] == "Recovery: category":
            record["custom_field_options"] = record["custom_field_options"][:3]
    problem = only(world.open())
    assert "lacks 15 options" in problem.what
    assert not problem.fatal


@pytest.mark.parametrize(("kind", "active"), [("basic_priority", True), ("priority", False)])
def test_a_priority_field_that_cannot_do_is_a_warning(world, helpdesk, kind, active):
    shelf = world.desk.account.shelves["ticket_fields"]
    shelf.put(type=kind, title="Priority", active=active, removable=False)
    problem = only(helpdesk)
    assert not problem.fatal
    assert "priorit" in problem.what


def test_clocks_that_differ_are_a_warning(world):
    ahead = Zendesk(
        world.settings(), PRACTICE, now=lambda: datetime.now(UTC) + timedelta(minutes=7)
    )
    problem = only(ahead)
    ahead.close()
    assert "differ by" in problem.what
    assert not problem.fatal


def test_welcome_mails_to_patients_are_a_warning(world, helpdesk):
    shown = json_answer(200, {"settings": {"user": {"agent_created_welcome_emails": True}}})
    with world.desk.weather.upon(reads("/account/settings$"), Fate(instead=shown)):
        problem = only(helpdesk)
    assert "welcome" in problem.what
    assert not problem.fatal


MAILS = [{"field": "notification_user", "value": ["requester_id", "Hello", "{{ticket.title}}"]}]


@pytest.mark.parametrize(
    ("conditions", "harmless"),
    [
        ([("update_type", "is", "Create")], False),
        ([("status", "is", "open"), ("comment_is_public", "is", "true")], True),
        ([("update_type", "is", "Create"), ("ticket_is_public", "is", "public")], True),
        ([("current_tags", "not_includes", "vip amends")], True),
        ([("current_tags", "not_includes", "amends_storm")], False),
        ([("current_tags", "includes", "amends")], False),
    ],
)
def test_a_trigger_that_would_mail_patients_is_a_warning(world, helpdesk, conditions, harmless):
    names = ("field", "operator", "value")
    every = [dict(zip(names, one, strict=True)) for one in conditions]
    world.desk.add_record("triggers", title="Say hello", all=every, actions=MAILS)
    found = helpdesk.check()
    assert [problem.fatal for problem in found] == ([] if harmless else [False])
    assert harmless or "Say hello" in found[0].what


def test_what_may_not_be_seen_of_triggers_is_left_out(world, helpdesk):
    forbidden = json_answer(403, {"error": "Forbidden"})
    with world.desk.weather.upon(reads("/triggers$"), Fate(instead=forbidden)):
        assert helpdesk.check() == []


def test_an_account_that_is_not_there_is_told(world, helpdesk):
    nowhere = json_answer(404, {"error": "RecordNotFound"})
    with world.desk.weather.upon(lambda _request: True, Fate(instead=nowhere)):
        assert "url" in only(helpdesk).cure
        with pytest.raises(Unavailable):
            helpdesk.snapshot(TicketRef(id="1"))
