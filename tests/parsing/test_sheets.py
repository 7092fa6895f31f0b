"""Workbooks as rows: dates, numbers, formulas, hidden sheets, and files that are none."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.workbooks import moment, packed, sheet, workbook

from connector.parsing import sheets
from connector.parsing.sheets import NO_VALUE, NotRead, read_sheet

pytest.importorskip("python_calamine", reason="python-calamine is not installed")

HEADER = ("ID", "Completion time", "Phone", "Comment")


def rows(data, wanted=""):
    return [(row.number, row.cells) for row in read_sheet(io.BytesIO(data), wanted)]


def refused(data, wanted=""):
    with pytest.raises(NotRead) as fault:
        rows(data, wanted)
    return fault.value.problem


def test_numbers_are_ids_and_phones_and_not_floats():
    book = workbook(sheet([HEADER, (1, moment(45720.383391), 4155552671, "late")]))
    assert rows(book)[1] == (2, ("1", "2025-03-04 09:12:05", "4155552671", "late"))


@pytest.mark.parametrize(("early", "serial"), [(False, 45720.5), (True, 44258.5)])
def test_dates_of_both_epochs_are_the_same_day(early, serial):
    book = workbook(sheet([("when", "x"), (moment(serial), 2.5)]), epoch_1904=early)
    assert rows(book)[1][1] == ("2025-03-04 12:00:00", "2.5")


def test_blank_rows_are_passed_over_and_the_others_keep_the_sheet_s_numbers():
    book = workbook(sheet([HEADER, (), (None, None, None, None), (7, "", "", "rude")], start=3))
    assert rows(book) == [(3, HEADER), (6, ("7", "", "", "rude"))]


def test_the_first_visible_sheet_with_content_is_read_unless_one_is_named():
    book = workbook(sheet([("secret",)]), sheet([]), sheet([("a", "b")]), hidden=(0,))
    assert rows(book) == [(1, ("a", "b"))]
    assert rows(book, "Sheet1") == [(1, ("secret",))]
    assert "no sheet of the configured name" in refused(book, "Sheet9")


def test_a_formula_is_its_value_and_never_a_silent_blank():
    value = ("", "<f>1+1</f><v>2</v>")
    words = ('t="str"', '<f>HYPERLINK("http://evil","x")</f><v>x</v>')
    never = ("", "<f>1+1</f>")
    error = ('t="e"', "<f>NA()</f><v>#N/A</v>")
    book = workbook(sheet([("a", "b", "c", "d", "e"), (value, words, never, error, "end")]))
    assert rows(book)[1][1] == ("2", "x", NO_VALUE, "#N/A", "end")


def test_a_million_styled_rows_without_content_cost_nothing():
    styled = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(3, 60_003))
    far = '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    assert len(rows(workbook(sheet([("a",), ("b",)], after=styled + far)))) == 2


def test_a_sheet_that_spans_too_much_is_refused_before_it_takes_memory():
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert "export it as CSV" in refused(workbook(sheet([("a",)], after=far)))


def test_cells_that_do_not_name_their_places_are_counted():
    nameless = '<row><c t="inlineStr"><is><t>a</t></is></c><c><v>5</v></c></row>'
    assert rows(workbook(sheet([], after=nameless + nameless)))[1][1] == ("a", "5")


@pytest.mark.parametrize("limit", ["MAX_UNPACKED_BYTES", "MAX_STRINGS_BYTES"])
def test_a_workbook_that_unpacks_to_too_much_is_refused(limit, monkeypatch):
    monkeypatch.setattr(sheets, limit, 2_000)
    book = workbook(sheet([("a",)]), extra={"xl/sharedStrings.xml": "<sst>" + " " * 5_000})
    assert "unpacks to more than" in refused(book)


def test_a_workbook_larger_than_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_PACKED_BYTES", 100)
    assert "larger than" in refused(workbook(sheet([("a",)])))


def test_a_sheet_full_of_errors_is_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ODD_CELLS", 2)
    error = ('t="e"', "<v>#REF!</v>")
    assert "full of errors" in refused(workbook(sheet([(error, error, error)])))


def test_too_many_sheets_are_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_SHEETS", 1)
    assert "sheets" in refused(workbook(sheet([("a",)]), sheet([("a",)])))


def test_a_workbook_whose_end_is_missing_is_not_whole():
    book = workbook(sheet([HEADER] * 50))
    for size in (10, len(book) // 2, len(book) - 5):
        assert "not whole" in refused(book[:size])


def test_a_damaged_part_is_found_before_a_row_is_believed():
    book = bytearray(workbook(sheet([HEADER, ("1", "x", "y", "late")] * 50)))
    at = book.index(b"xl/worksheets/sheet1.xml") + 60
    book[at] ^= 0xFF
    assert refused(bytes(book))


def test_a_zip_that_is_no_workbook_is_refused():
    assert refused(packed({"xl/workbook.xml": "<nothing"}))


@given(st.binary(max_size=400), st.integers(0, 2_000))
def test_no_bytes_raise_anything_else(noise, at):
    book = bytearray(workbook(sheet([HEADER, ("1", "x", "y", "late")])))
    book[at % len(book) : at % len(book) + len(noise)] = noise
    with suppress(NotRead):
        rows(bytes(book))


def test_a_member_that_lies_about_its_size_is_refused():
    buffer = io.BytesIO(workbook(sheet([("a",)] * 500)))
    with zipfile.ZipFile(buffer) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = buffer.getvalue().replace(size.to_bytes(4, "little"), (size // 2).to_bytes(4, "little"))
    assert refused(lying)
