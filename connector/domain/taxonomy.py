"""The kinds of failure: eighteen categories with their floors, owners and groups.

The rows are data (`taxonomy.toml`), read once. Triage names categories, recovery
says what is owed for them, the pipeline keeps groups apart: all read this table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from connector.domain.case import Group

OTHER: Final = "other.unclassified"
"""The category of a failure whose kind is not clear."""

PROTECTION: Final = (Group.SAFETY, Group.CONFIDENTIAL, Group.SERVICE)
"""Groups, the most protective first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One kind of failure."""

    key: str
    """`area.name`; used in config, tags, fields and the ledger."""
    meaning: str
    """For people, without a full stop."""
    three_p: str
    """process, people, place or unknown: where the design has to change."""
    hcat: str
    """Code of the Healthcare Complaints Analysis Tool, for comparison with published figures."""
    floor: int
    """1 to 4: the least severity of such a failure."""
    owner: str
    """Who puts it right unless the practice says otherwise."""
    group: Group
    """What may be told together in one ticket."""


def _load() -> Mapping[str, Category]:
    table = tomllib.loads(
        files("connector.domain").joinpath("taxonomy.toml").read_text(encoding="utf-8")
    )
    rows = {
        key: Category(
            key=key,
            meaning=row["meaning"],
            three_p=row["three_p"],
            hcat=row["hcat"],
            floor=row["floor"],
            owner=row["owner"],
            group=Group(row["group"]),
        )
        for key, row in table.items()
    }
    return MappingProxyType(rows)


TAXONOMY: Final[Mapping[str, Category]] = _load()
"""All categories by key, the graver names first."""

_ORDER: Final = MappingProxyType({key: place for place, key in enumerate(TAXONOMY)})


def group_of(categories: Sequence[str]) -> Group:
    """Give the most protective group among the categories; unknown keys and none are service."""
    groups = {TAXONOMY[key].group for key in categories if key in TAXONOMY}
    return next((group for group in PROTECTION if group in groups), Group.SERVICE)


def floor_of(categories: Sequence[str]) -> int:
    """Give the highest floor among the categories; at least 1."""
    return max((TAXONOMY[key].floor for key in categories if key in TAXONOMY), default=1)


def rank(evidence: Mapping[str, int]) -> tuple[str, ...]:
    """Order categories, the primary one first: highest floor, then most evidence, then the table.

    `evidence` counts the findings for each category. Unknown keys are left out, and
    `other.unclassified` appears only when nothing else is known.
    """
    known = [key for key in evidence if key in TAXONOMY and key != OTHER]
    if not known:
        return (OTHER,)
    return tuple(sorted(known, key=lambda key: (-TAXONOMY[key].floor, -evidence[key], _ORDER[key])))
