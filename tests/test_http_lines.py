"""Connections used again: what is saved, and that no certainty is lost by it."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
import trustme
from servers.limits import Seconds
from servers.scripted import answer, reset, scripted

from connector.domain.errors import AmendsError, NotSent, OutcomeUnknown, Unavailable
from connector.http import Http, HttpConfig
from connector.http.lines import MAX_IDLE, READ_IDLE_S, WRITE_IDLE_S, Lines

OK = answer("200 OK", b"{}")
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    b"\r\n2\r\n{}\r\n0\r\n\r\n"
)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(params=["plain", "tls"])
def desk(request, authority, tmp_path):
    """Start a server whose script gets each connection with its number, from 1; and a client."""
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = None
    if request.param == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)

    @contextmanager
    def start(script, *, clock=None, **config):
        numbers = iter(range(1, 1_000))
        with scripted(lambda s, c: script(s, c, next(numbers)), context) as server:
            config = {"deadline_seconds": 10, "ca_file": ca_file} | config
            client = Http(
                "desk", HttpConfig(base_url=server.url, **config), monotonic=clock or Seconds()
            )
            server.connections = lambda: len(server._connections)
            yield server, client
            client.close()

    return start


def create(client):
    return client.request("POST", "/tickets", body=b'{"a": 1}', write=True)


def read(client):
    return client.request("GET", "/tickets", write=False)


CALLS = [create, read]


def hear(client):
    """Wait until what the server did has reached the connection that rests."""
    manager = client._lines._idle[-1].session.adapters["https://"].poolmanager
    (pool,) = manager.pools._container.values()
    assert select.select([pool.pool.queue[-1].sock], [], [], 10)[0]


def serve(server, conn, _number=0):
    while server.read_request(conn) != b"\r\n\r\n":
        conn.sendall(OK)


def test_requests_that_follow_one_another_share_a_connection(desk):
    with desk(serve) as (server, client):
        for call in (read, create, create, read):
            assert call(client).json() == {}
        assert server.connections() == 1


def test_after_a_rest_only_a_read_uses_the_connection_again(desk):
    clock = Seconds()
    with desk(serve, clock=clock) as (server, client):
        create(client)
        clock.advance(WRITE_IDLE_S - 0.01)
        create(client)
        assert server.connections() == 1
        clock.advance(WRITE_IDLE_S)
        read(client)
        assert server.connections() == 1
        clock.advance(WRITE_IDLE_S)
        create(client)
        assert server.connections() == 2


def test_after_a_longer_rest_nothing_does(desk):
    clock = Seconds()
    with desk(serve, clock=clock) as (server, client):
        read(client)
        clock.advance(READ_IDLE_S)
        read(client)
        assert server.connections() == 2


@pytest.mark.parametrize("call", CALLS)
def test_a_connection_that_the_server_closed_meanwhile_is_noticed_before_it_is_used(desk, call):
    closed = threading.Event()

    def script(server, conn, number):
        if number > 1:
            serve(server, conn)
            return
        server.read_request(conn)
        conn.sendall(OK)
        conn.shutdown(socket.SHUT_RDWR)
        closed.set()

    with desk(script) as (server, client):
        call(client)
        assert closed.wait(10)
        hear(client)
        assert call(client).status == 200
        assert len(server.requests) == server.connections() == 2


def closes_when_the_request_leaves(end):
    def script(server, conn, number):
        server.read_request(conn)
        conn.sendall(OK)
        server.read_request(conn)
        if number == 1:
            end(conn)
            return
        conn.sendall(OK)
        serve(server, conn)

    return script


def finish(conn):
    conn.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("end", [finish, reset])
def test_a_write_that_meets_the_end_of_a_used_connection_is_in_doubt_and_never_repeated(desk, end):
    with desk(closes_when_the_request_leaves(end)) as (server, client):
        create(client)
        with pytest.raises(OutcomeUnknown):
            create(client)
        assert len(server.requests) == 2
        assert server.connections() == 1


@pytest.mark.parametrize("end", [finish, reset])
def test_a_read_that_meets_the_end_of_a_used_connection_is_repeated_once_over_a_fresh_one(
    desk, end
):
    with desk(closes_when_the_request_leaves(end)) as (server, client):
        read(client)
        assert read(client).status == 200
        assert len(server.requests) == 3
        assert server.connections() == 2


def test_a_read_that_fails_over_the_fresh_connection_too_is_unavailable(desk):
    def script(server, conn, number):
        server.read_request(conn)
        if number == 1:
            conn.sendall(OK)
            server.read_request(conn)
        finish(conn)

    with desk(script) as (server, client):
        read(client)
        with pytest.raises(Unavailable):
            read(client)
        assert len(server.requests) == 3


def test_a_read_over_a_fresh_connection_is_never_repeated(desk):
    def script(server, conn, _number):
        server.read_request(conn)
        finish(conn)

    with desk(script) as (server, client):
        with pytest.raises(Unavailable):
            read(client)
        assert len(server.requests) == 1


@pytest.mark.parametrize("end", [finish, reset])
def test_an_answer_that_began_is_not_asked_for_again(desk, end):
    def script(server, conn, _number):
        server.read_request(conn)
        conn.sendall(OK)
        server.read_request(conn)
        conn.sendall(answer("200 OK", b"{", length=100))
        end(conn)

    with desk(script) as (server, client):
        read(client)
        with pytest.raises(Unavailable):
            read(client)
        assert len(server.requests) == 2


@pytest.mark.parametrize(("call", "error"), [(create, OutcomeUnknown), (read, Unavailable)])
def test_a_dripping_answer_over_a_used_connection_ends_at_the_deadline(desk, call, error):
    def script(server, conn, _number):
        server.read_request(conn)
        conn.sendall(OK)
        server.read_request(conn)
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
            conn.sendall(bytes([byte]))
            if server.done.wait(0.02):
                return

    with desk(script, deadline_seconds=0.6) as (server, client):
        read(client)
        with pytest.raises(error, match="within"):
            call(client)
        assert len(server.requests) == 2


@pytest.mark.parametrize(("call", "error"), [(create, OutcomeUnknown), (read, Unavailable)])
def test_closing_ends_a_request_over_a_used_connection_and_nothing_is_repeated(desk, call, error):
    arrived = threading.Event()
    outcome = []

    def script(server, conn, _number):
        server.read_request(conn)
        conn.sendall(OK)
        server.read_request(conn)
        arrived.set()
        server.done.wait(20)

    def try_it(client):
        try:
            call(client)
        except AmendsError as caught:
            outcome.append(caught)

    with desk(script, deadline_seconds=60) as (server, client):
        read(client)
        thread = threading.Thread(target=try_it, args=[client])
        thread.start()
        assert arrived.wait(10)
        client.close()
        thread.join(10)
        assert [type(one) for one in outcome] == [error]
        assert "closed" in str(outcome[0])
        assert len(server.requests) == 2
        with pytest.raises(NotSent):
            read(client)


def test_closing_closes_connections_that_rest(desk):
    gone = threading.Event()

    def script(server, conn, _number):
        serve(server, conn)
        gone.set()

    with desk(script) as (_, client):
        read(client)
        client.close()
        assert gone.wait(10)


def test_a_connection_that_rested_too_long_is_closed_by_itself(desk):
    gone, clock = threading.Event(), Seconds()

    def script(server, conn, _number):
        serve(server, conn)
        gone.set()

    with desk(script, clock=clock) as (_, client):
        read(client)
        client._lines.sweep()
        assert not gone.is_set()
        clock.advance(READ_IDLE_S)
        client._lines.sweep()
        assert gone.wait(10)


@pytest.mark.parametrize(
    ("first", "connections"),
    [
        (answer("200 OK", b"{}", "Connection: close"), 2),
        (answer("200 OK", b"{}").replace(b"HTTP/1.1", b"HTTP/1.0"), 2),
        (answer("200 OK", b"{}", "Keep-Alive: timeout=1"), 2),
        (answer("200 OK", b"{}", "Keep-Alive: max=9, Timeout=60"), 1),
        (answer("200 OK", b"{}", "Keep-Alive: timeout=none"), 1),
        (answer("422 Unprocessable", b"{}"), 1),
        (answer("429 Too Many", b"{}"), 1),
        (answer("408 Request Timeout", b"{}"), 2),
        (answer("500 Oops", b"{}"), 2),
        (answer("503 Away", b"{}"), 2),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 1),
        (CHUNKED, 1),
    ],
)
def test_what_an_answer_says_about_its_connection_is_heeded(desk, first, connections):
    def script(server, conn, number):
        server.read_request(conn)
        conn.sendall(first if number == 1 else OK)
        serve(server, conn)

    with desk(script) as (server, client):
        for _ in range(2):
            try:
                read(client)
            except AmendsError:
                continue
        assert server.connections() == connections


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("late", [False, True])
def test_an_answer_that_nobody_asked_for_is_never_taken_for_one(desk, late, call):
    stray = answer("200 OK", b'{"stray": true}')
    answered, strayed = threading.Event(), threading.Event()

    def script(server, conn, number):
        server.read_request(conn)
        if number == 1:
            conn.sendall(OK if late else OK + stray)
            assert answered.wait(10)
            if late:
                conn.sendall(stray)
            strayed.set()
        else:
            conn.sendall(OK)
        serve(server, conn)

    with desk(script) as (server, client):
        assert call(client).json() == {}
        answered.set()
        assert strayed.wait(10)
        if late:
            hear(client)
        assert call(client).json() == {}
        assert server.connections() == (2 if late else 1)


def test_threads_never_share_a_connection_at_a_time(desk):
    both = threading.Barrier(2, timeout=10)

    def script(server, conn, _number):
        while (request := server.read_request(conn)) != b"\r\n\r\n":
            both.wait()
            path = request.split()[1].decode()
            conn.sendall(answer("200 OK", f'"{path}"'.encode()))

    wrong = []

    def ask(client, path):
        for _ in range(20):
            got = client.request("GET", path, write=False).json()
            if got != path:
                wrong.append(got)

    with desk(script) as (server, client):
        threads = [threading.Thread(target=ask, args=[client, f"/{n}"]) for n in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not wrong
        assert len(server.requests) == 40
        assert server.connections() == 2


def test_only_so_many_connections_rest():
    lines = Lines(ssl.create_default_context(), Seconds())
    for _ in range(MAX_IDLE + 3):
        lines.park(lines.fresh(), 200, {})
    assert len(lines._idle) == MAX_IDLE
    lines.close()
    lines.park(lines.fresh(), 200, {})
    assert not lines._idle
