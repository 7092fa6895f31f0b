"""Mail servers in the wild: whatever they do, every message is processed once."""

from __future__ import annotations

import contextlib
import datetime as dt
import tracemalloc
from zoneinfo import ZoneInfo

import pytest
from servers.imap import DOVECOT, PASSWORD, USER, DovecotServer
from servers.mailbox import Daemon, FakeMailbox, Wire, message

from connector.domain.errors import AuthenticationFailed, RateLimited
from connector.domain.practice import Practice
from connector.domain.signal import Signal, Unreadable
from connector.recovery.wording import seen
from connector.sources.imap import ImapSettings
from connector.sources.imap.place import read_cursor

PRACTICE = Practice(tenant="practice", name="Practice", zone=ZoneInfo("UTC"))
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


@contextlib.contextmanager
def running(server):
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server():
    with running(FakeMailbox(*(message(number) for number in range(1, 6)))) as server:
        yield server


@pytest.fixture
def daemon_on():
    daemons = []

    def daemon_on(port, **more):
        given = {"username": USER, "password": PASSWORD, "timeout_seconds": 1, "idle_seconds": 1}
        made = ImapSettings(
            name="feedback", host="127.0.0.1", security="none", port=port, **(given | more)
        )
        daemons.append(Daemon(lambda: made.open(PRACTICE)))
        return daemons[-1]

    yield daemon_on
    for daemon in daemons:
        daemon.source.close()


@pytest.fixture
def daemon(server, daemon_on):
    return daemon_on(server.port)


def senders(daemon):
    return sorted(int(item.contact.email[1:].partition("@")[0]) for item in daemon.heard)


# What happens while the daemon waits; a sixth message comes in that moment or later


def hang_up(conn, tag, lines):
    del conn, tag, lines
    return False


def idling(*pieces, end=True):
    def idle(conn, tag, lines):
        for piece in pieces:
            conn.sendall(piece)
        if not end:
            return False
        lines.readline()
        conn.sendall(tag + b" OK done\r\n")
        return True

    return idle


def silence(conn, tag, lines):
    """A black hole: the connection stays, and nobody answers; ends when the client gives up."""
    del tag
    conn.sendall(b"+ idling\r\n")
    while lines.readline():
        pass
    return False


WAITING = {
    "cut in IDLE": idling(b"+ idling\r\n", end=False),
    "cut before IDLE begins": hang_up,
    "black hole in IDLE": silence,
    "EXISTS before the prompt": idling(b"* 6 EXISTS\r\n+ idling\r\n"),
    "EXISTS together with the end": idling(b"+ idling\r\n* 6 EXISTS\r\n"),
    "half a line, then the end": idling(b"+ idling\r\n* 6 EXI", end=False),
    "BYE in IDLE": idling(b"+ idling\r\n* BYE going down\r\n", end=False),
    "IDLE refused": b"{tag} NO [UNAVAILABLE] not now\r\n",
    "EXPUNGE in IDLE": idling(b"+ idling\r\n* 1 EXPUNGE\r\n* 5 EXISTS\r\n"),
    "nonsense in IDLE": idling(b"+ idling\r\n* \xff\xfe(((\r\n", end=False),
}


@pytest.mark.parametrize("fault", WAITING.values(), ids=WAITING)
def test_whatever_happens_while_waiting_no_message_is_missed(server, daemon, fault):
    daemon.until_read()
    server.fail("IDLE", fault)
    server.inbox[6] = message(6)
    daemon.wait()
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5, 6]


# What happens while the daemon reads


def piecewise(answer):
    """Each byte in a packet of its own."""

    def send(conn, tag, lines):
        del lines
        for byte in answer.replace(b"{tag}", tag):
            conn.sendall(bytes([byte]))

    return send


