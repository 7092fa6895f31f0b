"""What all tests share: how hypothesis looks for counter-examples; tables after the run."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["connector.testing.points", "servers.imap_table"]

settings.register_profile(
    "ci",
    deadline=None,  # a busy machine is no fault of the code
    max_examples=60,
    database=None,  # no test depends on what an earlier run left behind
    derandomize=False,  # every run looks elsewhere
    print_blob=True,  # so that what one run found can be repeated
    suppress_health_check=[HealthCheck.too_slow],  # likewise a wall clock
)
settings.load_profile("ci")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than cores: a quarter of the time tests wait for servers and daemons."""
    del config
    return (os.cpu_count() or 1) + 1
