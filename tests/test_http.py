"""One way to speak HTTP: what every answer, cut and silence means."""

from __future__ import annotations

import gzip
import ipaddress
import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import responses
import trustme
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from servers.scripted import answer, reset, scripted

from connector.domain.errors import (
    AmendsError,
    AuthenticationFailed,
    ConfigError,
    Conflict,
    Gone,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from connector.http import Http, HttpConfig
from connector.http.answers import Answer, field_names, judge, load, retry_after
from connector.http.config import refused
from connector.http.exchange import Exchange

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PATIENT = "Mrs Q. Canary, born 1950, rash"


def http(url, **config):
    config.setdefault("deadline_seconds", 10)
    return Http("desk", HttpConfig(base_url=url, **config), now=lambda: NOW)


def create(client, **more):
    return client.request("POST", "/tickets", body=b'{"a": 1}', write=True, **more)


def read(client, **more):
    return client.request("GET", "/tickets", write=False, **more)


# --- answers by status -------------------------------------------------------------------

WRITE = [
    (301, Unavailable),
    (302, OutcomeUnknown),
    (303, OutcomeUnknown),
    (307, Unavailable),
    (308, Unavailable),
    (304, OutcomeUnknown),
    (400, Rejected),
    (401, AuthenticationFailed),
    (402, AuthenticationFailed),
    (403, AuthenticationFailed),
    (404, Gone),
    (405, Rejected),
    (407, AuthenticationFailed),
    (408, OutcomeUnknown),
    (409, Conflict),
    (410, Gone),
    (412, Conflict),
    (413, Rejected),
    (415, Rejected),
    (422, Rejected),
    (423, Conflict),
    (425, Unavailable),
    (429, RateLimited),
    (500, OutcomeUnknown),
    (501, OutcomeUnknown),
    (502, OutcomeUnknown),
    (503, OutcomeUnknown),
    (504, OutcomeUnknown),
    (511, AuthenticationFailed),
    (520, OutcomeUnknown),
    (999, OutcomeUnknown),
]


@pytest.mark.parametrize(("status", "error"), WRITE)
@responses.activate
def test_a_write_that_is_refused_raises_what_has_to_happen_next(status, error):
    responses.post(
        "http://localhost/tickets",
        status=status,
        body=f"<html>{PATIENT}</html>",
        content_type="text/html",
        headers={"Location": "http://localhost/login", "Retry-After": "7"},
    )
    with pytest.raises(AmendsError) as caught:
        create(http("http://localhost"))
    assert type(caught.value) is error
    assert PATIENT not in str(caught.value)
    assert len(responses.calls) == 1


@pytest.mark.parametrize("status", [300, 302, 303, 304, 408, 500, 502, 503, 504, 520])
@responses.activate
def test_what_leaves_a_write_in_doubt_makes_a_read_unavailable(status):
    responses.get("http://localhost/tickets", status=status, body="x")
    with pytest.raises(Unavailable) as caught:
        read(http("http://localhost"))
    assert type(caught.value) is Unavailable


@responses.activate
def test_a_maintenance_page_with_retry_after_tells_readers_how_long():
    responses.get("http://localhost/tickets", status=503, headers={"Retry-After": "120"})
    with pytest.raises(RateLimited) as caught:
        read(http("http://localhost"))
    assert caught.value.retry_after_s == 120


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed_and_the_token_goes_nowhere_else(status):
    with (
        scripted(lambda s, c: s.read_request(c)) as elsewhere,
        scripted(
            lambda s, c: (
                s.read_request(c),
                c.sendall(answer(f"{status} Moved", b"", f"Location: {elsewhere.url}/x")),
            )
        ) as desk,
    ):
        with pytest.raises((Unavailable, OutcomeUnknown), match="redirect"):
            create(http(desk.url))
        assert len(desk.requests) == 1
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html>Please log in to the Wi-Fi</html>", "text/html"),
        (b'{"id": 4', "application/json"),
        (b"", "application/json"),
        (b"{}", "text/plain"),
        (b'{"id": NaN}', "application/json"),
        (b"\xff\xfe\xfa", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"1" * 10_000, "application/json"),
    ],
)
@responses.activate
def test_a_success_without_data_is_not_taken_for_done(body, content_type):
    responses.post("http://localhost/tickets", status=200, body=body, content_type=content_type)
    responses.get("http://localhost/tickets", status=200, body=body, content_type=content_type)
    client = http("http://localhost")
    with pytest.raises(OutcomeUnknown):
        create(client)
    with pytest.raises(Unavailable):
        read(client)


