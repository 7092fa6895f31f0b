"""What a practice promises: business hours, clocks, owners, and what a ticket shows."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from connector.domain.taxonomy import TAXONOMY
from connector.recovery.draft_settings import DraftSettings
from connector.recovery.escalation import EscalationSettings
from connector.recovery.hours import Span, Week
from connector.recovery.overlays import OVERLAYS
from connector.recovery.public_holidays import public_holidays

BodyPolicy: TypeAlias = Literal["minimal", "summary", "full"]

Line: TypeAlias = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$")]
Lines: TypeAlias = Annotated[tuple[Line, ...], Field(max_length=20)]

_SPAN = re.compile(r"(?P<h1>\d{2}):(?P<m1>\d{2})-(?P<h2>\d{2}):(?P<m2>\d{2})")


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None:
        msg = f"write opening hours as 09:00-17:00, not {text!r}"
        raise ValueError(msg)
    first, last = int(found["m1"]), int(found["m2"])
    start, end = int(found["h1"]) * 60 + first, int(found["h2"]) * 60 + last
    if max(first, last) > 59 or not 0 <= start < end <= 24 * 60:  # noqa: PLR2004 - a clock's face
        msg = f"opening hours must begin before they end, within one day: {text!r}"
        raise ValueError(msg)
    return Span(start_minute=start, end_minute=end)


def _spans(texts: tuple[str, ...]) -> tuple[str, ...]:
    spans = [_span(text) for text in texts]
    for earlier, later in pairwise(spans):
        if later.start_minute < earlier.end_minute:
            msg = "opening hours of a day must be in order and must not overlap"
            raise ValueError(msg)
    return texts


OpenTimes: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_spans)]
_ANY_YEAR = 2026
"""For which it is tried whether a region is known."""
_USUAL: tuple[str, ...] = ("09:00-17:00",)


class HoursSettings(BaseModel):
    """When people are there to act, in the practice's local time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    monday: OpenTimes = Field(default=_USUAL, description='Such as ["09:00-12:00", "13:00-17:00"].')
    tuesday: OpenTimes = Field(default=_USUAL, description="As monday.")
    wednesday: OpenTimes = Field(default=_USUAL, description="As monday.")
    thursday: OpenTimes = Field(default=_USUAL, description="As monday.")
    friday: OpenTimes = Field(default=_USUAL, description="As monday.")
    saturday: OpenTimes = Field(default=(), description="As monday; empty: closed.")
    sunday: OpenTimes = Field(default=(), description="As monday; empty: closed.")
    holidays: frozenset[date] = Field(
        default=frozenset(), description="Days on which the practice is closed."
    )
    public_holidays: str = Field(
        default="",
        max_length=10,
        description="Closed on the public holidays of this country or part of it, such as US, "
        "US-NY, GB-ENG or DE-BY; empty: only on the days of `holidays`.",
    )
    business_day_minutes: int = Field(
        default=480,
        ge=1,
        le=1_440,
        description="How many open minutes a promise of one business day means.",
    )

    @field_validator("public_holidays")
    @classmethod
    def _known_region(cls, value: str) -> str:
        public_holidays(value, _ANY_YEAR)
        return value

    @model_validator(mode="after")
    def _open_at_all(self) -> Self:
        if not any(self._days()):
            msg = "the practice must be open at some time of the week"
            raise ValueError(msg)
        return self

    def _days(self) -> tuple[tuple[str, ...], ...]:
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )

    @property
    def week(self) -> Week:
        """The opening hours as the arithmetic takes them."""
        return _week(self._days(), self.holidays, self.public_holidays)


@lru_cache(maxsize=8)
def _week(days: tuple[tuple[str, ...], ...], holidays: frozenset[date], region: str) -> Week:
    """Read the texts once: every case asks for the same week."""
    spans = tuple(tuple(_span(text) for text in day) for day in days)
    return Week(days=spans, holidays=holidays, region=region)


