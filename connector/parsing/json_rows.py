"""JSON and JSON lines as rows: a list of objects, or an object that holds one, read as a stream.

What is nested gets a dotted name (`person.email`); lists of words are one cell with `; ` between.
The columns are the names of all objects together, so a first pass collects them. Memory is
bounded by one object; an object that is no JSON is a problem of its own, and where reading cannot
go on behind it, that is said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, TextIO, TypeAlias

from connector.parsing.sheets import NotRead
from connector.parsing.tables import (
    MAX_COLUMNS,
    MAX_RAW_CHARS,
    MAX_ROW_CHARS,
    BadRow,
    Entry,
    Row,
    decoded,
)

MAX_DEPTH: Final = 6
"""What is nested deeper is one cell, as JSON."""
MAX_LIST: Final = 200
"""Items of a nested list that get columns or are joined; the rest is left as JSON."""

_STEP_CHARS = 262_144
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder(parse_constant=str)

Flat: TypeAlias = dict[str, str]


def read_objects(file: BinaryIO, encoding: str) -> Iterator[Entry]:
    """Yield a header row of all names, then one row for each object. Raises NotRead.

    Numbered from 1 for the header; objects count from 2 in the order of the file.
    """
    names: dict[str, None] = {}
    for found in _objects(file, encoding):
        if isinstance(found, tuple):
            names |= dict.fromkeys(found[0])
        if len(names) > MAX_COLUMNS:
            raise NotRead(f"The objects have more than {MAX_COLUMNS} different names.")
    if not names:
        raise NotRead("The JSON holds no list of objects: no responses are in it.")
    header = tuple(names)
    yield Row(1, header, json.dumps(header, ensure_ascii=False))
    for number, found in enumerate(_objects(file, encoding), start=2):
        if isinstance(found, str):
            problem = "An object is no JSON; nothing behind it is read."
            yield BadRow(number=number, problem=problem, text=found[:MAX_RAW_CHARS])
        else:
            flat, text = found
            yield Row(number, tuple(flat.get(name, "") for name in header), text)


def _objects(file: BinaryIO, encoding: str) -> Iterator[tuple[Flat, str] | str]:
    """Yield each object, flat, with its text; a text alone is where reading ends too early."""
    file.seek(0)
    with decoded(file, encoding) as text:
        yield from _in_stream(_Stream(text))


def _in_stream(stream: _Stream) -> Iterator[tuple[Flat, str] | str]:
    first = stream.peek()
    if first == "[":
        stream.skip("[")
    elif first == "{" and not stream.is_lines() and not _enter_list(stream):
        return
    while True:
        mark = stream.peek()
        if mark in {"", "]"}:
            if mark == "" and first == "[":
                yield ""
            return
        if mark == ",":
            stream.skip(",")
            continue
        value, text = stream.value()
        if value is _NOTHING:
            yield text
            return
        if value is None:
            continue
        flat = _flat(_unwrapped(value))
        if flat is None:
            yield text
            return
        yield flat, text


def _flat(value: Any) -> Flat | None:
    """Flatten an object; None for what is none, or is nested too deeply."""
    try:
        return flatten(value) if isinstance(value, Mapping) else None
    except RecursionError:
        return None


def _unwrapped(value: Any) -> Any:
    """LimeSurvey puts each response into an object under its number."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, inner),) = value.items()
        if isinstance(inner, Mapping) and str(name).isdigit():
            return inner
    return value


def _enter_list(stream: _Stream) -> bool:
    """Go into the first list of objects within an object; False when there is none."""
    stream.skip("{")
    while (mark := stream.peek()) not in {"", "}"}:
        if mark == ",":
            stream.skip(",")
            continue
        name, _ = stream.value()
        if name is _NOTHING or stream.peek() != ":":
            return False
        stream.skip(":")
        if stream.peek() == "[":
            stream.skip("[")
            if stream.peek() in {"{", "]", ""}:
                return True
            stream.back("[")
        value, _ = stream.value()
        if value is _NOTHING:
            return False
    return False


def flatten(value: Mapping[str, Any]) -> Flat:
    """Give every leaf a dotted name and its text."""
    flat: Flat = {}
    _flatten(value, "", flat, 1)
    return flat


