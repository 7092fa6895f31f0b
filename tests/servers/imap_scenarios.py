"""What IMAP servers were seen to do, each as a scenario that a proxy plays before an honest one.

A scenario gets a `Stage`: five messages are in its folder and were read, unless it says
`unread`. It may deliver more. When it is over one more is delivered, and reading has to come to
its end: whoever counts then finds every message once.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from servers.imap import DovecotServer
from servers.imap_proxy import GREETING, Exchange, Fault, Meddler
from servers.mailbox import message

from connector.domain.errors import AuthenticationFailed, EdgeError, RateLimited
from connector.pipeline.intake import Intake
from connector.sources.imap import ImapSettings
from connector.store.store import Store

PATIENT_S = 30
BEFORE = 5
"""Messages that are there when a scenario begins."""
DAY = dt.timedelta(days=1)
SEARCH, SIZES, BODIES = "UID SEARCH", r"UID FETCH [\d,:]+ \(RFC", r"UID FETCH [\d,:]+ \(BODY"


class Stage:
    """One folder of an honest server, the proxy before it, and a daemon's reading behind that."""

    def __init__(self, server: Any, store: Store, folder: str, practice: Any) -> None:
        self.server = server
        self.folder = folder
        self.store = store
        self.practice = practice
        self.expected: set[int] = set()
        """Messages that must end as one signal each."""
        self.removed: set[int] = set()
        """Messages that a person removed: stored at most once."""
        self.outages: list[EdgeError] = []
        self.proxy = Meddler(server.port)
        self.hand = server.client()
        """The hand of a person in the same mailbox."""
        self.hand.create_folder(folder)
        self.seen: list[str] = []
        """Where messages were found, in order."""
        self.source: Any = None
        self.open()

    def open(self, **more: Any) -> None:
        """Open the source as a daemon that was started anew does."""
        if self.source is not None:
            self.source.close()
        given = {"timeout_seconds": PATIENT_S, "idle_seconds": 1, "start_from": "everything"}
        settings = ImapSettings(
            name="feedback", host="127.0.0.1", port=self.proxy.port, security="none",
            username="feedback", password="secret", folder=self.folder, **(given | more),
        )  # fmt: skip
        self.source = settings.open(self.practice)
        settle = self.source.settle
        self.source.settle = lambda locators: (self.seen.extend(locators), settle(locators))
        self.intake = Intake(
            self.store, self.source, tenant=self.practice.tenant, kind="imap",
            pause=lambda: "", heartbeat=lambda: None,
        )  # fmt: skip

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Wait for no answer longer than a moment, as long as the server can keep up with that."""
        self.open(timeout_seconds=1 if isinstance(self.server, DovecotServer) else 4)
        yield
        self.open()

    def deliver(self, *numbers: int) -> None:
        """Put messages into the folder, past the proxy."""
        for number in numbers:
            self.hand.append(self.folder, message(number))
            self.expected.add(number)

    def read(self) -> bool:
        """Read once as the daemon does; False after an outage."""
        try:
            self.intake.pull()
        except EdgeError as fault:
            self.outages.append(fault)
            return False
        return True

    def last_locator(self) -> str:
        """Where the message that was stored or met again last is."""
        return self.seen[-1]

    def wait(self) -> None:
        """Wait for news as the daemon does, then read if that was no outage."""
        try:
            self.source.wait(3)
        except EdgeError as fault:
            self.outages.append(fault)

    def remove(self, number: int) -> None:
        """Remove a message as a person does."""
        self.hand.select_folder(self.folder)
        self.hand.delete_messages(self.hand.search(["SUBJECT", f"Feedback {number}"]))
        self.hand.expunge()
        self.hand.select_folder("INBOX")
        self.expected.discard(number)
        self.removed.add(number)

    def close(self) -> None:
        self.source.close()
        self.proxy.stop()
        self.hand.logout()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that servers were seen to do."""

    name: str
    play: Callable[[Stage], None]
    unread: bool = False
    """The first reading is a part of the scenario."""
    outage: type[EdgeError] | None = EdgeError
    """What the daemon notices; None: nothing at all may be noticed."""
    says: str = ""
    """What the outage's sentence must hold."""


