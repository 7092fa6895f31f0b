"""A small page for machines: `GET /metrics`, `/livez`, `/healthz` on one address of this host.

Read-only, without names, numbers or words of patients. One request at a time: the page is for a
monitoring agent, and a slow reader must not take threads from the daemon's work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import AF_INET6
from typing import TypeAlias

import structlog
from pydantic import BaseModel, ConfigDict, Field

from connector.domain.errors import ConfigError

log = structlog.get_logger()

REQUEST_S = 5
"""A reader who is slower than this is cut off."""


class MetricsSettings(BaseModel):
    """Where figures can be fetched."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: str = Field(
        default="",
        pattern=r"^$|^(localhost|[0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-fA-F:]+\]):[0-9]{1,5}$",
        description="Address and port of the page with metrics and health, such as "
        "127.0.0.1:9477; empty: none. Two daemons on one machine need two ports.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one path of the page says."""

    body: bytes
    status: int = 200
    media_type: str = "text/plain; charset=utf-8"


Routes: TypeAlias = Mapping[str, Callable[[], Answer]]
"""Path -> function that answers; it is called in the page's thread."""


class Page:
    """A page that is being served; `close` ends it."""

    def __init__(self, server: HTTPServer) -> None:
        """Serve in a thread of its own."""
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is listened on; of use where 0 asked for any."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening; returns when the request under way is answered."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(settings: MetricsSettings, routes: Routes) -> Page | None:
    """Serve routes where the settings ask for it; None where they do not.

    Raises ConfigError when the address cannot be listened on.
    """
    if not settings.listen:
        return None
    host, _, port = settings.listen.rpartition(":")
    kind = _Server6 if host.startswith("[") else _Server
    try:
        server = kind((host.strip("[]"), int(port)), _handler(routes))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "no such port"
        raise ConfigError(
            [f"metrics.listen: cannot listen on {settings.listen}: {reason}; choose another"]
        ) from error
    return Page(server)


class _Server(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: a reader who goes away early is no fault."""


class _Server6(_Server):
    address_family = AF_INET6


def _handler(routes: Routes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_S
        server_version = "amends"
        sys_version = ""

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            answer = _look_up(routes, self.path.partition("?")[0])
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if with_body:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name above)
            """Log nothing: a line for each poll helps nobody."""

    return Handler


def _look_up(routes: Routes, path: str) -> Answer:
    route = routes.get(path)
    if route is None:
        return Answer(body=b"not found\n", status=404)
    try:
        return route()
    except Exception:
        log.exception("metrics_failed")
        return Answer(body=b"unavailable\n", status=503)
