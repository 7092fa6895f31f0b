"""Rows of an export on their way: taken in runs, kept small until somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from connector.domain.response import Entry
from connector.domain.response import Row as Outcome
from connector.domain.signal import Unreadable
from connector.parsing.survey_files import NotRead
from connector.parsing.surveys import ResponseReader
from connector.parsing.tables import Entry as Line
from connector.parsing.tables import Row, fit

RUN_ROWS = 500
"""So many rows are looked at together, column by column,"""
RUN_CHARS = 1_000_000
"""or, where they are long, so many characters."""
BETWEEN = "\0"
"""Stands between the cells of a row in one text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of an export, as its rows are read."""

    place: str
    """Path, and name within a ZIP: the front of its rows' locators."""
    guessed: bool
    """True when its encoding is a guess."""
    reader: ResponseReader


class Origin(NamedTuple):
    """Where a row stands, for its signal."""

    number: int
    """As of `Row`."""
    text: str
    cells: tuple[str, ...] | str
    """As of `Row`; in one text where nobody will ask for them, or hardly ever: a tenth as large."""
    table: Table

    @property
    def row(self) -> Row:
        """The row as it was read, as wide as the header."""
        cells = self.cells
        unpacked = tuple(cells.split(BETWEEN)) if isinstance(cells, str) else cells
        return Row(self.number, unpacked, self.text)


def take(lines: Iterator[Line], count: int, some: list[Line]) -> NotRead | None:
    """Take some lines; gives the fault behind them, which must not take them along."""
    size = 0
    try:
        for line in islice(lines, count):
            some.append(line)
            size += len(line.text)
            if size > RUN_CHARS:
                break
    except NotRead as fault:
        return fault
    return None


def until_misfits(entries: Sequence[Entry], before: int, most: int) -> tuple[Sequence[Entry], int]:
    """Cut entries behind so many misfits in a row, and say how many of them stand at the end.

    `before`: so many stood at the end of those in front.
    """
    misfits = before
    for place, entry in enumerate(entries):
        misfits = misfits + 1 if isinstance(entry, Unreadable) else 0
        if misfits >= most:
            return entries[: place + 1], misfits
    return entries, misfits


def fitted(line: Line, wide: int, needed: int) -> Line:
    """Make a row as wide as the header, as `fit` does; a problem stays one."""
    return fit(line, wide, needed) if isinstance(line, Row) else line


def kept(
    rows: Sequence[tuple[str, ...]], passed: Sequence[Outcome | None]
) -> list[tuple[str, ...] | str]:
    """Make one text of the cells of each row that nobody has to judge."""
    if not any(passed):
        return list(rows)
    return [
        cells
        if why is None or (packed := BETWEEN.join(cells)).count(BETWEEN) >= len(cells)
        else packed
        for cells, why in zip(rows, passed, strict=True)
    ]
