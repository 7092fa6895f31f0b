"""What is in the repository speaks of the project alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Written so that this file does not match itself.
OF_A_MACHINE = re.compile(
    rb"(?<![\w.<>*-])/(wor[k]|far[m]|roo[t]|User[s])/|/home/(?!asterisk)\w+/\."
)
OF_A_REGISTRY = re.compile(
    rb"python[h]osted|py[p]i\.org|registry\.n[p]mjs|d[e]b\.debian|proxy\.g[o]lang"
)


def _tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout: what is tracked is not known here")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("pattern", [OF_A_MACHINE, OF_A_REGISTRY], ids=["machine", "registry"])
def test_no_tracked_file_names_a_place_of_somebodys_machine(pattern: re.Pattern[bytes]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]!r}"
        for path in _tracked()
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"open('/roo" + b"t/notes')", True),
        (b"see /wor" + b"k/shared", True),
        (b"https://example.org/work/shared", False),
        (b"tests/root/", False),
        (b"/var/lib/amends", False),
    ],
)
def test_a_path_of_a_machine_is_told_from_other_paths(line: bytes, *, found: bool) -> None:
    assert bool(OF_A_MACHINE.search(line)) is found


def test_a_registry_is_recognised() -> None:
    assert OF_A_REGISTRY.search(b"https://files.python" + b"hosted.org/x.whl")
    assert not OF_A_REGISTRY.search(b"https://example.org/x.whl")
