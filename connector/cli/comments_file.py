"""A CSV file of comments, whatever wrote it: one row after the other, none lost, none doubled."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

TEXT_COLUMNS: Final = ("text", "comment", "comments", "review", "feedback")
"""Names of the column with the comment; the first of them that the header has."""

LABEL_COLUMNS: Final = ("needs_recovery", "label", "failure")
"""Names of the column in which a person said whether it is a failure."""

MAX_HEADER_CHARS: Final = 65_536
"""So much of a file is read to find encoding and separator."""

_YES: Final = frozenset({"1", "1.0", "yes", "y", "true", "t"})
_NO: Final = frozenset({"0", "0.0", "no", "n", "false", "f"})
_SEPARATORS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comment of a file."""

    number: int
    """From 1, over the rows below the header that are not blank."""
    text: str
    question: str
    source: str
    """`file` where no column says so."""
    failure: bool | None
    """What a person says; None where nobody does."""


def rows_of(path: Path) -> Iterator[Row]:
    """Read a file row by row; raises click.UsageError when it has no column of comments.

    A byte order mark, any usual encoding and separator, line ends within quotes, quotes that
    are never closed, rows too short or too long: all are read as `csv` reads them. In a file
    of one column a comma is a comma.
    """
    csv.field_size_limit(sys.maxsize)
    encoding = _encoding(path)
    with ExitStack() as stack:
        file = stack.enter_context(path.open(encoding=encoding, errors="replace", newline=""))
        head = file.readline(MAX_HEADER_CHARS)
        file.seek(0)
        rows = csv.reader(file, delimiter=_separator(head))
        header = [name.strip().lower() for name in next(rows, [])]
        places = {name: place for place, name in reversed(list(enumerate(header)))}
        text = _first(places, TEXT_COLUMNS)
        if text is None:
            named = ", ".join(TEXT_COLUMNS)
            raise click.UsageError(f"{path}: no column of comments; name one of them {named}")
        label = _first(places, LABEL_COLUMNS)
        number = 0
        for cells in rows:
            if not cells:
                continue
            number += 1
            yield Row(
                number=number,
                text=_cell(cells, text) if len(header) > 1 else ",".join(cells),
                question=_cell(cells, places.get("question")),
                source=_cell(cells, places.get("source")).strip() or "file",
                failure=_said(_cell(cells, label)),
            )


def _first(places: dict[str, int], names: Sequence[str]) -> int | None:
    return next((places[name] for name in names if name in places), None)


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _said(text: str) -> bool | None:
    folded = text.strip().lower()
    return True if folded in _YES else False if folded in _NO else None


def _encoding(path: Path) -> str:
    """Tell UTF-16 and UTF-8 by their marks; what is no UTF-8 is read as Windows' Western one."""
    with path.open("rb") as file:
        first = file.read(4)
        if first.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
        file.seek(0)
        decoder = io.TextIOWrapper(file, encoding="utf-8-sig")
        try:
            while decoder.read(1 << 20):
                pass
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _separator(head: str) -> str:
    """Choose the separator that stands most often in the header; a comma where none does."""
    return max(_SEPARATORS, key=head.count) if any(map(head.count, _SEPARATORS)) else ","
