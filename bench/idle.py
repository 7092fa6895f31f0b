"""What the daemon takes while nothing happens: processor time, and memory beyond the imports."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from servers.imap import DOVECOT, DovecotServer, PymapServer

from bench.figures import Figure
from bench.measure import cpu_s, daemon, rss_mb
from bench.sizes import Sizes
from campaign.stage import write_config

CPU_PERCENT = 0.5
MEMORY_MB = 60
SETTLE_S = 3.0
DEFAULT_POLL_S = 60
"""As an admin gets it who sets nothing."""
_IMPORTS = (
    "import connector.cli, connector.cli.run_cmd, connector.app, connector.sources.imap, "
    "connector.sources.survey_file, connector.sources.asterisk_queue_log, "
    "connector.helpdesks.django_helpdesk; print('in', flush=True); input()"
)


def run(sizes: Sizes) -> list[Figure]:
    """Let the daemon wait with a mailbox in IDLE, a queue log and a folder of surveys."""
    server = DovecotServer() if DOVECOT else PymapServer()
    try:
        with tempfile.TemporaryDirectory() as name:
            config = write_config(Path(name), server.port, 9, "token", poll_s=DEFAULT_POLL_S)
            with daemon(config) as (process, _):
                time.sleep(min(SETTLE_S, sizes.idle_s))
                before, began = cpu_s(process.pid), time.monotonic()
                time.sleep(sizes.idle_s)
                used = cpu_s(process.pid) - before
                percent = 100 * used / (time.monotonic() - began)
                memory_mb = rss_mb(process.pid)
    finally:
        server.stop()
    imports_mb = _imports_mb()
    return [
        Figure(
            name=f"idle for {sizes.idle_s} s, three sources",
            ours=f"{percent:.2f} % of a core",
            beside="",
            ratio="",
            target=f"under {CPU_PERCENT} %",
            met=percent < CPU_PERCENT,
        ),
        Figure(
            name="memory of the idle daemon",
            ours=f"{memory_mb:.0f} MB",
            beside=f"its imports alone {imports_mb:.0f} MB",
            ratio=f"{memory_mb - imports_mb:.0f} MB beyond",
            target=f"at most {MEMORY_MB} MB beyond",
            met=memory_mb - imports_mb <= MEMORY_MB,
        ),
    ]


def _imports_mb() -> float:
    with subprocess.Popen(
        [sys.executable, "-c", _IMPORTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        assert process.stdout is not None  # noqa: S101 - likewise
        process.stdout.readline()
        found = rss_mb(process.pid)
        process.stdin.write(b"\n")
    return found
