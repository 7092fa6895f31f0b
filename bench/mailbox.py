"""Mail to committed case and outbox, beside django-helpdesk's own `get_email`.

Both read the same 1,000 messages from the same IMAP server (Dovecot where it is
installed, else pymap) and write to SQLite in the same folder. The peer makes tickets in
its own database; ours ends with cases and with the changes owed to a helpdesk, durable.
Beside the rates stands the processor time of each, which a busy machine changes less, and what
a client reaches that fetches all messages and does nothing with them: the server's limit.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from imapclient import IMAPClient
from servers.imap import DOVECOT, DovecotServer, PymapServer

from bench.figures import Figure, rate
from bench.measure import child, peak_mb, rss_mb, tell
from bench.sizes import Sizes
from connector.sources.imap.fetching import BATCH

TARGET = 20
MEMORY_MB = 60


def message(number: int) -> bytes:
    """One complaint of about 1.6 KB, each by another person; every second one has an HTML twin."""
    words = (
        f"I waited for {20 + number % 60} minutes and nobody told me why. When I asked at the "
        "desk the answer was short. I was promised a call about my results and it never came. "
    )
    mail = EmailMessage()
    mail["From"] = f"Patient {_name(number)} <patient{number}@patient.example>"
    mail["To"] = "feedback@practice.example"
    mail["Subject"] = f"My visit, number {number}"
    mail["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
    mail["Message-ID"] = f"<bench.{number}@patient.example>"
    mail["Received"] = "from mx.example (mx.example [192.0.2.1]) by mail.example; " * 3
    mail.set_content(f"Dear team,\n\n{words * 3}\n\nRegards\n{_name(number)}\n")
    if number % 2:
        mail.add_alternative(f"<html><body><p>{words * 3}</p></body></html>", subtype="html")
    return bytes(mail).replace(b"\n", b"\r\n")


def run(sizes: Sizes) -> list[Figure]:
    """Run both, peer last, because it deletes what it read."""
    server = DovecotServer() if DOVECOT else PymapServer()
    if isinstance(server, PymapServer):
        server.start()
    try:
        with server.client() as box:
            for number in range(sizes.messages):
                box.append("INBOX", message(number))
        with tempfile.TemporaryDirectory() as folder:
            bare = child("bench.mailbox", "bare", str(server.port), folder)
            ours = child("bench.mailbox", "ours", str(server.port), folder)
            peer = child("bench.mailbox", "peer", str(server.port), folder)
    finally:
        server.stop()
    ratio = peer["seconds"] / ours["seconds"]
    return [
        Figure(
            name=f"mail to committed case and outbox ({type(server).__name__})",
            ours=rate(ours["done"], ours["seconds"]),
            beside=f"get_email {rate(peer['done'], peer['seconds'])}",
            ratio=f"{ratio:.1f} times",
            target=f"at least {TARGET} times",
            met=ratio >= TARGET and ours["done"] == peer["done"] == sizes.messages,
        ),
        Figure(
            name="processor time of that",
            ours=_each(ours),
            beside=f"get_email {_each(peer)}",
            ratio=f"{peer['cpu_s'] / peer['done'] / (ours['cpu_s'] / ours['done']):.1f} times",
            target="",
        ),
        Figure(
            name="share of the server's limit that this is",
            ours=rate(ours["done"], ours["seconds"]),
            beside=f"a bare fetch {rate(bare['done'], bare['seconds'])}",
            ratio=f"{bare['seconds'] / bare['done'] / (ours['seconds'] / ours['done']):.1%}",
            target="",
        ),
        Figure(
            name="memory beyond the imports, at the peak of that",
            ours=f"{ours['peak_mb'] - ours['before_mb']:.0f} MB",
            beside=f"get_email {peer['peak_mb'] - peer['before_mb']:.0f} MB",
            ratio="",
            target=f"at most {MEMORY_MB} MB",
            met=ours["peak_mb"] - ours["before_mb"] <= MEMORY_MB,
        ),
    ]


def _each(found: dict[str, Any]) -> str:
    return f"{found['cpu_s'] / found['done'] * 1_000:.2f} ms a mail"


def _bare(port: int, folder: Path) -> None:
    """Fetch every message, in batches as large as ours, and drop it."""
    del folder
    began = time.perf_counter()
    done = 0
    with IMAPClient("127.0.0.1", port=port, ssl=False) as box:
        box.login("feedback", "secret")
        box.select_folder("INBOX", readonly=True)
        numbers = box.search(["ALL"])
        for start in range(0, len(numbers), BATCH):
            done += len(box.fetch(numbers[start : start + BATCH], ["BODY.PEEK[]"]))
    tell(seconds=time.perf_counter() - began, done=done)


def _ours(port: int, folder: Path) -> None:
    """Read, store, judge and owe everything; the clock runs from login to the last commit."""
    from campaign.stage import write_config
    from connector import app
    from connector.settings import load

    before_mb = rss_mb(os.getpid())
    settings = load(write_config(folder, port, 9, "token"))
    built = app.build(settings)
    config, source = built.sources[0]
    began, used = time.perf_counter(), time.process_time()
    built.intake(config, source, lambda: None).pull()
    done = 0
    while count := built.casework.step():
        done += count
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - used
    built.close()
    tell(seconds=seconds, cpu_s=cpu_s, done=done, before_mb=before_mb, peak_mb=peak_mb())


def _peer(port: int, folder: Path) -> None:
    """Let django-helpdesk read the mailbox as its `get_email` command does."""
    from connector.demo import helpdesk_site

    place = folder / "peer"
    place.mkdir(mode=0o700)
    access = helpdesk_site._access(place)  # noqa: SLF001 - a bench looks inside
    helpdesk_site._application(place, access["secret_key"], "UTC")  # noqa: SLF001 - a bench looks inside
    helpdesk_site._seed(access)  # noqa: SLF001 - a bench looks inside
    from helpdesk.email import process_email
    from helpdesk.models import Queue, Ticket

    before_mb = rss_mb(os.getpid())
    logging.disable(logging.CRITICAL)
    queue = Queue.objects.get()
    queue.email_box_type, queue.allow_email_submission = "imap", True
    queue.email_box_host, queue.email_box_port = "127.0.0.1", port
    queue.email_box_user, queue.email_box_pass = "feedback", "secret"
    queue.email_box_imap_folder, queue.email_box_interval = "INBOX", 0
    queue.save()
    began, used = time.perf_counter(), time.process_time()
    process_email(quiet=True)
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - used
    done = Ticket.objects.count()
    tell(seconds=seconds, cpu_s=cpu_s, done=done, before_mb=before_mb, peak_mb=peak_mb())


def _name(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(number)).capitalize()


if __name__ == "__main__":
    {"bare": _bare, "ours": _ours, "peer": _peer}[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))
