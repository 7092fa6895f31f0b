"""A plugin's kind is its file, its docs page and its test file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = ("sources", "helpdesks")
PLUGINS = [
    pytest.param(room, kind, entry, id=f"{room}-{kind}")
    for room in ROOMS
    for kind, entry in PROJECT["project"]["entry-points"][f"amends.{room}"].items()
]


@pytest.mark.parametrize(("room", "kind", "entry"), PLUGINS)
def test_a_kind_is_the_name_of_its_file(room: str, kind: str, entry: str) -> None:
    module, _, settings_class = entry.partition(":")
    assert module == f"connector.{room}.{kind}"
    assert settings_class == kind.title().replace("_", "") + "Settings"
    folder = ROOT / "connector" / room
    assert (folder / f"{kind}.py").is_file() or (folder / kind / "__init__.py").is_file()


@pytest.mark.parametrize(("room", "kind", "entry"), PLUGINS)
def test_a_kind_has_a_page_that_is_headed_by_its_name(room: str, kind: str, entry: str) -> None:
    page = ROOT / "docs" / room / f"{kind}.md"
    assert page.is_file(), f"write {page.relative_to(ROOT)} for {entry}"
    heading = page.read_text(encoding="utf-8").splitlines()[0]
    assert heading.startswith("# ")
    assert kind in heading


@pytest.mark.parametrize(("room", "kind", "entry"), PLUGINS)
def test_a_kind_has_tests_of_its_own(room: str, kind: str, entry: str) -> None:
    folder = ROOT / "tests" / room
    here = [*folder.glob(f"test_{kind}.py"), *folder.glob(f"{kind}/test_*.py")]
    assert here, f"write tests/{room}/test_{kind}.py for {entry}"


@pytest.mark.parametrize("room", ROOMS)
def test_no_plugin_lacks_its_entry_point(room: str) -> None:
    files = {path.stem for path in (ROOT / "connector" / room).iterdir() if path.stem[0] != "_"}
    assert files - {"base"} == set(PROJECT["project"]["entry-points"][f"amends.{room}"])


@pytest.mark.parametrize("room", ROOMS)
def test_no_page_describes_a_kind_that_is_not_there(room: str) -> None:
    pages = {path.stem for path in (ROOT / "docs" / room).glob("*.md")}
    assert pages == set(PROJECT["project"]["entry-points"][f"amends.{room}"])
