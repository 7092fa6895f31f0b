"""A very large mailbox, read to its end through a kill -9, then compared with what is known.

The mails lie in a Maildir that a script writes, read by Dovecot; without Dovecot they are
appended to pymap. Ours stores each message durably with its place; beside it stand a client that
fetches the same messages in batches as large and drops them, and one SEARCH for all numbers.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from imapclient import IMAPClient
from servers.imap import DOVECOT, DovecotServer, PymapServer

from bench.figures import Figure, rate
from bench.measure import child, peak_mb, rss_mb, tell
from bench.sizes import Sizes
from connector.sources.imap.fetching import BATCH

MEMORY_MB = 60
KILL_AT = 0.5
"""The share of the messages after which the reading process is killed."""
SEARCHED = 50_000
"""Messages in one SEARCH of the bare client."""
SLOWEST_S = 7_200


def small(number: int) -> bytes:
    """One complaint of a few hundred bytes, each by another person."""
    return (
        f"From: Patient {number} <patient{number}@patient.example>\r\n"
        f"To: feedback@practice.example\r\nSubject: My visit, number {number}\r\n"
        f"Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <big.{number}@patient.example>\r\n"
        f"\r\nI waited for {20 + number % 60} minutes and nobody told me why.\r\n"
    ).encode()


def run(sizes: Sizes) -> list[Figure]:
    """Fill, read bare, read and kill, read on, compare."""
    count = sizes.big_mailbox
    server = DovecotServer() if DOVECOT else PymapServer()
    try:
        began = time.perf_counter()
        _fill(server, count)
        print(f"{count} mails put there in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            first_s = _until_killed(server.port, folder, int(count * KILL_AT))
            killed_at = _stored(folder)
            ours = child("bench.big_mailbox", "read", str(server.port), name, timeout_s=SLOWEST_S)
            bare = child("bench.big_mailbox", "bare", str(server.port), name, timeout_s=SLOWEST_S)
            stored = _stored(folder)
            search = child("bench.big_mailbox", "search", str(server.port), name)
            compared = child("bench.big_mailbox", "compare", str(server.port), name)
            after = _stored(folder)
    finally:
        server.stop()
    seconds = first_s + ours["seconds"]
    whole = stored == after == (count, count) and search["done"] == bare["done"] == count
    kind = type(server).__name__
    return [
        Figure(
            name=f"signals of a mailbox with {count:,} messages, killed -9 at {killed_at[0]:,}",
            ours=f"{stored[0]:,}, all different" if stored[0] == stored[1] else str(stored),
            beside=f"{kind} has {search['done']:,}",
            ratio="",
            target="as many",
            met=whole and 0 < killed_at[0] < count,
        ),
        Figure(
            name=f"reading and storing it ({kind})",
            ours=rate(count, seconds),
            beside=f"a bare fetch {rate(bare['done'], bare['seconds'])}",
            ratio=f"{bare['seconds'] / seconds:.1%} of the limit",
            target="",
        ),
        Figure(
            name="processor time of that",
            ours=f"{ours['cpu_s'] / (count - killed_at[0]) * 1_000:.2f} ms a mail",
            beside=f"a bare fetch {bare['cpu_s'] / count * 1_000:.2f} ms a mail",
            ratio="",
            target="",
        ),
        Figure(
            name="memory beyond the imports, at the peak of that",
            ours=f"{ours['peak_mb'] - ours['before_mb']:.0f} MB",
            beside=f"a bare fetch {bare['peak_mb'] - bare['before_mb']:.0f} MB",
            ratio="",
            target=f"at most {MEMORY_MB} MB",
            met=ours["peak_mb"] - ours["before_mb"] <= MEMORY_MB,
        ),
        Figure(
            name="daily comparison of all numbers, one message missing",
            ours=f"{compared['seconds']:.2f} s, found {compared['missed']}, "
            f"{compared['peak_mb'] - compared['before_mb']:.0f} MB",
            beside=f"opening and SEARCH {search['seconds']:.2f} s",
            ratio=f"{compared['seconds'] / search['seconds']:.1f} times",
            target="finds 1",
            met=compared["missed"] == 1,
        ),
    ]


def _fill(server: DovecotServer | PymapServer, count: int) -> None:
    if isinstance(server, PymapServer):
        with server.client() as box:
            for number in range(count):
                box.append("INBOX", small(number))
        return
    home = server.folder / "mail"
    owner = home.stat()
    box_dir = home / "feedback" / "cur"
    for path in (box_dir.parent, box_dir, box_dir.with_name("new"), box_dir.with_name("tmp")):
        path.mkdir(mode=0o700)
        os.chown(path, owner.st_uid, owner.st_gid)
    for number in range(count):
        mail = small(number)
        path = box_dir / f"{1_700_000_000 + number}.M{number}P1.bench,S={len(mail)}:2,"
        path.write_bytes(mail)
        os.chown(path, owner.st_uid, owner.st_gid)


def _until_killed(port: int, folder: Path, enough: int) -> float:
    """Let a process read until so many are stored, then kill it; gives its seconds of reading."""
    command = [sys.executable, "-m", "bench.big_mailbox", "read", str(port), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    began = 0.0
    end = time.monotonic() + SLOWEST_S
    try:
        while process.poll() is None and time.monotonic() < end:
            newest = _newest(folder)
            if newest and not began:
                began = time.perf_counter()
            if newest >= enough:
                break
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait(60)
    return time.perf_counter() - began


def _newest(folder: Path) -> int:
    """Give the number of the newest signal, which is cheap to ask."""
    return _asked(folder, "SELECT coalesce(max(n), 0), 0 FROM signal")[0]


def _stored(folder: Path) -> tuple[int, int]:
    """Count the signals that are stored, and how many different messages they are."""
    return _asked(folder, "SELECT count(*), count(DISTINCT id) FROM signal")


def _asked(folder: Path, query: str) -> tuple[int, int]:
    place = folder / "state" / "amends.db"
    if not place.exists():
        return 0, 0
    with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as connection:
        try:
            row = connection.execute(query).fetchone()
        except sqlite3.OperationalError:  # still being made
            return 0, 0
    return int(row[0]), int(row[1])


@contextmanager
def _intake(port: int, folder: Path) -> Any:
    from campaign.stage import write_config
    from connector import app
    from connector.settings import load

    structlog.configure(processors=[structlog.dev.ConsoleRenderer()], logger_factory=_to_stderr)
    place = folder / "config.toml"
    settings = load(place if place.exists() else write_config(folder, port, 9, "token"))
    before_mb = rss_mb(os.getpid())
    built = app.build(settings)
    config, source = built.sources[0]
    try:
        yield built.intake(config, source, lambda: None), source, before_mb, built
    finally:
        built.close()


def _to_stderr(*_: object) -> Any:
    return structlog.PrintLogger(sys.stderr)


def _read(port: int, folder: Path) -> None:
    """Read on to the end, as the daemon does; the clock runs from login to the last commit."""
    with _intake(port, folder) as (intake, _, before_mb, _built):
        began, used = time.perf_counter(), time.process_time()
        intake.pull()
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - used
        tell(seconds=seconds, cpu_s=cpu_s, before_mb=before_mb, peak_mb=peak_mb())


def _compare(port: int, folder: Path) -> None:
    """Forget one number in the middle, and compare a day later."""
    from connector.sources.imap.place import read_cursor
    from connector.store import signals

    with _intake(port, folder) as (intake, source, before_mb, built):
        with built.store.read() as connection:
            row = next(one for one in signals.sources(connection) if one.name == source.name)
        position = read_cursor(row.cursor)
        if position is None:
            raise RuntimeError("no cursor of ours")
        progress = position.folders["INBOX"]
        middle, last = progress.uid // 2, progress.uid
        known = f"1:{middle - 1},{middle + 1}:{last}"
        changed = row.cursor.replace(f'"known": "1:{last}"', f'"known": "{known}"')
        if changed == row.cursor:
            raise RuntimeError("the cursor has holes already")
        with closing(sqlite3.connect(folder / "state" / "amends.db")) as direct, direct:
            direct.execute("UPDATE source SET cursor = ? WHERE name = ?", [changed, source.name])
        source._clock = lambda: datetime.now(UTC) + timedelta(days=1)  # noqa: SLF001 - a bench looks inside
        began = time.perf_counter()
        intake.pull()
        seconds = time.perf_counter() - began
        with built.store.read() as connection:
            row = next(one for one in signals.sources(connection) if one.name == source.name)
        position = read_cursor(row.cursor)
        if position is None:
            raise RuntimeError("no cursor of ours")
        missed = position.folders["INBOX"].missed
        tell(seconds=seconds, missed=missed, before_mb=before_mb, peak_mb=peak_mb())


def _search(port: int, folder: Path) -> None:
    """Open the mailbox, ask for all numbers, and do nothing with them."""
    del folder
    began = time.perf_counter()
    with _opened(port) as box:
        done = len(_numbers(box))
        tell(seconds=time.perf_counter() - began, done=done)


def _bare(port: int, folder: Path) -> None:
    """Fetch every message, in batches as large as ours, and drop it."""
    del folder
    before_mb = rss_mb(os.getpid())
    began, used = time.perf_counter(), time.process_time()
    done = 0
    with _opened(port) as box:
        numbers = _numbers(box)
        for start in range(0, len(numbers), BATCH):
            done += len(box.fetch(numbers[start : start + BATCH], ["BODY.PEEK[]"]))
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - used
    tell(seconds=seconds, cpu_s=cpu_s, done=done, before_mb=before_mb, peak_mb=peak_mb())


@contextmanager
def _opened(port: int) -> Iterator[IMAPClient]:
    with IMAPClient("127.0.0.1", port=port, ssl=False) as box:
        box.login("feedback", "secret")
        box.select_folder("INBOX", readonly=True)
        yield box


def _numbers(box: IMAPClient) -> list[int]:
    """Search by parts: one answer line for all would be longer than imaplib reads."""
    exists = int(box.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"])
    found: list[int] = []
    for first in range(1, exists + 1, SEARCHED):
        found += box.search([f"{first}:{min(first + SEARCHED - 1, exists)}"])
    return found


if __name__ == "__main__":
    {"bare": _bare, "read": _read, "compare": _compare, "search": _search}[sys.argv[1]](
        int(sys.argv[2]), Path(sys.argv[3])
    )
