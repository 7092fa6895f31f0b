"""The table of all endpoints; each module of handlers adds its own."""

from __future__ import annotations

from typing import Final

from servers.simulator import Routes

ROUTES: Final = Routes()
