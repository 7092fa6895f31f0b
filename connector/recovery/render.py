"""Templates to text, with the patient's words as values only.

Templates come with the package; what people wrote is never compiled and
rendered once. The context holds plain data, no objects, and the sandbox forbids
what a template has no business with. The output has a limit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Final, TypeAlias

from jinja2 import FunctionLoader, StrictUndefined, Template, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_OUTPUT_BYTES: Final = 64_000
"""No text that we make is longer, in UTF-8."""

CUT_MARK: Final = "\n[... cut here: the text was too long]"

_ROOM: Final = MAX_OUTPUT_BYTES - len(CUT_MARK.encode())
_UTF8_MOST: Final = 4
"""A character takes at most so many bytes."""

VERSIONS_REMEMBERED: Final = 128
"""There are about as many plays as categories, and few templates."""

Value: TypeAlias = str | int | bool | Sequence["Value"] | Mapping[str, "Value"]
"""What a template may be given."""


def render(name: str, context: Mapping[str, Value]) -> str:
    """Fill a template of ours; at most MAX_OUTPUT_BYTES, cut with a mark if it must be.

    Raises TypeError for a context that holds more than plain data, and jinja2's own errors for
    a template that asks for what it was not given: both are faults of ours, never of a patient.
    """
    template, given = _template(name), _plain(context)
    text = template.render(given)
    if len(text) * _UTF8_MOST > _ROOM:  # only then it is worth counting
        text = _bounded(template.generate(given))
    return text.strip() + "\n"


def _bounded(pieces: Iterable[str]) -> str:
    """Join as many pieces of a text as there is room for."""
    kept: list[str] = []
    used = 0
    for piece in pieces:
        size = len(piece.encode("utf-8", "replace"))
        if used + size > _ROOM:
            kept.append(cut_bytes(piece, _ROOM - used) + CUT_MARK)
            break
        kept.append(piece)
        used += size
    return "".join(kept)


@lru_cache(maxsize=VERSIONS_REMEMBERED)
def version(names: Sequence[str], *parts: str) -> str:
    """Give twelve hex digits that change whenever a template or the data it shows changes."""
    digest = hashlib.sha256()
    for part in (*(_source(name) for name in names), *parts):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:12]


def cut_bytes(text: str, limit: int) -> str:
    """Cut text to at most `limit` bytes of UTF-8, never within a character."""
    return text.encode("utf-8", "replace")[: max(limit, 0)].decode("utf-8", "ignore")


def _plain(value: Value) -> Value:
    """Copy plain data and refuse everything else: an object would hand its attributes out."""
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):  # nearly always of text, which needs no look of its own
        return [inner if type(inner) is str else _plain(inner) for inner in value]
    msg = f"a template's context holds plain data only, not {type(value).__name__}"
    raise TypeError(msg)


@lru_cache(maxsize=16)
def _source(name: str) -> str:
    found = files("connector.recovery").joinpath("templates", f"{name}.txt.j2")
    return found.read_text(encoding="utf-8")


@lru_cache(maxsize=16)
def _template(name: str) -> Template:
    return _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
        # Plain text: there is nothing to escape, and an agent must not read &#39;.
        autoescape=select_autoescape(enabled_extensions=(), default=False),
        keep_trailing_newline=True,  # a part that is included ends its last line
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
