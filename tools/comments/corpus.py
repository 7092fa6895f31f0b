"""Patients' comments of the public training data, and sentences invented for amends."""

from __future__ import annotations

import csv
import hashlib
import importlib.resources
import random
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
FOLDS: Final = 5
LICENCES: Final = frozenset({"MIT repo (NHS England)", "MIT repo (J. du Plessis)"})
"""Only rows under these may shape a model that is shipped."""
WRITTEN: Final = HERE / "written.csv"
"""Comments written for amends, in the manner of other sources than the public data."""
WRITTEN_WEIGHT: Final = 2.0
_NEIGHBOURS: Final = 8
"""Written comments beside each other often say the opposite in the same words: one fold."""
INVENTED: Final = 8_000
INVENTED_WEIGHT: Final = 0.6
SHORT_WEIGHT: Final = 2.0
SEED: Final = 1
_FAILURES: Final = 0.45

# The themes of the second NHS source, and the categories of the taxonomy that they stand for.
THEMES: Final = {
    "waiting": "visit.wait",
    "staff_attitude": "people.courtesy",
    "communication": "comm.not_heard",
    "clinical": "clinical.quality",
    "environment": "place.facility",
    "contact_access": "access.unreached",
    "transport": "",
    "continuity_admin": "comm.no_follow_up",
    "appointments": "access.appointment",
    "staffing": "",
    "funding": "",
    "safety": "clinical.safety",
}
_THEME_OF: Final = {key: theme for theme, key in THEMES.items() if key}
_GRAVE_SEVERITIES: Final = frozenset({"3", "4"})
_GRAVE_CATEGORIES: Final = frozenset(
    {"clinical.safety", "clinical.quality", "privacy.confidentiality", "people.rights"}
)
_NO_TOPIC: Final = frozenset({"", "other.unclassified"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment to learn from."""

    text: str
    question: str
    failure: bool | None
    """None for a mixed one: it says nothing about failures, but has its topics."""
    source: str
    fold: int
    """0 to FOLDS - 1, the same for everything that one respondent wrote."""
    topics: frozenset[str] = frozenset()
    """Themes, or categories of the taxonomy where no theme stands for one."""
    weight: float = 1.0


def fold_of(respondent: str) -> int:
    """Spread respondents over the folds, always in the same way."""
    return int(hashlib.sha256(respondent.encode()).hexdigest(), 16) % FOLDS


def comments(path: Path) -> list[Comment]:
    """Read the public data; rows under another licence than LICENCES are left out."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["licence"] in LICENCES]
    return [_comment(row) for row in rows]


def _comment(row: dict[str, str]) -> Comment:
    respondent = row["source"] + re.sub(r" - Q\d$", "", row["rid"])
    themes = frozenset(row["themes"].split("|")) - {"", "-"}
    return Comment(
        text=row["text"],
        question=row["question"],
        failure={"1": True, "0": False}.get(row["needs_recovery"]),
        source=row["source"],
        fold=fold_of(respondent),
        topics=themes & THEMES.keys(),
    )


def checksum(path: Path) -> str:
    """Give the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def written(path: Path = WRITTEN) -> list[Comment]:
    """Read the comments written for amends."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Comment(
            text=row["text"],
            question=row["question"],
            failure=row["needs_recovery"] == "1",
            source="written",
            fold=place // _NEIGHBOURS % FOLDS,
            topics=_themes(row["categories"].split("|")),
            weight=WRITTEN_WEIGHT,
        )
        for place, row in enumerate(rows)
    ]


