"""Audits as the API gives them, with the users beside, and what they mean."""

from __future__ import annotations

import pytest

from connector.helpdesks.zendesk.events import events_of
from connector.helpdesks.zendesk.names import Known


def audit(number, author, *events):
    return {
        "id": number,
        "created_at": "2026-03-02T09:00:00Z",
        "author_id": author.get("id", -1),
        "author": author,
        "events": [{"id": number * 10 + place, **event} for place, event in enumerate(events)],
        "metadata": {"system": {}, "custom": {}},
        "via": {"channel": "web"},
    }


AGENT = {"id": 7, "name": "Kim", "role": "agent"}
PATIENT = {"id": 9, "name": "Jane Roe", "role": "end-user"}


def comment(text, *, public=True):
    words = {"body": text, "plain_body": text, "html_body": text}
    return {"type": "Comment", "public": public, "attachments": [], **words}


@pytest.mark.parametrize(
    ("author", "public", "kind"),
    [
        (AGENT, True, "public_reply"),
        (PATIENT, True, "patient_reply"),
        (AGENT, False, "note"),
        ({}, True, "public_reply"),
    ],
)
def test_a_patients_own_words_are_no_reply_to_them(author, public, kind):
    told = [audit(1, AGENT, comment("made")), audit(2, author, comment("words", public=public))]
    assert [event.kind for event in events_of(told, Known())] == ["created", kind]


def test_what_we_did_over_the_api_without_a_mark_is_no_persons_doing():
    change = {"type": "Change", "field_name": "tags", "value": ["a"], "previous_value": []}
    by_api = {**audit(2, AGENT, change), "via": {"channel": "api"}}
    by_hand = audit(3, AGENT, change)
    told = list(events_of([audit(1, AGENT, comment("made")), by_api, by_hand], Known(), {}, 7))
    assert [event.data.get("automatic") for event in told] == [None, "true", None]


def test_a_comment_in_the_name_of_a_patient_is_theirs():
    behalf = {**comment("I still wait"), "author_id": 9}
    told = [audit(1, AGENT, comment("made")), audit(2, AGENT, behalf)]
    event = list(events_of(told, Known(), {9: PATIENT}))[-1]
    assert (event.kind, event.actor) == ("patient_reply", "Jane Roe")
