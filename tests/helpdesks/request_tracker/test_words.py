"""The product's words and ours, and what is decided before anything is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.domain.signal import Contact
from connector.domain.ticket import TicketStatus
from connector.helpdesks.request_tracker import RequestTrackerSettings, bodies, files, tables
from connector.testing.changes import a_note, a_ticket, an_update

WORDS = st.text(st.characters(codec="utf-8"), max_size=60)
KEYS = st.text("abcXYZ019-_.:", min_size=1, max_size=64)


def settings(**changes):
    values = {"url": "https://rt.example", "token": "1-2-x", "queue": "Q", **changes}
    return RequestTrackerSettings(**values)


@given(WORDS)
def test_a_quoted_text_has_no_way_out(text):
    inside = tables.quoted(text)[1:-1]
    assert "'" not in inside.replace("\\\\", "").replace("\\'", "")
    assert inside.replace("\\'", "'").replace("\\\\", "\\") == text or "\\" in text


@given(KEYS)
def test_a_mark_gives_back_its_key_and_only_for_its_kind(key):
    subject = tables.marked(tables.NOTE_MARK, key) + "\n"
    assert tables.key_in(subject, tables.NOTE_MARK) == key
    assert tables.key_in(subject, tables.TICKET_MARK) == ""


@given(WORDS)
def test_words_of_others_are_no_mark(text):
    assert tables.key_in(f"Re: {text}", tables.NOTE_MARK) == ""


@given(st.integers(315_532_800, 4_102_444_800))
def test_a_time_comes_back_to_the_second_without_t_and_z(seconds):
    at = datetime.fromtimestamp(seconds, UTC)
    printed = tables.when(at)
    assert not {"T", "Z"} & set(printed)
    assert tables.moment(printed) == at


def test_the_year_1970_is_no_time():
    assert tables.moment("1970-01-01T00:00:00Z") is None
    assert tables.moment("") is None


@given(st.text(max_size=500), st.integers(10, 200))
def test_a_subject_is_one_line_that_fits(text, limit):
    line = tables.subject_of(text, limit)
    assert 0 < len(line) <= limit
    assert "\n" not in line


@given(st.lists(WORDS), st.lists(WORDS), st.lists(WORDS))
def test_foreign_tags_stay_each_once(standing, add, remove):
    merged = tables.merge_tags(standing, add, remove)
    assert set(merged) == (set(standing) - set(remove)) | set(add)
    assert len(merged) == len(set(merged))


@pytest.mark.parametrize(
    ("priority", "severity"), [(0, 0), (9, 0), (10, 1), (50, 2), (74, 2), (99, 3), (100, 4)]
)
def test_a_priority_is_the_highest_severity_that_it_reaches(priority, severity):
    assert tables.severity_of(settings(), priority) == severity


@pytest.mark.parametrize("wrong", [{1: 1}, {1: 4, 2: 3, 3: 2, 4: 1}, {1: 1, 2: 1, 3: 2, 4: 3}])
def test_priorities_name_every_severity_and_rise(wrong):
    with pytest.raises(ValidationError, match="rising"):
        settings(priorities=wrong)


@pytest.mark.parametrize("wrong", ["", "a}b", "it's", 'say "x"', "a\nb"])
def test_a_field_has_a_name_that_can_be_searched_for(wrong):
    with pytest.raises(ValidationError):
        settings(key_field=wrong)


def test_statuses_of_a_site_are_read_and_set():
    own = settings(statuses={"waiting": "pending"})
    assert tables.status_of(own, "waiting") is TicketStatus.PENDING
    assert tables.status_for(own, TicketStatus.PENDING) == "waiting"
    assert tables.status_of(own, "in treatment") is TicketStatus.OPEN
    assert tables.status_for(own, TicketStatus.CLOSED) == "rejected"


def test_what_the_patient_can_see_holds_nothing_of_the_case():
    body = bodies.ticket_body(settings(), a_ticket())
    assert "Requestor" not in body["create"]
    assert a_ticket().text not in json.dumps(body["create"])
    quiet = bodies.ticket_body(settings(quiet_queue=True), a_ticket())
    assert quiet["create"]["Requestor"] == a_ticket().requester.email


def test_an_update_that_names_nothing_changes_nothing():
    change = an_update(severity=None, add_tags=(), remove_tags=())
    body = bodies.update_body(settings(), change, "")
    assert body["priority"] is None
    assert not any(body[name] for name in ("sla", "fields", "add_tags", "due", "status"))


@given(st.lists(st.text(min_size=1, max_size=150), max_size=6))
def test_file_names_are_harmless_and_distinct(names):
    taken: set[str] = set()
    for name in names:
        safe = files.safe_name(name, taken)
        assert 0 < len(safe) <= files.MAX_NAME
        assert not set('"/\\\r\n\0') & set(safe)
        assert safe not in taken
        taken.add(safe)


def test_a_body_is_plain_data():
    note = a_note()
    assert json.loads(tables.canonical(bodies.note_body(settings(), note)))["files"] == []
    other = replace(note, text="half \ud800 a sign, \0 and no more")
    assert bodies.note_body(settings(), other)["text"] == "half  a sign,  and no more"


@pytest.mark.parametrize("who", [Contact(phone="+17205550161"), Contact(name="Anonymous")])
@pytest.mark.parametrize("quiet", [True, False])
def test_nobody_is_made_a_user_for_a_number_or_for_nothing(who, quiet):
    body = bodies.ticket_body(settings(quiet_queue=quiet), a_ticket(requester=who))
    assert "Requestor" not in body["create"]
    assert not body["requestor"]
