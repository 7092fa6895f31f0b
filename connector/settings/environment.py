"""Settings from environment variables: `AMENDS_HELPDESK__URL`, `AMENDS_SOURCES__BOX__HOST`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, Field, create_model
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from connector.plugins import nearest
from connector.settings.paths import Path

PREFIX = "AMENDS_"
DELIMITER = "__"
PATH_VARIABLE = "AMENDS_CONFIG"
"""Names the configuration file itself."""


def segment(name: str) -> str:
    """Give the form in which a source's name stands in a variable (`front-desk`: FRONT_DESK)."""
    return name.lower().replace("-", "_")


def overlay(
    sections: Mapping[str, Any],
    sources: Mapping[str, type[BaseModel]],
    environ: Mapping[str, str],
    faults: list[tuple[Path, str]],
) -> dict[str, Any]:
    """Read what the environment sets: section -> values, `sources` -> segment -> values.

    `sections` maps each top-level key to its type, `sources` each source's segment to its
    class, so that lists and numbers are decoded as their fields ask for.
    """
    model = _shape(sections, sources)
    own = {name: value for name, value in environ.items() if _ours(name)}
    faults.extend(_strangers(own, {*sections, "sources"}, sources))
    read: dict[str, Any] = {}
    for name, value in sorted(own.items()):
        try:
            values = _reader(model, {name: value})()
        except SettingsError:
            faults.append(((name,), "cannot be read: a list or table is written as JSON here"))
            continue
        if isinstance(values.get("sources", {}), dict):  # else told by _strangers
            merge(read, values)
    return read


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Map `helpdesk.url`, `sources.box.host` to the variable that sets it."""
    return {
        ".".join(name[len(PREFIX) :].lower().split(DELIMITER)): name
        for name in environ
        if _ours(name)
    }


def _ours(name: str) -> bool:
    return name.upper().startswith(PREFIX) and name.upper() != PATH_VARIABLE


def _shape(
    sections: Mapping[str, Any], sources: Mapping[str, type[BaseModel]]
) -> type[BaseSettings]:
    """Make a settings class whose fields have the types that this configuration uses.

    A source's name can be any word (`json`, `copy`), so it is an alias, not a field's name.
    """
    members: dict[str, Any] = {
        f"source_{index}": (model | None, Field(default=None, alias=name))
        for index, (name, model) in enumerate(sources.items())
    }
    listed = create_model("Sources", **members)
    fields: dict[str, Any] = {name: (kind | None, None) for name, kind in sections.items()}
    fields["sources"] = (listed | None, None)
    return create_model("Overlay", __base__=BaseSettings, **fields)


def _reader(model: type[BaseSettings], environ: Mapping[str, str]) -> EnvSettingsSource:
    reader = EnvSettingsSource(
        model, case_sensitive=False, env_prefix=PREFIX, env_nested_delimiter=DELIMITER
    )
    reader.env_vars = {name.lower(): value for name, value in environ.items()}
    return reader


def merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Put one nested mapping over another, in place."""
    for key, value in other.items():
        present = into.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            merge(present, value)
        else:
            into[key] = value


def _strangers(
    own: Mapping[str, str], known: set[str], sources: Mapping[str, type[BaseModel]]
) -> Iterator[tuple[Path, str]]:
    """Name variables that set nothing; one that looks like no key of ours is left alone."""
    for name in own:
        first, *rest = name[len(PREFIX) :].lower().split(DELIMITER)
        guess = nearest(first, known)
        if first == "sources" and len(rest) < 2:  # noqa: PLR2004  (a source and a key)
            yield (name,), f"name a source and a key of it: {PREFIX}SOURCES__NAME__KEY"
        elif first == "sources" and rest[0] not in sources:
            listed = ", ".join(sorted(sources)) or "none"
            yield (name,), f"there is no such source; the sources are {listed}"
        elif first not in known and (rest or guess):
            meant = f"; did you mean {PREFIX}{guess.upper()}?" if guess else ""
            yield (name,), f"sets nothing: unknown section{meant}"
