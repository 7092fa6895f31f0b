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

MEMORY = ("memory", "connector.testing.memory_helpdesk:MemoryHelpdeskSettings")
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
    assert code == 64
    assert "there is nobody to log in" in err


def test_a_name_that_is_no_source_is_a_fault_of_usage(amends, configured):
    code, _, err = amends("login", "feedbak", "-c", configured(1, 'password = "x"'))
    assert code == 64
    assert "there are: feedback" in err


@pytest.mark.parametrize(
    "day",
    ["2026-13-01", "2026-1-1", "01.10.2026", "yesterday", "\uff12\uff10\uff12\uff16-01-01", ""],
)
def test_what_is_no_day_is_a_fault_of_usage(amends, configured, day):
    code, out, err = amends("once", "--since", day, "-c", configured(1, 'password = "x"'))
    assert (code, out) == (64, "")
    assert "is no day such as 2026-10-01" in err


def test_a_day_to_come_is_a_fault_of_usage(amends, configured):
    code, out, err = amends("once", "--since", "2999-01-01", "-c", configured(1, 'password = "x"'))
    assert (code, out) == (64, "")
    assert "--since 2999-01-01 is still to come" in err


def test_since_without_a_mailbox_is_a_fault_of_usage(amends, house):
    house.complain(1)
    code, out, err = amends("once", "--since", "2026-01-01", "-c", house.config)
    assert (code, out) == (64, "")
    assert "--since needs a mailbox, and no source is one" in err
    assert house.desk.tickets == {}


def test_at_the_very_first_start_too_earlier_mail_comes_by_command(amends, configured):
    server = FakeMailbox(*(message(number) for number in range(1, 4)))
    try:
        config = configured(server.port, 'password = "x"')
        first = json.loads(amends("once", "--json", "--since", "2026-01-01", "-c", config)[1])
        again = json.loads(amends("once", "--json", "-c", config)[1])
    finally:
        server.stop()
    assert first["sources"]["feedback"]["new"] == 3
    assert again["sources"]["feedback"]["new"] == 0


def test_earlier_mail_says_when_it_came_and_that_it_is_late(amends, house, monkeypatch):
    kinds = {SOURCES: [("imap", "connector.sources.imap:ImapSettings")], HELPDESKS: [MEMORY]}
    register(monkeypatch, kinds)
    old = message(1).replace(b"Message-ID", b"Date: Fri, 2 Oct 2020 10:00:00 +0000\r\nMessage-ID")
    server = FakeMailbox(old)
    try:
        house.config.write_text(
            TEXT.format(home=house.home, port=server.port, login='password = "x"')
            + '[helpdesk]\nkind = "memory"\n'
        )
        assert amends("once", "-c", house.config)[0] == 0
        assert len(house.desk.tickets) == 0
        assert amends("once", "--since", "2020-01-01", "-c", house.config)[0] == 0
    finally:
        server.stop()
    [ticket] = house.desk.tickets.values()
    assert "Happened: Fri 2 Oct 2020, 06:00 EDT" in ticket.snapshot.text
    assert "late; clocks run from here" in ticket.snapshot.text
    assert "amends_late_detected" in ticket.snapshot.tags


def test_two_sources_on_one_mailbox_make_no_second_ticket(amends, house, monkeypatch):
    kinds = {SOURCES: [("imap", "connector.sources.imap:ImapSettings")], HELPDESKS: [MEMORY]}
    register(monkeypatch, kinds)
    server = FakeMailbox(*(message(number) for number in range(1, 4)))
    try:
        one = TEXT.format(
            home=house.home,
            port=server.port,
            login='password = "x"\nstart_from = "everything"',
        )
        other = one[one.index("[[sources]]") :].replace('"feedback"', '"again"')
        house.config.write_text(one + other + '[helpdesk]\nkind = "memory"\n')
        assert amends("once", "-c", house.config)[0] == 0
        server.inbox[9] = message(9)
        assert amends("once", "-c", house.config)[0] == 0
    finally:
        server.stop()
    assert len(house.desk.tickets) == 4


def test_check_says_what_will_be_read(amends, configured):
    server = FakeMailbox(*(message(number) for number in range(1, 4)))
    try:
        for start, told in (
            ("", '3 messages are there and will be left out (start_from = "now")'),
            (
                "\nstart_from = 2026-01-01",
                "3 messages are there: 3 since 2026-01-01 will be",
            ),
            ('\nstart_from = "everything"', "3 messages are there, all will be read"),
            ("\nstart_from = 2999-01-01", "start_from = 2999-01-01 is still to come; mend it"),
        ):
            config = configured(server.port, f'password = "x"{start}')
            assert told in amends("check", "-c", config)[1]
        config = configured(server.port, 'password = "x"')
        amends("once", "-c", config)
        assert "3 messages are there, all are known" in amends("check", "-c", config)[1]
        server.inbox[9] = message(9)
        found = amends("check", "-c", config)[1]
    finally:
        server.stop()
    assert "4 messages are there, 1 of them still to be read" in found


def test_status_says_what_the_last_comparison_of_a_mailbox_found(amends, configured):
    server = FakeMailbox(*(message(number) for number in range(1, 4)))
    try:
        config = configured(server.port, 'password = "x"\nstart_from = "everything"')
        amends("once", "-c", config)
    finally:
        server.stop()
    told = amends("status", "-c", config)[1]
    row = next(
        line for line in told.splitlines() if line.startswith("feedback") and "found" in line
    )
    assert row.split()[3:] == ["1", "3", "3", "0", "found,", "0", "recovered"]
    [source] = json.loads(amends("status", "--json", "-c", config)[1])["sources"]
    assert source["comparison"].pop("at").endswith("Z")
    assert source["comparison"] == {
        "folders": 1, "on_server": 3, "known": 3, "missing": 0, "recovered": 0
    }  # fmt: skip


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