@responses.activate
def test_an_answer_is_a_value():
    responses.post("http://localhost/tickets", status=201, json={"id": 4}, headers={"X-Limit": "9"})
    got = create(http("http://localhost/"))
    assert (got.status, got.json(), got.headers["x-limit"]) == (201, {"id": 4}, "9")
    assert "id" not in repr(got)


@responses.activate
def test_an_answer_without_content_by_its_status_is_none():
    responses.post("http://localhost/tickets", status=204)
    assert create(http("http://localhost")).json() is None


@responses.activate
def test_bytes_can_be_asked_for_instead_of_data():
    responses.get("http://localhost/file", body=b"%PDF", content_type="application/pdf")
    got = http("http://localhost").request("GET", "/file", write=False, expect_json=False)
    assert got.body == b"%PDF"


@responses.activate
def test_a_refusal_names_fields_and_never_values():
    responses.post(
        "http://localhost/tickets",
        status=422,
        json={"title": [PATIENT], "details": {"base": [PATIENT]}, f"{PATIENT}": ["x"]},
    )
    with pytest.raises(Rejected) as caught:
        create(http("http://localhost"))
    assert caught.value.fields == ("title", "base")
    assert PATIENT not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"errors": [{"field": "email", "message": PATIENT}]}, ("email",)),
        ({"title": ["too long"], "queue": {"code": 1}}, ("title", "queue")),
        ({"detail": "no"}, ()),
        ([1], ()),
    ],
)
def test_field_names_are_found_in_the_usual_shapes(body, names):
    assert field_names(json.dumps(body).encode()) == names


@given(st.binary(max_size=200))
def test_field_names_never_fail(body):
    assert isinstance(field_names(body), tuple)


@given(st.integers(100, 999), st.binary(max_size=50), st.booleans())
def test_every_status_is_a_value_or_one_of_our_errors(status, body, write):
    try:
        judge(
            "desk",
            status=status,
            headers={"content-type": "application/json"},
            body=body,
            write=write,
            expect_json=True,
            now=NOW,
        )
    except AmendsError as error:
        verdict = type(error)
    else:
        verdict = None
    assert (verdict is None) <= (200 <= status < 300)
    assert (verdict is OutcomeUnknown) <= write
    assert (verdict is Unavailable) or not (write is False and status >= 500 and status != 511)


def test_deep_nesting_is_a_value_error():
    with pytest.raises(ValueError, match="deep"):
        load(b"[" * 200_000)


