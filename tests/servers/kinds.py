"""Registers the stand-in plugins in place of what is installed."""

from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint

import pytest

from connector.plugins import HELPDESKS, SOURCES

STANDINS = {
    SOURCES: {
        "box": "servers.standins:BoxSettings",
        "lines": "servers.standins:LinesSettings",
        "broken": "servers.no_such_module:Nothing",
        "odd": "servers.standins:NoPlugin",
    },
    HELPDESKS: {"desk": "servers.standins:DeskSettings"},
}


def register(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, list[tuple[str, str]]] | None = None
) -> None:
    """Make the stand-ins, and `more` as group -> (name, value), the only kinds there are."""

    def entry_points(*, group: str) -> list[EntryPoint]:
        pairs = [*STANDINS.get(group, {}).items(), *(more or {}).get(group, [])]
        return [EntryPoint(name=name, value=value, group=group) for name, value in pairs]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
