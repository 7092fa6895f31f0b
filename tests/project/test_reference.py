"""docs/commands.md and docs/configuration.md are what the program says of itself."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_pages_are_fresh() -> None:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    sys.modules["reference"] = reference
    spec.loader.exec_module(reference)
    stale = [
        str(path.relative_to(ROOT))
        for path, text in reference.pages().items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "write them anew: .venv/bin/python tools/reference.py"
