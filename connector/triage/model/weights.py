"""The model as a file: one JSON line about it, then tables of two lines, names and numbers.

    {"format": 1, "about": {...}, "asks": {...}, "topics": [...]}
    [feeling]
    kind<tab>rude
    24<tab>-21
    [features]
    great<tab>very kind
    -812<tab>-640
    [topic]
    park*
    1305

Numbers are integers, so that the same training gives the same bytes. Two long lines are read
several times as quickly as a line for each word.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from connector.triage.model.features import FIGURES
from connector.triage.model.questions import Asks

FORMAT: Final = 1
FEELING_SCALE: Final = 10
"""Tenths of a point from -4 to 4."""
WEIGHT_SCALE: Final = 1_000
"""Thousandths of a logit."""
FIGURE_SCALE: Final = 100_000
"""Hundred-thousandths: figures are multiplied by these."""

_NAME: Final = "comments.model"
_FEELING, _FEATURES, _TOPIC = "[feeling]\n", "[features]\n", "[topic]\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What is weighed for one way of asking."""

    bias: int
    """In 1 / FIGURE_SCALE."""
    figures: tuple[int, ...]
    """A weight for each of FIGURES, in 1 / FIGURE_SCALE."""
    slope: int
    """Calibration: log odds = (slope * weighed + offset) / WEIGHT_SCALE."""
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Something that comments are about, as the training data names it."""

    name: str
    category: str
    """Key of the taxonomy that it stands for, or empty where there is none."""
    bias: int
    """In 1 / WEIGHT_SCALE; so placed that even odds are the best place to decide."""
    weights: Mapping[str, int]
    """By feature, in 1 / WEIGHT_SCALE; only the strongest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Everything that was learnt."""

    ways: Mapping[Asks, Way]
    feeling: Mapping[str, float]
    """Words and how they feel."""
    features: Mapping[str, int]
    """Weight by feature, in 1 / WEIGHT_SCALE."""
    topics: tuple[Topic, ...] = ()
    about: Mapping[str, object] = field(default_factory=dict)
    """Data, licence and figures, for people."""
    version: str = ""
    """Twelve hex digits that change with any byte of the file; empty before it is one."""


def to_text(weights: Weights) -> str:
    """Write a model; equal models give equal text."""
    head = {
        "format": FORMAT,
        "about": weights.about,
        "asks": {
            way.value: {
                "bias": weights.ways[way].bias,
                "figures": dict(zip(FIGURES, weights.ways[way].figures, strict=True)),
                "slope": weights.ways[way].slope,
                "offset": weights.ways[way].offset,
            }
            for way in Asks
        },
        "topics": [[one.name, one.category, one.bias] for one in weights.topics],
    }
    feeling = {word: round(value * FEELING_SCALE) for word, value in weights.feeling.items()}
    parts = [json.dumps(head, ensure_ascii=True) + "\n", _FEELING, *_lines(feeling)]
    parts += [_FEATURES, *_lines(weights.features)]
    for topic in weights.topics:
        parts += [_TOPIC, *_lines(topic.weights)]
    return "".join(parts)


def _lines(table: Mapping[str, int]) -> Iterator[str]:
    names = sorted(table)
    yield "\t".join(names) + "\n"
    yield "\t".join(str(table[name]) for name in names) + "\n"


def from_text(text: str) -> Weights:
    """Read a model; raises ValueError or KeyError for anything that is none."""
    first, _, rest = text.partition("\n")
    head = json.loads(first)
    if head["format"] != FORMAT or not rest.startswith(_FEELING):
        msg = "not a model of this version"
        raise ValueError(msg)
    words, _, rest = rest.removeprefix(_FEELING).partition(_FEATURES)
    features, *topics = rest.split(_TOPIC)
    return Weights(
        ways={Asks(name): _way(found) for name, found in head["asks"].items()},
        feeling={word: value / FEELING_SCALE for word, value in _table(words).items()},
        features=_table(features),
        topics=tuple(
            Topic(name=name, category=category, bias=bias, weights=_table(lines))
            for (name, category, bias), lines in zip(head["topics"], topics, strict=True)
        ),
        about=head["about"],
        version=hashlib.sha256(text.encode()).hexdigest()[:12],
    )


def _table(lines: str) -> dict[str, int]:
    names, values = lines.removesuffix("\n").split("\n")
    if not names:
        return {}
    return dict(zip(names.split("\t"), map(int, values.split("\t")), strict=True))


def _way(found: Mapping[str, Any]) -> Way:
    if tuple(found["figures"]) != FIGURES:
        msg = "the model was made for other figures"
        raise ValueError(msg)
    return Way(
        bias=found["bias"],
        figures=tuple(found["figures"].values()),
        slope=found["slope"],
        offset=found["offset"],
    )


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """Give the model that comes with amends; read once."""
    text = files("connector.triage.model").joinpath(_NAME).read_text(encoding="utf-8")
    return from_text(text)
