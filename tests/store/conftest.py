from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store.store import Store
from connector.testing.builders import Clock, a_store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(state: Path, clock: Clock) -> Iterator[Store]:
    opened = a_store(state, clock)
    yield opened
    opened.close()
