"""In which line of a TOML file a key stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from connector.settings.paths import Path, dotted


def key_lines(text: str) -> dict[str, int]:
    """Map the dotted path of every key and table of a *valid* TOML text to its line, from 1.

    The text is cut into the smallest pieces that tomllib accepts by themselves (a table's
    header, or a key with its value over several lines), so that no second TOML parser has
    to agree with the first.
    """
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table: Path = ()
    for number, piece in _pieces(text):
        parsed = tomllib.loads(piece)
        if piece.lstrip().startswith("["):
            table = _header(parsed, counts, array=piece.lstrip().startswith("[["))
            for depth in range(len(table)):  # [triage.words] brings triage into being as well
                lines.setdefault(dotted(table[: depth + 1]), number)
        else:
            for path in _paths(parsed):
                lines.setdefault(dotted((*table, *path)), number)
    return lines


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    start, piece = 1, ""
    for number, line in enumerate(text.split("\n"), start=1):  # TOML knows no other line end
        if not piece:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            start = number
        piece += line + "\n"
        if _complete(piece):
            yield start, piece
            piece = ""


def _complete(piece: str) -> bool:
    try:
        tomllib.loads(piece)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _header(parsed: Mapping[str, Any], counts: dict[str, int], *, array: bool) -> Path:
    """Give the path of a table; tables of an array are counted, sub-tables belong to the last."""
    names = _deepest(parsed)
    path: Path = ()
    for depth, name in enumerate(names, start=1):
        path = (*path, name)
        key = dotted(path)
        if array and depth == len(names):
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            path = (*path, counts[key])
    return path


def _deepest(parsed: Any) -> tuple[str, ...]:
    if isinstance(parsed, list):
        return _deepest(parsed[0])
    if not isinstance(parsed, dict) or not parsed:
        return ()
    name, inner = next(iter(parsed.items()))
    return (name, *_deepest(inner))


def _paths(value: Any, before: Path = ()) -> Iterator[Path]:
    pairs: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, dict):
        pairs = iter(value.items())
    elif isinstance(value, list):
        pairs = iter(enumerate(value))
    for name, inner in pairs:
        yield (*before, name)
        yield from _paths(inner, (*before, name))
