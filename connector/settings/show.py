"""The configuration for people and editors: masked values, TOML with origins, JSON schema."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import tomli_w
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from connector import plugins
from connector.domain.errors import ConfigError
from connector.helpdesks.base import HelpdeskSettings
from connector.settings.annotations import is_secret
from connector.settings.lines import key_lines
from connector.settings.model import Settings
from connector.sources.base import SourceSettings

MASK = "**********"
"""Stands for every secret."""

_USER_INFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")
"""Name and password inside an address."""


def masked(settings: Settings) -> dict[str, Any]:
    """Give the configuration in force as plain values, every secret masked, unset keys left out."""
    plain = settings.model_dump(mode="json", exclude_none=True)
    cleaned: dict[str, Any] = _clean(plain)
    return cleaned


def toml(settings: Settings) -> str:
    """Print the configuration in force as TOML; a comment says where each key came from."""
    text = tomli_w.dumps(masked(settings))
    lines = text.split("\n")
    for path, number in key_lines(text).items():
        line = lines[number - 1]
        if line.startswith("[") or "  # " in line or path.endswith("]"):
            continue
        lines[number - 1] = f"{line}  # {_origin(path, settings.origins)}"
    return "\n".join(lines)


def schema() -> dict[str, Any]:
    """Make the JSON schema of the file, with the keys of every installed kind.

    A plugin that cannot be imported is left out. Raises ConfigError when a kind is
    registered twice.
    """
    sources = _classes(plugins.source_kinds(), plugins.source_class)
    helpdesks = _classes(plugins.helpdesk_kinds(), plugins.helpdesk_class)
    models: list[type[BaseModel]] = [Settings, *sources.values(), *helpdesks.values()]
    refs, document = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, title="amends"
    )
    definitions = document["$defs"]

    def of(model: type[BaseModel]) -> dict[str, Any]:
        name = refs[model, "validation"]["$ref"].rpartition("/")[2]
        found: dict[str, Any] = definitions[name]
        return found

    for kinds in (sources, helpdesks):
        for kind, model in kinds.items():
            _describe_kind(of(model), kind, model)
    top = of(Settings)
    top["properties"]["sources"]["items"] = _one_of(sources, refs)
    top["properties"]["helpdesk"] = _one_of(helpdesks, refs)
    for base in (Settings, SourceSettings, HelpdeskSettings):
        definitions.pop(base.__name__, None)  # kinds stand for their bases
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **top,
        "$defs": definitions,
    }


_Class = TypeVar("_Class", bound=type[BaseModel])


def _classes(kinds: Iterable[str], load: Callable[[str], _Class]) -> dict[str, _Class]:
    found: dict[str, _Class] = {}
    for kind in kinds:
        with contextlib.suppress(ConfigError):
            found[kind] = load(kind)
    return found


def _one_of(kinds: Mapping[str, type[BaseModel]], refs: Mapping[Any, Any]) -> dict[str, Any]:
    return {"oneOf": [refs[model, "validation"] for model in kinds.values()]}


def _describe_kind(part: dict[str, Any], kind: str, model: type[BaseModel]) -> None:
    """Pin the kind, and allow `x_file` beside every secret `x`."""
    properties = part["properties"]
    properties["kind"] = {**properties.get("kind", {}), "const": kind}
    required = {*part.get("required", ()), "kind"}
    for name, info in model.model_fields.items():
        if is_secret(info.annotation):
            properties[f"{name}_file"] = {
                "type": "string",
                "description": f"File that holds {name}; nobody else may read it.",
            }
            required.discard(name)
    part["required"] = sorted(required)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _USER_INFO.sub(MASK, value)
    if isinstance(value, Mapping):
        return {str(key): _clean(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_clean(inner) for inner in value if inner is not None]
    return value


def _origin(path: str, origins: Mapping[str, str]) -> str:
    """Say where a key came from; what stands in a variable written as JSON came with it."""
    if path in origins:
        return origins[path]
    outer = path.rpartition(".")[0]
    came = origins.get(outer, "")
    return came if came and not came.startswith("line ") else "default"