SIZES = b"".join(
    b'* %d FETCH (UID %d RFC822.SIZE 99 INTERNALDATE "99-Foo-2026 77:00:00 +9900")\r\n' % (n, n)
    for n in range(1, 6)
)
READING = {
    "connection refused by a greeting": ("CAPABILITY", b"* BYE too many connections\r\n", False),
    "login, then the end": ("LOGIN", hang_up, True),
    "login unavailable": ("LOGIN", b"{tag} NO [UNAVAILABLE] later\r\n", True),
    "select throttled": ("EXAMINE", b"{tag} NO [THROTTLED] slow down\r\n", True),
    "select without permission, once": ("EXAMINE", b"{tag} NO [NOPERM] no\r\n", True),
    "search, then the end": ("UID SEARCH", hang_up, True),
    "search over quota": ("UID SEARCH", b"{tag} NO [OVERQUOTA] full\r\n", True),
    "search never answered": ("UID SEARCH", silence, True),
    "sizes, then BYE": ("UID FETCH 1,2,3,4,5 (RFC822", b"* BYE\r\n", False),
    "impossible dates": ("UID FETCH 1,2,3,4,5 (RFC822", SIZES + b"{tag} OK done\r\n", False),
    "sizes unsaid": ("UID FETCH 1,2,3,4,5 (RFC822", b"{tag} OK done\r\n", False),
    "fetch throttled": ("UID FETCH 1,2,3,4,5 (BODY", b"{tag} NO [THROTTLED] slow\r\n", True),
    "fetch with a bracket too many": ("UID FETCH 1,2,3,4,5 (BODY", b"* 1 FETCH (UID 1 (\r\n", True),
    "a literal size that is a lie": (
        "UID FETCH 1,2,3,4,5 (BODY", b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nabc", True,
    ),
    "a literal cut short": ("UID FETCH 1,2,3,4,5 (BODY", idling(
        b"* 1 FETCH (UID 1 BODY[] {80}\r\nFrom: someb", end=False), True),
}  # fmt: skip


@pytest.mark.parametrize(("command", "fault", "outage"), READING.values(), ids=READING)
def test_whatever_happens_while_reading_every_message_is_read_once(
    server, daemon, command, fault, outage
):
    server.fail(command, fault)
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5]
    assert all(isinstance(item, Signal) for item in daemon.heard)
    assert bool(daemon.outages) >= outage
    assert not server.faults


def test_reading_never_asks_for_anything_that_marks_a_message_as_seen(server, daemon):
    daemon.until_read()
    asked = [one for one in server.commands if "FETCH" in one]
    assert asked
    assert all("BODY.PEEK" in one or "RFC822.SIZE" in one for one in asked)
    assert not any("BODYSTRUCTURE" in one or "RFC822)" in one for one in asked)


def test_an_answer_in_packets_of_one_byte_is_read(server, daemon):
    text = "BODY.PEEK[]"
    server.fail(
        "UID FETCH 1,2,3,4,5 (BODY",
        piecewise(b"".join(server.fetched(uid, text) for uid in range(1, 6)) + b"{tag} OK d\r\n"),
    )
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5]
    assert daemon.outages == []


def test_a_message_removed_between_search_and_fetch_is_counted(server, daemon):
    def remove(conn, tag, lines):
        del lines
        del server.inbox[3]
        conn.sendall(b"* 3 FETCH (UID 3 BODY[] NIL)\r\n")
        conn.sendall(server.untagged("UID FETCH 1,2,3,4,5 (BODY.PEEK[])") + tag + b" OK done\r\n")

    server.fail("UID FETCH 1,2,3,4,5 (BODY", remove)
    daemon.until_read()
    assert senders(daemon) == [1, 2, 4, 5]
    assert daemon.source.vanished == 1


def test_a_message_in_a_form_that_nobody_can_read_is_shown_and_the_others_are_read(server, daemon):
    honest = server.fetched

    def literal8(uid, items):
        if uid == 3 and "BODY" in items:
            return b"* 3 FETCH (UID 3 BODY[] ~{3})\r\n"
        return honest(uid, items)

    server.fetched = literal8
    daemon.until_read()
    assert [type(item) for item in daemon.heard].count(Unreadable) == 1
    assert len(daemon.heard) == 5


def test_a_crash_after_any_batch_loses_and_doubles_nothing(server, daemon):
    for number in range(6, 131):
        server.inbox[number] = message(number)
    reading = daemon.source.read(None)
    daemon.cursor = next(reading).cursor  # committed elsewhere, then the power failed
    daemon.crash()
    daemon.until_read()
    assert len(daemon.heard) == 80
    assert senders(daemon)[0] == 51


def test_a_renumbered_mailbox_is_read_again_and_nothing_is_new(server, daemon):
    daemon.until_read()
    server.uidvalidity = 5  # lower than before, as pymap does
    server.folders["INBOX"] = {uid + 40: raw for uid, raw in server.inbox.items()}
    server.inbox[99] = message(6)
    daemon.crash()
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5, 6]


