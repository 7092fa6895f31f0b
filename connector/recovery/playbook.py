"""What is owed for each kind of failure: the four steps as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from connector.domain.taxonomy import OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """The four steps for one category."""

    title: str
    """The ticket's subject; says nothing about the person."""
    say: str
    """Apologize: the only words meant for a patient's ears, spoken by a person."""
    review: tuple[str, ...]
    """Review: what to ask and check."""
    fix: tuple[str, ...]
    """Fix: what may be offered without asking anybody."""
    document: tuple[str, ...]
    """Document: what to write down."""
    clinical: bool
    """True where cause and fault must not be named."""


def _load() -> Mapping[str, Play]:
    table = tomllib.loads(
        files("connector.recovery").joinpath("playbook.toml").read_text(encoding="utf-8")
    )
    return MappingProxyType(
        {
            key: Play(
                title=row["title"],
                say=row["say"],
                review=tuple(row["review"]),
                fix=tuple(row["fix"]),
                document=tuple(row["document"]),
                clinical=row.get("clinical", False),
            )
            for key, row in table.items()
        }
    )


PLAYBOOK: Final[Mapping[str, Play]] = _load()
"""By category."""


def play_for(category: str) -> Play:
    """Give the play of a category; an unknown one gets the open question."""
    return PLAYBOOK.get(category, PLAYBOOK[OTHER])
