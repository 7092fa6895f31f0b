"""A request as a handler wants it: who asks, the query, the data of JSON or of a form."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Final
from urllib.parse import urlencode

from servers.freshdesk.people import Agent
from servers.freshdesk.refusals import Refusal, flat, invalid, mismatch, unknown_field, wrong
from servers.weather import Answer, Request, json_answer

MAX_PER_PAGE: Final = 100
PER_PAGE: Final = 30


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file in a multipart request."""

    name: str
    content_type: str
    content: bytes


@dataclass(kw_only=True)
class Call:
    """One request of one agent."""

    method: str
    path: str
    """Without `/api/v2`."""
    url: str
    """What stands before the path, for links."""
    agent: Agent
    query: dict[str, str]
    data: dict[str, Any] = field(default_factory=dict)
    files: list[Upload] = field(default_factory=list)
    spelled: bool = False
    """The data came as a form: every value is a string."""

    def allow(self, *names: str) -> None:
        """Refuse other names in the query, as the product does."""
        faults = [unknown_field(name) for name in self.query if name not in names]
        if faults:
            raise invalid(*faults)

    def allow_data(self, names: Collection[str]) -> None:
        faults = [unknown_field(name) for name in self.data if name not in names]
        if faults:
            raise invalid(*faults)

    def take(self, shapes: Mapping[str, Any]) -> dict[str, Any]:
        """Give the data; names that are not in `shapes`, and values of other kinds, are refused.

        A shape is str, int, bool, dict, list, or a list of one of these (`[str]`). Null fits all.
        """
        self.allow_data(shapes)
        faults = [
            mismatch(name, value, _called(shapes[name]))
            for name, value in self.data.items()
            if not _fits(value, shapes[name])
        ]
        if faults:
            raise invalid(*faults)
        return self.data

    def number(self, name: str, default: int, most: int | None = None) -> int:
        text = self.query.get(name, str(default))
        if not re.fullmatch(r"[1-9]\d{0,8}", text) or (most is not None and int(text) > most):
            span = (
                f"a Positive Integer less than or equal to {most}"
                if most
                else "a/an Positive Integer"
            )
            raise invalid(wrong(name, f"It should be {span}"))
        return int(text)


def _fits(value: Any, shape: Any) -> bool:
    if value is None:
        return True
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(one, shape[0]) for one in value)
    if shape is int and isinstance(value, bool):
        return False
    return isinstance(value, shape)


def _called(shape: Any) -> str:
    names = {str: "String", int: "Integer", bool: "Boolean", dict: "key/value pair"}
    return "Array" if isinstance(shape, list) else names.get(shape, "Array")


def page_of(call: Call, rows: list[Any], *, most_pages: int | None = None) -> tuple[list[Any], Any]:
    """Give the rows of the page that was asked for, and the headers with the link to the next."""
    per_page = call.number("per_page", PER_PAGE, MAX_PER_PAGE)
    page = call.number("page", 1, most_pages)
    begin = (page - 1) * per_page
    if begin + per_page >= len(rows):
        return rows[begin : begin + per_page], ()
    query = {**call.query, "page": str(page + 1), "per_page": str(per_page)}
    return rows[begin : begin + per_page], (
        ("Link", f'<{call.url}/api/v2{call.path}?{urlencode(query)}>; rel="next"'),
    )


def read(request: Request, *, path: str, url: str, agent: Agent) -> Call:
    """Understand a request; raises Refusal."""
    call = Call(method=request.method, path=path, url=url, agent=agent, query=dict(request.query))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not request.body:
        return call
    if request.method in {"GET", "DELETE"}:
        return call
    if kind == "multipart/form-data":
        call.spelled = True
        call.data, call.files = parse_form(request.body, request.headers["content-type"])
    elif kind == "application/json":
        try:
            data = json.loads(request.body)
        except ValueError:
            raise flat(400, "invalid_json", "Request body has invalid json format") from None
        if not isinstance(data, dict):
            raise flat(400, "invalid_json", "Request body has invalid json format")
        call.data = data
    else:
        message = f"Content-Type header is set to {kind}. It should be set to application/json"
        raise Refusal(status=415, data={"code": "invalid_content_type", "message": message})
    return call


def parse_form(body: bytes, content_type: str) -> tuple[dict[str, Any], list[Upload]]:
    """Take apart `multipart/form-data`: `tags[]`, `custom_fields[cf_x]`, `attachments[]`."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if not boundary:
        raise flat(400, "invalid_json", "The form has no boundary")
    data: dict[str, Any] = {}
    files: list[Upload] = []
    for part in (b"\r\n" + body).split(b"\r\n--" + str(boundary).encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = _headers(head)
        name = _parameter(headers.get("content-disposition", ""), "name") or ""
        filename = _parameter(headers.get("content-disposition", ""), "filename")
        if filename is not None and name == "attachments[]":
            kind = headers.get("content-type", "application/octet-stream")
            files.append(Upload(name=filename, content_type=kind, content=content))
        else:
            _place(data, name, content.decode(errors="replace"))
    return data, files


def _headers(head: bytes) -> Mapping[str, str]:
    lines = [line.partition(":") for line in head.decode(errors="replace").split("\r\n")]
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _parameter(header: str, name: str) -> str | None:
    found = re.search(rf'\b{name}="((?:[^"\\]|\\.)*)"', header)
    if found is None:
        return None
    return found[1].replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _place(data: dict[str, Any], name: str, value: str) -> None:
    if name.endswith("[]") and isinstance(data.setdefault(name[:-2], []), list):
        data[name[:-2]].append(value)
    elif (found := re.fullmatch(r"(\w+)\[(\w+)\]", name)) and isinstance(
        data.setdefault(found[1], {}), dict
    ):
        data[found[1]][found[2]] = value
    else:
        data[name] = value


def answer(status: int, value: Any = None, headers: Any = ()) -> Answer:
    """Make an answer; None is an empty body."""
    if value is None:
        return Answer(status=status, headers=tuple(headers))
    return json_answer(status, value).with_headers(*headers)
