"""What a practice may say about its phone system; the same for every source of calls."""

from __future__ import annotations

from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connector.parsing.calls.channels import Phones
from connector.parsing.calls.timeline import Names

Pattern = Annotated[str, Field(min_length=1, max_length=80)]


class CallSettings(BaseModel):
    """How to read the logs of a phone system, and how your team calls what it numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: str = Field(
        default="",
        description="Time zone in which the phone system writes local times; empty: the "
        'practice\'s. `"UTC"` where it logs in GMT.',
    )
    trunks: tuple[Pattern, ...] = Field(
        default=(),
        description="Names of the lines to the outside, as in `PJSIP/NAME-0000002a`; `*` stands "
        "for anything. Empty: told by the form of names, numbers and contexts.",
    )
    extensions: tuple[Pattern, ...] = Field(
        default=(),
        description="Phones of the practice whose names or numbers do not look like it "
        '(`"reception"`, `"5551???"`).',
    )
    closed_contexts: tuple[Pattern, ...] = Field(
        default=(),
        description="Dialplan contexts that callers reach when nobody is there; empty: names "
        "such as `after-hours` and `closed`.",
    )
    closed_recordings: tuple[Pattern, ...] = Field(
        default=(),
        description="Recordings that say that nobody is there; empty: names such as "
        "`office-closed`.",
    )
    queues: dict[str, str] = Field(
        default_factory=dict,
        description='Names of queues as your team knows them (`"400" = "Front desk"`).',
    )
    staff: dict[str, str] = Field(
        default_factory=dict,
        description='Who is at an extension (`"101" = "Front desk"`); used in timelines.',
    )
    lines: dict[str, str] = Field(
        default_factory=dict,
        description='Names of the numbers that patients dial (`"12125550100" = "Main number"`).',
    )
    recordings: dict[str, str] = Field(
        default_factory=dict,
        description='What a recording says (`"custom/notice-911" = "emergency 911"`).',
    )

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            if value:
                ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            msg = "no such time zone; write a name such as America/New_York"
            raise ValueError(msg) from None
        return value

    def local(self, practice: ZoneInfo) -> ZoneInfo:
        """Give the phone system's zone."""
        return ZoneInfo(self.zone) if self.zone else practice

    def phones(self) -> Phones:
        """Give what is known of lines and phones."""
        return Phones(
            trunks=self.trunks,
            extensions=self.extensions,
            closed_contexts=self.closed_contexts,
            closed_recordings=self.closed_recordings,
        )

    def names(self) -> Names:
        """Give how the team calls things."""
        return Names(
            queues=self.queues, staff=self.staff, recordings=self.recordings, lines=self.lines
        )

    def with_queues(self, queues: dict[str, str]) -> Self:
        """Add names of queues that stand elsewhere."""
        return self.model_copy(update={"queues": {**queues, **self.queues}})
