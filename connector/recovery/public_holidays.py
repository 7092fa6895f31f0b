"""Public holidays of countries and their parts, by the `holidays` library."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

YEARS_REMEMBERED: Final = 64


@lru_cache(maxsize=YEARS_REMEMBERED)
def public_holidays(region: str, year: int) -> frozenset[date]:
    """Give the dates on which a region (`US`, `US-NY`, `GB-ENG`) is off work; empty: none.

    Raises ValueError with a sentence for a region that is not known.
    """
    if not region:
        return frozenset()
    # imported here: it takes 45 MB, and only practices that ask for it should pay them
    import holidays  # noqa: PLC0415

    country, _, part = region.partition("-")
    try:
        found = holidays.country_holidays(country, subdiv=part or None, years=year)
    except (NotImplementedError, KeyError):
        message = f"no public holidays are known for {region}; write US, US-NY, GB-ENG, DE-BY ..."
        raise ValueError(message) from None
    return frozenset(found)
