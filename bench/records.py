"""Records of a phone system: rows to calls beside csv.reader, lines over TCP beside the disk."""

from __future__ import annotations

import csv
import os
import socket
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from bench.figures import Figure
from bench.sizes import Sizes
from connector.domain.practice import Practice
from connector.listen.server import Address, Server
from connector.listen.spool import Spool
from connector.sources.call_table import CallTableSettings

ROWS, QUICK_ROWS = 20_000, 200
LINES, QUICK_LINES = 1_000, 20
TARGET_ROWS_S = 1_000
"""A busy practice writes some 5,000 rows a day."""

TARGET_LINES_S = 100
"""The largest phone systems end some ten calls a second."""


def run(sizes: Sizes) -> list[Figure]:
    """Read a log of SMDR rows, then take lines one by one."""
    quick = sizes.lookups < Sizes().lookups
    with tempfile.TemporaryDirectory() as folder:
        return [
            _rows(Path(folder), QUICK_ROWS if quick else ROWS),
            _lines(Path(folder), QUICK_LINES if quick else LINES),
        ]


def _rows(folder: Path, count: int) -> Figure:
    log = folder / "smdr.log"
    start = datetime(2026, 1, 5, 8)  # noqa: DTZ001 - local time, as the phone system writes it
    with log.open("w") as file:
        for n in range(count):
            at = start + timedelta(seconds=n // 2 * 14)
            ring, talk = n % 40, f"00:0{n % 5}:{n % 60:02}"
            who = f"917555{n % 9999:04},I,4324,4324,,0,{1_000_000 + n // 2},{1 - n % 2}"
            parties = f"E{4300 + n % 50},Sam,T9161,LINE,0,0,,,,"
            file.write(f"{at:%Y/%m/%d %H:%M:%S},{talk},{ring},{who},{parties}\n")
    practice = Practice(tenant="bench", name="Bench", zone=ZoneInfo("America/New_York"))
    settings = CallTableSettings(name="phones", path=log, preset="avaya_ip_office")
    began = time.process_time()
    calls = sum(len(batch.items) for batch in settings.open(practice).read(None))
    ours = count / (time.process_time() - began)
    began = time.process_time()
    with log.open(newline="") as file:
        read = sum(1 for _ in csv.reader(file))
    peer = read / (time.process_time() - began)
    return Figure(
        name=f"{count:,} rows of SMDR to {calls:,} calls with their timelines",
        ours=f"{ours:,.0f} rows/s",
        beside=f"csv.reader {peer:,.0f} rows/s",
        ratio=f"{ours / peer:.3f}",
        target=f"at least {TARGET_ROWS_S:,} rows/s",
        met=ours >= TARGET_ROWS_S,
    )


def _lines(folder: Path, count: int) -> Figure:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    row = b"2026/11/20 09:28:41,00:00:00,9,9175550106,I,4324,4324,,0,1000014155,0,E4324,Sam\r\n"
    spool = Spool(folder / "spool.log")
    server = Server(spool, listen=[Address(host="127.0.0.1", port=0)])
    with socket.create_connection(("127.0.0.1", server.ports[0])) as phone:
        server.turn(1.0)
        began = time.perf_counter()
        for _ in range(count):
            phone.sendall(row)
            server.turn(1.0)
        ours = count / (time.perf_counter() - began)
    server.close()
    spool.close()
    with (folder / "raw.log").open("ab", buffering=0) as raw:
        began = time.perf_counter()
        for _ in range(count):
            raw.write(row)
            os.fdatasync(raw.fileno())
        disk = count / (time.perf_counter() - began)
    return Figure(
        name=f"{count:,} lines over TCP, each on disk before the next is read",
        ours=f"{ours:,.0f} lines/s",
        beside=f"write and fdatasync {disk:,.0f}/s",
        ratio=f"{ours / disk:.2f}",
        target=f"at least {TARGET_LINES_S} lines/s",
        met=ours >= TARGET_LINES_S,
    )
