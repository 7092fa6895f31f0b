"""Mail servers in the wild: whatever they do, every message is processed once."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
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
        given["start_from"] = "everything"
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


# What servers do is in test_imap_scenarios; here is what needs one that holds still


def hang_up(conn, tag, lines):
    del conn, tag, lines
    return False


def silence(conn, tag, lines):
    """A black hole: the connection stays, and nobody answers; ends when the client gives up."""
    del tag
    conn.sendall(b"+ idling\r\n")
    while lines.readline():
        pass
    return False


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
    found = daemon.source._settings.compared(daemon.cursor)
    assert (found.on_server, found.known, found.missing, found.recovered) == (5, 4, 1, 1)
    assert found.at == now


def test_a_comparison_that_was_killed_half_way_tells_of_everything_it_recovered(server, daemon):
    for number in range(6, 131):
        server.inbox[number] = message(number)
    late = {number: server.inbox.pop(number) for number in range(20, 90)}
    daemon.source._clock = lambda: NOW
    daemon.until_read()
    server.folders["INBOX"] = dict(sorted((server.inbox | late).items()))
    daemon.source._clock = lambda: NOW + dt.timedelta(days=1)
    reading = daemon.source.read(daemon.cursor)
    first = next(reading)
    assert len(first.items) == 50
    daemon.cursor = first.cursor  # committed; then the power failed
    daemon.heard += first.items
    daemon.crash()
    daemon.source._clock = lambda: NOW + dt.timedelta(days=1, minutes=1)
    daemon.until_read()
    assert senders(daemon) == list(range(1, 131))
    found = daemon.source._settings.compared(daemon.cursor)
    assert (found.on_server, found.known, found.missing, found.recovered) == (130, 60, 70, 70)


def test_what_was_passed_over_and_is_gone_is_not_called_recovered(server, daemon):
    late = server.inbox.pop(3)
    daemon.source._clock = lambda: NOW
    daemon.until_read()
    server.inbox[3] = late

    def remove(conn, tag, lines):
        del lines
        del server.inbox[3]
        conn.sendall(tag + b" OK done\r\n")

    server.fail("UID FETCH 3 (BODY", remove)
    daemon.source._clock = lambda: NOW + dt.timedelta(days=1)
    daemon.until_read()
    found = daemon.source._settings.compared(daemon.cursor)
    assert (found.missing, found.recovered) == (1, 0)


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


# The first start


def test_started_from_now_on_old_mail_stays_where_it_is(server, daemon_on):
    daemon = daemon_on(server.port, start_from="now")
    daemon.source._clock = lambda: NOW
    daemon.until_read()
    assert daemon.heard == []
    server.inbox[6] = message(6)
    daemon.until_read()
    assert senders(daemon) == [6]


def test_a_new_source_reads_from_its_first_start_on():
    assert ImapSettings(name="f", host="h", username="u", password="p").start_from == "now"


def test_what_comes_while_the_first_connection_fails_is_heard(server, daemon_on):
    daemon = daemon_on(server.port, start_from="now")
    now = dt.datetime(2026, 11, 20, 10, 30, tzinfo=dt.UTC)  # the server dates its mail at ten
    daemon.source._clock = lambda: now
    server.fail("LOGIN", hang_up)
    assert not daemon.read()
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5]


def test_mail_long_before_a_first_start_without_connection_is_left_out(server, daemon_on):
    daemon = daemon_on(server.port, start_from="now")
    daemon.source._clock = lambda: NOW
    server.fail("LOGIN", hang_up)
    assert not daemon.read()
    daemon.until_read()
    assert daemon.heard == []
    server.inbox[6] = message(6)
    daemon.until_read()
    assert senders(daemon) == [6]


def test_a_crash_between_two_folders_of_the_first_look_loses_nothing(server, daemon_on):
    server.folders["Feedback"] = {1: message(11)}
    daemon = daemon_on(server.port, start_from="now", folders=["INBOX", "Feedback"])
    daemon.source._clock = lambda: NOW
    reading = daemon.source.read(None)
    cursors = [next(reading).cursor for _ in range(2)]
    daemon.crash()
    daemon.source._clock = lambda: NOW
    daemon.cursor = cursors[-1]
    server.folders["Feedback"][2] = message(12)
    honest = server.fetched
    server.fetched = lambda uid, items: honest(uid, items).replace(
        b"20-Nov-2026 10", b"20-Nov-2026 10" if uid == 1 else b"21-Nov-2026 12"
    )
    daemon.until_read()
    assert senders(daemon) == [12]


def test_a_start_on_a_day_to_come_is_a_start_today(server, daemon_on):
    daemon = daemon_on(server.port, start_from=dt.date(2999, 1, 1))
    daemon.source._clock = lambda: NOW
    daemon.until_read()
    assert read_cursor(daemon.cursor).since == "2026-11-21"


def test_a_cursor_of_an_earlier_version_tells_what_it_knows():
    folder = {"uidvalidity": 7, "uid": 5, "known": "1:5", "compared": 9, "count": 5, "missed": 1}
    text = json.dumps({"version": 2, "since": "", "folders": {"INBOX": folder}})
    found = read_cursor(text).compared()
    assert (found.on_server, found.known, found.missing, found.recovered) == (5, 4, 1, 1)
    assert ImapSettings.compared(None, "no cursor of ours") is None


def test_an_old_installation_keeps_its_position(server, daemon_on):
    daemon = daemon_on(server.port)
    daemon.until_read()
    server.inbox[6] = message(6)
    later = daemon_on(server.port, start_from="now")
    later.cursor = daemon.cursor
    later.until_read()
    assert senders(later) == [6]


def test_a_cursor_of_another_kind_means_everything(server, daemon_on):
    daemon = daemon_on(server.port, start_from="now")
    daemon.cursor = '{"files": {}}'
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5]


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
