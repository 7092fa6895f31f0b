"""The play: servers, daemon, patients, a kill between POST and commit, and the judgement."""

from __future__ import annotations

import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connector.app import open_store
from connector.audit.verify import verify
from connector.demo import judge, phone, processes, scenario
from connector.demo.clock import Clock
from connector.demo.judge import Finding, Said
from connector.demo.narrator import Narrator
from connector.demo.stage import ZONE, Stage
from connector.domain.errors import Unavailable
from connector.pipeline.reconcile import account
from connector.settings import load

PATIENCE_S = 180.0
"""Everything must have come to its end within this time after the last thing happened."""
LOOK_S = 0.5
CRASH_POINT = "delivery.sent"
"""After the helpdesk answered, before that was written down."""

Tell = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Play:
    """One performance: everything that runs, and where it is."""

    stage: Stage
    daemon: processes.Daemon
    narrator: Narrator
    clock: Clock
    login: tuple[str, str]
    """User and password of a person in the helpdesk."""
    tell: Tell

    def perform(self) -> None:
        """Let everything happen while the daemon watches."""
        mails = scenario.mails(self.clock)
        self._kill_between_post_and_commit(mails[0].raw)
        self.daemon.watch()
        for mail in mails[1:]:
            self.tell(f"+ mail arrives: {mail.title}")
            self.stage.deliver(mail.raw)
            self._look_for(1.0)
        for ring in phone.calls(self.clock):
            self.tell(f"+ the phone system writes its log: {ring.title}")
            self.stage.ring(ring.lines)
            self._look_for(1.0)
        self.tell("+ a Qualtrics export is dropped: 4 responses")
        self.stage.drop_survey(scenario.survey(self.clock))
        self._until_ended(scenario.expected(self.clock).items - len(scenario.AGAIN_EXPECT))
        self.tell("+ the same export again: one answer was changed, one is new")
        self.stage.drop_survey(scenario.survey(self.clock, again=True))

    def settle(self) -> bool:
        """Wait until everything has come to its end; False when it did not in time."""
        return self._until_ended(scenario.expected(self.clock).items, all_told=True)

    def _until_ended(self, items: int, *, all_told: bool = False) -> bool:
        """Wait until so many items came to their end, and all is told to the helpdesk."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            ended, waiting = self.narrator.look()
            if ended >= items and not (all_told and waiting):
                return True
            time.sleep(LOOK_S)
        return False

    def judged(self) -> list[Finding]:
        """Hold the helpdesk's own records, and ours, against what was promised."""
        tickets = judge.read_tickets(self.stage.helpdesk_url, self.stage.helpdesk_token)
        mails = {mail.raw: mail for mail in scenario.mails(self.clock)}
        said = [Said(expect=m.expect, words=m.words) for m in mails.values() if m.words]
        said.append(Said(expect=scenario.JOINS, words=scenario.EDITED))
        wanted = scenario.expected(self.clock).tickets
        return [
            *judge.judge(tickets, said, wanted),
            judge.judge_mail(self.stage.folder),
            *self._our_books(),
        ]

    def _our_books(self) -> Iterator[Finding]:
        store = open_store(load(self.stage.config), "reader", "demo")
        try:
            found = account(store)
            with store.read() as connection:
                report = verify(connection, instance=store.instance, at=store.clock())
        finally:
            store.close()
        yield Finding(
            promise="everything accounted for", kept=found.imbalance == 0, seen=found.line()
        )
        yield Finding(
            promise="the ledger verifies",
            kept=report.ok,
            seen=f"{sum(chain.entries for chain in report.chains.values())} entries",
        )

    def _kill_between_post_and_commit(self, raw: bytes) -> None:
        self.tell("+ a mail arrives, and the daemon is killed (SIGKILL) right after its POST")
        pid = self.daemon.crash_once_at(CRASH_POINT)
        self.stage.deliver(raw)
        status = self.daemon.wait_for_death(PATIENCE_S)
        if status != -signal.SIGKILL:
            raise Unavailable("demo", f"the daemon should have been killed, but ended as {status}")
        self.tell(f"  daemon {pid} is dead: the ticket was made, nobody wrote that down")
        self.daemon.restart()
        self.tell(f"  daemon {self.daemon.pid} is in doubt: it looks for the ticket first")

    def _look_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.narrator.look()
            time.sleep(LOOK_S / 2)


@contextmanager
def staged(folder: Path, tell: Tell) -> Iterator[Play]:
    """Start mailbox, helpdesk and daemon in a folder; everything ends with the context."""
    password = secrets.token_urlsafe(12)
    with ExitStack() as stack:
        tell("starting a mailbox (pymap), a helpdesk (django-helpdesk) and the daemon ...")
        mailbox = processes.mailbox(folder, password)
        stack.callback(mailbox.stop)
        site = processes.site(folder, ZONE)
        stack.callback(site.stop)
        access = processes.site_access(site.ready())
        stage = Stage(
            folder=folder,
            mail_port=int(mailbox.ready()),
            mail_password=password,
            helpdesk_url=access["url"],
            helpdesk_token=access["token"],
        )
        stage.build()
        daemon = processes.Daemon(
            stage.config, folder, lambda pid, status: tell(_death(pid, status))
        )
        stack.callback(daemon.stop)
        yield Play(
            stage=stage,
            daemon=daemon,
            narrator=Narrator(stage, tell),
            clock=Clock(start=datetime.now(UTC).replace(microsecond=0)),
            login=(access["user"], access["password"]),
            tell=tell,
        )


def _death(pid: int, status: int) -> str:
    how = f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
    return f"! daemon {pid} {how}; it is started again, as systemd would"
