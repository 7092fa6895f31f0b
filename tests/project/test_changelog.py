"""The changelog can be read by those for whom it is."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.version import Version

import connector

ROOT = Path(__file__).resolve().parents[2]
HEADINGS = re.findall(
    r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE
)


def test_what_is_not_released_yet_comes_first() -> None:
    assert HEADINGS[0] == "[Unreleased]"


def test_every_release_has_version_and_day() -> None:
    assert [
        line
        for line in HEADINGS[1:]
        if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", line)
    ] == []


def test_the_newest_release_is_no_newer_than_the_package() -> None:
    released = [Version(line.partition("]")[0].strip("[")) for line in HEADINGS[1:]]
    assert max(released, default=Version("0")) <= Version(connector.__version__)
