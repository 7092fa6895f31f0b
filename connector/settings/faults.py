"""pydantic's errors as sentences that an admin can act on."""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connector.plugins import nearest
from connector.settings.annotations import inner_model, is_secret
from connector.settings.paths import Path, dotted

_SENTENCES = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "frozen_set_type": "must be a list",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "model_attributes_type": "must be a table",
    "model_type": "must be a table",
    "path_type": "must be a path in quotes",
    "set_type": "must be a list",
    "string_type": "must be text in quotes",
    "tuple_type": "must be a list",
}
"""pydantic's error types whose own message speaks of Python rather than of TOML."""

_MOST_NAMES = 12
"""So many known keys are listed at most."""


def sentences(error: ValidationError, model: type[BaseModel], base: Path) -> list[tuple[Path, str]]:
    """Turn a ValidationError of `model`, found at `base`, into (path, sentence) pairs."""
    found: dict[Path, list[str]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        path = _place(model, detail["loc"])
        found.setdefault((*base, *path), []).append(_sentence(detail, model, path))
    # One place with several sentences is a choice of types, none of which it is.
    return [(path, ", or ".join(dict.fromkeys(texts))) for path, texts in found.items()]


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret value in a message; a net under the rule that there is none."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "**********")
    return text


def line(path: Path, sentence: str, lines: Mapping[str, int]) -> str:
    """Print one fault: dotted path, sentence, and the line of the file where it is known."""
    where = dotted(path)
    number = line_of(path, lines)
    told = f" (line {number})" if number else ""
    return f"{where}: {sentence}{told}" if where else f"{sentence}{told}"


def line_of(path: Path, lines: Mapping[str, int]) -> int | None:
    """Find the line of a key, or of the table in which it should be."""
    return lines.get(dotted(path)) or (lines.get(dotted(path[:-1])) if len(path) > 1 else None)


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Say that a key is unknown, with the nearest known one or all of them."""
    names = sorted(known)
    guess = nearest(key, names)
    if guess:
        return f"unknown key; did you mean {guess}?"
    listed = ", ".join(names[:_MOST_NAMES]) + (" ..." if len(names) > _MOST_NAMES else "")
    return f"unknown key; known here are {listed}" if listed else "unknown key"


def _sentence(detail: ErrorDetails, model: type[BaseModel], path: Path) -> str:
    kind = detail["type"]
    if kind == "missing":
        return _missing(model, path)
    if kind == "extra_forbidden":
        owner = _model_at(model, path[:-1])
        return unknown_key(str(path[-1]), owner.model_fields if owner else ())
    if kind == "zoneinfo_str":
        return _zone(str(detail.get("ctx", {}).get("value", "")))
    if kind == "too_short" and not path[1:]:
        return "must not be empty"
    text = _SENTENCES.get(kind) or detail["msg"].removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def _missing(model: type[BaseModel], path: Path) -> str:
    owner = _model_at(model, path[:-1])
    name = str(path[-1])
    field = owner.model_fields.get(name) if owner else None
    if field is None:
        return "is missing"
    if is_secret(field.annotation):
        return f'is missing; give {name}_file = "/path" (or a systemd credential)'
    return f"is missing: {field.description}" if field.description else "is missing"


def _zone(value: str) -> str:
    zones = zoneinfo.available_timezones()
    cities: dict[str, str] = {}
    for zone in sorted(zones):
        cities.setdefault(zone.rpartition("/")[2].lower(), zone)
    city = value.strip().rpartition("/")[2].replace(" ", "_").lower()
    guess = cities.get(city) or nearest(value, zones)
    if not guess and (near := difflib.get_close_matches(city, cities, n=1)):
        guess = cities[near[0]]
    meant = f"did you mean {guess}?" if guess else "use a name such as America/New_York"
    return f"no such time zone; {meant}"


def _place(model: type[BaseModel], loc: Sequence[str | int]) -> Path:
    """Leave out of pydantic's location what is no place in the file (`int`, `[key]` ...)."""
    path: list[str | int] = []
    current: type[BaseModel] | None = model
    keyed = False
    for part in loc:
        if part == "[key]":
            continue
        if isinstance(part, int) or current is not None or keyed:
            path.append(part)
        if isinstance(part, str):
            field = current.model_fields.get(part) if current else None
            keyed = field is not None and _is_table(field.annotation)
            current = inner_model(field.annotation) if field and not keyed else None
    return tuple(path)


def _is_table(annotation: Any) -> bool:
    """Tell whether an annotation is a mapping, optional or not."""
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return True
    return any(_is_table(part) for part in get_args(annotation) if part is not annotation)


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """Find the model to which a place belongs, as far as the annotations tell."""
    current: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        field = current.model_fields.get(part) if current else None
        current = inner_model(field.annotation) if field else None
    return current
