"""Lines and documents to records: CSV with or without header, JSON lines, JSON documents."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from connector.parsing.calls.presets import Preset, fold, recognise, shaped
from connector.parsing.calls.table_legs import Record, Unusable, flat
from connector.parsing.tables import delimiter_of

PRESET_UNKNOWN: Final = "docs/sources/call_table.md"
"""Stands in the sentence that says that nobody knows the columns."""
MAX_FIELDS: Final = 1_000
"""A wider row is no record of a call."""
MAX_LEGS_OF_RECORD: Final = 200
"""Legs of one JSON record."""
MIN_KNOWN: Final = 2
"""A line in which so many mapped columns are named is a header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known of the lines: whose they are, and what stands where."""

    preset: str
    columns: tuple[str, ...]
    """Folded; empty for JSON."""
    delimiter: str

    def plain(self) -> dict[str, object]:
        """Give it as what JSON can hold."""
        return {
            "preset": self.preset,
            "columns": list(self.columns),
            "delimiter": self.delimiter,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Header | None:
        """Read what `plain` gave; None for anything else."""
        try:
            columns = tuple(str(column) for column in plain["columns"])
            return cls(
                preset=str(plain["preset"]), columns=columns, delimiter=str(plain["delimiter"])
            )
        except (TypeError, KeyError):
            return None


class Rows:
    """Understands lines; the header is learnt from them, or given."""

    def __init__(
        self,
        presets: Mapping[str, Preset],
        preset: str = "",
        columns: Sequence[str] = (),
        delimiter: str = "",
    ) -> None:
        """`preset` empty: recognised by the first line. `columns` and `delimiter` go before."""
        self._presets = presets
        self._given = preset
        self._columns = tuple(fold(column) for column in columns)
        self._delimiter = delimiter
        self.header: Header | None = None
        self._needed = 0
        self._default = False
        if preset and presets[preset].format == "csv":
            names = self._columns or tuple(map(fold, presets[preset].columns))
            if names:  # until a line names others
                self._set(preset, names, "")
                self._default = True

    def resume(self, header: Header | None) -> None:
        """Go on with a header that was learnt before."""
        if header is None or header.preset not in self._presets:
            return
        if self._given in {"", header.preset} and not self._columns:
            self._set(header.preset, header.columns, header.delimiter)

    def records(self, line: bytes) -> Iterator[Record]:
        """Give the records of one line: none for a header or a blank one. Raises Unusable."""
        text = decoded(line).rstrip("\r\n")
        if not text.strip():
            return
        if text.lstrip("\ufeff \t").startswith(("{", "[")):
            yield from self._json(text)
            return
        cells = self._cells(text)
        if self._is_header(cells, text):
            return
        if self.header is None:
            raise Unusable(self._unknown())
        yield self.fit(cells)

    def fit(self, cells: Sequence[str]) -> Record:
        """Name the cells of a row. Raises Unusable for a row of another width."""
        header = self.header
        if header is None:
            raise Unusable(self._unknown())
        columns = header.columns
        width = len(cells)
        while width > len(columns) and not cells[width - 1].strip():
            width -= 1
        fixed = self._presets[header.preset].header and not self._default
        if width > MAX_FIELDS or (fixed and width > len(columns)) or width < self._needed:
            raise Unusable(f"The row has {len(cells)} fields where {len(columns)} are expected.")
        return dict(zip(columns, cells, strict=False))

    def of_cells(self, cells: Sequence[str], text: str) -> Record | None:
        """Give the record of a row that is cut into cells already; None for a header."""
        cells = [_unquoted(cell) for cell in cells] if ' "' in text else list(cells)
        if self._is_header(cells, text):
            return None
        return self.fit(cells)

    def split(self, value: Any) -> list[Any]:
        """Give the records of a JSON document. Raises Unusable."""
        if isinstance(value, dict):
            known = self._known_json(value)
            where = self._presets[known].records if known else ""
            inner = at_path(value, where) if where else None
            lists = [one for one in value.values() if _is_records(one)]
            if isinstance(inner, list):
                value = inner
            elif lists and not known:
                value = max(lists, key=len)
            else:
                value = [value]
        if not isinstance(value, list):
            raise Unusable("The document holds no list of records.")
        return value

    def _json(self, text: str) -> Iterator[Record]:
        try:
            value = json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            raise Unusable("The line is no JSON.") from None
        for one in self.split(value):
            yield from self.record(one)

    def record(self, value: Any) -> Iterator[Record]:
        """Give the legs of one JSON record, or itself where it has none. Raises Unusable."""
        name = self._given or (self.header.preset if self.header else "")
        whole = flat(value)
        if not name:
            name = recognise(list(whole), self._presets, "json")
            if not name:
                raise Unusable(self._unknown())
        if self.header is None:
            self._set(name, (), "")
        preset = self._presets[name]
        lists = (at_path(value, path) for path in preset.legs)
        legs = next((one for one in lists if _is_records(one)), None)
        if legs is None:
            yield whole
            return
        above = {f"^{path}": cell for path, cell in whole.items()}
        for leg in legs[:MAX_LEGS_OF_RECORD]:
            yield {**above, **flat(leg)}

    def _known_json(self, value: dict[str, Any]) -> str:
        """Name the preset of a document: by the record that it is, or by those that it holds."""
        if self._given:
            return self._given
        name = recognise(list(flat(value)), self._presets, "json")
        for other, preset in self._presets.items():
            inner = at_path(value, preset.records) if preset.records and not name else None
            if _is_records(inner) and recognise(list(flat(inner[0])), {other: preset}, "json"):
                return other
        return name

    def _cells(self, text: str) -> list[str]:
        delimiter = self._delimiter or (self.header.delimiter if self.header else "")
        if not delimiter and self._given:
            delimiter = self._presets[self._given].delimiter
        delimiter = delimiter or delimiter_of(text)
        if '"' not in text:
            return text.split(delimiter)
        try:
            reader = csv.reader([text], delimiter=delimiter, skipinitialspace=True, strict=True)
            return next(reader)
        except (csv.Error, StopIteration):
            raise Unusable("The row is no CSV: a quote is missing, or stands in a field.") from None

    def _is_header(self, cells: list[str], text: str) -> bool:
        """Learn from a line that names columns; a header in the middle of a log is one, too."""
        if self._columns and self.header is not None:
            return tuple(map(fold, cells)) == self.header.columns
        if self._given:
            preset = self._presets[self._given]
            if not preset.header:
                return False
            names = {fold(cell) for cell in cells}
            wanted = {fold(column) for column in preset.recognise} or _mapped(preset)
            if wanted <= names or (not preset.recognise and len(wanted & names) >= MIN_KNOWN):
                self._set(self._given, tuple(map(fold, cells)), delimiter_of(text))
                self._default = False
                return True
            return False
        name = recognise(cells, self._presets, "csv")
        if name:
            self._set(name, tuple(map(fold, cells)), delimiter_of(text))
            return True
        if self.header is None and (name := shaped(cells, self._presets)):
            self._set(name, tuple(map(fold, self._presets[name].columns)), delimiter_of(text))
        return False

    def _set(self, name: str, columns: tuple[str, ...], delimiter: str) -> None:
        self.header = Header(preset=name, columns=columns, delimiter=delimiter)
        needed = {fold(c) for part in self._presets[name].fields.call for c in part}
        needed |= {fold(column) for column in self._presets[name].fields.started}
        places = [at for at, column in enumerate(columns) if column in needed]
        self._needed = max(places) + 1 if places else 0

    def _unknown(self) -> str:
        if self._given:
            title = self._presets[self._given].title
            return (
                f"The columns of {title} are not named in front of this row: is the preset right? "
                f"Set `columns` to their order where no line names them ({PRESET_UNKNOWN})."
            )
        return f"No preset knows these columns: set `preset`, or write one ({PRESET_UNKNOWN})."


def _unquoted(cell: str) -> str:
    """Take the quotes off a field that has a blank before them."""
    bare = cell.strip()
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] == '"' else cell


def decoded(line: bytes) -> str:
    """Decode a line: UTF-8, else Windows-1252."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def at_path(value: Any, path: str) -> Any:
    """Give what stands at a dotted path; None where nothing does."""
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _is_records(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _mapped(preset: Preset) -> set[str]:
    names = preset.fields
    return {fold(c) for part in names.call for c in part} | {fold(c) for c in names.started}