# --- Retry-After -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("0", 0),
        ("7", 7),
        ("1.5", 1),
        ("-3", 0),
        ("86400", 3_600),
        ("9" * 18, 3_600),
        ("9" * 400, None),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 31),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 12:00:00 GMT", 3_600),
        ("Sat, 32 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_within_bounds(value, seconds):
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_none_or_within_an_hour(value):
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 3_600


@responses.activate
def test_a_pause_is_handed_on():
    responses.post("http://localhost/tickets", status=429, headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as caught:
        create(http("http://localhost"))
    assert caught.value.retry_after_s == 7


# --- what is sent ------------------------------------------------------------------------


def test_the_bytes_go_out_as_they_are_with_our_headers_only(monkeypatch, tmp_path):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    def script(server, conn):
        server.read_request(conn)
        conn.sendall(answer("201 Created", b"{}", "Set-Cookie: session=abc"))

    with scripted(script) as desk:
        client = Http(
            "desk",
            HttpConfig(base_url=desk.url + "/api"),
            headers=lambda: {"Authorization": "Token t0ken"},
        )
        create(client, params={"q": "a b"}, headers={"Idempotency-Key": "k1"})
        create(client)
        first, second = desk.requests
    head, _, body = first.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/tickets?q=a+b HTTP/1.1\r\n")
    assert b"Authorization: Token t0ken" in head
    assert b"Idempotency-Key: k1" in head
    assert b"Content-Type: application/json" in head
    assert body == b'{"a": 1}'
    assert b"Cookie" not in second


def test_credentials_are_asked_for_every_request():
    tokens = iter(["one", "two"])

    def script(server, conn):
        server.read_request(conn)
        conn.sendall(answer("200 OK", b"{}"))

    with scripted(script) as desk:
        client = Http(
            "desk",
            HttpConfig(base_url=desk.url),
            headers=lambda: {"Authorization": next(tokens)},
        )
        create(client)
        create(client)
        assert b"Authorization: one" in desk.requests[0]
        assert b"Authorization: two" in desk.requests[1]


@pytest.mark.parametrize("path", ["tickets", "//..", "/a b", "/a?b=c", "/a/../b", "/%zz", "/ä"])
def test_a_path_that_is_not_one_is_a_fault_of_ours(path):
    with pytest.raises(ValueError, match="path"):
        http("http://localhost").request("GET", path, write=False)


# --- cuts and silences -------------------------------------------------------------------


def test_no_connection_is_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = http(f"http://127.0.0.1:{port}")
    for call in (create, read):
        with pytest.raises(NotSent, match="is it running"):
            call(client)


def test_an_unknown_name_is_not_sent(monkeypatch):
    def nowhere(*_args, **_kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(NotSent, match="DNS"):
        create(http("https://desk.example.org"))


def test_a_dead_first_address_leaves_time_for_the_second(monkeypatch):
    def script(server, conn):
        server.read_request(conn)
        conn.sendall(answer("200 OK", b"{}"))

    with scripted(script) as desk, socket.create_server(("127.0.0.1", 0)) as gone:
        dead = gone.getsockname()
        gone.close()
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", dead),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", desk.port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
        assert read(http("http://localhost:1")).status == 200


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(lambda _, c: (c.recv(1), reset(c)), id="reset-in-the-request"),
        pytest.param(lambda s, c: (s.read_request(c), reset(c)), id="reset-after-request"),
        pytest.param(lambda s, c: s.read_request(c), id="closed-after-request"),
        pytest.param(
            lambda s, c: (s.read_request(c), c.sendall(b"HTTP/1.1 201 Cre")), id="half-status"
        ),
        pytest.param(
            lambda s, c: (s.read_request(c), c.sendall(b"HTTP/1.1 201 Created\r\nContent-Ty")),
            id="half-headers",
        ),
        pytest.param(
            lambda s, c: (s.read_request(c), c.sendall(answer("201 C", b'{"id"', length=90))),
            id="half-body",
        ),
        pytest.param(lambda s, c: (s.read_request(c), c.sendall(b"SSH-2.0-x\r\n\r\n")), id="ssh"),
        pytest.param(
            lambda s, c: (
                s.read_request(c),
                c.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n"),
            ),
            id="header-line-without-end",
        ),
        pytest.param(
            lambda s, c: (s.read_request(c), c.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500)),
            id="too-many-headers",
        ),
        pytest.param(
            lambda s, c: (
                s.read_request(c),
                c.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"
                ),
            ),
            id="broken-chunk",
        ),
        pytest.param(
            lambda s, c: (
                s.read_request(c),
                c.sendall(
                    answer("200 OK", gzip.compress(b'{"id": 1}')[:-9], "Content-Encoding: gzip")
                ),
            ),
            id="half-gzip",
        ),
        pytest.param(
            lambda s, c: (
                s.read_request(c),
                c.sendall(answer("200 OK", b"not gzip", "Content-Encoding: gzip")),
            ),
            id="no-gzip",
        ),
        pytest.param(
            lambda s, c: (
                s.read_request(c),
                c.sendall(
                    answer(
                        "200 OK", gzip.compress(b"{}") + b"x" * 200_000, "Content-Encoding: gzip"
                    )
                ),
            ),
            id="more-behind-the-gzip",
        ),
        pytest.param(
            lambda s, c: (
                s.read_request(c),
                c.sendall(answer("200 OK", b"{}", "Content-Encoding: br")),
            ),
            id="encoding-not-asked-for",
        ),
    ],
)
def test_a_cut_answer_leaves_a_write_in_doubt_and_a_read_unavailable(script):
    with scripted(script) as desk:
        client = http(desk.url)
        with pytest.raises(OutcomeUnknown):
            create(client)
        with pytest.raises(Unavailable) as caught:
            read(client)
        assert not isinstance(caught.value, NotSent)


def drip(server, conn, head, piece):
    server.read_request(conn)
    conn.sendall(head)
    while not server.done.wait(0.05):
        conn.sendall(piece)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        pytest.param(b"", b"", id="silence"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"y", id="dripping-headers"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="endless-continue"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n",
            b" ",
            id="dripping-body",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}",
            b" ",
            id="dripping-body-without-length",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            b"1\r\n \r\n",
            id="dripping-chunks",
        ),
    ],
)
def test_a_dripping_answer_ends_at_the_deadline(head, piece):
    with scripted(lambda s, c: drip(s, c, head, piece)) as desk:
        client = http(desk.url, deadline_seconds=0.4)
        with pytest.raises(OutcomeUnknown, match=r"within 0\.4 seconds"):
            create(client)
        with pytest.raises(Unavailable, match=r"within 0\.4 seconds"):
            read(client)


