"""urllib3's connections, told to report to the exchange of the calling thread."""

from __future__ import annotations

import ssl
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from connector.http.exchange import Exchange, Stage

_current = threading.local()


def begin(exchange: Exchange) -> None:
    """Make this the exchange of the calling thread."""
    _current.exchange = exchange


def end() -> None:
    """Leave the calling thread without an exchange."""
    _current.exchange = None


def _exchange() -> Exchange:
    exchange = getattr(_current, "exchange", None)
    if not isinstance(exchange, Exchange):
        raise TypeError("a connection was used outside Http.request")
    return exchange


class _Reporting(HTTPConnection):
    """Connects through the exchange and tells it when the first byte leaves and comes back."""

    def _new_conn(self) -> Any:
        try:
            return _exchange().connect(self._dns_host, self.port or self.default_port)
        except OSError as error:  # urllib3 takes a bare reset for one that came after sending
            raise NewConnectionError(self, "no connection") from error

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        exchange = _exchange()
        if exchange.stage < Stage.SENT:
            self._set_out(exchange)
        super().send(data)

    def _set_out(self, exchange: Exchange) -> None:
        """Let the exchange know, and be able to cut, what carries its request."""
        if exchange.stage is Stage.IDLE:  # this one rested: another exchange had connected it
            exchange.take_over(self.sock)
            if exchange.cut_because:
                raise NewConnectionError(self, "ended before anything was sent")
        exchange.stage = Stage.SENT

    def getresponse(self) -> Any:
        response = super().getresponse()
        _exchange().stage = Stage.ANSWERED
        return response


class _ReportingTls(_Reporting, HTTPSConnection):
    """The same over TLS; says what was wrong with a certificate."""

    def connect(self) -> None:
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            _exchange().trouble = f"its certificate is not accepted: {error.verify_message}"
            raise
        except ssl.SSLError as error:
            _exchange().trouble = f"no TLS connection ({error.reason or 'handshake failed'})"
            raise


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Reporting


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _ReportingTls


class Adapter(HTTPAdapter):
    """requests' adapter over these connections, with one shared TLS context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Take the context; nothing is tried twice."""
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools from our connections (requests calls this)."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave trust to the shared context; requests would load its own list each time."""
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"
