"""The vendor's document bites when an exchange does not agree with it."""

from __future__ import annotations

import json
import re

import pytest
from servers.weather import Request, json_answer
from servers.zendesk.call import routes
from servers.zendesk.contract import DOCUMENT, WRONG, Contract

pytestmark = pytest.mark.skipif(
    not DOCUMENT.exists(), reason="the vendor's OpenAPI document is not beside the project"
)
HEADERS = {"content-type": "application/json", "authorization": "Bearer x"}


@pytest.fixture
def contract():
    return Contract.load()


def watch(contract, method, path, body, status, answer, query=()):
    content = json.dumps(body).encode() if body is not None else b""
    request = Request(method=method, path=path, headers=HEADERS, body=content, query=query)
    contract.watch(request, json_answer(status, answer))
    return contract.faults


def test_an_unknown_key_is_a_fault(contract):
    body = {"ticket": {"comment": {"body": "x"}, "colour": 1}}
    faults = watch(contract, "POST", "/api/v2/tickets", body, 201, {"ticket": None, "audit": None})
    assert any("request" in one and "colour" in one for one in faults)


def test_a_missing_key_of_an_answer_is_a_fault(contract):
    faults = watch(contract, "GET", "/api/v2/tickets/1", None, 200, {"ticket": {"id": 1}})
    assert any("allow_attachments" in one for one in faults)


def test_a_value_of_the_wrong_kind_is_a_fault(contract):
    faults = watch(contract, "GET", "/api/v2/tickets/1/tags", None, 200, {"tags": "a b"})
    assert len(faults) == 1


def test_a_path_that_is_not_in_it_is_a_fault(contract):
    assert watch(contract, "GET", "/api/v2/tickits", None, 200, {})


def test_every_excuse_has_a_reason():
    assert all(wrong.reason for wrong in WRONG)


def test_what_agrees_is_counted(client, desk):
    client.opened()
    assert desk.contract.checked >= 2
    assert desk.faults == []


UNKNOWN = {(method, "/api/v2/business_hours/schedules") for method in ("GET", "POST")}
"""Routes of ours that the document does not have."""


def test_the_document_knows_our_routes():
    paths = json.loads(DOCUMENT.read_bytes())["paths"]
    known = {
        (method.upper(), re.sub(r"\{[^}]*\}", "{}", path))
        for path, operations in paths.items()
        for method in operations
    }
    ours = {
        (method, "/api/v2" + re.sub(r"\{[^}]*\}", "{}", shape)) for method, shape in routes.shapes
    }
    assert ours - known == UNKNOWN
