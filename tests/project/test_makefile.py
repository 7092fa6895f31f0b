"""The Makefile explains itself and copes with machines that lack something."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="no make here")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the first target needs, in a folder with spaces in its name."""
    folder = tmp_path / "a checkout with spaces"
    (folder / "tools").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "tools/make_venv.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def _make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHON", "ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("arguments", [(), ("help",)])
def test_make_alone_lists_every_target(checkout: Path, arguments: tuple[str, ...]) -> None:
    listed = re.findall(r"^  ([.\w-]+) +\S", _make(checkout, *arguments).stdout, flags=re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, flags=re.MULTILINE)
    assert phony
    assert sorted(listed) == sorted(phony[1].split())
    assert {"demo", "test", "lint", "format", "lock", "clean"} <= set(listed)


@pytest.mark.parametrize("version", ["2.7", "3.9", "3.10"])
def test_a_python_that_is_too_old_is_named_in_one_line(checkout: Path, version: str) -> None:
    old = _script(checkout / "old python", f"echo {version}")
    done = _make(checkout, ".venv", f"PYTHON={old}")
    assert done.returncode != 0
    sentence = done.stderr.splitlines()[0]
    assert "needs Python 3.11 or newer" in sentence
    assert f"{old} is {version}" in sentence
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_not_there_is_said_too(checkout: Path) -> None:
    done = _make(checkout, ".venv", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "none was found" in done.stderr.splitlines()[0]


def test_a_python_on_the_path_that_does_not_run_is_passed_over(checkout: Path) -> None:
    shims = checkout / "shims"
    shims.mkdir()
    _script(shims / "python3.13", "echo 'command not found' >&2; exit 127")
    _script(shims / "python3.12", "echo 3.12 >&2; exit 1")
    _script(shims / "python3.11", 'case $1 in -c) echo 3.11 ;; *) echo "made by $0 $*" ;; esac')
    done = _make(checkout, ".venv", PATH=f"{shims}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert "made by" in done.stdout
    assert "python3.11" in done.stdout


def _wrapped(checkout: Path, *, venv: str) -> Path:
    """Make a Python whose pip and virtualenv only note what they were asked for.

    Everything else runs for real; `venv` is what `-m venv` does.
    """
    bare = f'"{sys.executable}" -c "import venv; venv.create(\'.venv\', with_pip=False)"'
    pip = '#!/bin/sh\necho ".venv: $*" >> asked'
    fake = (
        f"rm .venv/bin/python; printf '%s\\n' '{pip}' > .venv/bin/python; chmod +x .venv/bin/python"
    )
    return _script(
        checkout / "wrapped python",
        f"""case "$*" in
        "-m venv "*) {venv} ;;
        "-m pip install "*) echo "base: $*" >> asked ;;
        "-m virtualenv "*) echo "base: $* with $PYTHONPATH" >> asked; {bare}; {fake} ;;
        "-c "*) exec "{sys.executable}" "$@" ;;
        *) exec "{sys.executable}" "$@" ;;
        esac""",
    )


def test_without_ensurepip_the_virtual_environment_comes_from_virtualenv(checkout: Path) -> None:
    python = _wrapped(checkout, venv="echo 'ensurepip is not available'; exit 1")
    done = _make(checkout, ".venv", f"PYTHON={python}")
    assert done.returncode == 0, done.stderr
    bootstrap, made, locked, project = (checkout / "asked").read_text().splitlines()
    assert re.search(r"pip install .*--require-hashes .*--target .*/\.bootstrap", bootstrap)
    assert "-m virtualenv" in made
    assert made.endswith("/.bootstrap")
    assert re.search(r"--require-hashes .*requirements\.lock", locked)
    assert re.search(r"--no-deps --no-build-isolation --editable", project)


def test_what_was_made_is_made_again_only_when_its_lock_changed(checkout: Path) -> None:
    python = _wrapped(checkout, venv="exit 1")
    asked = checkout / "asked"
    steps = []
    for change in ("", "", "# changed\n"):
        with (checkout / "requirements.lock").open("a") as lock:
            lock.write(change)
        assert _make(checkout, ".venv", f"PYTHON={python}").returncode == 0
        steps.append(len(asked.read_text().splitlines()))
    assert steps == [4, 4, 6], "all steps, none, then only the two installs"


def test_a_step_that_fails_is_said_in_a_line_and_tried_again_next_time(checkout: Path) -> None:
    python = _wrapped(checkout, venv="exit 1")
    text = python.read_text()
    _script(python, text.replace('echo "base: $*" >> asked ;;', "exit 1 ;;", 1))
    failed = _make(checkout, ".venv", f"PYTHON={python}")
    assert failed.returncode != 0
    assert "This step failed" in failed.stderr
    assert "Traceback" not in failed.stderr
    _script(python, text)
    assert _make(checkout, ".venv", f"PYTHON={python}").returncode == 0


def test_the_bootstrap_takes_virtualenv_and_what_it_needs_from_the_lock() -> None:
    lock = (
        "alpha==1 \\\n    --hash=sha256:aa\n    # via beta\n"
        "beta==2 \\\n    --hash=sha256:bb\n    # via\n    #   gamma\n    #   virtualenv\n"
        "gamma==3 \\\n    --hash=sha256:cc\n    # via amends (pyproject.toml)\n"
        "virtualenv==4 \\\n    --hash=sha256:dd\n    # via amends (pyproject.toml:build)\n"
    )
    entries_for = runpy.run_path(str(ROOT / "tools" / "make_venv.py"))["entries_for"]
    excerpt = entries_for(lock, ["virtualenv"])
    assert re.findall(r"^\w+", excerpt, flags=re.MULTILINE) == ["alpha", "beta", "virtualenv"]
    assert lock.count("sha256") - excerpt.count("sha256") == 1


def test_install_leaves_a_folder_alone_that_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "install.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no installation of amends" in done.stderr
    assert (tmp_path / "letters").is_dir()