SCENARIOS: list[Scenario] = []


def scenario(name: str, **more: Any) -> Callable[[Callable[[Stage], None]], Callable]:
    """Add to the table."""

    def add(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
        SCENARIOS.append(Scenario(name=name, play=play, **more))
        return play

    return add


# Faults


def tells(*pieces: bytes, end: bool = False) -> Fault:
    """Say this instead of the server, which never hears the command."""

    def fault(exchange: Exchange) -> bool | None:
        exchange.tell(*pieces)
        return False if end else None

    return fault


def twists(change: Callable[[bytes], bytes], *, end: bool = False, single: bool = False) -> Fault:
    """Give the server's own answer, changed; `single`: each byte in a packet of its own."""

    def fault(exchange: Exchange) -> bool | None:
        answer = change(exchange.honest())
        exchange.tell(*([answer[at : at + 1] for at in range(len(answer))] if single else [answer]))
        return False if end else None

    return fault


def black_hole(exchange: Exchange) -> bool:
    """Swallow the command and everything after it."""
    while exchange.client_speaks():
        pass
    return False


def hang_up(exchange: Exchange) -> bool:
    del exchange
    return False


def half(answer: bytes) -> bytes:
    return answer[: len(answer) // 2]


def third(instead: bytes) -> Callable[[bytes], bytes]:
    """Put something in the place of what is told of the third message, `{uid}` standing for it."""

    def change(answer: bytes) -> bytes:
        match = re.search(rb"\* 3 FETCH .*?\)\r\n(?=\* 4 )", answer, flags=re.DOTALL)
        assert match is not None
        uid = re.search(rb"UID (\d+)", match[0])
        assert uid is not None
        return answer.replace(match[0], instead.replace(b"{uid}", uid[1]))

    return change


def found(*order: int) -> Fault:
    """Let a search find these messages, by their places in the server's own answer."""

    def change(answer: bytes) -> bytes:
        match = re.search(rb"\* SEARCH ([\d ]+)", answer)
        assert match is not None
        numbers = match[1].split()
        return answer.replace(match[1], b" ".join(numbers[place] for place in order))

    return twists(change)


# The connection


@scenario("connection cut in IDLE", says="ended the connection while waiting")
def _(stage: Stage) -> None:
    def cut(exchange: Exchange) -> bool:
        exchange.tell(b"+ idling\r\n")
        stage.deliver(6)
        return False

    stage.proxy.fail("IDLE", cut)
    stage.wait()


@scenario("black hole in IDLE", says="does not answer")
def _(stage: Stage) -> None:
    def swallow(exchange: Exchange) -> bool:
        exchange.tell(b"+ idling\r\n")
        stage.deliver(6)
        return black_hole(exchange)

    with stage.impatient():
        stage.read()
        stage.proxy.fail("IDLE", swallow)
        stage.wait()


@scenario("black hole before the greeting", unread=True, says="does not answer")
def _(stage: Stage) -> None:
    with stage.impatient():
        stage.proxy.fail(GREETING, black_hole)
        stage.read()


@scenario("black hole at login", unread=True, says="does not answer")
def _(stage: Stage) -> None:
    with stage.impatient():
        stage.proxy.fail("LOGIN", black_hole)
        stage.read()


@scenario("connection cut in the middle of a message", unread=True)
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, twists(half, end=True))
    stage.read()


@scenario("black hole in the middle of a message", unread=True, says="does not answer")
def _(stage: Stage) -> None:
    def swallow(exchange: Exchange) -> bool:
        exchange.tell(half(exchange.honest()))
        return black_hole(exchange)

    with stage.impatient():
        stage.proxy.fail(BODIES, swallow)
        stage.read()


@scenario("an answer in packets of one byte", unread=True, outage=None)
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, twists(lambda answer: answer, single=True))
    stage.read()


@scenario("server killed and started again")
def _(stage: Stage) -> None:
    stage.deliver(6)
    upstream, stage.proxy.upstream = stage.proxy.upstream, 1
    stage.source._drop()
    stage.read()
    stage.proxy.upstream = upstream


