"""What a practice may change about triage."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connector.domain.taxonomy import TAXONOMY
from connector.triage.model.settings import CommentSettings
from connector.triage.tokens import name_of

Language: TypeAlias = Literal["en", "es", "de", "fr", "pt"]
SafetyGroup: TypeAlias = Literal[
    "self_harm",
    "violence",
    "abuse",
    "patient_safety",
    "urgent",
    "privacy",
    "rights",
    "legal",
]
Phrase: TypeAlias = Annotated[str, Field(min_length=2, max_length=80)]


class ScoreLimits(BaseModel):
    """From which score an answer is a failure; every scale is turned so that high is good."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nps_fail: int = Field(
        default=6, ge=0, le=10, description="NPS and CAHPS ratings, 0-10: a failure up to here."
    )
    nps_strong: int = Field(default=3, ge=0, le=10, description="NPS: a strong failure up to here.")
    nps_neutral: int = Field(default=8, ge=0, le=10, description="NPS: lukewarm up to here.")
    five_fail: int = Field(
        default=2,
        ge=1,
        le=5,
        description="Satisfaction, stars or faces 1-5, FFT: a failure up to here.",
    )
    five_strong: int = Field(default=1, ge=0, le=5, description="1-5: a strong failure up to here.")
    five_neutral: int = Field(default=3, ge=1, le=5, description="1-5: lukewarm up to here.")
    ces_fail: int = Field(
        default=3, ge=1, le=7, description="Effort 1-7 (7 is easy): a failure up to here."
    )
    ces_strong: int = Field(default=2, ge=0, le=7, description="1-7: a strong failure up to here.")
    ces_neutral: int = Field(default=4, ge=1, le=7, description="1-7: lukewarm up to here.")
    cahps_fail: int = Field(
        default=2,
        ge=1,
        le=4,
        description="CAHPS, never 1 to always 4: a failure up to here (never and sometimes).",
    )
    cahps_strong: int = Field(
        default=1, ge=0, le=4, description="CAHPS 1-4: a strong failure up to here."
    )
    cahps_neutral: int = Field(default=3, ge=1, le=4, description="CAHPS 1-4: lukewarm up to here.")
    other_fail_percent: int = Field(
        default=40, ge=0, le=100, description="Any other scale, from worst to best: failure."
    )
    other_strong_percent: int = Field(
        default=20, ge=0, le=100, description="Any other scale: strong failure."
    )
    other_neutral_percent: int = Field(
        default=60, ge=0, le=100, description="Any other scale: lukewarm."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for kind in ("nps", "five", "ces", "cahps"):
            values = [getattr(self, f"{kind}_{name}") for name in ("strong", "fail", "neutral")]
            if values != sorted(values):
                msg = f"{kind}_strong <= {kind}_fail <= {kind}_neutral must hold"
                raise ValueError(msg)
        percents = [self.other_strong_percent, self.other_fail_percent, self.other_neutral_percent]
        if percents != sorted(percents):
            msg = "other_strong_percent <= other_fail_percent <= other_neutral_percent must hold"
            raise ValueError(msg)
        return self


class PhoneLimits(BaseModel):
    """When a call is a failure."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    short_abandon_seconds: int = Field(
        default=5,
        ge=0,
        le=600,
        description="Callers who hang up within this time dialled wrong: counted, no ticket.",
    )
    long_hold_seconds: int = Field(
        default=600,
        ge=1,
        le=86_400,
        description="A caller who gave up after waiting this long was also kept on hold.",
    )
    answered_hold_seconds: int = Field(
        default=1_800,
        ge=1,
        le=86_400,
        description="An answered call is a failure when the caller had waited this long.",
    )
    maze_transfers: int = Field(
        default=3, ge=1, le=50, description="So many transfers in one call are a failure."
    )
    maze_recordings: int = Field(
        default=2, ge=2, le=50, description="The same recording heard so many times is a failure."
    )
    hold_seconds: int = Field(
        default=300,
        ge=1,
        le=86_400,
        description="Being put on hold so long in one piece, after being answered, is a failure.",
    )
    lost_prospect_seconds: int = Field(
        default=120,
        ge=0,
        le=3_600,
        description="Who was passed around and then hangs up within this time after reaching "
        "somebody was probably lost: appointments take longer.",
    )
    schedulers: tuple[str, ...] = Field(
        default=(),
        description="Extensions or names of those who make appointments, as the log has them; "
        "empty: whoever spoke with the caller last.",
    )
    menu_hang_ups: Literal["ticket", "count"] = Field(
        default="count",
        description="What a caller becomes who hangs up in the menu; many heard what they wanted.",
    )
    callback_minutes: int = Field(
        default=60,
        ge=0,
        le=10_080,
        description="A caller who reached nobody gets a ticket only when nobody spoke with them "
        "within so many minutes of opening hours.",
    )
    voicemail_minutes: int = Field(
        default=480,
        ge=0,
        le=10_080,
        description="A voicemail is a failure when nobody spoke with the caller within so many "
        "minutes of opening hours.",
    )
    tries_a_day: int = Field(
        default=3,
        ge=2,
        le=50,
        description="Who tries so often on one day without reaching anybody gets a ticket at once.",
    )
    repeat_calls: int = Field(
        default=3, ge=2, le=50, description="So many failed calls of one number are a failure more."
    )
    repeat_hours: int = Field(
        default=24, ge=1, le=168, description="The time within which they are counted."
    )
    robocall_calls_per_hour: int = Field(
        default=10,
        ge=2,
        le=1_000,
        description="A number with so many short calls within an hour is a machine: counted.",
    )
    robocall_seconds: int = Field(
        default=20, ge=1, le=600, description="Calls up to this length are short."
    )
    pattern_calls: int = Field(
        default=5,
        ge=2,
        le=1_000,
        description="So many callers who reached nobody on one line within one hour become one "
        "ticket with the list of numbers, instead of one each.",
    )
    tickets_a_day: int = Field(
        default=15,
        ge=1,
        le=1_000,
        description="After so many tickets about calls of severity 1 for one manager on one day, "
        "further ones go into one ticket with the list of numbers: alerts that nobody can work off "
        "are muted.",
    )
    ignored_numbers: tuple[str, ...] = Field(
        default=(),
        description="Numbers whose calls never count: staff, tests, robocalls; E.164, `*` stands "
        'for any digits (`"+1800*"`).',
    )
    withheld_numbers: Literal["ticket", "count"] = Field(
        default="ticket",
        description="What an unanswered call without a number becomes: nobody can call it back, "
        "but somebody may want to know.",
    )


class TriageSettings(BaseModel):
    """Limits and additional words; the defaults suit a practice in any of the languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: tuple[Language, ...] = Field(
        default=("en", "es", "de", "fr", "pt"),
        min_length=1,
        description="Languages whose word lists are used; safety words always use all of them.",
    )
    scores: ScoreLimits = Field(default_factory=ScoreLimits, description="Survey scores.")
    phone: PhoneLimits = Field(default_factory=PhoneLimits, description="Calls.")
    comments: CommentSettings = Field(
        default_factory=CommentSettings, description="Comments of surveys and reviews."
    )
    words: dict[str, tuple[Phrase, ...]] = Field(
        default_factory=dict,
        description="Further words for a category, such as names of your sites or programs. "
        "A `*` at the end of a word stands for any ending.",
    )
    safety_words: dict[SafetyGroup, tuple[Phrase, ...]] = Field(
        default_factory=dict,
        description="Further words for a safety group: severity 4 (privacy and rights: 3) "
        "wherever they are said.",
    )
    ignored_words: tuple[Phrase, ...] = Field(
        default=(),
        description="Phrases of the category lists that mislead in your practice; entries of "
        "the safety lists cannot be switched off.",
    )

    staff: tuple[Phrase, ...] = Field(
        default=(),
        description="Names of staff as patients write them (`Amy`, `Dr. Chen`): kind comments "
        "that name them are recorded as thanks to them. Nobody else is ever named.",
    )
    floors: dict[str, Annotated[int, Field(ge=1, le=4)]] = Field(
        default_factory=dict,
        description="A higher least severity for a category, 1 to 4; it can only be raised.",
    )

    @model_validator(mode="after")
    def _known_categories(self) -> Self:
        for name, keys in (("words", self.words), ("floors", self.floors)):
            unknown = sorted(set(keys) - set(TAXONOMY))
            if unknown:
                msg = f"{name}: no such category: {', '.join(unknown)}"
                raise ValueError(msg)
        if nameless := [one for one in self.staff if not name_of(one)]:
            msg = f"staff: no name in {', '.join(nameless)}"
            raise ValueError(msg)
        low = sorted(key for key, floor in self.floors.items() if floor < TAXONOMY[key].floor)
        if low:
            msg = f"floors: can only be raised: {', '.join(low)}"
            raise ValueError(msg)
        return self