def test_a_mailbox_renumbered_between_two_batches_begins_anew(server, daemon_on):
    daemon = daemon_on(server.port, after="flag")
    for number in range(6, 61):
        server.inbox[number] = message(number)
    server.fail("UID STORE", hang_up)
    daemon.read()
    server.uidvalidity = 8
    daemon.until_read()
    assert senders(daemon) == list(range(1, 61))


def test_a_mailbox_replaced_by_an_empty_one_is_no_error(server, daemon):
    daemon.until_read()
    server.uidvalidity = 9
    server.folders["INBOX"] = {}
    daemon.crash()
    assert daemon.read()
    server.inbox[1] = message(7)
    assert daemon.read()
    assert senders(daemon) == [1, 2, 3, 4, 5, 7]


def test_a_message_that_shows_up_late_under_a_low_number_is_found_within_a_day(server, daemon):
    late = server.inbox.pop(3)
    now = NOW
    daemon.source._clock = lambda: now
    daemon.until_read()
    server.inbox[3] = late
    now = NOW + dt.timedelta(hours=23)
    daemon.until_read()
    assert senders(daemon) == [1, 2, 4, 5]
    now = NOW + dt.timedelta(hours=24)
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5]
    told = read_cursor(daemon.cursor).folders["INBOX"]
    assert (told.count, told.missed, told.known) == (5, 1, ((1, 5),))


def test_a_search_that_leaves_out_the_newest_is_made_good(server, daemon):
    server.fail("UID SEARCH", b"* SEARCH 1 2\r\n{tag} OK done\r\n")
    daemon.until_read()
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5]


def test_refused_logins_are_five_minutes_apart_and_end_with_the_right_password(server, daemon):
    now = 0.0
    daemon.source._monotonic = lambda: now
    server.fail("LOGIN", b"{tag} NO [AUTHENTICATIONFAILED] no\r\n", times=2)
    for now in (0.0, 60.0, 200.0, 299.0, 300.0, 500.0, 599.0):  # noqa: B007 - the clock reads it
        assert not daemon.read()
        assert isinstance(daemon.outages[-1], AuthenticationFailed)
    assert sum(one.startswith("LOGIN") for one in server.commands) == 2
    now = 601.0
    assert daemon.read()
    assert senders(daemon) == [1, 2, 3, 4, 5]


def test_a_server_that_asks_for_a_pause_is_given_one(server, daemon):
    server.fail("LOGIN", b"{tag} NO [LIMIT] connections\r\n")
    assert not daemon.read()
    assert isinstance(daemon.outages[0], RateLimited)
    assert daemon.outages[0].retry_after_s == 300


def test_a_dead_peer_is_noticed_at_the_renewal_and_the_next_round_trip(server, daemon_on):
    daemon = daemon_on(server.port)
    daemon.until_read()
    server.fail("IDLE", silence)
    assert daemon.wait(3_600.0) is False
    assert "does not answer" in daemon.outages[0].problem
    default = ImapSettings(name="f", host="h", username="u", password="p")
    assert default.idle_seconds + default.timeout_seconds <= 150


def test_a_mailbox_that_lets_nothing_be_flagged_is_read_all_the_same(server, daemon_on):
    daemon = daemon_on(server.port, after="flag")
    server.fail("UID STORE", b"{tag} NO [NOPERM] read only\r\n", times=9)
    daemon.until_read()
    server.inbox[6] = message(6)
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5, 6]
    assert daemon.outages == []


# The first start


def test_started_from_now_on_old_mail_stays_where_it_is(server, daemon_on):
    daemon = daemon_on(server.port, start_from="now")
    daemon.source._clock = lambda: NOW
    daemon.until_read()
    assert daemon.heard == []
    server.inbox[6] = message(6)
    daemon.until_read()
    assert senders(daemon) == [6]


def test_a_start_from_now_on_holds_when_the_mailbox_is_renumbered(server, daemon_on):
    daemon = daemon_on(server.port, start_from="now")
    daemon.source._clock = lambda: NOW
    daemon.until_read()
    server.uidvalidity = 8
    daemon.until_read()
    assert daemon.heard == []


