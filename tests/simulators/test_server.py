"""The ground on which the simulated products stand."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
import requests
from servers.simulator import Routes, Server, SimClock, Window
from servers.weather import (
    BAD_GATEWAY,
    CAPTIVE_PORTAL,
    Fate,
    Request,
    json_answer,
    reads,
    torn,
    truncated,
    writes,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Counter:
    """Counts what it is told."""

    def __init__(self):
        self.told = []

    def __call__(self, request: Request):
        if request.is_write:
            self.told.append(request.body)
        return json_answer(200, {"told": len(self.told)})


@pytest.fixture
def product():
    return Counter()


@pytest.fixture
def server(product):
    with Server(product, ignored=lambda request: request.path == "/token") as server:
        yield server


@pytest.fixture
def say(server):
    session = requests.Session()
    session.trust_env = False

    def say(method, path="/", **more):
        return session.request(method, server.url + path, timeout=20, allow_redirects=False, **more)

    yield say
    session.close()


def test_what_is_sent_is_answered(say, product, server):
    assert say("POST", "/a?b=c&b=d", data=b"one").json() == {"told": 1}
    assert say("GET").json() == {"told": 1}
    assert product.told == [b"one"]
    assert server.exchanges[0].request.query == (("b", "c"), ("b", "d"))


def test_a_lost_request_is_never_heard_of_and_only_the_nth_is_lost(say, server, product):
    with server.weather.lose_request(2):
        say("POST", data=b"one")
        with pytest.raises(requests.ConnectionError):
            say("POST", data=b"two")
        say("POST", data=b"three")
    assert product.told == [b"one", b"three"]


def test_a_lost_answer_was_applied(say, server, product):
    with server.weather.lose_answer(1):
        say("GET")
        say("POST", "/token")
        with pytest.raises(requests.ConnectionError):
            say("POST", data=b"one")
    assert product.told == [b"", b"one"]


def test_refused_reads_leave_writes_alone(say, server):
    with server.weather.refuse_reads():
        assert say("GET").status_code == 403
        assert say("POST").status_code == 200
    assert say("GET").status_code == 200


def test_down_refuses_connections_and_the_port_stays(say, server):
    port = server.port
    with server.down(), pytest.raises(requests.ConnectionError, match=r"refused"):
        say("POST")
    assert server.port == port
    assert say("POST").json() == {"told": 1}


@pytest.mark.parametrize("applied", [True, False])
def test_a_gateway_may_fail_before_or_after_the_work(say, server, product, applied):
    with server.weather.upon(writes(), Fate(applied=applied, instead=BAD_GATEWAY), times=1):
        answer = say("POST")
    assert (answer.status_code, "nginx" in answer.text) == (502, True)
    assert len(product.told) == applied


def test_a_captive_portal_answers_200_and_html(say, server):
    with server.weather.upon(reads("^/x"), Fate(instead=CAPTIVE_PORTAL)):
        assert "Wi-Fi" in say("GET", "/x").text
        assert say("GET", "/y").json() == {"told": 0}


def test_half_of_the_json_looks_whole_or_is_cut_off(say, server):
    with server.weather.upon(reads(), Fate(applied=True, change=truncated)):
        assert say("GET").text == '{"tol'
    with (
        server.weather.upon(reads(), Fate(applied=True, change=torn)),
        pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)),
    ):
        say("GET")


def test_a_held_answer_waits_while_others_are_answered(say, server, product):
    release = threading.Event()
    got = []
    with server.weather.upon(writes(), Fate(applied=True, change=lambda a: a, hold=release)):
        waiting = threading.Thread(target=lambda: got.append(say("POST").status_code))
        waiting.start()
        while not product.told:
            say("GET")
        assert got == []
        release.set()
        waiting.join(20)
    assert got == [200]


def test_a_fault_of_the_simulator_is_plain():
    with Server(lambda _request: 1 / 0) as server:
        answer = requests.get(server.url, timeout=20)
    assert (answer.status_code, "ZeroDivisionError" in answer.text) == (599, True)


def test_a_window_counts_anew_when_it_is_over():
    window = Window(2, seconds=60)
    clock = SimClock(NOON)
    taken = [window.take("a", clock.now()) for _ in range(3)]
    assert [(one.allowed, one.remaining) for one in taken] == [(True, 1), (True, 0), (False, 0)]
    assert window.take("b", clock.now()).allowed
    clock.advance(seconds=59)
    assert window.take("a", clock.now()).resets_s == 1
    clock.advance(seconds=1)
    assert window.take("a", clock.now()).remaining == 1


def test_a_clock_that_was_set_stands_until_it_is_turned():
    clock = SimClock(NOON)
    assert clock.now() == NOON
    clock.advance(hours=1)
    assert clock.now() == NOON.replace(hour=13)
    assert SimClock().now().tzinfo is UTC


def test_routes_take_digits_or_names():
    routes = Routes()
    routes.on("GET", "/t/{id}")("number")
    routes.on("DELETE", "/t/{key*}")("name")
    assert routes.find("GET", "/t/12") == ("number", {"id": 12})
    assert routes.find("GET", "/t/x") is None
    assert routes.find("DELETE", "/t/a%20b") == ("name", {"key": "a b"})
    assert routes.methods("/t/1") == {"GET", "DELETE"}
