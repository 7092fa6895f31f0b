"""Where the comment model's lanes begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

TICKET_PERMILLE: Final = 600
"""From this probability on about nine of ten comments of NHS patients were failures."""

REVIEW_PERMILLE: Final = 180
"""From this one on nineteen of twenty failures were seen."""


class Thresholds(BaseModel):
    """From which probability of a failure a comment gets a ticket, from which a second look."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ticket_permille: int = Field(
        default=TICKET_PERMILLE,
        ge=1,
        le=1_001,
        description="A ticket from this probability on, in thousandths; 1001 is never.",
    )
    review_permille: int = Field(
        default=REVIEW_PERMILLE,
        ge=1,
        le=1_001,
        description="A second look from this probability on, in thousandths; 1001 is never.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review_permille > self.ticket_permille:
            msg = "review_permille <= ticket_permille must hold"
            raise ValueError(msg)
        return self


class CommentSettings(Thresholds):
    """The comment model: on or off, and its thresholds."""

    model: bool = Field(
        default=True,
        description="Judge comments of surveys and reviews with the comment model; false: by the "
        "word lists alone.",
    )
    sources: Mapping[str, Thresholds] = Field(
        default_factory=dict,
        description="Thresholds of single sources, by the source's name; `amends triage evaluate` "
        "proposes them.",
    )

    def of(self, source: str) -> Thresholds:
        """Give the thresholds of one source."""
        return self.sources.get(source, self)
