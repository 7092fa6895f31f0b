"""The harness bites: the naive client, in the same weather and killed as often, is caught."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from campaign.judge import WORD
from campaign.patients import Happening, world
from campaign.weather import Weather
from connector.demo import processes

SETTLE_S = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """What became of the naive client's mails."""

    mails: int
    kills: int
    faults: int
    doubled: int
    """Tickets too many."""
    lost: int
    """Mails without a ticket."""


def catch(seed: int, *, kills: int, people: int, fault_rate: float) -> Caught:
    """Run the naive client through kills and weather; count what it did."""
    chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
    happenings, _ = world(seed, people)
    mails = list({item.data: item for item in happenings if item.kind == "mail"}.values())
    with tempfile.TemporaryDirectory(prefix="amends-naive-") as name, ExitStack() as stack:
        folder = Path(name)
        site = processes.site(folder, "UTC")
        stack.callback(site.stop)
        mailbox = processes.mailbox(folder, "secret")
        stack.callback(mailbox.stop)
        access = processes.site_access(site.ready())
        weather = Weather(int(access["port"]), seed=seed, rate=fault_rate)
        stack.callback(weather.close)
        port = int(mailbox.ready())
        command = [sys.executable, "-m", "campaign.naive", "--state", str(folder / "seen.db")]
        command += ["--mail-port", str(port), "--url", f"http://127.0.0.1:{weather.port}"]
        command += ["--token", access["token"]]
        feeder = threading.Thread(target=_feed, args=(port, mails, kills))
        feeder.start()
        deaths = 0
        while deaths < kills or feeder.is_alive():
            process = subprocess.Popen(command)
            time.sleep(chance.uniform(0.6, 1.6))
            process.kill()
            process.wait()
            deaths += 1
        weather.rate = 0.0
        process = subprocess.Popen(command)
        time.sleep(SETTLE_S)
        process.kill()
        process.wait()
        doubled, lost = _count(folder / "helpdesk" / "db.sqlite3", mails)
        faults = weather.faults
    return Caught(mails=len(mails), kills=deaths, faults=faults, doubled=doubled, lost=lost)


def _feed(port: int, mails: list[Happening], kills: int) -> None:
    with IMAPClient("127.0.0.1", port, ssl=False, timeout=30) as box:
        box.login("feedback", "secret")
        for mail in mails:
            box.append("INBOX", mail.data)
            time.sleep(kills / max(1, len(mails)))


def _count(database: Path, mails: list[Happening]) -> tuple[int, int]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT description FROM helpdesk_ticket").fetchall()
    found = Counter(word for (text,) in rows for word in set(WORD.findall(text or "")))
    said = {WORD.findall(mail.data.decode(errors="replace"))[0] for mail in mails}
    doubled = sum(count - 1 for count in found.values())
    return doubled, sum(word not in found for word in said)
