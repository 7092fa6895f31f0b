"""One text with placeholders: Jinja2's syntax, and of it no more than `{{ name }}` and `{% if %}`.

A sheet may come from an admin's folder. Jinja2 parses it, its sandbox's settings apply, and the
tree is walked by us: nothing is compiled, there are no loops, calls, filters or attributes, so a
sheet can neither run for ever nor grow beyond what it is filled with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from connector.domain.plain import one_line

MAX_SHEET_BYTES: Final = 8_192
"""A sheet is a few lines; more is another file."""

MAX_DEPTH: Final = 4
"""`{% if %}` within each other."""

OPTIONAL: Final = frozenset({"site", "contact", "phone", "due"})
"""What a practice or a case may not have."""

PUBLIC: Final = frozenset({"practice", "sender", "hours", "site", "contact", "phone"})
"""What may stand in a public answer: nothing of a case."""

FACTS: Final = frozenset({"practice", "sender", "hours", "reference", *OPTIONAL})
"""What may stand in any other sheet."""

PIECES: Final = frozenset({"say", "write"})
"""Sentences of a category, which are sheets themselves and may stand in a channel's sheet."""

_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(keep_trailing_newline=True, autoescape=False)


class SheetError(Exception):
    """A sheet cannot be used; `line` says where, from 1."""

    def __init__(self, line: int, what: str, cure: str) -> None:
        """Keep what is wrong and how to mend it."""
        self.line, self.what, self.cure = line, what, cure
        super().__init__(f"line {line}: {what}; {cure}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """Text as it stands."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A placeholder."""

    name: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`{% if name %}`: one part when there is a value, else the other."""

    name: str
    there: Sequence[Part]
    missing: Sequence[Part]


Part: TypeAlias = Literal | Blank | Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A text that was understood."""

    key: str
    """`en/email`, `es/say.visit.wait` ..."""
    source: str
    parts: tuple[Part, ...]
    file: str = ""
    """Where it came from; empty: ours."""

    @property
    def version(self) -> str:
        """Twelve hex digits that change with the text."""
        return hashlib.sha256(self.source.encode()).hexdigest()[:12]

    def fill(self, values: Mapping[str, str]) -> str:
        """Put values in; what is not given is empty."""
        return "".join(text for text, _ in _filled(self.parts, values)).strip()

    def lines(self, values: Mapping[str, str]) -> tuple[str, list[int]]:
        """Fill, without cutting the ends, and say for each letter on which line it stands."""
        text: list[str] = []
        places: list[int] = []
        for piece, line in _filled(self.parts, values):
            literal = piece in self.source
            for letter in piece:
                text.append(letter)
                places.append(line)
                line += letter == "\n" and literal  # noqa: PLW2901 - counts on within the piece
        return "".join(text), places

    def names(self) -> frozenset[str]:
        """Name every placeholder that stands in it."""
        return frozenset(_names(self.parts, blanks=True))

    def tested(self) -> frozenset[str]:
        """Name everything that an `if` asks for."""
        return frozenset(_names(self.parts, blanks=False))


def parse(key: str, source: str, *, allowed: frozenset[str], file: str = "") -> Sheet:
    """Understand a sheet. Raises SheetError with line and cure."""
    if len(source.encode("utf-8", "replace")) > MAX_SHEET_BYTES:
        what = f"is larger than {MAX_SHEET_BYTES} bytes"
        raise SheetError(1, what, "write what fits on a page")
    try:
        tree = _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        told = one_line(error.message or "syntax error", 120).rstrip(".")
        raise SheetError(error.lineno, f"is no template: {told}", _CURE) from None
    except (TemplateError, RecursionError, ValueError, OverflowError):
        raise SheetError(1, "is no template", _CURE) from None
    parts = tuple(_parts(tree.body, allowed, 0))
    return Sheet(key=key, source=source, parts=parts, file=file)


_CURE: Final = "use {{ name }}, {% if name %} ... {% else %} ... {% endif %} and text alone"


def _parts(body: Sequence[nodes.Node], allowed: frozenset[str], depth: int) -> Iterator[Part]:
    for node in body:
        if isinstance(node, nodes.Output):
            for inner in node.nodes:
                yield _piece(inner, allowed)
        elif isinstance(node, nodes.If):
            yield _choice(node, allowed, depth + 1)
        else:
            what = f"has something that is not allowed here ({type(node).__name__.lower()})"
            raise SheetError(node.lineno, what, _CURE)


def _piece(node: nodes.Node, allowed: frozenset[str]) -> Part:
    if isinstance(node, nodes.TemplateData):
        return Literal(text=node.data, line=node.lineno)
    return Blank(name=_name(node, allowed), line=node.lineno)


def _name(node: nodes.Node, allowed: frozenset[str]) -> str:
    if not isinstance(node, nodes.Name):
        what = f"has something that is not allowed here ({type(node).__name__.lower()})"
        raise SheetError(node.lineno, what, _CURE)
    if node.name not in allowed:
        known = ", ".join(sorted(allowed))
        what = f"asks for an unknown placeholder: {one_line(node.name, 40)!r}"
        raise SheetError(node.lineno, what, f"there are: {known}")
    return node.name


def _choice(node: nodes.If, allowed: frozenset[str], depth: int) -> Choice:
    if depth > MAX_DEPTH:
        raise SheetError(node.lineno, f"has more than {MAX_DEPTH} ifs in each other", "use fewer")
    negated = isinstance(node.test, nodes.Not)
    name = _name(node.test.node if isinstance(node.test, nodes.Not) else node.test, allowed)
    there = tuple(_parts(node.body, allowed, depth))
    rest: Sequence[nodes.Node] = node.else_
    if node.elif_:
        first, *others = node.elif_
        again = nodes.If(first.test, first.body, others, node.else_, lineno=first.lineno)
        rest = [again]
    missing = tuple(_parts(rest, allowed, depth))
    if negated:
        there, missing = missing, there
    return Choice(name=name, there=there, missing=missing)


def _filled(parts: Sequence[Part], values: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for part in parts:
        if isinstance(part, Literal):
            yield part.text, part.line
        elif isinstance(part, Blank):
            yield values.get(part.name, ""), part.line
        else:
            yield from _filled(part.there if values.get(part.name) else part.missing, values)


def _names(parts: Sequence[Part], *, blanks: bool) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Blank) and blanks:
            yield part.name
        elif isinstance(part, Choice):
            if not blanks:
                yield part.name
            yield from _names((*part.there, *part.missing), blanks=blanks)
