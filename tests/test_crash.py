"""Points at which a test may kill the process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connector import crash

PROGRAM = """
from connector import crash
for number in range(5):
    crash.point("delivery.sent")
    crash.point("delivery.committed")
    print(number, flush=True)
"""


def run(wanted: str | None) -> tuple[int, list[str]]:
    environment = {} if wanted is None else {crash.VARIABLE: wanted}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(crash.__file__).parents[1])}
        | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.stderr == ""
    return ended.returncode, ended.stdout.split()


@pytest.mark.parametrize(
    ("wanted", "passed"),
    [
        ("delivery.sent", 0),
        ("delivery.sent:1", 0),
        ("delivery.committed:3", 2),
        ("delivery.sent:5", 4),
    ],
)
def test_the_process_dies_at_the_wanted_passing(wanted: str, passed: int) -> None:
    code, lines = run(wanted)
    assert code == -signal.SIGKILL
    assert lines == [str(number) for number in range(passed)]


@pytest.mark.parametrize("wanted", [None, "", "delivery.sent:6", "no.such.point", "delivery"])
def test_nobody_dies_unasked(wanted: str | None) -> None:
    assert run(wanted) == (0, ["0", "1", "2", "3", "4"])


def test_every_point_is_passed_somewhere_and_none_is_unknown() -> None:
    room = Path(crash.__file__).parent
    used = {
        name
        for path in room.rglob("*.py")
        for name in re.findall(r'crash\.point\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert used == set(crash.POINTS)
