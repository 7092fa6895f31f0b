"""Every file of the corpus of real exports: recognised and read to its end, or refused rightly."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from connector.domain.practice import Practice
from connector.parsing.survey_files import Broken, parts_of
from connector.parsing.survey_layout import lay_out
from connector.parsing.survey_meaning import Refusal, Wishes
from connector.parsing.survey_recipes import shipped
from connector.parsing.survey_times import DateOrder
from connector.parsing.surveys import ResponseReader
from connector.parsing.tables import BadRow, Row, examine, fit
from connector.sources.review_file import ReviewFileSettings
from connector.testing.source import drain

CORPUS = Path(__file__).parents[3] / "shared/corpora/surveys"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of exports is not here")

# File to recipe, and the places of its key, as a person reads them off the header.
EXPECTED = {
    "qualtrics_qualtRics_sample.csv": ("qualtrics", 3, (8,)),
    "qualtrics_qualtRics_sample_legacy.csv": ("qualtrics", 2, (0,)),
    "surveymonkey_538_StarWars.csv": ("surveymonkey", 2, (0,)),
    "surveymonkey_538_comma-survey.csv": ("surveymonkey", 1, (0,)),
    "surveymonkey_538_flying-etiquette.csv": ("surveymonkey", 1, (0,)),
    "surveymonkey_538_NFL_fandom_data-surveymonkey.csv": ("generic", 1, ()),
    "redcap/arm-single-longitudinal.csv": ("redcap", 1, (0, 1)),
    "redcap/checkboxes-1.csv": ("redcap", 1, (0,)),
    "redcap/decimal-comma.csv": ("redcap", 1, (0,)),
    "redcap/repeating-instruments-sparse.csv": ("redcap", 1, (0, 1, 2)),
    "redcap/russian.csv": ("redcap", 1, (1,)),
    "redcap/simple.csv": ("redcap", 1, (0,)),
    "synthetic/cr_only_macroman.csv": ("surveymonkey", 1, (0,)),
    "synthetic/google_forms_download.csv": ("google_forms", 1, ()),
    "synthetic/google_sheets_uk_locale.csv": ("google_forms", 1, ()),
    "synthetic/limesurvey_codes.csv": ("limesurvey", 1, (0,)),
    "synthetic/msforms.xlsx": ("microsoft_forms", 1, (0,)),
    "synthetic/msforms_1904.xlsx": ("microsoft_forms", 1, (0,)),
    "synthetic/qualtrics.tsv": ("qualtrics", 3, (8,)),
    "synthetic/qualtrics_choice_text.csv": ("qualtrics", 3, (8,)),
    "synthetic/qualtrics_numeric.csv": ("qualtrics", 3, (8,)),
    "synthetic/redcap_raw.csv": ("redcap", 1, (0, 1, 2, 3)),
    "synthetic/semicolon_cp1252_de.csv": ("generic", 1, ()),
    "synthetic/surveymonkey_expanded.csv": ("surveymonkey", 2, (0,)),
    "synthetic/truncated_midquote.csv": ("surveymonkey", 2, (0,)),
    "synthetic/typeform.csv": ("typeform", 1, (0,)),
}
REFUSED = {
    "synthetic/google_business_reviews.json": "review_file",
    "synthetic/hcahps_patientleveldata.xml": "HCAHPS",
}
CUT = {"synthetic/truncated_midquote.csv": 1}
"""Rows that are cut."""


def independent(path):
    """Read a file by other means than ours: rows of cells, the header too."""
    data = path.read_bytes()
    if data.startswith(b"PK"):
        return _workbook(data)
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    first = text.splitlines()[0]
    delimiter = max("\t;,", key=first.count)
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]


def _workbook(data):
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        strings = []
        if "xl/sharedStrings.xml" in archive.namelist():
            table = ET.fromstring(archive.read("xl/sharedStrings.xml"))  # noqa: S314 - our own corpus
            strings = ["".join(item.itertext()) for item in table.iter(f"{space}si")]
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - likewise
    rows = []
    for row in sheet.iter(f"{space}row"):
        cells = []
        for cell in row.iter(f"{space}c"):
            value = "".join(part.text or "" for part in cell.iter(f"{space}v"))
            value = strings[int(value)] if cell.get("t") == "s" else value
            cells.append(value or "".join(part.text or "" for part in cell.iter(f"{space}t")))
        rows.append(cells)
    return rows


def read(path):
    """Read a file by our recipes: layout, responses, rows that are none; or why it is refused."""
    wishes = Wishes(
        recipes=tuple(shipped().values()),
        zone=ZoneInfo("America/Denver"),
        usual_order=DateOrder.MONTH_FIRST,
        region="US",
        need_answers=False,
    )
    with path.open("rb") as file:
        (part,) = parts_of(file, examine(file))
        if isinstance(part, Broken):
            return part.problem, [], []
        head = list(islice(part.entries, 3))
        rows = [entry.cells for entry in head if isinstance(entry, Row)]
        layout = lay_out(rows, wishes)
        if isinstance(layout, Refusal):
            return layout.problem, [], []
        reader = ResponseReader(layout)
        good, bad = [], []
        for entry in [*head[layout.header_rows :], *part.entries]:
            wide = (
                fit(entry, len(layout.columns), layout.needed) if isinstance(entry, Row) else entry
            )
            if isinstance(wide, BadRow):
                bad.append(wide)
            else:
                good.append(reader.response_of(wide.number, wide.cells))
    return layout, good, bad


def files():
    return sorted(str(path.relative_to(CORPUS)) for path in CORPUS.rglob("*") if path.is_file())


def test_every_file_is_read_to_its_end_or_refused_rightly(capsys):
    table = [("file", "recipe", "rows", "of", "keys", "of")]
    for name in files():
        if name == "SOURCES.md":
            continue
        layout, good, bad = read(CORPUS / name)
        if name in REFUSED:
            assert REFUSED[name] in layout, name
            table.append((name, "refused", "-", "-", "-", "-"))
            continue
        recipe, header_rows, places = EXPECTED[name]
        body = independent(CORPUS / name)[header_rows:]
        keys = [tuple(row[place].strip() for place in places) for row in body]
        cut = CUT.get(name, 0)
        assert all("it was cut" in one.problem for one in bad), name
        ours = [one.key for one in good]
        table.append((name, layout.recipe, len(good), len(body), len(set(ours)), len(set(keys))))
        assert (layout.recipe, layout.header_rows) == (recipe, header_rows), name
        assert (len(good), len(bad)) == (len(body) - cut, cut), name
        assert ours == [padded(key, layout) for key in keys[: len(ours)]], name
    widths = [max(len(str(line[n])) for line in table) for n in range(6)]
    with capsys.disabled():
        for line in table:
            cells = (str(cell).ljust(width) for cell, width in zip(line, widths, strict=True))
            sys.stdout.write("\n" + "  ".join(cells).rstrip())


def test_the_reviews_that_a_survey_refuses_are_read_as_reviews():
    path = CORPUS / "synthetic/google_business_reviews.json"
    practice = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("UTC"))
    items, _ = drain(ReviewFileSettings.for_inspection(path).open(practice))
    listed = json.loads(path.read_bytes())["reviews"]
    assert [item.natural_key for item in items] == [f"id:{one['reviewId']}" for one in listed]


def padded(key, layout):
    """Give a key the blank parts that its file has no column for."""
    parts = iter(key)
    whole = tuple(next(parts) if place >= 0 else "" for place in layout.key)
    return whole if any(whole) else ()
