"""Make or refresh .venv: what requirements.lock names, then the checkout itself.

`make .venv` calls this before anything is installed, so it uses the standard
library alone. It works in numbered steps:

1. Wait for another make in the same checkout to be through with its own turn.
2. Leave .venv alone when it was made from the same lock, pyproject.toml and place.
3. Create it with `venv`; where that fails (no ensurepip), with a virtualenv that is
   installed beside it, in .bootstrap, by the hashes of the lock.
4. Install the lock by its hashes, wheels only: no package runs code of its own here.
5. Install the checkout itself, editable, with the build backend that was just installed.
6. Leave the stamp that step 2 reads.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BOOTSTRAP = ROOT / ".bootstrap"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".made-from"
BY_HASH = ("--require-hashes", "--only-binary", ":all:")


def main() -> int:
    """Take the turn, do what is due, and turn a failed step into one line."""
    parser = argparse.ArgumentParser(description="Make or refresh .venv.")
    parser.add_argument("--python", default=sys.executable, help="interpreter for .venv")
    parser.add_argument(
        "--exactly", action="store_true", help="make .venv anew when it has another Python"
    )
    options = parser.parse_args()
    turn = os.open(ROOT, os.O_RDONLY)  # a lock on the folder itself: no file is left behind
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _refresh(options.python, exactly=options.exactly)
    except subprocess.CalledProcessError as failed:
        return complain(failed)
    finally:
        os.close(turn)
    return 0


def complain(failed: subprocess.CalledProcessError) -> int:
    """Name the step that failed; its own complaint stands above."""
    command = " ".join(str(part) for part in failed.cmd)
    print(f"This step failed: {command}", file=sys.stderr)
    return 1


def _refresh(python: str, *, exactly: bool) -> None:
    """Do steps 2 to 6."""
    made_from = _made_from()
    version = "{}.{}".format(*sys.version_info)
    made, _, made_with = _read(STAMP).partition(" ")
    right_python = made_with == version or (bool(made_with) and not exactly)
    if _alive() and right_python and made == made_from:
        return
    if not _alive() or not right_python:
        create(VENV, python)
        STAMP.write_text("", encoding="utf-8")
        made_with = version
    print("Installing what requirements.lock names into .venv (about half a minute) ...")
    pip(VENV, "install", *BY_HASH, "--requirement", LOCK)
    pip(VENV, "install", "--no-deps", "--no-build-isolation", "--editable", ROOT)
    STAMP.write_text(f"{made_from} {made_with}", encoding="utf-8")


def _made_from() -> str:
    """Digest of all that .venv depends on; its scripts hold the checkout's path too."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in (LOCK, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _alive() -> bool:
    """Tell whether .venv has an interpreter that is still there, and a stamp."""
    return (VENV / "bin" / "python").exists() and STAMP.exists()


def create(folder: Path, python: str) -> None:
    """Make a virtual environment with nothing but pip in it; what was there is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    if _succeeds(python, "-m", "venv", folder):
        return
    print("This Python cannot make virtual environments: taking virtualenv from the lock ...")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(BOOTSTRAP, ignore_errors=True)
    target = ("--target", BOOTSTRAP, "--no-deps")
    with excerpt("virtualenv") as wanted:
        _run(python, "-m", "pip", "install", "-qq", *BY_HASH, *target, "--requirement", wanted)
    _run(python, "-m", "virtualenv", "--quiet", "--no-download", folder, path=BOOTSTRAP)


@contextlib.contextmanager
def excerpt(*packages: str) -> Iterator[str]:
    """Lend a file with the lock's entries for these packages and for all that they need."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(entries_for(LOCK.read_text(encoding="utf-8"), packages))
        file.flush()
        yield file.name


def entries_for(lock: str, packages: Iterable[str]) -> str:
    """Cut from a lock the entries of these packages and of everything that is there for them."""
    entries = {
        entry.partition("==")[0]: entry
        for entry in re.split(r"^(?=\w)", lock, flags=re.MULTILINE)[1:]
    }
    wanted, fresh = set[str](), set(packages)
    while fresh:
        wanted |= fresh
        fresh = {name for name, entry in entries.items() if wanted & _needed_by(entry)} - wanted
    return "".join(entry for name, entry in entries.items() if name in wanted)


def _needed_by(entry: str) -> set[str]:
    """Read the `# via` lines of an entry."""
    return set(re.findall(r"^ +#(?: via)? +(\S+)$", entry, flags=re.MULTILINE))


def pip(folder: Path, *arguments: str | Path) -> None:
    """Run the pip of a virtual environment."""
    _run(folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "-qq", *arguments)


def _run(*command: str | Path, path: Path | None = None) -> None:
    """Run a step with its output in view; `path` holds modules that it may import."""
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    sys.stdout.flush()
    subprocess.run(command, check=True, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)


def _succeeds(*command: str | Path) -> bool:
    """Run a step that may fail, because there is another way; its complaint is of no use then."""
    done = subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL
    )
    return done.returncode == 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
