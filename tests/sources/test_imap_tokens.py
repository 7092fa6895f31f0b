"""Logging in to a mailbox with tokens of Microsoft 365 and Google instead of a password."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import stat
import sys
import threading
import urllib.parse
from zoneinfo import ZoneInfo

import pytest
import requests
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError
from servers.imap import ScriptedImap
from servers.tokens import TENANT, TokenServer

from connector.domain.errors import AuthenticationFailed, ConfigError, Unavailable
from connector.domain.practice import Practice
from connector.sources.imap import ImapSettings
from connector.sources.imap.oauth import Tokens, Xoauth2
from connector.testing.source import drain

PRACTICE = Practice(tenant="practice", name="Practice", zone=ZoneInfo("UTC"))
MAILBOX = "feedback@clinic.example"
CLIENT = "11111111-2222-3333-4444-555555555555"


@contextlib.contextmanager
def running(server):
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def issuing(authority, tmp_path, monkeypatch):
    """The token server, trusted by whoever asks."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with running(TokenServer(authority)) as server:
        yield server


class Gate:
    """Lets in who shows the one right token for the one right mailbox, checked byte by byte."""

    def __init__(self, imap, issuing):
        self.seen: list[bytes] = []
        self.refuse: set[str] = set()
        self.right = lambda: issuing.latest
        imap.answers["AUTHENTICATE XOAUTH2"] = self._ask

    def _ask(self, conn, tag, lines):
        conn.sendall(b"+ \r\n")
        shown = base64.b64decode(lines.readline().strip(), validate=True)
        self.seen.append(shown)
        expected = f"user={MAILBOX}\x01auth=Bearer {self.right()}\x01\x01".encode()
        if shown == expected and self.right() not in self.refuse:
            conn.sendall(tag + b" OK done\r\n")
            return True
        told = base64.b64encode(b'{"status":"400","schemes":"Bearer","scope":"x"}')
        conn.sendall(b"+ " + told + b"\r\n")
        assert lines.readline() == b"\r\n"  # an empty answer, or the server waits for ever
        conn.sendall(tag + b" NO AUTHENTICATE failed for " + MAILBOX.encode() + b"\r\n")
        return True


@pytest.fixture
def imap():
    with running(ScriptedImap()) as server:
        yield server


@pytest.fixture
def gate(imap, issuing):
    return Gate(imap, issuing)


def microsoft(issuing, **more):
    return {
        "login": "microsoft",
        "microsoft": {"tenant_id": TENANT, "client_id": CLIENT, "authority": issuing.url} | more,
    }


@pytest.fixture
def opened(imap, tmp_path):
    sources = []

    def opened(**more):
        made = ImapSettings(
            name="feedback",
            host="127.0.0.1",
            port=imap.port,
            security="none",
            username=MAILBOX,
            start_from="everything",
            **more,
        )
        sources.append(made.at_home(tmp_path).open(PRACTICE))
        return sources[-1]

    yield opened
    for source in sources:
        source.close()


def service_key(issuing):
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "amends@project.iam.example",
            "private_key_id": "k1",
            "private_key": key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ).decode(),
            "token_uri": f"{issuing.url}/token",
        }
    )


def client_file(issuing):
    return json.dumps(
        {
            "installed": {
                "client_id": "client",
                "client_secret": "hush",
                "auth_uri": f"{issuing.url}/auth",
                "token_uri": f"{issuing.url}/token",
            }
        }
    )


# The exact words


def test_the_token_is_shown_in_the_vendors_exact_form():
    mechanism = Xoauth2("shared@clinic.example", "abc")
    assert mechanism(b"") == b"user=shared@clinic.example\x01auth=Bearer abc\x01\x01"
    assert mechanism(b'{"status":"401","schemes":"bearer"}') == b""
    assert mechanism.status == "401"


@pytest.mark.parametrize(
    "challenge", [b"", b"nonsense", b"[]", b'{"status":"<b>"}', b"\xff", b"[" * 4_000]
)
def test_whatever_a_server_says_of_a_token_is_not_repeated(challenge):
    mechanism = Xoauth2("a", "b")
    mechanism(b"")
    assert mechanism(challenge) == b""
    assert mechanism.status == ""


def test_a_server_that_never_stops_asking_is_told_to_stop():
    mechanism = Xoauth2("a", "b")
    assert [mechanism(b"") for _ in range(4)][3] is None


# Microsoft 365


def test_an_application_opens_a_shared_mailbox(opened, gate, issuing):
    source = opened(**microsoft(issuing, client_secret="hush"))
    assert len(drain(source)[0]) == 1
    assert issuing.forms[0]["grant_type"] == "client_credentials"
    assert issuing.forms[0]["scope"] == "https://outlook.office365.com/.default"
    assert gate.seen == [b"user=feedback@clinic.example\x01auth=Bearer token-1\x01\x01"]


