"""Daemons to be killed: each a process of its own, forked from one that has imported everything.

Time is shortened, or a campaign would take weeks: pauses after failures, of the breaker
and of mailboxes that are counted in minutes are counted in tenths of seconds here. What
decides is untouched.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

PRELOAD = (
    "connector.cli",
    "connector.cli.run_cmd",
    "connector.sources.imap",
    "connector.sources.asterisk_queue_log",
    "connector.sources.survey_file",
    "connector.helpdesks.django_helpdesk",
    "connector.helpdesks.freshdesk",
    "connector.helpdesks.zendesk",
    "campaign.daemons",
    "campaign.warm",
)


def context() -> ForkServerContext:
    """Give the context from which daemons are forked."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(list(PRELOAD))
    return made


def start(made: ForkServerContext, config: Path, crash_at: str, log: Path) -> ForkServerProcess:
    """Start a daemon that dies at a named point, or never for an empty one."""
    process = made.Process(target=_run, args=(str(config), crash_at, str(log)))
    process.start()
    return process


def _run(config: str, crash_at: str, log: str) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    _shorten_time()
    from connector import crash  # noqa: PLC0415 - in the child: what it changes is its own
    from connector.cli import main  # noqa: PLC0415 - likewise

    crash.arm(crash_at)
    sys.exit(main(["run", "-c", config]))


def _shorten_time() -> None:
    from connector.helpdesks.freshdesk import desk as freshdesk  # noqa: PLC0415 - in the child
    from connector.helpdesks.zendesk import desk as zendesk  # noqa: PLC0415 - in the child
    from connector.pipeline import circuit, delivery, loops, sync, verdict  # noqa: PLC0415 - in the child

    verdict.CAP_S = 0.5
    circuit.FIRST_S = circuit.LONGEST_S = 0.25  # type: ignore[misc]
    loops.FULL_PAUSE_S = 0.2
    loops.LONGEST_WAIT_S = 1.0
    sync.BATCH = 1  # a helpdesk for tests cannot answer more beside everything else
    freshdesk.FIND_AGAIN_S = 2  # type: ignore[misc]
    zendesk.FIND_LAG_S = 1  # type: ignore[misc]
    # the rest is what the pipeline leaves away at the end of a key's life
    zendesk.KEY_LIFE_S = delivery.IDEMPOTENCY_MARGIN_S + 8  # type: ignore[misc]
