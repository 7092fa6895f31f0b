"""Numbers and names as phone systems send them."""

from __future__ import annotations

from functools import lru_cache

from connector.parsing.people import clean_name, phone_e164

_WITHHELD = frozenset(
    {
        "anonymous",
        "private",
        "restricted",
        "withheld",
        "blocked",
        "unavailable",
        "unknown",
        "anonym",
        "anonyme",
        "anonimo",
        "privado",
        "unterdrückt",
        "unbekannt",
        "inconnu",
        "private number",
        "private caller",
        "no caller id",
        "caller id blocked",
    }
)
_LESS_THAN_KNOWN = frozenset({"unavailable", "unknown", "unbekannt", "inconnu"})
"""Words that say that the network sent no number, not that the caller withheld it."""
_HIDING = _WITHHELD - _LESS_THAN_KNOWN
_CACHE = 2_048


class Numbers:
    """Reads numbers of one region."""

    def __init__(self, region: str) -> None:
        """`region` is the ISO 3166 code for numbers written without a country."""
        self._region = region
        self._north_america = region.upper() in {"US", "CA"}
        self.e164 = lru_cache(maxsize=_CACHE)(self._e164)

    def _e164(self, number: str) -> str:
        """Give the number in E.164.

        Plain ten digits of North America need no library: it takes 0.1 ms for each number, as
        long as all the rest of a call.
        """
        if self._north_america and number.isdigit() and number.isascii():
            ten = number[1:] if len(number) == 11 and number[0] == "1" else number  # noqa: PLR2004
            if len(ten) == 10 and ten[0] in "23456789" and len(set(ten)) > 1:  # noqa: PLR2004
                return f"+1{ten}"
        return phone_e164(number, self._region)

    @staticmethod
    @lru_cache(maxsize=_CACHE)
    def name(text: str) -> str:
        """Give a caller's name; '' when it is only a number, or says that it is withheld."""
        name = clean_name(text)
        if name.casefold() in _WITHHELD or not any(char.isalpha() for char in name):
            return ""
        return name

    @staticmethod
    def withheld(number: str, name: str) -> bool:
        """Say whether the caller withheld the number."""
        return not number.isdigit() and (number or name).strip().strip('"').casefold() in _HIDING
