"""Running a piece of work in a process of its own, so that memory and imports are its own."""

from __future__ import annotations

import json
import os
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

READY_S = 300


def child(module: str, *arguments: str, timeout_s: float = 1_800) -> dict[str, Any]:
    """Run `python -m module arguments`; its last line of output is JSON."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    if done.returncode:
        raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def tell(**found: Any) -> None:
    """Print what a child found."""
    print(json.dumps(found))


def peak_mb() -> float:
    """Peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rss_mb(pid: int) -> float:
    """Memory that a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def daemon(config: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Run the daemon as a service manager does; gives it and the seconds until it was ready."""
    place = config.with_name("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(place))
        began = time.perf_counter()
        with config.with_name("daemon.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "connector", "run", "-c", str(config)],
                env=os.environ | {"NOTIFY_SOCKET": str(place)},
                stdout=log,
                stderr=log,
            )
        try:
            _until_ready(process, heard)
            yield process, time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(READY_S)
            place.unlink()


def _until_ready(process: subprocess.Popen[bytes], heard: socket.socket) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        if select.select([heard], [], [], 0.05)[0] and b"READY=1" in heard.recv(4_096):
            return
    raise RuntimeError("the daemon did not get ready")