def test_a_token_lasts_for_many_connections(opened, gate, issuing):
    source = opened(**microsoft(issuing, client_secret="hush"))
    for _ in range(3):
        drain(source)
        source.close()
    assert len(gate.seen) == 3
    assert issuing.given == 1


def test_a_refused_token_is_replaced_once(opened, gate, issuing):
    gate.refuse.add("token-1")
    source = opened(**microsoft(issuing, client_secret="hush"))
    assert len(drain(source)[0]) == 1
    assert [b"token-1" in one for one in gate.seen] == [True, False]


def test_a_mailbox_that_stays_shut_is_for_the_admin_and_left_alone(opened, gate, issuing):
    gate.refuse |= {"token-1", "token-2"}
    source = opened(**microsoft(issuing, client_secret="hush"))
    for _ in range(5):
        with pytest.raises(AuthenticationFailed, match=r"refuses the token \[400\]") as caught:
            drain(source)
        assert MAILBOX not in str(caught.value)
        assert "token-" not in str(caught.value)
    assert len(gate.seen) == 2


def test_after_five_minutes_a_refused_login_is_tried_again(opened, gate, issuing):
    gate.refuse |= {"token-1", "token-2"}
    source = opened(**microsoft(issuing, client_secret="hush"))
    now = 0.0
    source._monotonic = lambda: now
    with pytest.raises(AuthenticationFailed):
        drain(source)
    now = 299.0
    with pytest.raises(AuthenticationFailed, match="next try is in"):
        drain(source)
    assert len(gate.seen) == 2
    now = 301.0
    assert len(drain(source)[0]) == 1


@pytest.mark.parametrize(
    ("number", "cure"), [(7_000_222, "has expired"), (7_000_215, "is wrong"), (4_711, "AADSTS4711")]
)
def test_a_refused_application_is_told_by_number_and_cure(opened, gate, issuing, number, cure):
    told = {"error": "invalid_client", "error_codes": [number], "error_description": "x@y hush"}
    issuing.refusals = [("401 Unauthorized", told)]
    with pytest.raises(AuthenticationFailed, match=cure) as caught:
        drain(opened(**microsoft(issuing, client_secret="hush")))
    assert "hush" not in str(caught.value)
    assert gate.seen == []


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("503 Service Unavailable", {}),
        ("429 Too Many Requests", {"error": "temporarily_unavailable"}),
        ("200 OK", {}),
    ],
)
def test_a_token_server_in_trouble_is_an_outage(opened, gate, issuing, status, told):
    issuing.refusals = [(status, told)] * 2
    with pytest.raises(Unavailable):
        drain(opened(**microsoft(issuing, client_secret="hush")))
    assert gate.seen == []


def test_no_token_server_is_an_outage(opened, gate, issuing):
    source = opened(**microsoft(issuing, client_secret="hush"))
    issuing.stop()
    with pytest.raises(Unavailable):
        drain(source)
    assert gate.seen == []


@pytest.mark.usefixtures("gate")
def test_a_person_logs_in_by_a_code_and_the_daemon_goes_on_with_it(opened, issuing, tmp_path):
    source = opened(**microsoft(issuing))
    with pytest.raises(AuthenticationFailed, match="amends login feedback"):
        drain(source)
    issuing.refusals = [("400 Bad Request", {"error": "authorization_pending"})]
    told = []
    source.login(told.append)
    assert "ABCD-EFGH" in told[0]
    assert source.probe() == []
    kept = tmp_path / "tokens" / "feedback.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert len(drain(opened(**microsoft(issuing)))[0]) == 1  # as after a restart
    assert issuing.given == 1


def test_a_persons_refused_token_is_refreshed_and_the_new_ones_are_kept(
    opened, gate, issuing, tmp_path
):
    opened(**microsoft(issuing)).login(len)
    gate.refuse.add("token-1")
    assert len(drain(opened(**microsoft(issuing)))[0]) == 1
    assert issuing.forms[-1]["grant_type"] == "refresh_token"
    assert issuing.forms[-1]["refresh_token"] == "refresh-1"
    assert "refresh-2" in (tmp_path / "tokens" / "feedback.json").read_text()


def test_a_login_that_ended_asks_for_a_person(opened, gate, issuing):
    opened(**microsoft(issuing)).login(len)
    gate.refuse.add("token-1")
    told = {"error": "invalid_grant", "error_codes": [700_082]}
    issuing.refusals = [("400 Bad Request", told)] * 3
    with pytest.raises(AuthenticationFailed, match="run: amends login feedback"):
        drain(opened(**microsoft(issuing)))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"[]", b'{"Account": 5}'])
