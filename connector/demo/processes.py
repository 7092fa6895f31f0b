"""The demo's processes: a mailbox, a helpdesk, and the daemon, started again when it dies."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from connector import crash
from connector.domain.errors import Unavailable

START_S = 60.0
"""A server that does not answer within this time failed to start."""
STOP_S = 40.0


class Server:
    """A helper process that prints one line when it is ready."""

    def __init__(
        self, name: str, arguments: Sequence[str], folder: Path, extra: Mapping[str, str]
    ) -> None:
        """Start it with extra environment; its messages go to `folder/name.log`."""
        self.name = name
        self._log_path = folder / f"{name}.log"
        self._log = self._log_path.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(extra),
        )

    def ready(self) -> str:
        """Wait for its line and give it. Raises Unavailable naming its log."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for above
        line = _read_line(self._process.stdout, START_S)
        if not line:
            raise Unavailable(self.name, f"did not start; see {self._log_path}")
        return line

    def stop(self) -> None:
        """End it and wait for its end."""
        _stop(self._process)
        self._log.close()


class Daemon:
    """The real daemon as a process, watched as systemd would watch it."""

    def __init__(self, config: Path, folder: Path, died: Callable[[int, int], None]) -> None:
        """`died` is told process id and exit status of a daemon that ended unasked."""
        self._config = config
        self._log = (folder / "daemon.log").open("ab")
        self._died = died
        self._stopping = threading.Event()
        self._process = self._start({})
        self._watcher: threading.Thread | None = None

    @property
    def pid(self) -> int:
        """Process id of the daemon that runs now."""
        return self._process.pid

    def crash_once_at(self, point: str) -> int:
        """Restart with a SIGKILL waiting at a named point; gives the pid of the doomed daemon."""
        _stop(self._process)
        self._process = self._start({crash.VARIABLE: point})
        return self._process.pid

    def wait_for_death(self, seconds: float) -> int | None:
        """Wait until it ended by itself; gives the exit status (negative: the signal) or None."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def restart(self) -> None:
        """Start it again after its death, without anything waiting to kill it."""
        self._process = self._start({})

    def watch(self) -> None:
        """From now on start it again whenever it ends unasked, also when killed by hand."""
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def stop(self) -> int:
        """Stop it as systemd would; gives its exit status."""
        self._stopping.set()
        _stop(self._process)
        if self._watcher is not None:
            self._watcher.join(5)
        self._log.close()
        return self._process.returncode

    def _watch(self) -> None:
        while not self._stopping.is_set():
            status = self._process.wait()
            if self._stopping.is_set():
                return
            self._died(self._process.pid, status)
            if not self._stopping.wait(1):
                self.restart()

    def _start(self, extra: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "connector", "run", "-c", str(self._config)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=_environment(extra),
            start_new_session=True,  # Ctrl-C in the terminal is for the demo alone
        )


def site(folder: Path, zone: str) -> Server:
    """Start the helpdesk; its line is JSON with port, url, token, user and password."""
    arguments = ["connector.demo.helpdesk_site", "--dir", str(folder / "helpdesk"), "--zone", zone]
    return Server("helpdesk", [*arguments, "--until-stdin-closes"], folder, {})


def mailbox(folder: Path, password: str) -> Server:
    """Start the IMAP server; its line is the port."""
    arguments = ["connector.demo.imap_server", "--port", "0"]
    return Server("mailbox", arguments, folder, {"AMENDS_DEMO_PASSWORD": password})


def site_access(line: str) -> dict[str, str]:
    """Read the helpdesk's line."""
    return {key: str(value) for key, value in json.loads(line).items()}


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AMENDS_")}
    kept.pop("NOTIFY_SOCKET", None)
    return {**kept, **extra}


def _read_line(stream: IO[bytes], seconds: float) -> str:
    ready, _, _ = select.select([stream], [], [], seconds)
    return stream.readline().decode().strip() if ready else ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
