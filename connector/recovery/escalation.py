"""Who is told when a promise is about to be broken: what an admin may set."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class EscalationSettings(BaseModel):
    """The ladder: 50, 80, 100 and 200 % of the running clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    manager: str = Field(
        default="the practice manager",
        min_length=1,
        max_length=300,
        pattern=r"^[^\x00-\x1f]+$",
        description="Who is named on the ticket from 80 % of a clock on.",
    )
    from_severity: int = Field(
        default=1,
        ge=1,
        le=4,
        description="Cases below this severity get no notes before their time has passed.",
    )
    silence_minutes: int = Field(
        default=30,
        ge=5,
        le=1_440,
        description="A case of severity 4 on whose ticket nobody acted for so long is escalated "
        "outside the helpdesk.",
    )
    raise_priority: bool = Field(
        default=True,
        description="Raise the ticket's priority by one when the first contact is late.",
    )
