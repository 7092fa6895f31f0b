"""Telling systemd how we are: sd_notify in the few lines that it takes."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


class Notifier:
    """Sends READY, STATUS, WATCHDOG and STOPPING; does nothing outside systemd."""

    def __init__(self, address: str | None = None) -> None:
        """Take the socket from `address` or the environment."""
        self._address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address

    def send(self, *lines: str) -> None:
        """Send `NAME=value` lines as one message; a lost message is no reason to stop."""
        if not self._address:
            return
        # an address that begins with @ is in Linux's abstract name space
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.connect(address)
            out.sendall("\n".join(lines).encode())
