"""What an admin may set about the stages."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connector.parsing.people import email_key


def _as_compared(contact: str) -> str:
    """Write an address or number as signals carry it, however the admin wrote it."""
    if "@" in contact:
        return email_key(contact.strip())
    return "".join(char for char in contact if char.isdigit() or char == "+")


Shared: TypeAlias = Annotated[str, AfterValidator(_as_compared)]


class PipelineSettings(BaseModel):
    """How signals become cases and changes become tickets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    senders: int = Field(
        default=2, ge=1, le=32, description="How many changes may be on their way at once."
    )
    storm_cases_per_hour: int = Field(
        default=50,
        ge=1,
        le=100_000,
        description="More new cases than this from one source within an hour are held for a "
        "person and make one summary ticket; severity 4 is never held.",
    )
    mails_per_hour: int = Field(
        default=30,
        ge=2,
        le=10_000,
        description="More mails than this of one sender within an hour run in a circle between "
        "machines and are parked; senders in never_automatic and severity 4 are not.",
    )
    high_water: int = Field(
        default=50_000,
        ge=100,
        description="Stop reading sources while more changes than this wait for the helpdesk.",
    )
    shared_contacts: frozenset[Shared] = Field(
        default=frozenset(),
        description="Addresses and numbers used by several people (families' mailbox, a "
        "switchboard): they link cases, they never join them.",
    )
    sync_seconds: int = Field(
        default=300,
        ge=10,
        le=86_400,
        description="How often open tickets are looked at where the helpdesk does not tell which "
        "ones changed, or its feed of changes fails.",
    )
    feed_seconds: int = Field(
        default=60,
        ge=10,
        le=3_600,
        description="How often the helpdesk is asked which tickets changed, where it tells that.",
    )
    full_round_seconds: int = Field(
        default=21_600,
        ge=300,
        le=604_800,
        description="Beside such a feed every open ticket is looked at so often all the same; so "
        "are, for two weeks, the tickets of closed cases, which agents may open again.",
    )
    retention_days: int = Field(
        default=2_192,
        ge=30,
        description="Words and originals of finished cases are erased after so many days "
        "(six years by default); the ledger stays.",
    )
    pattern_cases: int = Field(
        default=5,
        ge=0,
        le=1_000,
        description="So many cases of severity 1 or 2 of one kind at one site within "
        "`pattern_days` get one ticket about what they have in common, beside their own; 0: none.",
    )
    pattern_days: int = Field(
        default=7, ge=1, le=90, description="Within how many days small failures repeat."
    )
    summary_hour: int = Field(
        default=7,
        ge=0,
        le=23,
        description="Local hour of the daily ticket about parked, unreadable and held items.",
    )
