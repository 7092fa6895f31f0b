"""Reading what an entry of the ledger says, as text for people."""

from __future__ import annotations

from connector.domain.ledger import LedgerEntry, Plain


def property_words(name: str) -> str:
    """Say the name of a property of a ticket in words."""
    kind, _, rest = name.partition(":")
    return f"{kind} {rest}" if rest else kind.replace("_", " ")


def plain(value: Plain) -> str:
    """Print a plain value of the ledger."""
    if isinstance(value, list):
        return ", ".join(plain(inner) for inner in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(inner)}" for key, inner in value.items())
    return str(value)


def text(entry: LedgerEntry, key: str) -> str:
    """Give a part of an entry's body as text; empty when it is not there."""
    value = entry.body.get(key)
    return "" if value is None else plain(value)


def items(entry: LedgerEntry, key: str) -> list[Plain]:
    """Give a part of an entry's body that is a list; empty when it is none."""
    value = entry.body.get(key)
    return value if isinstance(value, list) else []
