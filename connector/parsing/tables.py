"""CSV and TSV as the world writes them: rows in order, and every row that is none as a problem.

What is tolerated: byte order marks, UTF-8, UTF-16, single bytes of Windows-1252 within, `,` `;`
tab or `|` between fields, any line end, line ends within quotes, trailing empty fields. What is
not: a field cut within its quotes, text behind a closing quote, more or fewer fields than the
header has. Such a row becomes a `BadRow`; reading goes on with the next physical line, so one
stray quote does not swallow the rows behind it. Memory is bounded by one row.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, NamedTuple, TextIO, TypeAlias

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
_BLOCK_CHARS = 262_144
_STRAY = "amends.stray_byte"
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
    """True when bytes are no UTF-8 and nothing names another encoding: those are taken for
    Windows-1252, or for Mac Roman where lines end as on a classic Mac."""
    prefix_sha256: str
    """Hex digest of the first `prefix` bytes that were asked for, or empty."""
    ends_with_newline: bool
    """True when the last byte certainly ends a line; never said of UTF-16 and UTF-32."""


class Row(NamedTuple):
    """One row; a plain tuple, because a file has millions."""

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
    newline = carriage = False
    while block := file.read(_BLOCK_BYTES):
        sample = (sample + block)[:_SAMPLE_BYTES] if len(sample) < _SAMPLE_BYTES else sample
        whole.update(block)
        first.update(block[: max(0, prefix - size)])
        valid = valid and _decodes(utf8, block)
        newline = newline or b"\n" in block
        carriage = carriage or b"\r" in block
        size += len(block)
        last = block[-1:]
    valid = valid and _decodes(utf8, b"", final=True)
    encoding = _encoding(sample, valid=valid, classic=carriage and not newline)
    return Examined(
        sha256=whole.hexdigest(),
        size=size,
        encoding=encoding,
        guessed=not valid and encoding in {"utf-8", "mac_roman"},
        prefix_sha256=first.hexdigest() if 0 < prefix <= size else "",
        ends_with_newline=last in {b"\n", b"\r"} and not encoding.startswith(("utf-16", "utf-32")),
    )


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(sample: bytes, *, valid: bool, classic: bool) -> str:
    """Name the encoding by the mark in front, by zero bytes of ASCII in UTF-16, or by trial."""
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if odd > len(sample) // 4 and not even:
        return "utf-16-le"
    if even > len(sample) // 4 and not odd:
        return "utf-16-be"
    return "mac_roman" if classic and not valid else "utf-8"


def delimiter_of(header: str) -> str:
    """Name the delimiter of a header: the one that stands most often outside of quotes."""
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def read_rows(file: BinaryIO, encoding: str, delimiter: str = "") -> Iterator[Entry]:
    """Yield every row that is not blank, or what stands in its place.

    `delimiter` empty: found in the first line. Bytes that the encoding does not know become
    U+FFFD, except stray ones in UTF-8. After MAX_BAD_ROWS problems
    a last one says that the rest was not read.
    """
    with decoded(file, encoding) as text:
        lines = _Lines(text)
        yield from _rows(lines, delimiter or delimiter_of(lines.first()))


@contextmanager
def decoded(file: BinaryIO, encoding: str) -> Iterator[TextIO]:
    """Read a file as text from its present place, line ends as they are; leave it open.

    Bytes that are no UTF-8 are read as Windows-1252, one by one.
    """
    errors = _STRAY if encoding.startswith("utf-8") else "replace"
    text = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
    try:
        yield text
    finally:
        with suppress(ValueError):  # the caller closed the file already
            text.detach()


def _rows(lines: _Lines, delimiter: str) -> Iterator[Entry]:
    number, bad = 0, 0
    while True:
        problem = ""
        reader = csv.reader(lines.rest(), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                text = lines.row(reader.line_num)
                if not (cells and cells[0].strip()) and not any(map(str.strip, cells)):
                    continue
                number += 1
                if "\0" in text:
                    problem = "The row holds zero bytes."
                    break
                yield Row(number, tuple(cells), text)
            else:
                return
        except csv.Error as fault:
            number, problem = number + 1, _problem(str(fault))
            text = lines.first_of_row(reader.line_num)
        except _TooLong:
            number, problem = number + 1, f"The row is longer than {MAX_ROW_CHARS} characters."
            text = lines.first_of_row(reader.line_num)
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
    """Physical lines for csv.reader in big pieces; remembers those of the present row.

    csv.reader runs through a list at its own speed; how many lines it took is how many belong to
    the row. After a problem all of them but the first are read again: the problem may be a stray
    quote, and what it swallowed are rows.
    """

    def __init__(self, text: TextIO) -> None:
        """Read from a text file that leaves line ends alone."""
        self._text = text
        self._kept: list[str] = []
        self._base = 0
        """How many lines the present reader had taken before the first of those kept."""
        self._done = 0
        """How many lines the present reader had taken at the end of the last row."""
        self._tail = ""
        """A line without its end, in front of what is still to be read."""
        self._ended = False

    def rest(self) -> Iterator[str]:
        """Give all lines behind the last row, for a new csv.reader."""
        self._kept = self._kept[self._done - self._base :]
        self._base = self._done = 0
        return chain.from_iterable(self._pieces())

    def row(self, taken: int) -> str:
        """Give the text of a row that ends after so many lines of the present reader."""
        start, self._done = self._done - self._base, taken
        if taken - self._base == start + 1:
            return self._kept[start]
        return "".join(self._kept[start : taken - self._base])

    def first_of_row(self, taken: int) -> str:
        """Give the first line of a row that failed; the others will be read again."""
        start = self._done - self._base
        if start >= min(len(self._kept), max(taken - self._base, start + 1)):
            return self._pass_over()
        self._done += 1
        return self._kept[start]

    def first(self) -> str:
        """Give the first line that is not blank; it will be read again."""
        try:
            self._kept = self._kept or self._read()
        except _TooLong:  # told as a row, when it is one's turn
            return self._tail[:MAX_RAW_CHARS]
        return next((line for line in self._kept if line.strip()), "")

    def _pieces(self) -> Iterator[list[str]]:
        if self._kept:
            yield self._kept
        while True:
            over = self._done - self._base
            self._kept, self._base = self._kept[over:], self._done
            if self._kept and sum(map(len, self._kept)) > MAX_ROW_CHARS:
                raise _TooLong
            piece = self._read()
            if not piece:
                return
            self._kept = self._kept + piece
            yield piece

    def _read(self) -> list[str]:
        """Read whole lines, as many as a block holds and at least one; none at the end."""
        while not self._ended:
            block = self._text.read(_BLOCK_CHARS)
            self._ended = not block
            # csv knows three line ends; str.splitlines knows more, which are no ends here
            lines = io.StringIO(self._tail + block, newline="").readlines()
            self._tail = ""
            if lines and not self._ended and not lines[-1].endswith("\n"):
                self._tail = lines.pop()  # a CR may be followed by an LF
            if lines:
                return lines
            if len(self._tail) > MAX_ROW_CHARS:
                raise _TooLong
        return []

    def _pass_over(self) -> str:
        """Leave a single line that alone is too long; give how it begins."""
        begin, self._tail = self._tail[:MAX_RAW_CHARS], ""
        while block := self._text.read(_BLOCK_CHARS):
            lines = io.StringIO(block, newline="").readlines()
            if len(lines) > 1 or lines[0].endswith(("\n", "\r")):
                self._tail = "".join(lines[1:])
                break
        return begin


def _stray_byte(fault: UnicodeError) -> tuple[str, int]:
    """Read what is no UTF-8 as Windows-1252, as programs of the last century wrote it."""
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    return fault.object[fault.start : fault.end].decode("cp1252", "replace"), fault.end


codecs.register_error(_STRAY, _stray_byte)


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
    why = (
        "it was cut, or a delimiter is missing"
        if len(cells) < columns
        else ("a delimiter stands within a field without quotes")
    )
    problem = f"The row has {len(row.cells)} fields where the header has {columns}: {why}."
    return BadRow(number=row.number, problem=problem, text=row.text[:MAX_RAW_CHARS])
