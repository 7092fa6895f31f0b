"""CSV as the world writes it: rows in order, and every row that is none as a problem."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing import tables
from connector.parsing.tables import (
    BadRow,
    Row,
    delimiter_of,
    examine,
    fit,
    read_rows,
    unique_names,
)


def entries(data, delimiter=""):
    file = io.BytesIO(data)
    encoding = examine(file).encoding
    file.seek(0)
    return list(read_rows(file, encoding, delimiter))


def cells(data, delimiter=""):
    return [
        entry.cells if isinstance(entry, Row) else entry.problem.split(":")[0]
        for entry in entries(data, delimiter)
    ]


@pytest.mark.parametrize(
    ("data", "encoding", "guessed"),
    [
        (b"a,b\n", "utf-8", False),
        ("\ufeffa,b\n".encode(), "utf-8-sig", False),
        ("a,Zo\u00eb\n".encode(), "utf-8", False),
        ("a,Zo\u00eb\n".encode("cp1252"), "utf-8", True),
        ("a,Zo\u00eb\r".encode("mac_roman"), "mac_roman", True),
        (b"a,Zoe\r", "utf-8", False),
        ("a\tZo\u00eb\n".encode("utf-16"), "utf-16", False),
        ("a\tb\n".encode("utf-16-le"), "utf-16-le", False),
        ("a\tb\n".encode("utf-16-be"), "utf-16-be", False),
        ("a,b\n".encode("utf-32"), "utf-32", False),
        (b"", "utf-8", False),
        (b"a,\xc3", "utf-8", True),
    ],
)
def test_the_encoding_is_read_off_the_bytes(data, encoding, guessed):
    examined = examine(io.BytesIO(data))
    assert (examined.encoding, examined.guessed, examined.size) == (encoding, guessed, len(data))


def test_an_encoding_fault_far_behind_the_start_is_noticed(monkeypatch):
    monkeypatch.setattr(tables, "_BLOCK_BYTES", 7)
    data = "caf\u00e9,".encode() * 50 + b"\x92"
    assert examine(io.BytesIO(data)).guessed
    assert not examine(io.BytesIO(data[:-1])).guessed


def test_single_bytes_of_another_encoding_spoil_no_letter_beside_them():
    data = "name,comment\r\nZo\u00eb,".encode() + b"they\x92re late \x9d\r\n"
    assert cells(data)[1] == ("Zo\u00eb", "they\u2019re late \ufffd")


def test_a_file_of_a_classic_mac_is_read_in_its_own_letters():
    assert cells("name,comment\rZo\u00eb,caf\u00e9\r".encode("mac_roman"))[1] == (
        "Zo\u00eb",
        "caf\u00e9",
    )


def test_a_prefix_is_hashed_in_the_same_pass(monkeypatch):
    monkeypatch.setattr(tables, "_BLOCK_BYTES", 4)
    old = examine(io.BytesIO(b"a,b\n1,2\n"))
    new = examine(io.BytesIO(b"a,b\n1,2\n3,4\n"), prefix=8)
    assert new.prefix_sha256 == old.sha256
    assert examine(io.BytesIO(b"a"), prefix=8).prefix_sha256 == ""
    assert old.ends_with_newline
    assert not examine(io.BytesIO(b"a,b\n1,2")).ends_with_newline


@pytest.mark.parametrize(
    "data",
    [
        b"id,comment\n1,late\n",
        b"id;comment\r\n1;late\r\n",
        b"id\tcomment\r1\tlate\r",
        b'"id"|"comment"\n"1"|"late"',
        "\ufeffid,comment\n1,late\n".encode(),
        "id\tcomment\n1\tlate\n".encode("utf-16"),
        b"\n\nid,comment\n\n,\n1,late\n\n",
    ],
)
def test_encodings_delimiters_line_ends_and_blank_lines_do_not_matter(data):
    assert cells(data) == [("id", "comment"), ("1", "late")]


def test_line_ends_and_quotes_within_quotes_belong_to_the_field():
    assert cells(b'id,comment\n1,"rude,\nand ""late"""\n2,ok\n') == [
        ("id", "comment"),
        ("1", 'rude,\nand "late"'),
        ("2", "ok"),
    ]


