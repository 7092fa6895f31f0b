"""Mailboxes as unfriendly admins and servers set them up: names, passwords, greetings, sizes."""

from __future__ import annotations

import base64
import ssl
import time

import pytest
import trustme
from pydantic import ValidationError
from servers.imap import DOVECOT, PASSWORD, USER, DovecotServer, PymapServer, ScriptedImap
from servers.imap_proxy import GREETING, Meddler
from servers.mailbox import FakeMailbox, message
from sources.test_imap_wild import PRACTICE, daemon_on, dovecot, running, senders, server  # noqa: F401

from connector.domain.errors import AuthenticationFailed
from connector.sources.imap import ImapSettings
from connector.sources.imap.folders import Listed, chosen, listed
from connector.sources.imap.place import Position, Progress

# Folder names

ODD = (
    'Lob "und" Tadel', "back\\slash", "R\u00fcck & Meldung", "\u65e5\u672c\u8a9e", "~home", "100%",
    "(round)", "{5}", "&", "NIL", "007", "caf\u00e9 \U0001f600",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_folder_with_an_odd_name_is_read_by_name_and_by_pattern(dovecot, daemon_on, name):  # noqa: F811
    with dovecot.client() as client:
        client.create_folder(f"Odd/{name}")
        client.append(f"Odd/{name}", message(7))
    try:
        by_name = daemon_on(dovecot.port, folder=f"Odd/{name}", timeout_seconds=30)
        by_name.until_read()
        by_pattern = daemon_on(dovecot.port, folders=["Odd/*"], after="flag", timeout_seconds=30)
        by_pattern.until_read()
    finally:
        with dovecot.client() as client:
            client.delete_folder(f"Odd/{name}")
    assert senders(by_name) == senders(by_pattern) == [7]


def test_names_that_servers_send_in_every_form():
    told = [([b"\\NoSelect"], None, None), ([], None, b"Flat"), ([], b"/", 7), ([], b"\\", b"a\\b")]
    found = listed(told)
    assert [one.path for one in found] == ["NIL", "Flat", "7", "a/b"]
    assert chosen(found, ["**"], []) == ["7", "Flat", "a\\b"]


def test_fifty_thousand_folders_are_chosen_from_in_passing():
    there = [
        Listed(name=f"Archive/{number // 100}/{number}", attributes=frozenset(), delimiter="/")
        for number in range(50_000)
    ]
    began = time.process_time()
    found = chosen(there, ["INBOX", "Archive/7/*", "Feedback/**"], ["**/705"])
    assert found[:2] == ["INBOX", "Archive/7/700"]
    assert len(found) == 100
    assert time.process_time() - began < 20


def test_a_folder_that_cannot_be_selected_hides_no_other(server, daemon_on):  # noqa: F811
    server.folders["Group"] = {}
    server.fail('EXAMINE "Group"', b"{tag} NO [CANNOT] not selectable\r\n", times=9)
    daemon = daemon_on(server.port, folders=["Group", "INBOX"])
    assert not daemon.read()
    assert senders(daemon) == [1, 2, 3, 4, 5]


# Folders that come and go


def test_a_folder_that_is_gone_counts_no_more_and_is_forgotten_after_a_month():
    then = Progress(uidvalidity=1, uid=5, known=((1, 5),), compared=1_000, count=5)
    position = Position(folders={"INBOX": then, "Old": then})
    soon = position.meaning(["INBOX"], 2_000)
    assert soon.compared().folders == 1
    assert soon.folders["Old"].known == ((1, 5),)
    assert soon.meaning(["INBOX", "Old"], 2_000).compared().folders == 2
    assert list(position.meaning(["INBOX"], 1_000 + 31 * 86_400).folders) == ["INBOX"]


def test_a_folder_that_was_renamed_is_no_second_mail(server, daemon_on):  # noqa: F811
    server.folders["Feedback"] = {1: message(11)}
    daemon = daemon_on(server.port, folders=["INBOX", "*"])
    daemon.until_read()
    server.folders["Praise"] = server.folders.pop("Feedback") | {2: message(12)}
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5, 11, 12]


# Passwords and greetings

SECRETS = ('pa"ss', "back\\slash", "p\u00e4ssw\u00f6rt", "\u5bc6\u7801", "sp ace(){}%*", "{5}")


@pytest.fixture(scope="module")
def many_users():
    if DOVECOT is None:
        pytest.skip("Dovecot is not installed (package dovecot-imapd)")
    users = {f"user{number}": secret for number, secret in enumerate(SECRETS)}
    with running(DovecotServer(users)) as server:  # noqa: F811
        yield server


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("plain", [True, False])
def test_a_password_in_any_script_opens_a_real_mailbox(many_users, daemon_on, secret, plain):  # noqa: F811
    with running(Meddler(many_users.port)) as proxy:
        if not plain:
            proxy.fail(GREETING, without_plain)
            proxy.fail("CAPABILITY", without_plain)
        who = f"user{SECRETS.index(secret)}"
        daemon = daemon_on(proxy.port, username=who, password=secret, timeout_seconds=30)
        daemon.until_read(most=1)
        used = any(one.startswith("AUTHENTICATE") for one in proxy.commands)
        daemon.source.close()
    assert used is (plain and not secret.isascii())


