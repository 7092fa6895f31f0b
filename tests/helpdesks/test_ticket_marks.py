"""How the marks in subjects look that products write, and that answers carry home."""

from __future__ import annotations

import pytest

from connector.helpdesks.base import Capabilities
from connector.parsing.tokens import tokens
from connector.pipeline.joining import ticket_ids

FORM = Capabilities(find="strong").ticket_mark


@pytest.mark.parametrize(
    ("subject", "ids"),
    [
        ("Re: [example.com #123] Waiting time", ["123"]),  # Request Tracker
        ("Re: [rt.practice.example #123] [Comment] Waiting time", ["123"]),
        ("Re: [#123] Waiting time", ["123"]),  # Freshdesk
        ("AW: [#INC-123] Waiting time", ["123"]),  # a prefix chosen by the admin
        ("Re: [Ticket #123] Waiting time", ["123"]),
        ("RE: [EXTERN] Re: [Clinic Support] [# 123]", ["123"]),
        ("Re: [Practice #7] and [Practice #8]", ["7", "8"]),
        ("Re: [123] Waiting time", []),
        ("Re: [#12x] Waiting time", []),
        ("Re: [room #12 of ward #3] Waiting time", []),
        ("Re: Invoice #123", []),
    ],
)
def test_the_ticket_is_read_from_the_mark(subject, ids):
    assert ticket_ids(tokens(subject), FORM) == ids
