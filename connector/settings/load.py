"""`load(path)`: layers in, Settings out, or one ConfigError that names every fault."""

from __future__ import annotations

import itertools
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Literal, TypeVar, overload

from pydantic import BaseModel, ValidationError

from connector import plugins
from connector.domain.errors import ConfigError
from connector.helpdesks.base import HelpdeskSettings
from connector.settings import faults as wording
from connector.settings import secrets
from connector.settings.environment import PATH_VARIABLE, merge, overlay, segment, variables
from connector.settings.lines import key_lines
from connector.settings.model import PracticeSettings, Settings
from connector.settings.paths import Path, dotted
from connector.sources.base import SourceSettings

DEFAULT_PATH = FilePath("/etc/amends/config.toml")
"""Where the configuration is when nobody says otherwise."""

MAX_CONFIG_BYTES = 1_048_576
"""A configuration file is never larger: it was the wrong file."""

SECTIONS: Mapping[str, type[BaseModel]] = {
    name: info.annotation
    for name, info in Settings.model_fields.items()
    if isinstance(info.annotation, type)
    and issubclass(info.annotation, BaseModel)
    and name != "helpdesk"
}
"""The tables whose class is fixed; sources and helpdesk have the class of their kind."""

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The part of a configuration that `amends inspect` needs; asks for no secrets."""

    practice: PracticeSettings
    sources: tuple[SourceSettings, ...]
    """Sources of the asked kinds, in the file's order."""
    sections: Mapping[str, BaseModel]
    """Every other fixed table by name (`triage` ...), defaults where the file is silent."""


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A configuration on its way through the layers."""

    data: dict[str, Any]
    environ: Mapping[str, str]
    lines: Mapping[str, int]
    faults: list[tuple[Path, str]] = field(default_factory=list)
    found: secrets.Found = field(default_factory=secrets.Found)
    classes: dict[int, type[SourceSettings]] = field(default_factory=dict)
    """Position in `sources` -> class, for the entries whose kind is known."""
    helpdesk: type[HelpdeskSettings] | None = None

    def sources(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the entries of `sources` that are tables."""
        entries = self.data.get("sources")
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                yield index, entry


