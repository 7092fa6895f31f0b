"""No file and no function grows beyond what one reads in a sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def _files() -> list[Path]:
    return [ROOT / "daemon.py", *(ROOT / "connector").rglob("*.py"), *ROOT.glob("tools/*.py")]


def long_files(files: list[Path]) -> Iterator[str]:
    for path in files:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            yield f"{path} has {lines} lines: look for the room that is missing"


def long_functions(files: list[Path]) -> Iterator[str]:
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    yield f"{path}:{node.lineno} {node.name} has {lines} lines"


def test_no_file_is_longer_than_400_lines() -> None:
    assert list(long_files(_files())) == []


def test_no_function_is_longer_than_60_lines() -> None:
    assert list(long_functions(_files())) == []


@pytest.mark.parametrize(("lines", "found"), [(LONGEST_FUNCTION, 0), (LONGEST_FUNCTION + 1, 1)])
def test_a_function_that_is_one_line_too_long_is_found(
    tmp_path: Path, lines: int, found: int
) -> None:
    path = tmp_path / "long.py"
    path.write_text("def long():\n" + "    pass\n" * (lines - 1))
    assert len(list(long_functions([path]))) == found


@pytest.mark.parametrize(("lines", "found"), [(LONGEST_FILE, 0), (LONGEST_FILE + 1, 1)])
def test_a_file_that_is_one_line_too_long_is_found(tmp_path: Path, lines: int, found: int) -> None:
    path = tmp_path / "long.py"
    path.write_text("x = 1\n" * lines)
    assert len(list(long_files([path]))) == found
