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
