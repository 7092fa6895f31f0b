"""What a word of a text may stand for, beside itself: elongated, disguised or counted words."""

from __future__ import annotations

import re
from typing import Final

MANY: Final = 8
"""A number from here on stands for a large one (pills taken, a fever in degrees)."""

LARGE_NUMBER: Final = "bignumber"
"""The word that stands for every large number in a pattern."""

_ELONGATED: Final = re.compile(r"(\w)\1{2,}")
_DISGUISES: Final = str.maketrans("013457", "oieast")
_QUANTITY: Final = re.compile(r"(\d{1,4})([a-z]{1,4})")
_UNITS: Final = frozenset({"mg", "mcg", "ml", "g", "iu", "units", "unit", "bpm", "f", "c"})


def variants(word: str) -> tuple[str, ...]:
    """Give the word and what else it may mean: `heeelp`, `su1cide`, `50mg`, `104`."""
    if word.isascii() and word.isdigit():
        return (word, LARGE_NUMBER) if int(word[:6]) >= MANY else (word,)
    found = [word]
    if (elongated := _ELONGATED.sub(r"\1", word)) != word:
        found += [elongated, _ELONGATED.sub(r"\1\1", word)]
    if any(char.isdigit() for char in word):
        quantity = _QUANTITY.fullmatch(word)
        if quantity and quantity[2] in _UNITS:
            found += [quantity[2], *variants(quantity[1])]
        else:
            found.append(word.translate(_DISGUISES))
    return tuple(dict.fromkeys(found))
