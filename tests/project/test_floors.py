"""Each contract about who may import whom holds, and finds what breaks it."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = [contract["id"] for contract in PROJECT["tool"]["importlinter"]["contracts"]]

PLANTED = [
    ("floors", "domain/signal.py", "import connector.parsing"),
    ("floors", "parsing/__init__.py", "import connector.pipeline"),
    ("floors", "triage/__init__.py", "import connector.recovery"),
    ("floors", "store/__init__.py", "import connector.settings"),
    ("floors", "sources/base.py", "import connector.helpdesks.base"),
    ("floors", "app.py", "import connector.demo"),
    ("floors", "attic.py", ""),
    ("plugins-alone", "sources/mail_file.py", "import connector.sources.imap"),
    ("plugins-alone", "helpdesks/django_helpdesk/__init__.py", "import connector.sources.imap"),
    ("plugins-by-entry-point", "app.py", "import connector.sources.imap"),
    (
        "plugins-by-entry-point",
        "pipeline/delivery.py",
        "import connector.helpdesks.django_helpdesk",
    ),
    ("pure-rooms", "triage/__init__.py", "import sqlalchemy"),
    ("pure-rooms", "parsing/__init__.py", "import connector.logs"),
    ("test-kit", "app.py", "import connector.testing"),
    ("no-circles", "domain/signal.py", "import connector.domain.ticket"),
]


def _lint(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    """Check one contract of the `connector` in a folder."""
    return subprocess.run(
        [
            str(Path(sys.executable).parent / "lint-imports"),
            *("--contract", contract, "--no-cache", "--no-logo"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)},
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package in which a fault can be planted."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "connector", folder / "connector", ignore=ignored)
    return folder


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_house_keeps_its_contract(house: Path, contract: str) -> None:
    kept = _lint(house, contract)
    assert kept.returncode == 0, kept.stdout + kept.stderr
    assert "1 kept, 0 broken" in kept.stdout


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_a_planted_import_breaks_the_contract(
    house: Path, contract: str, file: str, line: str
) -> None:
    path = house / "connector" / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    try:
        path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
        broken = _lint(house, contract)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
    assert broken.returncode == 1, broken.stdout + broken.stderr
    name = file.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
    assert f".{name}" in broken.stdout


def test_each_contract_has_a_planted_violation() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(CONTRACTS)


def test_the_domain_imports_nothing_but_the_standard_library() -> None:
    imported = set()
    for path in (ROOT / "connector" / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    assert "dataclasses" in imported
    assert imported - sys.stdlib_module_names == {"connector"}
