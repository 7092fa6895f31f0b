"""Refusals in the shapes that were recorded of the real product."""

from __future__ import annotations

from typing import Any

from servers.weather import Answer, json_answer


class Refusal(Exception):
    """Ends the handling of a request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusal(status: int, error: Any, description: str | None = None, **more: Any) -> Refusal:
    said = {"error": error} | ({"description": description} if description else {})
    return Refusal(json_answer(status, said | more))


def not_found() -> Refusal:
    return refusal(404, "RecordNotFound", "Not found")


def forbidden() -> Refusal:
    return refusal(
        403,
        "Forbidden",
        "You do not have access to this page. Please contact the account owner of this help "
        "desk for further help.",
    )


def invalid(field: str, description: str, error: str | None = None, **more: Any) -> Refusal:
    """422 with the details of one field."""
    detail = {"description": description} | ({"error": error} if error else {}) | more
    return refusal(422, "RecordInvalid", "Record validation errors", details={field: [detail]})


def invalid_attribute(message: str) -> Refusal:
    return refusal(400, {"title": "Invalid attribute", "message": message})


def unauthenticated() -> Refusal:
    return Refusal(
        json_answer(401, {"error": "Couldn't authenticate you"}).with_headers(
            ("WWW-Authenticate", 'Basic realm="Web Password"')
        )
    )


def invalid_token() -> Refusal:
    return Refusal(
        json_answer(
            401,
            {
                "error": "invalid_token",
                "error_description": "The access token provided is expired, revoked, malformed "
                "or invalid for other reasons.",
            },
        ).with_headers(("WWW-Authenticate", 'Bearer realm="Zendesk"'))
    )


def oauth_refusal(status: int, error: str, description: str) -> Refusal:
    return Refusal(json_answer(status, {"error": error, "error_description": description}))


def outdated() -> Refusal:
    return refusal(
        409, "UpdateConflict", "Safe Update prevented the update due to outdated ticket data."
    )


def database_error(name: str) -> Refusal:
    text = "Database collision" if name == "DatabaseConflict" else "Database deadlock"
    return refusal(409, name, text)