def test_a_peer_that_does_not_read_ends_at_the_deadline():
    with scripted(lambda s, _: s.done.wait(20)) as desk:
        client = http(desk.url, deadline_seconds=0.4)
        with pytest.raises(OutcomeUnknown, match="within"):
            client.request("POST", "/tickets", body=b"x" * 50_000_000, write=True)


def test_a_handshake_without_end_is_not_sent():
    with scripted(lambda s, _: s.done.wait(20)) as desk:
        client = http(desk.url.replace("http", "https"), deadline_seconds=0.4)
        with pytest.raises(NotSent):
            create(client)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(b'"' + b"x" * 5_000 + b'"', (), id="plain"),
        pytest.param(
            gzip.compress(b'"' + b"x" * 50_000_000 + b'"'), ("Content-Encoding: gzip",), id="bomb"
        ),
    ],
)
def test_an_answer_above_the_limit_is_given_up(body, headers):
    def script(server, conn):
        server.read_request(conn)
        conn.sendall(answer("200 OK", body, *headers))

    with scripted(script) as desk:
        client = http(desk.url, max_answer_bytes=4_096)
        with pytest.raises(OutcomeUnknown, match="more than 4096 bytes"):
            create(client)
        with pytest.raises(Unavailable, match="more than 4096 bytes"):
            read(client)


def test_a_compressed_answer_up_to_the_limit_is_read():
    text = b'"' + b"x" * 4_094 + b'"'

    def script(server, conn):
        server.read_request(conn)
        conn.sendall(answer("200 OK", gzip.compress(text), "Content-Encoding: gzip"))

    with scripted(script) as desk:
        assert read(http(desk.url, max_answer_bytes=4_096)).body == text


def test_closing_ends_a_request_that_waits_in_another_thread():
    arrived = threading.Event()
    outcome = []

    def script(server, conn):
        server.read_request(conn)
        arrived.set()
        server.done.wait(20)

    def call(client):
        try:
            create(client)
        except AmendsError as error:
            outcome.append(error)

    with scripted(script) as desk:
        client = http(desk.url, deadline_seconds=60)
        thread = threading.Thread(target=call, args=[client])
        thread.start()
        assert arrived.wait(10)
        client.close()
        thread.join(10)
    assert [type(error) for error in outcome] == [OutcomeUnknown]
    assert "closed" in str(outcome[0])
    with pytest.raises(NotSent, match="closed"):
        read(client)


def test_an_exchange_that_was_cut_before_it_connected_never_waits():
    exchange = Exchange(deadline_s=60, allow_private=False)
    exchange.cut("closed")
    with pytest.raises(OSError, match="no address"):
        exchange.connect("127.0.0.1", 9)
    exchange.finish()


def test_no_socket_or_thread_is_left_behind():
    def script(server, conn):
        server.read_request(conn)
        conn.sendall(answer("200 OK", b"{}", "Connection: close"))

    with scripted(script) as desk:
        client = http(desk.url, deadline_seconds=300)
        create(client)
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(30):
            create(client)
        client.close()
        assert (
            len(list(Path("/proc/self/fd").iterdir())) <= before + 4
        )  # the server's side may still close
    for timer in [one for one in threading.enumerate() if isinstance(one, threading.Timer)]:
        timer.join(10)  # cancelled, it ends at once, not after its minutes
        assert not timer.is_alive()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (requests.ReadTimeout("x"), OutcomeUnknown),
        (requests.ConnectionError("x"), OutcomeUnknown),
        (requests.exceptions.ChunkedEncodingError("x"), OutcomeUnknown),
        (requests.ConnectTimeout("x"), NotSent),
    ],
)
@responses.activate
def test_a_failure_of_unknown_stage_is_taken_for_the_worse(error, expected):
    responses.post("http://localhost/tickets", body=error)
    with pytest.raises(AmendsError) as caught:
        create(http("http://localhost"))
    assert type(caught.value) is expected


# --- TLS ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def ok(server, conn):
    server.read_request(conn)
    conn.sendall(answer("200 OK", b"{}"))


@pytest.fixture
def ca_file(authority, tmp_path):
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def test_a_private_authority_is_trusted_when_named(authority, ca_file):
    with scripted(ok, tls(authority.issue_cert("127.0.0.1"))) as desk:
        client = http(desk.url, ca_file=ca_file)
        assert read(client).status == 200
        assert create(client).status == 200