def without_plain(exchange):
    answer = exchange.honest() if exchange.line else exchange.server.recv(65_536)
    exchange.tell(answer.replace(b"AUTH=PLAIN", b"AUTH=OTHER"))


def test_where_login_is_disabled_authenticate_is_used():
    with running(ScriptedImap()) as server:  # noqa: F811
        told = b"* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN\r\n{tag} OK done\r\n"
        server.answers["CAPABILITY"] = told

        def ask(conn, tag, lines):
            conn.sendall(b"+ \r\n")
            right = base64.b64decode(lines.readline()) == f"\0{USER}\0{PASSWORD}".encode()
            conn.sendall(tag + (b" OK in\r\n" if right else b" NO out\r\n"))

        server.answers["AUTHENTICATE PLAIN"] = ask
        source = opened(server.port)
        assert source.probe() == []
        assert not any(one.startswith("LOGIN") for one in server.commands)


def opened(port, **more):
    given = {"username": USER, "password": PASSWORD, "security": "none", "timeout_seconds": 2}
    given["start_from"] = "everything"
    made = ImapSettings(name="feedback", host="127.0.0.1", port=port, **(given | more))
    return made.open(PRACTICE)


@pytest.mark.parametrize("secret", ["two\r\nlines", "nul\0", "tab\t"])
def test_a_password_that_would_be_a_second_command_is_refused(secret):
    with pytest.raises(ValidationError, match="control character") as caught:
        ImapSettings(name="f", host="h", username="u", password=secret)
    assert secret not in str(caught.value)


def test_who_greets_us_as_known_before_tls_is_not_believed():
    class Between(ScriptedImap):
        def _speak(self, conn):
            conn.sendall(b"* PREAUTH come in\r\n")
            tag = conn.recv(65_536).split()[0]
            conn.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + tag + b" OK done\r\n")
            conn.recv(65_536)

    with running(Between()) as server:  # noqa: F811
        [problem] = opened(server.port, security="starttls").probe()
    assert "before TLS began" in problem


# Certificates


@pytest.mark.parametrize(
    ("content", "told"), [(None, "No such file"), (b"", "holds no cert"), (b"\0" * 9, "holds no c")]
)
def test_a_ca_file_that_cannot_be_used_is_named(tmp_path, content, told):
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    [problem] = opened(9, security="tls", ca_file=ca_file).probe()
    assert "ca_file" in problem
    assert told in problem


def test_a_ca_file_that_was_replaced_is_read_anew(tmp_path):
    old, new = trustme.CA(), trustme.CA()
    ca_file, cert = tmp_path / "ca.pem", tmp_path / "server.pem"
    new.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(cert)
    old.cert_pem.write_to_path(ca_file)
    with running(PymapServer("--cert", str(cert))) as server:  # noqa: F811
        source = opened(server.port, security="tls", ca_file=ca_file)
        [problem] = source.probe()
        assert "not trusted" in problem
        new.cert_pem.write_to_path(ca_file)
        assert source.probe() == []


def test_a_server_that_knows_only_old_tls_is_told(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with running(ScriptedImap(tls=context)) as server:  # noqa: F811
        [problem] = opened(server.port, security="tls", ca_file=tmp_path / "ca.pem").probe()
    assert "TLS fails while connecting" in problem


# What cannot be settled


def test_where_processed_mail_has_no_room_reading_goes_on(server, daemon_on):  # noqa: F811
    server.inbox.update({number: message(number) for number in range(6, 131)})
    daemon = daemon_on(server.port, after="move")
    server.folders["Processed"] = {}
    server.fail("UID COPY", b"{tag} NO [OVERQUOTA] full\r\n", times=99)
    daemon.until_read(most=1)
    assert len(daemon.heard) == 130


def test_many_messages_are_settled_by_short_commands(daemon_on):  # noqa: F811
    with running(FakeMailbox(*(message(number) for number in range(1, 131)))) as server:  # noqa: F811
        daemon = daemon_on(server.port, after="flag")
        server.fail("UID STORE", b"{tag} NO [NOPERM] no\r\n", times=2)
        daemon.until_read()
        stores = [one for one in server.commands if one.startswith("UID STORE")]
    assert stores[-1].startswith("UID STORE 1:130 ")


# One mailbox, read twice


def test_a_refused_login_beside_a_working_source_is_its_own(server, daemon_on):  # noqa: F811
    one, other = daemon_on(server.port), daemon_on(server.port)
    server.fail("LOGIN", b"{tag} NO [AUTHENTICATIONFAILED] no\r\n")
    assert not one.read()
    assert isinstance(one.outages[0], AuthenticationFailed)
    assert other.read()
    assert senders(other) == [1, 2, 3, 4, 5]
