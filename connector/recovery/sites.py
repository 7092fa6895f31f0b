"""Several places of one practice: which one a signal is about, and what is promised there; pure.

Each site may have a time zone, opening hours, owners, a manager and a number of its own; what
it does not say is as for the whole practice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Final, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connector.domain.practice import Practice
from connector.domain.signal import Signal
from connector.recovery.draft_settings import Words
from connector.recovery.escalation import KNOWN_AS_WORDS, LOGIN_WORDS, KnownAs, Login
from connector.recovery.settings import HoursSettings, Line, RecoverySettings

PLACES: Final = ("location", "department")
"""Facts of a signal that name a place, the surest first."""

Place: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class SiteSettings(BaseModel):
    """One place of the practice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    places: tuple[Place, ...] = Field(
        default=(),
        max_length=200,
        description="Names under which surveys, reviews and staff know it (location, department).",
    )
    lines: frozenset[str] = Field(
        default=frozenset(), description="Its telephone numbers, as callers dial them."
    )
    sources: frozenset[str] = Field(
        default=frozenset(), description="Sources by name that hear of this site only."
    )
    zone: ZoneInfo | None = Field(default=None, description="Its time zone; unset: the practice's.")
    hours: HoursSettings | None = Field(
        default=None, description="Its opening hours; unset: the practice's."
    )
    phone: str = Field(
        default="", max_length=40, description="The number that its patients may call back."
    )
    title: Words = Field(default="", description="Its name in words to patients.")
    manager: Line | None = Field(default=None, description="Who is named from 80 % of a clock on.")
    login: Login = Field(default="", description=LOGIN_WORDS)
    known_as: KnownAs = Field(default=(), description=KNOWN_AS_WORDS)
    owners: dict[str, Line] = Field(
        default_factory=dict, description="Who puts a category right here, by category."
    )

    @model_validator(mode="after")
    def _of_somebody(self) -> Self:
        if self.manager is None and (self.login or self.known_as):
            msg = "login and known_as are those of a manager: name them in `manager`"
            raise ValueError(msg)
        return self


def choose(signal: Signal, sites: Mapping[str, SiteSettings]) -> str:
    """Name the site that a signal is about; empty: none is said, or several could be meant.

    A place that the patient or the export names is surer than the line that was called, and
    that is surer than the source that heard it.
    """
    for name in _places(signal):
        found = [key for key, site in sites.items() if name in map(_folded, site.places)]
        if found:
            return found[0] if len(found) == 1 else ""
    dialled = _digits(str(signal.facts.get("did") or signal.facts.get("line") or ""))
    if dialled:
        found = [key for key, site in sites.items() if dialled in map(_digits, site.lines)]
        if found:
            return found[0] if len(found) == 1 else ""
    found = [key for key, site in sites.items() if signal.source in site.sources]
    return found[0] if len(found) == 1 else ""


def at(
    name: str, practice: Practice, settings: RecoverySettings, sites: Mapping[str, SiteSettings]
) -> tuple[Practice, RecoverySettings]:
    """Give practice and promises as they are at a site; unknown and empty names change nothing."""
    site = sites.get(name)
    if site is None:
        return practice, settings
    escalation = settings.escalation
    if site.manager is not None:
        escalation = escalation.model_copy(
            update={"manager": site.manager, "login": site.login, "known_as": site.known_as}
        )
    here = settings.model_copy(
        update={
            "hours": site.hours or settings.hours,
            "owners": {**settings.owners, **site.owners},
            "escalation": escalation,
            "drafts": settings.drafts.model_copy(
                update={"site": site.title or settings.drafts.site}
            ),
        }
    )
    zone, phone = site.zone or practice.zone, site.phone or practice.phone
    return replace(practice, zone=zone, phone=phone), here


def under_one_manager(
    name: str, category: str, settings: RecoverySettings, sites: Mapping[str, SiteSettings]
) -> tuple[str, ...]:
    """Name the sites whose cases of a category go to the same manager as those of this one.

    `settings` are those of the practice; the empty name stands for cases of no certain site.
    """
    own = settings.escalation.by_category.get(category)
    if own is not None:
        return ("", *sites)
    managers = {
        key: (site.manager or settings.escalation.manager) for key, site in sites.items()
    } | {"": settings.escalation.manager}
    return tuple(sorted(key for key, one in managers.items() if one == managers.get(name)))


def _places(signal: Signal) -> Iterator[str]:
    for fact in PLACES:
        value = signal.facts.get(fact)
        if isinstance(value, str) and value.strip():
            yield _folded(value)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _digits(number: str) -> str:
    """Compare numbers by their last ten digits: logs write them with and without the country."""
    return "".join(char for char in number if char.isdigit())[-10:]
