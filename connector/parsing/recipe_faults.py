"""What is wrong with a recipe, in words that tell which key of which file to mend and how."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_SENTENCES: Final[Mapping[str, str]] = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "dict_type": "must be a table, as [fields.text]",
    "mapping_type": "must be a table, as [fields.text]",
    "model_type": "must be a table with labels or patterns",
    "string_too_short": "must not be empty",
    "string_type": "must be text in quotes",
    "too_short": "must not be empty",
    "tuple_type": 'must be a list, as ["..."]',
}
"""pydantic's kinds of errors in the words of TOML."""
_KEY: Final = "[key]"
_AROUND: Final = (
    "leave out looking around and back-references, which RE2 does not know, and write the pattern "
    "in single quotes"
)


def told(fault: ValidationError, top: type[BaseModel], inner: type[BaseModel]) -> Iterator[str]:
    """Give a line for each fault: `fields.text.labels: must be a list`.

    `top` is the model of the file and `inner` that of the tables below its `fields`.
    """
    for error in fault.errors(include_url=False, include_input=False):
        place = [part for part in error["loc"] if part != _KEY]
        model = inner if len(place) > 2 and place[0] == "fields" else top  # noqa: PLR2004 - fields.ROLE.key
        path = ".".join(_counted(part) for part in place).replace(".(", " (")
        words = _sentence(error, model, str(place[-1]) if place else "")
        yield f"{path}: {words}" if path else words


def about_pattern(why: str) -> str:
    """Say what RE2 does not understand, without the wrapping that is ours."""
    short = why.replace("(?m:", "").split(": ")[0]
    hint = _AROUND if "operator" in short or "escape" in short else "see docs/notifications.md"
    return f"is no pattern: {short}; {hint}"


def _counted(part: str | int) -> str:
    return f"(entry {part + 1})" if isinstance(part, int) else part


def _sentence(error: ErrorDetails, model: type[BaseModel], key: str) -> str:
    context: dict[str, Any] = error.get("ctx", {})
    field = model.model_fields.get(key)
    description = field.description if field else None
    match error["type"]:
        case "missing":
            return f"is missing: {description}" if description else "is missing"
        case "extra_forbidden":
            return _unknown(key, model.model_fields)
        case "string_pattern_mismatch":
            return _form(description)
        case kind:
            words = _limit(kind, context) or _SENTENCES.get(kind)
            return words or error["msg"].removeprefix("Value error, ")


def _limit(kind: str, context: Mapping[str, Any]) -> str:
    """Name the values or the limit that were missed; '' for other kinds of faults."""
    return {
        "enum": f"must be one of {context.get('expected', '')}".replace(" or ", ", "),
        "literal_error": f"must be one of {context.get('expected', '')}".replace(" or ", ", "),
        "string_too_long": f"is too long: {context.get('max_length', '')} at most",
        "too_long": f"has too many entries: {context.get('max_length', '')} at most",
        "greater_than_equal": f"must be {context.get('ge', '')} or more",
        "less_than_equal": f"must be {context.get('le', '')} or less",
    }.get(kind, "")


def _form(description: str | None) -> str:
    if description:
        return f"has a form that is not known: {description}"
    return "has letters that are not allowed: small letters, digits, - and _ only"


def _unknown(key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1)
    if near:
        return f"unknown key; did you mean {near[0]}?"
    return f"unknown key; known here are {', '.join(names)}"
