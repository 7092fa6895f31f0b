"""The benches run; how fast, no test says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHEAP = ("ingest", "deliveries", "lookups")


def test_a_quick_bench_prints_a_table_and_writes_its_figures(tmp_path: Path) -> None:
    place = tmp_path / "bench.json"
    only = [word for name in CHEAP for word in ("--only", name)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", *only, "--json", str(place)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(place.read_text(encoding="utf-8"))
    assert len(figures) == len(CHEAP) + 1
    for figure in figures:
        assert figure["ours"]
        assert figure["name"].split()[0] in done.stdout