def load(path: FilePath | None = None, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Read file, environment and secret files.

    `path` defaults to $AMENDS_CONFIG, then to `/etc/amends/config.toml`. Raises ConfigError
    with every fault, each as `dotted.path: sentence (line n)`.
    """
    env = os.environ if environ is None else environ
    file = config_path(path, env)
    draft = _read(file, env)
    _resolve_kinds(draft)
    _apply_environment(draft)
    _apply_secrets(draft)
    _check_names(draft)
    settings = _validated(draft)
    if settings is None or draft.faults:
        raise _error(draft, file)
    return settings.with_notes(warnings=_warnings(draft, file), origins=_origins(draft))


def load_reading(
    path: FilePath | None, kinds: frozenset[str], *, environ: Mapping[str, str] | None = None
) -> Reading:
    """Read practice, triage and the sources of some kinds only; secrets may be missing.

    So a mapping can be tried with `amends inspect` before the helpdesk's token exists.
    """
    env = os.environ if environ is None else environ
    file = config_path(path, env)
    draft = _read(file, env)
    entries = draft.data.get("sources")
    if isinstance(entries, list):
        draft.data["sources"] = [
            entry for entry in entries if isinstance(entry, dict) and entry.get("kind") in kinds
        ]
    draft.data.pop("helpdesk", None)
    _resolve_kinds(draft)
    _apply_environment(draft, strangers=False)
    parts = {name: _section(draft, name, model) for name, model in SECTIONS.items()}
    sources = _valid_sources(draft)
    practice = parts.pop("practice")
    if draft.faults or not isinstance(practice, PracticeSettings):
        raise _error(draft, file)
    return Reading(
        practice=practice,
        sources=sources,
        sections={name: part for name, part in parts.items() if part is not None},
    )


def config_path(path: FilePath | None, environ: Mapping[str, str]) -> FilePath:
    """Decide which file is read."""
    return path or FilePath(environ.get(PATH_VARIABLE) or DEFAULT_PATH)


def _read(path: FilePath, environ: Mapping[str, str]) -> _Draft:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        cure = "; name it with -c FILE" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError([f"cannot be read: {error.strerror}{cure}"], where=str(path)) from error
    if len(content) > MAX_CONFIG_BYTES:
        raise ConfigError([f"is larger than {MAX_CONFIG_BYTES} bytes"], where=str(path))
    try:
        text = content.decode("utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"is not UTF-8 text (line {line})"], where=str(path)) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        told = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise ConfigError([f"is not TOML: {told}"], where=str(path)) from None
    return _Draft(data=data, environ=environ, lines=key_lines(text))


def _resolve_kinds(draft: _Draft) -> None:
    entries = draft.data.get("sources")
    if isinstance(entries, dict):
        draft.faults.append((("sources",), "is a list: write [[sources]], in double brackets"))
    elif entries is not None and not isinstance(entries, list):
        draft.faults.append((("sources",), "must be a list of tables: write [[sources]]"))
    for index, entry in draft.sources():
        found = _class(draft, ("sources", index), entry, "source")
        if found is not None:
            draft.classes[index] = found
    helpdesk = draft.data.get("helpdesk")
    kind = draft.environ.get("AMENDS_HELPDESK__KIND")
    if kind and (helpdesk is None or isinstance(helpdesk, dict)):
        helpdesk = draft.data["helpdesk"] = {**(helpdesk or {}), "kind": kind}
    if isinstance(helpdesk, dict):
        draft.helpdesk = _class(draft, ("helpdesk",), helpdesk, "helpdesk")


@overload
def _class(
    draft: _Draft, path: Path, entry: Mapping[str, Any], what: Literal["source"]
) -> type[SourceSettings] | None: ...
@overload
def _class(
    draft: _Draft, path: Path, entry: Mapping[str, Any], what: Literal["helpdesk"]
) -> type[HelpdeskSettings] | None: ...
def _class(
    draft: _Draft, path: Path, entry: Mapping[str, Any], what: Literal["source", "helpdesk"]
) -> type[SourceSettings | HelpdeskSettings] | None:
    kind = entry.get("kind")
    known = plugins.source_kinds() if what == "source" else plugins.helpdesk_kinds()
    if not isinstance(kind, str):
        listed = ", ".join(known)
        problem = "is missing" if kind is None else "must be one name between quotes"
        draft.faults.append(((*path, "kind"), f"{problem}; known kinds are {listed}"))
        return None
    try:
        return plugins.source_class(kind) if what == "source" else plugins.helpdesk_class(kind)
    except ConfigError as error:
        draft.faults.extend(((*path, "kind"), fault) for fault in error.faults)
        return None


def _apply_environment(draft: _Draft, *, strangers: bool = True) -> None:
    named = {
        segment(entry["name"]): (index, entry)
        for index, entry in draft.sources()
        if isinstance(entry.get("name"), str)
    }
    sections: dict[str, Any] = {"state_dir": FilePath, **SECTIONS}
    sections["helpdesk"] = draft.helpdesk or HelpdeskSettings
    # An unknown kind is a fault already; what its variables set is not judged as well.
    classes = {name: draft.classes.get(i, SourceSettings) for name, (i, _) in named.items()}
    faults: list[tuple[Path, str]] = []
    values = overlay(sections, classes, draft.environ, faults)
    draft.faults.extend(faults if strangers else ())
    for name, changes in values.pop("sources", {}).items():
        if name in named and isinstance(changes, dict):
            merge(named[name][1], changes)
    if not strangers:
        values.pop("helpdesk", None)
    merge(draft.data, values)


def _apply_secrets(draft: _Draft) -> None:
    parts: list[tuple[Path, Any, dict[str, Any], type[BaseModel]]] = [
        (("sources", index), entry.get("name"), entry, draft.classes[index])
        for index, entry in draft.sources()
        if index in draft.classes
    ]
    models = {**SECTIONS, **({"helpdesk": draft.helpdesk} if draft.helpdesk else {})}
    for name, model in models.items():
        table = draft.data.get(name)
        if isinstance(table, dict):
            parts.append(((name,), name, table, model))
    for base, label, table, model in parts:
        secrets.fetch(
            table, model, base=base, label=str(label), environ=draft.environ, found=draft.found
        )
    draft.faults.extend(draft.found.faults)


def _check_names(draft: _Draft) -> None:
    """Names meet in keys, credentials and variables, so they must differ in all of these."""
    seen: dict[str, int] = {}
    for index, entry in draft.sources():
        name = entry.get("name")
        if not isinstance(name, str):
            continue
        path = ("sources", index, "name")
        if name in Settings.model_fields:
            draft.faults.append((path, f"the name {name} is reserved; choose another"))
        first = seen.setdefault(segment(name), index)
        if first != index:
            draft.faults.append((path, f"sources[{first}] has this name already; choose another"))


def _validated(draft: _Draft) -> Settings | None:
    """Validate every section by itself, so that one fault does not hide another."""
    parts: dict[str, Any] = {
        name: value for name, value in draft.data.items() if name not in SECTIONS
    }
    sections = {name: _section(draft, name, model) for name, model in SECTIONS.items()}
    parts |= {name: part for name, part in sections.items() if part is not None}
    if isinstance(parts.get("sources"), list):
        parts["sources"] = _valid_sources(draft) or parts["sources"]
    if draft.helpdesk is not None and isinstance(parts.get("helpdesk"), dict):
        table = parts["helpdesk"]
        parts["helpdesk"] = _instance(draft, ("helpdesk",), table, draft.helpdesk) or table
    # What was faulted above would only be faulted again, in other words.
    faulted = {path[0] for path, _ in draft.faults if path}
    try:
        return Settings.model_validate(parts)
    except ValidationError as error:
        found = wording.sentences(error, Settings, ())
        draft.faults.extend((path, text) for path, text in found if path[0] not in faulted)
        return None


def _section(draft: _Draft, name: str, model: type[_Model]) -> _Model | None:
    table = draft.data.get(name, {})
    if isinstance(table, dict):
        return _instance(draft, (name,), table, model)
    draft.faults.append(((name,), f"must be a table: write [{name}]"))
    return None


def _valid_sources(draft: _Draft) -> tuple[SourceSettings, ...]:
    made = {
        index: source
        for index, entry in draft.sources()
        if index in draft.classes
        and (source := _instance(draft, ("sources", index), entry, draft.classes[index]))
    }
    for (first, one), (second, two) in itertools.combinations(made.items(), 2):
        if one.reads_with(two):
            fault = (
                f"sources[{first}] reads these files already, or other logs of the same system: "
                "choose another path or pattern, or name them all in one source"
            )
            draft.faults.append((("sources", second, "path"), fault))
    return tuple(made.values())


def _instance(
    draft: _Draft, path: Path, table: Mapping[str, Any], model: type[_Model]
) -> _Model | None:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        # A secret whose file cannot be used is told by the file; its value is only empty.
        told = {place for place, _ in draft.faults}
        draft.faults.extend(
            (place, sentence)
            for place, sentence in wording.sentences(error, model, path)
            if (*place[:-1], f"{place[-1]}_file") not in told
        )
    except ConfigError as error:
        draft.faults.extend((path, fault) for fault in error.faults)
    return None


def _error(draft: _Draft, file: FilePath) -> ConfigError:
    in_order = sorted(
        draft.faults, key=lambda fault: wording.line_of(fault[0], draft.lines) or MAX_CONFIG_BYTES
    )
    told = dict.fromkeys(
        wording.scrub(wording.line(path, text, draft.lines), draft.found.values)
        for path, text in in_order
    )
    return ConfigError(list(told), where=str(file))


def _warnings(draft: _Draft, file: FilePath) -> tuple[str, ...]:
    found = []
    origins = _origins(draft)
    for path in draft.found.plain:
        name, where = path[-1], origins.get(dotted(path), "the file")
        found.append(
            f"{dotted(path)}: this secret stands in plain text ({where}); "
            f"put it into a file of its own and give {name}_file"
        )
    if draft.found.plain and file.stat().st_mode & 0o077:
        found.append(f"{file} holds secrets and others can read it; run: chmod 600 {file}")
    return tuple(found)


def _origins(draft: _Draft) -> dict[str, str]:
    origins = {path: f"line {number}" for path, number in draft.lines.items()}
    by_variable = variables(draft.environ)
    for index, entry in draft.sources():
        prefix = f"sources.{segment(str(entry.get('name')))}."
        for path, name in by_variable.items():
            if path.startswith(prefix):
                origins[f"sources[{index}].{path.removeprefix(prefix)}"] = name
    origins |= {path: name for path, name in by_variable.items() if not path.startswith("sources.")}
    return origins | draft.found.origins