@scenario("too many connections", unread=True)
def _(stage: Stage) -> None:
    stage.proxy.fail(GREETING, tells(b"* BYE Too many connections\r\n", end=True), times=2)
    stage.read()
    stage.read()
    logins = stage.proxy.logins
    assert stage.read()
    assert stage.proxy.logins - logins == 1


@scenario("connection cut between search and fetch", unread=True)
def _(stage: Stage) -> None:
    stage.proxy.fail(SIZES, hang_up)
    stage.read()


@scenario("daemon killed between commit and flag", unread=True, outage=None)
def _(stage: Stage) -> None:
    stage.open(after="flag")
    stage.intake._settle = lambda _batch: None
    stage.read()
    stage.open(after="flag")


# News


@scenario("EXISTS before IDLE begins", outage=None)
def _(stage: Stage) -> None:
    def early(exchange: Exchange) -> None:
        stage.deliver(6)
        news = exchange.ask(b"NOOP")
        assert b"6 EXISTS" in news
        exchange.server.sendall(exchange.line)
        exchange.tell(news, exchange.server.recv(65_536))

    stage.proxy.fail("IDLE", early)
    stage.wait()


@scenario("EXISTS in the packet that begins IDLE", outage=None)
def _(stage: Stage) -> None:
    def together(exchange: Exchange) -> None:
        stage.deliver(6)
        news = exchange.ask(b"NOOP")
        exchange.server.sendall(exchange.line)
        exchange.tell(exchange.server.recv(65_536) + news)

    stage.proxy.fail("IDLE", together)
    stage.wait()


@scenario("EXISTS among the answers to a fetch", unread=True, outage=None)
def _(stage: Stage) -> None:
    def early(exchange: Exchange) -> None:
        answer = exchange.honest()
        stage.deliver(6)
        exchange.tell(exchange.ask(b"NOOP") + answer)

    stage.proxy.fail(BODIES, early)
    stage.read()
    stage.wait()


@scenario("half a line in IDLE, the rest later", outage=None)
def _(stage: Stage) -> None:
    def torn(exchange: Exchange) -> None:
        stage.deliver(6)
        news = exchange.ask(b"NOOP")
        exchange.server.sendall(exchange.line)
        exchange.tell(exchange.server.recv(65_536), *(bytes([byte]) for byte in news))

    stage.proxy.fail("IDLE", torn)
    stage.wait()


@scenario("half a line in IDLE, then the end")
def _(stage: Stage) -> None:
    stage.proxy.fail("IDLE", tells(b"+ idling\r\n", b"* 6 EXI", end=True))
    stage.deliver(6)
    stage.wait()


@scenario("BYE in IDLE", says="goodbye")
def _(stage: Stage) -> None:
    stage.proxy.fail("IDLE", tells(b"+ idling\r\n* BYE going down\r\n", end=True))
    stage.deliver(6)
    stage.wait()


@scenario("IDLE is promised, then refused", outage=None)
def _(stage: Stage) -> None:
    stage.proxy.fail("IDLE", tells(b"{tag} NO [UNAVAILABLE] not now\r\n"))
    stage.deliver(6)
    stage.wait()


@scenario("nonsense in IDLE")
def _(stage: Stage) -> None:
    stage.proxy.fail("IDLE", tells(b"+ idling\r\n* \xff\xfe(((\r\n", end=True))
    stage.deliver(6)
    stage.wait()


@scenario("a person removes mail while we wait", outage=None)
def _(stage: Stage) -> None:
    stage.remove(2)
    stage.expected.add(2)  # it was stored before
    stage.wait()


@scenario("mail comes while we read", unread=True, outage=None)
def _(stage: Stage) -> None:
    def late(exchange: Exchange) -> None:
        stage.deliver(6)
        exchange.tell(exchange.honest())

    stage.proxy.fail(BODIES, late)
    stage.read()
    stage.wait()


# Numbers


