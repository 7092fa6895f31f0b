"""An export as its tables: CSV, TSV, XLSX, JSON, JSON lines, or a ZIP of these.

What a file is, its content tells, never its name. Nothing is unpacked onto a disk; a member of a
ZIP is read as a stream (a workbook or JSON within one in memory, up to MAX_INNER_BYTES).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import BinaryIO, Final, cast

from connector.parsing.json_rows import read_objects
from connector.parsing.sheets import NotRead, is_workbook, read_sheet
from connector.parsing.tables import Entry, Examined, Row, examine, read_rows

MAX_MEMBERS: Final = 200
"""A ZIP with more files is no export."""
MAX_MEMBER_BYTES: Final = 2 * 1024**3
"""Unpacked size of one file in a ZIP."""
MAX_INNER_BYTES: Final = 128 * 1024**2
"""Unpacked size of a workbook or a JSON file in a ZIP, which is held in memory."""
MAX_RATIO: Final = 300
"""What shrinks more is no text of people: a bomb."""
RATIO_FROM_BYTES: Final = 16 * 1024**2
"""Smaller files may shrink as they like."""

MAX_TITLES: Final = 5
"""Rows above the header of a table that may be its title."""

_COLUMNS_OF_A_TABLE = 3
_CELLS_OF_A_TITLE = 1
_HEAD_BYTES = 512
_ZIP = b"PK\x03\x04"
_TABLES = (".csv", ".tsv", ".txt", ".tab", ".xlsx", ".json", ".jsonl", ".ndjson")

# How files begin that are no export; what is said of them.
_OTHERS: Final[Mapping[bytes, str]] = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (XLS) or a workbook with a password",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "packed with gzip",
    b"PK\x05\x06": "an empty ZIP",
    b"7z\xbc\xaf": "packed with 7-Zip",
    b"Rar!": "packed with RAR",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table of an export."""

    name: str
    """Name within a ZIP, or empty."""
    entries: Iterator[Entry]
    """Its rows, the header first; may raise NotRead when it is read."""
    guessed: bool
    """True when its encoding is a guess."""
    sparse: bool = False
    """True when it may leave out what nobody answered altogether: JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A part that cannot be read."""

    name: str
    """As of `Part`."""
    problem: str
    """One sentence."""


def parts_of(
    file: BinaryIO, examined: Examined, *, delimiter: str = "", sheet: str = "", encoding: str = ""
) -> Iterator[Part | Broken]:
    """Yield the tables of a file, each to be read before the next one is asked for.

    `encoding` empty: as examined. Raises OSError only.
    """
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    if head.startswith(_ZIP):
        yield from _packed(file, delimiter, sheet)
        return
    reader = _Reader(delimiter=delimiter, sheet=sheet, encoding=encoding)
    yield reader.part("", file, head, examined)


