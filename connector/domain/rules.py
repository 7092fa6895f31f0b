"""What each triage rule means, in plain words.

Triage names rules, tickets explain them: both read this table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final


def _load() -> Mapping[str, str]:
    table = tomllib.loads(
        files("connector.domain").joinpath("rules.toml").read_text(encoding="utf-8")
    )
    return MappingProxyType(
        {rule: sentence for group in table.values() for rule, sentence in group.items()}
    )


RULES: Final[Mapping[str, str]] = _load()
"""Sentence by rule id, without a full stop."""


def meaning(rule: str) -> str:
    """Give the sentence of a rule; a rule of another version is named as it stands."""
    return RULES.get(rule, f"Rule {rule}")
