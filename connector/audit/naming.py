"""Small words of the timeline: who it was, how long it took, what kind it is."""

from __future__ import annotations

from datetime import timedelta

from connector.domain.taxonomy import TAXONOMY


def who(actor: str) -> str:
    """Name an actor of the ledger for people."""
    kind, colon, name = actor.partition(":")
    if kind == "daemon":
        return "amends"
    if colon and kind == "cli":
        return f"{name} (command line)"
    if colon and kind == "agent":
        return f"agent {name} (helpdesk)"
    return actor


def span(duration: timedelta) -> str:
    """Print a duration in its two largest units: `3 d 4 h`, `25 min`, `8 s`."""
    seconds = int(abs(duration.total_seconds()))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for place, (name, size) in enumerate(units):
        if seconds >= size or name == "s":
            first = f"{seconds // size} {name}"
            rest = seconds % size // units[place + 1][1] if name != "s" else 0
            return f"{first} {rest} {units[place + 1][0]}" if rest else first
    return "0 s"


def category(key: str) -> str:
    """Say a category in words; one of another version is named as it stands."""
    return TAXONOMY[key].meaning if key in TAXONOMY else key
