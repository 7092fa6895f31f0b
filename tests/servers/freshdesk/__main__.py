"""The simulator as a process of its own.

It prints one line of JSON with `url`, `port` and `api_key`, and serves until its standard
input is closed. With `--journal` all that happens is in a file (`servers.freshdesk.journal`).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from servers.freshdesk import FreshdeskSimulator, Knobs
from servers.freshdesk.limits import PLANS
from servers.simulator import SimClock


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m servers.freshdesk", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--api-key", default="K3yOfTheAmendsBot0")
    parser.add_argument("--plan", choices=sorted(PLANS), help="whose limits; without it none")
    parser.add_argument("--field", action="append", default=[], help="label of a text field")
    parser.add_argument("--require", action="append", default=[], help="a mandatory field's name")
    parser.add_argument("--journal", type=Path, help="a file for all that happens")
    parser.add_argument("--speed", type=float, default=1.0, help="of the account's clock")
    parser.add_argument("--notifies", action="store_true", help="a create mails the patient")
    options = parser.parse_args(arguments)
    with FreshdeskSimulator(
        api_key=options.api_key,
        clock=SimClock(speed=options.speed),
        plan=options.plan,
        fields=options.field,
        knobs=Knobs(notifies_requester=options.notifies),
        journal=options.journal,
        port=options.port,
    ) as desk:
        for name in options.require:
            desk.hand.require(name)
        access = {"url": desk.url, "port": desk.port, "api_key": desk.api_key}
        sys.stdout.write(json.dumps(access) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
