"""Phrases to learn from: written for amends, filled, roughened and put beside ordinary ones."""

from __future__ import annotations

import csv
import hashlib
import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
WRITTEN: Final = HERE / "written.csv"
"""Whole remarks, grave and ordinary, of people who had not seen the rules."""
SAID: Final = HERE.parents[1] / "tests" / "triage" / "said"
GROUPS: Final = (
    "self_harm",
    "violence",
    "abuse",
    "patient_safety",
    "urgent",
    "privacy",
    "rights",
    "legal",
)
ORDINARY: Final = "ordinary"
FOLDS: Final = 5
SEED: Final = 1
TIMES: Final = 5
"""A phrase with slots is filled so often."""
PLAIN_TIMES: Final = 3
"""A phrase without slots is written in so many ways."""

ORDINARY_WEIGHT: Final = 3.0
"""Weight of an ordinary phrase of ours: it tells what is not grave although it sounds so."""
WRITTEN_WEIGHT: Final = 8.0
"""Weight of a whole remark: it is said as people say it, not as a template does."""
ALONE: Final = 0.70
"""So often a phrase stands alone; up to BEFORE an ordinary one stands before it, else behind."""
BEFORE: Final = 0.88
LONG: Final = 5
"""Slips happen in words of so many letters."""

_JOINTS: Final = (", but ", ", ", " and ", " - ", " so ", " because ")
_PRONOUNS: Final = {
    "he": ("he", "him", "his", "himself"),
    "she": ("she", "her", "her", "herself"),
    "they": ("they", "them", "their", "themselves"),
}
_SLOTS_OF_PRONOUNS: Final = ("they", "them", "their", "themself")
_LEADS: Final = "kin"
"""Whoever stands here is who the pronouns of a phrase mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One phrase to learn from."""

    text: str
    group: str
    """One of GROUPS, or ORDINARY."""
    fold: int
    """The same for all that was made of one template."""
    weight: float = 1.0


def fold_of(text: str) -> int:
    """Spread templates and respondents over the folds, always in the same way."""
    return hashlib.sha256(text.encode()).digest()[0] % FOLDS


def templates(name: str) -> list[str]:
    """Read the phrases of a group; `#` begins a remark."""
    lines = (HERE / "phrases" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def checksum() -> str:
    """Give one SHA-256 over all phrases."""
    digest = hashlib.sha256()
    for path in (*sorted((HERE / "phrases").iterdir()), WRITTEN, *_said_files()):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _said_files() -> Iterator[Path]:
    for name in ("harmless", "indirect", "outsider", "plain", "safety"):
        yield SAID / f"{name}.toml"


def _said() -> Iterator[tuple[str, str]]:
    """Yield group and phrase of the lists that the tests hold."""
    for path in _said_files():
        for group, texts in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for text in texts:
                if group in GROUPS:
                    yield group, text
                elif group == "harmless":
                    yield ORDINARY, text


def written() -> list[Phrase]:
    """Read the whole remarks."""
    with WRITTEN.open(encoding="utf-8", newline="") as file:
        return [
            Phrase(
                text=row["text"],
                group=row["group"],
                fold=fold_of(row["text"]),
                weight=WRITTEN_WEIGHT,
            )
            for row in csv.DictReader(file)
        ]


class Maker:
    """Makes phrases out of templates; the same seed makes the same ones."""

    def __init__(self, seed: int = SEED) -> None:
        """Read templates and slots."""
        self._random = random.Random(seed)  # noqa: S311 - chance that can be repeated
        path = HERE / "phrases" / "slots.toml"
        self._slots: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        self._plain = templates(ORDINARY)

    def make(self) -> list[Phrase]:
        """Make all phrases, each once as it stands and then among others and carelessly."""
        made: list[Phrase] = []
        for group in (*GROUPS, ORDINARY):
            for template in templates(group):
                made += self._ways(group, template)
        for group, text in _said():
            made += self._ways(group, text)
        for phrase in written():
            made += self._remarks(phrase)
        return made

    def _remarks(self, phrase: Phrase) -> Iterator[Phrase]:
        """Give a remark as it stands, and a second time carelessly."""
        again = self._careless(self._beside(phrase.text))
        return (replace(phrase, text=text) for text in dict.fromkeys((phrase.text, again)))

    def _ways(self, group: str, template: str) -> list[Phrase]:
        times = TIMES if "{" in template else PLAIN_TIMES
        texts = [self._fill(template)]
        texts += [self._careless(self._beside(self._fill(template))) for _ in range(times - 1)]
        fold, weight = fold_of(template), ORDINARY_WEIGHT if group == ORDINARY else 1.0
        return [
            Phrase(text=text, group=group, fold=fold, weight=weight)
            for text in dict.fromkeys(texts)
        ]

    def _fill(self, template: str) -> str:
        who, text = "they", template
        for slot in dict.fromkeys(re.findall(r"\{(\w+)\}", template)):
            if slot in _SLOTS_OF_PRONOUNS:
                continue
            word, _, pronoun = self._random.choice(self._slots[slot]).partition("=")
            if pronoun and (slot == _LEADS or who == "they"):
                who = pronoun
            text = text.replace("{" + slot + "}", word)
        for slot, pronoun in zip(_SLOTS_OF_PRONOUNS, _PRONOUNS[who], strict=True):
            text = text.replace("{" + slot + "}", pronoun)
        return text[0].upper() + text[1:]

    def _beside(self, text: str) -> str:
        """Put an ordinary phrase into the same sentence, now and then."""
        draw = self._random.random()
        if draw < ALONE:
            return text
        joint = self._random.choice(_JOINTS)
        other = self._fill(self._random.choice(self._plain))
        return other + joint + text if draw < BEFORE else text + joint + other

    def _careless(self, text: str) -> str:
        """Write as people do on a phone, now and then."""
        habits = (
            (0.15, lambda one: one.lower().replace("'", "")),
            (0.22, str.upper),
            (0.32, lambda one: one.replace("'", "")),
            (0.42, self._slip),
        )
        draw = self._random.random()
        return next((habit(text) for until, habit in habits if draw < until), text)

    def _slip(self, text: str) -> str:
        """Leave out, turn round or double a letter of one longer word."""
        words = text.split(" ")
        long = [at for at, word in enumerate(words) if len(word) >= LONG]
        if not long:
            return text
        at = self._random.choice(long)
        word = words[at]
        place = self._random.randrange(1, len(word) - 1)
        first, second, rest = word[place], word[place + 1], word[place + 2 :]
        kind = self._random.choice([second, second + first, first + first + second])
        words[at] = word[:place] + kind + rest
        return " ".join(words)