def is_cut(file: BinaryIO) -> bool:
    """Say whether a file begins as a ZIP or workbook and its end is missing."""
    file.seek(0)
    return file.read(len(_ZIP)) == _ZIP and not zipfile.is_zipfile(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What is known before a file is looked at."""

    delimiter: str
    sheet: str
    encoding: str

    def part(self, name: str, file: BinaryIO, head: bytes, examined: Examined) -> Part | Broken:
        """Say how one file that is no ZIP is read."""
        encoding = self.encoding or examined.encoding
        text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
        problem = _other(head, text)
        if problem:
            return Broken(name=name, problem=problem)
        guessed = examined.guessed and not self.encoding
        if text.startswith("{") or (text[:1] == "[" and text[1:].lstrip()[:1] in {"{", "]", ""}):
            objects = read_objects(file, encoding)
            return Part(name=name, entries=objects, guessed=guessed, sparse=True)
        entries = _below_titles(_without_hint(read_rows(file, encoding, self.delimiter)))
        return Part(name=name, entries=entries, guessed=guessed)


def _other(head: bytes, text: str) -> str:
    """Say what a file is that is no export, or nothing."""
    for mark, what in _OTHERS.items():
        if head.startswith(mark):
            return f"The file is {what}: give the responses as CSV, XLSX, JSON, or a ZIP of these."
    if not text.startswith("<"):
        return ""
    folded = text.casefold()
    if "<monthlydata" in folded or "<hcahps" in folded:
        return (
            "The file is an HCAHPS submission: it holds neither contacts nor comments, so nothing "
            "in it can be put right for a patient."
        )
    if "<html" in folded or "<table" in folded or "<!doctype html" in folded:
        return "The file is a web page, whatever its name says: export the responses as CSV."
    return "The file is XML: export the responses as CSV or XLSX."


def _without_hint(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Leave out `sep=;`, a hint for Excel in front of the header. Reads when it is read."""
    for first in entries:
        hint = isinstance(first, Row) and first.text.lstrip('\ufeff"').casefold().startswith("sep=")
        if not hint:
            yield first
        break
    yield from entries


def _below_titles(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Leave out title rows ("Report of March") above a header of several columns.

    Reads when it is read, because only then somebody waits for NotRead.
    """
    first = list(islice(entries, MAX_TITLES + 1))
    widths = [_filled(entry) for entry in first]
    widest = max(widths, default=0)
    titles = 0
    while widest >= _COLUMNS_OF_A_TABLE and 0 <= widths[titles] <= _CELLS_OF_A_TITLE:
        titles += 1
    yield from chain(first[titles:], entries)


def _filled(entry: Entry) -> int:
    """Count the cells of a row with words; -1 for what is no row."""
    return sum(map(bool, map(str.strip, entry.cells))) if isinstance(entry, Row) else -1


def _packed(file: BinaryIO, delimiter: str, sheet: str) -> Iterator[Part | Broken]:
    """Read a workbook, or the files of a ZIP one after the other."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, EOFError):
        problem = "The file is not whole: it was cut, or is still being written."
        yield Broken(name="", problem=problem)
        return
    with archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if is_workbook(names):
            yield Part(name="", entries=_below_titles(read_sheet(file, sheet)), guessed=False)
            return
        if any(name.casefold() in {"mimetype", "word/document.xml"} for name in names):
            yield Broken(name="", problem="The file is a document of another program: use CSV.")
            return
        if len(members) > MAX_MEMBERS:
            yield Broken(name="", problem=f"The ZIP holds more than {MAX_MEMBERS} files.")
            return
        reader = _Reader(delimiter=delimiter, sheet=sheet, encoding="")
        found = False
        for member in sorted(members, key=lambda one: one.filename):
            if _is_table(member):
                found = True
                yield from _member(archive, member, reader)
        if not found:
            yield Broken(name="", problem="The ZIP holds no CSV, TSV, XLSX or JSON file.")


def _is_table(member: zipfile.ZipInfo) -> bool:
    folders, _, name = member.filename.casefold().rpartition("/")
    hidden = name.startswith((".", "~$")) or "__macosx" in folders
    return not member.is_dir() and not hidden and name.endswith(_TABLES)


def _member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, reader: _Reader
) -> Iterator[Part | Broken]:
    """Read one file of a ZIP. Its checksum is compared before a row is believed."""
    name = _shown(member.filename)
    problem = _unfit(member)
    if problem:
        yield Broken(name=name, problem=problem)
        return
    try:
        with archive.open(member) as opened:
            examined = examine(cast("BinaryIO", opened))
        with archive.open(member) as opened:
            head = opened.read(_HEAD_BYTES)
        small = member.file_size <= MAX_INNER_BYTES
        if head.startswith(_ZIP) or head.lstrip()[:1] in {b"{", b"["}:
            if not small:
                yield Broken(name=name, problem="The file is too large within a ZIP: unpack it.")
                return
            with archive.open(member) as opened:
                inner = io.BytesIO(opened.read(MAX_INNER_BYTES + 1))
            if head.startswith(_ZIP):
                yield _inner_workbook(name, inner, reader.sheet)
            else:
                yield reader.part(name, inner, head, examined)
            return
        with archive.open(member) as opened:
            part = reader.part(name, cast("BinaryIO", opened), head, examined)
            if isinstance(part, Part):
                part = replace(part, entries=_whole(part.entries))
            yield part
    except (zipfile.BadZipFile, zlib.error, EOFError):
        yield Broken(name=name, problem="The file within the ZIP is damaged.")
    except (NotImplementedError, RuntimeError):
        yield Broken(name=name, problem="The file within the ZIP has a password, or is packed in "
                     "a way that is not read.")  # fmt: skip


def _whole(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Read on; say so when the file is replaced meanwhile. Raises NotRead."""
    try:
        yield from entries
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise NotRead("The ZIP was changed while it was read.") from None


def _inner_workbook(name: str, inner: io.BytesIO, sheet: str) -> Part | Broken:
    try:
        with zipfile.ZipFile(inner) as archive:
            workbook = is_workbook(archive.namelist())
    except (zipfile.BadZipFile, ValueError):
        workbook = False
    if not workbook:
        return Broken(name=name, problem="A ZIP within the ZIP is not read: unpack it.")
    return Part(name=name, entries=_below_titles(read_sheet(inner, sheet)), guessed=False)


def _unfit(member: zipfile.ZipInfo) -> str:
    if member.flag_bits & 0x1:
        return "The file within the ZIP has a password."
    if member.file_size > MAX_MEMBER_BYTES:
        return f"The file unpacks to more than {MAX_MEMBER_BYTES // 1024**2} MB."
    large = member.file_size > RATIO_FROM_BYTES
    if large and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        return f"The file unpacks to more than {MAX_RATIO} times its size: it is no export."
    return ""


def _shown(name: str) -> str:
    """Make the name of a member safe to print: no control characters, not too long."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name)
    return plain.encode("utf-8", "backslashreplace").decode()[-200:]


__all__ = ["Broken", "NotRead", "Part", "parts_of"]
