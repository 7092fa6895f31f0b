"""Front door of a checkout: `python daemon.py -c FILE` is `amends run -c FILE`."""

from __future__ import annotations

import sys

from connector.cli import main

if __name__ == "__main__":
    sys.exit(main(["run", *sys.argv[1:]]))
