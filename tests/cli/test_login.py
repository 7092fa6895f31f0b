"""`amends login`: a person logs in once, and `amends once --since` brings earlier mail."""

from __future__ import annotations

import json
import stat

import pytest
import trustme
from servers.house import NOWHERE
from servers.imap import ScriptedImap
from servers.kinds import register
from servers.mailbox import FakeMailbox, message
from servers.tokens import TENANT, TokenServer

from connector.plugins import HELPDESKS, SOURCES

TEXT = """\
state_dir = "{home}/state"
[practice]
name = "Harbor Family Clinic"
zone = "America/New_York"
[[sources]]
kind = "imap"
name = "feedback"
host = "127.0.0.1"
port = {port}
security = "none"
username = "feedback@clinic.example"
{login}
"""


@pytest.fixture
def configured(tmp_path, monkeypatch):
    monkeypatch.setenv("AMENDS_HELPDESK__TOKEN", "secret")
    desk = "connector.helpdesks.django_helpdesk:DjangoHelpdeskSettings"
    imap = "connector.sources.imap:ImapSettings"
    register(monkeypatch, {HELPDESKS: [("django_helpdesk", desk)], SOURCES: [("imap", imap)]})

    def configured(port, login):
        path = tmp_path / "config.toml"
        path.write_text(TEXT.format(home=tmp_path, port=port, login=login) + NOWHERE)
        path.chmod(0o600)
        (tmp_path / "state").mkdir(mode=0o700, exist_ok=True)
        return path

    return configured


@pytest.fixture
def issuing(tmp_path, monkeypatch):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    server = TokenServer(authority)
    yield server
    server.stop()


def letting_in(conn, tag, lines):
    conn.sendall(b"+ \r\n")
    lines.readline()
    conn.sendall(tag + b" OK done\r\n")


def microsoft(issuing):
    return (
        'login = "microsoft"\n[sources.microsoft]\n'
        f'tenant_id = "{TENANT}"\nclient_id = "11111111-2222-3333-4444-555555555555"\n'
        f'authority = "{issuing.url}"\n'
    )


def test_a_person_logs_in_and_no_secret_is_shown(amends, configured, issuing, tmp_path):
    imap = ScriptedImap()
    imap.answers["AUTHENTICATE XOAUTH2"] = letting_in
    try:
        config = configured(imap.port, microsoft(issuing))
        code, out, err = amends("login", "feedback", "-c", config)
    finally:
        imap.stop()
    assert (code, out) == (0, "logged in; the tokens of feedback are kept\nthe mailbox opens\n")
    assert "ABCD-EFGH" in err
    assert "token-1" not in out + err
    kept = tmp_path / "state" / "tokens" / "feedback.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_mailbox_that_refuses_who_logged_in_is_77(amends, configured, issuing):
    imap = ScriptedImap()
    imap.answers["AUTHENTICATE XOAUTH2"] = b"{tag} NO AUTHENTICATE failed.\r\n"
    try:
        code, out, err = amends(
            "login", "feedback", "-c", configured(imap.port, microsoft(issuing))
        )
    finally:
        imap.stop()
    assert code == 77
    assert out == "logged in; the tokens of feedback are kept\n"
    assert "the server refuses the token" in err


def test_a_source_with_a_password_has_nobody_to_log_in(amends, configured):
    code, _, err = amends("login", "feedback", "-c", configured(1, 'password = "x"'))
    assert code == 78
    assert "there is nobody to log in" in err


def test_a_name_that_is_no_source_is_a_fault_of_usage(amends, configured):
    code, _, err = amends("login", "feedbak", "-c", configured(1, 'password = "x"'))
    assert code == 64
    assert "there are: feedback" in err


def test_earlier_mail_is_brought_by_once_since_and_known_mail_stays_known(amends, configured):
    server = FakeMailbox(*(message(number) for number in range(1, 4)))
    try:
        config = configured(server.port, 'password = "x"\nstart_from = "now"')
        first = json.loads(amends("once", "--json", "-c", config)[1])
        again = json.loads(amends("once", "--json", "--since", "2026-01-01", "-c", config)[1])
        third = json.loads(amends("once", "--json", "--since", "2026-01-01", "-c", config)[1])
    finally:
        server.stop()
    assert first["sources"]["feedback"]["new"] == 0
    assert again["sources"]["feedback"]["new"] == 3
    assert third["sources"]["feedback"] == {"new": 0, "known": 3, "paused": ""}