@scenario("search for what is new gives the last known message", outage=None)
def _(stage: Stage) -> None:
    fetches = sum("FETCH" in one for one in stage.proxy.commands)
    stage.proxy.fail(SEARCH, found(-1))
    stage.read()
    assert sum("FETCH" in one for one in stage.proxy.commands) == fetches


@scenario("numbers out of order", unread=True, outage=None)
def _(stage: Stage) -> None:
    stage.proxy.fail(SEARCH, found(3, 1, 4, 4, 0, 2))
    stage.read()


@scenario("a message shows up late under a low number", unread=True, outage=None)
def _(stage: Stage) -> None:
    stage.proxy.fail(SEARCH, found(0, 1, 3, 4))
    stage.read()
    clock = stage.source._clock
    stage.source._clock = lambda: clock() + DAY
    stage.read()


@scenario("a search that leaves out the newest", unread=True, outage=None)
def _(stage: Stage) -> None:
    stage.proxy.fail(SEARCH, found(0, 1))
    stage.read()


@scenario("UIDVALIDITY becomes higher", outage=None)
def _(stage: Stage) -> None:
    if isinstance(stage.server, DovecotServer):
        words = ("mailbox", "update", "--uid-validity", "2000000001", "-u", "feedback")
        stage.server.doveadm(*words, stage.folder)
    else:
        stage.proxy.fail("EXAMINE", twists(renumbered(b"4000000001")), times=9)
    stage.open()
    stage.deliver(6)


@scenario("UIDVALIDITY becomes lower, all numbers are new", outage=None)
def _(stage: Stage) -> None:
    stage.source.close()
    stage.hand.delete_folder(stage.folder)
    stage.hand.create_folder(stage.folder)
    stage.deliver(6, 5, 4, 3, 2, 1)
    stage.proxy.fail("EXAMINE", twists(renumbered(b"3")), times=9)
    stage.open()


@scenario("UIDVALIDITY changes between two batches")
def _(stage: Stage) -> None:
    stage.open(after="flag")
    stage.deliver(*range(6, 60))
    stage.proxy.fail("UID STORE", hang_up)
    stage.proxy.fail("SELECT", lambda exchange: exchange.tell(exchange.honest()))
    stage.proxy.fail("SELECT", twists(renumbered(b"4000000001")), times=9)
    stage.read()


@scenario("folder deleted while watched, then made anew")
def _(stage: Stage) -> None:
    stage.hand.delete_folder(stage.folder)
    stage.wait()
    stage.source._read_to.clear()
    while stage.read():
        stage.source.close()
    stage.hand.create_folder(stage.folder)


@scenario("folder renumbered while it is open", outage=None)
def _(stage: Stage) -> None:
    """A server that goes on as if nothing was: the next daily comparison notices."""
    stage.proxy.fail("EXAMINE", twists(renumbered(b"4000000001")), times=9)
    stage.deliver(6)
    clock = stage.source._clock
    stage.source._clock = lambda: clock() + DAY
    stage.read()
    assert "UIDVALIDITY=4000000001" in stage.last_locator()


@scenario("mailbox replaced by an empty one", outage=None)
def _(stage: Stage) -> None:
    stage.source.close()
    stage.hand.delete_folder(stage.folder)
    stage.hand.create_folder(stage.folder)
    stage.open()
    stage.read()


@scenario("folder renamed, then made anew", says="opening the folder")
def _(stage: Stage) -> None:
    stage.hand.rename_folder(stage.folder, f"{stage.folder}-old")
    stage.source.close()
    stage.read()
    stage.hand.create_folder(stage.folder)


def renumbered(value: bytes) -> Callable[[bytes], bytes]:
    return lambda answer: re.sub(rb"UIDVALIDITY \d+", b"UIDVALIDITY " + value, answer)


# Messages


@scenario("message removed between search and fetch", unread=True, outage=None)
def _(stage: Stage) -> None:
    def remove(exchange: Exchange) -> None:
        stage.remove(3)
        exchange.tell(exchange.honest())

    stage.proxy.fail(BODIES, remove)
    stage.read()


