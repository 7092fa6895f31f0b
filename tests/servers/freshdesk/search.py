"""`/search/tickets`: a small language over an index that lags."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from servers.freshdesk.account import Account
from servers.freshdesk.calls import Call, answer
from servers.freshdesk.records import Ticket
from servers.freshdesk.refusals import invalid, missing, wrong
from servers.freshdesk.table import ROUTES
from servers.weather import Answer

MAX_QUERY: Final = 512
MAX_PAGES: Final = 10
PER_PAGE: Final = 30
FIELDS: Final = frozenset(
    {
        "agent_id",
        "group_id",
        "priority",
        "status",
        "tag",
        "type",
        "due_by",
        "fr_due_by",
        "created_at",
        "updated_at",
    }
)
DAYS: Final = frozenset({"due_by", "fr_due_by", "created_at", "updated_at"})

Test = Callable[[dict[str, Any]], bool]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<sign>[()])|(?P<word>AND|OR)\b"
    r"|(?P<field>\w+):(?P<op>[<>]?)(?P<value>'(?:[^'\\]|\\.)*'|[^\s()]+))",
    re.IGNORECASE,
)


@ROUTES.on("GET", "/search/tickets")
def tickets(account: Account, call: Call) -> Answer:
    call.allow("query", "page")
    fits = compiled(_unquoted(call), account)
    page = call.number("page", 1, MAX_PAGES)
    known = [seen for one in account.tickets.values() if (seen := _indexed(account, one))]
    found = sorted((seen for seen in known if fits(seen)), key=lambda seen: -int(seen["id"]))
    begin = (page - 1) * PER_PAGE
    return answer(200, {"total": len(found), "results": found[begin : begin + PER_PAGE]})


@ROUTES.on("GET", "/search/contacts")
def contacts(account: Account, call: Call) -> Answer:
    """Search contacts by a conjunction; enough for a client that looks somebody up."""
    call.allow("query", "page")
    pairs = re.findall(r"(\w+):'([^']*)'", _unquoted(call))
    found = [
        one.listed()
        for one in account.contacts.values()
        if not one.state and all(str(one.listed().get(name)) == value for name, value in pairs)
    ]
    return answer(200, {"total": len(found), "results": found[:PER_PAGE]})


def _unquoted(call: Call) -> str:
    query = call.query.get("query")
    if not query:
        raise invalid(missing("query", "Mandatory attribute missing"))
    if not re.fullmatch(r'".*"', query, re.DOTALL):
        raise invalid(wrong("query", "It should be enclosed in double quotes"))
    if len(query) - 2 > MAX_QUERY:
        raise invalid(wrong("query", f"It can have maximum of {MAX_QUERY} characters"))
    return query[1:-1]


def _indexed(account: Account, ticket: Ticket) -> dict[str, Any] | None:
    """Give what the index knows of a ticket, which is how it was some time ago."""
    if ticket.archived:
        return None
    until = account.now - timedelta(seconds=account.knobs.search_lag_s)
    known = [seen for at, seen in ticket.indexed if at <= until]
    if not known or known[-1]["spam"] or known[-1].get("deleted"):
        return None
    return known[-1]


def compiled(query: str, account: Account) -> Test:
    """Make a test of a query: AND binds closer than OR; `:>` and `:<` include the value."""
    known = FIELDS | {one.name for one in account.form.custom()}
    tokens = _tokens(query, known)
    test = _any_of(tokens)
    if tokens:
        raise invalid(wrong("query", "The query is not well-formed"))
    return test


def _tokens(query: str, known: frozenset[str]) -> list[Any]:
    tokens: list[Any] = []
    at = 0
    while query[at:].strip():
        found = _TOKEN.match(query, at)
        if found is None:
            raise invalid(wrong("query", "The query is not well-formed"))
        at = found.end()
        if found["field"]:
            if found["field"] not in known:
                raise invalid(
                    wrong(found["field"], "Unexpected/invalid field in request", "invalid_field")
                )
            tokens.append(_test(found["field"], found["op"], found["value"]))
        else:
            tokens.append((found["sign"] or found["word"]).upper())
    return tokens


def _any_of(tokens: list[Any]) -> Test:
    tests = [_all_of(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        tests.append(_all_of(tokens))
    return lambda seen: any(test(seen) for test in tests)


def _all_of(tokens: list[Any]) -> Test:
    tests = [_one(tokens)]
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        tests.append(_one(tokens))
    return lambda seen: all(test(seen) for test in tests)


def _one(tokens: list[Any]) -> Test:
    first = tokens.pop(0) if tokens else None
    if callable(first):
        test: Test = first
        return test
    if first == "(":
        test = _any_of(tokens)
        if tokens and tokens.pop(0) == ")":
            return test
    raise invalid(wrong("query", "The query is not well-formed"))


def _test(name: str, op: str, text: str) -> Test:
    value = text[1:-1].replace("\\'", "'") if text.startswith("'") else text

    def fits(seen: dict[str, Any]) -> bool:
        if name == "tag":
            return value in seen["tags"] if value != "null" else not seen["tags"]
        has = (
            seen["responder_id" if name == "agent_id" else name]
            if name in FIELDS | {"agent_id"}
            else seen["custom_fields"].get(name)
        )
        if value == "null":
            return has is None
        if has is None:
            return False
        if op:
            return _ranks(has, value, above=op == ">")
        if name in DAYS:
            return bool(has[:10] == value)
        spelled = str(has).lower() if isinstance(has, bool) else str(has)
        return spelled == value

    return fits


def _ranks(has: Any, text: str, *, above: bool) -> bool:
    """Compare numbers as numbers and days as days; a text has no rank."""
    if isinstance(has, int) and re.fullmatch(r"-?\d+", text):
        return has >= int(text) if above else has <= int(text)
    if isinstance(has, str):
        return has[:10] >= text if above else has[:10] <= text
    return False
