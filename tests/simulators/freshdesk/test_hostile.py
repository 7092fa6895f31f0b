"""Whatever is sent, the simulator answers as the product would, never with a fault of its own."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st
from servers.freshdesk import Knobs
from servers.freshdesk.account import Account
from servers.freshdesk.contacts import DATA as CONTACT_DATA
from servers.freshdesk.extras import CANNED_DATA, ENTRY_DATA
from servers.freshdesk.limits import Limiter
from servers.freshdesk.product import Product
from servers.freshdesk.rules import ON_CREATE
from servers.simulator import SimClock
from servers.weather import Request

from .conftest import COMPLAINT, MONDAY

KEY = "key"
HEADERS = {
    "authorization": "Basic " + base64.b64encode(f"{KEY}:X".encode()).decode(),
    "content-type": "application/json",
}
POLICY = ("name", "applicable_to", "sla_target", "active", "escalation")
FIELD = ("label", "label_for_customers", "type", "choices", "position", "required_for_agents")
NOTE = ("body", "private", "user_id", "incoming", "notify_emails", "cc_emails", "bcc_emails")
WRITES = {
    "POST /tickets": (*ON_CREATE, *COMPLAINT),
    "POST /tickets/outbound_email": (*ON_CREATE, *COMPLAINT),
    "PUT /tickets/1": tuple(ON_CREATE),
    "PUT /tickets/merge": ("primary_id", "ticket_ids"),
    "POST /tickets/1/notes": NOTE,
    "POST /tickets/1/reply": NOTE,
    "PUT /conversations/80000000019": ("body",),
    "POST /contacts": tuple(CONTACT_DATA),
    "PUT /contacts/80000000016": tuple(CONTACT_DATA),
    "POST /companies": ("name", "domains", "custom_fields"),
    "POST /admin/ticket_fields": FIELD,
    "PUT /admin/ticket_fields/80000000015": FIELD,
    "POST /groups": ("name", "description"),
    "POST /sla_policies": POLICY,
    "PUT /sla_policies/80000000012": POLICY,
    "POST /canned_responses": tuple(CANNED_DATA),
    "POST /canned_response_folders": ("name",),
    "POST /tickets/1/time_entries": tuple(ENTRY_DATA),
    "POST /automations/1/rules": ("name", "actions"),
}
NAMES = ("cf_amends_key", "priority_1", "respond_within", "resolve_within", "sources", "value")
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-1, 9)
    | st.integers(80_000_000_000, 80_000_000_030)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(["a@b.example", "2026-11-30", "2026-11-30T10:00:00Z", "00:20", "Billing"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def change(endpoint, names):
    """A body of the endpoint's own names with any values, or of any kind."""
    method, path = endpoint.split()
    body = st.dictionaries(st.sampled_from(names), VALUES, max_size=5)
    if method == "POST" and path.startswith("/tickets"):
        body = body.map(lambda values: {**COMPLAINT, **values}) | body
    return st.tuples(st.just(method), st.just(path), body | VALUES, st.just({}))


CHANGES = st.one_of([change(endpoint, names) for endpoint, names in WRITES.items()])
READ = (
    *("/tickets", "/tickets/1", "/tickets/1/conversations", "/tickets/1/time_entries"),
    *("/tickets/archived/1", "/contacts", "/contacts/80000000016", "/search/tickets"),
    *("/search/contacts", "/ticket_fields", "/admin/ticket_fields", "/groups", "/agents/me"),
    *("/sla_policies", "/companies", "/canned_response_folders", "/automations/1/rules"),
    *("/surveys/satisfaction_ratings", "/export/ticket_activities", "/canned_responses/1"),
)
QUERIES = st.dictionaries(
    st.sampled_from(
        [
            *("page", "per_page", "filter", "include", "order_by", "order_type", "query"),
            *("updated_since", "created_at", "created_since", "email", "state", "force"),
        ]
    ),
    st.text(max_size=6)
    | st.integers(-1, 400).map(str)
    | st.sampled_from(
        [
            *("stats", "requester,stats", "conversations", "spam", "deleted", "due_by", "asc"),
            *('"status:2"', "\"tag:'a' AND (priority:>1)\"", '"cf_amends_key:null"', '"(("'),
            *("2026-11-23", "2026-11-23T10:00:00Z", "new_and_my_open", "status", "verified"),
        ]
    ),
    max_size=3,
)


def product(**knobs):
    account = Account(SimClock(MONDAY), Knobs(**knobs))
    account.add_agent("amends bot", "bot@harbor.example", KEY)
    account.add_field("cf_amends_key", "Amends key", "custom_text")
    return Product(account, Limiter())


def send(served, method, path, body=b"", query=None):
    request = Request(
        method=method,
        path=f"/api/v2{path}",
        query=tuple((query or {}).items()),
        headers=HEADERS,
        body=body,
    )
    return served(request)


LOOKS = st.tuples(st.just("GET"), st.sampled_from(READ), st.just({}), QUERIES)
REMOVALS = st.tuples(
    st.just("DELETE"), st.sampled_from(READ), st.just({}), st.just({"force": "true"})
)


@given(
    requests=st.lists(CHANGES | LOOKS | REMOVALS, max_size=8),
    strict=st.booleans(),
)
def test_no_sequence_of_requests_breaks_it(requests, strict):
    served = product(strict_due=strict)
    assert send(served, "POST", "/tickets", json.dumps(COMPLAINT).encode()).status == 201
    for method, path, body, query in requests:
        answer = send(served, method, path, json.dumps(body).encode(), query)
        assert 200 <= answer.status < 500
        if answer.body:
            answer.json()
    for ticket in served.account.tickets.values():
        json.dumps(ticket.shown(served.account.now))


PARTS = st.lists(
    st.tuples(
        st.sampled_from(["subject", "tags", "tags[]", "custom_fields[cf_x]", "custom_fields"])
        | st.text(max_size=4),
        st.text(max_size=4),
    ),
    max_size=5,
).map(
    lambda pairs: "\r\n--b\r\n".join(
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in pairs
    ).encode("utf-8", "replace")
)


@given(body=st.binary(max_size=60) | PARTS, boundary=st.sampled_from(["", "b", '"b"']))
def test_no_form_breaks_it(body, boundary):
    request = Request(
        method="POST",
        path="/api/v2/tickets",
        headers=HEADERS | {"content-type": f"multipart/form-data; boundary={boundary}"},
        body=b"--b\r\n" + body + b"\r\n--b--\r\n",
    )
    assert product()(request).status == 400
