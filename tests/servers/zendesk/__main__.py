"""The simulator as a process of its own.

It prints one line of JSON with `url`, `port`, `client_id`, `client_secret`, `user` and
`api_token`, writes the same to `--port-file`, and serves until its standard input is closed.
Arrange and examine it over `POST /_hand/NAME` (`servers.zendesk.door`).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from servers.simulator import SimClock
from servers.zendesk import Knobs, ZendeskSimulator


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m servers.zendesk", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--port-file", type=Path, help="gets the line of JSON, whole or not")
    parser.add_argument("--speed", type=float, default=1.0, help="of the account's clock")
    parser.add_argument("--list-lag-s", type=int, default=0, help="how late lists are")
    parser.add_argument("--requests-per-minute", type=int, default=700)
    parser.add_argument("--no-limits", action="store_true", help="never 429")
    options = parser.parse_args(arguments)
    knobs = Knobs(
        limits=not options.no_limits,
        list_lag_s=options.list_lag_s,
        requests_per_minute=options.requests_per_minute,
    )
    clock = SimClock(speed=options.speed)
    with ZendeskSimulator(knobs=knobs, clock=clock, port=options.port) as desk:
        line = json.dumps(
            {
                "url": desk.url,
                "port": desk.port,
                "client_id": knobs.client_id,
                "client_secret": knobs.client_secret,
                "user": desk.client_user.email,
                "api_token": knobs.api_token,
            }
        )
        if options.port_file:
            part = options.port_file.with_suffix(".part")
            part.write_text(line + "\n")
            part.replace(options.port_file)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
