"""A page reaches a person by mail or webhook, and says no word about a patient."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from servers.mail_server import PASSWORD, USER, MailServer, mail_server

from connector.domain.errors import (
    AuthenticationFailed,
    ConfigError,
    EdgeError,
    Rejected,
    Unavailable,
)
from connector.paging.page import SAID, Page
from connector.paging.send import probe, send
from connector.paging.settings import MailRoute, PagingSettings, WebhookRoute

AT = datetime(2025, 6, 9, 13, tzinfo=UTC)
PAGE = Page(
    key="C-AAAAA-AAAAA.1.s.oncall",
    why="silence",
    case_id="C-AAAAA-AAAAA",
    severity=4,
    category="clinical.safety",
    due="First contact due Mon 9 Jun 2025 10:00 EDT.",
    url="https://desk.example/tickets/7",
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as running:
        yield running


def route(server: MailServer, **changes: Any) -> MailRoute:
    return MailRoute(
        **{
            "name": "oncall",
            "host": "127.0.0.1",
            "port": server.port,
            "username": USER,
            "password": PASSWORD,
            "ca_file": server.ca_file,
            "sender": "amends@practice.example",
            "to": ("oncall@practice.example",),
            **changes,
        }
    )


def test_a_page_by_mail_arrives_and_is_marked_as_ours(server: MailServer) -> None:
    assert send(route(server), PAGE, AT) == 0

    (taken,) = server.taken
    mail = email.message_from_bytes(taken.content or b"", policy=email.policy.default)
    assert taken.rcpt_tos == ["oncall@practice.example"]
    assert mail["Subject"] == "amends: case C-AAAAA-AAAAA, severity 4"
    assert (mail["Auto-Submitted"], mail["X-Amends-Loop"]) == ("auto-generated", "page")
    assert mail.get_content().splitlines() == [
        SAID["silence"],
        "Case C-AAAAA-AAAAA, clinical.safety.",
        "First contact due Mon 9 Jun 2025 10:00 EDT.",
        "https://desk.example/tickets/7",
    ]


def test_the_same_page_sent_twice_carries_the_same_message_id(server: MailServer) -> None:
    send(route(server), PAGE, AT)
    send(route(server), PAGE, AT.replace(hour=14))

    ids = {email.message_from_bytes(one.content or b"")["Message-ID"] for one in server.taken}
    assert len(ids) == 1


def test_a_wrong_password_is_a_matter_for_the_admin(server: MailServer) -> None:
    with pytest.raises(AuthenticationFailed, match=r"refuses the login \(535\)") as caught:
        send(route(server, password="wrong-one"), PAGE, AT)
    assert "wrong-one" not in str(caught.value)


def test_a_certificate_that_nobody_trusts_is_refused(server: MailServer) -> None:
    with pytest.raises(Unavailable, match="certificate is not trusted"):
        send(route(server, ca_file=None), PAGE, AT)
    assert server.taken == []


@pytest.mark.parametrize(
    ("answer", "error"), [("451 try later", Unavailable), ("554 no", Rejected)]
)
def test_a_refusal_is_told_as_temporary_or_final(
    server: MailServer, answer: str, error: type[EdgeError]
) -> None:
    server.answer = answer
    with pytest.raises(error, match=answer[:3]):
        send(route(server), PAGE, AT)


def test_recipients_that_are_not_taken_are_counted(server: MailServer) -> None:
    server.refused = frozenset({"gone@practice.example"})
    both = ("gone@practice.example", "oncall@practice.example")

    assert send(route(server, to=both), PAGE, AT) == 1
    with pytest.raises(Rejected, match="no recipient is taken"):
        send(route(server, to=("gone@practice.example",)), PAGE, AT)


def test_a_server_that_is_away_is_tried_again_later(server: MailServer) -> None:
    with pytest.raises(Unavailable, match="cannot be spoken to"):
        send(route(server, port=1), PAGE, AT)


def test_a_mail_route_can_be_tried_without_telling_anybody(server: MailServer) -> None:
    probe(route(server))
    assert server.taken == []
    with pytest.raises(AuthenticationFailed):
        probe(route(server, password="wrong-one"))


def test_a_file_without_certificates_is_named(server: MailServer, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    with pytest.raises(ConfigError, match="cannot be read as certificates"):
        probe(route(server, ca_file=bad))


class Hook(HTTPServer):
    """A webhook's receiver that keeps what comes."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[str, dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers.items()), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def webhook(hook: Hook, **changes: Any) -> WebhookRoute:
    url = f"http://127.0.0.1:{hook.server_port}/hooks/oncall"
    return WebhookRoute(**{"name": "chat", "url": url, **changes})


def test_a_webhook_gets_codes_and_can_prove_that_it_was_us(hook: Hook) -> None:
    send(webhook(hook, token="tok-1", secret="key-1"), PAGE, AT)

    ((path, headers, body),) = hook.got
    assert path == "/hooks/oncall"
    assert json.loads(body)["case"] == "C-AAAAA-AAAAA"
    assert headers["Authorization"] == "Bearer tok-1"
    assert headers["Idempotency-Key"] == PAGE.key
    expected = hmac.new(b"key-1", body, hashlib.sha256).hexdigest()
    assert headers["X-Amends-Signature"] == f"sha256={expected}"


@pytest.mark.parametrize("status", [401, 404, 500, 429])
def test_a_webhook_that_refuses_is_told(hook: Hook, status: int) -> None:
    hook.status = status
    with pytest.raises(EdgeError):
        send(webhook(hook), PAGE, AT)


def test_no_route_sends_in_the_clear_to_another_machine() -> None:
    with pytest.raises(ValidationError, match="on this same machine only"):
        MailRoute(
            name="a",
            host="mail.practice.example",
            security="none",
            sender="a@practice.example",
            to=("b@practice.example",),
        )
    with pytest.raises(ValidationError, match="https"):
        WebhookRoute(name="a", url="http://chat.practice.example/x")


@pytest.mark.parametrize(
    "bad", ["a", "a@", "@b", "a@b, c@d", "a b@c", "Kim <kim@b.example>", "ä@b"]
)
def test_an_address_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError, match="no plain mail address"):
        MailRoute(name="a", host="127.0.0.1", sender="a@practice.example", to=(bad,))


def test_two_routes_need_two_names() -> None:
    one = WebhookRoute(name="chat", url="https://chat.practice.example/x")
    with pytest.raises(ValidationError, match="two routes have the name chat"):
        PagingSettings(webhook=(one, one))


def test_a_page_is_short_enough_for_a_pager() -> None:
    for why in SAID:
        page = Page(
            key="k",
            why=why,
            case_id="C-AAAAA-AAAAA",
            severity=4,
            category="privacy.confidentiality",
            due="First contact due Wed 19 Nov 2025 10:00 EST.",
            url="https://practice.zendesk.com/agent/tickets/123456789",
        )
        assert len(page.text) <= 300
