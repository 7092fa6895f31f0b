"""Nothing that is shipped writes a spreadsheet, so no comment can come back as a live formula."""

from __future__ import annotations

from pathlib import Path

CONNECTOR = Path(__file__).resolve().parents[2] / "connector"
NO_EXPORTS = {
    "demo/phone.py": "what the played phone system logs",
    "demo/scenario.py": "what the played survey tool exports",
    "parsing/calls/cdr_rows.py": "a line that is kept as it was read",
}
"""Files that write CSV which no person opens; a new one must mark `=`, `+`, `-` and `@` first."""


def test_only_files_known_here_write_csv_or_workbooks() -> None:
    writers = {
        path.relative_to(CONNECTOR).as_posix()
        for path in CONNECTOR.rglob("*.py")
        if any(
            sign in path.read_text(encoding="utf-8")
            for sign in ("csv.writer", "csv.DictWriter", "openpyxl", "xlsxwriter")
        )
    }
    assert writers == set(NO_EXPORTS)