class SlaRow(BaseModel):
    """What is promised for one severity; every clock runs from detection."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact_minutes: int = Field(
        ge=1, le=50_000, description="First human contact: minutes within business hours."
    )
    contact_ceiling_minutes: int = Field(
        ge=1, le=50_000, description="First human contact: never later than this, by calendar."
    )
    update_business_days: int = Field(
        ge=0,
        le=365,
        description="Tell the person how it stands at least so often while it is open; 0: never.",
    )
    resolution_business_days: int = Field(
        ge=1, le=365, description="All four steps done: business days."
    )
    resolution_ceiling_days: int = Field(
        ge=1, le=365, description="All four steps done: never later than this, by calendar."
    )


class SlaSettings(BaseModel):
    """The promises for each severity; the defaults are stricter than the medical norm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity_4: SlaRow = Field(
        default=SlaRow(
            contact_minutes=60,
            contact_ceiling_minutes=60,
            update_business_days=1,
            resolution_business_days=2,
            resolution_ceiling_days=7,
        ),
        description="Critical: one hour by calendar, done in two business days.",
    )
    severity_3: SlaRow = Field(
        default=SlaRow(
            contact_minutes=240,
            contact_ceiling_minutes=24 * 60,
            update_business_days=2,
            resolution_business_days=3,
            resolution_ceiling_days=7,
        ),
        description="High: four business hours, a day at most; done in three business days.",
    )
    severity_2: SlaRow = Field(
        default=SlaRow(
            contact_minutes=480,
            contact_ceiling_minutes=72 * 60,
            update_business_days=3,
            resolution_business_days=5,
            resolution_ceiling_days=14,
        ),
        description="Moderate: eight business hours, three days at most; done in five.",
    )
    severity_1: SlaRow = Field(
        default=SlaRow(
            contact_minutes=960,
            contact_ceiling_minutes=96 * 60,
            update_business_days=0,
            resolution_business_days=10,
            resolution_ceiling_days=30,
        ),
        description="Low: sixteen business hours, four days at most; done in ten business days.",
    )

    def row(self, severity: int) -> SlaRow:
        """Give the promises for a severity; below 1 counts as 1, above 4 as 4."""
        rows = (self.severity_1, self.severity_2, self.severity_3, self.severity_4)
        return rows[min(max(severity, 1), 4) - 1]


class RecoverySettings(BaseModel):
    """What is owed to a patient who was let down, and how a ticket says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hours: HoursSettings = Field(default_factory=HoursSettings, description="Business hours.")
    sla: SlaSettings = Field(default_factory=SlaSettings, description="Promises by severity.")
    escalation: EscalationSettings = Field(
        default_factory=EscalationSettings,
        description="Who is told when a promise is about to be broken.",
    )
    overlays: frozenset[str] = Field(
        default=frozenset(),
        description="Rules that demand more than your promises: us_hospital_cop, nhs_england. "
        "They only ever tighten; what they ask for is in docs/recovery.md.",
    )
    drafts: DraftSettings = Field(
        default_factory=DraftSettings,
        description="Words that may be said or written to patients.",
    )
    outreach_days: int = Field(
        default=7,
        ge=0,
        le=90,
        description="Whoever was spoken with in the last days about another case is not approached "
        "once more as if for the first time: the new ticket says so; 0: never.",
    )
    late_after_minutes: int = Field(
        default=60,
        ge=1,
        le=100_000,
        description="A failure heard later than this after it happened is marked as detected late.",
    )
    owners: dict[str, Line] = Field(
        default_factory=dict,
        description="Who puts a category right, by category; others keep the default owner.",
    )
    empowerment: dict[str, Lines] = Field(
        default_factory=dict,
        description="What the team may offer without asking, by category; in place of the default.",
    )
    value_chain: Lines = Field(
        default=("phone", "front desk", "check-in", "clinical", "billing", "digital"),
        min_length=1,
        description="The places of a patient's way through the practice, walked in the review.",
    )
    body: BodyPolicy = Field(
        default="summary",
        description="How much of the person's words a ticket shows: minimal (none), summary "
        "(the beginning) or full.",
    )
    confidential_body: BodyPolicy | None = Field(
        default=None,
        description="The same for privacy and rights cases; unset: as `body`.",
    )
    include_contact: bool = Field(
        default=True,
        description="Whether the ticket's text names the person and how to reach them; the "
        "ticket's requester is set by the helpdesk in any case.",
    )

    @field_validator("overlays")
    @classmethod
    def _known_overlays(cls, value: frozenset[str]) -> frozenset[str]:
        if not value <= set(OVERLAYS):
            msg = f"choose among {', '.join(sorted(OVERLAYS))}"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _known_categories(self) -> Self:
        for name, table in (("owners", self.owners), ("empowerment", self.empowerment)):
            unknown = sorted(set(table) - set(TAXONOMY))
            if unknown:
                msg = f"{name}: no such category: {', '.join(unknown)}"
                raise ValueError(msg)
        return self
