"""Wherever the process dies, the record is whole afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from servers.lived_state import BEGIN

from connector.audit.verify import verify
from connector.crash import POINTS, VARIABLE
from connector.store.store import Store

LIVE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from servers.lived_state import live
live(Path(sys.argv[2])).store.close()
"""


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("point", [point for point in POINTS if not point.startswith("intake")])
def test_a_death_between_two_steps_leaves_a_whole_record(tmp_path, point, count):
    tests = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", LIVE, tests, tmp_path / "state"],
        env={VARIABLE: f"{point}:{count}", "PYTHONPATH": str(tests.parent)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    store = Store(tmp_path / "state", role="reader", actor="test")
    with store.read() as connection:
        found = verify(connection, instance=store.instance, at=BEGIN)
    assert [fault.what for fault in found.faults] == []
    assert found.chains["daemon"].entries > 1
