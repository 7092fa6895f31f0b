"""CSV and TSV as the world writes them: rows in order, and every row that is none as a problem.

What is tolerated: byte order marks, UTF-8, UTF-16, Windows-1252, `,` `;` tab or `|` between
fields, any line end, line ends within quotes, trailing empty fields. What is not: a field cut
within its quotes, text behind a closing quote, more or fewer fields than the header has. Such a
row becomes a `BadRow`; reading goes on with the next physical line, so one stray quote does not
swallow the rows behind it. Memory is bounded by one row.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, TextIO, TypeAlias

MAX_ROW_CHARS = 10_000_000
"""A longer row is a problem; a comment of a patient has a few thousand characters."""
MAX_COLUMNS = 4_096
"""A wider header is no survey."""
MAX_BAD_ROWS = 1_000
"""After so many problems the rest of the file is not read: it is no table."""
MAX_RAW_CHARS = 65_536
"""Kept of a row that is a problem."""

DELIMITERS = (",", ";", "\t", "|")
"""Tried on the header; the first of equally frequent ones wins."""

_BLOCK_BYTES = 1_048_576
_SAMPLE_BYTES = 4_096
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

csv.field_size_limit(MAX_ROW_CHARS)  # process-wide; the default of 131,072 kills whole files


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What one pass over the bytes of a file tells."""

    sha256: str
    """Hex digest of all bytes."""
    size: int
    """Bytes."""
    encoding: str
    """For `read_rows`."""
    guessed: bool
    """True when nothing in the bytes proves the encoding (Windows-1252 is the guess)."""
    prefix_sha256: str
    """Hex digest of the first `prefix` bytes that were asked for, or empty."""
    ends_with_newline: bool
    """True when the last byte certainly ends a line; never said of UTF-16 and UTF-32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row."""

    number: int
    """1, 2, 3 ... over everything in the file that is not blank, headers and problems too."""
    cells: tuple[str, ...]
    text: str
    """The row as it stands in the file, decoded, with its line end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """Something in place of a row."""

    number: int
    """As of rows."""
    problem: str
    """One sentence without the row's words."""
    text: str
    """The line as it stands in the file, cut at MAX_RAW_CHARS."""


Entry: TypeAlias = Row | BadRow


class _TooLong(Exception):
    """A row is longer than the limit."""


def examine(file: BinaryIO, *, prefix: int = 0) -> Examined:
    """Read a file once from its present place; say what its bytes are."""
    whole, first = hashlib.sha256(), hashlib.sha256()
    utf8 = codecs.getincrementaldecoder("utf-8")()
    size, valid, sample, last = 0, True, b"", b""
    while block := file.read(_BLOCK_BYTES):
        sample = (sample + block)[:_SAMPLE_BYTES] if len(sample) < _SAMPLE_BYTES else sample
        whole.update(block)
        first.update(block[: max(0, prefix - size)])
        valid = valid and _decodes(utf8, block)
        size += len(block)
        last = block[-1:]
    valid = valid and _decodes(utf8, b"", final=True)
    encoding = _encoding(sample, valid=valid)
    return Examined(
        sha256=whole.hexdigest(),
        size=size,
        encoding=encoding,
        guessed=encoding == "cp1252",
        prefix_sha256=first.hexdigest() if 0 < prefix <= size else "",
        ends_with_newline=last in {b"\n", b"\r"} and not encoding.startswith(("utf-16", "utf-32")),
    )


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(sample: bytes, *, valid: bool) -> str:
    """Name the encoding by the mark in front, by zero bytes of ASCII in UTF-16, or by trial."""
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if odd > len(sample) // 4 and not even:
        return "utf-16-le"
    if even > len(sample) // 4 and not odd:
        return "utf-16-be"
    return "utf-8" if valid else "cp1252"


def delimiter_of(header: str) -> str:
    """Name the delimiter of a header: the one that stands most often outside of quotes."""
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def read_rows(file: BinaryIO, encoding: str, delimiter: str = "") -> Iterator[Entry]:
    """Yield every row that is not blank, or what stands in its place.

    `delimiter` empty: found in the first line. Bytes that the encoding does not know become
    U+FFFD. After MAX_BAD_ROWS problems a last one says that the rest was not read.
    """
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    try:
        lines = _Lines(text)
        yield from _rows(lines, delimiter or delimiter_of(lines.peek()))
    finally:
        text.detach()  # the caller closes the file


