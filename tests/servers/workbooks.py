"""Makes workbooks (XLSX) part by part, so that a test can write what Excel would not."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>"
)


def cell(place, value):
    """Write one cell; a tuple is (attributes, inner XML) as it stands."""
    if isinstance(value, tuple):
        return f'<c r="{place}" {value[0]}>{value[1]}</c>'
    if value is None:
        return f'<c r="{place}" s="0"/>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def moment(serial):
    """Write a number that is shown as a date and a time."""
    return ('s="1"', f"<v>{serial}</v>")


def sheet(rows, *, start=1, after=""):
    """Write a sheet's rows, the first one at row `start`; `after` is XML behind them."""
    lines = []
    for number, values in enumerate(rows, start=start):
        cells = "".join(cell(f"{chr(65 + n)}{number}", v) for n, v in enumerate(values))
        lines.append(f'<row r="{number}">{cells}</row>')
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}{after}</sheetData></worksheet>'


def workbook(*sheets, hidden=(), epoch_1904=False, extra=None):
    """Pack sheets (XML) into a workbook; `hidden` are places of sheets, from 0."""
    listed, links = [], []
    for n, _ in enumerate(sheets):
        state = ' state="hidden"' if n in hidden else ""
        listed.append(f'<sheet name="Sheet{n + 1}" sheetId="{n + 1}" r:id="rId{n + 1}"{state}/>')
        target = f"worksheets/sheet{n + 1}.xml"
        links.append(
            f'<Relationship Id="rId{n + 1}" Type="{_OFFICE}/worksheet" Target="{target}"/>'
        )
    links.append(f'<Relationship Id="rIdS" Type="{_OFFICE}/styles" Target="styles.xml"/>')
    book = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<workbookPr{' date1904=' + chr(34) + '1' + chr(34) if epoch_1904 else ''}/>"
        f"<sheets>{''.join(listed)}</sheets></workbook>"
    )
    root = f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}">{root}</Relationships>',
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}">{"".join(links)}</Relationships>'
        ),
        "xl/styles.xml": _STYLES,
        **{f"xl/worksheets/sheet{n + 1}.xml": xml for n, xml in enumerate(sheets)},
        **(extra or {}),
    }
    return packed(parts)


def packed(files):
    """Pack files (name to content) into a ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
