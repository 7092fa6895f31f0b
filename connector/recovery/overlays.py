"""Rules that demand more than the practice promises: data, off by default, only tightening."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What one rule demands; absent limits are no limits."""

    title: str
    source: str
    """Where the rule stands."""
    contact_business_days: int | None = None
    update_business_days: int | None = None
    resolution_ceiling_days: int | None = None
    document: tuple[str, ...] = ()
    """Lines added to what is written down."""
    evidence: tuple[str, ...] = ()
    """Fields that a case needs before it counts as recovered."""


def _load() -> Mapping[str, Overlay]:
    text = files("connector.recovery").joinpath("overlays.toml").read_text(encoding="utf-8")
    found = {}
    for name, table in tomllib.loads(text).items():
        lists = {key: tuple(table.get(key, ())) for key in ("document", "evidence")}
        found[name] = Overlay(**{**table, **lists})
    return MappingProxyType(found)


OVERLAYS: Final = _load()
"""Every overlay that there is, by name."""


def chosen(names: Iterable[str]) -> Iterator[Overlay]:
    """Give overlays by name, in one order whatever the order of the names."""
    return (OVERLAYS[name] for name in sorted(names))


def document_lines(names: Iterable[str]) -> tuple[str, ...]:
    """Give what is written down for these rules."""
    return tuple(line for overlay in chosen(names) for line in overlay.document)


def evidence_names(names: Iterable[str]) -> tuple[str, ...]:
    """Give what a case needs for these rules, each once."""
    return tuple(dict.fromkeys(name for overlay in chosen(names) for name in overlay.evidence))