def _rows(lines: _Lines, delimiter: str) -> Iterator[Entry]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number, bad = 0, 0
    while True:
        problem, cells = "", []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            problem = _problem(str(fault))
        except _TooLong:
            problem = f"The row is longer than {MAX_ROW_CHARS} characters."
        if problem:
            text = lines.keep_first()
        else:
            text = lines.take()
            if not any(cell.strip() for cell in cells):
                continue
            problem = "The row holds zero bytes." if "\0" in text else ""
        number += 1
        if not problem:
            yield Row(number=number, cells=tuple(cells), text=text)
            continue
        bad += 1
        if bad >= MAX_BAD_ROWS:
            problem = f"{problem} This is problem {bad}: the rest of the file is not read."
        yield BadRow(number=number, problem=problem, text=text[:MAX_RAW_CHARS])
        if bad >= MAX_BAD_ROWS:
            return


def _problem(fault: str) -> str:
    """Say in plain words what csv says of a row."""
    if "unexpected end" in fault:
        return "A quoted field has no end: the file is cut here, or a quote is missing."
    if "expected after" in fault:
        return "Text stands behind a closing quote: a quote within the field is not doubled."
    if "field larger" in fault:
        return f"A field is longer than {MAX_ROW_CHARS} characters, or a quote is missing."
    return "The row is no CSV."


class _Lines:
    """Physical lines for csv.reader, which remembers those of the present row.

    After a problem all of them but the first are read again: the problem may be a stray quote,
    and what it swallowed are rows.
    """

    def __init__(self, text: TextIO) -> None:
        """Read from a text file that leaves line ends alone."""
        self._text = text
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._chars = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(MAX_ROW_CHARS)
        if not line:
            raise StopIteration
        self._row.append(line)
        self._chars += len(line)
        if self._chars >= MAX_ROW_CHARS:
            self._pass_over(line)
            raise _TooLong
        return line

    def peek(self) -> str:
        """Give the first line that is not blank; it will be read again."""
        skipped = list(islice(iter(lambda: self._text.readline(MAX_ROW_CHARS), ""), 1))
        while skipped and not skipped[-1].strip() and len(skipped) < MAX_BAD_ROWS:
            line = self._text.readline(MAX_ROW_CHARS)
            if not line:
                break
            skipped.append(line)
        self._again.extend(skipped)
        return skipped[-1] if skipped else ""

    def take(self) -> str:
        """Give the text of the row that was read and forget it."""
        text = "".join(self._row)
        self._row, self._chars = [], 0
        return text

    def keep_first(self) -> str:
        """Give the first line of the row that failed; the others will be read again."""
        first, rest = self._row[0] if self._row else "", self._row[1:]
        self._again.extendleft(reversed(rest))
        self._row, self._chars = [], 0
        return first

    def _pass_over(self, line: str) -> None:
        """Leave the rest of a single line that alone is too long."""
        if len(self._row) == 1:
            while line and not line.endswith(("\n", "\r")):
                line = self._text.readline(MAX_RAW_CHARS)


def unique_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Tell equal headers apart: the second `Other` is `Other#2`, a blank one `column 7`."""
    seen: dict[str, int] = {}
    unique = []
    for index, name in enumerate(names, start=1):
        folded = " ".join(name.split()) or f"column {index}"
        seen[folded] = seen.get(folded, 0) + 1
        unique.append(folded if seen[folded] == 1 else f"{folded}#{seen[folded]}")
    return tuple(unique)


def fit(row: Row, columns: int, needed: int | None = None) -> Entry:
    """Make a row as wide as the header: blank cells at its end may go, nothing else.

    A row that is too short was cut; one that is too long has a delimiter too many. `needed`
    (else all): so many cells are enough, because the header is blank behind them.
    """
    cells = row.cells
    if len(cells) == columns:
        return row
    while len(cells) > columns and not cells[-1].strip():
        cells = cells[:-1]
    if (columns if needed is None else needed) <= len(cells) <= columns:
        cells += ("",) * (columns - len(cells))
        return Row(number=row.number, cells=cells, text=row.text)
    problem = f"The row has {len(row.cells)} fields where the header has {columns}."
    return BadRow(number=row.number, problem=problem, text=row.text[:MAX_RAW_CHARS])
