"""requirements.lock pins everything that is installed, by hash, and names no place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _entries() -> list[str]:
    return re.split(r"^(?=\w)", LOCK, flags=re.MULTILINE)[1:]


def _locked() -> dict[str, str]:
    pairs = (entry.split()[0].partition("==") for entry in _entries())
    return {name: version for name, _, version in pairs}


def _declared() -> list[Requirement]:
    project = PROJECT["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    groups = PROJECT["dependency-groups"]["build"]
    build = PROJECT["build-system"]["requires"]
    every = [Requirement(line) for line in [*project["dependencies"], *extras, *groups, *build]]
    return [requirement for requirement in every if requirement.name != project["name"]]


def test_the_lock_holds_no_address_and_no_option() -> None:
    assert "://" not in LOCK
    assert [line for line in LOCK.splitlines() if line.startswith("-")] == []
    assert " @ " not in LOCK


def test_every_entry_has_one_version_and_hashes() -> None:
    assert len(_entries()) > 50
    wrong = [
        entry.splitlines()[0]
        for entry in _entries()
        if not re.match(
            r"[a-z0-9-]+==[\w.]+( ;.*)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+", entry
        )
    ]
    assert wrong == []


def test_every_python_gets_the_same_versions() -> None:
    names = [entry.partition("==")[0] for entry in _entries()]
    assert sorted(set(names)) == names


def test_every_declared_requirement_is_met_by_the_lock() -> None:
    locked = _locked()
    unmet = [
        str(requirement)
        for requirement in _declared()
        if not requirement.specifier.contains(
            locked.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
    ]
    assert unmet == [], "run `make lock`"
