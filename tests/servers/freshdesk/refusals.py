"""How the product says no: nested for validation, flat for the rest, empty for 404."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

REQUESTER = (
    "Please fill at least 1 of the requester_id, phone, email, twitter_id, facebook_id, "
    "unique_external_id fields"
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One entry of `errors`."""

    field: str
    message: str
    code: str


class Unfit(Exception):
    """A value that its field does not take."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(kw_only=True)
class Refusal(Exception):
    """An answer other than a success; raised wherever it is found out."""

    status: int
    data: Any = None
    """None is an empty body."""
    headers: Mapping[str, str] = field(default_factory=dict)


def missing(
    name: str, message: str = "It should not be blank as this is a mandatory field"
) -> Fault:
    return Fault(field=name, message=message, code="missing_field")


def unknown_field(name: str) -> Fault:
    return Fault(field=name, message="Unexpected/invalid field in request", code="invalid_field")


def mismatch(name: str, value: object, wanted: str) -> Fault:
    kinds = {str: "String", bool: "Boolean", int: "Integer", list: "Array", dict: "Object"}
    kind = kinds.get(type(value), "Null" if value is None else "Number")
    message = f"Value set is of type {kind}.It should be a/an {wanted}"
    return Fault(field=name, message=message, code="datatype_mismatch")


def one_of(name: str, values: Iterable[object]) -> Fault:
    listed = ",".join(map(str, values))
    message = f"It should be one of these values: '{listed}'"
    return Fault(field=name, message=message, code="invalid_value")


def wrong(name: str, message: str, code: str = "invalid_value") -> Fault:
    return Fault(field=name, message=message, code=code)


def too_long(name: str, length: int, limit: int) -> Fault:
    message = f"Has {length} characters, it can have maximum of {limit} characters"
    return Fault(field=name, message=message, code="invalid_value")


def invalid(*faults: Fault, status: int = 400) -> Refusal:
    """Validation failed."""
    errors = [{"field": one.field, "message": one.message, "code": one.code} for one in faults]
    return Refusal(status=status, data={"description": "Validation failed", "errors": errors})


def duplicate(name: str, owner: int) -> Refusal:
    errors = [
        {
            "field": name,
            "additional_info": {"user_id": owner},
            "message": "It should be a unique value",
            "code": "duplicate_value",
        }
    ]
    return Refusal(status=409, data={"description": "Validation failed", "errors": errors})


def flat(status: int, code: str, message: str, **headers: str) -> Refusal:
    """Refuse as 401, 403, 429 and malformed requests do."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refusal(status=status, data={"code": code, "message": message}, headers=named)


def not_found() -> Refusal:
    return Refusal(status=404)


def not_allowed(method: str, *allowed: str) -> Refusal:
    listed = ", ".join(allowed)
    message = f"{method} method is not allowed. It should be one of these method(s): {listed}"
    return Refusal(status=405, data={"message": message}, headers={"Allow": listed})
