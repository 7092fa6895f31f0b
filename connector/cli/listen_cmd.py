"""`amends listen`: take lines from phone systems over TCP and keep them in a file."""

from __future__ import annotations

import ipaddress
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import click

from connector.cli.common import console, echo_json, json_option, table
from connector.listen import spool, status
from connector.listen.server import MAX_CONNECTIONS, Address, Network, Server
from connector.listen.spool import Spool, Sync
from connector.logs import LogSettings, configure
from connector.notify import Notifier

STALE_S = 60
"""A status that is older says that the listener hangs: it writes one every ten seconds."""
HIGHEST_PORT = 65_535


@click.command("listen", short_help="Keep what phone systems send over TCP in a file.")
@click.option(
    "--to",
    "path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    required=True,
    help="File to which lines are added; a source of kind call_table reads it.",
)
@click.option(
    "--listen", "doors", metavar="[HOST:]PORT", multiple=True, help="Where to listen; repeatable."
)
@click.option(
    "--connect",
    "calls",
    metavar="HOST:PORT",
    multiple=True,
    help="A phone system that waits to be connected to (3CX passive socket); repeatable.",
)
@click.option(
    "--from",
    "allowed",
    metavar="NETWORK",
    multiple=True,
    help="Who may send (10.0.0.5 or 10.0.0.0/24); repeatable [default: this host only].",
)
@click.option(
    "--sync",
    type=click.Choice([one.value for one in Sync]),
    default=Sync.ALWAYS.value,
    show_default=True,
    help="When lines are forced to the disk.",
)
@click.option(
    "--rotate-mb",
    type=click.IntRange(1, 10_000),
    default=spool.ROTATE_BYTES // 1024**2,
    show_default=True,
    help="Begin a new file when this one is larger.",
)
@click.option(
    "--keep-days",
    type=click.IntRange(1, 3_650),
    default=spool.KEEP_DAYS,
    show_default=True,
    help="Remove rotated parts after so many days.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 1_000),
    default=MAX_CONNECTIONS,
    show_default=True,
    help="Most connections at once.",
)
@click.option("--status", "ask", is_flag=True, help="Say how the listener of FILE goes, and end.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    path: Path,
    doors: Sequence[str],
    calls: Sequence[str],
    allowed: Sequence[str],
    ask: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Keep what phone systems send over TCP (SMDR, CDR) in a file, until SIGTERM or SIGINT.

    Runs beside the daemon, as a service of its own (deploy/systemd/amends-listen@.service):
    phone systems send each call once, so whoever takes it should not be restarted with
    the rest. A line is on disk before the next one is read; when the disk is full nothing is
    read, and the phone system keeps its calls. The file is rotated; parts stay beside it.

    With --status the exit code is 0 when the listener runs, 1 when it runs and cannot write,
    2 when it does not run.
    """
    if ask:
        ctx.exit(_status(path, as_json=as_json))
    if not doors and not calls:
        raise click.UsageError("say where to listen (--listen 33333) or whom to --connect to")
    configure(LogSettings())
    listen = [_address(door, "127.0.0.1" if not allowed else "0.0.0.0") for door in doors]  # noqa: S104 - whoever names peers wants to be reached by them
    server = Server(
        Spool(
            path,
            sync=Sync(how["sync"]),
            rotate_bytes=how["rotate_mb"] * 1024**2,
            keep_days=how["keep_days"],
        ),
        listen=listen,
        connect=[_address(call, "") for call in calls],
        allowed=[_network(network) for network in allowed],
        max_connections=how["connections"],
        notifier=Notifier(),
    )
    stop = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, asked)
        signal.signal(signal.SIGINT, asked)
    server.run(stop.is_set)


def _address(text: str, host: str) -> Address:
    """Read `HOST:PORT`, `[V6]:PORT` or, where a host is given, `PORT`."""
    before, colon, port = text.rpartition(":")
    host = before.strip("[]") if colon else host
    if not host or not port.isascii() or not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise click.UsageError(f"write HOST:PORT, such as 10.0.0.5:33333, not {text!r}")
    return Address(host=host, port=int(port))


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise click.UsageError(f"{text!r} is no address or network, such as 10.0.0.5") from None


def _status(path: Path, *, as_json: bool) -> int:
    counts, alive = status.read(path), status.running(path)
    hangs = counts is not None and abs(time.time() - counts.written_at) > STALE_S
    state = "down" if not alive else "degraded" if hangs or _blocked(counts) else "running"
    plain = {} if counts is None else asdict(counts)
    if as_json:
        echo_json({"state": state, "path": str(path), **plain})
    else:
        rows = [("state", state), *((name, str(value)) for name, value in plain.items())]
        console().print(table(("listener", str(path)), rows))
    return {"running": 0, "degraded": 1, "down": 2}[state]


def _blocked(counts: status.Counts | None) -> bool:
    return counts is None or counts.blocked
