"""Secrets from files: `x_file = "/path"` and systemd's credentials directory."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel

from connector.settings.annotations import inner_model, is_secret
from connector.settings.paths import Path, dotted

CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
"""Where systemd tells a service its credentials are (LoadCredential=, SetCredential=)."""

MAX_SECRET_BYTES = 65_536
"""A secret file may be this large; keys and certificates are far below."""


@dataclass(slots=True, kw_only=True)
class Found:
    """What was learnt while secrets were fetched."""

    faults: list[tuple[Path, str]] = field(default_factory=list)
    plain: list[Path] = field(default_factory=list)
    """Secrets that stand in the file or the environment themselves."""
    origins: dict[str, str] = field(default_factory=dict)
    """Dotted path of a secret -> file that it came from."""
    values: set[str] = field(default_factory=set)
    """All secret values: no message may hold one."""


def fetch(
    data: dict[str, Any],
    model: type[BaseModel],
    *,
    base: Path,
    label: str,
    environ: Mapping[str, str],
    found: Found,
) -> None:
    """Put the secrets of one section in place, in `data`; `x_file` keys are consumed.

    `label` is the section's name in credentials (`feedback.password`).
    """
    for place, table, name in _secret_places(data, model, ()):
        key = f"{name}_file"
        path = (*base, *place, name)
        credential = _credential(environ, dotted((label, *place, name)))
        declared = key in _declared(model, place)
        given = None if declared else table.pop(key, None)
        if credential is not None:
            _take(table, name, credential, path, found, private=False)
        elif given is not None and name in table:
            found.faults.append((path, f"give either {name} or {key}, not both"))
        elif given is not None:
            _take(table, name, given, (*path[:-1], key), found, private=True)
        elif name in table:
            found.plain.append(path)
        if isinstance(table.get(name), str):
            found.values.add(table[name])


def _secret_places(
    data: dict[str, Any], model: type[BaseModel], before: Path
) -> Iterator[tuple[Path, dict[str, Any], str]]:
    """Yield (path of the table, the table, key) for every secret that the data has room for."""
    for name, info in model.model_fields.items():
        if is_secret(info.annotation):
            yield before, data, name
            continue
        inner = inner_model(info.annotation)
        value = data.get(name)
        if inner is None:
            continue
        if isinstance(value, dict):
            yield from _secret_places(value, inner, (*before, name))
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                if isinstance(entry, dict):
                    yield from _secret_places(entry, inner, (*before, name, index))


def _declared(model: type[BaseModel], place: Path) -> frozenset[str]:
    """Keys that a plugin itself knows at the top of its section: they are left to it."""
    return frozenset() if place else frozenset(model.model_fields)


def _credential(environ: Mapping[str, str], name: str) -> FilePath | None:
    directory = environ.get(CREDENTIALS_VARIABLE)
    if not directory:
        return None
    path = FilePath(directory, name)
    return path if os.path.isfile(path) else None  # noqa: PTH113  (Path.is_file raises on EACCES)


def _take(
    table: dict[str, Any], name: str, source: Any, path: Path, found: Found, *, private: bool
) -> None:
    if not isinstance(source, str | FilePath) or not str(source):
        found.faults.append((path, "must be a path in quotes"))
        table[name] = ""
        return
    value, problem = read_secret(FilePath(source), private=private)
    if problem:
        found.faults.append((path, problem))
    table[name] = value
    found.origins[dotted((*path[:-1], name))] = f"file {source}"


def read_secret(path: FilePath, *, private: bool) -> tuple[str, str]:
    """Read one secret; give (value, problem), one of them empty.

    With `private`, a file that group or others may read is refused (systemd's credentials
    are exempt: their access list shows up as a group right). One line end is cut off.
    """
    try:
        # O_NONBLOCK: a named pipe must not stop the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        return "", f"cannot read {path}: {reason}"
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return "", f"{path} is no regular file"
        if private and status.st_mode & 0o077:
            return "", f"others than its owner can use {path}; run: chmod 600 {path}"
        content = os.read(descriptor, MAX_SECRET_BYTES + 1)
    finally:
        os.close(descriptor)
    return _decoded(content, path)


def _decoded(content: bytes, path: FilePath) -> tuple[str, str]:
    if len(content) > MAX_SECRET_BYTES:
        return "", f"{path} is larger than {MAX_SECRET_BYTES} bytes: is it the right file?"
    try:
        value = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return "", f"{path} is not UTF-8 text"
    return (value, "") if value else ("", f"{path} is empty")
