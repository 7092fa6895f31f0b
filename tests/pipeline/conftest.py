from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.desk import Desk
from servers.owing import a_delivery, case_named

from connector.domain.case import Case
from connector.pipeline.delivery import Delivery
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


@pytest.fixture
def desk(clock: Clock) -> Desk:
    return Desk(clock)


@pytest.fixture
def case(clock: Clock) -> Case:
    return case_named("AAAAA", clock)


@pytest.fixture
def delivery(store: Store, desk: Desk) -> Delivery:
    return a_delivery(store, desk)
