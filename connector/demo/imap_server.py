"""A real IMAP server (pymap, mail kept in memory) as a process of its own.

`python -m connector.demo.imap_server --port 0` prints the port as one line on standard output
once it accepts connections, and serves until it is terminated. Only this machine can reach it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

HOST = "127.0.0.1"
_CHUNK = 65_536


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the password may come from AMENDS_DEMO_PASSWORD."""
    parser = argparse.ArgumentParser(prog="connector.demo.imap_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--user", default="feedback", help="login name")
    parser.add_argument("--password", default=os.environ.get("AMENDS_DEMO_PASSWORD", "secret"))
    parser.add_argument("--cert", help="PEM file; with it the server speaks TLS from the start")
    parser.add_argument("--key", help="PEM file of the key, if not in the file of --cert")
    parser.add_argument(
        "--starttls", action="store_true", help="with --cert: begin in clear and offer STARTTLS"
    )
    options = parser.parse_args(arguments)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options))
    return 0


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        implicit = bool(options.cert) and not options.starttls
        inner = free_port() if implicit or not options.port else options.port
        await _start_pymap(options, inner, stack)
        port = inner
        if implicit:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(options.cert, options.key)
            server = await asyncio.start_server(
                _relay_to(inner), HOST, options.port or None, ssl=context
            )
            await stack.enter_async_context(server)
            port = server.sockets[0].getsockname()[1]
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await stop.wait()
        os._exit(0)  # connections that are still open would delay the end


async def _start_pymap(options: argparse.Namespace, port: int, stack: AsyncExitStack) -> None:
    """Start pymap with one user and an empty mailbox."""
    from pymap.backend.dict import DictBackend  # noqa: PLC0415 - installed with the demo only
    from pymap.imap import IMAPService  # noqa: PLC0415 - likewise

    parser = argparse.ArgumentParser()
    backends = parser.add_subparsers(dest="backend")
    DictBackend.add_subparser("dict", backends)
    IMAPService.add_arguments(parser)
    parser.set_defaults(debug=False, skip_services=[], passlib_cfg=None)
    words = ["--host", HOST, "--port", str(port)]
    if options.starttls and options.cert:
        words += ["--cert", options.cert, *(["--key", options.key] if options.key else [])]
    else:
        words.append("--no-tls")
    words += ["dict", "--demo-user", options.user, "--demo-password", options.password]
    backend, config = await DictBackend.init(parser.parse_args(words))
    config.apply_context()
    await backend.start(stack)
    await IMAPService(backend, config).start(stack)


def free_port() -> int:
    """Give a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


_Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _relay_to(port: int) -> _Handler:
    """Make a handler that passes bytes on to a port of this machine, both ways."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(HOST, port)
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))

    return handle


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


if __name__ == "__main__":
    raise SystemExit(main())
