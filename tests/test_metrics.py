"""The page for machines."""

import contextlib
import http.client
import socket

import pytest
from pydantic import ValidationError

from connector import metrics
from connector.domain.errors import ConfigError
from connector.metrics import Answer, MetricsSettings


def fail():
    raise ValueError("Zelda Quux")


@pytest.fixture
def page():
    routes = {"/metrics": lambda: Answer(body=b"amends_up 1\n"), "/broken": fail}
    served = metrics.serve(MetricsSettings(listen="127.0.0.1:0"), routes)
    yield served
    served.close()


def ask(page, method, path):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)) as ask:
        ask.request(method, path)
        answer = ask.getresponse()
        return answer.status, answer.read(), answer.headers


def test_a_path_is_answered(page):
    status, body, headers = ask(page, "GET", "/metrics?x=1")
    assert (status, body) == (200, b"amends_up 1\n")
    assert headers["Content-Type"].startswith("text/plain")
    assert "Python" not in headers["Server"]


def test_a_head_has_no_body(page):
    status, body, headers = ask(page, "HEAD", "/metrics")
    assert (status, body, headers["Content-Length"]) == (200, b"", "12")


@pytest.mark.parametrize(
    ("method", "path", "code"), [("GET", "/", 404), ("GET", "/etc", 404), ("POST", "/metrics", 501)]
)
def test_anything_else_is_refused(page, method, path, code):
    assert ask(page, method, path)[0] == code


def test_an_answer_that_fails_is_503_without_its_words(page):
    status, body, _ = ask(page, "GET", "/broken")
    assert (status, body) == (503, b"unavailable\n")


def test_a_reader_who_goes_away_does_not_stop_the_page(page):
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", page.port)) as early:
            early.sendall(b"GET /met")
    assert ask(page, "GET", "/metrics")[0] == 200


def test_without_an_address_there_is_no_page():
    assert metrics.serve(MetricsSettings(), {}) is None


def test_an_address_that_is_taken_is_a_fault_of_the_configuration(page):
    settings = MetricsSettings(listen=f"127.0.0.1:{page.port}")
    with pytest.raises(ConfigError, match=r"metrics\.listen: cannot listen on .*in use"):
        metrics.serve(settings, {})


def test_a_port_that_cannot_be_is_a_fault_of_the_configuration():
    with pytest.raises(ConfigError, match=r"no such port"):
        metrics.serve(MetricsSettings(listen="127.0.0.1:99999"), {})


@pytest.mark.parametrize("listen", ["", "127.0.0.1:9477", "[::1]:9477", "localhost:9477"])
def test_an_address_with_a_port_may_be_listened_on(listen):
    assert MetricsSettings(listen=listen).listen == listen


@pytest.mark.parametrize("listen", ["9477", "127.0.0.1", "http://127.0.0.1:9477", "a b:1"])
def test_anything_else_is_no_address(listen):
    with pytest.raises(ValidationError):
        MetricsSettings(listen=listen)
