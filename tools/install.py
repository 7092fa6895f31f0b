"""Install amends for a service: a virtual environment with what it needs to run, and no more.

`make install PREFIX=/opt/amends` calls this with the Python of .venv, which has the build
backend. What is installed comes from requirements.lock, by hash; test tools stay out.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from make_venv import BY_HASH, ROOT, VENV, complain, create, excerpt, pip


def main() -> int:
    """Replace the installation at a prefix."""
    parser = argparse.ArgumentParser(description="Install amends under a prefix.")
    parser.add_argument("prefix", type=Path, help="folder to make; what is in it is replaced")
    parser.add_argument("--python", default=getattr(sys, "_base_executable", sys.executable))
    options = parser.parse_args()
    prefix = options.prefix.absolute()
    if not _replaceable(prefix):
        print(f"{prefix} is there and no installation of amends: name another", file=sys.stderr)
        return 1
    try:
        _install(prefix, options.python)
    except subprocess.CalledProcessError as failed:
        return complain(failed)
    print(f"Installed {prefix / 'bin' / 'amends'}; deploy/systemd/README.md tells what is next.")
    return 0


def _replaceable(prefix: Path) -> bool:
    """Tell whether the prefix is free, or a virtual environment of ours."""
    empty = not prefix.exists() or (prefix.is_dir() and not any(prefix.iterdir()))
    return empty or (prefix / "bin" / "amends").exists()


def _install(prefix: Path, python: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[^\w.-]", line)[0].lower() for line in project["dependencies"]]
    create(prefix, python)
    with excerpt(*names) as wanted:
        pip(prefix, "install", *BY_HASH, "--requirement", wanted)
    with tempfile.TemporaryDirectory() as folder:
        pip(VENV, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
        pip(prefix, "install", "--no-deps", *Path(folder).glob("*.whl"))
    pip(prefix, "check")


if __name__ == "__main__":
    sys.exit(main())
