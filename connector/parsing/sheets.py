"""Workbooks (XLSX) as rows: the first visible sheet with content, values instead of formulas.

The cells are read by calamine, which holds a whole sheet in memory as a rectangle; so the sheets
are looked through first, as a stream: a file that is no whole workbook, unpacks to more than
MAX_UNPACKED_BYTES or spans more than MAX_CELLS is refused before that. What a spreadsheet shows as
an error, and a formula whose value was never computed, must not become a silent blank: they are
read as the words `#N/A` and `#NO VALUE`.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from connector.parsing.tables import MAX_COLUMNS, Entry, Row

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

MAX_PACKED_BYTES: Final = 256 * 1024**2
"""A larger workbook is refused."""
MAX_UNPACKED_BYTES: Final = 1024**3
"""All parts of a workbook together."""
MAX_STRINGS_BYTES: Final = 256 * 1024**2
"""The table of texts, which calamine holds in memory as well."""
MAX_CELLS: Final = 8_000_000
"""Rows times columns of the used area; 32 bytes of memory each."""
MAX_SHEETS: Final = 200
"""A workbook with more sheets is no export."""
MAX_ODD_CELLS: Final = 100_000
"""Cells with errors or formulas without values that are remembered; more refuse the file."""
NO_VALUE: Final = "#NO VALUE"
"""Stands for a formula whose value is not in the file."""

_STEP_BYTES = 1_048_576
_LONGEST_TAG = 100
_MAX_ROW_BYTES = 64 * 1_048_576
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(/?)>(<(?:\w+:)?f\b)?")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_ERROR = re.compile(rb"""\bt\s*=\s*["']e["']""")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]{1,32767})<")
_ANY_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ANY_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_LETTERS = re.compile(rb'<c r="([A-Z]{1,3})[0-9]{1,7}"(?:[^>]*[^/>])?>')
_ROW_END = re.compile(rb"</(?:\w+:)?row>")
_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*>")
_ROW_NUMBER = re.compile(rb"""\br\s*=\s*["']([0-9]{1,7})["']""")


class NotRead(Exception):
    """The file cannot be read as a whole; the message is a sentence for people."""

    def __init__(self, problem: str) -> None:
        """Keep the sentence."""
        super().__init__(problem)
        self.problem = problem


@dataclass(slots=True)
class _Survey:
    """What one pass over a sheet tells."""

    rows: int = 0
    """The last row with content, from 1."""
    columns: int = 0
    """The last column with content, from 1."""
    odd: dict[tuple[int, int], str] = field(default_factory=dict)
    """Row and column (from 0) of errors and formulas without a value, and what to read there."""


def is_workbook(names: list[str]) -> bool:
    """Say whether a ZIP with these members is an XLSX."""
    return any(name.casefold() == "xl/workbook.xml" for name in names)


def read_sheet(file: BinaryIO, wanted: str = "") -> Iterator[Entry]:
    """Yield the rows of one sheet that are not blank, numbered as in the sheet.

    `wanted` names the sheet; else the first visible one with content. Raises NotRead.
    """
    from python_calamine import (  # noqa: PLC0415 - only who has workbooks loads it
        CalamineError,
        CalamineWorkbook,
        SheetVisibleEnum,
    )

    surveys = _look_through(file)
    file.seek(0)
    data = file.read(MAX_PACKED_BYTES + 1)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            visible = [
                meta.name
                for meta in workbook.sheets_metadata
                if meta.visible == SheetVisibleEnum.Visible
            ]
            sheet = _choose(workbook, wanted, visible)
            if sheet is None:
                return
            # calamine does not say from which part a sheet came: take the one of its size
            odd = _odd_cells(sheet, surveys)
            yield from _rows(sheet, odd)
    except CalamineError as fault:
        raise NotRead(f"The workbook cannot be read: {_plain(fault)}.") from None
    except BaseException as fault:
        if type(fault).__name__ != "PanicException":  # how a fault within calamine arrives
            raise
        raise NotRead("The workbook cannot be read: it is damaged.") from None


def _plain(fault: Exception) -> str:
    """Name the fault without its words, which may hold a cell's."""
    names = {"PasswordError": "it has a password", "XmlError": "a part of it is no XML"}
    return names.get(type(fault).__name__, "it is damaged")


def _look_through(file: BinaryIO) -> list[_Survey]:
    """Read all parts once, to see that they are whole and fit into memory. Raises NotRead.

    Any part may be a sheet, whatever it is called.
    """
    file.seek(0, io.SEEK_END)
    if file.tell() > MAX_PACKED_BYTES:
        raise NotRead(f"The workbook is larger than {MAX_PACKED_BYTES // 1024**2} MB.")
    try:
        with zipfile.ZipFile(file) as archive:
            return _parts(archive)
    except (zipfile.BadZipFile, EOFError, zlib.error, OSError, ValueError) as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise
        problem = "The workbook is not whole: it was cut, or is still being written."
        raise NotRead(problem) from None
    except (NotImplementedError, RuntimeError):
        raise NotRead("The workbook is packed or locked in a way that is not read.") from None


def _parts(archive: zipfile.ZipFile) -> list[_Survey]:
    surveys: list[_Survey] = []
    unpacked = 0
    for part in archive.infolist():
        strings = part.filename.casefold().endswith("sharedstrings.xml")
        limit = MAX_UNPACKED_BYTES - unpacked
        if part.file_size > (min(limit, MAX_STRINGS_BYTES) if strings else limit):
            raise NotRead(
                f"The workbook unpacks to more than {MAX_UNPACKED_BYTES // 1024**2} MB, or its "
                "texts alone are too many: export it as CSV."
            )
        unpacked += part.file_size
        with archive.open(part) as opened:  # to its end, where its checksum is compared
            surveys.append(_survey(opened))
        if sum(one.rows > 0 for one in surveys) > MAX_SHEETS:
            raise NotRead(f"The workbook has more than {MAX_SHEETS} sheets.")
    return surveys


def _survey(opened: IO[bytes]) -> _Survey:
    """Find out how far a sheet reaches; row by row, in pieces."""
    seen, rest, row = _Survey(), b"", 0
    while block := opened.read(_STEP_BYTES):
        piece = rest + block
        if not _ANY_ROW.search(piece):
            rest = piece[-_LONGEST_TAG:]  # no sheet, or not yet
            continue
        cut = max((end.end() for end in _ROW_END.finditer(piece)), default=0)
        row = _survey_piece(piece[:cut], seen, row)
        rest = piece[cut:]
        if len(rest) > _MAX_ROW_BYTES:
            raise NotRead("A row of the workbook is too long.")
    _survey_piece(rest, seen, row)
    return seen


def _survey_piece(piece: bytes, seen: _Survey, row: int) -> int:
    """Look at whole rows; give the number of the last one (from 1)."""
    lines = _ROW_END.split(piece)
    if _usual(piece):
        # the widest place and the last row with content are all that matters
        letters = max(set(_LETTERS.findall(piece)), key=lambda one: (len(one), one), default=b"")
        seen.columns = max(seen.columns, _column(letters))
        lines = [next((line for line in reversed(lines) if _LETTERS.search(line)), b"")]
    for line in lines:
        start = _ROW.search(line)
        if start is None:
            continue
        given = _ROW_NUMBER.search(start[0])
        row = int(given[1]) if given else row + 1
        column = 0
        for cell in _CELL.finditer(line, start.end()):
            column += 1
            place = _PLACE.search(cell[1])
            if place:
                column = _column(place[1])
            if cell[2]:
                continue  # styled, without content
            seen.columns = max(seen.columns, column)
            seen.rows = max(seen.rows, row)
            if cell[3] or _ERROR.search(cell[1]):
                _odd(line, cell, (row - 1, column - 1), seen)
        if seen.rows * seen.columns > MAX_CELLS or seen.columns > MAX_COLUMNS:
            raise NotRead(
                f"The sheet spans {seen.rows} rows and {seen.columns} columns, more than "
                f"{MAX_CELLS} cells or {MAX_COLUMNS} columns: export it as CSV."
            )
    return row


def _usual(piece: bytes) -> bool:
    """Say whether every row and cell names its place and none is an error or a formula."""
    if b"<f" in piece or b":f" in piece or b"'e'" in piece or b't="e"' in piece:
        return False
    named = len(_ANY_CELL.findall(piece)) == piece.count(b'<c r="')
    return named and len(_ANY_ROW.findall(piece)) == piece.count(b'<row r="')


def _odd(line: bytes, cell: re.Match[bytes], place: tuple[int, int], seen: _Survey) -> None:
    """Remember an error's words, or that a formula has no value."""
    end = line.find(b"</c>", cell.end())
    value = _VALUE.search(line, cell.start(), end if end >= 0 else len(line))
    if value is None:
        seen.odd[place] = NO_VALUE
    elif _ERROR.search(cell[1]):
        seen.odd[place] = value[1].decode("utf-8", "replace")
    if len(seen.odd) > MAX_ODD_CELLS:
        raise NotRead("The sheet is full of errors or formulas without values: save it in Excel.")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _choose(workbook: CalamineWorkbook, wanted: str, visible: list[str]) -> CalamineSheet | None:
    if wanted:
        if wanted not in workbook.sheet_names:
            raise NotRead("The workbook has no sheet of the configured name.")
        return workbook.get_sheet_by_name(wanted)
    sheets = (workbook.get_sheet_by_name(name) for name in visible)
    return next((sheet for sheet in sheets if sheet.height), None)


def _odd_cells(sheet: CalamineSheet, surveys: list[_Survey]) -> dict[tuple[int, int], str]:
    """Give the odd cells of this sheet: those of the parts that reach as far as it does."""
    same = [
        one
        for one in surveys
        if one.odd and one.rows >= sheet.total_height and one.columns >= sheet.total_width
    ]
    return same[0].odd if len(same) == 1 else {}


def _rows(sheet: CalamineSheet, odd: dict[tuple[int, int], str]) -> Iterator[Entry]:
    left = sheet.start[1] if sheet.start else 0
    odd_rows: dict[int, list[tuple[int, str]]] = {}
    for (row, column), words in odd.items():
        odd_rows.setdefault(row, []).append((column - left, words))
    for index, values in enumerate(islice(sheet.iter_rows(), MAX_CELLS)):
        cells = [_text(value) for value in values]
        for column, words in odd_rows.get(index, ()):
            if 0 <= column < len(cells):
                cells[column] = cells[column] or words
        if any(map(str.strip, cells)):
            yield Row(index + 1, tuple(cells), json.dumps(cells, ensure_ascii=False))


def _text(value: object) -> str:  # noqa: PLR0911 - one line for each type that a cell may have
    """Write a cell as a survey tool would write it into CSV."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004 - floats count exactly up to here
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        rounded = value + timedelta(microseconds=500_000) if value.microsecond else value
        return rounded.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return "" if value is None else str(value)
