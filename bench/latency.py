"""From a mail's delivery to the POST at the helpdesk, beyond the server's own notification.

A bare client in IDLE stands beside the daemon at the same mailbox: what the server takes to
tell of a new mail is the server's, the rest is ours. The helpdesk is django-helpdesk behind a
proxy that notes when each POST arrives.
"""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from imapclient import IMAPClient
from servers.imap import DOVECOT, DovecotServer, PymapServer

from bench.figures import Figure, percentile, spread
from bench.mailbox import message
from bench.measure import daemon
from bench.sizes import Sizes
from campaign.stage import write_config
from connector.demo import processes
from connector.testing.proxy import Fate, FaultProxy

TARGET_MS = 200
WAIT_S = 30.0
BETWEEN_S = 0.1


class Watch(FaultProxy):
    """Notes when POSTs arrive."""

    def __init__(self, port: int) -> None:
        """Stand before that port."""
        self.arrivals: list[float] = []
        self.came = threading.Condition()
        super().__init__(port)

    def _next_fate(self, method: bytes) -> Fate:
        if method == b"POST":
            with self.came:
                self.arrivals.append(time.monotonic())
                self.came.notify_all()
        return Fate.CALM


class Bystander(threading.Thread):
    """Notes when the server tells of each new mail."""

    def __init__(self, box: IMAPClient) -> None:
        """Look at the mailbox of a client that is logged in."""
        super().__init__(daemon=True)
        self.told: list[float] = []
        self._box = box
        self._box.select_folder("INBOX", readonly=True)
        self._box.idle()
        self.ending = threading.Event()

    def run(self) -> None:
        """Listen until told to end."""
        while not self.ending.is_set():
            for answer in self._box.idle_check(timeout=0.5):
                if answer[1:] == (b"EXISTS",):
                    self.told.append(time.monotonic())


def run(sizes: Sizes) -> list[Figure]:
    """Send mails one by one, each after the POST for the one before."""
    server = DovecotServer() if DOVECOT else PymapServer()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        stack.callback(server.stop)
        folder = Path(name)
        site = processes.site(folder, "UTC")
        stack.callback(site.stop)
        access = processes.site_access(site.ready())
        watch = Watch(int(access["port"]))
        stack.callback(watch.close)
        box = stack.enter_context(server.client())
        bystander = Bystander(stack.enter_context(server.client()))
        config = write_config(folder, server.port, watch.port, access["token"])
        stack.enter_context(daemon(config))
        bystander.start()
        sent = [_send(box, watch, number) for number in range(sizes.mails + 1)]
        bystander.ending.set()
        bystander.join()
    told = bystander.told[1:]
    pairs = zip(sent[1:], told, watch.arrivals[1:], strict=True)
    ours, theirs = [], []
    for began, heard, posted in pairs:
        ours.append(posted - heard)
        theirs.append(heard - began)
    p99_ms = percentile(ours, 99) * 1_000
    return [
        Figure(
            name=f"delivery to POST, beyond the notification ({type(server).__name__})",
            ours=spread(ours),
            beside=f"the server's notification {spread(theirs)}",
            ratio="",
            target=f"p99 at most {TARGET_MS} ms",
            met=p99_ms <= TARGET_MS,
        )
    ]


def _send(box: IMAPClient, watch: Watch, number: int) -> float:
    """Append one mail and wait for its POST; gives when the appending began."""
    with watch.came:
        before = len(watch.arrivals)
        began = time.monotonic()
        box.append("INBOX", message(number))
        if not watch.came.wait_for(lambda: len(watch.arrivals) > before, WAIT_S):
            raise RuntimeError(f"mail {number} made no ticket")
    time.sleep(BETWEEN_S)  # the rest of the delivery, and IDLE again
    return began
