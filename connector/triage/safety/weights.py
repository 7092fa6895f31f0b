"""The safety model as a file: one JSON line about it, then tables of two lines, names and numbers.

Numbers are integers, so that the same training gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Final

FORMAT: Final = 2
WEIGHT_SCALE: Final = 1_000
"""Thousandths of a logit."""

_NAME: Final = "safety.model"
_TABLE: Final = "[table]\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Everything that was learnt."""

    alarms: Mapping[str, int]
    """How much a word, stem or class alone hints at something grave, in 1 / WEIGHT_SCALE."""
    alarmed: int
    """Passages whose words sum up to less are not looked at any further."""
    features: Mapping[str, int]
    """Weight by feature, in 1 / WEIGHT_SCALE; above zero it speaks for something grave."""
    bias: int
    threshold: int
    """Log odds from which a passage without a sign is grave, in 1 / WEIGHT_SCALE."""
    notice: int
    """Log odds from which one with a sign is, and from which a person is asked, likewise."""
    groups: Mapping[str, Mapping[str, int]]
    """For each group its features, in 1 / WEIGHT_SCALE: which one it is, once it is grave."""
    group_bias: Mapping[str, int]
    about: Mapping[str, object] = field(default_factory=dict)
    """Data and figures, for people."""
    version: str = ""
    """Twelve hex digits that change with any byte of the file; empty before it is one."""


def to_text(weights: Weights) -> str:
    """Write a model; equal models give equal text."""
    head = {
        "format": FORMAT,
        "about": weights.about,
        "alarmed": weights.alarmed,
        "bias": weights.bias,
        "threshold": weights.threshold,
        "notice": weights.notice,
        "groups": dict(weights.group_bias),
    }
    tables = [
        weights.alarms,
        weights.features,
        *(weights.groups[one] for one in weights.group_bias),
    ]
    parts = [json.dumps(head, ensure_ascii=True) + "\n"]
    for table in tables:
        parts += [_TABLE, *_lines(table)]
    return "".join(parts)


def _lines(table: Mapping[str, int]) -> Iterator[str]:
    names = sorted(table)
    yield "\t".join(names) + "\n"
    yield "\t".join(str(table[name]) for name in names) + "\n"


def from_text(text: str) -> Weights:
    """Read a model; raises ValueError or KeyError for anything that is none."""
    first, *rest = text.split(_TABLE)
    head = json.loads(first)
    if head["format"] != FORMAT or len(rest) != len(head["groups"]) + 2:
        msg = "not a safety model of this version"
        raise ValueError(msg)
    alarms, features, *groups = map(_table, rest)
    return Weights(
        alarms=alarms,
        alarmed=head["alarmed"],
        features=features,
        bias=head["bias"],
        threshold=head["threshold"],
        notice=head["notice"],
        groups=dict(zip(head["groups"], groups, strict=True)),
        group_bias=head["groups"],
        about=head["about"],
        version=hashlib.sha256(text.encode()).hexdigest()[:12],
    )


def _table(lines: str) -> dict[str, int]:
    names, values = lines.removesuffix("\n").split("\n")
    return dict(zip(names.split("\t"), map(int, values.split("\t")), strict=True))


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """Give the model that comes with amends; read once."""
    text = files("connector.triage.safety").joinpath(_NAME).read_text(encoding="utf-8")
    return from_text(text)