def _flatten(value: Mapping[str, Any], prefix: str, flat: Flat, depth: int) -> None:
    for name, inner in value.items():
        path = f"{prefix}{_sound(name)}"
        if isinstance(inner, Mapping) and depth < MAX_DEPTH and inner:
            _flatten(inner, f"{path}.", flat, depth + 1)
        elif isinstance(inner, list) and inner and all(isinstance(one, Mapping) for one in inner):
            _flatten_list(inner, path, flat, depth)
        elif isinstance(inner, list):
            flat[path] = "; ".join(_text(one) for one in inner[:MAX_LIST])
        else:
            flat[path] = _text(inner)


def _flatten_list(items: list[Mapping[str, Any]], path: str, flat: Flat, depth: int) -> None:
    """Name the items of a list by their question, where they have one, else by their place."""
    for place, item in enumerate(items[:MAX_LIST]):
        asked = item.get("field") or item.get("question")
        name = str(place)
        if isinstance(asked, Mapping):
            name = str(asked.get("ref") or asked.get("id") or place)
        answer = item.get(str(item.get("type", "")), item.get("value"))
        if isinstance(asked, Mapping) and answer is not None:
            flat[f"{path}.{name}"] = _answer(answer)
        elif depth < MAX_DEPTH:
            _flatten(item, f"{path}.{name}.", flat, depth + 1)
        else:
            flat[f"{path}.{name}"] = json.dumps(item, ensure_ascii=False)


def _answer(answer: Any) -> str:
    """Read an answer of Typeform or Delighted: a scalar, a choice, several choices."""
    if isinstance(answer, Mapping):
        given = [one for one in answer.values() if one is not None]
        labels = answer.get("labels") or answer.get("label") or answer.get("text")
        return _answer(labels if labels is not None else given[0] if given else "")
    if isinstance(answer, list):
        return "; ".join(_answer(one) for one in answer[:MAX_LIST])
    return _text(answer)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004 - floats count exactly up to here
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)


def _sound(text: str) -> str:
    """Replace what no database takes: half characters, and zeros."""
    whole = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", "\ufffd")


_NOTHING: Final = object()
"""No value could be read."""


class _Stream:
    """JSON values out of a file, one after the other."""

    def __init__(self, text: TextIO) -> None:
        """Begin where the text stands."""
        self._text = text
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._pinned = False
        """True while what is read has to stay in the buffer, to be read again."""

    def peek(self) -> str:
        """Give the next character that is no space, or nothing at the end; it stays."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in _SPACE:
                    return self._buffer[self._at]
                self._at += 1
            if not self._more():
                return ""

    def skip(self, mark: str) -> None:
        """Go past a character that `peek` showed."""
        self._at += len(mark)

    def back(self, mark: str) -> None:
        """Put a character back in front; spaces behind it are lost."""
        self._buffer, self._at = mark + self._buffer[self._at :], 0

    def is_lines(self) -> bool:
        """Say whether the first object is followed by another one: JSON lines."""
        begin, self._pinned = self._at, True
        value, _ = self.value()
        follows = self.peek()
        self._at, self._pinned = begin, False
        return value is not _NOTHING and (follows == "{" or _single(value, follows))

    def value(self) -> tuple[Any, str]:
        """Read a value and give its text; `_NOTHING` and the rest where there is none."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError):
                if len(self._buffer) - self._at > MAX_ROW_CHARS or not self._more():
                    return _NOTHING, self._buffer[self._at : self._at + MAX_RAW_CHARS]
                continue
            if end == len(self._buffer) and self._more():
                continue  # a number may go on
            text = self._buffer[self._at : end]
            self._at = end
            return value, text

    def _more(self) -> bool:
        """Read on; False at the end."""
        if self._ended:
            return False
        block = self._text.read(_STEP_CHARS)
        self._ended = not block
        if not self._pinned:
            self._buffer, self._at = self._buffer[self._at :], 0
        self._buffer += block
        return not self._ended


def _single(value: Any, follows: str) -> bool:
    """Say whether a file of one object is one response: no list of objects is in it."""
    if follows or not isinstance(value, Mapping):
        return False
    return not any(
        isinstance(inner, list) and (not inner or isinstance(inner[0], Mapping))
        for inner in value.values()
    )