def test_a_connection_that_is_reset_while_it_is_made_is_not_sent(monkeypatch):
    def reset_at_once(_self, _address):
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(socket.socket, "connect", reset_at_once)
    for call in (create, read):
        with pytest.raises(NotSent):
            call(http("http://127.0.0.1:9"))


def test_a_dripping_answer_over_tls_ends_at_the_deadline(authority, ca_file):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}"
    context = tls(authority.issue_cert("127.0.0.1"))
    with scripted(lambda s, c: drip(s, c, head, b" "), context) as desk:
        client = http(desk.url, ca_file=ca_file, deadline_seconds=0.6)
        with pytest.raises(OutcomeUnknown, match="within"):
            create(client)


@pytest.mark.parametrize("fault", ["unknown", "name", "expired"])
def test_a_certificate_that_does_not_hold_is_not_sent(authority, ca_file, fault):
    past = datetime.now(UTC) - timedelta(days=1)
    certificate = {
        "unknown": lambda: trustme.CA().issue_cert("127.0.0.1"),
        "name": lambda: authority.issue_cert("desk.example.org"),
        "expired": lambda: authority.issue_cert("127.0.0.1", not_after=past),
    }[fault]()
    with scripted(ok, tls(certificate)) as desk:
        with pytest.raises(NotSent, match="certificate is not accepted"):
            create(http(desk.url, ca_file=ca_file))
        assert desk.requests == []


def test_plain_http_behind_an_https_url_is_not_sent():
    with (
        scripted(lambda _, c: (c.recv(10), c.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"))) as desk,
        pytest.raises(NotSent, match="TLS"),
    ):
        create(http(desk.url.replace("http", "https")))


def test_a_ca_file_without_certificates_is_a_configuration_error(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text("hello")
    with pytest.raises(ConfigError, match="ca_file"):
        http("https://localhost", ca_file=path)


# --- addresses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://desk.example.org",
        "https://desk.example.org:8443/helpdesk/",
        "https://10.1.2.3",
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
    ],
)
def test_a_base_url_is_https_or_this_machine(url):
    assert HttpConfig(base_url=url).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example.org",
        "http://10.1.2.3",
        "ftp://desk.example.org",
        "desk.example.org",
        "https://",
        "https://user:pw@desk.example.org",
        "https://token@desk.example.org",
        "https://desk.example.org/?x=1",
        "https://desk.example.org/#x",
        "https://desk.example.org:99999",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[fd00:ec2::254]/",
        "https://0.0.0.0",
        "https://224.0.0.1",
        "https://desk.example.org/\n",
        "https://desk.example.org/" + "x" * 3_000,
    ],
)
def test_any_other_base_url_is_refused(url):
    with pytest.raises(ValidationError):
        HttpConfig(base_url=url)


@pytest.mark.parametrize(
    ("address", "private", "allowed"),
    [
        ("93.184.216.34", False, True),
        ("10.0.0.1", False, False),
        ("10.0.0.1", True, True),
        ("fd12::1", False, False),
        ("fd12::1", True, True),
        ("127.0.0.1", False, False),
        ("127.0.0.1", True, True),
        ("169.254.169.254", True, False),
        ("fe80::1", True, False),
        ("0.0.0.0", True, False),  # noqa: S104 - refused, not bound
        ("100.64.0.1", False, False),
    ],
)
def test_a_name_is_judged_again_by_the_address_it_leads_to(address, private, allowed):
    why = refused(ipaddress.ip_address(address), host="desk.example.org", allow_private=private)
    assert (why == "") is allowed


def test_a_name_that_was_made_to_point_to_this_machine_is_not_sent(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
    with pytest.raises(NotSent, match="allow_private"):
        create(http("https://desk.example.org"))


@pytest.mark.parametrize("token", ["S3CRET \u2603", "S3CRET\r\nX: y", "S3CRET\x00"])
def test_a_token_that_no_header_can_carry_is_the_admins_to_mend_and_is_not_printed(token):
    config = HttpConfig(base_url="http://127.0.0.1:9")
    client = Http("desk", config, headers=lambda: {"Authorization": f"Token {token}"})
    with pytest.raises(AuthenticationFailed) as caught:
        client.request("GET", "/x", write=False)
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Sat, 21 Nov 2026 10:00:00 GMT", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 10:00:00 -0000", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 12:00:00 +0200", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_servers_clock_is_read_in_utc_or_not_at_all(said, read):
    assert Answer(status=200, headers={"date": said}, body=b"").date == read
