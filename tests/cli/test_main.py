"""Errors become a line and an exit code here, and nowhere else."""

import os
import subprocess
import sys

import click
import pytest

from connector import cli
from connector.cli import COMMANDS
from connector.cli.common import LazyGroup, to_json
from connector.domain.errors import (
    AmendsError,
    AuthenticationFailed,
    ConfigError,
    LedgerError,
    StateLocked,
    Unavailable,
)

WORDS = "Zelda Quux, 555-201-7788"


@pytest.fixture
def failing(monkeypatch):
    """Make `amends config` raise."""

    def failing(error):
        @click.command()
        def command():
            raise error

        monkeypatch.setattr(LazyGroup, "get_command", lambda *_: command)

    return failing


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ConfigError(["a: b", "c: d"], where="/x"), 78, "amends: /x: a: b\namends: /x: c: d\n"),
        (StateLocked("held by 12"), 75, "amends: held by 12\n"),
        (LedgerError("entry 3 was changed"), 74, "amends: entry 3 was changed\n"),
        (Unavailable("feedback", "refused"), 75, "amends: feedback: refused\n"),
        (AuthenticationFailed("helpdesk", "HTTP 401"), 77, "amends: helpdesk: HTTP 401\n"),
        (FileNotFoundError(2, "No such file", "/x"), 74, "amends: /x: No such file\n"),
        (PermissionError(13, "Permission denied", "/x"), 77, "amends: /x: Permission denied\n"),
        (OSError(28, "No space left on device"), 74, "amends: No space left on device\n"),
        (click.FileError("f", hint="no"), 74, "amends: Could not open file 'f': no\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (click.exceptions.Exit(3), 3, ""),
    ],
)
def test_an_error_is_told_by_line_and_exit_code(amends, failing, error, code, told):
    failing(error)
    done, out, err = amends("config")
    assert (done, out, err.lstrip("\n")) == (code, "", told)


def test_a_fault_of_ours_is_one_line_without_the_words_of_the_exception(amends, failing):
    failing(KeyError(WORDS))
    code, out, err = amends("config")
    assert (code, out) == (70, "")
    assert err.startswith("amends: a fault of amends: KeyError at ")
    assert "--debug" in err
    assert err.count("\n") == 1
    assert WORDS not in err


def test_debug_shows_the_traceback(amends, failing):
    failing(AmendsError("x"))
    code, _, err = amends("--debug", "config")
    assert code == 70
    assert "Traceback" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Usage: amends [OPTIONS] COMMAND"),
        (("confg",), "No such command: confg. Did you mean config?"),
        (("zzzz",), "No such command: zzzz."),
        (("config", "--jsn"), "No such option '--jsn'"),
        (("inspect",), "Missing argument 'KIND:PATH...'"),
    ],
)
def test_wrong_usage_is_64(amends, arguments, told):
    code, out, err = amends(*arguments)
    assert code == 64
    assert out == ""
    assert told in err


def test_the_version_is_told(amends):
    assert amends("--version")[:2] == (0, f"amends {cli.__version__}\n")


def test_every_command_is_there_and_has_finished_help(amends):
    assert COMMANDS
    for name in COMMANDS:
        code, out, _ = amends(name, "--help")
        assert code == 0
        assert f"Usage: amends {name}" in out
        assert "-h, --help" in out


def test_commands_are_imported_when_they_are_used():
    script = "import sys, connector.cli; sys.exit('connector.cli.inspect_cmd' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_reader_who_has_seen_enough_is_no_fault():
    with subprocess.Popen(
        [sys.executable, "-m", "connector", "config", "--schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in {0, 1, 141}  # by how far it came before the reader left


def test_a_full_disk_is_told_by_code():
    if not os.path.exists("/dev/full"):  # noqa: PTH110  (a device)
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123  (likewise)
        done = subprocess.run(
            [sys.executable, "-m", "connector", "config", "--schema"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 74
    assert done.stderr == b"amends: No space left on device\n"


def test_json_is_valid_for_every_reader():
    assert to_json({"a": "\ud83d\ude00 \ud800 x\x9b", "b": (1, None)}) == (
        '{"a": "\\ud83d\\ude00 \\ufffd x\\u009b", "b": [1, null]}'
    )
