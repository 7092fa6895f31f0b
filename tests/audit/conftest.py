from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from servers.lived_state import live


@pytest.fixture(scope="session")
def lived_once(tmp_path_factory):
    """A state that was lived through, closed; copy it, do not change it."""
    path = tmp_path_factory.mktemp("lived") / "state"
    lived = live(path)
    case_id = lived.case_id
    lived.store.close()
    return path, case_id


@pytest.fixture
def state(lived_once, tmp_path) -> Path:
    """A state of one's own."""
    return Path(shutil.copytree(lived_once[0], tmp_path / "state"))


@pytest.fixture
def case_id(lived_once) -> str:
    return lived_once[1]


@pytest.fixture
def lived(tmp_path):
    """A state that lives on."""
    lived = live(tmp_path / "living")
    yield lived
    lived.store.close()
