"""Every request and every answer held against the vendor's own OpenAPI document.

The document is not part of this project; where it is missing, `document()` gives None and tests
say why they skip. Use:

    contract = Contract.load()                    # None without the document
    ZendeskSimulator(watchers=[contract.watch])
    assert contract.faults == []
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from requests.structures import CaseInsensitiveDict
from servers.weather import Answer, Request

DOCUMENT: Final = Path(__file__).resolve().parents[4] / "shared/apis/zendesk-openapi.json"
HOST: Final = "http://127.0.0.1:4731"
"""The server that the document names."""


REFUSED: Final = 400


class Wrong(NamedTuple):
    """A place where the document is known to be wrong."""

    method: str
    path: str
    """A pattern of the path below /api/v2."""
    says: str
    """A pattern of the fault."""
    reason: str

    def excuses(self, method: str, path: str, fault: str) -> bool:
        return (
            method == self.method
            and re.fullmatch(self.path, path) is not None
            and re.search(self.says, fault) is not None
        )


WRONG: Final = (
    Wrong("POST", "/oauth/tokens", "x-www-form-urlencoded", "forms are taken in production"),
    Wrong("PUT", r"/triggers/\d+", "is a required", "a change may leave things out"),
    Wrong("GET", "/group_memberships", "path parameter", "asks for parameters that are not there"),
    Wrong("GET", "/groups", "path parameter: user_id", "asks for a parameter that is not there"),
    Wrong("GET", "/incremental/tickets/cursor", "start_time", "the first page alone takes it"),
    Wrong("PUT", r"/tickets/\d+", "events/.*value", "tags stand in events as lists"),
)


class _Request:
    """A request as openapi-core wants to see it."""

    def __init__(self, request: Request) -> None:
        self.parameters = RequestParameters(
            query=request.params, header=CaseInsensitiveDict(request.headers)
        )
        self.host_url = HOST
        self.path = request.path.removesuffix(".json")
        self.method = request.method.lower()
        self.body = request.body or None
        self.content_type = request.headers.get("content-type", "").partition(";")[0]


class _Answer:
    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.headers = CaseInsensitiveDict(answer.headers)
        self.content_type = (answer.header("content-type") or "").partition(";")[0]
        self.data = answer.body


class Contract:
    """Remembers what did not agree with the document."""

    def __init__(self, document: OpenAPI) -> None:
        self._document = document
        self.faults: list[str] = []
        self.checked = 0
        """How many requests and answers agreed."""

    @classmethod
    def load(cls) -> Self | None:
        document = _document()
        return cls(document) if document else None

    def watch(self, request: Request, answer: Answer) -> None:
        """Hold one exchange against the document; what was refused may have been wrong."""
        asked = _Request(request)
        if not asked.path.startswith(("/api/v2/", "/oauth/")):
            return  # the content of files, and what is no API at all
        if answer.status < REFUSED:
            self._check(request, "request", self._document.validate_request, asked)
        if answer.body:
            told = _Answer(answer)
            what = f"answer {answer.status}"
            self._check(request, what, self._document.validate_response, asked, told)

    def _check(self, request: Request, what: str, validate: Any, *arguments: Any) -> None:
        path = request.path.removesuffix(".json").removeprefix("/api/v2")
        try:
            validate(*arguments)
        except OpenAPIError as error:
            for said in _said(error):
                fault = f"{request.method} {path}: {what}: {said}"
                if not any(wrong.excuses(request.method, path, fault) for wrong in WRONG):
                    self.faults.append(fault)
        else:
            self.checked += 1


def _said(error: Exception) -> list[str]:
    cause = error.__cause__
    details = getattr(cause, "schema_errors", None)
    if details:
        return [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:300]}" for one in details]
    return [f"{error} {cause or ''}"]


@functools.cache
def _document() -> OpenAPI | None:
    if not DOCUMENT.exists():
        return None
    return OpenAPI.from_dict(
        json.loads(DOCUMENT.read_bytes()), config=Config(spec_validator_cls=None)
    )