@scenario("message removed between fetch and flag", unread=True, outage=None)
def _(stage: Stage) -> None:
    def remove(exchange: Exchange) -> None:
        stage.remove(3)
        stage.expected.add(3)
        exchange.tell(exchange.honest())

    stage.open(after="flag")
    stage.proxy.fail("UID STORE", remove)
    stage.read()


@scenario("a message is left out of the answer, once", unread=True, says="leaves out")
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, twists(third(b"")))
    stage.read()


@scenario("a message is answered by NIL, once", unread=True, says="leaves out")
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, twists(third(b"* 3 FETCH (UID {uid} BODY[] NIL)\r\n")))
    stage.read()


@scenario("a message comes empty, once", unread=True, says="leaves out")
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, twists(third(b"* 3 FETCH (UID {uid} BODY[] {0}\r\n)\r\n")))
    stage.read()


@scenario("answers of a fetch in another order", unread=True, outage=None)
def _(stage: Stage) -> None:
    def reverse(answer: bytes) -> bytes:
        pieces = re.split(rb"(?=^\* \d+ FETCH|^\S+ OK )", answer, flags=re.MULTILINE)
        assert len(pieces) > BEFORE
        return b"".join([*reversed(pieces[:-1]), pieces[-1]])

    stage.proxy.fail(BODIES, twists(reverse))
    stage.read()


@scenario("a person reads mail while we fetch", unread=True, outage=None)
def _(stage: Stage) -> None:
    def flags(answer: bytes) -> bytes:
        told = b"* 3 FETCH (FLAGS (\\Seen))\r\n* 4 FETCH (UID 4 FLAGS (\\Seen))\r\n"
        return told + answer.replace(b"* 2 FETCH", told + b"* 2 FETCH", 1)

    stage.proxy.fail(BODIES, twists(flags))
    stage.read()


@scenario("nothing that we do marks mail as seen", unread=True, outage=None)
def _(stage: Stage) -> None:
    stage.read()
    stage.hand.select_folder(stage.folder, readonly=True)
    told = stage.hand.fetch(stage.hand.search(), ["FLAGS"])
    stage.hand.select_folder("INBOX")
    assert not any(b"\\Seen" in one[b"FLAGS"] for one in told.values())
    assert not any("BODYSTRUCTURE" in one for one in stage.proxy.commands)


@scenario("binary literals", unread=True, outage=None)
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, twists(lambda answer: re.sub(rb" (\{\d+\}\r\n)", rb" ~\1", answer)))
    stage.read()


@scenario("impossible dates", unread=True, outage=None)
def _(stage: Stage) -> None:
    def spoilt(answer: bytes) -> bytes:
        date = b'INTERNALDATE "99-Foo-2026 77:00:00 +9900"'
        return re.sub(rb'INTERNALDATE "[^"]+"', date, answer)

    stage.proxy.fail(SIZES, twists(spoilt))
    stage.read()


@scenario("sizes are not told", unread=True, outage=None)
def _(stage: Stage) -> None:
    stage.proxy.fail(SIZES, tells(b"{tag} OK done\r\n"))
    stage.read()


@scenario("a literal size that is a lie", unread=True)
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, tells(b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nabc"))
    stage.read()


@scenario("a literal longer than it says", unread=True)
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, twists(lambda answer: re.sub(rb"\{\d+\}", b"{9}", answer)))
    stage.read()


@scenario("items outside the brackets", unread=True)
def _(stage: Stage) -> None:
    def outside(answer: bytes) -> bytes:
        return re.sub(rb"\)\r\n(?=\* |\S+ OK)", b")\r\n FLAGS () RFC822.SIZE 99)\r\n", answer)

    stage.proxy.fail(BODIES, twists(outside))
    stage.read()


@scenario("a bracket too many", unread=True)
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, tells(b"* 1 FETCH (UID 1 (\r\n{tag} OK done\r\n"))
    stage.read()


@scenario("two messages with one Message-ID", outage=None)
def _(stage: Stage) -> None:
    other = message(6).replace(b"<6@", b"<5@")
    stage.hand.append(stage.folder, other)
    stage.expected.add(6)
    stage.read()


