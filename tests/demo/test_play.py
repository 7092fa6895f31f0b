"""The demo keeps its promises: everything real, the daemon killed between POST and commit."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROMISES = {
    "one failure, one ticket",
    "every word in its one place, or in none",
    "nothing public",
    "no mail to a patient",
    "everything accounted for",
    "the ledger verifies",
}


@pytest.mark.timeout(300)
def test_the_demo_ends_by_itself_with_every_promise_kept(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "connector", "demo", "--json", "--dir", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    summary = json.loads(done.stdout)
    assert summary["kept"]
    assert {promise["promise"] for promise in summary["promises"]} == PROMISES
    assert "is dead: the ticket was made, nobody wrote that down" in done.stderr


def test_a_folder_with_something_in_it_is_not_touched(tmp_path):
    (tmp_path / "mine").write_text("x")
    done = subprocess.run(
        [sys.executable, "-m", "connector", "demo", "--dir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 64
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
