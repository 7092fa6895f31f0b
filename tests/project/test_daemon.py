"""daemon.py is `amends run` and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAEMON = [sys.executable, str(ROOT / "daemon.py")]
RUN = [str(Path(sys.executable).parent / "amends"), "run"]


def _said(command: list[str], *arguments: str, cwd: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("--no-such-option",), 64),
        (("-c", "missing.toml"), 78),
    ],
    ids=["help", "usage", "configuration"],
)
def test_the_front_door_says_and_returns_what_amends_run_does(
    tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    by_door = _said(DAEMON, *arguments, cwd=tmp_path)
    assert by_door == _said(RUN, *arguments, cwd=tmp_path)
    assert by_door[0] == code