def test_damaged_tokens_ask_for_a_person(opened, gate, issuing, tmp_path, content):
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / "feedback.json").write_bytes(content)
    with pytest.raises((AuthenticationFailed, Unavailable)):
        drain(opened(**microsoft(issuing)))
    assert gate.seen == []


def test_an_application_has_nobody_to_log_in(opened, issuing):
    with pytest.raises(ConfigError, match="nobody to log in"):
        opened(**microsoft(issuing, client_secret="hush")).login(print)
    with pytest.raises(ConfigError, match="nobody to log in"):
        opened(password="secret").login(print)


# Google


def test_a_service_account_acts_for_the_mailbox(opened, gate, issuing):
    google = {"login": "google", "google": {"service_account": service_key(issuing)}}
    source = opened(**google)
    assert len(drain(source)[0]) == 1
    claims = issuing.forms[0]["assertion"].split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (told["sub"], told["scope"]) == (MAILBOX, "https://mail.google.com/")
    gate.refuse.add("token-1")
    source.close()
    assert len(drain(source)[0]) == 1
    assert issuing.given == 2


@pytest.mark.parametrize(
    ("status", "told", "error", "words"),
    [
        ("401 Unauthorized", {"error": "unauthorized_client"}, AuthenticationFailed, "delegation"),
        ("400 Bad Request", {"error": "invalid_grant"}, AuthenticationFailed, "clock"),
        ("400 Bad Request", {"error": "whatever"}, Unavailable, "cannot give"),
    ],
)
def test_a_refused_service_account_is_told_by_code(
    opened, gate, issuing, status, told, error, words
):
    issuing.refusals = [(status, told)]
    google = {"login": "google", "google": {"service_account": service_key(issuing)}}
    with pytest.raises(error, match=words):
        drain(opened(**google))
    assert gate.seen == []


@pytest.mark.parametrize("key", ["nonsense", "[]", "{}", '{"private_key": 5}'])
def test_what_is_no_key_is_a_fault_of_the_configuration(opened, key):
    with pytest.raises(ConfigError, match="no key of a service account") as caught:
        opened(login="google", google={"service_account": key})
    assert "private" not in str(caught.value)


def test_a_person_consents_in_a_browser(opened, gate, issuing, tmp_path):
    issuing.scope = "https://mail.google.com/"
    google = {"login": "google", "google": {"client": client_file(issuing)}}
    browsing = []

    def browse(text):
        asked = dict(urllib.parse.parse_qsl(re.search(r"\?(\S+)", text)[1]))
        assert (asked["login_hint"], asked["access_type"]) == (MAILBOX, "offline")
        back = f"{asked['redirect_uri']}?code=yes&state={asked['state']}"
        browsing.append(threading.Thread(target=requests.get, args=[back], kwargs={"timeout": 30}))
        browsing[0].start()

    opened(**google).login(browse)
    browsing[0].join()
    kept = tmp_path / "tokens" / "feedback.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(drain(opened(**google))[0]) == 1
    gate.refuse.add(issuing.latest)
    assert len(drain(opened(**google))[0]) == 1
    issuing.refusals = [("400 Bad Request", {"error": "invalid_grant"})]
    gate.refuse.add(issuing.latest)
    with pytest.raises(AuthenticationFailed, match="amends login feedback"):
        drain(opened(**google))


# One at a time, and without the library


class SlowIssuer:
    def __init__(self):
        self.asked = 0
        self.together = threading.Barrier(4)

    def token(self, *, renew):
        del renew
        self.asked += 1
        return f"token-{self.asked}"

    def login(self, tell):
        raise AssertionError(tell)


def test_threads_that_were_refused_together_ask_once():
    issuer = SlowIssuer()
    tokens = Tokens(issuer)
    first = tokens.token()
    given = []

    def refused():
        issuer.together.wait(30)
        given.append(tokens.token(refused=first))

    threads = [threading.Thread(target=refused) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == ["token-2"] * 4
    assert issuer.asked == 2


@pytest.mark.parametrize(("vendor", "library"), [("microsoft", "msal"), ("google", "google.auth")])
def test_a_missing_library_is_named_with_its_cure(opened, issuing, monkeypatch, vendor, library):
    for name in [one for one in sys.modules if one.startswith(f"connector.sources.imap.{vendor}")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    more = (
        microsoft(issuing)
        if vendor == "microsoft"
        else {
            "login": "google",
            "google": {"client": client_file(issuing)},
        }
    )
    with pytest.raises(ConfigError, match=rf"pip install 'amends\[{vendor}\]'"):
        opened(**more)


def test_a_login_needs_its_table():
    with pytest.raises(ValidationError, match="login = google needs google"):
        ImapSettings(name="feedback", host="h", username="u", login="google")
    with pytest.raises(ValidationError, match="login = password needs password"):
        ImapSettings(name="feedback", host="h", username="u")
