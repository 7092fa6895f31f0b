"""A mailbox on real servers (pymap, Dovecot where installed) and on one that misbehaves."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from zoneinfo import ZoneInfo

import pytest
import trustme
from pydantic import ValidationError
from servers.imap import (
    DOVECOT,
    MESSAGE,
    PASSWORD,
    USER,
    DovecotServer,
    PymapServer,
    ScriptedImap,
    fetched,
)

from connector.domain.errors import AuthenticationFailed, ConfigError, Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Signal, Unreadable
from connector.sources.imap import ImapSettings
from connector.sources.imap.place import Place, read_cursor, read_locator
from connector.testing.source import SourceContract, drain, identities

PRACTICE = Practice(tenant="practice", name="Practice", zone=ZoneInfo("UTC"))


def settings(port, **more):
    given = {"host": "127.0.0.1", "security": "none", "username": USER, "password": PASSWORD}
    given["start_from"] = "everything"
    return ImapSettings(name="feedback", port=port, **(given | more))


_OPENED = []


def opened(port, **more):
    """A source that is closed at the end of the test."""
    _OPENED.append(settings(port, **more).open(PRACTICE))
    return _OPENED[-1]


@pytest.fixture(autouse=True)
def _all_closed():
    yield
    while _OPENED:
        _OPENED.pop().close()


def message(number):
    return (
        f"From: Patient {number} <p{number}@example.com>\r\nSubject: Feedback {number}\r\n"
        f"Message-ID: <{number}@example.com>\r\n\r\nI waited for two hours.\r\n"
    ).encode()


@contextlib.contextmanager
def running(server):
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def shared_pymap():
    with running(PymapServer()) as server:
        yield server


@pytest.fixture
def pymap(shared_pymap):
    """The shared server, its mailbox empty and its INBOX the only folder."""
    with shared_pymap.client() as client:
        client.select_folder("INBOX")
        if uids := client.search():
            client.delete_messages(uids)
            client.expunge()
        for _, _, name in client.list_folders():
            if name != "INBOX":
                client.delete_folder(name)
    return shared_pymap


class MailboxWorld:
    def __init__(self, server):
        self.server = server

    def open(self):
        return opened(self.server.port)

    def put(self, content):
        with self.server.client() as client:
            client.append("INBOX", content)

    def put_good(self, number):
        self.put(message(number))

    def put_broken(self, number):
        self.put(b"\r\n" * number)

    def fingerprint(self):
        with self.server.client() as client:
            client.select_folder("INBOX", readonly=True)
            told = client.fetch(client.search(), ["FLAGS", "RFC822.SIZE"])
            return tuple(
                (uid, tuple(flag for flag in data[b"FLAGS"] if flag != b"\\Recent"))
                for uid, data in sorted(told.items())
            )


class TestOnPymap(SourceContract):
    @pytest.fixture
    def world(self, pymap):
        return MailboxWorld(pymap)


@pytest.fixture(scope="module")
def shared_dovecot():
    if DOVECOT is None:
        pytest.skip("Dovecot is not installed (package dovecot-imapd)")
    with running(DovecotServer()) as server:
        yield server


@pytest.fixture
def dovecot(shared_dovecot):
    with shared_dovecot.client() as client:
        client.select_folder("INBOX")
        if uids := client.search():
            client.delete_messages(uids)
            client.expunge()
    return shared_dovecot


class TestOnDovecot(SourceContract):
    @pytest.fixture
    def world(self, dovecot):
        return MailboxWorld(dovecot)


def test_new_mail_ends_the_waiting(pymap):
    world = MailboxWorld(pymap)
    source = world.open()
    _, cursor = drain(source)
    writer = threading.Timer(0.1, world.put_good, args=(1,))
    writer.start()
    with contextlib.suppress(Unavailable):  # a line in two packets: the reader reconnects
        assert source.wait(60)
    writer.join()
    items, _ = drain(source, cursor)
    assert [item.contact.email for item in items] == ["p1@example.com"]


def test_mail_that_came_between_reading_and_waiting_ends_the_waiting_at_once(dovecot):
    world = MailboxWorld(dovecot)
    source = world.open()
    _, cursor = drain(source)
    world.put_good(1)
    assert source.wait(60)
    assert len(drain(source, cursor)[0]) == 1


def test_nothing_new_is_an_answer_too(dovecot):
    source = opened(dovecot.port)
    drain(source)
    assert source.wait(0.3) is False


def test_a_killed_server_is_an_outage_and_reading_goes_on_when_it_is_back():
    with running(PymapServer()) as server:
        world = MailboxWorld(server)
        for number in range(3):
            world.put_good(number)
        source = world.open()
        first, cursor = drain(source)
        server.kill()
        with pytest.raises(Unavailable):
            drain(source, cursor)
        with pytest.raises(Unavailable):
            drain(source, cursor)
        server.start(server.port)
        for number in range(4):
            world.put_good(number)
        items, _ = drain(source, cursor)  # another UIDVALIDITY: everything again, same keys
        assert identities(items)[:3] == identities(first)
        assert len(items) == 4


def test_a_server_killed_while_we_wait_is_noticed():
    with running(PymapServer()) as server:
        source = opened(server.port)
        drain(source)
        killer = threading.Timer(0.1, server.kill)
        killer.start()
        with pytest.raises(Unavailable):
            source.wait(60)
        killer.join()


def test_a_folder_made_anew_is_read_from_the_beginning_under_the_same_keys(pymap):
    with pymap.client() as client:
        client.create_folder("Box")
        for number in range(3):
            client.append("Box", message(number))
        source = opened(pymap.port, folder="Box")
        before, cursor = drain(source)
        source.close()
        client.delete_folder("Box")
        client.create_folder("Box")
        for number in range(4):
            client.append("Box", message(number))
    after, new_cursor = drain(source, cursor)
    assert identities(after)[:3] == identities(before)
    assert len(after) == 4
    told = [read_cursor(one).folders["Box"].uidvalidity for one in (cursor, new_cursor)]
    assert told[0] != told[1]


def test_a_wrong_password_is_for_the_admin(pymap):
    source = opened(pymap.port, password="wrong")
    with pytest.raises(AuthenticationFailed) as caught:
        drain(source)
    assert "wrong" not in str(caught.value)
    [problem] = source.probe()
    assert "password" in problem


def test_a_missing_folder_is_named(pymap):
    with pytest.raises(Unavailable, match="opening the folder Nowhere"):
        drain(opened(pymap.port, folder="Nowhere"))


def test_settled_mail_is_flagged_when_so_configured(pymap):
    world = MailboxWorld(pymap)
    world.put_good(1)
    source = opened(pymap.port, after="flag")
    items, _ = drain(source)
    assert world.fingerprint() == ((read_locator(items[0].locator).uid, ()),)
    source.settle([items[0].locator])
    assert world.fingerprint()[0][1] == (b"\\Seen",)


def test_settled_mail_is_moved_when_so_configured(pymap):
    world = MailboxWorld(pymap)
    world.put_good(1)
    source = opened(pymap.port, after="move", processed_folder="Done")
    items, cursor = drain(source)
    source.settle([items[0].locator])
    source.settle([items[0].locator])
    assert drain(source, cursor)[0] == []
    assert drain(source)[0] == []
    [moved] = drain(opened(pymap.port, folder="Done"))[0]
    assert moved.natural_key == items[0].natural_key


def test_settling_without_a_server_is_made_up_for_later(dovecot):
    world = MailboxWorld(dovecot)
    world.put_good(1)
    source = opened(dovecot.port, after="flag")
    items, _ = drain(source)
    source._drop()
    honest, source._settings = source._settings, settings(1, after="flag")
    source.settle([items[0].locator])
    source._settings = honest
    source.settle([])
    assert world.fingerprint()[0][1] == (b"\\Seen",)


def test_mail_older_than_the_start_is_left_out_and_later_mail_is_not(dovecot):
    world = MailboxWorld(dovecot)
    with dovecot.client() as client:
        client.append("INBOX", message(1), msg_time=dt.datetime(2020, 1, 1, 12))  # noqa: DTZ001 - as the library wants it
    source = opened(dovecot.port, start_from=dt.date(2026, 1, 1))
    items, cursor = drain(source)
    assert items == []
    assert cursor is not None
    world.put_good(2)
    items, _ = drain(source, cursor)
    assert [item.contact.email for item in items] == ["p2@example.com"]


def test_mail_removed_while_it_is_read_is_counted_and_passed_over(dovecot):
    world = MailboxWorld(dovecot)
    for number in range(3):
        world.put_good(number)
    source = world.open()
    mailbox = source._connected()
    mailbox.select("INBOX", shown="it")
    uids = mailbox.uids_behind(0)
    items = [i for some, _ in source._fetcher.batches(mailbox, [*uids, 999_999]) for i in some]
    assert len(items) == 3
    assert source.vanished == 1


def test_of_an_oversize_message_header_and_beginning_are_fetched(dovecot):
    world = MailboxWorld(dovecot)
    big = message(1) + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 20_000
    world.put(big)
    world.put_good(2)
    source = opened(dovecot.port, mail={"max_message_bytes": 65_536})
    items, _ = drain(source)
    assert items[0].facts["oversize"] == len(big)
    assert len(items[0].raw) == 1_048_576
    assert "oversize" not in items[1].facts


def test_more_messages_than_a_batch_come_in_order(dovecot):
    with dovecot.client() as client:
        for number in range(60):
            client.append("INBOX", message(number))
    source = opened(dovecot.port)
    batches = list(source.read(None))
    assert [len(batch.items) for batch in batches] == [50, 10, 0]
    names = [item.contact.email for batch in batches for item in batch.items]
    assert names == [f"p{number}@example.com" for number in range(60)]


# Transport


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def certificate(authority, folder, name="127.0.0.1", **more):
    path = folder / "server.pem"
    issued = authority.issue_cert(name, **more)
    issued.private_key_and_cert_chain_pem.write_to_path(path)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return str(path), folder / "ca.pem"


def test_tls_with_a_known_authority_works(authority, tmp_path):
    cert, ca_file = certificate(authority, tmp_path)
    with running(PymapServer("--cert", cert)) as server:
        source = opened(server.port, security="tls", ca_file=ca_file)
        assert drain(source)[0] == []
        assert source.wait(0.1) is False
        assert source.probe() == []


def test_starttls_with_a_known_authority_works(authority, tmp_path):
    cert, ca_file = certificate(authority, tmp_path)
    with running(PymapServer("--cert", cert, "--starttls")) as server:
        source = opened(server.port, security="starttls", ca_file=ca_file)
        assert drain(source)[0] == []


@pytest.mark.parametrize(
    ("name", "expires", "trusted", "words"),
    [
        ("127.0.0.1", None, False, "not trusted"),
        ("mail.example.com", None, True, "another (host name|address)"),
        ("127.0.0.1", dt.datetime(2020, 1, 1, tzinfo=dt.UTC), True, "has expired"),
    ],
)
def test_a_bad_certificate_is_refused_and_explained(
    authority, tmp_path, name, expires, trusted, words
):
    cert, ca_file = certificate(authority, tmp_path, name, not_after=expires)
    with running(PymapServer("--cert", cert)) as server:
        source = opened(server.port, security="tls", ca_file=ca_file if trusted else None)
        with pytest.raises(Unavailable, match=words):
            drain(source)


def test_tls_to_a_server_in_clear_says_so(pymap):
    with pytest.raises(Unavailable, match="check port and security"):
        drain(opened(pymap.port, security="tls"))


def test_a_server_without_starttls_never_sees_the_password(authority, tmp_path):
    del authority, tmp_path
    with running(ScriptedImap()) as server:
        with pytest.raises(Unavailable, match="no STARTTLS"):
            drain(opened(server.port, security="starttls"))
        assert not any(command.startswith("LOGIN") for command in server.commands)


def test_no_server_there_is_an_outage():
    with pytest.raises(Unavailable, match="no server accepts connections"):
        drain(opened(1))


# Misbehaviour


@pytest.fixture
def scripted():
    with running(ScriptedImap()) as server:
        yield server


def hang_up(conn, tag, lines):
    del conn, tag, lines
    return False


def answer(*pieces):
    """In IDLE: continue, send the pieces, end when asked to."""

    def idle(conn, tag, lines):
        conn.sendall(b"+ idling\r\n")
        for piece in pieces:
            conn.sendall(piece)
        if lines.readline().strip() == b"DONE":
            conn.sendall(tag + b" OK done\r\n")

    return idle


def waiting(server, seconds=60.0, **more):
    source = opened(server.port, **more)
    drain(source)
    return source.wait(seconds)


def test_an_honest_script_is_read(scripted):
    items, cursor = drain(opened(scripted.port))
    assert [item.contact.name for item in items] == ["Jane Doe"]
    told = read_cursor(cursor).folders["INBOX"]
    assert (told.uidvalidity, told.uid, told.known) == (7, 1, ((1, 1),))


def test_chatter_in_idle_is_no_news(scripted):
    scripted.answers["IDLE"] = answer(b"* OK Still here\r\n", b"* 1 FETCH (FLAGS (\\Seen))\r\n")
    assert waiting(scripted, seconds=0.3) is False


def test_idle_is_renewed(scripted):
    scripted.answers["IDLE"] = answer()
    assert waiting(scripted, seconds=2.2, idle_seconds=1) is False
    assert scripted.commands.count("IDLE") == 3


def test_a_server_without_idle_is_asked_now_and_then(scripted):
    scripted.answers["CAPABILITY"] = b"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n"
    source = opened(scripted.port)
    drain(source)
    scripted.answers["NOOP"] = b"* 2 EXISTS\r\n{tag} OK done\r\n"
    assert source.wait(0.1)
    assert "IDLE" not in scripted.commands


def test_close_ends_a_waiting(scripted):
    scripted.answers["IDLE"] = answer()
    source = opened(scripted.port)
    drain(source)
    closer = threading.Timer(0.1, source.close)
    closer.start()
    with pytest.raises(Unavailable):
        source.wait(60)
    closer.join()


def test_a_search_that_answers_with_an_old_message_is_seen_through(scripted):
    source = opened(scripted.port)
    _, cursor = drain(source)
    assert drain(source, cursor)[0] == []
    assert any(command.startswith("UID SEARCH UID 2:*") for command in scripted.commands)


def two_messages(server):
    server.answers["UID SEARCH"] = b"* SEARCH 1 2\r\n{tag} OK done\r\n"
    sizes = b"".join(b"* %d FETCH (UID %d RFC822.SIZE 60)\r\n" % (n, n) for n in (1, 2))
    server.answers["UID FETCH 1,2 (RFC822.SIZE"] = sizes + b"{tag} OK done\r\n"
    both = fetched(1, 1) + fetched(2, 2, MESSAGE + b"Second.\r\n")
    server.answers["UID FETCH 1,2 (BODY"] = both + b"{tag} OK done\r\n"
    server.answers["UID FETCH 2 (BODY"] = (
        fetched(2, 2, MESSAGE + b"Second.\r\n") + b"{tag} OK done\r\n"
    )


def test_a_message_on_which_the_server_dies_is_shown_and_the_next_one_read(scripted):
    two_messages(scripted)
    scripted.answers["UID FETCH 1,2 (BODY"] = hang_up
    scripted.answers["UID FETCH 1 (BODY"] = hang_up
    source = opened(scripted.port)
    outages = 0
    while True:
        try:
            items, cursor = drain(source)
        except Unavailable:
            outages += 1
            assert outages < 10
        else:
            break
    assert [type(item) for item in items] == [Unreadable, Signal]
    assert outages == 4
    assert read_cursor(cursor).folders["INBOX"].uid == 2


def test_a_message_of_which_only_the_header_comes_keeps_it(scripted):
    scripted.answers["UID FETCH 1 (BODY"] = hang_up
    header = b"* 1 FETCH (UID 1 BODY[HEADER] {%d}\r\n%b)\r\n" % (len(MESSAGE), MESSAGE)
    scripted.answers["UID FETCH 1 (BODY.PEEK[HEADER]"] = header + b"{tag} OK done\r\n"
    source = opened(scripted.port)
    for _ in range(3):
        with pytest.raises(Unavailable):
            drain(source)
    [item] = drain(source)[0]
    assert isinstance(item, Unreadable)
    assert item.raw == MESSAGE


def test_a_huge_mailbox_is_searched_in_windows_from_the_newest_down(scripted):
    scripted.answers["EXAMINE"] = (
        b"* 45000 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK [READ-ONLY] done\r\n"
    )
    drain(opened(scripted.port))
    searches = [command for command in scripted.commands if "SEARCH" in command]
    assert searches == [
        "UID SEARCH 25001:* UID 1:*",
        "UID SEARCH 5001:25000 UID 1:*",
        "UID SEARCH 1:5000 UID 1:*",
    ]


# Configuration


def test_a_password_in_clear_over_the_network_is_refused():
    with pytest.raises(ValidationError, match="in clear"):
        settings(143, host="mail.example.com")


def test_moving_into_the_folder_that_is_read_is_refused():
    with pytest.raises(ValidationError, match="another folder"):
        settings(143, after="move", processed_folder="INBOX")


def test_a_mailbox_cannot_be_inspected_as_a_file(tmp_path):
    with pytest.raises(ConfigError, match="mail_file"):
        ImapSettings.for_inspection(tmp_path)


def test_the_password_shows_nowhere():
    assert "secret" not in repr(settings(143))


def test_locators_read_back():
    place = Place(folder="A;UID=5/B", uidvalidity=3, uid=9)
    assert read_locator(place.locator()) == place
    assert read_locator("/some/file.eml") is None
