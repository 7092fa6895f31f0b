"""What one column of a survey export means, as an admin or a recipe says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, Final, Self, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from connector.parsing.survey_columns import Role
from connector.parsing.survey_scores import SCALES, Direction, Scale, ScoreKind, fold
from connector.parsing.survey_times import DateOrder

MAX_WORDS: Final = 500
"""Answers that may be listed for one column."""

ANY_FILLED: Final = "*"
"""In a list of values: whatever is not blank."""

UNSAID: Final = frozenset(
    {ScoreKind.CSAT5, ScoreKind.CES5, ScoreKind.CES7, ScoreKind.FFT, ScoreKind.CAHPS4}
)
"""Scales whose numbers are written in both directions in the world: no default is safe."""


class Polarity(StrEnum):
    """Which words a question invites."""

    WHY = "why"
    """The reason for a score."""
    IMPROVE = "improve"
    """What could be better: an answer is a complaint more often than not."""
    GOOD = "good"
    """What was good."""
    OPEN = "open"
    """Anything."""


class Status(StrEnum):
    """How far a response came, and whose it is; the later ones outrank the earlier ones."""

    UNKNOWN = "unknown"
    """No column tells; treated as complete."""
    COMPLETE = "complete"
    PARTIAL = "partial"
    """Begun, not handed in."""
    UNANSWERED = "unanswered"
    """An invitation that was sent, without an answer."""
    SPAM = "spam"
    """The tool takes it for a machine's."""
    TEST = "test"
    """Made by the tool to try the survey."""
    NO_CONSENT = "no_consent"
    """The person did not agree to take part: the answers must not be used."""
    PREVIEW = "preview"
    """Somebody of the practice looked at the survey."""


RANKS: Final[Mapping[Status, int]] = {status: rank for rank, status in enumerate(Status)}
"""Which status counts when columns differ: the higher one."""


def known_zone(zone: str) -> str:
    """Let the name of a time zone pass, or an empty one. Raises ValueError."""
    try:
        if zone:
            ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        message = "there is no such time zone"
        raise ValueError(message) from fault
    return zone


Zone: TypeAlias = Annotated[str, Field(max_length=64), AfterValidator(known_zone)]
Words: TypeAlias = Annotated[tuple[str, ...], Field(max_length=MAX_WORDS)]


class Mapped(BaseModel):
    """What a column means; in TOML a role alone (`"score"`) or a table (`{ role = "score" }`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role = Field(description="What the column is.")
    kind: ScoreKind | None = Field(default=None, description="Of a score: its scale.")
    direction: Direction | None = Field(
        default=None,
        description="Of a score: which end is good. Needed for custom and yes_no, and for numbers "
        "of csat5, ces5, ces7, fft and cahps4, which are written both ways.",
    )
    kind_from: Words = Field(
        default=(), description="Of a score: names of the column that says which scale it is."
    )
    kinds: dict[str, ScoreKind] = Field(
        default_factory=dict,
        max_length=MAX_WORDS,
        description="Of a score: scale by the value of that column.",
    )
    lowest: int | None = Field(
        default=None, ge=-1_000, le=1_000, description="Lowest score of a custom scale."
    )
    highest: int | None = Field(
        default=None, ge=-1_000, le=1_000, description="Highest score of a custom scale."
    )
    low_at_most: int | None = Field(
        default=None,
        ge=-1_000,
        le=1_000,
        description="Which scores are failures, from the worst one to here.",
    )
    labels: dict[str, int] = Field(
        default_factory=dict,
        max_length=MAX_WORDS,
        description="Texts of answers and the scores they mean, on the survey's own numbers.",
    )
    missing: Words = Field(
        default=(), description="Further answers that mean no answer (times and consent too)."
    )
    polarity: Polarity = Field(
        default=Polarity.OPEN,
        description="Of a comment: which words the question invites (why, improve, good, open).",
    )
    yes: Words = Field(default=(), description="Of wants_contact: further answers that mean yes.")
    no: Words = Field(default=(), description="Of wants_contact: further answers that mean no.")
    complete: Words = Field(
        default=(), description="Of a status: values of a whole response (`*`: any, ``: blank)."
    )
    partial: Words = Field(default=(), description="Of a status: begun, not handed in.")
    unanswered: Words = Field(default=(), description="Of a status: sent, not answered.")
    spam: Words = Field(default=(), description="Of a status: taken for a machine's.")
    test: Words = Field(default=(), description="Of a status: made to try the survey.")
    preview: Words = Field(default=(), description="Of a status: staff looked at the survey.")
    no_consent: Words = Field(
        default=(),
        description="Of a status: the person did not agree to take part, so nothing may be used.",
    )
    also: Words = Field(
        default=(),
        description="Names of the same column in other exports of the survey (as labels instead "
        "of codes, before it was worded anew); the first that a file has counts.",
    )
    optional: bool = Field(
        default=False,
        description="A file may lack the column (JSON leaves out what nobody answered); without "
        "this, a file without it is refused.",
    )
    region: str = Field(
        default="",
        max_length=2,
        description="Of a phone: country of numbers without one (`US`); else the practice's.",
    )
    behind: bool = Field(
        default=False,
        description="Of a status: only where it is the first such column behind an answer.",
    )
    zone: Zone = Field(default="", description="Of a time: zone where the value names none.")
    date_order: DateOrder | None = Field(
        default=None, description="Of a time: how 03/04/2025 is meant, mdy or dmy."
    )

    @model_validator(mode="before")
    @classmethod
    def _role_alone(cls, given: Any) -> Any:
        return {"role": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind is ScoreKind.CUSTOM:
            if self.lowest is None or self.highest is None or self.direction is None:
                message = "a custom scale needs lowest, highest and direction"
                raise ValueError(message)
            if self.lowest >= self.highest:
                message = "lowest must be below highest"
                raise ValueError(message)
        if self.kind is ScoreKind.YES_NO and self.direction is None:
            message = "yes_no needs a direction: high_is_good when yes is good"
            raise ValueError(message)
        return self

    def scale(self, kind: ScoreKind | None = None) -> Scale | None:
        """Make the scale of a score, of its own or of this kind; None without any.

        Numbers of scales that are written both ways are not read without a direction.
        """
        kind = kind or self.kind
        if kind is None:
            return None
        if kind is ScoreKind.CUSTOM:
            known = Scale(
                kind=kind,
                lowest=self.lowest or 0,
                highest=self.highest or 0,
                direction=self.direction,
            )
        elif self.direction is Direction.LOW_IS_GOOD:
            known = SCALES[kind].turned()
        else:
            default = None if kind in UNSAID else SCALES[kind].direction
            known = replace(SCALES[kind], direction=self.direction or default)
        labels = {fold(label): score for label, score in self.labels.items()}
        missing = frozenset(fold(word) for word in self.missing)
        return replace(known, labels={**known.labels, **labels}, missing=missing)

    @property
    def only_agreement(self) -> bool:
        """Whether it tells who did not agree to take part, and nothing of how far anybody came."""
        told = set(self.statuses().values())
        return self.role is Role.STATUS and told == {Status.NO_CONSENT}

    def statuses(self) -> Mapping[str, Status]:
        """Give the status by folded value; `*` stands for any other filled one."""
        lists = {
            Status.COMPLETE: self.complete,
            Status.PARTIAL: self.partial,
            Status.UNANSWERED: self.unanswered,
            Status.SPAM: self.spam,
            Status.TEST: self.test,
            Status.PREVIEW: self.preview,
            Status.NO_CONSENT: self.no_consent,
        }
        return {fold(value): status for status, values in lists.items() for value in values}
