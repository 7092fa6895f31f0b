"""The connections: who may send, and taking no more than can be stored.

One thread, non-blocking sockets. What was read is on disk before anything more is read, so the
most that a kill can lose is what the kernel had acknowledged and nobody had read: the receive
buffer is kept small for that reason, and a phone system that is not read from keeps its calls.
"""

from __future__ import annotations

import errno
import ipaddress
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from connector.domain.errors import ConfigError, StateError
from connector.listen import status
from connector.listen.lines import Cutter
from connector.listen.spool import Spool
from connector.notify import Notifier

READ_BYTES = 65_536
"""Read from one connection before the others have a turn."""
BUFFER_BYTES = 16_384
"""What the kernel may hold for a connection (it doubles the figure)."""
MAX_CONNECTIONS = 16
"""Phone systems that may be connected at once."""
BACKLOG = 16
TICK_S = 1.0
"""How often chores are done: syncing, status, trying a full disk again."""
IDLE_LINE_S = 30.0
"""The beginning of a line is stored as a line when its rest does not come for so long."""
STATUS_EVERY_S = 10.0
RECONNECT_S = (1.0, 60.0)
"""First and longest pause before connecting to a phone system again."""

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen, or whom to connect to."""

    host: str
    port: int


@dataclass(slots=True, kw_only=True)
class _Peer:
    """One connection."""

    sock: socket.socket
    host: str
    cutter: Cutter = field(default_factory=Cutter)
    heard_at: float = 0.0
    """Monotonic seconds."""


@dataclass(slots=True, kw_only=True)
class _Call:
    """A phone system that waits to be connected to."""

    address: Address
    sock: socket.socket | None = None
    pause_s: float = RECONNECT_S[0]
    due: float = 0.0
    """Monotonic seconds of the next attempt."""


class Server:
    """Listens, connects, reads and stores, until `stop` says so."""

    def __init__(
        self,
        spool: Spool,
        *,
        listen: Sequence[Address] = (),
        connect: Sequence[Address] = (),
        allowed: Sequence[Network] = (),
        max_connections: int = MAX_CONNECTIONS,
        notifier: Notifier | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the ports. Raises ConfigError. Without `allowed`, only this host may connect."""
        self._spool = spool
        self._allowed = tuple(allowed)
        self._max = max_connections
        self._notifier = notifier or Notifier("")
        self._clock = clock
        self._monotonic = monotonic
        self._selector = selectors.DefaultSelector()
        self._peers: dict[int, _Peer] = {}
        self._calls = [_Call(address=address) for address in connect]
        self._doors: list[socket.socket] = []
        self._told_at = 0.0
        self.counts = status.Counts(started_at=int(clock()))
        for address in listen:
            self._open(address)

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are listened on (also where 0 was asked for)."""
        return tuple(door.getsockname()[1] for door in self._doors)

    def run(self, stop: Callable[[], bool]) -> None:
        """Work until told to stop. Raises StateError when the disk fails."""
        self._notifier.send("READY=1", "STATUS=listening")
        for port in self.ports:
            log.info("listening", port=port, path=str(self._spool.path))
        try:
            while not stop():
                self.turn(TICK_S)
        finally:
            self._notifier.send("STOPPING=1")
            self.close()

    def turn(self, seconds: float) -> None:
        """Wait for at most so long, take what came, do chores that are due."""
        for key, _ in self._selector.select(0 if self._spool.blocked else seconds):
            if self._spool.blocked:
                break
            key.data(key.fileobj)
        if self._spool.blocked:
            time.sleep(min(seconds, TICK_S))  # read nothing: the phone systems keep their calls
        self._chores()

    def close(self) -> None:
        """Store what came without an end, close everything, tell the last status."""
        for peer in list(self._peers.values()):
            with suppress(StateError):
                self._drop(peer, "stopped")
        for call in self._calls:
            if call.sock is not None:
                call.sock.close()
        for door in self._doors:
            door.close()
        self._selector.close()
        self._tell()

    def _open(self, address: Address) -> None:
        try:
            door = socket.create_server(
                (address.host, address.port),
                family=socket.AF_INET6 if ":" in address.host else socket.AF_INET,
                backlog=BACKLOG,
            )
        except OSError as fault:
            where = f"{address.host}:{address.port}"
            raise ConfigError([f"{where} cannot be listened on ({fault.strerror})"]) from None
        door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)  # peers inherit it
        door.setblocking(False)
        self._doors.append(door)
        self._selector.register(door, selectors.EVENT_READ, self._accept)

    def _accept(self, door: socket.socket) -> None:
        try:
            sock, address = door.accept()
        except OSError:
            return  # gone again
        host = str(address[0])
        if not self._may(host):
            self._refuse(sock, host, "not_allowed")
        elif len(self._peers) >= self._max:
            self._refuse(sock, host, "too_many")
        else:
            self._welcome(sock, host)

    def _may(self, host: str) -> bool:
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if not self._allowed:
            return address.is_loopback
        return any(address in network for network in self._allowed)

    def _refuse(self, sock: socket.socket, host: str, reason: str) -> None:
        sock.close()
        self.counts.refused += 1
        log.warning("listen_refused", host=host, reason=reason)

    def _welcome(self, sock: socket.socket, host: str) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # find peers that vanished
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        peer = _Peer(sock=sock, host=host, heard_at=self._monotonic())
        self._peers[sock.fileno()] = peer
        self._selector.register(sock, selectors.EVENT_READ, lambda _: self._read(peer))
        self.counts.accepted += 1
        self.counts.connections = len(self._peers)
        log.info("listen_connected", host=host)

    def _read(self, peer: _Peer) -> None:
        try:
            data = peer.sock.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._drop(peer, "broken")
            return
        if not data:
            self._drop(peer, "closed")
            return
        peer.heard_at = self._monotonic()
        self._store(peer, peer.cutter.feed(data), len(data))

    def _store(self, peer: _Peer, lines: list[bytes], size: int) -> None:
        self.counts.bytes += size
        self.counts.cut += peer.cutter.cut
        peer.cutter.cut = 0
        if not lines:
            return
        self.counts.lines += len(lines)
        self.counts.last_line_at = int(self._clock())
        self._spool.add(lines)

    def _drop(self, peer: _Peer, reason: str) -> None:
        """Close a connection; what it sent without an end is stored all the same."""
        if self._peers.pop(peer.sock.fileno(), None) is None:
            return
        self._selector.unregister(peer.sock)
        peer.sock.close()
        self.counts.connections = len(self._peers)
        log.info("listen_closed", host=peer.host, reason=reason)
        for call in self._calls:
            if call.sock is peer.sock:
                call.sock, call.due = None, self._monotonic() + call.pause_s
        self._flush_half(peer)

    def _flush_half(self, peer: _Peer) -> None:
        rest = peer.cutter.finish()
        self.counts.unfinished += len(rest)
        self._store(peer, rest, 0)

    def _chores(self) -> None:
        self._spool.flush()
        if self._spool.blocked != self.counts.blocked:
            self.counts.blocked = self._spool.blocked
            self._told_at = 0.0
            if self.counts.blocked:
                log.error("listen_blocked", path=str(self._spool.path))
            else:
                log.info("listen_unblocked", path=str(self._spool.path))
        now = self._monotonic()
        for peer in self._peers.values():
            if peer.cutter.unfinished and now - peer.heard_at >= IDLE_LINE_S:
                self._flush_half(peer)
        for call in self._calls:
            if call.sock is None and now >= call.due and len(self._peers) < self._max:
                self._dial(call, now)
        if not self._told_at or now - self._told_at >= STATUS_EVERY_S:
            self._told_at = now
            self._tell()

    def _tell(self) -> None:
        self.counts.written_at = int(self._clock())
        status.write(self._spool.path, self.counts)
        words = f"{self.counts.lines} lines, {self.counts.connections} connections"
        self._notifier.send("WATCHDOG=1", f"STATUS={words}")

    def _dial(self, call: _Call, now: float) -> None:
        """Begin to connect; the answer comes as an event."""
        try:
            found = socket.getaddrinfo(
                call.address.host, call.address.port, type=socket.SOCK_STREAM
            )
            family, kind, protocol, _, target = found[0]
            sock = socket.socket(family, kind, protocol)
        except OSError:
            self._later(call, now)
            return
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        if sock.connect_ex(target) not in {0, errno.EINPROGRESS}:
            sock.close()
            self._later(call, now)
            return
        call.sock = sock
        self._selector.register(sock, selectors.EVENT_WRITE, lambda _: self._dialled(call))

    def _dialled(self, call: _Call) -> None:
        sock = call.sock
        if sock is None:
            return
        self._selector.unregister(sock)
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            sock.close()
            call.sock = None
            self._later(call, self._monotonic())
            return
        call.pause_s = RECONNECT_S[0]
        self._welcome(sock, call.address.host)
        call.sock = sock

    def _later(self, call: _Call, now: float) -> None:
        if call.pause_s == RECONNECT_S[0]:
            log.warning("listen_unreached", host=call.address.host, port=call.address.port)
        call.due = now + call.pause_s
        call.pause_s = min(RECONNECT_S[1], call.pause_s * 2)