def test_a_file_cut_within_quotes_is_a_problem_and_no_short_comment():
    found = entries(b'id,comment\n1,fine\n2,"Charged t')
    assert isinstance(found[-1], BadRow)
    assert "cut here" in found[-1].problem
    assert found[-1].text == '2,"Charged t'
    assert found[-1].number == 3


def test_a_quote_that_is_never_closed_swallows_no_row_behind_it():
    found = cells(b'id,comment\n1,"oops\n2,late\n3,"ok"\n4,fine\n')
    assert found[0] == ("id", "comment")
    assert isinstance(found[1], str)
    assert found[2:] == [("2", "late"), ("3", "ok"), ("4", "fine")]


def test_text_behind_a_closing_quote_spoils_its_row_only():
    assert cells(b'id,comment\n1,"a"b\n2,fine\n') == [
        ("id", "comment"),
        "Text stands behind a closing quote",
        ("2", "fine"),
    ]


def test_zero_bytes_are_a_problem():
    assert cells(b"id,comment\n1,a\0b\n2,fine\n")[1:] == [
        "The row holds zero bytes.",
        ("2", "fine"),
    ]


def test_a_comment_of_a_megabyte_is_read():
    assert cells(b"id,comment\n1," + b"x" * 1_000_000 + b"\n2,ok\n")[1][1] == "x" * 1_000_000


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_row_beyond_the_limit_is_a_problem_and_the_next_one_is_read(quote, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROW_CHARS", 50)
    monkeypatch.setattr(tables, "_BLOCK_CHARS", 20)
    found = entries(b"id,c\n1," + quote + b"x" * 500 + quote + b"\n2,ok\n")
    assert [type(entry) for entry in found] == [Row, BadRow, Row]
    assert "longer than 50" in found[1].problem


def test_a_file_that_is_no_table_is_given_up_after_many_problems(monkeypatch):
    monkeypatch.setattr(tables, "MAX_BAD_ROWS", 3)
    found = entries(b"a,b\n" + b'1,"a"b\n' * 10)
    assert len(found) == 4
    assert "the rest of the file is not read" in found[-1].problem


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a,b,c", ","), ("a;b;c", ";"), ("a\tb", "\t"), ('"a;b;c",d', ","), ("alone", ","), ("", ",")],
)
def test_the_delimiter_is_what_stands_between_quotes(header, delimiter):
    assert delimiter_of(header) == delimiter


def test_equal_and_blank_headers_are_told_apart():
    assert unique_names(("Other", " Other ", "", "a\nb")) == ("Other", "Other#2", "column 3", "a b")


@pytest.mark.parametrize(
    ("row", "fits"),
    [(("1", "2"), True), (("1", "2", "", " "), True), (("1",), False), (("1", "2", "3"), False)],
)
def test_a_row_must_be_as_wide_as_the_header(row, fits):
    fitted = fit(Row(number=7, cells=row, text="raw"), 2)
    assert isinstance(fitted, Row) is fits
    assert fitted.number == 7


@given(st.binary(max_size=400))
def test_no_bytes_raise(data):
    for entry in entries(data):
        assert isinstance(entry, Row | BadRow)


ROWS = st.lists(
    st.tuples(*[st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))] * 3),
    max_size=8,
)


@given(ROWS, st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8-sig", "utf-16"]))
def test_what_a_csv_writer_wrote_is_read_back(rows, delimiter, encoding):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["one", "two", "three"])
    writer.writerows(rows)
    expected = [row for row in rows if any(cell.strip() for cell in row)]
    assert cells(out.getvalue().encode(encoding))[1:] == expected


@given(st.lists(st.sampled_from(['1,"a"', '2,"a', "3,b", '4,"x""', "5,c\n6,d", '"q'])))
def test_every_line_of_a_broken_file_is_in_a_row_or_in_a_problem(lines):
    data = "\n".join(["id,comment", *lines]) + "\n"
    assert "".join(entry.text for entry in entries(data.encode())) == data


def test_a_first_line_beyond_every_limit_is_one_faulty_row(monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROW_CHARS", 1_000)
    monkeypatch.setattr(tables, "_BLOCK_CHARS", 300)
    rows = list(read_rows(io.BytesIO(b"x" * 5_000 + b"\na,b\n"), "utf-8"))
    assert "longer than" in rows[0].problem
    assert len(rows) == 2