@scenario("a message without Message-ID, copied by a person", outage=None)
def _(stage: Stage) -> None:
    bare = message(6).replace(b"Message-ID: <6@example.com>\r\n", b"")
    for _ in range(2):
        stage.hand.append(stage.folder, bare)
    stage.expected.add(6)
    stage.read()


# Refusals


@scenario("login is not possible now", unread=True, says="UNAVAILABLE")
def _(stage: Stage) -> None:
    stage.proxy.fail("LOGIN", tells(b"{tag} NO [UNAVAILABLE] later\r\n"))
    stage.read()


@scenario("greeted as logged in already", unread=True, outage=None)
def _(stage: Stage) -> None:
    def greet(exchange: Exchange) -> None:
        exchange.server.recv(65_536)
        exchange.ask(b"LOGIN feedback secret")
        exchange.tell(b"* PREAUTH welcome\r\n")

    stage.proxy.fail(GREETING, greet)
    stage.read()
    assert stage.proxy.logins == 0
    stage.source.close()


@scenario("token expired in IDLE", says="goodbye")
def _(stage: Stage) -> None:
    told = b"+ idling\r\n* BYE Session invalidated - AccessTokenExpired\r\n"
    stage.proxy.fail("IDLE", tells(told, end=True))
    stage.deliver(6)
    stage.wait()


@scenario("login, then the end", unread=True)
def _(stage: Stage) -> None:
    stage.proxy.fail("LOGIN", hang_up)
    stage.read()


@scenario("refused login", unread=True, outage=AuthenticationFailed, says="mend them")
def _(stage: Stage) -> None:
    now = [0.0]
    stage.source._monotonic = lambda: now[0]
    stage.proxy.fail("LOGIN", tells(b"{tag} NO [AUTHENTICATIONFAILED] no\r\n"))
    stage.read()
    stage.read()
    assert stage.proxy.logins == 1
    now[0] = 301.0


@scenario("authenticated but not connected", unread=True, outage=AuthenticationFailed,
          says="IMAP enabled")  # fmt: skip
def _(stage: Stage) -> None:
    stage.proxy.fail("EXAMINE", tells(b"{tag} NO User is authenticated but not connected.\r\n"))
    stage.read()


@scenario("throttled at login", unread=True, outage=RateLimited)
def _(stage: Stage) -> None:
    stage.proxy.fail("LOGIN", tells(b"{tag} NO [LIMIT] connections\r\n"))
    stage.read()


@scenario("throttled at opening", unread=True, outage=RateLimited)
def _(stage: Stage) -> None:
    stage.proxy.fail("EXAMINE", tells(b"{tag} NO [THROTTLED] slow down\r\n"))
    stage.read()


@scenario("throttled at fetching", unread=True, outage=RateLimited)
def _(stage: Stage) -> None:
    stage.proxy.fail(BODIES, tells(b"{tag} NO [THROTTLED] slow down\r\n"))
    stage.read()


@scenario("search over quota", unread=True, outage=RateLimited)
def _(stage: Stage) -> None:
    stage.proxy.fail(SEARCH, tells(b"{tag} NO [OVERQUOTA] full\r\n"))
    stage.read()


@scenario("no permission to open, once", unread=True, says="NOPERM")
def _(stage: Stage) -> None:
    stage.proxy.fail("EXAMINE", tells(b"{tag} NO [NOPERM] no\r\n"))
    stage.read()


@scenario("no permission to flag", unread=True, outage=None)
def _(stage: Stage) -> None:
    stage.open(after="flag")
    stage.proxy.fail("UID STORE", tells(b"{tag} NO [NOPERM] read only\r\n"), times=9)
    stage.read()


@scenario("a mailbox that may only be read, though mail is to be flagged", unread=True,
          outage=None)  # fmt: skip
def _(stage: Stage) -> None:
    def only_reading(answer: bytes) -> bytes:
        return answer.replace(b"[READ-WRITE]", b"[READ-ONLY]")

    stage.open(after="flag")
    stage.proxy.fail("SELECT", twists(only_reading), times=9)
    stage.read()


def names() -> Iterator[str]:
    return (one.name for one in SCENARIOS)