def written_harmless(path: Path = WRITTEN) -> list[Comment]:
    """Read those of the written comments that tell of no danger and no wrong."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        one
        for one, row in zip(written(path), rows, strict=True)
        if row["severity"] not in _GRAVE_SEVERITIES
        and not _GRAVE_CATEGORIES & set(row["categories"].split("|"))
    ]


def _themes(categories: Iterable[str]) -> frozenset[str]:
    return frozenset(_THEME_OF.get(key, key) for key in categories) - _NO_TOPIC


class Invented:
    """Makes comments out of the sentences in `us_sentences.toml`."""

    def __init__(self, seed: int = SEED) -> None:
        """Read the sentences; the same seed gives the same comments."""
        table: dict[str, Any] = tomllib.loads(
            (HERE / "us_sentences.toml").read_text(encoding="utf-8")
        )
        self._slots: dict[str, list[str]] = table["slots"]
        self._failures = [(key, one) for key, many in table["failure"].items() for one in many]
        self._fine = [("", one) for many in table["fine"].values() for one in many]
        self._either = [("", one) for many in table["either"].values() for one in many]
        self._short = [
            (kind == "failure", one) for kind in ("failure", "fine") for one in table["short"][kind]
        ]
        self._random = random.Random(seed)  # noqa: S311 - chance that can be repeated

    def make(self, count: int) -> list[Comment]:
        """Make so many comments, a little under half of them failures, and the short ones."""
        made = [self._one(place % FOLDS) for place in range(count)]
        return [*made, *(_whole(place, *one) for place, one in enumerate(self._short))]

    def _one(self, fold: int) -> Comment:
        failure = self._random.random() < _FAILURES
        length = self._random.choice([1, 1, 1, 2, 2, 3, 3, 4, 5, 6])
        first = self._failures if failure else self._fine
        picked = [self._random.choice(first)]
        picked += [self._random.choice(self._pool(failure=failure)) for _ in range(length - 1)]
        self._random.shuffle(picked)
        joint = self._random.choice([" ", " ", " ", "  ", "\n"])
        text = joint.join(self._filled(sentence) for _, sentence in picked)
        return Comment(
            text=self._careless(text),
            question="",
            failure=failure,
            source="invented",
            fold=fold,
            topics=_themes(key for key, _ in picked),
            weight=INVENTED_WEIGHT,
        )

    def _pool(self, *, failure: bool) -> Sequence[tuple[str, str]]:
        """Praise rarely stands in a complaint, facts may stand anywhere."""
        draw = self._random.random()
        if failure:
            own, either = 0.75, 0.92
            return self._failures if draw < own else self._either if draw < either else self._fine
        own = 0.78
        return self._fine if draw < own else self._either

    def _filled(self, sentence: str) -> str:
        text = re.sub(
            r"\{(\w+)\}", lambda slot: self._random.choice(self._slots[slot[1]]), sentence
        )
        return text[0].upper() + text[1:]

    def _careless(self, text: str) -> str:
        """Write as people do on a phone, now and then."""
        habits = (
            (0.08, str.lower),
            (0.11, str.upper),
            (0.25, lambda one: one.replace("'", "")),
            (0.35, lambda one: one.replace(".", "")),
            (0.42, lambda one: one.replace(".", "!")),
        )
        draw = self._random.random()
        return next((habit(text) for until, habit in habits if draw < until), text)


def _whole(place: int, failure: bool, text: str) -> Comment:  # noqa: FBT001 - a pair of the file
    return Comment(
        text=text,
        question="",
        failure=failure,
        source="invented",
        fold=place % FOLDS,
        weight=SHORT_WEIGHT,
    )


def feeling() -> dict[str, float]:
    """Read how words feel: the VADER lexicon (MIT) without what misleads, and words of care."""
    listed = importlib.resources.files("vaderSentiment").joinpath("vader_lexicon.txt")
    table = tomllib.loads((HERE / "no_feeling.toml").read_text(encoding="utf-8"))
    muted = {word for words in table.values() for word in words.split()}
    found: dict[str, float] = {}
    for line in listed.read_text(encoding="utf-8").splitlines():
        word, value = line.split("\t")[:2]
        word = word.replace("'", "")
        if word.isalpha() and word not in muted and abs(float(value)) >= _FAINT:
            found[word] = round(float(value), 1)
    care = tomllib.loads((HERE / "care_feeling.toml").read_text(encoding="utf-8"))
    return found | {word: float(value) for value, words in care.items() for word in words.split()}


_FAINT: Final = 0.05
