"""Who is told when a promise is about to be broken: what an admin may set."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connector.domain.taxonomy import TAXONOMY

PersonName: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$")
]
Login: TypeAlias = Annotated[str, Field(max_length=254, pattern=r"^\S*$")]
KnownAs: TypeAlias = Annotated[
    tuple[Annotated[str, Field(min_length=2, max_length=100)], ...], Field(max_length=20)
]

LOGIN_WORDS = (
    "Their account in the helpdesk, to whom a late case is assigned: the mail address of an "
    "agent (Zendesk, Freshdesk) or a user name (Request Tracker, django-helpdesk); empty: "
    "nobody is assigned."
)
KNOWN_AS_WORDS = (
    'Names under which patients speak of them ("Dr Lee", "Marta"): a complaint that has one '
    "of them is kept from this person."
)


class ManagerSettings(BaseModel):
    """Somebody who is asked to see to late cases."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    manager: PersonName = Field(description="Who is named on the ticket.")
    login: Login = Field(default="", description=LOGIN_WORDS)
    known_as: KnownAs = Field(default=(), description=KNOWN_AS_WORDS)


class EscalationSettings(BaseModel):
    """The ladder: 50, 80, 100 and 200 % of the running clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    manager: PersonName = Field(
        default="the practice manager",
        description="Who is named on the ticket from 80 % of a clock on.",
    )
    login: Login = Field(default="", description=LOGIN_WORDS)
    known_as: KnownAs = Field(default=(), description=KNOWN_AS_WORDS)
    assign_at: Literal[0, 80, 100, 200] = Field(
        default=80,
        description="From this share of a clock on, in percent, a ticket that nobody has is "
        "assigned to the manager; 0: never. Whoever has it keeps it.",
    )
    by_category: dict[str, ManagerSettings] = Field(
        default_factory=dict,
        description="Managers of kinds of failure, by category; they go before those of sites.",
    )
    instead: ManagerSettings | None = Field(
        default=None,
        description="Who is asked where a complaint seems to be about the manager.",
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

    @model_validator(mode="after")
    def _known_categories(self) -> Self:
        unknown = sorted(set(self.by_category) - set(TAXONOMY))
        if unknown:
            msg = f"by_category: no such category: {', '.join(unknown)}"
            raise ValueError(msg)
        return self