def test_earlier_mail_comes_by_command_and_moves_no_cursor(server, daemon_on):
    daemon = daemon_on(server.port, start_from="now")
    daemon.until_read()
    before = daemon.cursor
    batches = list(daemon.source.read_earlier(before, dt.date(2026, 1, 1)))
    assert sum(len(batch.items) for batch in batches) == 5
    assert all(read_cursor(batch.cursor) == read_cursor(before) for batch in batches)
    assert any("SINCE 01-Jan-2026" in one for one in server.commands)


# The wire


def conversation(wire, daemon):
    daemon.until_read()
    return wire.passed


def test_a_cut_at_any_byte_loses_and_doubles_nothing(server, daemon_on):
    with running(Wire(server.port)) as wire:
        length = conversation(wire, daemon_on(wire.port))
        for byte in range(0, length, 29):
            wire.cut_after = byte
            daemon = daemon_on(wire.port)
            daemon.until_read()
            assert senders(daemon) == [1, 2, 3, 4, 5], byte
            daemon.source.close()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_a_wire_that_falls_silent_is_noticed(server, daemon_on, share):
    with running(Wire(server.port)) as wire:
        length = conversation(wire, daemon_on(wire.port))
        wire.swallow_after = int(length * share)
        daemon = daemon_on(wire.port)
        daemon.until_read()
        assert "does not answer" in daemon.outages[0].problem
        assert senders(daemon) == [1, 2, 3, 4, 5]


def test_a_slow_wire_is_no_fault(server, daemon_on):
    with running(Wire(server.port)) as wire:
        wire.delay_s = 0.05
        daemon = daemon_on(wire.port)
        daemon.until_read()
        assert daemon.outages == []
        assert senders(daemon) == [1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def dovecot():
    if DOVECOT is None:
        pytest.skip("Dovecot is not installed (package dovecot-imapd)")
    with running(DovecotServer()) as server:
        with server.client() as client:
            for number in range(1, 6):
                client.append("INBOX", message(number))
        yield server


def test_a_cut_at_any_byte_of_dovecot_loses_and_doubles_nothing(dovecot, daemon_on):
    with running(Wire(dovecot.port)) as wire:
        length = conversation(wire, daemon_on(wire.port))
        for byte in range(0, length, 331):
            wire.cut_after = byte
            daemon = daemon_on(wire.port)
            daemon.until_read()
            assert senders(daemon) == [1, 2, 3, 4, 5], byte
            daemon.source.close()


# A very large message


def test_of_fifty_megabytes_only_the_beginning_is_fetched_and_the_ticket_says_so(server, daemon):
    head = (
        b"From: Patient 7 <p7@example.com>\r\nSubject: Photos\r\nMessage-ID: <7@example.com>\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nI waited for hours.\r\n'
        b'--b\r\nContent-Type: image/jpeg\r\nContent-Disposition: attachment; filename="a.jpg"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    server.inbox[6] = head + (b"QUJD" * 18 + b"\r\n") * 680_000
    tracemalloc.start()
    daemon.until_read()
    ours = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    large = daemon.heard[-1]
    assert large.facts["oversize"] == len(server.inbox[6]) > 50_000_000
    assert len(large.raw) == 1_048_576
    assert [(one.content, one.withheld) for one in large.attachments] == [(b"", "oversize")]
    assert "BODY.PEEK[]<0.1048576>" in "".join(server.commands)
    assert ours < 30_000_000
    told = seen(large, detected_at=NOW, zone=PRACTICE.zone, late=False, show_subject=False)
    assert "Cut: of 50 MB only the beginning was read; the rest is in the mailbox" in told


def test_a_server_that_knows_no_partial_fetch_does_not_fill_the_memory(server, daemon_on):
    server.inbox[6] = message(6, filler=5_000_000)
    honest = server.fetched
    server.fetched = lambda uid, items: honest(uid, items.replace("<0.1048576>", ""))
    daemon = daemon_on(server.port, mail={"max_message_bytes": 65_536})
    daemon.until_read()
    assert senders_of_signals(daemon) == [1, 2, 3, 4, 5]
    [shown] = [item for item in daemon.heard if isinstance(item, Unreadable)]
    assert "only its header" in shown.problem


def senders_of_signals(daemon):
    emails = [item.contact.email for item in daemon.heard if isinstance(item, Signal)]
    return sorted(int(email[1:].partition("@")[0]) for email in emails)
